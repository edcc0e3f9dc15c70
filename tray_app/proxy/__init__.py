"""Sockets, clocks and tasks: everything between a client's connection and the upstream's.

A request comes in at `server`, is admitted by `guard`, read by `body`, joined to the upstream by
`relay`, waits its turn at `gate`, and is carried by a `transport`; `service` runs all of it in a
thread of its own, `supervisor` keeps that as it is wanted, `person` is what outlives it, and `door`
is where the command line reaches it.
"""
