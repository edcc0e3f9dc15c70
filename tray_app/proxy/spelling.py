"""Names of headers in the HTTP library's own kind of string, each made once."""

from collections.abc import Mapping
from functools import lru_cache

from multidict import istr

_KNOWN = 128


@lru_cache(maxsize=_KNOWN)
def _spelled(name: str) -> istr:
    return istr(name)


def spelled(headers: Mapping[str, str]) -> dict[str, str]:
    """The same headers; of common strings the library makes two of its own for every name.

    It keeps those as long as the call or the answer is open: 2 KB for each call to the site.
    """
    return {_spelled(name): value for name, value in headers.items()}
