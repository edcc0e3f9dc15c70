"""A stranger's schema, read into rules that are safe to check by.

Schemas come from tool servers of every quality, so they are read keyword by keyword: what is
unknown, or not what the standard says, is not checked, and the rest is. What the drafts since 4
write differently is told apart by its form and becomes that of 2020-12; OpenAPI's `nullable` and
the type names of Python are understood. Not checked are `format`, which models are not held to,
`unevaluated…`, `$dynamicRef`, and references by anything but a place in the schema. As a rule that
is checked in part is too wide, nothing of such a schema is checked that forbids by one.

A rule is a schema of jsonschema with values of our own in some places: `$ref` holds the rule that
it leads to, so that nothing is ever looked up, let alone fetched; patterns are guarded ones; what
allows nothing says `never`, but for `additionalProperties`, which stays false; and `steps`, the
first keyword of a rule, counts, because rules that lead to rules can multiply.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from .patterns import Pattern

Rule = dict[str, Any]

STEPS = 30_000
"""Rules that may be looked at for one value; a tenth of a second, three at worst."""
_RULES = 20_000
_DEEP = 64
_TYPES = {
    "object": "object",
    "dict": "object",
    "array": "array",
    "list": "array",
    "tuple": "array",
    "string": "string",
    "str": "string",
    "number": "number",
    "float": "number",
    "integer": "integer",
    "int": "integer",
    "boolean": "boolean",
    "bool": "boolean",
    "null": "null",
    "none": "null",
}
_ONE = ("items", "additionalProperties", "propertyNames", "contains", "not", "if", "then", "else")
_SEVERAL = ("prefixItems", "allOf", "anyOf", "oneOf")
_NAMED = ("properties", "dependentSchemas")
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_CONTAINED = ("minContains", "maxContains")
_UNREAD = ("unevaluatedItems", "unevaluatedProperties", "$dynamicRef", "$recursiveRef")
_KEYWORDS = (
    *("type", "enum", "required", "pattern", "patternProperties", "multipleOf", "uniqueItems"),
    *(*_SEVERAL, *_NAMED, *_BOUNDS, *_COUNTS, "items", "additionalProperties", "contains", "$ref"),
    "dependentRequired",
)
"""What takes away from the values that a schema allows."""
_REF_RULES = re.compile(r"draft-0[1-7]\b")
"""Drafts in which nothing counts beside a `$ref`."""


class TooLong(Exception):  # noqa: N818 - no fault of anybody's
    """A schema is too big to be read, or a value takes too many steps to be checked by it."""


class Steps:
    """How many rules may still be looked at."""

    def __init__(self) -> None:
        self.left = STEPS

    def take(self) -> None:
        """Counts one; raises TooLong when none is left."""
        self.left -= 1
        if self.left < 0:
            raise TooLong


def read(schema: Any, steps: Steps) -> Rule:
    """The rule of a schema, all of whose rules count their `steps`.

    Raises TooLong for a schema that is too big, RecursionError for one that is too deep.
    """
    reader = _Reader(schema, steps, is_partial=False)
    rule = reader.rule(schema, 0)
    return _Reader(schema, steps, is_partial=True).rule(schema, 0) if reader.is_partial else rule


def extras(rule: dict[str, Any], value: dict[str, Any]) -> Iterator[str]:
    """The keys of `value` that the rule does not know by name or by pattern."""
    known = rule.get("properties", {})
    patterns = [pattern for pattern, _ in rule.get("patternProperties", ())]
    for key in value:
        if key not in known and not any(each.found(key) is not False for each in patterns):
            yield key


class _Reader:
    def __init__(self, root: Any, steps: Steps, *, is_partial: bool) -> None:
        self.is_partial = is_partial
        """Something that is said cannot be checked."""
        self._forbids = not is_partial
        self._root = root
        draft = root.get("$schema") if isinstance(root, dict) else None
        self._ref_rules = isinstance(draft, str) and bool(_REF_RULES.search(draft))
        self._steps = steps
        self._read = 0
        self._led_to: dict[str, Rule] = {}

    def rule(self, node: Any, depth: int) -> Rule:
        if not isinstance(node, dict):
            self.is_partial |= not isinstance(node, bool)
            return {"never": True} if node is False else {}
        return self._fill({}, node, depth)

    def _fill(self, rule: dict[str, Any], node: dict[str, Any], depth: int) -> dict[str, Any]:
        self._read += 1
        if self._read > _RULES:
            raise TooLong
        rule["steps"] = self._steps
        if depth > _DEEP:
            self.is_partial = True
            return rule
        if self._ref_rules and "$ref" in node:
            node = {"$ref": node["$ref"]}
        node = _modern(node)
        rule |= _values(node)
        rule |= _sizes(node)
        if isinstance(node.get("$ref"), str):
            rule["$ref"] = self._target(node["$ref"], depth + 1)
        self._parts(rule, node, depth + 1)
        self._patterns(rule, node, depth + 1)
        self.is_partial |= any(key in node for key in _UNREAD)
        self.is_partial |= any(node.get(key) and key not in rule for key in _KEYWORDS)
        if not self._forbids:
            for key in ("not", "if", "maxContains"):
                rule.pop(key, None)
            if "oneOf" in rule:
                rule["anyOf"] = rule.pop("oneOf")
        return rule

    def _parts(self, rule: dict[str, Any], node: dict[str, Any], depth: int) -> None:
        for key in _SEVERAL:
            if isinstance(node.get(key), list) and node[key]:
                rule[key] = [self.rule(each, depth) for each in node[key]]
        for key in _NAMED:
            if isinstance(node.get(key), dict):
                rule[key] = {name: self.rule(each, depth) for name, each in node[key].items()}
        for key in _ONE:
            if isinstance(node.get(key), (dict, bool)):
                rule[key] = self.rule(node[key], depth)
        if node.get("additionalProperties") is False:
            rule["additionalProperties"] = False

    def _patterns(self, rule: dict[str, Any], node: dict[str, Any], depth: int) -> None:
        if pattern := _pattern(node.get("pattern")):
            rule["pattern"] = pattern
        named = node.get("patternProperties")
        if not isinstance(named, dict):
            return
        read = [(_pattern(text), self.rule(each, depth)) for text, each in named.items()]
        rule["patternProperties"] = [(pattern, each) for pattern, each in read if pattern]
        if len(rule["patternProperties"]) < len(named):
            # Without all of its patterns nobody can tell which key is an extra one.
            self.is_partial = True
            rule.pop("additionalProperties", None)

    def _target(self, ref: str, depth: int) -> Rule:
        """The rule that a reference leads to; one that leads nowhere allows everything."""
        if ref not in self._led_to:
            node = self._node(ref)
            if isinstance(node, dict):
                # Known before it is filled: a schema may lead back to itself.
                rule: dict[str, Any] = {}
                self._led_to[ref] = rule
                self._fill(rule, node, depth)
            else:
                self._led_to[ref] = self.rule(node, depth)
        return self._led_to[ref]

    def _node(self, ref: str) -> Any:
        base = self._root.get("$id")
        if isinstance(base, str):
            ref = ref.removeprefix(base.rstrip("#"))
        if ref not in ("", "#") and not ref.startswith("#/"):
            return None
        node = self._root
        for name in unquote(ref).split("/")[1:]:
            name = name.replace("~1", "/").replace("~0", "~")
            if isinstance(node, list) and name.isdecimal() and int(name) < len(node):
                node = node[int(name)]
            else:
                node = node.get(name) if isinstance(node, dict) else None
        return node


def _modern(node: dict[str, Any]) -> dict[str, Any]:
    """The same schema with what older drafts write differently as 2020-12 writes it."""
    now = dict(node)
    if isinstance(node.get("items"), list):
        now["prefixItems"] = node["items"]
        now["items"] = node.get("additionalItems")
    is_one = isinstance(node.get("enum"), list) and len(node["enum"]) == 1
    if is_one and "const" not in node and not node.get("nullable"):
        # How a form is often named among several.
        now["const"] = now.pop("enum")[0]
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if node.get(exclusive) is True:
            now[exclusive] = now.pop(limit, None)
    dependencies = node.get("dependencies")
    if isinstance(dependencies, dict):
        now["dependentRequired"] = dependencies
        now["dependentSchemas"] = {
            key: each for key, each in dependencies.items() if isinstance(each, (dict, bool))
        }
    return now


def _values(node: dict[str, Any]) -> dict[str, Any]:
    """What a schema says of a value by itself: its type, and the values it may be."""
    rule: dict[str, Any] = {}
    types = _types(node.get("type"))
    nullable = node.get("nullable") is True
    if types:
        rule["type"] = [*types, "null"] if nullable and "null" not in types else types
    if isinstance(node.get("enum"), list) and node["enum"]:
        rule["enum"] = [*node["enum"], None] if nullable else node["enum"]
    if "const" in node:
        rule["const"] = node["const"]
    return rule


def _types(said: Any) -> list[str]:
    """Its types; none where one of them is not known, as that one may be what a value is."""
    names = said if isinstance(said, list) else [said]
    known = [_TYPES.get(name.lower()) if isinstance(name, str) else None for name in names]
    types = [name for name in known if name]
    return list(dict.fromkeys(types)) if len(types) == len(names) else []


def _sizes(node: dict[str, Any]) -> dict[str, Any]:
    """What a schema says of how big a value is, and what has to be in it."""
    rule: dict[str, Any] = {}
    if required := _texts(node.get("required")):
        rule["required"] = required
    rule |= {key: node[key] for key in _BOUNDS if _is_number(node.get(key))}
    counted = (*_COUNTS, *_CONTAINED) if "contains" in node else _COUNTS
    rule |= {key: node[key] for key in counted if _is_number(node.get(key)) and node[key] >= 0}
    if _is_number(node.get("multipleOf")) and node["multipleOf"] > 0:
        rule["multipleOf"] = node["multipleOf"]
    if node.get("uniqueItems") is True:
        rule["uniqueItems"] = True
    dependent = node.get("dependentRequired")
    if isinstance(dependent, dict):
        rule["dependentRequired"] = {key: _texts(each) for key, each in dependent.items()}
    return rule


def _texts(said: Any) -> list[str]:
    return [each for each in said if isinstance(each, str)] if isinstance(said, list) else []


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _pattern(said: Any) -> Pattern | None:
    try:
        return Pattern(said) if isinstance(said, str) else None
    except ValueError:
        return None
