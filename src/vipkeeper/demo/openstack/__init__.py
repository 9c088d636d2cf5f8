"""The walkthrough on an empty cloud, with nothing but the ``openstack`` client."""
