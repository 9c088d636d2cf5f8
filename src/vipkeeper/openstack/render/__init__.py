"""Texts of a deployment: for its nodes, and for those who own their cloud as templates.

=====================  ========================================================================
:mod:`keepalived_conf`  the configuration of keepalived or vipkeeperd on one node
:mod:`cloud_config`     user data, with which a node configures itself at its first boot
:mod:`ansible`          a directory for ansible-playbook: inventory, playbook, configurations
:mod:`heat`             a template that makes the cloud's part
:mod:`terraform`        a configuration that takes over the members' ports and makes the rest
=====================  ========================================================================

All pure: the same deployment gives the same text. The password of the adverts is in the first
three only.
"""
