"""Virtual IPs that were made by hand: how they become declared ones, pure."""
