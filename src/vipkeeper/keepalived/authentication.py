"""The authentication block: VRRPv2's simple password (RFC 2338 5.3.6)."""

from __future__ import annotations

from vipkeeper.keepalived.blocks import Statement
from vipkeeper.keepalived.configuration import Authentication, AuthenticationType
from vipkeeper.keepalived.report import Report, did_you_mean
from vipkeeper.keepalived.values import missing_parameter, refuse_block
from vipkeeper.keepalived.words import Word

KEYWORDS = frozenset({"auth_type", "auth_pass"})

LONGEST_PASSWORD = 8  # bytes: the packet has two 32-bit words for it


class AuthenticationLines:
    """authentication as written; the last auth_type and auth_pass count."""

    def __init__(self) -> None:
        self.type: AuthenticationType | None = None
        self.password = b""
        self.type_word: Word | None = None

    def read(self, statement: Statement, report: Report) -> None:
        if statement.keyword not in KEYWORDS:
            report.unknown(statement, KEYWORDS)
            return
        refuse_block(statement, report)
        if not statement.parameters:
            missing_parameter(statement, report)
            return
        if statement.words[2:]:
            # Said without the words: they may be the rest of a password.
            report.warning(
                statement.words[2],
                "extra-words",
                f"{statement.keyword}: what follows its first word is ignored",
                "a value with spaces stands in double quotes",
            )
        if statement.keyword == "auth_type":
            self._read_type(statement.words[1], report)
        else:
            self._read_password(statement.words[1], report)

    def _read_type(self, word: Word, report: Report) -> None:
        if word.value in AuthenticationType.__members__:
            self.type = AuthenticationType[word.value]
            self.type_word = word
            return
        report.warning(
            word,
            "bad-value",
            f"unknown authentication type '{word.value}'",
            did_you_mean(word.value.upper(), AuthenticationType.__members__) or "PASS or AH",
        )

    def _read_password(self, word: Word, report: Report) -> None:
        password = word.value.encode(errors="surrogateescape")
        if len(password) > LONGEST_PASSWORD:
            report.warning(
                word,
                "long-password",
                f"Truncating auth_pass to {LONGEST_PASSWORD} characters:"
                f" this one has {len(password)}",
                "the other routers see the first eight only; write eight, so that nobody is misled",
            )
        self.password = password[:LONGEST_PASSWORD]

    def settled(self) -> Authentication | None:
        """None where the block says too little to authenticate with."""
        if self.type is None or not self.password:
            return None
        return Authentication(self.type, self.password)
