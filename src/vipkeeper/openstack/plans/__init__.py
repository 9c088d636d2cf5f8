"""Plans, pure: from what was found to what is wanted, step by step, or to nothing left."""
