"""The signed-in state at the upstream, as a value."""

from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from typing import Any

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
    guest: bool = False
    """Of somebody who is not signed in, but was given a token all the same."""

    def __repr__(self) -> str:
        return f"Session(account={self.account!r}, expires_at={self.expires_at!r})"


class Account(Struct, frozen=True):
    """Whose session it is, as far as the site tells."""

    label: str = ""
    """How a person would recognise the account; may be empty."""
    guest: bool = False


class Pasted(Struct, frozen=True):
    """What somebody's pasted text came to."""

    session: Session | None
    said: tuple[str, ...]
    """For people: what was found, what is missing, and what will therefore not work."""


def to_text(session: Session) -> str:
    """A session as it is kept."""
    return msgspec.json.encode(session).decode()


def from_text(text: str) -> Session | None:
    """A session that was kept; None for what is none."""
    try:
        return msgspec.json.decode(text, type=Session)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def claims_of(token: str) -> dict[str, Any]:
    """What a JWT says of itself; nothing for whatever cannot be read, and nothing is verified."""
    try:
        payload = token.split(".")[1]
        return msgspec.json.decode(
            urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=dict[str, Any]
        )
    except (IndexError, ValueError, Base64Error, RecursionError):
        return {}


def expiry_of(token: str) -> float | None:
    """When a JWT says it ends, in unix seconds; None for whatever cannot be read.

    This is for showing and for renewing in time, never for deciding.
    """
    exp = claims_of(token).get("exp")
    if isinstance(exp, bool) or not isinstance(exp, int | float):
        return None
    return float(exp) if 0 < exp < 1e11 else None
