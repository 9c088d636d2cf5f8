"""A virtual IP on an empty cloud by one command, with the ``openstack`` client for the rest."""
