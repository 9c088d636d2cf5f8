from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from vipkeeper.lab.plane import Network, Plane, Port
from vipkeeper.lab.plane_difference import PlaneDifference

PORTS = st.builds(
    Port, st.sampled_from("abcdef"), st.sampled_from(("x", "y")), st.just("n"), st.just("m")
)
PLANES = st.lists(PORTS, unique_by=lambda port: port.id).map(
    lambda ports: Plane((Network("n", "n"),), tuple(ports))
)


@given(PLANES, PLANES)
def test_applied_to_the_plane_before_it_is_the_plane_after(before: Plane, after: Plane) -> None:
    made = PlaneDifference.between(before, after).applied_to(before)
    assert {port.id: port for port in made.ports} == {port.id: port for port in after.ports}
    assert replace(made, ports=()) == replace(after, ports=())


def test_it_names_what_changed_and_nothing_else() -> None:
    ports = tuple(Port(id, id, "n", "m") for id in "abc")
    renamed, new = replace(ports[1], name="x"), Port("d", "d", "n", "m")
    before, after = Plane(ports=ports), Plane(ports=(ports[0], renamed, new))
    difference = PlaneDifference.between(before, after)
    assert difference.ports == (renamed, new)
    assert difference.gone == ("c",)
    assert difference.applied_to(before) == after
