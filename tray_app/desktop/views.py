"""What windows show: how it goes, and the questions of the door, each with its own words."""

from base64 import b64encode

import msgspec

from .icons import png
from .menu import LINE_ROW
from .state import Decision
from .windows.messages import Answer, QuestionView, StatusView
from .words import Words

YES, NO = "yes", "no"
_ICON_PIXELS = 64


def status_view(decision: Decision, words: Words) -> StatusView:
    """How it goes, with all that the tray's menu has."""
    look = decision.look
    picture = b64encode(png(look.icon, "light", _ICON_PIXELS)).decode()
    return StatusView(
        title=look.title,
        tip=look.tip,
        icon=f"data:image/png;base64,{picture}",
        rows=tuple(row for row in look.rows if row.id != LINE_ROW),
        language=words("language.html"),
    )


def ask_to_pair(origin: str, words: Words) -> QuestionView:
    """Whether a web app may use Portico."""
    return _question(words, "pair", danger=False, origin=origin)


def ask_for_keyless(words: Words) -> QuestionView:
    """Whether programs of this computer may come in without a key."""
    return _question(words, "keyless", danger=True)


def ask_for_network(address: str, words: Words) -> QuestionView:
    """Whether other devices may come in at this address."""
    return _question(words, "network", danger=True, address=address)


def ask_to_sign_out(account: str, words: Words) -> QuestionView:
    """Whether the session is to be forgotten."""
    return _question(words, "sign_out", danger=True, account=account)


def tell_the_terms(words: Words) -> QuestionView:
    """What the site's terms say of programs that use it, once, before anybody signs in."""
    return _question(words, "terms", danger=False)


def ask_for_other_account(before: str, now: str, words: Words) -> QuestionView:
    """Whether another account shall be used than before."""
    return _question(words, "other_account", danger=True, before=before, now=now)


def ask_for_session(words: Words, said: str = "") -> QuestionView:
    """For a session copied from a browser.

    Args:
        words: The language.
        said: What was wrong with the one before.
    """
    return msgspec.structs.replace(
        _question(words, "sign_in", danger=False),
        fault=said,
        field=words("ask.sign_in.field"),
        busy=words("ask.sign_in.busy"),
    )


def _question(words: Words, name: str, *, danger: bool, **values: object) -> QuestionView:
    facts = words(f"ask.{name}.facts", **values)
    return QuestionView(
        title=words(f"ask.{name}.title", **values),
        text=words(f"ask.{name}.text", **values),
        facts=tuple(facts.split("\n")) if facts else (),
        answers=(
            Answer(NO, words("ask.no"), "plain" if not danger else "default"),
            Answer(YES, words(f"ask.{name}.yes"), "danger" if danger else "default"),
        ),
        safe=NO,
        language=words("language.html"),
    )
