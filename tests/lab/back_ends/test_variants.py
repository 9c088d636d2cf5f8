"""The recorded variants that come out otherwise with another back end than with linuxbridge.

Recorded is linuxbridge's column alone (tests/lab/variants.py); these outcomes are inferred from
the sources that docs/back-ends.md names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.lab.test_neutron_variants import play
from tests.lab.variants import NO_PAIRS, REFUSED, SPLIT, VARIANTS, WORKS, Outcome, Variant
from vipkeeper.lab.back_end import BackEnd

AT_ONCE = 5
# With a foreign MAC address ARP fails already: sender and source MAC address go together.
NO_ARP = NO_PAIRS
# The daemon's virtual MAC address may announce; what comes after that, from the own one, may not.
ANNOUNCED_ONLY = replace(
    REFUSED, states=SPLIT.states, adverts=frozenset(), arp=frozenset({"virtual"})
)
# The VIP's port is no virtual port: beside it all is well, from outside there is no floating IP.
INSIDE_ONLY = replace(WORKS, fip="no route", data="none", failover="never")

OUTCOMES: Mapping[tuple[BackEnd, str], Outcome] = {
    (BackEnd.OVS, "03_no_112_rule"): WORKS,  # multicast needs none
    (BackEnd.OVS, "04_no_pairs_no_112"): NO_PAIRS,
    (BackEnd.OVS, "10_mac_vip_port"): NO_ARP,
    (BackEnd.OVS, "16_vmac_vip_mac"): ANNOUNCED_ONLY,
    (BackEnd.OVN, "06_psec_off_both"): INSIDE_ONLY,
    (BackEnd.OVN, "10_mac_vip_port"): NO_ARP,
    (BackEnd.OVN, "12_pair_cidr"): INSIDE_ONLY,
    (BackEnd.OVN, "16_vmac_vip_mac"): ANNOUNCED_ONLY,
}


@pytest.fixture(scope="module")
def played(
    request: pytest.FixtureRequest,
) -> Iterator[Mapping[tuple[BackEnd, str], Future[Outcome]]]:
    """The outcomes of all that this run of the tests asks for, as they come."""
    selected = {item.name for item in request.session.items}
    with ThreadPoolExecutor(AT_ONCE) as players:
        yield {
            (back_end, name): players.submit(play, _variant(name), back_end)
            for back_end, name in OUTCOMES
            if f"test_variant_on[{back_end}-{name}]" in selected
        }
        players.shutdown(cancel_futures=True)


def _variant(name: str) -> Variant:
    (found,) = (variant for variant in VARIANTS if variant.name == name)
    return found


@pytest.mark.parametrize(("back_end", "name"), OUTCOMES)
def test_variant_on(
    back_end: BackEnd, name: str, played: Mapping[tuple[BackEnd, str], Future[Outcome]]
) -> None:
    assert played[back_end, name].result() == OUTCOMES[back_end, name]


def test_each_of_them_differs_from_linuxbridge() -> None:
    for (_, name), outcome in OUTCOMES.items():
        assert outcome != _variant(name).outcome, name
