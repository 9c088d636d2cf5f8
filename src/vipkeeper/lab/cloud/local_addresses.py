"""The IPv4 addresses of an instance, as its kernel routes them."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path


def of_process(pid: int) -> list[IPv4Address]:
    """Every address in the network namespace of a process; none when that has ended."""
    try:
        return parse(Path(f"/proc/{pid}/net/fib_trie").read_text())
    except OSError:
        return []


def parse(fib_trie: str) -> list[IPv4Address]:
    """The addresses that /proc/net/fib_trie says are this machine's own, loopback left out.

    A leaf is a line ``|-- ADDRESS``, followed by what it is: ``/32 host LOCAL``.
    """
    found: dict[IPv4Address, None] = {}
    address = ""
    for line in fib_trie.splitlines():
        words = line.split()
        if words[:1] == ["|--"]:
            address = words[1]
        elif words == ["/32", "host", "LOCAL"] and not address.startswith("127."):
            found[IPv4Address(address)] = None
    return list(found)
