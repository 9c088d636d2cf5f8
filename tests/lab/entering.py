"""A process of the host on its way into an instance, watched by the instance's root."""

from __future__ import annotations

import subprocess

from vipkeeper.lab.client import Lab

# Whatever of a process comes from outside: its program, its mounts, its descriptors.
_WATCHER = """
import os, time
space = os.readlink('/proc/1/ns/mnt')
end = time.monotonic() + 3
print('ready', flush=True)
while time.monotonic() < end:
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            program = os.readlink(f'/proc/{pid}/exe')
            mounts = os.readlink(f'/proc/{pid}/ns/mnt')
            open(f'/proc/{pid}/mem', 'rb').close()
            command = open(f'/proc/{pid}/cmdline').read()
        except OSError:
            continue
        if mounts != space or 'lab.' 'enter' in command:  # not in this one's own
            print('seen', pid, program, mounts)
            raise SystemExit
"""


def look_into_entering_processes(lab: Lab) -> str:
    """What root in test01 saw of them while there were many; nothing is good.

    The window is a few milliseconds, so that it is looked for at every moment of many entries.
    """
    watcher = lab.popen("test01", ["python", "-c", _WATCHER], stdout=subprocess.PIPE, text=True)
    with watcher:
        assert watcher.stdout is not None
        assert watcher.stdout.readline() == "ready\n"
        while watcher.poll() is None:
            lab.run("test01", ["true"])
        assert watcher.returncode == 0
        seen: str = watcher.stdout.read()
        return seen
