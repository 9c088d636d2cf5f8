"""Whether a program has anything to say against what the other one sent."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.interop.configurations import Configuration
from tests.programs import Speaker, discards
from tests.topology import Node
from vipkeeper.vrrp.advertisement import IPPROTO_VRRP

CHECKSUM_FORMS = {
    (2, 4): "checksum-message-rcvd",
    (3, 4): "checksum-pseudo-header-rcvd",
    (3, 6): "checksum-pseudo-header-rcvd",
}
"""How keepalived reckons the checksum: RFC 3768 5.3.8, RFC 5798 5.2.8; RFC 9568 5.2.8."""

# keepalived has no counter for a wrong checksum, version or VRID, but tells of each in its log.
# These are all its words for a packet that it does not take as it is.
_COMPLAINT = re.compile(
    r"invalid (?:VRRP|TTL|packet|passwd|IPSEC)|packet too|wrong version|auth,|auth type|mismatch"
    r"|expect|unknown VRID|not a unicast peer|discard|old version|interval updated",
    re.IGNORECASE,
)
_PREEMPTION = re.compile(r"received lower priority \(\d+\) advert from \S+ - discarding")
"""What a better Backup does until it takes over (RFC 9568 6.4.2): the protocol, not a fault."""


def complaints(speaker: Speaker, configuration: Configuration) -> Iterator[str]:
    """What is not as it must be in its counters and in its log."""
    for name, value in discards(speaker).items():
        yield f"{name} is {value}"
    for line in speaker.log().splitlines():
        if _COMPLAINT.search(_PREEMPTION.sub("", line)):
            yield line
    for line in kernel_drops(speaker.node):
        yield f"the kernel dropped adverts: {line}"
    counters = speaker.counters()
    if speaker.kind == "vipkeeperd":
        form = CHECKSUM_FORMS[configuration.version, configuration.family]
        if counters[form] != counters["advertisement-rcvd"]:
            yield f"checksums of another form than {form}: {counters}"


def kernel_drops(node: Node) -> list[str]:
    """The raw sockets of VRRP that missed a packet, by a wrong checksum of IPv6 or a full queue.

    The column ``drops`` is the last one (proc_pid_net(5)).
    """
    sockets = node.run("cat", "/proc/net/raw", "/proc/net/raw6").splitlines()
    return [line for line in sockets if f":{IPPROTO_VRRP:04X} " in line and line.split()[-1] != "0"]
