"""What a person declares: the spec of a virtual IP, its file, and all that can be wrong in it."""
