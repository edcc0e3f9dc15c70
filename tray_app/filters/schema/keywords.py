"""jsonschema's checks, and ours where its own would run away with a stranger's schema.

It is imported when the first value is checked: jsonschema takes a while to load.

Its own are quadratic for items that are unique, ask a pattern however long that takes, and write
whole schemas into their messages; the problems that a model is told are written elsewhere.
"""

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import referencing
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from .patterns import Pattern
from .rules import Rule, Steps, extras

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

Errors = Iterator[ValidationError]
Check = Any
"""A validator at work; its published protocol does not tell that it can descend."""
_Members = dict[str, Any]


def checker(rule: Rule) -> "Validator":
    """What checks values by a rule; it looks nothing up anywhere."""
    made: Validator = _CHECKER(rule, registry=referencing.Registry())
    return made


def _steps(_: Check, steps: Steps, __: Any, ___: _Members) -> None:
    steps.take()


def _ref(check: Check, rule: Rule, value: Any, _: _Members) -> Errors:
    yield from check.descend(value, rule)


def _never(_: Check, __: bool, ___: Any, ____: _Members) -> Errors:  # noqa: FBT001
    yield ValidationError("never")


def _pattern(_: Check, pattern: Pattern, value: Any, __: _Members) -> Errors:
    if isinstance(value, str) and pattern.found(value) is False:
        yield ValidationError("pattern")


def _pattern_properties(
    check: Check, rules: list[tuple[Pattern, Rule]], value: Any, _: _Members
) -> Errors:
    for key in value if isinstance(value, dict) else ():
        for pattern, rule in rules:
            if pattern.found(key):
                yield from check.descend(value[key], rule, path=key)


def _additional_properties(
    check: Check, rule: Rule | Literal[False], value: Any, whole: _Members
) -> Errors:
    for key in extras(whole, value) if isinstance(value, dict) else ():
        if rule is False:
            yield ValidationError("extra", path=(key,))
        else:
            yield from check.descend(value[key], rule, path=key)


def _required(_: Check, required: list[str], value: Any, __: _Members) -> Errors:
    for key in required if isinstance(value, dict) else ():
        if key not in value:
            yield ValidationError("missing", path=(key,))


def _unique_items(_: Check, __: bool, value: Any, ___: _Members) -> Errors:  # noqa: FBT001
    if isinstance(value, list):
        written = {json.dumps(each, sort_keys=True) for each in value}
        if len(written) < len(value):
            yield ValidationError("twice")


def _multiple_of(_: Check, step: float, value: Any, __: _Members) -> Errors:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    # As people write them: 0.3 is three times 0.1.
    if is_number and (Fraction(str(value)) / Fraction(str(step))).denominator != 1:
        yield ValidationError("multiple")


def _not(check: Check, rule: Rule, value: Any, _: _Members) -> Errors:
    if check.evolve(schema=rule).is_valid(value):
        yield ValidationError("not")


def _one_of(check: Check, rules: list[Rule], value: Any, _: _Members) -> Errors:
    fitting = 0
    context: list[ValidationError] = []
    for at, rule in enumerate(rules):
        errors = list(check.descend(value, rule, schema_path=at))
        fitting += not errors
        context += errors
    if fitting != 1:
        yield ValidationError("one", context=() if fitting else context)


def _is_integer(_: Any, value: Any) -> bool:
    # 3.0 is one to the standard, but many a client's language does not read it as one.
    return isinstance(value, int) and not isinstance(value, bool)


_CHECKER = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {
        "steps": _steps,
        "$ref": _ref,
        "never": _never,
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "required": _required,
        "uniqueItems": _unique_items,
        "multipleOf": _multiple_of,
        "not": _not,
        "oneOf": _one_of,
    },
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)
