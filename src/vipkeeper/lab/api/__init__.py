"""The lab's OpenStack: Keystone v3, Neutron v2.0, Nova v2.1 and Glance v2 over the data plane.

One process, started by the cloud at the first connection and again after a crash::

    request -> pydantic (the edge) -> Change on the State -> SQLite -> Plane -> the cloud -> answer

What was answered is in the database and in force. ``records`` are what is kept, ``planning`` says
which data plane they ask for, and each service has a package of its own.
"""
