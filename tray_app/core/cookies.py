"""What a `Set-Cookie` line says, read as browsers do: by hand, and forgiving of what is new.

The standard library's reader drops a whole line for an attribute that it does not know, and with it
a cookie that a session lives by.
"""

import re
from email.utils import parsedate_to_datetime

from .session import SetCookie

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def read_set_cookie(line: str, host: str, date: str) -> SetCookie | None:
    """The cookie of one line; None for what could not be sent back in a header.

    Args:
        line: The header's value.
        host: Who answered: a domain that is this very host is for it alone.
        date: The answer's own date, to know an expiry that lies in the past.
    """
    pair, *rest = line.split(";")
    name, equals, value = (part.strip() for part in pair.partition("="))
    if not equals or not _NAME.fullmatch(name) or not (value.isascii() and value.isprintable()):
        return None
    told = {}
    for attribute in rest:
        key, _, content = attribute.partition("=")
        told[key.strip().lower()] = content.strip()
    domain = told.get("domain", "").lstrip(".").lower()
    gone = not value or _is_over(told, date)
    return SetCookie(name, None if gone else value, everywhere=domain not in {"", host.lower()})


def _is_over(told: dict[str, str], date: str) -> bool:
    """Whether a cookie is taken away; of two words on that the age in seconds counts."""
    age = told.get("max-age", "")
    if re.fullmatch(r"-?\d+", age):
        return int(age) <= 0
    try:
        return parsedate_to_datetime(told["expires"]) <= parsedate_to_datetime(date)
    except (KeyError, ValueError, TypeError, OverflowError):
        return False
