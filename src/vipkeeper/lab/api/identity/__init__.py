"""Keystone v3: who there is, tokens, the catalogue, application credentials."""
