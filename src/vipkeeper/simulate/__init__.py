"""Several hosts on one link in virtual time: faults first, then none, and checkers that watch."""
