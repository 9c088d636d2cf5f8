"""The whole daemon on the real kernel, in a network of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.daemon.capturing import TCPDUMP, wait_for_capture
from tests.programs import ADDRESSES, CONFIGURATIONS, TAKEOVER_SECONDS, VIP, Speaker
from tests.topology import Network, wait_until

VIPKEEPERD = [sys.executable, "-m", "vipkeeper.daemon.main"]


def instance(body: str = "", *, priority: int = 100, addresses: str = f"{VIP}/24") -> str:
    return f"""
vrrp_instance VI_1 {{
    interface eth0
    virtual_router_id 51
    priority {priority}
    advert_int 1
    virtual_ipaddress {{
        {addresses}
    }}
    {body}
}}
"""


def daemon(network: Network, directory: Path, configuration: str, name: str = "test01") -> Speaker:
    node = network.nodes.get(name) or network.add_node(name, f"{ADDRESSES[name]}/24")
    return Speaker(node, "vipkeeperd", configuration, directory)


def wait_for_active(speaker: Speaker) -> None:
    wait_until(
        lambda: "Entering MASTER STATE" in speaker.log(),
        seconds=TAKEOVER_SECONDS,
        what=f"Active\n{speaker.log()}",
    )


def test_addresses_as_the_file_gives_them_and_none_left_behind(
    network: Network, tmp_path: Path
) -> None:
    speaker = daemon(
        network,
        tmp_path,
        instance(
            "virtual_ipaddress_excluded { 192.0.2.7/32 dev lo scope host }",
            addresses=f"{VIP}/24 brd 192.168.100.255 dev eth0 label eth0:vip\n"
            # Another scope than the interface's own address goes with another subnet only.
            "        10.9.9.9/32 scope link",
        ),
    )
    before = speaker.node.run("ip", "-4", "address")
    speaker.start()
    wait_until(lambda: speaker.node.holds(VIP), seconds=TAKEOVER_SECONDS, what=speaker.log)
    shown = speaker.node.run("ip", "-4", "address", "show", "dev", "eth0")
    assert f"inet {VIP}/24 brd 192.168.100.255 scope global secondary eth0:vip" in shown
    assert "inet 10.9.9.9/32 scope link eth0" in shown
    loopback = speaker.node.run("ip", "-4", "address", "show", "dev", "lo")
    assert "inet 192.0.2.7/32 scope host lo" in loopback
    assert speaker.stop() == 0
    assert speaker.node.run("ip", "-4", "address") == before


def test_status_says_who_is_active_since_when_and_why(network: Network, tmp_path: Path) -> None:
    first = daemon(network, tmp_path, CONFIGURATIONS["test01"])
    second = daemon(network, tmp_path, CONFIGURATIONS["test02"], "test02")
    first.start()
    second.start()
    wait_for_active(first)
    active = first.status()["instances"][0]
    assert (active["state"], active["rule"]) == ("Active", "6.4.2 b")
    assert active["because"] == "Active_Down_Timer fired: no Active router is heard"
    assert active["active_router"]["is_self"]
    assert [step["new"] for step in active["history"]] == ["Backup", "Active"]
    became_active, since = map(
        datetime.fromisoformat, (active["history"][-1]["time"], active["since"])
    )
    assert abs(became_active - since) < timedelta(milliseconds=50)
    wait_until(lambda: second.status()["instances"][0]["active_router"], what="an advert is heard")
    backup = second.status()["instances"][0]
    assert backup["state"] == "Backup"
    assert backup["active_router"] == {
        "address": ADDRESSES["test01"],
        "priority": 100,
        "is_self": False,
    }
    assert backup["statistics"]["advertisement-rcvd"] >= 1
    assert set(backup["statistics"]) >= {
        "master-transitions",
        "advertisement-rcvd",
        "advertisement-sent",
        "interval-errors",
        "priority-zero-pkts-rcvd",
        "priority-zero-pkts-sent",
        "invalid-type-pkts-rcvd",
        "address-list-errors",
        "packet-length-errors",
    }
    assert set(second.status()["statistics"]) >= {
        "discontinuity-datetime",
        "checksum-errors",
        "version-errors",
        "vrid-errors",
        "ip-ttl-errors",
    }


def test_adverts_on_the_wire_are_those_of_the_walkthrough(network: Network, tmp_path: Path) -> None:
    speaker = daemon(network, tmp_path, CONFIGURATIONS["test01"])
    watcher = network.add_node("watcher", "192.168.100.5/24")
    capture = watcher.start(
        *TCPDUMP,
        *("-l", "-vv", "-nn", "-c", "3", "-i", "eth0"),
        *("host", "224.0.0.18", "and", "ip", "proto", "112"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_for_capture(capture)
    speaker.start()
    output, _ = capture.communicate(timeout=20)
    lines = [line.strip() for line in output.decode().splitlines()]
    headers, adverts = lines[0::2], lines[1::2]
    for number, header in enumerate(headers, start=1):
        assert header.endswith(
            f"IP (tos 0xc0, ttl 255, id {number}, offset 0, flags [none], "
            "proto VRRP (112), length 40)"
        )
    assert set(adverts) == {
        "192.168.100.131 > 224.0.0.18: VRRPv2, Advertisement, vrid 1, prio 100, "
        'authtype simple, intvl 1s, length 20, addrs: 192.168.100.196 auth "password"'
    }


def test_priority_zero_is_on_the_wire_before_the_end(network: Network, tmp_path: Path) -> None:
    speaker = daemon(network, tmp_path, CONFIGURATIONS["test01"])
    watcher = network.add_node("watcher", "192.168.100.5/24")
    speaker.start()
    wait_for_active(speaker)
    capture = watcher.start(
        *TCPDUMP,
        *("-l", "-nn", "-c", "1", "-i", "eth0"),
        "ip proto 112 and ip[22] = 0",  # priority is the third byte behind the 20 of the header
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_for_capture(capture)
    assert speaker.stop() == 0
    output, _ = capture.communicate(timeout=10)
    assert "prio 0" in output.decode()


def test_when_the_speaker_is_killed_the_keeper_removes_the_addresses_and_starts_another(
    network: Network, tmp_path: Path
) -> None:
    speaker = daemon(network, tmp_path, CONFIGURATIONS["test01"])
    speaker.start()
    wait_until(lambda: speaker.node.holds(VIP), seconds=TAKEOVER_SECONDS)
    first = speaker.pid("_vrrp")
    speaker.signal("KILL", "_vrrp")
    wait_until(lambda: not speaker.node.holds(VIP), what=speaker.log)
    wait_until(lambda: speaker.pid("_vrrp") != first, what="another speaker")
    wait_until(lambda: speaker.node.holds(VIP), seconds=TAKEOVER_SECONDS)
    assert f"VRRP child process({first}) died: Respawning" in speaker.log()


def test_when_the_keeper_is_killed_the_speaker_hands_over_and_starts_the_daemon_again(
    network: Network, tmp_path: Path
) -> None:
    first = daemon(network, tmp_path, CONFIGURATIONS["test01"])
    second = daemon(network, tmp_path, CONFIGURATIONS["test02"], "test02")
    first.start()
    second.start()
    wait_until(lambda: first.node.holds(VIP), seconds=TAKEOVER_SECONDS)
    speaker_pid = first.pid("_vrrp")
    first.signal("KILL")
    wait_until(lambda: second.node.holds(VIP), seconds=TAKEOVER_SECONDS)
    assert "Backup received priority 0 advertisement" in second.log()
    # It was told by an announcement, not by the end of its patience.
    wait_until(lambda: not first.node.holds(VIP), what="the VIP has gone")
    wait_until(lambda: first.pid() == speaker_pid, what=lambda: f"another keeper\n{first.log()}")
    wait_until(lambda: first.node.holds(VIP), seconds=TAKEOVER_SECONDS, what=first.log)
    scheduling = first.node.run("chrt", "-p", str(speaker_pid))
    assert "SCHED_OTHER" in scheduling, "a keeper is no real-time process"
    first.signal("TERM")
    wait_until(lambda: not first.node.holds(VIP), seconds=TAKEOVER_SECONDS, what=first.log)
    wait_until(lambda: "Stopped vipkeeperd" in first.log(), seconds=TAKEOVER_SECONDS)


def test_a_service_manager_is_left_to_start_the_daemon_again(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody-listens"))
    speaker = daemon(network, tmp_path, CONFIGURATIONS["test01"])
    speaker.start()
    wait_until(lambda: speaker.node.holds(VIP), seconds=TAKEOVER_SECONDS)
    vrrp_pid = speaker.pid("_vrrp")
    speaker.signal("KILL")
    wait_until(lambda: not speaker.node.holds(VIP), seconds=TAKEOVER_SECONDS)
    wait_until(
        lambda: "gone" in speaker.node.run("sh", "-c", f"kill -0 {vrrp_pid} || echo gone"),
        what="the speaker has ended",
    )
    assert speaker.log().count("Starting vipkeeperd") == 1


def test_notify_commands_run_in_order_with_keepalived_s_arguments(
    network: Network, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    script = tmp_path / "notify"
    # The first call is slow: the others wait for it.
    script.write_text(f'#!/bin/sh\n[ "$1" = backup ] && sleep 0.5\necho "$@" >> {told}\n')
    script.chmod(0o755)
    hooks = f"""
    notify_master "{script} master"
    notify_backup "{script} backup"
    notify_stop "{script} stop"
    notify {script}
    """
    speaker = daemon(network, tmp_path, "global_defs { script_user root }\n" + instance(hooks))
    speaker.start()
    wait_for_active(speaker)
    wait_until(lambda: told.exists() and told.read_text().count("\n") == 4)
    assert speaker.stop() == 0
    assert told.read_text().splitlines() == [
        "backup",
        "INSTANCE VI_1 BACKUP 100",
        "master",
        "INSTANCE VI_1 MASTER 100",
        "stop",
        "INSTANCE VI_1 STOP 100",
    ]


def test_a_tracked_interface_with_a_weight_moves_the_priority_and_without_one_stops_it(
    network: Network, tmp_path: Path
) -> None:
    speaker = daemon(network, tmp_path, instance("track_interface {\n eth1 weight -30\n eth2\n }"))
    for name in ("eth1", "eth2"):
        speaker.node.run("ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}p")
        speaker.node.run("ip", "link", "set", name, "up")
        speaker.node.run("ip", "link", "set", f"{name}p", "up")
    speaker.start()
    wait_for_active(speaker)
    speaker.node.run("ip", "link", "set", "eth1p", "down")
    wait_until(lambda: "Changing effective priority from 100 to 70" in speaker.log())
    assert speaker.status()["instances"][0]["effective_priority"] == 70
    assert speaker.node.holds(VIP)
    speaker.node.run("ip", "link", "set", "eth2p", "down")
    wait_until(lambda: not speaker.node.holds(VIP), what=speaker.log)
    assert speaker.status()["instances"][0]["because"] == "tracked interface down"
    speaker.node.run("ip", "link", "set", "eth2p", "up")
    wait_until(lambda: speaker.node.holds(VIP), seconds=TAKEOVER_SECONDS)


def test_an_interface_that_is_not_there_yet_is_waited_for_and_may_go_and_come(
    network: Network, tmp_path: Path
) -> None:
    speaker = daemon(network, tmp_path, instance().replace("interface eth0", "interface late0"))
    speaker.start()
    assert speaker.status()["instances"][0]["because"] == "no such interface"
    for _ in range(2):
        speaker.node.run("ip", "link", "add", "late0", "type", "veth", "peer", "name", "late0p")
        speaker.node.run("ip", "link", "set", "late0", "up")
        speaker.node.run("ip", "link", "set", "late0p", "up")
        wait_until(
            lambda: speaker.status()["instances"][0]["because"] == "no primary address",
            what=speaker.log,
        )
        speaker.node.run("ip", "address", "add", "192.168.100.131/24", "dev", "late0")
        wait_until(
            lambda: f" {VIP}/" in speaker.node.run("ip", "-4", "-br", "address", "show", "late0"),
            seconds=TAKEOVER_SECONDS,
            what=speaker.log,
        )
        speaker.node.run("ip", "link", "del", "late0")
        wait_until(lambda: speaker.status()["instances"][0]["because"] == "no such interface")


def test_nopreempt_leaves_a_lower_router_alone(network: Network, tmp_path: Path) -> None:
    lower = daemon(network, tmp_path, instance(priority=50), "test02")
    higher = daemon(network, tmp_path, instance("nopreempt", priority=100))
    lower.start()
    wait_for_active(lower)
    higher.start()
    wait_until(
        lambda: higher.status()["instances"][0]["statistics"]["advertisement-rcvd"] >= 5,
        what="five adverts: longer than a down interval",
    )
    assert lower.node.holds(VIP)
    assert not higher.node.holds(VIP)
    lower.stop()
    wait_until(lambda: higher.node.holds(VIP), seconds=TAKEOVER_SECONDS)


def test_sighup_touches_only_what_changed_and_never_for_a_broken_file(
    network: Network, tmp_path: Path
) -> None:
    second = instance(addresses="192.168.100.197/24").replace("VI_1", "VI_2").replace("51", "52")
    speaker = daemon(network, tmp_path, instance() + second)
    speaker.start()
    for address in (VIP, "192.168.100.197"):
        wait_until(lambda a=address: speaker.node.holds(a), seconds=TAKEOVER_SECONDS)  # type: ignore[misc]
    since = speaker.status()["instances"][0]["since"]

    speaker.configuration.write_text("vrrp_instance VI_1 {\n  interface\n}\n")
    speaker.signal("HUP")
    wait_until(lambda: "the old configuration stays in force" in speaker.log())
    assert speaker.node.holds(VIP)

    speaker.configuration.write_text(
        instance() + second.replace("192.168.100.197", "192.168.100.198")
    )
    speaker.signal("HUP")
    wait_until(lambda: not speaker.node.holds("192.168.100.197"), what=speaker.log)
    wait_until(lambda: speaker.node.holds("192.168.100.198"), seconds=TAKEOVER_SECONDS)
    assert speaker.status()["instances"][0]["since"] == since


def test_a_second_daemon_with_the_same_pid_file_says_who_runs(
    network: Network, tmp_path: Path
) -> None:
    speaker = daemon(network, tmp_path, CONFIGURATIONS["test01"])
    speaker.start()
    pid = speaker.pid()
    pid_file = next(tmp_path.glob("*keeperd.pid"))
    argv = [*VIPKEEPERD, "-n", "-f", str(speaker.configuration), "-p", str(pid_file)]
    completed = subprocess.run(
        speaker.node.command(argv), capture_output=True, text=True, check=False, timeout=20
    )
    assert completed.returncode == 1
    assert completed.stderr == (
        f"vipkeeperd: daemon is already running (process {pid} holds {pid_file})\n"
        f"  stop it first, or give another file with --pid: kill {pid}\n"
    )


def test_it_goes_into_the_background_as_a_daemon_does(network: Network, tmp_path: Path) -> None:
    node = network.add_node("test01", "192.168.100.131/24")
    configuration = tmp_path / "keepalived.conf"
    configuration.write_text(CONFIGURATIONS["test01"])
    pid_file = tmp_path / "vipkeeperd.pid"
    log_file = tmp_path / "log"
    argv = [*VIPKEEPERD, "-D", "-G", "-g", str(log_file), "-f", str(configuration)]
    argv += ["-p", str(pid_file), "-r", str(tmp_path / "vrrp.pid")]
    argv += ["--control", str(tmp_path / "control.sock")]
    node.run(*argv)  # returns at once
    wait_until(lambda: node.holds(VIP), seconds=TAKEOVER_SECONDS, what=log_file.read_text)
    node.run("kill", pid_file.read_text().strip())
    wait_until(lambda: not pid_file.exists(), what=log_file.read_text)
    assert not node.holds(VIP)
    assert "Stopped vipkeeperd" in log_file.read_text()


@pytest.mark.parametrize("flag", ["-t", "--config-test"])
def test_the_configuration_test_reports_and_says_so_by_its_exit_code(
    network: Network, tmp_path: Path, flag: str
) -> None:
    node = network.add_node("test01", "192.168.100.131/24")
    good, bad, elsewhere = (tmp_path / f"{name}.conf" for name in ("good", "bad", "elsewhere"))
    good.write_text(CONFIGURATIONS["test01"])
    bad.write_text(CONFIGURATIONS["test01"].replace("virtual_router_id", "virtual_router"))
    elsewhere.write_text(CONFIGURATIONS["test01"].replace("interface eth0", "interface ens3"))
    codes = {}
    for file in (good, bad, elsewhere, tmp_path / "none.conf"):
        completed = subprocess.run(
            node.command([*VIPKEEPERD, "-f", str(file), flag]),
            capture_output=True,
            text=True,
            check=False,
        )
        codes[file.stem] = completed.returncode
        if file is elsewhere:
            assert "elsewhere.conf:3:16: error:" in completed.stderr
        if file is bad:
            assert "bad.conf:4:6: warning: Unknown keyword 'virtual_router'" in completed.stderr
            assert "did you mean 'virtual_router_id'?" in completed.stderr
    assert codes == {"good": 0, "bad": 5, "elsewhere": 5, "none": 4}


def test_strict_refuses_a_file_that_is_run_otherwise(network: Network, tmp_path: Path) -> None:
    odd = CONFIGURATIONS["test01"].replace("priority 100", "priority 100\n     colour blue")
    speaker = daemon(network, tmp_path, odd)
    speaker.start()
    assert "Unknown keyword 'colour'" in speaker.log()
    completed = subprocess.run(
        [*VIPKEEPERD, "-n", "--strict", "-f", str(speaker.configuration)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 5
    assert "--strict allows no fault" in completed.stderr


def test_without_privileges_it_says_what_it_takes(tmp_path: Path) -> None:
    configuration = tmp_path / "keepalived.conf"
    configuration.write_text(CONFIGURATIONS["test01"])
    # Root without a capability: another user need not be able to read the checkout.
    drop = [] if os.getuid() else ["setpriv", "--inh-caps=-all", "--bounding-set=-all"]
    completed = subprocess.run(
        [
            *drop,
            *VIPKEEPERD,
            *("-n", "-l", "-G", "-f", str(configuration), "-p", str(tmp_path / "p")),
            *("-r", str(tmp_path / "r"), "--control", str(tmp_path / "c")),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert completed.returncode == 4, completed.stderr
    assert "it takes root, or the capability CAP_NET_RAW" in completed.stderr
