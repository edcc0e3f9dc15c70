"""The signed-in state at the upstream, as a value."""

from base64 import urlsafe_b64decode
from binascii import Error as Base64Error

import msgspec
from msgspec import Struct


class Session(Struct, frozen=True):
    """A person's session: an access token and the cookies that belong to it.

    The two are a pair: one without the other is refused by the site.
    """

    token: str
    cookies: dict[str, str]
    """By name; those of both hosts of the site."""
    expires_at: float | None = None
    """Unix seconds at which the token ends; None when nobody can tell."""
    account: str = ""
    """How a person would recognise the account; may be empty."""

    def __repr__(self) -> str:
        return f"Session(account={self.account!r}, expires_at={self.expires_at!r})"


class Pasted(Struct, frozen=True):
    """What somebody's pasted text came to."""

    session: Session | None
    said: tuple[str, ...]
    """For people: what was found, what is missing, and what will therefore not work."""


class _Claims(Struct):
    exp: float | None = None


def expiry_of(token: str) -> float | None:
    """When a JWT says it ends, in unix seconds; None for whatever cannot be read.

    Nothing is verified: this is for showing and for renewing in time, never for deciding.
    """
    try:
        payload = token.split(".")[1]
        claims = msgspec.json.decode(
            urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=_Claims
        )
    except (IndexError, ValueError, Base64Error, RecursionError):
        return None
    exp = claims.exp
    return exp if exp is not None and 0 < exp < 1e11 else None
