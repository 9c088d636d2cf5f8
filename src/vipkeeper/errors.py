"""What can go wrong, as a person meets it.

::

    VipkeeperError            1   anything a command reports in one line, without a traceback
    ├── UsageError            2   the command line asks for something that cannot be
    ├── ConfigError           5   a configuration file is wrong: where, the line, a caret, advice
    ├── KernelError           4   the kernel refused: the call, the object, errno, what to do
    ├── CloudError            1   the cloud refused or did not answer: its words, the request's id
    ├── LabError              1   the lab cannot do what was asked
    └── MissingProgramError   1   a program is not installed: its name and the package it is in

The number is the process's exit code (4 and 5 are keepalived's own for ``-t``).
"""

from __future__ import annotations

from os import strerror


class VipkeeperError(Exception):
    """Base of all errors that are shown to a person in one line.

    ``remedy`` is the advice that follows the message, empty where there is none.
    """

    exit_code = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n  {self.remedy}" if self.remedy else self.message


class UsageError(VipkeeperError):
    exit_code = 2


class ConfigError(VipkeeperError):
    """A configuration that cannot be used; the message already holds file:line:col and caret."""

    exit_code = 5


class KernelError(VipkeeperError):
    """The kernel refused an operation.

    Args:
        operation: what was tried, with its object, as "add 192.0.2.1/24 to eth0".
        errno: the error number, as in :mod:`errno`.
        remedy: what a person can do about it.
    """

    exit_code = 4

    def __init__(self, operation: str, errno: int, *, remedy: str = "") -> None:
        super().__init__(f"cannot {operation}: {strerror(errno)}", remedy=remedy)
        self.operation = operation
        self.errno = errno


class CloudError(VipkeeperError):
    """The cloud refused, or gave no answer.

    Args:
        operation: what was tried, with its object, as "create port web-vip".
        words: what the cloud said, or why there was no answer.
        status: of HTTP; None where there was no answer.
        request_id: by which the cloud's operators find it in their logs; empty if none was given.
    """

    def __init__(
        self,
        operation: str,
        words: str,
        *,
        status: int | None = None,
        request_id: str = "",
        remedy: str = "",
    ) -> None:
        number = f"HTTP {status}: " if status else ""
        asked = f" ({request_id})" if request_id else ""
        super().__init__(f"cannot {operation}: {number}{words}{asked}", remedy=remedy)
        self.operation = operation
        self.words = words
        self.status = status
        self.request_id = request_id


class LabError(VipkeeperError):
    pass


class MissingProgramError(VipkeeperError):
    def __init__(self, program: str, package: str) -> None:
        super().__init__(
            f"{program} is not installed", remedy=f"install it: apt-get install {package}"
        )
        self.program = program
        self.package = package
