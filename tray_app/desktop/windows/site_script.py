"""The scripts that are put into a page of the site, and what the page says in turn.

A script is ASCII, since pywebview counts characters where WebKit counts bytes and cuts the rest;
what varies in it is JSON. Whatever a page says is checked: the page is not ours.
"""

import json
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from tray_app.core.site import Site

from .site_messages import Fetch

_UI = Path(__file__).parent / "ui"

ANSWER_CHARS = 64 << 20
"""A larger answer is ended."""
DRAIN_CHARS = 96 << 20
"""What a page says at once at most, all calls together."""
_TAKE_CHARS = 1 << 20
"""What comes of one call at once, so that a large answer holds up no other."""
_STORED_CHARS = 64 << 10

_T = TypeVar("_T")


class PageHead(Struct, frozen=True, forbid_unknown_fields=True):
    """How an answer begins."""

    status: Annotated[int, Meta(ge=0, le=999)]
    headers: dict[str, str]


class Drained(Struct, frozen=True, forbid_unknown_fields=True):
    """What came of a call since the last time."""

    id: str
    head: PageHead | None
    text: str
    end: Literal["", "network", "offline", "too_large"] | None


class Look(Struct, frozen=True, forbid_unknown_fields=True):
    """What is seen of a page."""

    url: str
    is_there: bool
    """Whether our script is in it: it was not loaded anew since."""
    stored: dict[str, str]
    check: bool
    script: str
    """The address of the page's own script, once the document was read."""
    is_complete: bool
    """Everything that the document names was loaded."""
    is_wrapped: bool


class Scripts:
    """The scripts for one child, under a name that nobody else knows.

    Args:
        site: The site that pages belong to.
        name: The name of our script in the page: random.
    """

    def __init__(self, site: Site, name: str) -> None:
        self._name = f"window[{_literal(name)}]"
        pages = {
            "stored": site.pages.stored,
            "script": site.pages.script,
            "check_frames": site.pages.check_frames,
            "check_words": site.pages.check_words,
        }
        # The page may have become another one since it was looked at.
        self._is_elsewhere = f"location.origin !== {_literal(site.chat_origin)}"
        install = f"{_read('site.js')}({_literal(name)}, {ANSWER_CHARS}, {_TAKE_CHARS})"
        self.install = f"{self._is_elsewhere} ? 0 : {install}"
        arguments = f"{_literal(name)}, {_literal(site.chat_origin)}, {_literal(pages)}"
        self.look = f"{_read('look.js')}({arguments})"
        self.drain = f"{self._name} === undefined ? '' : {self._name}.drain()"

    def start(self, call: Fetch) -> str:
        """Have the page make a call; gives 1 where our script is there."""
        asked = {
            "method": call.method,
            "path": call.path,
            "headers": call.headers,
            "body": call.body,
            "bearer": call.bearer,
        }
        done = f"{self._name}.start({_literal(call.id)}, {_literal(asked)})"
        return f"{self._is_elsewhere} || {self._name} === undefined ? 0 : {done}"

    def abort(self, call_id: str) -> str:
        """Have the page end a call."""
        return f"{self._name} === undefined ? 0 : {self._name}.abort({_literal(call_id)})"


def drained(told: object) -> list[Drained] | None:
    """What a page gave for `drain`; None where our script is gone, or where it says nonsense."""
    return _decoded(told, list[Drained], DRAIN_CHARS)


def looked(told: object) -> Look | None:
    """What a page gave for `look`; None where it is not the site's, or says nonsense."""
    return _decoded(told, Look, _STORED_CHARS)


def _decoded(told: object, kind: type[_T], limit: int) -> _T | None:
    if not isinstance(told, str) or not told or len(told) > limit:
        return None
    try:
        return msgspec.json.decode(told, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _literal(value: object) -> str:
    """A value as a script has it; U+2028 and everything else beyond ASCII is escaped."""
    return json.dumps(msgspec.to_builtins(value))


def _read(file: str) -> str:
    return (_UI / file).read_text(encoding="ascii").rstrip()
