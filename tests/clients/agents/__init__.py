"""Real coding agents, each in a home of its own, that make and change a file through Portico."""
