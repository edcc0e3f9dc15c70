"""Addresses of pictures that the site made.

Only addresses on the site's own media hosts count: a peer once showed the address of a challenge
page as the picture (seen: 2026-08-23).
"""

from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType


class _Image(Struct):
    image: str | None = None
    url: str | None = None


class _Extra(Struct):
    image_list: list[_Image] | None = None
    tool_result: list[_Image] | None = None


_extra = msgspec.json.Decoder(_Extra)


def image_urls(content: str | None, extra: Raw | UnsetType) -> list[str]:
    """Every address that a frame of a picture phase may carry."""
    found = [content] if content else []
    if extra is not UNSET:
        try:
            told = _extra.decode(extra)
        except msgspec.DecodeError:
            return found
        images = [*(told.image_list or ()), *(told.tool_result or ())]
        found += [url for image in images if (url := image.image or image.url)]
    return found


def is_media(url: str, hosts: tuple[str, ...]) -> bool:
    """Whether a picture of the site can be at this address."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme not in {"https", "http"} or "_____tmd_____" in url:
        return False
    return any(
        host.endswith(known) if known.startswith(".") else known in {host, parts.netloc}
        for known in hosts
    )
