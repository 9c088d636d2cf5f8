"""A UDP echo server that says which host it runs on.

``python -m vipkeeper.drill.echo [--port 7007]``

It answers each datagram from the address that the datagram was sent to, with the same payload and
this host's name behind it. A server bound to all addresses would otherwise answer from the
interface's first one, and a client that asked the virtual IP would not know the answer for its own.
One socket serves IPv6 and IPv4, whose addresses look like ::ffff:192.0.2.1 to it (ipv6(7)).
"""

from __future__ import annotations

import argparse
import socket
import struct
import sys

PORT = 7007
_IN6_PKTINFO = struct.Struct("=16sI")  # struct in6_pktinfo, ipv6(7): address, interface index


def open_socket(port: int, address: str = "::") -> socket.socket:
    """A datagram socket that tells the address each datagram was sent to.

    Raises:
        OSError: the port is in use, or the address is none of this machine's.
    """
    server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    try:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        server.bind((address, port))
    except OSError:
        server.close()
        raise
    return server


def answer_one(server: socket.socket, host: bytes) -> None:
    """Wait for one datagram and echo it.

    An answer that cannot leave is dropped: the address may have gone to another node meanwhile.
    """
    payload, control, _, client = server.recvmsg(2048, socket.CMSG_SPACE(_IN6_PKTINFO.size))
    for level, kind, data in control:
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            destination, _ = _IN6_PKTINFO.unpack(data[: _IN6_PKTINFO.size])
            source = _IN6_PKTINFO.pack(destination, 0)
            try:
                server.sendmsg(
                    [payload, host], [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, source)], 0, client
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
