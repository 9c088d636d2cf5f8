"""``vipkeeperd``: from the command line to a running keeper."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from vipkeeper.daemon.command_line import Options, parse
from vipkeeper.daemon.keeper import Keeper
from vipkeeper.daemon.log import Console, Destination, Log, LogFile, Syslog
from vipkeeper.daemon.loop import Loop
from vipkeeper.daemon.pidfile import PidFile
from vipkeeper.errors import ConfigError, VipkeeperError
from vipkeeper.keepalived import Loaded, Severity, check_against_host
from vipkeeper.linux.configuration_files import read_configuration
from vipkeeper.linux.scheduling import name_process


def main() -> None:
    options = parse(sys.argv[1:], host_name=socket.gethostname())
    try:
        code = _test(options) if options.test else _run(options)
    except VipkeeperError as error:
        sys.stderr.write(f"vipkeeperd: {error}\n")
        code = error.exit_code
    sys.exit(code)


def _test(options: Options) -> int:
    """As keepalived's ``-t``: 0 nothing to say, 5 errors or warnings, 4 cannot be read."""
    loaded = _read(options)
    interfaces = [name for _, name in socket.if_nameindex()]
    findings = (*loaded.findings, *check_against_host(loaded, interfaces))
    report = "".join(f"{finding.render()}\n" for finding in findings)
    if options.test_output is None:
        sys.stderr.write(report)
    else:
        try:
            options.test_output.write_text(report)
        except OSError as error:
            raise VipkeeperError(
                f"cannot write {options.test_output}: {error.strerror}",
                remedy="give another file with -t, or none for standard error",
            ) from None
    return 5 if any(finding.severity is not Severity.NOTE for finding in findings) else 0


def _run(options: Options) -> int:
    loaded = _read(options)
    _refuse_if_it_must_be(options, loaded)
    log = _log(options)
    name_process("vipkeeperd")
    pid_file = PidFile(options.pid_file)
    pid_file.acquire()
    loop = Loop()
    try:
        keeper = Keeper(options, loaded, log, loop)
        # Not before: until here what is wrong can be told to whoever started us.
        if not options.foreground:
            _go_into_the_background(pid_file)
        keeper.run()
    finally:
        pid_file.release()
        loop.close()
    return keeper.exit_code


def _read(options: Options) -> Loaded:
    return read_configuration(str(options.configuration), config_id=options.config_id)


def _refuse_if_it_must_be(options: Options, loaded: Loaded) -> None:
    """Raises ConfigError if nothing could run, or with --strict if anything is wrong."""
    faults = [
        finding
        for finding in loaded.findings
        if finding.severity is Severity.ERROR
        or (options.strict and finding.severity is Severity.WARNING)
    ]
    can_run = loaded.configuration.instances and not loaded.fatal
    if not faults or (can_run and not options.strict):
        return
    report = "\n".join(finding.render() for finding in faults)
    why = "--strict allows no fault" if options.strict else "nothing in it can run"
    raise ConfigError(f"{options.configuration} is not used: {why}\n{report}")


def _log(options: Options) -> Log:
    destinations: list[Destination] = []
    if options.log_syslog:
        destinations.append(Syslog(options.syslog_facility))
    if options.log_console and options.foreground:
        destinations.append(Console())
    if options.log_file is not None:
        try:
            destinations.append(LogFile(Path(options.log_file)))
        except OSError as error:
            raise VipkeeperError(
                f"cannot write the log file {options.log_file}: {error.strerror}",
                remedy="give another file with --log-file",
            ) from None
    return Log(destinations)


def _go_into_the_background(pid_file: PidFile) -> None:
    """daemon(7), the traditional way: the first process ends once the pid file names the last."""
    done, tell_done = os.pipe()
    if os.fork() > 0:
        os.close(tell_done)
        os.read(done, 1)
        os._exit(0)
    os.setsid()
    if os.fork() > 0:
        os._exit(0)
    pid_file.write(os.getpid())
    os.close(tell_done)
    os.close(done)
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)


if __name__ == "__main__":
    main()
