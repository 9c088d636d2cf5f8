"""The whole daemon on the real kernel, while somebody does to it what should not be done."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.daemon.test_vipkeeperd import VIPKEEPERD, daemon, instance, wait_for_active
from tests.programs import ADDRESSES, CONFIGURATIONS, TAKEOVER_SECONDS, VIP, Speaker
from tests.topology import Network, wait_until
from vipkeeper.daemon.signals import DUMP_SIGNALS

OTHER = "192.168.100.197"


def wait_for_vip(speaker: Speaker, address: str = VIP) -> None:
    wait_until(lambda: speaker.node.holds(address), seconds=TAKEOVER_SECONDS, what=speaker.log)


def reload(speaker: Speaker, configuration: str) -> None:
    speaker.configuration.write_text(configuration)
    speaker.signal("HUP")


def names(speaker: Speaker) -> list[str]:
    return [item["name"] for item in speaker.status()["instances"]]


# -- signals ------------------------------------------------------------------------------------


def test_signals_that_ask_keepalived_for_dumps_are_answered_in_the_log(
    network: Network, tmp_path: Path
) -> None:
    speaker = daemon(network, tmp_path, instance())
    speaker.start()
    for number in DUMP_SIGNALS.values():
        speaker.signal(str(int(number)))
        speaker.signal(str(int(number)), "_vrrp")
    wait_until(lambda: "ask `vipkeeper status --json`" in speaker.log(), what=speaker.log)
    wait_for_vip(speaker)
    assert speaker.stop() == 0


def test_a_storm_of_sighup_ends_with_the_last_configuration_and_hides_no_sigterm(
    network: Network, tmp_path: Path
) -> None:
    speaker = daemon(network, tmp_path, instance())
    speaker.start()
    wait_for_vip(speaker)
    since = speaker.status()["instances"][0]["since"]
    speaker.configuration.write_text(instance(addresses=f"{OTHER}/24"))
    pid = speaker.pid()
    speaker.node.run("sh", "-c", f"for i in $(seq 3000); do kill -HUP {pid}; done")
    wait_until(lambda: speaker.node.holds(OTHER) and not speaker.node.holds(VIP))
    assert speaker.status()["instances"][0]["since"] == since
    speaker.node.run(
        "sh", "-c", f"for i in $(seq 3000); do kill -HUP {pid}; done; kill -TERM {pid}"
    )
    assert speaker._process is not None
    assert speaker._process.wait(timeout=15) == 0
    assert not speaker.node.holds(OTHER)


def test_sigterm_at_any_moment_of_the_start_leaves_nothing(
    network: Network, tmp_path: Path
) -> None:
    node = network.add_node("test01", "192.168.100.131/24")
    owner = instance("state MASTER", priority=255)
    configuration = tmp_path / "keepalived.conf"
    configuration.write_text(owner)
    argv = [*VIPKEEPERD, "-n", "-G", "-f", str(configuration), "-p", str(tmp_path / "pid")]
    argv += ["-r", str(tmp_path / "vrrp.pid"), "--control", str(tmp_path / "sock")]
    for moment in range(12):
        # timeout(1) sends it; each time a little later in the start.
        delay = f"{0.05 + moment * 0.05:.2f}"
        node.run("timeout", "--signal=TERM", "--kill-after=10", delay, *argv, check=False)
        wait_until(lambda: "daemon.speaker" not in node.run("ps", "-eo", "args"))
        assert not node.holds(VIP), delay


def test_a_frozen_speaker_is_killed_at_the_stop_and_its_addresses_removed(
    network: Network, tmp_path: Path
) -> None:
    speaker = daemon(network, tmp_path, instance())
    speaker.start()
    wait_for_vip(speaker)
    speaker.signal("STOP", "_vrrp")
    assert speaker.stop() == 0
    assert not speaker.node.holds(VIP)
    assert "the VRRP process does not stop, killing it" in speaker.log()


def test_stop_hooks_run_although_the_speaker_ended_first(network: Network, tmp_path: Path) -> None:
    """Some supervisors signal every process of a service at once."""
    told = tmp_path / "told"
    stop = f"notify_stop \"/bin/sh -c 'touch {told}'\""
    speaker = daemon(network, tmp_path, "global_defs { script_user root }\n" + instance(stop))
    speaker.start()
    speaker.signal("TERM", "_vrrp")
    wait_until(lambda: "was stopped: Respawning" in speaker.log(), what=speaker.log)
    assert speaker.stop() == 0
    assert told.exists()


# -- scripts, files, sockets --------------------------------------------------------------------


def test_a_script_user_who_does_not_exist_costs_no_address(
    network: Network, tmp_path: Path
) -> None:
    nobody = "global_defs { script_user nosuch }\n" + instance("notify /bin/true")
    speaker = daemon(network, tmp_path, nobody)
    speaker.start()
    wait_for_vip(speaker)
    assert "cannot run /bin/true: there is no user 'nosuch'" in speaker.log()


def test_a_full_disk_and_a_name_of_any_bytes_cost_no_address(
    network: Network, tmp_path: Path
) -> None:
    speaker = daemon(network, tmp_path, "")
    speaker.configuration.write_bytes(instance().replace("VI_1", "VI_ü").encode("latin-1"))
    argv = [*VIPKEEPERD, "-D", "-n", "-G", "-l", "-f", str(speaker.configuration)]
    for number, log in enumerate(("/dev/full", str(tmp_path / "log"))):
        files = {name: str(tmp_path / f"{name}{number}") for name in ("pid", "vrrp", "sock")}
        with Path("/dev/full").open("wb") as full:
            process = speaker.node.start(
                *(*argv, "-g", log, "-p", files["pid"], "-r", files["vrrp"]),
                *("--control", files["sock"]),
                stdout=full,
                stderr=full,
            )
        wait_for_vip(speaker)
        asked = speaker.node.run(
            *(sys.executable, "-c", "from vipkeeper.cli.main import main; main()"),
            *("status", "--json", "--control", files["sock"]),
        )
        assert '"state": "Active"' in asked
        speaker.node.run("kill", Path(files["pid"]).read_text().strip())
        assert process.wait(timeout=10) == 0
    assert "Entering MASTER STATE" in (tmp_path / "log").read_text()


def test_what_goes_wrong_in_the_background_is_told_in_the_foreground(
    network: Network, tmp_path: Path
) -> None:
    speaker = daemon(network, tmp_path, CONFIGURATIONS["test01"])
    speaker.start()
    pid_file = next(tmp_path.glob("*keeperd.pid"))
    argv = [*VIPKEEPERD, "-f", str(speaker.configuration), "-p", str(pid_file)]
    completed = subprocess.run(
        speaker.node.command(argv), capture_output=True, text=True, check=False, timeout=20
    )
    assert completed.returncode == 1
    assert "daemon is already running" in completed.stderr


def test_daemons_beside_each_other_do_not_take_each_other_s_socket(
    network: Network, tmp_path: Path
) -> None:
    first = daemon(network, tmp_path, instance())
    first.start()
    second = daemon(network, tmp_path, instance(), "test02")
    (tmp_path / "test02-vipkeeperd.sock").symlink_to(tmp_path / "test01-vipkeeperd.sock")
    second.start()
    assert "another daemon answers on" in second.log()
    assert second.stop() == 0
    assert first.status()["vrrp_pid"] == first.pid("_vrrp")


# -- interfaces and addresses -------------------------------------------------------------------


def test_an_address_that_somebody_removes_is_put_back(network: Network, tmp_path: Path) -> None:
    speaker = daemon(network, tmp_path, instance())
    speaker.start()
    wait_for_vip(speaker)
    since = speaker.status()["instances"][0]["since"]
    for _ in range(3):
        speaker.node.run("ip", "address", "del", f"{VIP}/24", "dev", "eth0")
        wait_for_vip(speaker)
    assert speaker.status()["instances"][0]["since"] == since
    assert f"Netlink reflector reports IP {VIP} removed from eth0" in speaker.log()


def test_an_interface_that_gets_another_name_loses_the_address_and_resigns(
    network: Network, tmp_path: Path
) -> None:
    speaker = daemon(network, tmp_path, instance())
    other = daemon(network, tmp_path, instance(priority=50), "test02")
    speaker.start()
    other.start()
    wait_for_vip(speaker)
    speaker.node.run("ip", "link", "set", "eth0", "name", "wan0")
    wait_until(lambda: VIP not in speaker.node.run("ip", "address"), what=speaker.log)
    wait_for_vip(other)
    assert "Backup received priority 0 advertisement" in other.log()
    speaker.node.run("ip", "link", "set", "wan0", "name", "eth0")
    wait_for_vip(speaker)


def test_an_owner_keeps_its_own_address_whatever_ends(network: Network, tmp_path: Path) -> None:
    own = "192.168.100.131"
    speaker = daemon(
        network, tmp_path, instance("state MASTER", priority=255, addresses=f"{own}/24")
    )
    speaker.start()
    first = speaker.pid("_vrrp")
    speaker.signal("KILL", "_vrrp")
    wait_until(lambda: speaker.pid("_vrrp") != first, what="another speaker")
    wait_until(lambda: speaker.log().count("Entering MASTER STATE") == 2, what=speaker.log)
    assert speaker.node.holds(own)
    assert speaker.stop() == 0
    assert speaker.node.holds(own)


def test_what_a_killed_daemon_left_goes_even_if_the_next_one_starts_in_fault(
    network: Network, tmp_path: Path
) -> None:
    speaker = daemon(network, tmp_path, instance("track_interface {\n lo\n }"))
    speaker.node.run("ip", "address", "add", f"{VIP}/24", "dev", "eth0")
    speaker.node.run("ip", "link", "set", "lo", "down")
    speaker.start()
    assert not speaker.node.holds(VIP)
    assert "(VI_1) entering FAULT state" in speaker.log()


def test_more_address_changes_than_the_socket_holds(network: Network, tmp_path: Path) -> None:
    speaker = daemon(network, tmp_path, instance())
    speaker.start()
    wait_for_vip(speaker)
    speaker.signal("STOP", "_vrrp")  # so that it cannot read along
    batch = tmp_path / "batch"
    lines = [f"address {do} 10.{i // 250}.{i % 250}.1/32 dev eth0" for i in range(4000)
             for do in ("add", "del")]  # fmt: skip
    batch.write_text("\n".join([*lines, f"address del {VIP}/24 dev eth0"]))
    speaker.node.run("ip", "-batch", str(batch))
    speaker.signal("CONT", "_vrrp")
    wait_for_vip(speaker)
    assert speaker.status()["instances"][0]["state"] == "Active"


SEND = """
import socket, sys
from ipaddress import ip_address
from vipkeeper.linux.ip_packet import ip_packet
from vipkeeper.linux.vrrp_socket import VrrpSender
from vipkeeper.vrrp.advertisement import Advertisement, encode, internet_checksum
from vipkeeper.vrrp.version import VRRPV2, Family
ours, theirs, vip = map(ip_address, sys.argv[1:4])
sender = VrrpSender("eth0", socket.if_nametoindex("eth0"), Family.IPV4)
GROUP = ip_address("224.0.0.18")
for destination, ttl in ((theirs, 255), (GROUP, 254), (GROUP, 255)):
    advert = encode(Advertisement(VRRPV2, 51, 200, 1, (vip,)), ours, destination)
    packet = bytearray(ip_packet(ours, destination, 1, advert))
    packet[8], packet[10:12] = ttl, bytes(2)
    packet[10:12] = internet_checksum(bytes(packet[:20])).to_bytes(2, "big")
    if len(sys.argv) > 4 or (destination, ttl) != (GROUP, 255):
        sender.send(bytes(packet), destination)
"""
"""From our address to theirs: an advert that wins, but for its destination or its TTL."""


def test_adverts_that_were_not_sent_to_the_group_on_this_link_move_nothing(
    network: Network, tmp_path: Path
) -> None:
    speaker = daemon(network, tmp_path, instance())
    other = network.add_node("test02", ADDRESSES["test02"] + "/24")
    speaker.start()
    wait_for_vip(speaker)
    arguments = (ADDRESSES["test02"], ADDRESSES["test01"], VIP)
    other.run(sys.executable, "-c", SEND, *arguments)
    wait_until(lambda: speaker.status()["statistics"]["ip-ttl-errors"] == 1, what=speaker.log)
    assert speaker.status()["statistics"]["destination-errors"] == 1
    assert speaker.status()["instances"][0]["state"] == "Active"
    other.run(sys.executable, "-c", SEND, *arguments, "and the right one")
    wait_until(lambda: speaker.status()["instances"][0]["state"] == "Backup", what=speaker.log)


# -- reload -------------------------------------------------------------------------------------


def two(first: str, second: str, first_name: str = "VI_1", second_name: str = "VI_2") -> str:
    return instance(addresses=f"{first}/24").replace("VI_1", first_name) + instance(
        addresses=f"{second}/24"
    ).replace("VI_1", second_name).replace("51", "52")


def test_a_reload_renames_and_moves_addresses_without_an_election(
    network: Network, tmp_path: Path
) -> None:
    speaker = daemon(network, tmp_path, two(VIP, OTHER))
    speaker.start()
    wait_for_vip(speaker)
    wait_for_vip(speaker, OTHER)
    since = [item["since"] for item in speaker.status()["instances"]]

    reload(speaker, two(OTHER, VIP, "VI_2", "VI_1"))  # the names and the addresses change places
    wait_until(lambda: names(speaker) == ["VI_2", "VI_1"])
    assert speaker.node.holds(VIP)
    assert speaker.node.holds(OTHER)
    after = speaker.status()["instances"]
    assert [item["since"] for item in after] == since
    assert [item["history"][0]["instance"] for item in after] == ["VI_1", "VI_2"]

    # What the keeper knows of their states has moved, too: it removes what they hold.
    speaker.signal("KILL", "_vrrp")
    wait_until(lambda: not speaker.node.holds(VIP) and not speaker.node.holds(OTHER))


@pytest.mark.parametrize(
    "body",
    ["notify /bin/true", "garp_master_refresh 60", "nopreempt", "preempt_delay 5"],
)
def test_a_reload_of_settings_only_costs_nothing(
    network: Network, tmp_path: Path, body: str
) -> None:
    speaker = daemon(network, tmp_path, instance())
    speaker.start()
    wait_for_active(speaker)
    before = speaker.status()["instances"][0]
    reload(speaker, instance(body).replace("VI_1", "VI_9"))
    wait_until(lambda: names(speaker) == ["VI_9"])
    after = speaker.status()["instances"][0]
    assert (after["state"], after["since"]) == ("Active", before["since"])
    assert after["statistics"]["priority-zero-pkts-sent"] == 0
    assert "removing VIPs" not in speaker.log().partition("MASTER STATE")[2]


def test_an_instance_may_have_any_name(network: Network, tmp_path: Path) -> None:
    odd = instance().replace("VI_1", "flush") + instance(addresses=f"{OTHER}/24").replace(
        "VI_1", "[/red]"
    ).replace("51", "52")
    speaker = daemon(network, tmp_path, odd)
    speaker.start()
    wait_for_vip(speaker)
    wait_for_vip(speaker, OTHER)
    shown = speaker.node.run(
        *(sys.executable, "-c", "from vipkeeper.cli.main import main; main()"),
        *("status", "--control", str(next(tmp_path.glob("*.sock")))),
    )
    assert "[/red]" in shown
