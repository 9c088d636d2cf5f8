"""What a list may be asked for: filters, order, pages, fields."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.api.rest import Json, Rest

NAMES = ("n1", "n2", "n3", "n4", "n5")


@pytest.fixture(scope="module")
def networks(member: Rest) -> dict[str, str]:
    """Five networks, by name."""
    made = member.post("networks", {"networks": [{"name": name} for name in NAMES]})
    return {network["name"]: network["id"] for network in made["networks"]}


def names(answer: Json) -> list[str]:
    return [network["name"] for network in answer["networks"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("name=n2", ["n2"]),
        ("name=n2&name=n4", ["n2", "n4"]),
        ("name=n2&admin_state_up=False", []),
        ("admin_state_up=true", [*NAMES]),
        ("router:external=False&name=n1", ["n1"]),
        ("shared=True", []),
        ("status=ACTIVE&name=n1", ["n1"]),
        ("is_default=True", []),
        ("name=", []),
    ],
)
@pytest.mark.usefixtures("networks")
def test_filters(member: Rest, query: str, found: list[str]) -> None:
    assert names(member.get(f"networks?{query}")) == found


def test_by_id_and_by_project(member: Rest, networks: dict[str, str]) -> None:
    assert names(member.get(f"networks?id={networks['n3']}&id={networks['n5']}")) == ["n3", "n5"]
    assert names(member.get(f"networks?tenant_id={member.project_id}")) == [*NAMES]
    assert names(member.get("networks?project_id=somebody")) == []


def test_a_name_is_no_id(member: Rest, networks: dict[str, str]) -> None:
    """How clients look things up: by id, and if there is none by name."""
    refused = member.refused("GET", "networks/n1")
    assert refused == "404 NetworkNotFound: Network n1 could not be found."
    assert names(member.get("networks?name=n1")) == ["n1"]
    assert member.show("network", networks["n1"])["name"] == "n1"


@pytest.mark.parametrize("collection", ["networks", "routers", "floatingips"])
def test_an_attribute_that_is_none_is_refused_in_an_empty_list_too(
    member: Rest, collection: str
) -> None:
    refused = member.refused("GET", f"{collection}?nonsense=1")
    assert refused == "400 HTTPBadRequest: ['nonsense'] is invalid attribute for filtering"


def test_fields(member: Rest, networks: dict[str, str]) -> None:
    answer = member.get("networks?name=n1&fields=id&fields=name&fields=nonsense")
    assert answer == {"networks": [{"id": networks["n1"], "name": "n1"}]}
    one = member.get(f"networks/{networks['n1']}?fields=mtu")
    assert one == {"network": {"mtu": 1450}}
    assert len(member.get("networks?name=n1&fields=")["networks"][0]) > 10


@pytest.mark.usefixtures("networks")
def test_order(member: Rest) -> None:
    assert names(member.get("networks?sort_key=name&sort_dir=desc")) == [*reversed(NAMES)]
    two = "networks?sort_key=mtu&sort_dir=asc&sort_key=name&sort_dir=desc"
    assert names(member.get(two)) == [*reversed(NAMES)]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sort_key=name", "The number of sort_keys and sort_dirs must be same"),
        ("sort_key=x&sort_dir=asc", "['x'] is invalid attribute for sort_keys"),
        (
            "sort_key=name&sort_dir=up",
            "['up'] is invalid value for sort_dirs, valid value is 'asc' and 'desc'",
        ),
    ],
)
@pytest.mark.usefixtures("networks")
def test_orders_that_are_refused(member: Rest, query: str, words: str) -> None:
    assert member.refused("GET", f"networks?{query}") == f"400 HTTPBadRequest: {words}"


def pages(member: Rest, first: str, link: str) -> Iterator[Json]:
    """From one page to the next by the links of that name."""
    url = first
    while True:
        page = member.get(url)
        yield page
        links = {one["rel"]: one["href"] for one in page.get("networks_links", [])}
        if link not in links:
            return
        url = links[link]


@pytest.mark.usefixtures("networks")
def test_pages_forth_and_back(member: Rest) -> None:
    forth = [*pages(member, "networks?limit=2&sort_key=name&sort_dir=asc", "next")]
    assert [names(page) for page in forth] == [["n1", "n2"], ["n3", "n4"], ["n5"]]
    links = {one["rel"]: one["href"] for one in forth[-1]["networks_links"]}
    back = [*pages(member, links["previous"], "previous")]
    assert [names(page) for page in back] == [["n3", "n4"], ["n1", "n2"]]


@pytest.mark.usefixtures("networks")
def test_pages_keep_filters_and_fields(member: Rest) -> None:
    first = "networks?limit=1&name=n1&name=n2&fields=id&fields=name"
    found = [*pages(member, first, "next")]
    assert [names(page) for page in found] == [["n1"], ["n2"]]
    assert all(set(network) == {"id", "name"} for page in found for network in page["networks"])


@pytest.mark.parametrize("limit", ["-1", "many", "1.5"])
def test_a_limit_that_is_none(member: Rest, limit: str) -> None:
    refused = member.refused("GET", f"networks?limit={limit}")
    words = f"Bad limit request: Limit must be an integer 0 or greater and not '{limit}'."
    assert refused == f"400 BadRequest: {words}"


@pytest.mark.usefixtures("networks")
def test_no_limit_and_an_unknown_marker(member: Rest) -> None:
    assert names(member.get("networks?limit=0")) == [*NAMES]
    refused = member.refused("GET", "networks?limit=1&marker=nowhere")
    assert refused == "404 NetworkNotFound: Network nowhere could not be found."


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tags=red", ["n1", "n2"]),
        ("tags=red,blue", ["n2"]),
        ("tags-any=red,blue", ["n1", "n2", "n3"]),
        ("not-tags=red,blue", ["n1", "n3", "n4", "n5"]),
        ("not-tags-any=red,blue", ["n4", "n5"]),
    ],
)
def test_filters_by_tag(
    member: Rest, networks: dict[str, str], query: str, found: list[str]
) -> None:
    for name, tags in (("n1", ["red"]), ("n2", ["red", "blue"]), ("n3", ["blue"])):
        member.put(f"networks/{networks[name]}/tags", {"tags": tags})
    assert names(member.get(f"networks?{query}")) == found


def test_ports_by_address(member: Rest, networks: dict[str, str]) -> None:
    network = networks["n1"]
    subnet = member.make("subnet", network_id=network, cidr="10.1.0.0/24", ip_version=4)
    port = member.make(
        "port", network_id=network, name="p", fixed_ips=[{"ip_address": "10.1.0.77"}]
    )
    for query in (
        "fixed_ips=ip_address%3D10.1.0.77",
        f"fixed_ips=subnet_id%3D{subnet['id']}&name=p",
        "fixed_ips=ip_address_substr%3D.0.77",
        f"fixed_ips=ip_address%3D10.1.0.77&fixed_ips=subnet_id%3D{subnet['id']}",
        "fixed_ips=ip_address%3D10.1.0.78&fixed_ips=ip_address%3D10.1.0.77",
        f"mac_address={port['mac_address']}",
        f"security_groups={port['security_groups'][0]}",
    ):
        found = member.get(f"ports?{query}")["ports"]
        assert [one["id"] for one in found] == [port["id"]], query
    for query in (
        "fixed_ips=ip_address%3D10.1.0.7",
        f"fixed_ips=ip_address%3D10.1.0.7&fixed_ips=subnet_id%3D{subnet['id']}",
    ):
        assert member.get(f"ports?{query}")["ports"] == [], query
