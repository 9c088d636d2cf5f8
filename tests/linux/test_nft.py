from __future__ import annotations

import sys

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
