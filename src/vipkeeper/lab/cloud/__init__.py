"""The cloud process: PID 1 of a lab. It owns the switch, the router, DHCP and the machines."""
