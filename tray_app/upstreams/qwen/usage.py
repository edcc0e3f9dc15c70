"""The tokens of an answer, as the site tells them."""

import msgspec
from msgspec import Struct

from tray_app.core.model import Usage


class _InputDetails(Struct):
    cached_tokens: int = 0


class _OutputDetails(Struct):
    reasoning_tokens: int = 0


class _Usage(Struct):
    input_tokens: int = 0
    output_tokens: int = 0
    prompt_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None


_usage = msgspec.json.Decoder(_Usage)


def read(told: bytes | None, *, may_be_nothing: bool = False) -> Usage | None:
    """The counts of a frame; None where it has none, or only zeros that cannot be true."""
    if told is None:
        return None
    try:
        counts = _usage.decode(told)
    except msgspec.DecodeError:
        return None
    if not counts.input_tokens and not counts.output_tokens and not may_be_nothing:
        return None
    cached = counts.prompt_tokens_details
    details = counts.output_tokens_details
    return Usage(
        input_tokens=counts.input_tokens,
        output_tokens=counts.output_tokens,
        reasoning_tokens=details.reasoning_tokens if details else 0,
        cached_tokens=cached.cached_tokens if cached else 0,
    )
