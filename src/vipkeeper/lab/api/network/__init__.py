"""Neutron v2.0: networks, subnets, ports, routers, floating IPs, security groups, quotas, tags.

``requests`` are the bodies as they are taken, ``records`` what is kept, ``views`` what is answered.
What each kind of resource does is in the module of its name. The words of the refusals are those
of a Neutron 21.0.0 (Zed).
"""
