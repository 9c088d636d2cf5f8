"""A UDP echo server that says which host it runs on.

``python -m vipkeeper.drill.echo [--port 7007]``

It answers each datagram from the address that the datagram was sent to, with the same payload and
this host's name behind it. A server bound to 0.0.0.0 would otherwise answer from the interface's
first address, and a client that asked the virtual IP would not know the answer for its own.
"""

from __future__ import annotations

import argparse
import socket
import struct
import sys

PORT = 7007
_IN_PKTINFO = struct.Struct("=I4s4s")  # struct in_pktinfo, ip(7): index, spec_dst, addr
_IP_PKTINFO = 8  # linux/in.h; the socket module names it from Python 3.14 on


def open_socket(port: int, address: str = "") -> socket.socket:
    """A datagram socket that tells the address each datagram was sent to.

    Raises:
        OSError: the port is in use, or the address is none of this machine's.
    """
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        server.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        server.bind((address, port))
    except OSError:
        server.close()
        raise
    return server


def answer_one(server: socket.socket, host: bytes) -> None:
    """Wait for one datagram and echo it.

    An answer that cannot leave is dropped: the address may have gone to another node meanwhile.
    """
    payload, control, _, client = server.recvmsg(2048, socket.CMSG_SPACE(_IN_PKTINFO.size))
    for level, kind, data in control:
        if (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO):
            _, _, destination = _IN_PKTINFO.unpack(data[: _IN_PKTINFO.size])
            source = _IN_PKTINFO.pack(0, destination, bytes(4))
            try:
                server.sendmsg(
                    [payload, host], [(socket.IPPROTO_IP, _IP_PKTINFO, source)], 0, client
                )
            except OSError:
                return


def main() -> None:
    parser = argparse.ArgumentParser(prog="vipkeeper.drill.echo", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help="UDP port (default: %(default)s)")
    port = parser.parse_args().port
    host = socket.gethostname().encode()
    with open_socket(port) as server:
        sys.stdout.write(f"listening on UDP port {port}\n")
        sys.stdout.flush()
        while True:
            answer_one(server, host)


if __name__ == "__main__":
    main()
