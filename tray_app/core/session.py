"""The signed-in state at the upstream, as a value."""

from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable
from typing import Any, Literal

import msgspec
from msgspec import Struct

from .calls import Place


class Session(Struct, frozen=True):
    """A person's session: an access token and the cookies that belong to it.

    The two are a pair: one without the other is refused by the site.
    """

    token: str
    cookies: dict[str, str]
    """By name; those that go to both hosts of the site."""
    expires_at: float | None = None
    """Unix seconds at which the token ends; None when nobody can tell."""
    account: str = ""
    """How a person would recognise the account; may be empty."""
    guest: bool = False
    """Of somebody who is not signed in, but was given a token all the same."""
    own: dict[Place, dict[str, str]] = {}
    """Cookies that go to one host only; there they come before those of the same name."""
    by_window: bool = False
    """The profile of Portico's window has the session: it renews it, and has the cookies."""
    who: str = ""
    """The site's own number for whose it is; empty where that is not known."""

    def is_of_another(self, other: "Session") -> bool:
        """Whether two sessions are surely not of the same person."""
        return bool(self.who and other.who) and self.who != other.who

    def cookies_at(self, place: Place) -> dict[str, str]:
        """The cookies that go to one host."""
        return {**self.cookies, **self.own.get(place, {})}

    def secrets(self) -> tuple[str, ...]:
        """Everything of it that must not be shown."""
        own = (value for cookies in self.own.values() for value in cookies.values())
        return (self.token, *self.cookies.values(), *own)

    def __repr__(self) -> str:
        return f"Session(account={self.account!r}, expires_at={self.expires_at!r})"


class SetCookie(Struct, frozen=True):
    """A cookie that an answer set."""

    name: str
    value: str | None
    """None: taken away."""
    everywhere: bool
    """For both hosts, not only for the one that answered."""

    def __repr__(self) -> str:
        return f"SetCookie(name={self.name!r})"


def with_cookies(session: Session, news: Iterable[SetCookie], place: Place) -> Session:
    """A session with what an answer from `place` set; the same where that changes nothing.

    A cookie for both hosts takes the place of one that only this host had: it is the newer one.
    """
    shared, own = dict(session.cookies), dict(session.own.get(place, {}))
    for new in news:
        if new.value is None:
            if new.everywhere or new.name not in own:
                shared.pop(new.name, None)
            own.pop(new.name, None)
        elif new.everywhere:
            own.pop(new.name, None)
            shared[new.name] = new.value
        else:
            own[new.name] = new.value
    if shared == session.cookies and own == session.own.get(place, {}):
        return session
    owned = {where: kept for where, kept in {**session.own, place: own}.items() if kept}
    return msgspec.structs.replace(session, cookies=shared, own=owned)


class Account(Struct, frozen=True):
    """Whose session it is, as far as the site tells."""

    label: str = ""
    """How a person would recognise the account; may be empty."""
    guest: bool = False
    who: str = ""
    """The site's own number for it; may be empty."""


class PageSession(Struct, frozen=True):
    """What the site's own page says of who is signed in."""

    kind: Literal["signed_in", "old", "guest", "signed_out", "nobody"]
    """`old` is a session whose token the page has yet to renew; `signed_out` is said by the page,
    `nobody` follows from there being nothing."""
    session: Session | None = None
    """Where somebody is signed in."""


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
