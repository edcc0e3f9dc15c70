"""Fields of a struct as fields of a window: their kinds, limits and choices, and texts for values.

What a field takes is read from its type, so that a window offers exactly what the rest of the
program takes.
"""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from .windows.parts import FieldKind

_KINDS: Mapping[type, FieldKind] = MappingProxyType(
    {int: "number", float: "number", bool: "switch", tuple: "lines", dict: "lines"}
)
_DECIMAL = re.compile(r"^(\d+),(\d{1,2}|\d{4,}|(?<=^0,)\d{3})$")
"""A number as half of the world writes it; `1,000` is read neither as 1 nor as 1000."""
_BETWEEN = "="
"""Between a name and what it stands for, in a line of those that have both."""


class Form(Struct, frozen=True):
    """What one field takes."""

    kind: FieldKind
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    is_whole: bool = False
    """Whether a number has no fraction."""
    is_table: bool = False
    """Whether each line has a name and what it stands for."""


def form_of(struct: type[Struct], name: str) -> Form:
    """What this field of a struct takes."""
    kind = get_type_hints(struct, include_extras=True)[name]
    low = high = None
    if get_origin(kind) is Annotated:
        kind, *about = get_args(kind)
        for meta in (one for one in about if isinstance(one, Meta)):
            low, high = _lower(meta), meta.le
    if get_origin(kind) is Literal:
        return Form("choice", get_args(kind))
    plain = get_origin(kind) or kind
    return Form(
        _KINDS.get(plain, "text"), low=low, high=high, is_whole=plain is int, is_table=plain is dict
    )


def _lower(meta: Meta) -> float | None:
    return meta.ge if meta.ge is not None else meta.gt


def text_of(value: Any) -> str:
    """A value as it stands in a field."""
    match msgspec.to_builtins(value):
        case bool(value):
            return "yes" if value else "no"
        case float(value):
            return f"{value:g}"
        case dict(value):
            return "\n".join(f"{name} {_BETWEEN} {text}" for name, text in value.items())
        case list(value) | tuple(value):
            return "\n".join(value)
        case value:
            return str(value)


def told_of(text: str, form: Form) -> str:
    """What stands in a field, as the command line takes it for a value."""
    if form.kind == "number":
        return _DECIMAL.sub(r"\1.\2", text.strip())
    if form.kind != "lines":
        return text.strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not form.is_table:
        return json.dumps(lines)
    pairs = (line.partition(_BETWEEN) for line in lines)
    return json.dumps({name.strip(): told.strip() for name, _, told in pairs})
