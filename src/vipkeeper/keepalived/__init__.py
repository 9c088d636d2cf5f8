"""keepalived's configuration language: files to values, with findings on the way. Pure.

In three steps: files to meaningful lines (:mod:`lines`), lines to statements and blocks
(:mod:`blocks`), statements to typed values with all defaults in force (:mod:`loading`).
"""

from vipkeeper.keepalived.configuration import (
    Authentication,
    AuthenticationType,
    Command,
    Configuration,
    GarpSettings,
    GlobalDefs,
    NotifyCommands,
    SyncGroup,
    TrackedInterface,
    TrackedScript,
    UnicastPeer,
    VirtualAddress,
    VrrpInstance,
    VrrpScript,
)
from vipkeeper.keepalived.finding import Finding, Location, Severity
from vipkeeper.keepalived.loading import Loaded, check_against_host, load
from vipkeeper.keepalived.source import Source, UnreadableFileError

__all__ = [
    "Authentication",
    "AuthenticationType",
    "Command",
    "Configuration",
    "Finding",
    "GarpSettings",
    "GlobalDefs",
    "Loaded",
    "Location",
    "NotifyCommands",
    "Severity",
    "Source",
    "SyncGroup",
    "TrackedInterface",
    "TrackedScript",
    "UnicastPeer",
    "UnreadableFileError",
    "VirtualAddress",
    "VrrpInstance",
    "VrrpScript",
    "check_against_host",
    "load",
]
