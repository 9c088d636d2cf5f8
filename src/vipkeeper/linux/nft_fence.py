"""Rules that let a host answer for addresses only as long as somebody says so again and again.

One table of family inet and one of family arp. In each, a map leads from an address to the chain
of the interface that it is on, and that chain drops everything unless the interface is alive. So
is dropped what comes from an address, or goes to it, or says in ARP who has it; the kernel's own
Neighbor Advertisements come from the address that they are about. Being alive is having elements
in a set, and those have a timeout: the last word is a renewal's, and nobody has to be there for
the end.

An administrator lists all rules of a host and loads them again, so nft(8) must be able to print
and to read these. That rules out the short ways: to look an address's interface up in a map and
that in a set makes nft 1.0.6 fail an assertion when it lists the rule, and a constant looked up
in a set is printed as what nobody can read. So each interface has a set of its own, and what is
looked up there is what every packet has: its protocol family, or the operation in ARP.

Adding an element that is there does not extend it, and deleting one that is not there fails the
transaction. What works whatever there is, in one transaction: add, delete, add.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache

from vipkeeper.linux import nftables as nft
from vipkeeper.linux.nftables import Element, Family, Message, Transaction
from vipkeeper.vrrp.datagram import Address

ChangeElements = Callable[[Family, str, str, Sequence[Element]], Message]

_DEVICE4, _DEVICE6, _FIRST_ALIVE = ("device4", 1), ("device6", 2), 3
_IPV4, _IPV6 = b"\x02", b"\x0a"  # NFPROTO_*
_ARP_REQUEST, _ARP_REPLY = b"\x00\x01", b"\x00\x02"  # RFC 826
_EVERY_PACKET = {Family.INET: (_IPV4, _IPV6), Family.ARP: (_ARP_REQUEST, _ARP_REPLY)}
_LOOKED_UP = {Family.INET: nft.PROTOCOL_FAMILY, Family.ARP: nft.ARP_OPERATION}
_LOOPBACK = (1).to_bytes(4, "big" if socket.htons(1) == 1 else "little")  # its index, everywhere
_INET_INPUT, _INET_POSTROUTING, _ARP_OUTPUT = 1, 4, 1
_AFTER_SOURCE_NAT = 300
_BEFORE_FILTER = -10


class NftFence:
    """The two tables of one name.

    What an address depends on is called a key here: an interface's name, or what the caller likes.

    Args:
        table: its name; several daemons on one host have one each.
    """

    def __init__(self, table: str) -> None:
        self.table = table
        self._transactions = nft.Transactions()
        self._keys: dict[Address, str] = {}
        self._is_there = False

    def close(self) -> None:
        self._transactions.close()

    def fit(self, keys: Mapping[Address, str]) -> None:
        """Guard these addresses, each by its key.

        Where the tables are there only what differs is changed: nothing is interrupted, and the
        kernel's wait for all readers of a base chain that goes is spared.

        Raises:
            KernelError: the kernel has no nf_tables, or does not let us.
        """
        if not self._is_there:
            self.make(keys)
            return
        gone = {address: key for address, key in self._keys.items() if keys.get(address) != key}
        new = {address: key for address, key in keys.items() if self._keys.get(address) != key}
        had, has = set(self._keys.values()), set(keys.values())
        changes = [
            *self._chains(has - had),
            *self._elements(nft.delete_elements, gone),
            *self._elements(nft.new_elements, new),
            *self._chains_removed(had - has),
        ]
        if changes:
            self._commit(changes, f"change the nftables tables {self.table}")
        self._keys = dict(keys)

    def make(self, keys: Mapping[Address, str]) -> None:
        """Make the tables anew, whatever there is of that name; nothing is alive then."""
        parts = [
            *(part for family in Family for part in self._removal(family)),
            *self._inet_table(),
            *self._arp_table(),
            *self._chains(set(keys.values())),
            *self._elements(nft.new_elements, keys),
        ]
        self._commit(parts, f"make the nftables tables {self.table}")
        self._keys, self._is_there = dict(keys), True

    def prepare(self, lifetimes_ms: Mapping[str, int]) -> None:
        """Have a renewal like this one ready for when time is short."""
        _renewal(self.table, tuple(lifetimes_ms.items()))

    def renew(self, lifetimes_ms: Mapping[str, int]) -> None:
        """These keys are alive for so long from now on, and not longer.

        Raises:
            KernelError: ENOENT if somebody else has removed the tables.
        """
        renewal = _renewal(self.table, tuple(lifetimes_ms.items()))
        self._transactions.commit(renewal, f"renew what is alive in the tables {self.table}")

    def expire(self, keys: Collection[str]) -> None:
        """These are alive no more."""
        parts = []
        for key in keys:
            for family in Family:
                ended, where = _alive(family), (family, self.table, _set(key))
                parts += [nft.new_elements(*where, ended), nft.delete_elements(*where, ended)]
        self._commit(parts, f"end what is alive in the tables {self.table}")

    def remove(self) -> None:
        """Remove the tables, whether they are there or not."""
        parts = [part for family in Family for part in self._removal(family)]
        self._is_there = False
        self._commit(parts, f"remove the nftables tables {self.table}")

    def _commit(self, parts: Iterable[Message], what: str) -> None:
        self._transactions.commit(Transaction.of(parts), what)

    # -- the ruleset -----------------------------------------------------------------------

    def _removal(self, family: Family) -> list[Message]:
        """Naming a table first makes deleting it right whether it is there or not."""
        return [nft.new_table(family, self.table), nft.delete_table(family, self.table)]

    def _inet_table(self) -> list[Message]:
        family, table = Family.INET, self.table
        sent, received = nft.load_meta(nft.META_OIF), nft.load_meta(nft.META_IIF)
        return [
            nft.new_table(family, table),
            nft.new_verdict_map(family, table, *_DEVICE4, nft.IPV4_ADDRESS),
            nft.new_verdict_map(family, table, *_DEVICE6, nft.IPV6_ADDRESS),
            nft.new_base_chain(family, table, "sent", _INET_POSTROUTING, _AFTER_SOURCE_NAT),
            nft.new_base_chain(family, table, "received", _INET_INPUT, _BEFORE_FILTER),
            self._guard("sent", sent, _IPV4, (nft.NETWORK_HEADER, 12)),
            self._guard("sent", sent, _IPV6, (nft.NETWORK_HEADER, 8)),
            self._guard("received", received, _IPV4, (nft.NETWORK_HEADER, 16)),
            self._guard("received", received, _IPV6, (nft.NETWORK_HEADER, 24)),
        ]

    def _guard(
        self, chain: str, interface: bytes, protocol: bytes, address: tuple[int, int]
    ) -> Message:
        """By the address there, on to its chain; what the host says to itself is let be."""
        return nft.new_rule(
            Family.INET, self.table, chain,
            interface, nft.differs(_LOOPBACK),
            nft.load_meta(nft.META_NFPROTO), nft.equals(protocol),
            nft.load_payload(*address, 4 if protocol == _IPV4 else 16),
            nft.jump_by(*(_DEVICE4 if protocol == _IPV4 else _DEVICE6)),
        )  # fmt: skip

    def _arp_table(self) -> list[Message]:
        family, table = Family.ARP, self.table
        sender_protocol_address = nft.load_payload(nft.NETWORK_HEADER, 14, 4)  # RFC 826
        return [
            nft.new_table(family, table),
            nft.new_verdict_map(family, table, *_DEVICE4, nft.IPV4_ADDRESS),
            nft.new_base_chain(family, table, "sent", _ARP_OUTPUT, 0),
            nft.new_rule(family, table, "sent", sender_protocol_address, nft.jump_by(*_DEVICE4)),
        ]

    def _chains(self, keys: Iterable[str]) -> list[Message]:
        parts = []
        for family in Family:
            for identity, key in enumerate(sorted(keys), start=_FIRST_ALIVE):
                alive, chain = (_set(key), identity), _chain(key)
                what = (
                    nft.load_meta(nft.META_NFPROTO)
                    if family is Family.INET
                    else nft.load_payload(nft.NETWORK_HEADER, 6, 2)
                )
                parts += [
                    nft.new_timeout_set(family, self.table, *alive, _LOOKED_UP[family]),
                    nft.new_chain(family, self.table, chain),
                    nft.new_rule(
                        family, self.table, chain,
                        what, nft.is_not_in(*alive), nft.count(), nft.drop(),
                    ),
                ]  # fmt: skip
        return parts

    def _chains_removed(self, keys: Iterable[str]) -> list[Message]:
        parts = []
        for family in Family:
            for key in keys:
                parts.append(nft.delete_chain(family, self.table, _chain(key)))
                parts.append(nft.delete_set(family, self.table, _set(key)))
        return parts

    def _elements(self, change: ChangeElements, keys: Mapping[Address, str]) -> list[Message]:
        parts = []
        inet = (Family.INET,)
        for version, name, families in ((4, _DEVICE4[0], tuple(Family)), (6, _DEVICE6[0], inet)):
            elements = [
                Element(address.packed, _chain(key))
                for address, key in keys.items()
                if address.version == version
            ]
            if elements:
                parts += [change(family, self.table, name, elements) for family in families]
        return parts


@lru_cache(maxsize=256)
def _renewal(table: str, lifetimes_ms: tuple[tuple[str, int], ...]) -> Transaction:
    """The same ones come again and again: a renewal takes 45 us then, instead of 110."""
    parts = []
    for key, lifetime_ms in lifetimes_ms:
        for family in Family:
            alive, plain = _alive(family, lifetime_ms), _alive(family)
            where = family, table, _set(key)
            parts += [
                nft.new_elements(*where, alive),
                nft.delete_elements(*where, plain),
                nft.new_elements(*where, alive),
            ]
    return Transaction.of(parts)


def _alive(family: Family, lifetime_ms: int = 0) -> list[Element]:
    return [Element(key, timeout_ms=lifetime_ms) for key in _EVERY_PACKET[family]]


def _chain(key: str) -> str:
    return f"of_{_word(key)}"


def _set(key: str) -> str:
    return f"alive_{_word(key)}"


def _word(key: str) -> str:
    """What nft(8) reads as one word; what else a name may have is written as a number."""
    return re.sub(r"[^A-Za-z0-9.-]", lambda found: f"_{ord(found[0]):x}_", key)
