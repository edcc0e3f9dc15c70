"""Real clients against Portico as people run it: a process, a port, a key."""
