"""What docs/compare.md says around its figures."""

# ruff: noqa: E501  a line here is a line of the page

from __future__ import annotations

HEADER = """\
# What happens to the VIP when something happens to the daemon

keepalived {m.keepalived} and vipkeeperd {m.vipkeeper} ({m.commit}), side by side, on the same machine and in turn. This page and
the picture in it are written whole by `make compare`, from [what each run measured](compare.json).

![Probes answered and lost over time while the active node's daemon is stopped, for both programs](compare.svg)

{summary}

**Machine.** {m.cores} cores, Linux {m.kernel}, Python {m.python}, {m.day}; load average {load} meanwhile.
The two programs ran one after the other, never at the same time; who came first changed from run to run.

**How it is measured.** Two nodes, a watcher and a witness, each in a network namespace, on one bridge; each run has its own. The
watcher sends one UDP probe a millisecond to the VIP, in real time (SCHED_FIFO) and on an absolute schedule; an echo server on
each node answers. A probe without an answer after a second is *lost*; the *gap* is the longest time without an answered one.
The witness asks both nodes, each at its own MAC address, who has the VIP (ARP, or Neighbor Discovery for IPv6), every 4 ms: a
node *holds* the VIP while it answers, whatever `ip address` says. *Two holders* is the longest time in which both did, from what
was done on; shorter than {resolution:g} ms it says nothing. The witness also hears adverts and announcements, at the instants at
which the kernel received them; the watcher knows where the VIP is from the announcements alone.

{floor}

**How to read it.** Median, and from least to most, of so many runs. Settings are version, interval and the two priorities; what
is done, is done to the *better* node, which has the higher one and is active; the *other* one is the backup. *At the end* is who
holds the VIP when nothing more is looked at. ✔ and ✘ say in how many runs the program did what vipkeeperd must do in that row;
{resolution:g} ms are allowed beyond a bound on two holders, since less cannot be seen.
"""

WHY_TIMERS = """\
## The host is cut off: how long the other one takes

The link of the active node goes down at the switch. The other node may take over one down interval after the last advert
that it heard (RFC 9568 6.1; v2 with priority 50 at 1 s: 3,804.7 ms; v3 with priority 100 at 0.05 s: 180.5 ms, at 0.01 s:
36.1 ms). *Late* is by how much later its first advert, and its first announcement (gratuitous ARP), were on the wire, reckoned in
each run from the last advert of the old one in that run. The announcement is what clients and switches turn at; keepalived sends
the advert before it has the addresses, vipkeeperd after it. Gap and probes lost also depend on when, between two adverts, the host
was cut off; the runs are spread evenly over that time.

As asked is a median of announcements that is no more than 3 ms late, and no later than keepalived's.
"""

AGAIN = """\
## What is not measured

Packets that a node sends *from* the VIP, TCP connections (they may be reset), the pause of a whole virtual machine, keepalived
2.4, virtual MAC addresses, and IPv6 but for two rows.

## To measure it again

```
sudo make compare                                        # all of it, {runs} runs a row, four times as many where a host is cut off
sudo make compare RUNS=2 ROWS="stop freeze"              # some rows; the page keeps what it had of the others
sudo .venv/bin/python -m benchmarks.compare stop         # only the terminal, nothing is written
.venv/bin/python -m benchmarks.compare --short           # a few rows, once: what CI does (tests/compare)
```

It needs root for SCHED_FIFO and locked memory, which a user namespace does not get. It works without, and says so: who holds
the VIP is the same then, but a busy machine shows in the milliseconds. The freezer is that of control groups of version 1;
where there is none, that row is told as not measured.
"""
