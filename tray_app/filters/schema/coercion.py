"""What a model meant by a value of the wrong type.

Models write numbers as text, lists as text of JSON, one item instead of a list of one, `True`,
`null` where a key should be left out. Each such slip has one reading, and only what does not fit
its rule is touched: a value that fits comes back as the same object.

A key that is not known goes only from an object that has all it needs; from another one it may be
the missing key by another name, and the model is asked.
"""

import json
import re
from collections.abc import Callable
from math import isfinite
from typing import Any

from tray_app.filters.calling import lenient

from .rules import Rule, extras

Fits = Callable[[Any, Rule], bool]

_NUMBER = re.compile(r"[+-]?\d{1,60}(?:\.\d{1,60})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_TRUE = {"true", "yes", "1"}
_FALSE = {"false", "no", "0"}
_NONE = object()
"""There is no such reading."""


class Coercion:
    """Reads values by rules; `fits` says whether one is right as it is.

    If it is `lenient`, a required key may be missing.
    """

    def __init__(self, fits: Fits, *, lenient: bool) -> None:
        self._fits = fits
        self._lenient = lenient

    def coerced(self, value: Any, rule: Rule) -> Any:
        """The value as it was meant, which need not fit; itself where nothing is to be changed.

        Raises TooLong and RecursionError, as checking it does.
        """
        if steps := rule.get("steps"):
            steps.take()
        for one in (rule.get("$ref"), *rule.get("allOf", ())):
            value = self.coerced(value, one) if one else value
        for key in ("anyOf", "oneOf"):
            value = self._chosen(value, rule[key]) if key in rule else value
        types = rule.get("type")
        if types and not any(is_a(value, each) for each in types):
            value = self._retyped(value, types, rule)
        value = _member(value, rule)
        if isinstance(value, dict):
            return self._of_members(value, rule)
        return self._of_items(value, rule) if isinstance(value, list) else value

    def filled(self, value: Any, rule: Rule) -> Any:
        """The value with null for each required key that is missing and may be null.

        A schema that requires every key says so that one may be left out (OpenAI's strict mode). An
        object without any stays empty where it needs another one too: that has to be asked for.
        """
        if ref := rule.get("$ref"):
            value = self.filled(value, ref)
        if isinstance(value, dict):
            return self._with_nulls(value, rule)
        items = rule.get("items")
        if not isinstance(value, list) or not isinstance(items, dict):
            return value
        now = [self.filled(one, items) for one in value]
        return value if all(map(_is, now, value)) else now

    def _with_nulls(self, value: dict[str, Any], rule: Rule) -> dict[str, Any]:
        named = rule.get("properties", {})
        now = {
            key: self.filled(one, named[key]) if key in named else one for key, one in value.items()
        }
        missing = [key for key in rule.get("required", ()) if key not in now]
        left_out = [key for key in missing if key in named and self._may_be_null(named[key])]
        if now or len(left_out) == len(missing):
            now |= dict.fromkeys(left_out)
        is_same = len(now) == len(value) and all(now[key] is value[key] for key in now)
        return value if is_same else now

    def _may_be_null(self, rule: Rule) -> bool:
        """Whether a rule says so; one that says nothing allows it and does not mean it."""
        return "null" in (accepted(rule) or ()) and self._fits(None, rule)

    def _chosen(self, value: Any, rules: list[Rule]) -> Any:
        if any(self._fits(value, each) for each in rules):
            return value
        nulls = [each for each in rules if each.get("type") == ["null"]]
        others = [each for each in rules if each.get("type") != ["null"]]
        for each in (*nulls, *others):
            meant = self.coerced(value, each)
            if self._fits(meant, each):
                return meant
        # One thing or null is that thing, and what is wrong inside it can be said.
        return self.coerced(value, others[0]) if len(others) == 1 else value

    def _retyped(self, value: Any, types: list[str], rule: Rule) -> Any:
        # Anything can be text, so that comes last; and a list may hold a word for nothing.
        for each in sorted(types, key=lambda each: _LATE.get(each, 1)):
            meant = self._listed(value, rule) if each == "array" else _READ[each](value)
            if meant is not _NONE:
                return meant
        return value

    def _listed(self, value: Any, rule: Rule) -> Any:
        if isinstance(value, str):
            parsed = _parsed(value)
            if isinstance(parsed, list) or value.lstrip().startswith("["):
                return parsed if isinstance(parsed, list) else _NONE
        items = rule.get("items")
        if not items or set(items) == {"steps"} or value is None:
            return _NONE
        meant = self.coerced(value, items)
        is_alike = isinstance(value, str) or type(meant) is type(value)
        return [meant] if is_alike and self._fits(meant, items) else _NONE

    def _of_members(self, value: dict[str, Any], rule: Rule) -> dict[str, Any]:
        # A null that is not allowed, where nothing has to be, means that there is nothing.
        required = rule.get("required", ())
        needed = () if self._lenient else required
        now: dict[str, Any] = {}
        for key, one in value.items():
            applying = _rules_of(key, rule)
            meant = one
            for each in applying:
                meant = self.coerced(meant, each)
            if one is not None or key in needed or all(self._fits(one, of) for of in applying):
                now[key] = meant
        if rule.get("additionalProperties") is False and all(key in now for key in required):
            for key in list(extras(rule, now)):
                del now[key]
        is_same = len(now) == len(value) and all(now[key] is value[key] for key in now)
        return value if is_same else now

    def _of_items(self, value: list[Any], rule: Rule) -> list[Any]:
        first: list[Rule] = rule.get("prefixItems", [])
        rest: Rule = rule.get("items", {})
        if not first and not rest:
            return value
        now = [
            self.coerced(one, first[at] if at < len(first) else rest)
            for at, one in enumerate(value)
        ]
        return value if all(map(_is, now, value)) else now


def is_a(value: Any, kind: str) -> bool:
    """Whether a value is of a type of JSON schema; 3.0 is no integer here."""
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "number":
        return isinstance(value, (int, float))
    return isinstance(value, _TYPES[kind])


def accepted(rule: Rule, deep: int = 8) -> set[str] | None:
    """The types that a rule allows; None where it does not say."""
    if types := rule.get("type"):
        return set(types)
    members = rule["enum"] if "enum" in rule else [rule["const"]] if "const" in rule else None
    if members is not None:
        return {kind for kind in _TYPES for each in members if is_a(each, kind)}
    if not deep:
        return None
    for one in (rule.get("$ref"), *rule.get("allOf", ())):
        if one and (types := accepted(one, deep - 1)):
            return types
    for key in ("anyOf", "oneOf"):
        found = [accepted(each, deep - 1) for each in rule.get(key, ())]
        if found and all(found):
            return {kind for each in found if each for kind in each}
    return None


def from_text(text: str, types: set[str] | None) -> Any:
    """What raw text of a model's XML stands for; text stays text, letter by letter, if it may."""
    if types is None:
        # Nobody asked for JSON here, so it has to be just that.
        return _parsed(text) if _is_json(text) else text
    # There is no other way to write it there.
    return None if "null" in types and text.strip() == "null" else text


def property_types(rule: Rule, key: str, deep: int = 8) -> set[str] | None:
    """The types that an object's rule allows for what is at a key; None where it does not say."""
    for each in _rules_of(key, rule):
        if types := accepted(each):
            return types
    inner = [rule.get("$ref"), *(each for name in _UNIONS for each in rule.get(name, ()))]
    for each in inner if deep else ():
        if each and (types := property_types(each, key, deep - 1)):
            return types
    return None


def _rules_of(key: str, rule: Rule) -> list[Rule]:
    """The rules of what is at a key of an object."""
    named = rule.get("properties", {})
    rules = [named[key]] if key in named else []
    rules += [each for pattern, each in rule.get("patternProperties", ()) if pattern.found(key)]
    others = rule.get("additionalProperties")
    return rules or ([others] if isinstance(others, dict) else [])


def _member(value: Any, rule: Rule) -> Any:
    """The one of the allowed values that differs only in case, or in being text."""
    members = rule["enum"] if "enum" in rule else [rule["const"]] if "const" in rule else []
    if not members or any(_equal(value, each) for each in members):
        return value
    wanted = _folded(value)
    alike = [each for each in members if _folded(each) == wanted]
    return alike[0] if len(alike) == 1 else value


def _equal(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _folded(value: Any) -> str:
    return (value if isinstance(value, str) else json.dumps(value)).strip().casefold()


def _is(one: Any, other: Any) -> bool:
    return one is other


def _parsed(text: str) -> Any:
    """The value that a text is the JSON of, as models write JSON."""
    try:
        value, end = lenient.read(text)
    except lenient.Fault:
        return _NONE
    return _NONE if text[end:].strip() else value


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        return False
    return True


def _refused(name: str) -> None:
    raise ValueError(name)


def _as_string(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False)


def _as_number(value: Any) -> Any:
    if not isinstance(value, str) or not _NUMBER.fullmatch(value.strip()):
        return _NONE
    try:
        return int(value)
    except ValueError:
        number = float(value)
        return number if isfinite(number) else _NONE


def _as_integer(value: Any) -> Any:
    number = value if isinstance(value, float) else _as_number(value)
    if isinstance(number, float):
        return int(number) if number.is_integer() else _NONE
    return number


def _as_boolean(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return _NONE
    said = str(value).strip().lower() if isinstance(value, str) else str(value)
    return True if said in _TRUE else False if said in _FALSE else _NONE


def _as_object(value: Any) -> Any:
    parsed = _parsed(value) if isinstance(value, str) else _NONE
    return parsed if isinstance(parsed, dict) else _NONE


def _as_null(value: Any) -> Any:
    is_nothing = isinstance(value, str) and value.strip() in ("", "null")
    return None if is_nothing else _NONE


_LATE = {"null": 0, "string": 2}
"""Which types are tried first and last."""
_UNIONS = ("allOf", "anyOf", "oneOf")
_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "null": type(None),
}
_READ: dict[str, Callable[[Any], Any]] = {
    "string": _as_string,
    "number": _as_number,
    "integer": _as_integer,
    "boolean": _as_boolean,
    "object": _as_object,
    "null": _as_null,
}
