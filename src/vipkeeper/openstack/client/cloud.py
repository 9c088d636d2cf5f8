"""A cloud: looked at for virtual IPs, and changed by steps.

Credentials come through openstacksdk alone: clouds.yaml, secure.yaml, ``OS_*``. One Cloud may be
used by several threads; they share its authentication and its pool of connections.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vipkeeper.openstack.client import carrying_out, cloud_config, looking, questions
from vipkeeper.openstack.client.calls import Calls, Services
from vipkeeper.openstack.client.traffic import Counter
from vipkeeper.openstack.declaration.spec import VipSpec
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans.steps import Made, Step
from vipkeeper.openstack.resources import FloatingIp, Port


class Cloud:
    """Every method raises CloudError where the cloud refuses or does not answer.

    Args:
        connection: openstacksdk's.
    """

    def __init__(self, connection: Any) -> None:
        self._calls = Calls(Services(connection), Counter())

    @classmethod
    def connect(cls, name: str | None = None) -> Cloud:
        """The cloud of that name in clouds.yaml; None: the one that ``OS_*`` say.

        Raises:
            UsageError: there is no such cloud, or it lacks something.
        """
        return cls(cloud_config.connection(name))

    def apart(self) -> Cloud:
        """The same cloud, with a count of requests of its own that begins at 0.

        They are counted here as well.
        """
        cloud = object.__new__(type(self))
        cloud._calls = self._calls.apart()
        return cloud

    def close(self) -> None:
        """Let go of the connections; with :meth:`apart` it is the same ones."""
        self._calls.close()

    @property
    def requests(self) -> int:
        """HTTP requests so far, authentication and discovery among them."""
        return self._calls.requests

    def authenticate(self) -> None:
        """Get a token, if there is none that holds."""
        self._calls.access()

    def look(self, spec: VipSpec) -> Found:
        """What there is for a virtual IP, and around it."""
        return looking.for_spec(self._calls, spec)

    def look_for(self, name: str) -> Found:
        """The same by marks alone, for a name without a spec; no quotas."""
        return looking.for_name(self._calls, name)

    def look_at_port(self, name_or_id: str) -> tuple[Port, Found]:
        """A port that was made by hand, and what has to do with it."""
        return looking.at_port(self._calls, name_or_id)

    def inventory(self) -> Found:
        """All virtual IPs of the project."""
        return looking.inventory(self._calls)

    def carry_out(self, step: Step, made: Made) -> None:
        """Do one step; ``made`` knows what the ones before have made, and then this one too."""
        carrying_out.carry_out(step, self._calls, made)

    def ports(self, ids: Iterable[str]) -> tuple[Port, ...]:
        """Ports as they are now."""
        return questions.ports_by(self._calls, "id", ids, [])

    def floating_ip(self, address: str) -> FloatingIp | None:
        """A floating IP as it is now."""
        found = questions.floating_ips(self._calls, [("floating_ip_address", address)])
        return found[0] if found else None
