"""Links, addresses and rules, in batches: one ``ip`` and one ``nft`` process for many changes.

Measured: ``ip -batch`` 3 ms for any number of lines; importing pyroute2 350 ms.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Collection, Iterable, Mapping
from ipaddress import ip_address
from pathlib import Path

from vipkeeper.errors import LabError
from vipkeeper.linux import conntrack, namespaces


def ip(commands: Iterable[str], *, network: int | None = None) -> None:
    """Run iproute2 commands, ``link add ...`` and so on, in order.

    Args:
        network: descriptor of the namespace to run in, the caller's own if None.

    Raises:
        LabError: one failed; those before it were done.
    """
    lines = list(commands)
    if not lines:
        return
    _run(["ip", "-batch", "-"], "\n".join(lines), network, "configure links")


class MessageTooLongError(LabError):
    """The kernel takes no message of that length."""


def nft(transaction: str, *, network: int | None = None) -> None:
    """Run an nftables transaction: all of it or nothing.

    It is one netlink message, and a user namespace's root may not raise its limit, which is
    208 KiB by default (:func:`vipkeeper.lab.port_security.stages`).

    Raises:
        MessageTooLongError: it is to be made in several steps.
        LabError: the kernel or nft did not take it.
    """
    if not transaction:
        return
    try:
        _run(["nft", "-f", "-"], transaction, network, "load the packet filter")
    except LabError as error:
        if "Message too long" not in error.message:
            raise
        raise MessageTooLongError(
            "these rules are too long for the kernel to take them at once",
            remedy="give it room: sysctl net.core.wmem_default=1048576",
        ) from error


def nft_counters() -> str:
    """``nft -j list counters``."""
    return _run(["nft", "-j", "list", "counters"], "", None, "read the packet filter's counters")


def forget_connections(
    selections: Collection[conntrack.Selection], *, network: int | None = None
) -> None:
    """End connections; that there are none is no matter.

    Raises:
        KernelError: the kernel does not let us.
    """
    if not selections:
        return
    if network is None:
        conntrack.delete(selections)
        return
    with namespaces.inside_network(network):
        conntrack.delete(selections)


def selection(line: str) -> conntrack.Selection:
    """A line for ``conntrack -R FILE`` that deletes: ``-D -f ipv4 -w 1 -d 192.0.2.1 -p 112``."""
    words = line.split()
    options = dict(zip(words[1::2], words[2::2], strict=True))
    side = next(one for one in _SIDES if one in options)
    protocol = options.get("-p")
    return conntrack.Selection(
        _SIDES[side],
        ip_address(options[side]),
        int(options.get("-w", "0")),
        int(protocol) if protocol else None,
    )


_SIDES: Mapping[str, conntrack.Side] = {
    "-s": "source",
    "-d": "destination",
    "-q": "reply destination",
}


def set_sysctls(values: Mapping[str, str], *, network: int | None = None) -> None:
    """Write below /proc/sys/net, which shows the network namespace of who opens it."""
    if network is not None:
        with namespaces.inside_network(network):
            set_sysctls(values)
        return
    for name, value in values.items():
        path = Path("/proc/sys", *name.split("."))
        try:
            path.write_text(value)
        except FileNotFoundError as error:
            raise LabError(
                f"this kernel has no {name}",
                remedy="load what has it: modprobe br_netfilter" if "bridge-nf" in name else "",
            ) from error
        except OSError as error:
            raise LabError(f"cannot set {name} to {value}: {error.strerror}") from error


def _run(argv: list[str], text: str, network: int | None, what: str) -> str:
    ended = subprocess.run(
        argv,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        # Allowed because this process has one thread.
        preexec_fn=None if network is None else _entering(network),
    )
    if ended.returncode != 0:
        raise LabError(f"cannot {what}: {ended.stderr.strip() or argv[0]}")
    return ended.stdout


def _entering(network: int) -> Callable[[], None]:
    return lambda: namespaces.enter(network, namespaces.NEW_NETWORK)
