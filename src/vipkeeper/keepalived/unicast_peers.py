"""Lines of unicast_peer: ``192.0.2.1 min_ttl 254 max_ttl 255``."""

from __future__ import annotations

from dataclasses import replace

from vipkeeper.keepalived.blocks import Statement
from vipkeeper.keepalived.configuration import UnicastPeer
from vipkeeper.keepalived.report import Report
from vipkeeper.keepalived.values import BadValueError, address, whole_number

LARGEST_TTL = 255


def read_unicast_peer(instance: str, line: Statement, report: Report) -> UnicastPeer | None:
    """``ADDRESS [min_ttl N] [max_ttl N]``; None where keepalived skips the line."""
    try:
        peer = UnicastPeer(address(line.keyword))
    except BadValueError as error:
        message = (
            f"Configuration error: VRRP instance[{instance}] malformed unicast peer"
            f" address[{line.keyword}]. Skipping..."
        )
        report.warning(line.words[0], "bad-address", message, str(error))
        return None
    words = iter(line.parameters)
    for option in words:
        value = next(words, None)
        if value is None:
            message = f"({instance}) {option.value} is missing a value"
            report.warning(option, "missing-parameter", message)
        elif option.value not in ("min_ttl", "max_ttl"):
            message = f"({instance}) unknown option '{option.value}' for unicast peer - ignoring"
            report.warning(option, "unknown-option", message, "min_ttl or max_ttl")
        else:
            try:
                ttl = whole_number(value.value, 0, LARGEST_TTL)
            except BadValueError as error:
                message = f"{option.value} '{value.value}' is not valid: {error}; ignored"
                report.warning(value, "bad-value", message)
            else:
                is_least = option.value == "min_ttl"
                peer = replace(peer, min_ttl=ttl) if is_least else replace(peer, max_ttl=ttl)
    if peer.min_ttl > peer.max_ttl:
        message = (
            f"({instance}) min_ttl {peer.min_ttl} > max_ttl {peer.max_ttl}"
            " - all packets will be discarded"
        )
        report.warning(line.words[0], "bad-value", message)
    return peer
