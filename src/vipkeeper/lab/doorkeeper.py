"""The one process of a lab that stays on the host: it holds the name and opens the door.

::

    vipkeeper lab up
      └─ doorkeeper            host's namespaces; listens on @vipkeeper-lab/UID/NAME
           └─ cloud            PID 1 of the lab's namespaces

It is outside because only there the user ids of who knocks mean what they say: seen from a
user namespace that does not map them, root and a stranger look alike. A caller that is
neither root nor the lab's owner is turned away; the others' connections are handed in.

When the doorkeeper dies, by whatever signal, so does the cloud (PR_SET_PDEATHSIG, and the end
of the socket between them); when the cloud dies, the kernel kills all within its PID namespace
and the doorkeeper ends.
"""

from __future__ import annotations

import os
import pickle
import select
import socket
import struct
import sys
import zlib
from contextlib import suppress
from dataclasses import replace
from errno import EADDRINUSE
from typing import NoReturn

from vipkeeper.errors import LabError, VipkeeperError
from vipkeeper.lab import house, isolation, messages
from vipkeeper.lab.order import CHUNK, Order
from vipkeeper.lab.spec import MAX_INSTANCES
from vipkeeper.linux import namespaces

# Above what useradd, subuid(5) and systemd-nspawn give out, below 2**31 - 1.
_FIRST_ID = 0x70000000
_IDS_OF_A_LAB = CHUNK * (MAX_INSTANCES + 1)
_SLOTS = (0x7FFF0000 - _FIRST_ID) // _IDS_OF_A_LAB

API_ADDRESS = "127.0.0.1"

_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid


def id_map(lab: str) -> namespaces.IdMap:
    """The ids of a lab: one for a user, a range that nobody uses for root.

    Who is root in a container that has no such range has one id as well.
    """
    user = os.geteuid()
    first = _FIRST_ID + zlib.crc32(lab.encode()) % _SLOTS * _IDS_OF_A_LAB
    if user == 0 and namespaces.has_ids(first, _IDS_OF_A_LAB):
        return ((0, first, _IDS_OF_A_LAB),)
    return ((0, user, 1),)


def main() -> None:
    """``python -m vipkeeper.lab.doorkeeper FD NAME``.

    The order is on stdin, and FD is where to report. NAME is for who looks at the processes.
    """
    report = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(report.fileno(), False)
    order: Order = pickle.load(sys.stdin.buffer)  # noqa: S301 -- from our own parent, by a pipe
    if os.fork() != 0:
        os._exit(0)  # nobody's child: whoever asked for the lab need not wait for its end
    try:
        _Door(order, report).keep()
    except VipkeeperError as error:
        messages.send(report, messages.failure(error))
        sys.exit(error.exit_code)


class _Door:
    def __init__(self, order: Order, report: socket.socket) -> None:
        self._report: socket.socket | None = report
        self._owned = order.owned
        self._listener = _listen(order.name)
        namespaces.adopt_orphans()
        self._cloud_socket, inner = messages.pair()
        with inner, _listen_for_api(order.api_port) as api:
            self._cloud = _start_cloud(replace(order, listener=api.fileno()), inner)

    def keep(self) -> None:
        """Hand in callers until the cloud is gone."""
        poll = select.poll()
        pidfd = os.pidfd_open(self._cloud)
        for descriptor in (self._listener.fileno(), self._cloud_socket.fileno(), pidfd):
            poll.register(descriptor, select.POLLIN)
        if self._report is not None:
            poll.register(self._report, select.POLLIN)  # which can only be the caller's end
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == pidfd:
                    self._cloud_died()
                elif descriptor == self._cloud_socket.fileno():
                    self._pass_on_report(poll)
                elif descriptor == self._listener.fileno():
                    self._answer_door()
                elif self._report is not None:
                    sys.exit(1)  # gone before the lab was there, or gone and it was theirs

    def _pass_on_report(self, poll: select.poll) -> None:
        received = messages.receive(self._cloud_socket)
        if received is None:
            poll.unregister(self._cloud_socket)
            return
        if self._report is None:
            return
        messages.send(self._report, received[0])
        _leave_terminal()
        if not self._owned:
            poll.unregister(self._report)
            self._report.close()
            self._report = None

    def _answer_door(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            _, user, _ = _CREDENTIALS.unpack(raw)
            if user in (0, os.geteuid()):
                messages.send(self._cloud_socket, {"caller": user}, [connection.fileno()])

    def _cloud_died(self) -> NoReturn:
        _, status = os.waitpid(self._cloud, 0)
        if self._report is not None:
            received = messages.receive(self._cloud_socket)
            ended = LabError(f"the lab ended while it was built (status {status})")
            with suppress(OSError):  # an owner may be gone
                messages.send(self._report, received[0] if received else messages.failure(ended))
        sys.exit(0 if status == 0 else 1)


def _listen(lab: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        listener.bind(messages.socket_name(os.geteuid(), lab))
    except OSError as error:
        if error.errno != EADDRINUSE:
            raise
        raise LabError(
            f"a lab named {lab!r} is running already",
            remedy=f"end it with `vipkeeper lab down --name {lab}`, or choose another --name",
        ) from error
    listener.listen(64)
    return listener


def _listen_for_api(port: int) -> socket.socket:
    """The socket of the lab's OpenStack APIs, in the host's network, where their callers are."""
    try:
        return socket.create_server((API_ADDRESS, port), backlog=128)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise LabError(
            f"cannot listen on {API_ADDRESS} port {port} for the lab's APIs: {reason}",
            remedy="choose another port, or none: then any free one is taken",
        ) from error


def _leave_terminal() -> None:
    """Errors went to the caller's terminal while the lab was built; it is not ours any longer."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _start_cloud(order: Order, inner: socket.socket) -> int:
    """Start the cloud in namespaces of its own; its PID here.

    Root still has its own ids when it builds the house, so that a checkout below /root can be
    shown to a cloud that could never reach it. A user builds it from within.
    """
    ids = id_map(order.name)
    privileged = ids[0][2] > 1

    def build() -> None:
        house.build(order.sources)

    what = isolation.in_memory(pickle.dumps(order))
    program = isolation.Program(
        [*isolation.python(order.sources, "vipkeeper.lab.cloud"), str(inner.fileno()), order.name],
        stdin=what,
        inherit=[inner.fileno(), order.listener],
    )
    cloud = isolation.spawn(
        program, ids, outside=build if privileged else None, inside=None if privileged else build
    )
    os.close(what)
    return cloud


if __name__ == "__main__":
    main()
