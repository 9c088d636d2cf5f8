"""nf_tables through netlink: messages, and transactions of them; without nft(8).

Only what the fence needs (:mod:`vipkeeper.linux.nft_fence`). The numbers are those of
linux/netfilter/nf_tables.h and nfnetlink.h; numbers inside messages are in network order.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from vipkeeper.errors import KernelError
from vipkeeper.linux.netlink import (
    NLM_F_ACK,
    NLM_F_APPEND,
    NLM_F_CREATE,
    NLM_F_REQUEST,
    NLMSG_ERROR,
    RECEIVE_SIZE,
    attribute,
    messages,
    nested,
)

NETLINK_NETFILTER = 12
_SUBSYSTEM = 10
_BATCH_BEGIN, _BATCH_END = 0x10, 0x11
_HEADER = struct.Struct("=IHHII")
_NFGENMSG = struct.Struct("!BBH")

REMEDY = "it takes root, or the capability CAP_NET_ADMIN, and a kernel with nf_tables"


class Family(IntEnum):
    """Which packets a table sees (NFPROTO_*)."""

    INET = 1
    ARP = 3


class Kind(IntEnum):
    """What a message asks for (NFT_MSG_*)."""

    NEW_TABLE = 0
    DELETE_TABLE = 2
    NEW_CHAIN = 3
    DELETE_CHAIN = 5
    NEW_RULE = 6
    NEW_SET = 9
    DELETE_SET = 11
    NEW_ELEMENT = 12
    DELETE_ELEMENT = 14


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a transaction, without its number in it."""

    kind: Kind
    family: Family
    body: bytes
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class Transaction:
    """Messages as the kernel takes them, all or none; it can be committed again and again.

    Attributes:
        last: the number of the message that is answered in any case.
    """

    octets: bytes
    last: int

    @classmethod
    def of(cls, parts: Iterable[Message]) -> Transaction:
        listed = list(parts)
        border = _NFGENMSG.pack(0, 0, _SUBSYSTEM)
        packed = [_packed(_BATCH_BEGIN, 0, 1, border)]
        for sequence, message in enumerate(listed, start=2):
            flags = NLM_F_CREATE | NLM_F_APPEND if message.is_new else 0
            if sequence == len(listed) + 1:
                flags |= NLM_F_ACK
            body = _NFGENMSG.pack(message.family, 0, 0) + message.body
            packed.append(_packed(_SUBSYSTEM << 8 | message.kind, flags, sequence, body))
        packed.append(_packed(_BATCH_END, 0, len(listed) + 2, border))
        return cls(b"".join(packed), len(listed) + 1)


def _packed(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    length = _HEADER.size + len(body)
    header = _HEADER.pack(length, kind, flags | NLM_F_REQUEST, sequence, 0)
    return header + body + bytes(-length % 4)


class Transactions:
    """A socket to commit transactions by."""

    def __init__(self) -> None:
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
        try:
            self._socket = socket.socket(socket.AF_NETLINK, kind, NETLINK_NETFILTER)
        except OSError as error:
            raise KernelError("open nf_tables", error.errno or 0, remedy=REMEDY) from None
        self._socket.bind((0, 0))

    def close(self) -> None:
        self._socket.close()

    def commit(self, transaction: Transaction, what: str) -> None:
        """Raises KernelError, with ``what`` was to be done, if the kernel refused any of it."""
        try:
            self._socket.send(transaction.octets)
            code = self._answer(transaction.last)
        except OSError as error:
            code = error.errno or errno.EIO
        if code:
            raise KernelError(what, code, remedy=REMEDY)

    def _answer(self, last: int) -> int:
        """0, or the first error.

        A transaction that is refused as a whole (EPERM) is answered by its first message.
        """
        first = 0
        while True:
            for kind, sequence, payload in messages(self._socket.recv(RECEIVE_SIZE)):
                if kind != NLMSG_ERROR:
                    continue
                (code,) = struct.unpack_from("=i", payload)
                first = first or -code
                if sequence in (1, last):
                    return first


def text(kind: int, value: str) -> bytes:
    return attribute(kind, value.encode() + b"\0")


def number(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("!I", value & 0xFFFFFFFF))


# -- tables, chains, sets ------------------------------------------------------------------------


def new_table(family: Family, table: str) -> Message:
    return Message(Kind.NEW_TABLE, family, text(1, table))


def delete_table(family: Family, table: str) -> Message:
    return Message(Kind.DELETE_TABLE, family, text(1, table), is_new=False)


def new_chain(family: Family, table: str, name: str) -> Message:
    """A chain to jump to."""
    return Message(Kind.NEW_CHAIN, family, text(1, table) + text(3, name))


def delete_chain(family: Family, table: str, name: str) -> Message:
    """With its rules; refused while something jumps to it."""
    return Message(Kind.DELETE_CHAIN, family, text(1, table) + text(3, name), is_new=False)


def new_base_chain(family: Family, table: str, name: str, hook: int, priority: int) -> Message:
    """A base chain of type filter, with the policy accept."""
    hooked = nested(4, number(1, hook), number(2, priority))
    body = text(1, table) + text(3, name) + hooked + number(5, 1) + text(7, "filter")
    return Message(Kind.NEW_CHAIN, family, body)


@dataclass(frozen=True, slots=True)
class DataType:
    """What nft(8) calls a type (include/datatype.h), and its length in bytes."""

    number: int
    length: int


IPV4_ADDRESS, IPV6_ADDRESS = DataType(7, 4), DataType(8, 16)
PROTOCOL_FAMILY, ARP_OPERATION = DataType(2, 1), DataType(11, 2)
_VERDICT_TYPE, _VERDICT_LENGTH = 0xFFFFFF00, 16  # NFT_DATA_VERDICT
_SET_IS_MAP, _SET_HAS_TIMEOUTS = 0x8, 0x10


def new_verdict_map(family: Family, table: str, name: str, identity: int, key: DataType) -> Message:
    """A map from keys to chains; ``identity`` tells the sets of one transaction apart."""
    body = (
        text(1, table) + text(2, name) + number(3, _SET_IS_MAP)
        + number(4, key.number) + number(5, key.length)
        + number(6, _VERDICT_TYPE) + number(7, _VERDICT_LENGTH) + number(10, identity)
    )  # fmt: skip
    return Message(Kind.NEW_SET, family, body)


def new_timeout_set(family: Family, table: str, name: str, identity: int, key: DataType) -> Message:
    """A set whose elements go by themselves."""
    body = (
        text(1, table) + text(2, name) + number(3, _SET_HAS_TIMEOUTS)
        + number(4, key.number) + number(5, key.length) + number(10, identity)
    )  # fmt: skip
    return Message(Kind.NEW_SET, family, body)


def delete_set(family: Family, table: str, name: str) -> Message:
    """Refused while a rule uses it."""
    return Message(Kind.DELETE_SET, family, text(1, table) + text(2, name), is_new=False)


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a set.

    Attributes:
        chain: in a verdict map, where it jumps to.
        timeout_ms: after how many it goes by itself, 0 for never.
    """

    key: bytes
    chain: str = ""
    timeout_ms: int = 0

    def packed(self) -> bytes:
        inner = nested(1, attribute(1, self.key))
        if self.chain:
            verdict = nested(2, number(1, _NFT_JUMP), text(2, self.chain))
            inner += nested(2, verdict)
        if self.timeout_ms:
            inner += attribute(4, struct.pack("!Q", self.timeout_ms))
        return nested(1, inner)


def new_elements(family: Family, table: str, name: str, elements: Sequence[Element]) -> Message:
    return Message(Kind.NEW_ELEMENT, family, _elements(table, name, elements))


def delete_elements(family: Family, table: str, name: str, elements: Sequence[Element]) -> Message:
    """Refused if one of them is not there."""
    return Message(Kind.DELETE_ELEMENT, family, _elements(table, name, elements), is_new=False)


def _elements(table: str, name: str, elements: Sequence[Element]) -> bytes:
    packed = (element.packed() for element in elements)
    return text(1, table) + text(2, name) + nested(3, *packed)


# -- rules ---------------------------------------------------------------------------------------

NETWORK_HEADER, TRANSPORT_HEADER = 1, 2
META_OIF, META_IIF, META_NFPROTO, META_L4PROTO = 5, 4, 15, 16
_EQUAL, _NOT_EQUAL = 0, 1
_VERDICT_REGISTER, _REGISTER = 0, 1
_NF_DROP, _NFT_JUMP = 0, -3
_LOOKUP_INVERTED = 1


def new_rule(family: Family, table: str, chain: str, *expressions: bytes) -> Message:
    """Each expression must hold for the next to be looked at."""
    body = text(1, table) + text(2, chain) + nested(4, *expressions)
    return Message(Kind.NEW_RULE, family, body)


def _expression(name: str, *data: bytes) -> bytes:
    return nested(1, text(1, name), nested(2, *data))


def load_payload(base: int, offset: int, length: int) -> bytes:
    return _expression(
        "payload",
        number(1, _REGISTER), number(2, base), number(3, offset), number(4, length),
    )  # fmt: skip


def load_meta(key: int) -> bytes:
    return _expression("meta", number(1, _REGISTER), number(2, key))


def equals(value: bytes) -> bytes:
    return _compare(_EQUAL, value)


def differs(value: bytes) -> bytes:
    return _compare(_NOT_EQUAL, value)


def _compare(operation: int, value: bytes) -> bytes:
    return _expression(
        "cmp", number(1, _REGISTER), number(2, operation), nested(3, attribute(1, value))
    )


def jump_by(name: str, identity: int) -> bytes:
    """Go to the chain that a verdict map has for what was loaded, if it has one."""
    return _expression(
        "lookup", text(1, name), number(2, _REGISTER), number(3, _VERDICT_REGISTER),
        number(4, identity),
    )  # fmt: skip


def is_not_in(name: str, identity: int) -> bytes:
    return _expression(
        "lookup", text(1, name), number(2, _REGISTER), number(4, identity),
        number(5, _LOOKUP_INVERTED),
    )  # fmt: skip


def count() -> bytes:
    return _expression("counter")


def drop() -> bytes:
    verdict = nested(2, number(1, _NF_DROP))
    return _expression("immediate", number(1, _VERDICT_REGISTER), nested(2, verdict))
