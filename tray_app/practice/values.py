"""Makes values that a JSON schema takes: the least that is allowed, first choices first.

Parameters that mean something to a task (its path, its content, its command) are known by their
names, in whatever depth they stand, and get what the task has for them. Of all others only the
required ones are filled: with the default, the constant, the first choice, false, or the least.
"""

import re
from collections.abc import Mapping
from typing import Any

_MEANINGS = {
    "path": r"(?:absolute|relative|target|full)?(?:file)?path|(?:target)?file(?:name)?|uri",
    "folder": r"(?:absolute|relative|target)?(?:dir|directory|folder|workspace)(?:path)?|path",
    "content": r"(?:new|file)?(?:content|text|contents)",
    "command": r"(?:shell)?(?:command|cmd|commandline|script)",
    "old": r"(?:old|search|find)(?:string|str|text|content)?|search|find",
    "new": r"(?:new|replace|replacement)(?:string|str|text|content)?|replace(?:ment|with)",
    "diff": r"diff",
    "result": r"result|summary|answer|message|text|response",
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

    def make(self, schema: Any = None, name: str = "", depth: int = 0) -> Any:
        """A value for a schema; for the whole one where none is given."""
        told = self._plain(self._root if schema is None else schema, depth)
        if depth > _BOTTOM:
            return None
        if "const" in told:
            return told["const"]
        if told.get("enum"):
            return self._choice(told["enum"])
        if "default" in told and told.get("type") != "object":
            return told["default"]
        return self._typed(told, name, depth)

    def _typed(self, told: dict[str, Any], name: str, depth: int) -> Any:
        match _type_of(told):
            case "object":
                return self._object(told, depth)
            case "array":
                return self._array(told, depth)
            case "integer" | "number":
                return _number(told, name)
            case "boolean":
                return False
            case "null":
                return None
            case _:
                return self._text(told, name)

    def _plain(self, schema: Any, depth: int) -> dict[str, Any]:
        """A schema without references and alternatives."""
        told: Any = schema if isinstance(schema, dict) else {}
        for _ in range(_BOTTOM):
            if "$ref" in told:
                told = {**self._found(told["$ref"]), **_without(told, "$ref")}
            elif told.get("allOf"):
                told = _joined(
                    [_without(told, "allOf"), *(self._plain(one, depth) for one in told["allOf"])]
                )
            elif branches := told.get("anyOf") or told.get("oneOf"):
                told = _joined([_without(told, "anyOf", "oneOf"), self._branch(branches, depth)])
            else:
                break
        return dict(told)

    def _branch(self, branches: list[Any], depth: int) -> Any:
        """The first; far down one that goes no further, so that a list of lists ends."""
        ends = [one for one in branches if isinstance(one, dict) and one.get("type") == "null"]
        return ends[0] if depth > _DEEP and ends else branches[0]

    def _found(self, reference: str) -> dict[str, Any]:
        value = self._root
        for key in reference.lstrip("#/").split("/") if reference.strip("#/") else ():
            key = key.replace("~1", "/").replace("~0", "~")
            value = value.get(key, {}) if isinstance(value, dict) else {}
        return value if isinstance(value, dict) else {}

    def _choice(self, choices: list[Any]) -> Any:
        """The first, or the one that says what the task wants to be done."""
        for meaning, verbs in _VERBS.items():
            if meaning in self._wishes:
                return next((verb for verb in verbs if verb in choices), choices[0])
        return choices[0]

    def _object(self, told: dict[str, Any], depth: int) -> dict[str, Any]:
        required = told.get("required", [])
        properties = told.get("properties", {})
        made: dict[str, Any] = {}
        for name, schema in properties.items():
            value = self._wished(name, self._plain(schema, depth), depth)
            if value is not None or name in required:
                made[name] = self.make(schema, name, depth + 1) if value is None else value
        rest = told.get("additionalProperties")
        rest = rest if isinstance(rest, dict) else {}
        unknown = [name for name in required if name not in made]
        return made | {name: self.make(rest, name, depth + 1) for name in unknown}

    def _wished(self, name: str, told: dict[str, Any], depth: int) -> Any:
        """What the task has for a parameter, or for what is inside it; None for nothing."""
        kind = _type_of(told)
        plain = _plain(name)
        if kind == "array" and depth < _DEEP:
            inner = self._plain(told.get("items", {}), depth)
            one = self._wished(plain.removesuffix("s"), inner, depth + 1)
            return None if one is None else [one]
        if kind == "object" and depth < _DEEP:
            before = set(self.used)
            made = self._object(told, depth + 1)
            return made if self.used != before else None
        if kind != "string" or told.get("enum") or "const" in told:
            return None
        for meaning, wish in self._wishes.items():
            if meaning not in self.used and re.fullmatch(_MEANINGS[meaning], plain):
                self.used.add(meaning)
                is_place = meaning in {"path", "folder"}
                return self._placed(wish, told) if is_place else wish
        return None

    def _placed(self, path: str, told: dict[str, Any]) -> str:
        """A path in the form that its parameter asks for."""
        said = str(told.get("description") or self._about)
        absolute = bool(_ABSOLUTE.search(said)) and not _EITHER.search(said)
        if absolute == self._flipped or not self._folder or re.match(r"[/\\~]|\w:", path):
            return path
        return self._folder if path == "." else f"{self._folder.rstrip('/')}/{path}"

    def _array(self, told: dict[str, Any], depth: int) -> list[Any]:
        first = [self.make(one, depth=depth + 1) for one in told.get("prefixItems", ())]
        wanted = int(told.get("minItems", 0))
        return first + [
            self.make(told.get("items", {}), depth=depth + 1) for _ in range(wanted - len(first))
        ]

    def _text(self, told: dict[str, Any], name: str) -> str:
        if _PLACE.fullmatch(name):
            return self._folder or "."
        if any(re.fullmatch(_MEANINGS[one], _plain(name)) for one in _TEXTS):
            self.guessed.add(name)
        text = _FORMATS.get(str(told.get("format")), "practice")
        short = text[: told.get("maxLength", len(text))]
        return short.ljust(int(told.get("minLength", 0)), ".")


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


def _number(told: dict[str, Any], name: str) -> int | float:
    """The number that the description calls the default, or the least that is allowed."""
    hint = _HINT.search(str(told.get("description", "")))
    least = told.get("minimum")
    if least is None and isinstance(told.get("exclusiveMinimum"), int | float):
        least = told["exclusiveMinimum"] + 1
    most = told.get(
        "maximum", told.get("exclusiveMaximum", 1) - 1 if "exclusiveMaximum" in told else None
    )
    wanted = int(hint[1]) if hint else 1000 if _MANY.search(name) else 1
    step = told.get("multipleOf", 1)
    value = max(wanted, least) if least is not None else wanted
    value = min(value, most) if most is not None else value
    return value if value % step == 0 else -(-value // step) * step


def _joined(parts: list[Any]) -> dict[str, Any]:
    """Schemas that all hold at once, as one."""
    told: dict[str, Any] = {}
    for part in parts:
        more = part if isinstance(part, dict) else {}
        properties = {**told.get("properties", {}), **more.get("properties", {})}
        required = [*told.get("required", []), *more.get("required", [])]
        told = {**told, **more}
        if properties:
            told["properties"] = properties
        if required:
            told["required"] = required
    return told


def _without(told: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in names}
