"""A stand-in of the site on loopback: for trying Portico without an account, and for every test.

It is a program of its own that shares no code with the product, speaks HTTP byte by byte, refuses
what the site refuses, and can be scripted to fail in every way that was seen or feared.
"""

from .site import Heard, PracticeSite

__all__ = ["Heard", "PracticeSite"]
