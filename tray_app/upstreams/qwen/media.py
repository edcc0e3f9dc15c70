"""Addresses of pictures that the site made.

Only addresses on the site's own media hosts count: a peer once showed the address of a challenge
page as the picture (seen: 2026-08-23).
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tray_app.core.site import is_among

IMAGE_PHASES = frozenset(
    {"image_gen", "image_edit", "image", "image_gen_tool", "image_edit_tool", "generate_image"}
)
"""Phases of a stream whose content is pictures."""

_CHECK = "_____tmd_____"
_ADDRESS = r"(?:https?:)?//[^\s()<>]+"
_PLAIN = re.compile(r"(?:https?:)?//\S+")
_SHOWN = re.compile(
    rf"!\[[^\]\n]{{0,400}}\]\([ \t]*<?({_ADDRESS})>?(?:[ \t]+\"[^\"\n]{{0,400}}\")?[ \t]*\)"
    rf"|^[ \t]*({_ADDRESS})[ \t]*$",
    re.MULTILINE,
)
"""A picture in Markdown, or an address that has a line of its own."""
_FIELDS = (
    "image_list", "tool_result", "output_image", "output_images", "images", "image", "image_url",
    "url",
)  # fmt: skip
"""Where what is told beside a text holds addresses."""
_DEPTH = 5


def pictured(content: str | None, extra: Raw | UnsetType = UNSET) -> tuple[list[str], str]:
    """The addresses that a frame of a picture phase carries, and the words that are none."""
    found: list[str] = []

    def cut(match: re.Match[str]) -> str:
        found.append(_whole(match[1] or match[2]))
        return ""

    words = content or ""
    if all(_PLAIN.fullmatch(word) for word in words.split()):
        found += map(_whole, words.split())
        words = ""
    else:
        words = _SHOWN.sub(cut, words)
    if extra is not UNSET:
        found += addresses_in(_decoded(extra))
    return found, words if words.strip() else ""


def addresses_in(value: object, depth: int = _DEPTH) -> Iterator[str]:
    """The addresses of pictures in a JSON value, each read by itself, whatever is beside it."""
    if isinstance(value, str) and _PLAIN.fullmatch(value.strip()):
        yield _whole(value.strip())
    if not depth:
        return
    if isinstance(value, dict):
        value = [value[name] for name in _FIELDS if name in value]
    if isinstance(value, list):
        for one in value:
            yield from addresses_in(one, depth - 1)


def is_media(url: str, hosts: tuple[str, ...]) -> bool:
    """Whether a picture of the site can be at this address."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme not in {"https", "http"} or is_check(url):
        return False
    return is_among(host, hosts) or parts.netloc in hosts


def is_check(url: str) -> bool:
    """Whether at this address a person is asked for."""
    return _CHECK in url


def shown(text: str, hosts: tuple[str, ...]) -> tuple[list[str], str]:
    """The pictures that a text shows, and the text without them."""
    found: list[str] = []

    def cut(match: re.Match[str]) -> str:
        url = _whole(match[1] or match[2])
        if not is_media(url, hosts):
            return match[0]
        found.append(url)
        return ""

    rest = _SHOWN.sub(cut, text)
    return found, rest.strip() if found else text


def strange(text: str, hosts: tuple[str, ...]) -> str:
    """The address of a picture in Markdown that is not on the site's hosts; empty for none."""
    told = (_whole(match[1]) for match in _SHOWN.finditer(text) if match[1])
    return next((url for url in told if not is_media(url, hosts)), "")


def path_of(url: str) -> str:
    """What stays the same where a picture is told again: its key may be another."""
    return url.partition("?")[0]


def _whole(url: str) -> str:
    return f"https:{url}" if url.startswith("//") else url


def _decoded(extra: Raw) -> object:
    try:
        return msgspec.json.decode(extra)
    except (msgspec.DecodeError, RecursionError):
        return None
