"""The prober: ``python -m vipkeeper.drill.probe ADDRESS [PORT] [--seconds N]``.

Sends one UDP datagram each millisecond to an echo server (:mod:`vipkeeper.drill.echo`) until the
time is over or its standard input is closed. Its output is JSON lines: ``{"answering": "test01"}``
as soon as another host answers than before, and last ``{"measurement": {...}}``
(:class:`vipkeeper.drill.outage.Measurement`).

The schedule is absolute, so that a late datagram does not delay all later ones. A slot that passed
while this process was not run is left out, not made up for: a burst would ask about the same moment
many times. What was missed shows as a stall in the measurement.
"""

from __future__ import annotations

import argparse
import gc
import json
import secrets
import select
import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from vipkeeper.drill.echo import PORT
from vipkeeper.drill.outage import NS_PER_MS, Answer, Measurement, analyse

PERIOD_NS = NS_PER_MS
# How long answers are waited for after the last probe. It is also the patience with each.
DRAIN_NS = 1_000 * NS_PER_MS
_PROBE = struct.Struct("!QQ")  # this run's token, the probe's number


class Prober:
    """Sends, receives, and keeps what it saw; :meth:`measurement` says what it means.

    `answering` is called with a host's name when it answers and the answer before was another's.
    """

    def __init__(self, target: tuple[str, int], answering: Callable[[str], None]) -> None:
        self.target = target
        self.answering = answering
        self.sent_ns: list[int] = []
        self.answers: list[Answer] = []
        self._token = secrets.randbits(64)
        self._newest = -1
        self._host = ""
        # Not connected: a connected socket would return the ICMP errors of a router that finds
        # nobody at the address, in place of sending the next probe.
        family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def run(self, seconds: float | None, stop_fd: int | None) -> None:
        """Probe for `seconds` (None: without end) or until `stop_fd` reads as closed."""
        start_ns = time.monotonic_ns()
        end_ns = None if seconds is None else start_ns + round(seconds * 1e9)
        watched = [self._socket.fileno()] + ([] if stop_fd is None else [stop_fd])
        due_ns = start_ns
        while end_ns is None or due_ns < end_ns:
            due_ns = self._send_if_due(due_ns)
            readable, _, _ = select.select(watched, [], [], self._seconds_until(due_ns))
            if self._socket.fileno() in readable:
                self._receive()
            if stop_fd is not None and stop_fd in readable:
                break
        self.end_ns = max(time.monotonic_ns(), self.sent_ns[-1] if self.sent_ns else 0)
        self._drain()

    def measurement(self) -> Measurement:
        return analyse(
            self.sent_ns,
            self.answers,
            end_ns=self.end_ns,
            period_ns=PERIOD_NS,
            patience_ns=DRAIN_NS,
        )

    def _send_if_due(self, due_ns: int) -> int:
        """Send the probe that is due, if it is, and return when the next one will be."""
        now_ns = time.monotonic_ns()
        if now_ns < due_ns:
            return due_ns
        probe = _PROBE.pack(self._token, len(self.sent_ns))
        self.sent_ns.append(now_ns)
        # No route, or a full queue: nobody answers this one, as with any other loss.
        with suppress(OSError):
            self._socket.sendto(probe, self.target)
        slots_passed = (now_ns - due_ns) // PERIOD_NS + 1
        return due_ns + slots_passed * PERIOD_NS

    def _receive(self) -> None:
        while True:
            try:
                datagram, sender = self._socket.recvfrom(2048)
            except BlockingIOError:
                return
            received_ns = time.monotonic_ns()
            if sender[:2] != self.target or len(datagram) < _PROBE.size:
                continue
            token, number = _PROBE.unpack_from(datagram)
            if token != self._token or number >= len(self.sent_ns):
                continue
            host = datagram[_PROBE.size :].decode(errors="replace")
            self.answers.append(Answer(number, received_ns, host))
            # An older probe's late answer says nothing new about who answers now.
            if number > self._newest:
                self._newest = number
                if host != self._host:
                    self._host = host
                    self.answering(host)

    def _drain(self) -> None:
        """Wait for answers that are on their way, until the last probe's is there."""
        watched = [self._socket.fileno()]
        until_ns = self.end_ns + DRAIN_NS
        while self._newest < len(self.sent_ns) - 1:
            readable, _, _ = select.select(watched, [], [], self._seconds_until(until_ns))
            if not readable:
                return
            self._receive()

    @staticmethod
    def _seconds_until(instant_ns: int) -> float:
        return max(0, instant_ns - time.monotonic_ns()) / 1e9

    def close(self) -> None:
        self._socket.close()


def _say(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="vipkeeper.drill.probe", description=__doc__)
    parser.add_argument("address", help="address to send to, IPv4 or IPv6 (as RFC 5952 writes it)")
    parser.add_argument("port", type=int, nargs="?", default=PORT)
    parser.add_argument("--seconds", type=float, help="default: until standard input is closed")
    arguments = parser.parse_args()
    prober = Prober((arguments.address, arguments.port), lambda host: _say({"answering": host}))
    gc.disable()  # a full collection would show as a stall
    stop_fd = sys.stdin.fileno() if arguments.seconds is None else None
    prober.run(arguments.seconds, stop_fd)
    prober.close()
    _say({"measurement": prober.measurement().as_data()})


if __name__ == "__main__":
    main()
