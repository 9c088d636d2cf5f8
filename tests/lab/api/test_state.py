"""Records at one moment, and changes that are prepared beside them."""

from __future__ import annotations

from vipkeeper.lab.api.compute.records import Flavor
from vipkeeper.lab.api.identity.records import Project
from vipkeeper.lab.api.state import Change, State


def flavor(id: str, ram_mb: int = 512) -> Flavor:
    return Flavor(id=id, name=f"flavor {id}", vcpus=1, ram_mb=ram_mb, disk_gb=1)


def with_flavors(*ids: str) -> State:
    change = Change(State(), 0.0)
    for id in ids:
        change.put(flavor(id))
    return change.result()


def test_a_change_is_seen_in_itself_and_nowhere_else() -> None:
    before = with_flavors("1", "2")
    change = Change(before, 1.0)
    change.put(flavor("1", ram_mb=1024))
    change.delete(flavor("2"))
    change.put(flavor("3"))
    assert [one.id for one in change.all(Flavor)] == ["1", "3"]
    assert change.find(Flavor, "1") == flavor("1", ram_mb=1024)
    assert [one.id for one in before.all(Flavor)] == ["1", "2"]
    assert before.find(Flavor, "1") == flavor("1")
    after = change.result()
    change.put(flavor("4"))
    assert [one.id for one in before.all(Flavor)] == ["1", "2"]
    assert "1" in {one.id for one in after.all(Flavor)}


def test_what_was_changed_keeps_its_place() -> None:
    change = Change(with_flavors("1", "2", "3"), 1.0)
    change.put(flavor("2", ram_mb=1))
    assert [one.id for one in change.all(Flavor)] == ["1", "2", "3"]


def test_differences_are_what_is_not_as_it_was() -> None:
    before = with_flavors("1", "2")
    change = Change(before, 1.0)
    change.put(flavor("3"))
    change.delete(flavor("3"))
    change.put(flavor("2", ram_mb=7))
    change.delete(flavor("1"))
    assert list(change.differences()) == [
        ("flavor", "2", flavor("2"), flavor("2", ram_mb=7)),
        ("flavor", "1", flavor("1"), None),
    ]


def test_kinds_do_not_meet() -> None:
    change = Change(with_flavors("1"), 1.0)
    change.put(Project(id="1", name="one"))
    assert change.find(Flavor, "1") == flavor("1")
    assert change.find(Project, "1") == Project(id="1", name="one")
    assert change.find(Project, None) is None
    assert change.count(Project) == 1
    assert len(list(change.every())) == 2
