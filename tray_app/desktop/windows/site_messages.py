"""What the site's window and its parent say to each other, as the other windows do in `messages`.

The window knows nothing of the upstream but the `Site` that it is told, decides nothing, and keeps
nothing but the profile in its folder. Whatever comes from the page is checked in the child before
it is passed on.
"""

import msgspec
from msgspec import Struct

from tray_app.core.site import Site

from .messages import Closed, Failed, Ping, Pong, read_line, write_line

TO_SITE_BYTES = 96 << 20
"""No line to the window is longer: the largest request of a client, escaped."""
PIECE_CHARS = 128 << 10
"""What one `Piece` holds at most."""


class Begin(Struct, frozen=True, tag="begin", tag_field="do", forbid_unknown_fields=True):
    """Open a page of the site; the first line, said once."""

    site: Site
    profile: str
    """The folder of the profile; it is there, and private."""
    path: str
    """The page to begin with, on the chat origin."""
    shown: bool
    title: str
    """What stands in the frame before the address."""


class Visit(Struct, frozen=True, tag="visit", tag_field="do", forbid_unknown_fields=True):
    """Go to this page of the chat origin; what its page was asked before is over."""

    path: str
    """Path and query, from the origin on."""


class Renew(Struct, frozen=True, tag="renew", tag_field="do", forbid_unknown_fields=True):
    """Have the site's page renew its session, which it does when it is loaded.

    Calls that are under way go on. What comes of it is told by `Stored`.
    """


class Fetch(Struct, frozen=True, tag="fetch", tag_field="do", forbid_unknown_fields=True):
    """Have the page make a call to its own origin; told by one `Head`, `Piece`s and one `End`."""

    id: str
    """Random, at least 128 bits, and never used again."""
    method: str
    path: str
    """Path and query, from the origin on."""
    headers: dict[str, str]
    """Those that the page's own code would add; the browser adds its own."""
    body: str | None = None
    bearer: str = ""
    """The key of the local storage whose JSON has the `token` that the page sends as bearer; empty
    for none. The token is read by the page, when the call is made."""


class Abort(Struct, frozen=True, tag="abort", tag_field="do", forbid_unknown_fields=True):
    """End a call; nothing more is told of it."""

    id: str


class AskCookies(Struct, frozen=True, tag="cookies", tag_field="do", forbid_unknown_fields=True):
    """Tell the session's cookies; told by one `Jar`."""


class Reveal(Struct, frozen=True, tag="reveal", tag_field="do", forbid_unknown_fields=True):
    """Show the window, in front of the others."""

    title: str
    """What stands in the frame before the address from now on."""


class Hide(Struct, frozen=True, tag="hide", tag_field="do", forbid_unknown_fields=True):
    """Hide the window; its page goes on."""


class Leave(Struct, frozen=True, tag="leave", tag_field="do", forbid_unknown_fields=True):
    """Close the window and end."""


class Opened(Struct, frozen=True, tag="opened", tag_field="told", forbid_unknown_fields=True):
    """The window is there and its engine runs scripts."""

    renderer: str


class At(Struct, frozen=True, tag="at", tag_field="told", forbid_unknown_fields=True):
    """The page is another one, or was loaded anew; calls that its page made are over."""

    url: str
    """Without query and fragment, in which secrets may be."""


class Stored(Struct, frozen=True, tag="stored", tag_field="told", forbid_unknown_fields=True):
    """What the chat origin's local storage has now, by key; told when it changed, and once after
    each page of that origin was loaded. Never read on a page of any other origin."""

    values: dict[str, str]


class Usable(Struct, frozen=True, tag="usable", tag_field="told", forbid_unknown_fields=True):
    """The page can make calls: its script is there and has put itself before `fetch`."""

    wrapped: bool
    """False where that was waited for in vain: calls are made all the same."""
    script: str = ""
    """The path of the page's own script; empty where none was found."""


class Check(Struct, frozen=True, tag="check", tag_field="told", forbid_unknown_fields=True):
    """Whether the page asks for a person now, as far as can be seen; told when it changed."""

    visible: bool


class Head(Struct, frozen=True, tag="head", tag_field="told", forbid_unknown_fields=True):
    """How an answer begins."""

    id: str
    status: int
    """0 for a redirect, which was not followed."""
    headers: dict[str, str]
    """Names in lower case."""


class Piece(Struct, frozen=True, tag="piece", tag_field="told", forbid_unknown_fields=True):
    """What came of an answer since the last piece."""

    id: str
    text: str


class End(Struct, frozen=True, tag="end", tag_field="told", forbid_unknown_fields=True):
    """Nothing more comes of an answer."""

    id: str
    why: str = ""
    """Empty where the answer ended; else `network` (the engine says no more than that), `offline`,
    `left` (the page that made the call is gone), `too_large` or `unusable` (there is no page that
    can make calls)."""


class Cookie(Struct, frozen=True, forbid_unknown_fields=True):
    """A cookie of the profile."""

    name: str
    value: str
    domain: str
    """Without a leading dot."""
    everywhere: bool
    """For every host below the domain too."""
    secure: bool


class Jar(Struct, frozen=True, tag="jar", tag_field="told", forbid_unknown_fields=True):
    """The cookies of the session's domains, HttpOnly ones too."""

    cookies: list[Cookie]


class Hidden(Struct, frozen=True, tag="hidden", tag_field="told", forbid_unknown_fields=True):
    """The person closed the window, which is only hidden by that."""


ToSite = (
    Begin | Visit | Renew | Fetch | Abort | AskCookies | Reveal | Hide | Ping | Leave
)  # fmt: skip
FromSite = (
    Opened | At | Stored | Usable | Check | Head | Piece | End | Jar | Hidden | Pong | Closed
    | Failed
)  # fmt: skip

_to_site: msgspec.json.Decoder[ToSite] = msgspec.json.Decoder(ToSite)
_from_site: msgspec.json.Decoder[FromSite] = msgspec.json.Decoder(FromSite)


def site_line(message: ToSite | FromSite) -> bytes:
    """A message as one line; raises `MessageError` for one that does not fit."""
    return write_line(message, TO_SITE_BYTES)


def to_site(received: bytes) -> ToSite:
    """What a parent says; raises `MessageError`."""
    return read_line(_to_site, received, TO_SITE_BYTES)


def from_site(received: bytes) -> FromSite:
    """What the site's window says; raises `MessageError`."""
    return read_line(_from_site, received)
