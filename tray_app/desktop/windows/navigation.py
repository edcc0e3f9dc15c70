"""Where the site's window may go, and where an address is opened that it may not."""

from typing import Literal
from urllib.parse import urlsplit

from tray_app.core.site import Site

Where = Literal["here", "outside", "nowhere"]

_HARMLESS = {"about", "blob"}
"""Schemes of documents that a page made itself."""


def where(url: str, site: Site) -> Where:
    """Where an address belongs: into the window, into the person's own browser, or nowhere.

    The site's own two origins are allowed as they are; everything else only over TLS.
    """
    origin = origin_of(url)
    if origin in {site.chat_origin, site.auth_origin}:
        return "here"
    scheme, _, host = origin.partition("://")
    if scheme != "https" or not host:
        return "nowhere"
    name = host.partition(":")[0]
    if host == name and any(_is_among(name, one) for one in site.pages.hosts):
        return "here"
    return "outside"


def is_harmless(url: str, site: Site) -> bool:
    """Whether a frame may load an address, wherever in the page it is."""
    scheme = url.partition(":")[0].lower()
    return scheme in {"https", *_HARMLESS} or origin_of(url) in {site.chat_origin, site.auth_origin}


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, as a person should see them; empty for none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if not host:
        return ""
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port not in {None, usual} else "")


def plain(url: str) -> str:
    """An address without query and fragment, in which secrets may be, and without a user."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    origin = origin_of(url)
    return f"{origin}{path or '/'}" if origin else ""


def _is_among(name: str, allowed: str) -> bool:
    return name.endswith(allowed) if allowed.startswith(".") else name == allowed
