"""How an instance ends, as its init and the cloud agree on it."""

from __future__ import annotations

EXIT_HALT = 0
EXIT_REBOOT = 64
"""Exit code of an init whose machine is to boot again."""

SHUTDOWN_TIMEOUT = 8.0
"""Seconds until a shutdown stops waiting for services."""
