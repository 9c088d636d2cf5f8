"""keepalived's command line, as far as a unit file or a script may pass it."""

from __future__ import annotations

import argparse
import signal
from dataclasses import dataclass
from pathlib import Path

from vipkeeper import __version__
from vipkeeper.daemon.revival import Invocation
from vipkeeper.daemon.signals import DUMP_SIGNALS

DEFAULT_CONFIGURATION = Path("/etc/keepalived/keepalived.conf")
DEFAULT_PID_FILE = Path("/run/vipkeeperd.pid")
DEFAULT_VRRP_PID_FILE = Path("/run/vipkeeperd_vrrp.pid")
DEFAULT_CONTROL_SOCKET = Path("/run/vipkeeper/control.sock")

FENCES = ("nftables", "lifetimes", "none")

SIGNALS: dict[str, int] = {"STOP": signal.SIGTERM, "RELOAD": signal.SIGHUP, **DUMP_SIGNALS}

_FACILITIES = {
    "user": 1,
    "daemon": 3,
    **{f"{prefix}{number}": 16 + number for prefix in ("", "local") for number in range(8)},
}
"""By the names that keepalived's -S takes; LOG_LOCAL0 is 16 (syslog(3))."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for.

    Attributes:
        test_output: where ``-t`` writes, None for standard error.
        fence: what the kernel keeps a speaker that is killed or stopped from answering by.
        invocation: how this was started.
        ignored: options that mean something to keepalived and nothing here.
    """

    configuration: Path
    foreground: bool
    log_console: bool
    log_detail: bool
    log_syslog: bool
    log_file: Path | None
    syslog_facility: int
    pid_file: Path
    vrrp_pid_file: Path
    control_socket: Path
    test: bool
    test_output: Path | None
    strict: bool
    config_id: str
    fence: str
    invocation: Invocation
    ignored: tuple[str, ...]


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vipkeeperd",
        # Long options may be shortened, as getopt_long(3) lets keepalived's be.
        description="Keeps virtual IPs alive by VRRP, from a keepalived.conf.",
    )
    add = parser.add_argument
    add(
        "-f",
        "--use-file",
        type=Path,
        default=DEFAULT_CONFIGURATION,
        metavar="FILE",
        help="the configuration (default: %(default)s)",
    )
    add("-n", "--dont-fork", action="store_true", help="stay in the foreground")
    add("-l", "--log-console", action="store_true", help="log to standard error too")
    add("-D", "--log-detail", action="count", default=0, help="log in detail")
    add(
        "-S",
        "--log-facility",
        type=_facility,
        default=_FACILITIES["daemon"],
        metavar="0-7|local0-7|user|daemon",
        help="syslog facility (default: daemon)",
    )
    add("-g", "--log-file", type=Path, metavar="FILE", help="log to a file too")
    add("-G", "--no-syslog", action="store_true", help="do not log to syslog")
    add(
        "-p",
        "--pid",
        type=Path,
        default=DEFAULT_PID_FILE,
        metavar="FILE",
        help="pid file (default: %(default)s)",
    )
    add(
        "-r",
        "--vrrp_pid",
        type=Path,
        default=DEFAULT_VRRP_PID_FILE,
        metavar="FILE",
        help="pid file of the VRRP process (default: %(default)s)",
    )
    add(
        "-t",
        "--config-test",
        nargs="?",
        const="-",
        metavar="FILE",
        help="check the configuration, report to FILE (default: standard error), and end: "
        "0 nothing to say, 4 cannot be read, 5 errors or warnings",
    )
    add(
        "-i",
        "--config-id",
        default="",
        metavar="ID",
        help="which lines marked @ID are read (default: the host's name up to the first dot)",
    )
    add("-s", "--namespace", metavar="NAME", help=argparse.SUPPRESS)
    add("-P", "--vrrp", action="store_true", help="run VRRP (which is all there is)")
    add("--strict", action="store_true", help="refuse a configuration with any fault in it")
    add(
        "--control",
        type=Path,
        default=DEFAULT_CONTROL_SOCKET,
        metavar="SOCKET",
        help="where `vipkeeper status` asks (default: %(default)s)",
    )
    add(
        "--fence",
        choices=FENCES,
        default=FENCES[0],
        help="what keeps the kernel from answering for a VIP when this daemon is killed or stopped:"
        " nftables, the lifetimes of the addresses (whole seconds, and each renewal is an event"
        " that other programs hear), or none (default: %(default)s)",
    )
    add(
        "--signum",
        choices=list(SIGNALS),
        metavar="|".join(SIGNALS),
        help="print the number of the signal that does this, and end",
    )
    add("-v", "--version", action="version", version=f"vipkeeperd {__version__}")
    _accept_the_rest(parser)
    return parser  # fmt: skip


def _accept_the_rest(parser: argparse.ArgumentParser) -> None:
    """What keepalived takes and what changes nothing here: taken, and told once in the log."""
    ignored = parser.add_argument_group("accepted for keepalived's sake, without effect")
    flags = (
        ("-R", "--dont-respawn"),
        ("-V", "--dont-release-vrrp"),
        ("-I", "--dont-release-ipvs"),
        ("-X", "--release-vips"),
        ("-C", "--check"),
        ("-B", "--no_bfd"),
        ("--all",),
        ("-d", "--dump-conf"),
        ("-x", "--snmp"),
        ("-m", "--core-dump"),
        ("--flush-log-file",),
        ("--ignore-sigint",),
        ("--no-mem-check",),
        ("-a", "--address-monitoring"),
        ("-e", "--all-config"),
    )
    valued = (
        ("-u", "--umask"),
        ("-c", "--checkers_pid"),
        ("-b", "--bfd_pid"),
        ("-A", "--snmp-agent-socket"),
    )
    for names in flags:
        ignored.add_argument(*names, action="append_const", const=names[-1], dest="ignored",
                             help=argparse.SUPPRESS)  # fmt: skip
    for names in valued:
        ignored.add_argument(*names, action=_Ignored, dest="ignored", help=argparse.SUPPRESS)
    ignored.add_argument("-M", "--core-dump-pattern", nargs="?", action=_Ignored, dest="ignored",
                         help=argparse.SUPPRESS)  # fmt: skip


class _Ignored(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        namespace.ignored = [*(namespace.ignored or []), self.option_strings[-1]]


def parse(arguments: list[str], *, host_name: str) -> Options:
    """Raises SystemExit as argparse does: 0 for --help and --version, 2 for what it cannot be."""
    parser = build_parser()
    parsed = parser.parse_args(arguments)
    if parsed.signum:
        print(int(SIGNALS[parsed.signum]))  # noqa: T201 it was asked for
        raise SystemExit(0)
    if parsed.namespace:  # ignored, it would speak in another network than it was told to
        command = f"ip netns exec {parsed.namespace} vipkeeperd ..."
        parser.error(f"argument -s/--namespace: enter the namespace first: {command}")
    return Options(
        configuration=parsed.use_file.absolute(),  # it outlives the working directory
        foreground=parsed.dont_fork,
        log_console=parsed.log_console,
        log_detail=parsed.log_detail > 0,
        log_syslog=not parsed.no_syslog,
        log_file=parsed.log_file,
        syslog_facility=parsed.log_facility,
        pid_file=parsed.pid.absolute(),
        vrrp_pid_file=parsed.vrrp_pid.absolute(),
        control_socket=parsed.control.absolute(),
        test=parsed.config_test is not None,
        test_output=None if parsed.config_test in (None, "-") else Path(parsed.config_test),
        strict=parsed.strict,
        config_id=parsed.config_id or host_name.partition(".")[0],
        fence=parsed.fence,
        invocation=Invocation(tuple(arguments), str(Path.cwd())),
        ignored=tuple(parsed.ignored or ()),
    )


def _facility(text: str) -> int:
    if text not in _FACILITIES:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not one of 0 to 7, local0 to local7, user, daemon"
        )
    return _FACILITIES[text]
