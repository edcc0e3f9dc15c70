"""What a prompt says of one tool: all of it, or less where the prompt has to be short.

However short, every tool, parameter, type, choice of values and "required" is told: what the
TypeScript-like lines have no way to say stays in JSON.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from enum import IntEnum
from typing import Any

import msgspec
from msgspec import Struct

from tray_app.core.model import Tool

Schema = dict[str, Any]


class Level(IntEnum):
    """How short tools are told; each level does what those before it do."""

    WHOLE = 0
    """As the client sent them."""
    CLEAN = 1
    """Without the keys of a schema that say nothing to a model, and without spaces."""
    TYPED = 2
    """As functions with types, in lines like those of TypeScript."""
    KNOWN = 3
    """Without descriptions of parameters that the model has used well already."""
    BRIEF = 4
    """With the first paragraph of each tool's description."""
    TERSE = 5
    """With the first sentence of every description."""
    BARE = 6
    """Without any description of a parameter."""


class Telling(Struct, frozen=True):
    """How tools are told."""

    level: Level = Level.WHOLE
    used: Mapping[str, Collection[str]] = {}
    """The parameters of each tool that the model has used well."""


WHOLE = Telling()

_NOISE = frozenset({"$schema", "$id", "$comment", "title", "examples"})
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_LISTED = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_INNER = frozenset({"items", "additionalProperties", "not", "contains", "if", "then", "else"})
_HINTS = (
    "default", "format", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "multipleOf", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems",
)  # fmt: skip
_DEFINITIONS = ("$defs", "definitions")
_BESIDE_TYPES = frozenset(_HINTS) | _NOISE | {"description", "nullable"}
_PLAIN = frozenset({"type", "properties", "required", "items", "additionalProperties"})
_REFERENCE = re.compile(r"#/(?:\$defs|definitions)/[A-Za-z_]\w*")
_EMPTY_LINE = re.compile(r"\n[^\S\n]*\n\s*")
_SENTENCE = re.compile(r".{20,}?[.!?](?=\s)|.{10,}?[。！？]", re.DOTALL)
_SENTENCE_CHARS = 120
_WORD = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)


def signature(tool: Tool, name: str, level: Level, used: Collection[str] = ()) -> str:
    """A tool under the name by which it goes out; on one line below the level of types.

    A schema that is too deep to be shortened is told whole.
    """
    try:
        if level >= Level.TYPED:
            return _function(tool, name, level, used if level >= Level.KNOWN else ())
        if level == Level.CLEAN:
            return _json(_line(tool, name, cleaned(tool.parameters)))
    except RecursionError:
        pass
    return json.dumps(_line(tool, name, tool.parameters), ensure_ascii=False)


def _line(tool: Tool, name: str, parameters: Schema) -> Schema:
    parameters = parameters or {"type": "object", "properties": {}}
    function = {"name": name, "description": tool.description, "parameters": parameters}
    return {"type": "function", "function": function}


def cleaned(schema: Any, describe: Callable[[str], str] | None = None) -> Any:
    """A schema without what says nothing to a model; names of parameters are no keys of it.

    `describe` gives what is told of each description, where that is not all of it.
    """
    if not isinstance(schema, dict):
        return schema
    clean = {
        key: _cleaned_value(key, value, describe)
        for key, value in schema.items()
        if key not in _NOISE and not (key == "additionalProperties" and isinstance(value, bool))
    }
    if describe and isinstance(clean.get("description"), str):
        clean["description"] = describe(clean["description"])
        if not clean["description"]:
            del clean["description"]
    return clean


def _cleaned_value(key: str, value: Any, describe: Callable[[str], str] | None) -> Any:
    if key in _NAMED and isinstance(value, dict):
        return {name: cleaned(inner, describe) for name, inner in value.items()}
    if key in _LISTED and isinstance(value, list):
        return [cleaned(inner, describe) for inner in value]
    return cleaned(value, describe) if key in _INNER else value


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _function(tool: Tool, name: str, level: Level, used: Collection[str]) -> str:
    told = tool.description
    if level >= Level.BRIEF:
        told = _first_paragraph(told) if level < Level.TERSE else _first_sentence(told)
    types = _Types(level)
    lines = [*_comment(told), *types.notes(tool.parameters)]
    lines.append(f"function {name}(args: {types.arguments(tool.parameters, used)})")
    return "\n".join(lines + types.named(tool.parameters))


def _first_paragraph(text: str) -> str:
    """The text up to the first empty line after more than a headline, and whether more followed."""
    paragraphs = _EMPTY_LINE.split(text.strip())
    last = next((at for at, one in enumerate(paragraphs) if not one.startswith("#")), 0)
    more = " […]" if last + 1 < len(paragraphs) else ""
    return "\n".join(paragraphs[: last + 1]) + more


def _first_sentence(text: str) -> str:
    """The first sentence that is no headline, on one line and not too long; "…" where more was."""
    lines = text.strip().split("\n")
    first = next((at for at, one in enumerate(lines) if one.strip() and one[0] != "#"), 0)
    whole = " ".join(" ".join(lines[first:]).split())
    found = _SENTENCE.match(whole)
    sentence = found[0] if found else whole
    if len(sentence) > _SENTENCE_CHARS:
        start = sentence[: _SENTENCE_CHARS + 1]
        sentence = start.rpartition(" ")[0] or start[:_SENTENCE_CHARS]
    return sentence if sentence == whole and not first else f"{sentence} …"


def _comment(text: str) -> list[str]:
    return [f"// {line}".rstrip() for line in text.strip().split("\n")] if text.strip() else []


class _Types:
    """Schemas as types and comments."""

    def __init__(self, level: Level) -> None:
        self._is_silent = level >= Level.BARE
        self._is_terse = level >= Level.TERSE

    def arguments(self, schema: Schema, used: Collection[str]) -> str:
        """The type of a tool's arguments, without descriptions of those that were used."""
        own = {key: value for key, value in schema.items() if not _defines(key, value)}
        if own and (self._writer(own) != self._plain or own.get("type", "object") != "object"):
            return self.of(own)
        told = self._object(own, used)
        return "{}" if told == "object" else told

    def named(self, schema: Schema) -> list[str]:
        """The types that a schema names for its references."""
        lines: list[str] = []
        for place, types in schema.items():
            for name, inner in types.items() if _defines(place, types) else ():
                lines += [*self.notes(inner), f"type {_key(name)} = {self.of(inner)}"]
        return lines

    def of(self, schema: Any) -> str:
        """The type that a schema means; the schema itself where no type says as much."""
        if not isinstance(schema, dict):
            return "never" if schema is False else "any"
        write = self._writer(schema)
        if write is None:
            return _json(cleaned(schema, self._told if self._is_terse else None))
        return write(schema) + (" | null" if schema.get("nullable") is True else "")

    def notes(self, schema: Any) -> list[str]:
        """Comment lines: what a schema says beyond its type."""
        return [line for said in self._said(schema) for line in _comment(said)]

    def _said(self, schema: Any) -> Iterator[str]:
        if not isinstance(schema, dict) or self._writer(schema) is None:
            return
        if described := self._told(str(schema.get("description") or "")):
            yield described
        hints = [f"{key} {_json(schema[key])}" for key in _HINTS if key in schema]
        if hints:
            yield ", ".join(hints)
        for said in self._said(schema.get("items")):
            yield f"each: {said}"
        for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
            yield from (f"{self._short(branch)}: {said}" for said in self._said(branch))

    def _told(self, description: str) -> str:
        """What is told of a description."""
        if self._is_silent or not description:
            return ""
        return _first_sentence(description) if self._is_terse else description

    def _short(self, schema: Schema) -> str:
        found = self.of(schema)
        return found if len(found) <= 40 and "\n" not in found else str(schema.get("type", "one"))

    def _writer(self, schema: Schema) -> Callable[[Schema], str] | None:
        """What writes a schema as a type; None where it says more than a type can."""
        said = schema.keys() - _BESIDE_TYPES
        if said - {"type"} == {"enum"} and _is_filled(schema["enum"]):
            return _choices
        if said - {"type"} == {"const"}:
            return _constant
        if said == {"$ref"} and _REFERENCE.fullmatch(str(schema["$ref"])):
            return _referred
        if said in ({"anyOf"}, {"oneOf"}) and _is_filled(schema[next(iter(said))]):
            return self._union
        return self._plain if _is_plain(schema, said) else None

    def _union(self, schema: Schema) -> str:
        branches = schema.get("anyOf") or schema["oneOf"]
        return " | ".join(dict.fromkeys(self.of(branch) for branch in branches))

    def _plain(self, schema: Schema) -> str:
        return " | ".join(self._one(kind, schema) for kind in _kinds(schema))

    def _one(self, kind: str, schema: Schema) -> str:
        if kind == "object":
            return self._object(schema)
        if kind != "array":
            return kind
        item = self.of(schema.get("items", True))
        return f"({item})[]" if " | " in item else f"{item}[]"

    def _object(self, schema: Schema, used: Collection[str] = ()) -> str:
        properties, required = schema.get("properties", {}), schema.get("required", ())
        entries = [
            self._entry(
                f"{_key(name)}{'' if name in required else '?'}", inner, is_used=name in used
            )
            for name, inner in (properties | dict.fromkeys(required, True) | properties).items()
        ]
        others = schema.get("additionalProperties")
        if isinstance(others, dict) and others:
            entries.append(self._entry("[key: string]", others, is_used=False))
        if not entries:
            return "{}" if "properties" in schema else "object"
        if any("\n" in entry for entry in entries):
            inner = ",\n".join(entries).replace("\n", "\n  ")
            return f"{{\n  {inner}\n}}"
        return f"{{{', '.join(entries)}}}"

    def _entry(self, key: str, schema: Any, *, is_used: bool) -> str:
        outside, self._is_silent = self._is_silent, self._is_silent or is_used
        entry = "\n".join((*self.notes(schema), f"{key}: {self.of(schema)}"))
        self._is_silent = outside
        return entry


def _defines(key: str, value: Any) -> bool:
    return key in _DEFINITIONS and isinstance(value, dict)


def _is_plain(schema: Schema, said: Collection[str]) -> bool:
    """Whether a schema says no more than types and what belongs to them."""
    kinds = _kinds(schema)
    others = schema.get("additionalProperties")
    return (
        _PLAIN.issuperset(said)
        and _is_filled(kinds)
        and all(isinstance(kind, str) for kind in kinds)
        and isinstance(schema.get("properties", {}), dict)
        and isinstance(schema.get("required", []), list)
        and all(isinstance(name, str) for name in schema.get("required", []))
        and isinstance(schema.get("items", {}), dict | bool)
        and ("object" in kinds or not (schema.get("required") or isinstance(others, dict)))
        and ("object" in kinds or "properties" not in schema)
        and ("array" in kinds or "items" not in schema)
    )


def _kinds(schema: Schema) -> list[Any]:
    """The types that a schema may be of."""
    kinds = schema.get("type", "object" if "properties" in schema else "any")
    return kinds if isinstance(kinds, list) else [kinds]


def _is_filled(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _choices(schema: Schema) -> str:
    return " | ".join(_json(choice) for choice in schema["enum"])


def _constant(schema: Schema) -> str:
    return _json(schema["const"])


def _referred(schema: Schema) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _key(name: str) -> str:
    return name if _WORD.fullmatch(name) else _json(name)
