"""vipkeeperd: the real-time speaker, and the keeper that does everything else."""
