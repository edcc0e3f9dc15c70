"""Whose session it is, and whether it is a guest's.

Guests get a token too: a token alone does not mean that somebody signed in. A guest is known by a
mail address of `guest.com` or by a field `is_guest` (seen: 2026-06, three programs).
"""

from typing import Any

import msgspec

from tray_app.core.session import Account, claims_of

_LABEL_CHARS = 80


def is_guest(token: str) -> bool:
    """Whether a token says that it is a guest's."""
    return _guest(claims_of(token))


def who_of(token: str) -> str:
    """Whose a token is, as it says itself; empty where it does not. Seen: 2026-09-22."""
    return _who(claims_of(token))


def account_of(body: bytes) -> Account:
    """The account that an answer tells of; an empty one where it tells of none."""
    try:
        told: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return Account()
    data = told.get("data") if isinstance(told, dict) else None
    if not isinstance(data, dict):
        return Account()
    user = data.get("user")
    fields = {**data, **user} if isinstance(user, dict) else data
    return Account(label=_label(fields), guest=_guest(fields), who=_who(fields))


def _who(fields: dict[str, Any]) -> str:
    who = fields.get("id")
    return who if isinstance(who, str) else ""


def _guest(fields: dict[str, Any]) -> bool:
    mail = fields.get("email")
    by_mail = isinstance(mail, str) and mail.lower().endswith("@guest.com")
    return by_mail or fields.get("is_guest") is True or fields.get("role") == "guest"


def _label(fields: dict[str, Any]) -> str:
    named = (fields.get(name) for name in ("email", "name", "nickname"))
    found = next((one for one in named if isinstance(one, str) and one), "")
    return "".join(char for char in found if char.isprintable())[:_LABEL_CHARS]
