"""What the site's own page keeps of a session, read as the page left it.

Since 2026-09-29 the page's local storage has an access token of about fifteen minutes in
`qwen_access_token_state`; a bare `token` is what it had before, and is of no use where both are
(seen: 2026-09-29 to 2026-10-04, two programs). Guests have a token too, and a page that was signed
out leaves a marker.
"""

import re
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from tray_app.core.session import PageSession, Session, expiry_of

from .account import is_guest, who_of

STATE = "qwen_access_token_state"
SIGNED_OUT = "qwen_token_logged_out_marker"
_BARE = "token"
_BARE_EXPIRY = "at_expire_time"
STORED = (STATE, SIGNED_OUT, _BARE, _BARE_EXPIRY)
"""What of the local storage says who is signed in."""

LEFT_S = 60.0
"""A token that ends sooner is not taken up: the page is about to renew it. Of one that lives
briefly that is true in the second half of its life."""
_JWT = re.compile(r"[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]*")
_TOKEN_CHARS = 16_384


class _State(Struct):
    token: str
    expiresAt: float | None = None  # noqa: N815  the site's names
    updatedAt: float | None = None  # noqa: N815


def read(stored: Mapping[str, str], now_s: float) -> PageSession:
    """Who is signed in, by what the page keeps.

    Args:
        stored: The local storage of the chat origin, those keys of `STORED` that are there.
        now_s: Unix seconds.
    """
    if stored.get(SIGNED_OUT):
        return PageSession("signed_out")
    token, expires_at, made_at = _token(stored)
    if len(token) > _TOKEN_CHARS or not _JWT.fullmatch(token):
        return PageSession("nobody")
    if is_guest(token):
        return PageSession("guest")
    # What the token says of itself comes first: the page's own number may be of the one before.
    ends_s = expiry_of(token) or expires_at
    session = Session(token=token, cookies={}, expires_at=ends_s, by_window=True, who=who_of(token))
    life_s = ends_s - made_at if ends_s is not None and made_at is not None else None
    margin_s = LEFT_S if life_s is None or life_s <= 0 else min(LEFT_S, life_s / 2)
    # What was over when it was made was made by a clock that is wrong: the site will tell.
    is_by_wrong_clock = life_s is not None and life_s <= 0
    is_over = ends_s is not None and ends_s <= now_s + margin_s and not is_by_wrong_clock
    return PageSession("old" if is_over else "signed_in", session)


def _token(stored: Mapping[str, str]) -> tuple[str, float | None, float | None]:
    """The token, when it ends by what stands beside it, and when it was made."""
    if STATE in stored:
        try:
            state = msgspec.json.decode(stored[STATE], type=_State)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            return "", None, None
        return state.token, _seconds(state.expiresAt), _seconds(state.updatedAt)
    said = stored.get(_BARE_EXPIRY, "")
    ends_at = _seconds(float(said) if re.fullmatch(r"\d{1,15}", said) else None)
    return stored.get(_BARE, ""), ends_at, None


def _seconds(milliseconds: float | None) -> float | None:
    if milliseconds is None or not 0 < milliseconds < 1e14:
        return None
    return milliseconds / 1000
