"""A router: a network namespace that forwards, with floating IPs by address translation."""

from __future__ import annotations

from vipkeeper.lab import router_rules, spec
from vipkeeper.lab.cloud import links
from vipkeeper.lab.cloud.switch import Switch
from vipkeeper.lab.router_rules import FloatingIP
from vipkeeper.lab.spec import CloudSpec, mac_address_of
from vipkeeper.linux import namespaces

_GATEWAY_DEVICE = "qg-0"


class Router:
    def __init__(self, router: spec.Router, cloud: CloudSpec, switch: Switch) -> None:
        self._router = router
        self._cloud = cloud
        self._switch = switch
        self._network = namespaces.new_network()

    def build(self) -> None:
        router, cloud = self._router, self._cloud
        outside = cloud.network(router.external_network)
        inside = [cloud.network(name) for name in router.networks]
        devices = {_GATEWAY_DEVICE: outside}
        devices.update({f"qr-{n}": network for n, network in enumerate(inside)})
        plugs = []
        for device, network in devices.items():
            name = f"{router.name}-{device}"
            self._switch.plug(name, network, mac_address_of(name), device, trusted=True)
            plugs.append(name)
        self._switch.connect(dict.fromkeys(plugs, self._network))

        translation = router_rules.Router(
            router.name,
            _GATEWAY_DEVICE,
            f"{router.external_ip}/{outside.cidr.prefixlen}",
            self._floating_ips(),
        )
        addresses = [(_GATEWAY_DEVICE, text) for text in translation.gateway_addresses]
        addresses += [
            (f"qr-{n}", f"{network.gateway}/{network.cidr.prefixlen}")
            for n, network in enumerate(inside)
        ]
        links.ip(
            [
                "link set lo up",
                *(f"link set {device} up" for device in devices),
                *(f"address add {text} broadcast + dev {device}" for device, text in addresses),
            ],
            network=self._network,
        )
        links.nft(router_rules.ruleset(translation), network=self._network)
        links.set_sysctls(router_rules.SYSCTLS, network=self._network)

    def _floating_ips(self) -> tuple[FloatingIP, ...]:
        pairs = [(address, self._cloud.port(name)) for address, name in self._cloud.floating_ips]
        return tuple(
            FloatingIP(str(address), str(port.fixed_ip))
            for address, port in pairs
            if port.network in self._router.networks
        )
