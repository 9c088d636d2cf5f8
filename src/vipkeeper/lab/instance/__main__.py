"""``python -m vipkeeper.lab.instance FD``: PID 1. The order is on stdin, FD leads to the cloud."""

from __future__ import annotations

import os
import pickle
import socket
import sys

from vipkeeper.errors import VipkeeperError
from vipkeeper.lab import messages
from vipkeeper.lab.instance import filesystem
from vipkeeper.lab.instance.init import Init
from vipkeeper.lab.instance.order import BootOrder


def main() -> None:
    cloud = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(cloud.fileno(), False)
    order: BootOrder = pickle.load(sys.stdin.buffer)  # noqa: S301 -- from the cloud, by a pipe
    try:
        socket.sethostname(order.hostname)
        filesystem.build(order)
        os.chdir("/")
        messages.send(cloud, {"built": True})
        if messages.receive(cloud) is None:  # until the links are there
            sys.exit(1)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        Init(order, cloud).run()
    except VipkeeperError as error:
        messages.send(cloud, messages.failure(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
