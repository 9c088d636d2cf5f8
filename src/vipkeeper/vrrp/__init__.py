"""VRRP as a pure function of what was received and what time it is (RFC 9568, RFC 3768)."""
