"""A trained network as frozen files, checked against the trained one."""
