"""The ``openstack vip`` commands, for those who work with the OpenStack client.

It shares everything with ``vipkeeper vip`` but the words; python-openstackclient, of which it is
an extension, is needed for nothing else.
"""
