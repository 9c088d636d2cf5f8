"""nft(8), fed with a script: the kernel takes all of it or nothing."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from zlib import crc32

from vipkeeper.errors import MissingProgramError, VipkeeperError

TIMEOUT_SECONDS = 10
"""A transaction takes 2 to 3 ms; the kernel's lock may be held by somebody with many rules."""


def run(script: str) -> None:
    """Carry out a script.

    Raises:
        MissingProgramError: nft is not installed.
        VipkeeperError: it was refused; the message holds nft's own words.
    """
    try:
        done = subprocess.run(
            ["nft", "-f", "-"],
            input=script,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
        )
    except FileNotFoundError:
        raise MissingProgramError("nft", "nftables") from None
    except subprocess.TimeoutExpired:
        raise VipkeeperError(f"nft did not end within {TIMEOUT_SECONDS} s") from None
    if done.returncode:
        words = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise VipkeeperError(f"nft refused: {words}")


def table_name(purpose: str, pid_file: Path) -> str:
    """A name that nft takes, one for each daemon: from its pid file's, which is its own."""
    digest = crc32(str(pid_file).encode())  # files of one name may lie in several directories
    return re.sub(r"\W", "_", f"{purpose}_{pid_file.stem}_{digest:08x}", flags=re.ASCII)
