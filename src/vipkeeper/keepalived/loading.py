"""From a path to a :class:`Loaded`: all three steps in a row."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from vipkeeper.keepalived import checks
from vipkeeper.keepalived.authentication import KEYWORDS as AUTHENTICATION_KEYWORDS
from vipkeeper.keepalived.blocks import Statement, statements
from vipkeeper.keepalived.configuration import (
    Configuration,
    GlobalDefs,
    SyncGroup,
    VrrpInstance,
    VrrpScript,
)
from vipkeeper.keepalived.finding import Finding, Location, Severity
from vipkeeper.keepalived.global_definitions import KEYWORDS as GLOBAL_KEYWORDS
from vipkeeper.keepalived.global_definitions import GlobalLines
from vipkeeper.keepalived.instances import KEYWORDS as INSTANCE_KEYWORDS
from vipkeeper.keepalived.instances import InstanceLines
from vipkeeper.keepalived.lines import LineReader
from vipkeeper.keepalived.report import Report, body_of
from vipkeeper.keepalived.scripts import SCRIPT_KEYWORDS, read_script, read_sync_group
from vipkeeper.keepalived.settling import settle
from vipkeeper.keepalived.source import Source
from vipkeeper.keepalived.support import OUT_OF_SCOPE, ROOT, report_absent
from vipkeeper.keepalived.virtual_mac import VirtualInterfaceNames
from vipkeeper.keepalived.words import Word

ROOT_KEYWORDS = frozenset({"global_defs", "vrrp_instance", *ROOT})

# These stand outside all blocks only: one of them inside a block means that a '}' is missing.
_ROOT_ONLY = frozenset({"global_defs", "vrrp_instance", "vrrp_script", "vrrp_sync_group"}) | {
    "virtual_server", "virtual_server_group", "static_ipaddress", "static_routes", "static_rules",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration and what there is to say about it.

    Attributes:
        findings: in the order of the files and their lines.
        files: the files that were read, the named one first.
        interface_uses: what :func:`check_against_host` compares with the machine.
    """

    configuration: Configuration
    findings: tuple[Finding, ...] = ()
    files: tuple[str, ...] = ()
    interface_uses: tuple[checks.InterfaceUse, ...] = ()

    @property
    def fatal(self) -> tuple[Finding, ...]:
        """The errors that concern no single instance: nothing of this file should run."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR and not f.instance)


def load(path: str, source: Source, *, config_id: str = "") -> Loaded:
    """Read ``path`` and what it includes.

    Args:
        config_id: what ``@id`` lines are compared with; keepalived's default is the host's name
            up to the first dot.

    Raises:
        UnreadableFileError: ``path`` itself cannot be read. Nothing else raises, whatever the text.
    """
    reader = LineReader(source, config_id=config_id)
    findings: list[Finding] = []
    document = _Document(findings)
    for statement in statements(reader.read(path), findings):
        document.read(statement)
    loaded = document.settled()
    findings += reader.findings
    if not document.instances:
        place = Location(path, 1, 1, 1)
        message = "there is no vrrp_instance here: nothing to do"
        findings.append(Finding(Severity.WARNING, "no-instance", message, place))
    files = tuple(dict.fromkeys(reader.files))
    order = {file: index for index, file in enumerate(files)}
    findings.sort(key=lambda f: (order[f.location.file], f.location.line, f.location.column))
    return replace(loaded, findings=tuple(_summed_up(findings)), files=files)


def check_against_host(loaded: Loaded, interfaces: Collection[str]) -> tuple[Finding, ...]:
    """What the files name and this machine lacks.

    Args:
        interfaces: the names of the network interfaces there are.
    """
    dynamic = loaded.configuration.global_defs.dynamic_interfaces
    severity = Severity.WARNING if dynamic else Severity.ERROR
    return tuple(checks.missing_interfaces(loaded.interface_uses, interfaces, severity=severity))


@dataclass(slots=True)
class _Document:
    """All blocks as written, in their order."""

    findings: list[Finding]
    defaults: GlobalLines = field(default_factory=GlobalLines)
    instances: list[tuple[InstanceLines, Report]] = field(default_factory=list)
    named: dict[str, InstanceLines] = field(default_factory=dict)
    scripts: dict[str, tuple[int, Word, VrrpScript]] = field(default_factory=dict)
    groups: list[tuple[SyncGroup, Word]] = field(default_factory=list)
    position: int = 0

    def read(self, statement: Statement) -> None:
        """One statement that stands outside all blocks."""
        if not statement.words:
            return
        self.position += 1
        report = Report(self.findings)
        match statement.keyword:
            case "global_defs":
                for line in body_of(statement, report):
                    if not (
                        self._belongs_outside(line, report) or self.defaults.read(line, report)
                    ):
                        report.unknown(line, GLOBAL_KEYWORDS, _home(line.keyword))
            case "vrrp_instance":
                self._read_instance(statement)
            case "vrrp_script" | "vrrp_sync_group":
                report_absent(ROOT, statement, report)
                self._read_named(statement, report)
            case _ if not report_absent(ROOT, statement, report):
                self._read_unknown(statement, report)

    def _read_instance(self, statement: Statement) -> None:
        name = statement.words[1].value if len(statement.words) == 2 else ""
        report = Report(self.findings, name or "(unnamed)")
        body = body_of(statement, report, parameters=1)
        lines = InstanceLines(statement, name, self.position)
        if not name:
            message = "vrrp_instance must have a name, of one word"
            report.error(statement.words[0], "missing-name", message, "vrrp_instance NAME { ... }")
            return
        if earlier := self.named.get(name):
            line = earlier.statement.text.line.number
            report.error(
                statement.words[1],
                "duplicate-instance",
                f"vrrp instance {name} already defined, in line {line}: this one is not run",
                "give it a name of its own",
            )
            return
        for line_statement in body:
            if not (
                self._belongs_outside(line_statement, report) or lines.read(line_statement, report)
            ):
                report.unknown(line_statement, INSTANCE_KEYWORDS, _home(line_statement.keyword))
        self.instances.append((lines, report))
        self.named[name] = lines

    def _belongs_outside(self, statement: Statement, report: Report) -> bool:
        """Handle a block that can only be here because a '}' is missing above it."""
        if statement.keyword not in _ROOT_ONLY or statement.block is None:
            return False
        report.error(
            statement.words[0],
            "missing-brace",
            f"Unknown keyword '{statement.keyword}' here: the block above it does not end",
            "add '}' before this line",
        )
        self.read(statement)
        return True

    def _read_named(self, statement: Statement, report: Report) -> None:
        body = body_of(statement, report, parameters=1)
        if len(statement.words) < 2:
            message = f"{statement.keyword} must have a name"
            report.warning(statement.words[0], "missing-name", message)
            return
        word = statement.words[1]
        inner = _with_body(statement, [s for s in body if not self._belongs_outside(s, report)])
        if statement.keyword == "vrrp_sync_group":
            self.groups.append((read_sync_group(word.value, inner, report), word))
        elif (script := read_script(word.value, inner, report)) is not None:
            self.scripts[word.value] = (self.position, word, script)

    def _read_unknown(self, statement: Statement, report: Report) -> None:
        keyword = statement.keyword
        if keyword in INSTANCE_KEYWORDS and self.instances:
            lines, its_report = self.instances[-1]
            its_report.error(
                statement.words[0],
                "misplaced-keyword",
                f"Unknown keyword '{keyword}' here: it belongs in a vrrp_instance",
                f"does '{lines.name}' (line {lines.statement.text.line.number}) end too early?",
            )
            return
        report.unknown(statement, ROOT_KEYWORDS, _home(keyword))

    def settled(self) -> Loaded:
        """Every default in force, and the instances compared with each other."""
        defaults = self.defaults.settled()
        running: dict[tuple[str, int, int], InstanceLines] = {}
        addresses: dict[object, InstanceLines] = {}
        instances: list[VrrpInstance] = []
        uses: list[checks.InterfaceUse] = []
        names = VirtualInterfaceNames(
            (lines.use_vmac.name for lines, _ in self.instances if lines.use_vmac),
            defaults.vmac_prefix,
        )
        for lines, report in self.instances:
            instance = settle(lines, defaults, self.defaults.places, names, report)
            if instance is None:
                continue
            checks.same_virtual_router(lines, instance, running, report)
            if report.failed:
                continue
            running[checks.virtual_router(instance)] = lines
            checks.shared_addresses(lines, addresses, report)
            uses += checks.interface_uses(lines, instance)
            instances.append(instance)
        self._check_references()
        return Loaded(self._configuration(defaults, instances), interface_uses=tuple(uses))

    def _check_references(self) -> None:
        all_lines = [lines for lines, _ in self.instances]
        scripts = {name: (position, word) for name, (position, word, _) in self.scripts.items()}
        checks.check_scripts(all_lines, scripts, self.findings)
        checks.check_sync_groups(self.groups, [lines.name for lines in all_lines], self.findings)

    def _configuration(self, defaults: GlobalDefs, instances: list[VrrpInstance]) -> Configuration:
        names = {instance.name for instance in instances}
        return Configuration(
            global_defs=defaults,
            instances=tuple(instances),
            refused=tuple(line.name for line, _ in self.instances if line.name not in names),
            vrrp_scripts=tuple(script for _, _, script in self.scripts.values()),
            sync_groups=tuple(group for group, _ in self.groups),
        )


def _home(keyword: str) -> str:
    """Where a keyword belongs that is not known where it stands."""
    for block, keywords in (
        ("authentication", AUTHENTICATION_KEYWORDS),
        ("vrrp_instance", INSTANCE_KEYWORDS),
        ("global_defs", GLOBAL_KEYWORDS),
        ("vrrp_script", SCRIPT_KEYWORDS),
    ):
        if keyword in keywords:
            return f"it belongs in {block} {{ ... }}"
    return ""


def _with_body(statement: Statement, body: list[Statement]) -> Statement:
    if statement.block is None:
        return statement
    return replace(statement, block=replace(statement.block, statements=body))


def _summed_up(findings: list[Finding]) -> list[Finding]:
    """With one finding for a feature that is missing, however often the file asks for it."""
    kept: list[Finding] = []
    first: dict[str, int] = {}
    lines: dict[str, list[str]] = {}
    for finding in findings:
        if (
            finding.code not in ("not-yet-supported", OUT_OF_SCOPE)
            or finding.severity is Severity.ERROR
        ):
            kept.append(finding)
        elif finding.message in first:
            lines[finding.message].append(str(finding.location.line))
        else:
            first[finding.message] = len(kept)
            lines[finding.message] = []
            kept.append(finding)
    for message, index in first.items():
        if also := lines[message]:
            shown = ", ".join(also[:4]) + (", ..." if len(also) > 4 else "")
            kept[index] = replace(kept[index], message=f"{message} (also in line {shown})")
    return kept
