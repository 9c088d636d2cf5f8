"""vipkeeper keeps a virtual IP alive: a VRRP daemon, and a cloud on one machine to try it in."""

__version__ = "0.1.0"
