"""``python -m vipkeeper.lab.instance FD NAME``: PID 1.

The order is on stdin, and FD leads to the cloud.
"""

from __future__ import annotations

import os
import pickle
import socket
import sys
from contextlib import suppress

from vipkeeper.errors import VipkeeperError
from vipkeeper.lab import messages
from vipkeeper.lab.instance import filesystem
from vipkeeper.lab.instance.init import Init
from vipkeeper.lab.instance.order import BootOrder
from vipkeeper.linux import seccomp


def main() -> None:
    cloud = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(cloud.fileno(), False)
    order: BootOrder = pickle.load(sys.stdin.buffer)  # noqa: S301 -- from the cloud, by a pipe
    try:
        socket.sethostname(order.hostname)
        if order.one_user:
            seccomp.pretend_setgroups()
        filesystem.build(order)
        os.chdir("/")
        messages.send(cloud, {"built": True})
        if messages.receive(cloud) is None:  # until the links are there
            sys.exit(1)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        Init(order, cloud).run()
    except Exception as error:
        with suppress(OSError):  # another instance may have failed first, and the lab with it
            messages.send(cloud, messages.failure(error))
        if isinstance(error, VipkeeperError):
            sys.exit(1)
        raise


if __name__ == "__main__":
    main()
