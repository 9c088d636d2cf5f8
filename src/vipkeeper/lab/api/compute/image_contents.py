"""What the lab's image has installed: units that systemctl finds, none of them started."""

from __future__ import annotations

from vipkeeper.lab.api.compute.records import Service

# Debian's units of these packages, and vipkeeper's own. Their programs are the host's.
SERVICES = (
    Service(
        name="lighttpd",
        argv=("/usr/sbin/lighttpd", "-D", "-f", "/etc/lighttpd/lighttpd.conf"),
        autostart=False,
    ),
    Service(name="keepalived", argv=("/usr/sbin/keepalived", "--dont-fork"), autostart=False),
    Service(
        name="vipkeeperd",
        argv=("/opt/vipkeeper/bin/vipkeeperd", "--dont-fork"),
        autostart=False,
    ),
)
