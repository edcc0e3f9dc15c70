"""Where the upstream is: one value that only the composition root chooses."""

import re
from urllib.parse import urlsplit

from msgspec import Struct

from .calls import Place

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?")


class Pages(Struct, frozen=True, kw_only=True):
    """What a window has to know of the site's pages."""

    sign_in: str
    """The path on the chat origin where people sign in."""
    home: str
    """The path on the chat origin of a page that can make calls."""
    hosts: tuple[str, ...]
    """Where a person may be sent to while signing in: exact hosts, or `.example` for every host
    below it. Only https; the site's own two origins are never among them and always allowed."""
    refusing: tuple[str, ...]
    """Those among them that let nobody sign in in the window of an app."""
    cookie_domains: tuple[str, ...]
    """The only domains whose cookies are the session's, without a leading dot."""
    kept_back: tuple[str, ...]
    """Cookies by which the page renews its session: nobody else gets to see them."""
    bearer: str
    """The key of the local storage whose JSON has the `token` that calls carry."""
    stored: tuple[str, ...]
    """Keys of the chat origin's local storage that say who is signed in."""
    script: str
    """Part of the address of the page's own script: before it is there no call may be made."""
    check_path: str
    """Part of the path of every page that asks for a person."""
    check_frames: str
    """A CSS selector of the frames in which a page asks for a person."""
    check_words: tuple[str, ...]
    """What is in the source of a page that asks for a person and has no script of the site's."""
    check_cookie: str
    """A cookie that is new after a person has answered."""


class Site(Struct, frozen=True):
    """The origins that are the upstream, and the hosts that may serve what it makes."""

    name: str
    chat_origin: str
    auth_origin: str
    media_hosts: tuple[str, ...]
    """Exact hosts, or `.example` for every host below it."""
    pages: Pages
    store_hosts: tuple[str, ...] = ()
    """Where files may be put, in the same form; a port that is not the usual one is named."""

    def origin(self, place: Place) -> str:
        """The origin that calls to `place` go to."""
        return self.auth_origin if place == "auth" else self.chat_origin

    def store_origin(self, host: str) -> str | None:
        """The origin of a store at `host`; None where no file may go."""
        if not _HOST.fullmatch(host) or not is_among(host, self.store_hosts):
            return None
        return f"{urlsplit(self.chat_origin).scheme}://{host}"


def is_among(host: str, known: tuple[str, ...]) -> bool:
    """Whether a host is one of those, or below one that begins with a dot."""
    return any(host.endswith(one) if one.startswith(".") else host == one for one in known)
