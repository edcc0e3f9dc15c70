"""Makes values that a JSON schema takes: the least that is allowed, first choices first.

Parameters that mean something to a task (its path, its content, its command) are known by their
names, in whatever depth they stand, and get what the task has for them. Of all others only the
required ones are filled: with the default, the constant, the first choice, false, or the least.

Programs write `null` for what they do not say, so what is of no use in a schema counts as not said.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from .numbers import number_for
from .patterns import text_for

_MEANINGS = {
    "path": r"(?:absolute|relative|target|full)?(?:file)?path|(?:target)?file(?:name)?|uri",
    "folder": r"(?:absolute|relative|target)?(?:dir|directory|folder|workspace)(?:path)?|path",
    "content": r"(?:new|file)?(?:content|text|contents)",
    "command": r"(?:shell)?(?:command|cmd|commandline|script)",
    "old": r"(?:old|search|find)(?:string|str|text|content)?|search|find",
    "new": r"(?:new|replace|replacement)(?:string|str|text|content)?|replace(?:ment|with)",
    "diff": r"diff",
    "result": r"(?:final)?(?:result|summary|answer|message|text|response|output)",
    "pattern": r"pattern|globpattern|glob",
}
_TEXTS = ("content", "old", "new", "diff")
_FORMATS = {
    "date-time": "2026-01-01T00:00:00Z", "date": "2026-01-01", "time": "00:00:00Z",
    "email": "practice@example.com", "uri": "https://example.com/", "ipv4": "127.0.0.1",
    "uuid": "00000000-0000-4000-8000-000000000000", "hostname": "example.com", "ipv6": "::1",
}  # fmt: skip
_VERBS = {
    "content": ("create", "write"), "old": ("str_replace", "replace", "edit"),
    "path": ("view", "read"),
}  # fmt: skip
_HINT = re.compile(r"\b[Dd]efaults?(?: is| to| value)?:? *`?(-?\d+)")
_MANY = re.compile(r"limit|max|timeout", re.IGNORECASE)
_PLACE = re.compile(r"cwd|work(?:ing)?_?dir(?:ectory)?", re.IGNORECASE)
_ABSOLUTE = re.compile(r"\babsolute\b", re.IGNORECASE)
_EITHER = re.compile(r"\brelative (?:to|or)\b|\bor relative\b", re.IGNORECASE)
_DEEP = 6
_BOTTOM = 24
_MOST = 1000
"""So many items, fields or signs that only fill at most."""
_MOST_PARTS = 20_000
"""So many parts of schemas are looked at for one value."""


class NoValueError(ValueError):
    """There is no value that practice mode could make; says why, in a clause."""


class Maker:
    """Makes one value.

    What it used of the wishes is in `used`; `guessed` has what is told by its name to be a text of
    the task that the task does not have.

    Args:
        wishes: What a task has, by its meaning.
        folder: Where relative paths begin; empty where nobody knows.
        about: What is said of the whole, where a parameter has no words of its own.
        flipped: Write relative paths where absolute ones are asked for, and the other way round.
    """

    def __init__(
        self,
        root: Any,
        wishes: Mapping[str, str] | None = None,
        *,
        folder: str = "",
        about: str = "",
        flipped: bool = False,
    ) -> None:
        self.used: set[str] = set()
        self.guessed: set[str] = set()
        self._root = root
        self._wishes = wishes or {}
        self._folder = folder
        self._about = about
        self._flipped = flipped
        self._seen = 0
        self._turn = 0
        """Which of several values that are as good is made: items that must differ take turns."""

    def make(self, schema: Any = None, name: str = "", depth: int = 0) -> Any:
        """A value for a schema, for the whole one where none is given; raises `NoValueError`."""
        said = self._root if schema is None else schema
        if said is False:
            raise NoValueError(f"nothing is allowed for {name or 'the whole'}")
        if depth > _BOTTOM:
            raise NoValueError("its required parts have no end")
        told = self._plain(said, depth)
        if "const" in told:
            return told["const"]
        if choices := _list(told, "enum"):
            return self._choice(choices)
        if told.get("default") is not None and _type_of(told) != "object" and not self._turn:
            return told["default"]
        return self._typed(told, name, depth)

    def _typed(self, told: dict[str, Any], name: str, depth: int) -> Any:
        match _type_of(told):
            case "object":
                return self._object(told, depth)
            case "array":
                return self._array(told, depth)
            case "integer" | "number":
                return self._number(told, name)
            case "boolean":
                return self._turn % 2 == 1
            case "null":
                return None
            case _:
                return self._text(told, name)

    def _plain(self, schema: Any, depth: int) -> dict[str, Any]:
        """A schema without references and alternatives."""
        self._seen += 1
        if self._seen > _MOST_PARTS:
            raise NoValueError("it has too many parts")
        told: Any = schema if isinstance(schema, dict) else {}
        for _ in range(_BOTTOM):
            if isinstance(reference := told.get("$ref"), str):
                told = {**self._found(reference), **_without(told, "$ref")}
            elif parts := _list(told, "allOf"):
                plain = (self._plain(one, depth + 1) for one in parts if depth <= _BOTTOM)
                told = _joined([_without(told, "allOf"), *plain])
            elif branches := _list(told, "anyOf") or _list(told, "oneOf"):
                told = _joined([_without(told, "anyOf", "oneOf"), self._branch(branches, depth)])
            else:
                break
        return dict(told)

    def _branch(self, branches: list[Any], depth: int) -> Any:
        """The first; far down one that refers to nothing, so that a list of lists ends."""
        ends = [one for one in branches if '"$ref"' not in json.dumps(one)] if depth > _DEEP else []
        return next((one for one in ends or branches if one is not False), False)

    def _found(self, reference: str) -> dict[str, Any]:
        value = self._root
        for key in reference.lstrip("#/").split("/") if reference.strip("#/") else ():
            key = key.replace("~1", "/").replace("~0", "~")
            value = value.get(key, {}) if isinstance(value, dict) else {}
        return value if isinstance(value, dict) else {}

    def _choice(self, choices: list[Any]) -> Any:
        """The one that says what the task wants to be done, or the first."""
        for meaning, verbs in _VERBS.items():
            if meaning in self._wishes:
                return next((verb for verb in verbs if verb in choices), choices[0])
        return choices[self._turn % len(choices)]

    def _object(self, told: dict[str, Any], depth: int) -> dict[str, Any]:
        required = [str(name) for name in _list(told, "required")]
        properties = _map(told, "properties")
        made: dict[str, Any] = {}
        for name, schema in properties.items():
            value = self._wished(name, self._plain(schema, depth), depth)
            if value is not None or name in required:
                made[name] = self.make(schema, name, depth + 1) if value is None else value
        rest = told.get("additionalProperties")
        others = [name for name in required if name not in made]
        others += self._fillers(told, {*made, *others})
        for name in others:
            schema = properties.get(name, True if rest is None else rest)
            made[name] = self.make(schema, name, depth + 1)
        return made

    def _fillers(self, told: dict[str, Any], names: set[str]) -> list[str]:
        """Names of fields that nobody needs, where an object must have more than the needed."""
        missing = _count(told, "minProperties") - len(names)
        free = [name for name in _map(told, "properties") if name not in names]
        free += [f"practice{number}" for number in range(max(0, missing))]
        return free[: max(0, missing)]

    def _wished(self, name: str, told: dict[str, Any], depth: int) -> Any:
        """What the task has for a parameter, or for what is inside it; None for nothing."""
        if self.used >= self._wishes.keys():
            return None
        kind = _type_of(told)
        plain = _plain(name)
        if kind == "array" and depth < _DEEP:
            inner = self._plain(told.get("items"), depth)
            one = self._wished(plain.removesuffix("s"), inner, depth + 1)
            return None if one is None else [one]
        if kind == "object" and depth < _DEEP:
            return self._filled(told, depth)
        if kind != "string" or _list(told, "enum") or "const" in told:
            return None
        for meaning, wish in self._wishes.items():
            if meaning not in self.used and re.fullmatch(_MEANINGS[meaning], plain):
                self.used.add(meaning)
                is_place = meaning in {"path", "folder"}
                return self._placed(wish, told) if is_place else wish
        return None

    def _filled(self, told: dict[str, Any], depth: int) -> dict[str, Any] | None:
        """An object that has a place for something of the task; None for another."""
        before = set(self.used)
        try:
            made = self._object(told, depth + 1)
        except NoValueError:
            self.used = before
            return None
        return made if self.used != before else None

    def _placed(self, path: str, told: dict[str, Any]) -> str:
        """A path in the form that its parameter asks for."""
        said = str(told.get("description") or self._about)
        absolute = bool(_ABSOLUTE.search(said)) and not _EITHER.search(said)
        if absolute == self._flipped or not self._folder or re.match(r"[/\\~]|\w:", path):
            return path
        return self._folder if path == "." else f"{self._folder.rstrip('/')}/{path}"

    def _array(self, told: dict[str, Any], depth: int) -> list[Any]:
        first = _list(told, "prefixItems") or _list(told, "items")
        made = [self.make(one, depth=depth + 1) for one in first]
        others = told.get("additionalItems" if _list(told, "items") else "items")
        is_unique = told.get("uniqueItems") is True
        for number in range(_count(told, "minItems") - len(made)):
            made.append(self._item(others, depth, number, made if is_unique else []))
        return made

    def _item(self, schema: Any, depth: int, number: int, taken: list[Any]) -> Any:
        """An item that is none of those."""
        before = self._turn
        try:
            for turn in range(number, number + 4) if taken else (before,):
                self._turn = turn
                made = self.make({} if schema is None else schema, depth=depth + 1)
                if made not in taken:
                    return made
        finally:
            self._turn = before
        raise NoValueError("its items have to differ and cannot")

    def _number(self, told: dict[str, Any], name: str) -> int | float:
        """The number that the description calls the default, or the least that is allowed."""
        hint = _HINT.search(str(told.get("description") or ""))
        wanted = int(hint[1]) if hint else 1000 if _MANY.search(name) else 1
        made = number_for(told, wanted + self._turn, whole=_type_of(told) == "integer")
        if made is None:
            raise NoValueError(f"no number is allowed for {name or 'the whole'}")
        return made

    def _text(self, told: dict[str, Any], name: str) -> str:
        if _PLACE.fullmatch(name):
            return self._folder or "."
        if any(re.fullmatch(_MEANINGS[one], _plain(name)) for one in _TEXTS):
            self.guessed.add(name)
        text = _FORMATS.get(str(told.get("format")), "practice")
        least, most = _count(told, "minLength"), _count(told, "maxLength", len(text) + _MOST)
        text = f"{text[: max(0, most - 1)]}{self._turn}" if self._turn else text[:most]
        text = text.ljust(least, ".")
        pattern = told.get("pattern")
        return text if not isinstance(pattern, str) else _patterned(pattern, text, least, most)


def _patterned(pattern: str, text: str, least: int, most: int) -> str:
    """A text that a pattern is found in: the given one if it can be."""
    made = text_for(pattern)
    if made is not None:
        longer = made + made[-1:] * (least - len(made))
        for one in (text, made, longer, ("practice" * least)[:least]):
            if least <= len(one) <= most and re.search(pattern, one):
                return one
    raise NoValueError(f"no text is known for the pattern {pattern}")


def _plain(name: str) -> str:
    return re.sub(r"[_\-\s]", "", name).lower()


def _type_of(told: dict[str, Any]) -> str:
    kind = told.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind is None and "properties" in told:
        return "object"
    if kind is None and ("items" in told or "prefixItems" in told):
        return "array"
    return str(kind or "")


def _list(told: dict[str, Any], name: str) -> list[Any]:
    value = told.get(name)
    return value if isinstance(value, list) else []


def _map(told: dict[str, Any], name: str) -> dict[str, Any]:
    value = told.get(name)
    return value if isinstance(value, dict) else {}


def _count(told: dict[str, Any], name: str, other: int = 0) -> int:
    """How many a schema says; raises `NoValueError` where that is more than anybody reads."""
    value = told.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return other
    if name.startswith("min") and value > _MOST:
        raise NoValueError(f"its {name} is {value}")
    return int(value)


def _joined(parts: list[Any]) -> dict[str, Any]:
    """Schemas that all hold at once, as one."""
    told: dict[str, Any] = {}
    for part in parts:
        more = part if isinstance(part, dict) else {}
        properties = {**_map(told, "properties"), **_map(more, "properties")}
        required = [*_list(told, "required"), *_list(more, "required")]
        told = {**told, **more}
        if properties:
            told["properties"] = properties
        if required:
            told["required"] = required
    return told


def _without(told: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in names}
