"""The cloud's part of a virtual IP: declared, planned, applied, checked and removed.

::

    spec file -> VipSpec ---+
                            +--> plan (pure) -> Plan: remarks, steps -> Cloud carries them out
    Cloud looks -> Found ---+

What there is in the cloud is looked at anew each time; nothing is kept beside it. What was made
here carries marks (:mod:`~vipkeeper.openstack.marks`), by which it is known again. Whatever works
out what is to be done is pure; the calls are in :mod:`~vipkeeper.openstack.client.cloud`.
"""
