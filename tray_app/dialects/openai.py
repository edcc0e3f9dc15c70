"""Shapes that every OpenAI dialect shares: decoding with field names, errors, usage, fields.

See: the OpenAI API reference; sizes and habits of real clients, seen 2026-11-20 and 2026-11-21.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import Usage

T = TypeVar("T")

_BOM = b"\xef\xbb\xbf"
_PAIR = rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_HALF = re.compile(rb"(\\\\|" + _PAIR + rb")|\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_STRETCH = re.compile(rb"(?s:[^\\]{1,200}|" + _PAIR + rb"|\\u[^\\]{4}|\\?.){1,1000}")
"""A part of a body that ends inside of no escape and between no two that belong together."""
_HEADER_SAFE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_IGNORED_NAMES = 20
MAX_STOPS = 4
_STOP_CHARS = 1_000
NO_DEFAULT_MODEL = "This request names no model"

to_json = msgspec.json.Encoder().encode


def invalid(param: str, message: str) -> ProxyError:
    """A 400 that names the field."""
    return ProxyError(Kind.INVALID_REQUEST, message, param=param)


def decode(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode a body by type; raises `ProxyError` naming the field or the position."""
    return decoded(body, decoder)[0]


def decoded(body: bytes, decoder: msgspec.json.Decoder[T]) -> tuple[T, bytes]:
    """Decode a body by type, and give it as it could be read, for whoever reads it again.

    Raises `ProxyError` naming the field or the position.
    """
    body = body.removeprefix(_BOM)
    try:
        return decoder.decode(body), body
    except msgspec.ValidationError as fault:
        raise fault_at(fault) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        whole = _without_halves(body)
        if whole != body:
            return decoded(whole, decoder)
        why = f"The body is not JSON: {fault}"
        raise ProxyError(Kind.INVALID_REQUEST, why, param="body") from None
    except RecursionError:
        why = "The body is nested too deeply"
        raise ProxyError(Kind.INVALID_REQUEST, why, param="body") from None


def fault_at(fault: msgspec.ValidationError, at: str = "") -> ProxyError:
    """A 400 for a value of a wrong type, named by its path from `at` on; empty for the body."""
    message, _, path = str(fault).partition(" - at `")
    param = (at + path.rstrip("`").removeprefix("$")).removeprefix(".")
    where = f"{param}: " if param else "The body: "
    return ProxyError(Kind.INVALID_REQUEST, where + _plain(message), param=param or None)


def _without_halves(body: bytes) -> bytes:
    """JSON in which half surrogates are the replacement character.

    Node writes them for a text that was cut inside of an emoji, and no reader of JSON takes them.
    """
    if not _may_have_halves(body):
        return body
    # One search of a large body would hold up every other thread until its end.
    return b"".join(
        _HALF.sub(lambda found: found[1] or b"\\ufffd", stretch)
        if _may_have_halves(stretch)
        else stretch
        for stretch in (found[0] for found in _STRETCH.finditer(body))
    )


def _may_have_halves(body: bytes) -> bool:
    return b"\\ud" in body or b"\\uD" in body


def _plain(message: str) -> str:
    """msgspec's words without its back-ticks, which look odd in a sentence."""
    return message.replace("`", "").replace("Expected", "expected").rstrip(".")


_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def ignored_fields(body: bytes, honoured: frozenset[str]) -> tuple[str, ...]:
    """Names of the top-level fields that were sent and change nothing, at most twenty."""
    names = (
        name
        for name, value in decode(body, _fields).items()
        if name not in honoured and bytes(value) != b"null"
    )
    return tuple(name for name in names if _HEADER_SAFE.fullmatch(name))[:_IGNORED_NAMES]


def error_object(error: ProxyError) -> dict[str, object]:
    """The `error` member of a body or a frame."""
    return {
        "message": error.text,
        "type": error.row.type,
        "param": error.param,
        "code": error.kind.value,
    }


def error_body(error: ProxyError) -> bytes:
    """A whole error body."""
    return to_json({"error": error_object(error)})


def usage_object(usages: Iterable[Usage]) -> dict[str, Any]:
    """The `usage` member for the sum of some answers; `estimated` stands only where it is true."""
    counted = list(usages)
    prompt = sum(usage.input_tokens for usage in counted)
    completion = sum(usage.output_tokens for usage in counted)
    shown: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": sum(usage.cached_tokens for usage in counted)},
        "completion_tokens_details": {
            "reasoning_tokens": sum(usage.reasoning_tokens for usage in counted)
        },
    }
    if any(usage.estimated for usage in counted):
        shown["estimated"] = True
    return shown


def wish_of_effort(effort: str | None) -> bool | None:
    """What an effort says about thinking: the two lowest say no, every other one yes."""
    return None if effort is None else effort not in {"none", "minimal"}


def check_limit(name: str, limit: int | None) -> None:
    """Raise `ProxyError` for a length that no answer can have; 0 is taken for no limit."""
    if limit is not None and limit < 0:
        raise invalid(name, f"{name}: expected at least 0, got {limit}")


def stops_of(sent: str | list[str] | None) -> tuple[str, ...]:
    """The strings before which an answer ends; raises `ProxyError` naming the field."""
    stops = [sent] if isinstance(sent, str) else sent or []
    if len(stops) > MAX_STOPS:
        raise invalid("stop", f"stop: expected at most {MAX_STOPS} strings, got {len(stops)}")
    for at, stop in enumerate(stops):
        if len(stop) > _STOP_CHARS:
            field = f"stop[{at}]"
            raise invalid(field, f"{field}: expected at most {_STOP_CHARS} characters")
    return tuple(dict.fromkeys(stop for stop in stops if stop))


def markdown_image(url: str) -> str:
    """A picture as chat clients show it."""
    return f"![image]({url})"


def flag(kwargs: Mapping[str, object] | None, name: str) -> bool | None:
    """A boolean out of a loose mapping; None where it is not one."""
    value = (kwargs or {}).get(name)
    return value if isinstance(value, bool) else None
