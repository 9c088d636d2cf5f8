"""Glance v2: the images that there are to boot."""
