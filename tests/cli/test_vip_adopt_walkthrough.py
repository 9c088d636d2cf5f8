"""The walkthrough's virtual IP is adopted, applied and given back, and answers all the while."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.labs import FLOATING_VIP, running, wait_for_holders
from tests.openstack.cloud_state import state
from tests.openstack.typed import Typed
from vipkeeper.lab import spec_file

# A start of the client costs a second of CPU, and the machine may be busy.
pytestmark = pytest.mark.timeout(400)

ASKING = f"""
while [ ! -e /tmp/enough ]; do
    curl -s -m 2 http://{FLOATING_VIP}/index.html || echo silence
    sleep 0.1
done
"""


@pytest.fixture
def typed(tmp_path: Path) -> Iterator[Typed]:
    with running(spec_file.walkthrough(), what="adopt") as lab:
        wait_for_holders(lab, "test01")
        yield Typed(lab, tmp_path)


def test_a_plan_wants_what_is_really_missing_and_to_destroy_it_leaves_all_as_it_was(
    typed: Typed,
) -> None:
    files = []
    for name in ("test01", "test02"):
        text = spec_file.walkthrough().instance(name).files["/etc/keepalived/keepalived.conf"]
        files += ["--config", str(typed.write(f"{name}.conf", text))]
    before = state(typed.member)
    asking = typed.start(
        "vipkeeper", "lab", "exec", "--name", typed.lab.name, "client", "--", "sh", "-c", ASKING
    )

    done = typed.vip("adopt", "USER-vip", "--name", "web", *files, "-o", "web.yaml")
    assert done.returncode == 0, done.stderr
    assert "22/tcp, 80/tcp, 7007/udp, icmp" in done.stdout + done.stderr
    assert "ext-private-net1" in (typed.directory / "web.yaml").read_text()
    wanted = typed.data("plan", "web.yaml", code=3)["virtual_ips"][0]["steps"]
    assert [one["sentence"] for one in wanted] == ["add the security group to the port USER-vip"]
    assert typed.vip("apply", "web.yaml").returncode == 0
    assert typed.vip("plan", "web.yaml").returncode == 0
    assert typed.vip("destroy", "web").returncode == 0
    assert state(typed.member) == before

    typed.lab.run("client", ["touch", "/tmp/enough"])
    answers, _ = asking.communicate(timeout=20)
    assert set(answers.split()) == {"test01"}
