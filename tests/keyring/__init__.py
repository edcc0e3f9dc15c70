"""A real Secret Service: what is kept in it, and what happens when it locks, hangs or goes."""
