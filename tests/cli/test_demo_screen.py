from __future__ import annotations

import pytest

from vipkeeper.cli.demo_screen import Screen
from vipkeeper.demo.step import Check, Report, Result
from vipkeeper.demo.variants import VARIANTS
from vipkeeper.demo.walkthrough import STEPS

LONG = "addrs: 192.168.100.196 " * 20
SEEN = Check("test01 answers", "client", "curl -s http://192.0.2.1/", f"test01\n{LONG}", ok=True)
NOT_SEEN = Check("it ends", "", "vipkeeper lab poweroff test01", "nobody after", ok=False)


def shown(capsys: pytest.CaptureFixture[str], result: Result) -> str:
    with Screen() as screen:
        screen.begins(result.title)
        screen.ended(result)
    return capsys.readouterr().out


def test_a_pipe_gets_plain_lines_as_they_were_seen(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, Result("step-1", "Curl", (SEEN,), 0.14))
    assert text.splitlines() == [
        "✔ 1 Curl  0.1 s",
        "  ✔ test01 answers",
        "    client# curl -s http://192.0.2.1/",
        "    test01",
        f"    {LONG}",
        "",
    ]


def test_what_was_not_as_expected_is_marked_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    result = Result("variant-x", "No pair", (SEEN, NOT_SEEN), 7.0, trouble="the lab ended")
    lines = shown(capsys, result).splitlines()
    assert lines[0] == "✘ No pair  7.0 s"
    assert lines[-5:] == [
        "  ✘ it ends",
        "    $ vipkeeper lab poweroff test01",
        "    nobody after",
        "  ✘ the lab ended",
        "",
    ]


def test_on_a_terminal_lines_are_wrapped_within_their_indent(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    screen = Screen()
    screen.ended(Result("step-1", "Curl", (SEEN,), 0.1))
    lines = capsys.readouterr().out.splitlines()
    observed = lines[4:-1]
    assert len(observed) > 10
    assert all(line.startswith("    ") and len(line) <= 40 for line in observed)
    assert "\x1b[3" not in "".join(lines)  # no colour: SGR 30 to 37


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(quiet=True)
    with screen:
        screen.chapter("One")
        screen.ended(Result("step-1", "Curl", (SEEN,), 0.1))
    assert capsys.readouterr().out == ""


def test_the_summary_is_one_screen(capsys: pytest.CaptureFixture[str]) -> None:
    results = [Result(each.id, each.title, (SEEN,), 12.3) for each in (*STEPS, *VARIANTS)]
    outages_ms = {
        f"return after {n}": 3_512.7 for n in ("shutdown", "power cut", "c", "d", "e", "f")
    }
    Screen().summary(Report(results, outages_ms, 61.0, planned=len(results)))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 23  # and the prompt, on a terminal of 24
    assert all(len(line) <= 80 for line in lines)
    assert lines[-1] == "✔ 13 of 13 as expected in 61 s"
