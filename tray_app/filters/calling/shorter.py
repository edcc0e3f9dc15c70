"""Texts made short: both ends stay, and a note says how much there was between them.

What becomes of a text depends on that text alone, so a model is shown the same past in every turn.
"""

import json
from typing import Any

import msgspec
from msgspec import Raw

from tray_app.core.model import utf8_bytes

from .form import as_object

_QUOTED_CHARS = 60
_LONG_BYTES = 1_000
_END_BYTES = 250

_object = msgspec.json.Decoder(dict[str, Raw])


def ends(text: str, end_bytes: int, of_what: str = "") -> str:
    """The first and the last bytes of a text, and how many of what there were between them.

    The text itself where that is no longer.
    """
    size = utf8_bytes(text)
    head = text[:end_bytes].encode()[:end_bytes].decode(errors="ignore")
    tail = text[-end_bytes:].encode()[-end_bytes:].decode(errors="ignore")
    left_out = size - utf8_bytes(head) - utf8_bytes(tail)
    cut = f"{head}\n[… {left_out} bytes {of_what and f'of {of_what} '}are left out here …]\n{tail}"
    return cut if left_out > 0 and utf8_bytes(cut) < size else text


def repeated(text: str) -> str:
    """What stands for a text that comes again later."""
    beginning = " ".join(text[:_QUOTED_CHARS].split())
    return f"[The same text as in a later result, which begins with: {beginning}]"


def short_arguments(arguments: str) -> str:
    """The arguments of a call as an object in JSON, its long texts cut to their ends."""
    told = as_object(arguments)
    if len(told) <= _LONG_BYTES:
        return told
    values = _object.decode(told)
    if not any(len(bytes(raw)) > _LONG_BYTES for raw in values.values()):
        return told
    return msgspec.json.encode({key: _short_value(raw) for key, raw in values.items()}).decode()


def _short_value(raw: Raw) -> Raw:
    """A value in JSON, letter by letter where no long text is in it."""
    if len(bytes(raw)) <= _LONG_BYTES:
        return raw
    try:
        value = json.loads(bytes(raw))
        short = _short(value)
        return raw if short == value else Raw(msgspec.json.encode(short))
    except (ValueError, RecursionError):
        return raw


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return ends(value, _END_BYTES) if len(value.encode()) > _LONG_BYTES else value
    if isinstance(value, list):
        return [_short(one) for one in value]
    if isinstance(value, dict):
        return {key: _short(one) for key, one in value.items()}
    return value
