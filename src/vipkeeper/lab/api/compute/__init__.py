"""Nova v2.1: servers, flavors, key pairs, server groups. Microversions are not offered."""
