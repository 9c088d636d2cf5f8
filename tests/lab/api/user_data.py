"""What the two nodes are told at their first boot: cloud-init's user data."""

from __future__ import annotations

from string import Template

_USER_DATA = Template("""\
#cloud-config
packages: [lighttpd]
write_files:
  - path: /var/www/html/index.html
    content: |
      $name
  - path: /etc/keepalived/keepalived.conf
    content: |
      vrrp_instance vrrp_group_1 {
           state $state
           interface eth0
           virtual_router_id 1
           priority $priority
           authentication {
               auth_type PASS
               auth_pass password
           }
           virtual_ipaddress {
               192.168.100.196/24 brd 192.168.100.255 dev eth0
           }
      }
runcmd:
  - systemctl enable --now lighttpd vipkeeperd
""")

_ROLES = {"test01": ("MASTER", 100), "test02": ("BACKUP", 50)}


def user_data(name: str) -> str:
    state, priority = _ROLES[name]
    return _USER_DATA.substitute(name=name, state=state, priority=priority)
