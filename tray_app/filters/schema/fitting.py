"""A value, fitted to the schema that asked for it."""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from .coercion import Coercion, from_text, property_types
from .problems import only_missing, told, weight
from .rules import STEPS, Rule, Steps, TooLong, read

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_WRAPPERS = ("arguments", "input", "parameters")
_NOT_AN_OBJECT = "the whole: must be an object"


class Fit(Struct, frozen=True):
    """A value as near to its schema as it can be read, and what is wrong with it still."""

    value: Any
    problems: tuple[str, ...] = ()
    """At most three, each as `path: what is wrong`; none where it is valid."""


def fit(
    value: Any,
    schema: dict[str, Any],
    *,
    as_text: bool = False,
    lenient_required: bool = False,
) -> Fit:
    """The value that was meant by `value`: the same object if it is valid, which is never changed.

    Nothing is raised, whatever the schema. One that is too big, too deep or too much work for this
    value checks only that there is an object.

    Args:
        as_text: What an object holds are raw texts, whose types only the schema knows.
        lenient_required: Keys may be missing from an object that has others, for clients that call
            every key a required one; a missing one that may be null is null.
    """
    checked = _checked(schema)
    try:
        if checked:
            return checked.fit(value, as_text=as_text, lenient=lenient_required)
    except (TooLong, RecursionError):
        pass
    return Fit(value, () if isinstance(value, dict) else (_NOT_AN_OBJECT,))


class _Checked:
    """A schema that was read, with what checks by it."""

    def __init__(self, schema: Any) -> None:
        from .keywords import checker

        self._steps = Steps()
        self._rule = read(schema, self._steps)
        self._checker = checker(self._rule)
        self._strict = Coercion(self._fits, lenient=False)
        self._lenient = Coercion(self._fits, lenient=True)

    def fit(self, value: Any, *, as_text: bool, lenient: bool) -> Fit:
        """As `fit` says. Raises TooLong and RecursionError."""
        self._steps.left = STEPS
        if as_text and isinstance(value, dict):
            value = self._typed(value)
        excused = only_missing if lenient else _never
        coercion = self._lenient if lenient else self._strict
        wrong = self._wrong(value, excused)
        while wrong:
            meant = self._meant(value, coercion, excused)
            if meant is value or weight(still := self._wrong(meant, excused)) >= weight(wrong):
                break
            value, wrong = meant, still
        # Only now: a null put into a wrapper, or beside a key by another name, would hide what is
        # wrong there.
        if lenient and (filled := coercion.filled(value, self._rule)) is not value:
            still = self._wrong(filled, excused)
            if weight(still) <= weight(wrong):
                value, wrong = filled, still
        return Fit(value, told(wrong))

    def _meant(self, value: Any, coercion: Coercion, excused: "_Excused") -> Any:
        """The value that was meant, out of what it was wrapped into."""
        inner = self._unwrapped(value)
        if inner is not None:
            inner = coercion.coerced(inner, self._rule)
            if not self._wrong(inner, excused):
                return inner
        return coercion.coerced(value, self._rule)

    def _unwrapped(self, value: Any) -> Any:
        """What stands where a model told a call inside of a call's arguments, or None."""
        if not isinstance(value, dict) or not set(value) <= {"name", *_WRAPPERS}:
            return None
        known = self._rule.get("properties", {})
        inner = [value[key] for key in _WRAPPERS if key in value and key not in known]
        return inner[0] if len(inner) == 1 else None

    def _typed(self, value: dict[str, Any]) -> dict[str, Any]:
        return {
            key: from_text(one, property_types(self._rule, key)) if isinstance(one, str) else one
            for key, one in value.items()
        }

    def _wrong(self, value: Any, excused: "_Excused") -> "list[ValidationError]":
        return [error for error in self._checker.iter_errors(value) if not excused(error)]

    def _fits(self, value: Any, rule: Rule) -> bool:
        return self._checker.evolve(schema=rule).is_valid(value)


_Excused = Callable[["ValidationError"], bool]


def _never(_: "ValidationError") -> bool:
    return False


def _checked(schema: dict[str, Any]) -> _Checked | None:
    """What checks by a schema, made once; None for one that cannot be read."""
    try:
        return _made(msgspec.json.encode(schema))
    except (TooLong, ValueError, TypeError, RecursionError):
        return None


@lru_cache(256)
def _made(schema: bytes) -> _Checked:
    return _Checked(msgspec.json.decode(schema))
