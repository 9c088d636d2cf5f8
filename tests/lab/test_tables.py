"""What a transaction says, and in which order; the kernel agrees in tests/netns."""

from __future__ import annotations

from dataclasses import replace

from vipkeeper.lab.tables import Chain, ElementSet, Table, address_set, difference, prepared

HOOK = "filter hook forward priority filter"
JUMPS = ElementSet("map", "type mark : verdict;", {"1": "jump a"})
TABLE = Table(
    "inet t",
    frozenset({"drop/a"}),
    {"jumps": JUMPS, "known": address_set(4, ["10.0.0.1/32"])},
    {
        "a": Chain(("ip saddr @known return", 'counter name "drop/a" drop')),
        "forward": Chain(("meta mark vmap @jumps",), HOOK),
    },
)


def with_b(table: Table) -> Table:
    return replace(
        table,
        counters=table.counters | {"drop/b"},
        sets={**table.sets, "jumps": replace(JUMPS, elements={**JUMPS.elements, "2": "jump b"})},
        chains={**table.chains, "b": Chain(('counter name "drop/b" drop',))},
    )


def test_nothing_differs() -> None:
    assert difference(TABLE, with_b(TABLE)) != ""
    assert difference(TABLE, replace(TABLE, chains=dict(TABLE.chains))) == ""


def test_what_is_there_is_not_trusted_at_the_beginning() -> None:
    assert difference(None, TABLE) == "\n".join(
        (
            "table inet t",
            "delete table inet t",
            "table inet t",
            "table inet t {",
            "    counter drop/a { }",
            "    map jumps {",
            "        type mark : verdict;",
            "    }",
            "    set known {",
            "        type ipv4_addr; flags interval;",
            "    }",
            "    chain a {",
            "        ip saddr @known return",
            '        counter name "drop/a" drop',
            "    }",
            "    chain forward {",
            f"        type {HOOK}; policy accept;",
            "        meta mark vmap @jumps",
            "    }",
            "}",
            "add element inet t jumps { 1 : jump a }",
            "add element inet t known { 10.0.0.1/32 }",
            "",
        )
    )


def test_what_comes_is_all_that_is_said() -> None:
    assert difference(TABLE, with_b(TABLE)) == "\n".join(
        (
            "table inet t {",
            "    counter drop/b { }",
            "    chain b {",
            '        counter name "drop/b" drop',
            "    }",
            "}",
            "add element inet t jumps { 2 : jump b }",
            "",
        )
    )


def test_what_goes_is_let_go_of_first() -> None:
    assert difference(with_b(TABLE), TABLE) == "\n".join(
        (
            "flush chain inet t b",
            "delete element inet t jumps { 2 }",
            "delete chain inet t b",
            "delete counter inet t drop/b",
            "",
        )
    )


def test_an_element_that_changes_goes_before_it_comes() -> None:
    after = replace(TABLE, sets={**TABLE.sets, "known": address_set(4, ["10.0.0.0/24"])})
    assert difference(TABLE, after) == (
        "delete element inet t known { 10.0.0.1/32 }\nadd element inet t known { 10.0.0.0/24 }\n"
    )
    other = replace(TABLE, sets={**TABLE.sets, "jumps": replace(JUMPS, elements={"1": "drop"})})
    assert difference(TABLE, other) == (
        "delete element inet t jumps { 1 }\nadd element inet t jumps { 1 : drop }\n"
    )


def test_a_chain_that_changes_is_written_anew() -> None:
    after = replace(TABLE, chains={**TABLE.chains, "a": Chain(("drop",))})
    assert difference(TABLE, after) == "\n".join(
        (
            "flush chain inet t a",
            "table inet t {",
            "    chain a {",
            "        drop",
            "    }",
            "}",
            "",
        )
    )


def test_a_set_that_goes_takes_its_elements_along() -> None:
    after = replace(TABLE, sets={"jumps": JUMPS}, chains={**TABLE.chains, "a": Chain(())})
    assert difference(TABLE, after) == "\n".join(
        (
            "flush chain inet t a",
            "table inet t {",
            "    chain a { }",
            "}",
            "delete set inet t known",
            "",
        )
    )


class TestPrepared:
    EMPTY = Table("inet t")

    def test_the_steps_are_short_and_lead_up_to_the_base_chains(self) -> None:
        steps = list(prepared(self.EMPTY, with_b(TABLE), 3))
        assert len(steps) > 2
        assert all("forward" not in step.chains for step in steps)
        assert not any(step.sets["jumps"].elements for step in steps if "jumps" in step.sets)
        last = steps[-1]
        assert last.counters == with_b(TABLE).counters
        assert last.chains == {
            name: chain for name, chain in with_b(TABLE).chains.items() if name != "forward"
        }

    def test_a_set_is_filled_bit_by_bit(self) -> None:
        many = [f"10.0.{n >> 8}.{n & 255}/32" for n in range(1000)]
        table = Table("inet t", sets={"known": address_set(4, many)})
        steps = list(prepared(self.EMPTY, table, 25))
        counts = [len(step.sets["known"].elements) for step in steps]
        assert counts == [200, 400, 600, 800, 1000]
        assert steps[-1] == table

    def test_nothing_that_is_there_changes(self) -> None:
        changed = replace(with_b(TABLE), chains={**with_b(TABLE).chains, "a": Chain(("drop",))})
        (step,) = prepared(TABLE, changed, 100)
        assert step.sets == TABLE.sets
        assert {name: step.chains[name] for name in TABLE.chains} == TABLE.chains
        assert step.chains["b"] == changed.chains["b"]

    def test_what_goes_is_there_until_the_end(self) -> None:
        assert list(prepared(with_b(TABLE), TABLE, 100)) == []
