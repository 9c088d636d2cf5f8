from __future__ import annotations

from vipkeeper.demo.step import Check, Report, Result

SEEN = Check("test01 answers", "client", "curl -s http://192.0.2.1/", "test01", ok=True)
NOT_SEEN = Check("test01 answers", "client", "curl -s http://192.0.2.1/", "", ok=False)


def result(*checks: Check, trouble: str = "") -> Result:
    return Result("step-1", "Curl", checks, 0.1, trouble)


def test_a_step_is_ok_if_each_check_is() -> None:
    assert result(SEEN).ok
    assert not result(SEEN, NOT_SEEN).ok


def test_a_step_that_looked_at_nothing_is_not_ok() -> None:
    assert not result().ok


def test_a_step_that_could_not_be_gone_through_is_not_ok_and_says_why() -> None:
    stuck = result(SEEN, trouble="test02 did not answer")
    assert not stuck.ok
    assert stuck.as_data()["observed"][-1] == "test02 did not answer"


def test_observed_is_what_a_terminal_showed() -> None:
    assert result(SEEN).as_data() == {
        "id": "step-1",
        "title": "Curl",
        "ok": True,
        "expected": ["test01 answers"],
        "observed": ["client# curl -s http://192.0.2.1/\ntest01"],
        "seconds": 0.1,
    }


def test_a_report_with_a_result_missing_is_not_ok() -> None:
    assert Report([result(SEEN)], {}, 1.0, planned=1).ok
    assert not Report([result(SEEN)], {}, 1.0, planned=2).ok
