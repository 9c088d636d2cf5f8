from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.topology import Network, program
from vipkeeper.errors import MissingProgramError
from vipkeeper.linux import nft

CODE = """
from vipkeeper.errors import VipkeeperError
from vipkeeper.linux import nft
nft.run("table inet kept { }")
try:
    nft.run("table inet half { }\\nno such thing")
except VipkeeperError as error:
    print(error)
"""


def test_all_of_a_script_or_nothing(network: Network) -> None:
    node = network.add_node("node", "192.168.100.1/24")
    said = node.run(sys.executable, "-c", CODE)
    assert said.startswith("nft refused: ")
    assert "no such thing" in said
    assert node.run(program("nft"), "list", "tables") == "table inet kept\n"


def test_that_it_is_missing_is_told_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(MissingProgramError, match="apt-get install nftables"):
        nft.run("")


def test_a_tables_name_is_one_that_nft_takes_and_one_of_each_pid_file() -> None:
    assert nft.table_name("fence", Path("/run/vipkeeperd.pid")) == "fence_vipkeeperd_7e0f8bdb"
    odd = nft.table_name("fence", Path("/run/router-1.2é.pid"))
    assert odd == "fence_router_1_2__d3465246"
    assert nft.table_name("fence", Path("/run/a/vipkeeperd.pid")).startswith("fence_vipkeeperd_")
    assert nft.table_name("fence", Path("/run/a/vipkeeperd.pid")) != "fence_vipkeeperd_7e0f8bdb"
