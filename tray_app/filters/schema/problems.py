"""What is wrong with a value, in words that a model can act on."""

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

TOLD = 3
_CHARS = 200
_SHOWN = 60
_PLAIN = re.compile(r"[\w$-]+")
_ARTICLES = {
    "object": "an object",
    "array": "an array",
    "string": "a string",
    "number": "a number",
    "integer": "an integer",
    "boolean": "true or false",
    "null": "null",
}
_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
    "multipleOf": "a multiple of",
}
_COUNTS = {
    "minLength": ("at least", "characters"),
    "maxLength": ("at most", "characters"),
    "minItems": ("at least", "items"),
    "maxItems": ("at most", "items"),
    "minProperties": ("at least", "keys"),
    "maxProperties": ("at most", "keys"),
}
_PLAINLY: dict[str, str] = {
    "never": "is not allowed here",
    "required": "is missing",
    "additionalProperties": "is not a known key",
    "uniqueItems": "must not hold the same item twice",
    "not": "has a form that is not allowed",
    "propertyNames": "has a key that is not allowed",
    "dependentRequired": "lacks a key that another one needs",
    "contains": "lacks an item that has to be in it",
    "minContains": "holds too few items of a kind that has to be in it",
    "maxContains": "holds too many items of a kind",
    "anyOf": "has none of the forms that are allowed",
    "oneOf": "must have only one of the forms that are allowed",
}


def told(errors: Iterable["ValidationError"]) -> tuple[str, ...]:
    """The first three of them, each as `path: what is wrong`."""
    said: dict[str, None] = {}
    for error in errors:
        for path, one in _nearest(error, list(error.relative_path)):
            said[_cut(f"{_written(path)}: {_words(one)}", _CHARS)] = None
            if len(said) == TOLD:
                return tuple(said)
    return tuple(said)


def weight(errors: Iterable["ValidationError"]) -> tuple[int, ...]:
    """How wrong a value is: how many things are, by how deep inside it, the outermost first.

    What is wrong further inside is the smaller fault, so weights are compared as tuples are.
    """
    depths = [
        len(path) for error in errors for path, _ in _nearest(error, list(error.relative_path))
    ]
    return tuple(depths.count(depth) for depth in range(max(depths, default=-1) + 1))


def only_missing(error: "ValidationError") -> bool:
    """Whether nothing is wrong but that keys are missing, of objects that have others."""
    if error.validator == "required":
        return bool(error.instance)
    return any(all(map(only_missing, branch)) for branch in _branches(error))


def _branches(error: "ValidationError") -> list[list["ValidationError"]]:
    """What is wrong by each form that a value may have."""
    branches: dict[Any, list[ValidationError]] = {}
    if error.validator in ("anyOf", "oneOf"):
        for one in error.context or ():
            branches.setdefault(one.schema_path[0], []).append(one)
    return list(branches.values())


def _nearest(
    error: "ValidationError", path: list[Any]
) -> Iterable[tuple[list[Any], "ValidationError"]]:
    """What is wrong by the form that the value comes nearest to, where one is nearer."""
    branches = [branch for branch in _branches(error) if not any(map(_is_other, branch))]
    if not branches:
        return [(path, error)]
    best = min(branches, key=len)
    return [found for one in best for found in _nearest(one, path + list(one.relative_path))]


def _is_other(error: "ValidationError") -> bool:
    """Whether a form is another one altogether: by its type, or by the word that names it."""
    if error.validator == "type":
        return not error.relative_path
    place = list(error.relative_path)
    return error.validator == "const" and (not place or place == [str(place[0])])


def _words(error: "ValidationError") -> str:
    rule = str(error.validator)
    wanted: Any = error.validator_value
    got: Any = error.instance
    if rule == "type":
        return f"must be {_listed([_ARTICLES[each] for each in wanted])}; got {shown(got)}"
    if rule in ("enum", "const"):
        members = wanted if rule == "enum" else [wanted]
        says = "must be one of " if len(members) > 1 else "must be "
        return f"{says}{_cut(', '.join(map(shown, members)), 100)}; got {shown(got)}"
    if rule == "pattern":
        return f"must match the pattern {_cut(wanted.text, 80)}; got {shown(got)}"
    if rule in _BOUNDS:
        return f"must be {_BOUNDS[rule]} {wanted}; got {shown(got)}"
    if rule in _COUNTS:
        least, kind = _COUNTS[rule]
        return f"must have {least} {wanted} {kind}; has {len(got)}"
    if rule in ("anyOf", "oneOf") and (types := _other_types(error)):
        return f"must be {_listed(types)}; got {shown(got)}"
    return _PLAINLY.get(rule, f"does not fit `{rule}`")


def _other_types(error: "ValidationError") -> list[str]:
    """The types that a value could be, where each form it may have is only another type."""
    types: dict[str, None] = {}
    for one in error.context or ():
        if one.validator != "type" or one.relative_path:
            return []
        wanted: Any = one.validator_value
        types |= {_ARTICLES[each]: None for each in wanted}
    return list(types)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def shown(value: Any) -> str:
    """A value in a few characters."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, str):
        value = value[:_SHOWN]
    return _cut(json.dumps(value, ensure_ascii=False), _SHOWN)


def _written(path: list[Any]) -> str:
    """A place inside a value, such as `todos[0].status`."""
    said = ""
    for key in path:
        if isinstance(key, int):
            said += f"[{key}]"
        elif _PLAIN.fullmatch(key):
            said += f".{key}" if said else key
        else:
            said += f"[{json.dumps(key, ensure_ascii=False)}]"
    return _cut(said, 80) or "the whole"


def _cut(text: str, chars: int) -> str:
    return text if len(text) <= chars else text[: chars - 1] + "…"
