"""The tools that a prompt offers: one JSON line each, or a TypeScript-like line each.

// Writes a file.
function write(args: {path: string, content: string, mode?: "a" | "b"})
"""

import json
import re
from dataclasses import dataclass
from typing import Any

_BLOCK = re.compile(r"^<tools>\n(.*?)\n</tools>$", re.DOTALL | re.MULTILINE)
_STATEMENT = re.compile(
    r"^(?P<notes>(?://[^\n]*\n)*)(?P<kind>function|type)[ ]+(?P<name>[^\s(=]+)"
    r"(?:\((?:\w+:)?|[ ]*=)(?P<type>[^\n]*(?:\n(?!//|function |type )[^\n]*)*)",
    re.MULTILINE,
)
_PIECE = re.compile(
    r"\s*(?://(?P<note>[^\n]*)|/\*(?P<block>.*?)\*/"
    r"|(?P<text>\"(?:\\.|[^\"\\])*\")"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[\w$.-]+)|(?P<sign>\[\]|[^\s\w]))",
    re.DOTALL,
)
_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})
_CONSTANTS = {"true": True, "false": False}


@dataclass(frozen=True)
class Tool:
    """A function of the client."""

    name: str
    description: str
    schema: dict[str, Any]


def offered(text: str) -> tuple[Tool, ...]:
    """The tools in the last `<tools>` block of a text."""
    blocks = _BLOCK.findall(text)
    if not blocks:
        return ()
    told = [tool for line in blocks[-1].split("\n") if (tool := _told(line))]
    return tuple(told) or _signed(str(blocks[-1]))


def _told(line: str) -> Tool | None:
    if not line.startswith("{"):
        return None
    try:
        value = json.loads(line)
    except ValueError:
        return None
    about = value.get("function", value)
    schema = about.get("parameters")
    name, description = str(about.get("name", "")), str(about.get("description") or "")
    return Tool(name, description, schema if isinstance(schema, dict) else {})


def _signed(text: str) -> tuple[Tool, ...]:
    """The tools of TypeScript-like functions; types that have a name follow who needs them."""
    tools: list[Tool] = []
    for found in _STATEMENT.finditer(text):
        notes = "\n".join(line[2:].strip() for line in found["notes"].splitlines())
        schema = _Types(found["type"]).union()
        if found["kind"] == "function":
            tools.append(Tool(found["name"], notes, schema))
        elif tools:
            tools[-1].schema.setdefault("$defs", {})[found["name"]] = schema
    return tuple(tools)


class _Types:
    """Reads a TypeScript-like type as a JSON schema."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._pieces = [found for found in _PIECE.finditer(text) if found.lastgroup]
        self._at = 0

    def _peek(self) -> str:
        return self._pieces[self._at][0].strip() if self._at < len(self._pieces) else ""

    def _next(self) -> str:
        self._at += 1
        return self._pieces[self._at - 1][0].strip() if self._at <= len(self._pieces) else ""

    def _takes(self, sign: str) -> bool:
        taken = self._peek() == sign
        self._at += taken
        return taken

    def _notes(self) -> str:
        """What is said about the member that comes next."""
        notes = []
        while self._peek().startswith(("//", "/*")):
            notes.append(self._next().strip("/* "))
        return " ".join(notes)

    def union(self) -> dict[str, Any]:
        """One type or several with a bar between them."""
        self._takes("|")
        branches = [self._listed()]
        while self._takes("|"):
            branches.append(self._listed())
        if len(branches) == 1:
            return branches[0]
        if all("const" in branch for branch in branches):
            return {"enum": [branch["const"] for branch in branches]}
        return {"anyOf": branches}

    def _listed(self) -> dict[str, Any]:
        schema = self._one()
        while self._takes("[]"):
            schema = {"type": "array", "items": schema}
        return schema

    def _one(self) -> dict[str, Any]:
        schema = self._schema()
        if schema is not None:
            return schema
        piece = self._next()
        if piece == "{":
            return self._members()
        if piece == "(":
            schema = self.union()
            self._takes(")")
            return schema
        return self._named(piece)

    def _schema(self) -> dict[str, Any] | None:
        """The JSON schema that stands here instead of a type, if one does."""
        if self._peek() != "{":
            return None
        begins = self._text.index("{", self._pieces[self._at].start())
        try:
            value, ends = json.JSONDecoder().raw_decode(self._text, begins)
        except ValueError:
            return None
        if not value:
            return None
        while self._at < len(self._pieces) and self._pieces[self._at].start() < ends:
            self._at += 1
        return dict(value)

    def _named(self, piece: str) -> dict[str, Any]:
        """A constant, or a type by its name."""
        if piece[:1] == '"' or piece[:1].isdigit() or piece[:1] == "-":
            return {"const": json.loads(piece)}
        if piece in _CONSTANTS:
            return {"const": _CONSTANTS[piece]}
        if piece in _TYPES:
            return {"type": piece}
        return {} if piece in {"any", "unknown", "never", ""} else {"$ref": f"#/$defs/{piece}"}

    def _members(self) -> dict[str, Any]:
        properties: dict[str, Any] = {}
        required: list[str] = []
        while True:
            notes = self._notes()
            name = self._next()
            if name in {"}", ""}:
                break
            is_open = name == "["
            while is_open and self._next() not in {"]", ""}:
                pass
            if not self._takes("?") and not is_open:
                required.append(_key(name))
            schema = self.union() if self._takes(":") else {}
            if not is_open:
                properties[_key(name)] = {"description": notes, **schema} if notes else schema
            self._takes(",")
        return {"type": "object", "properties": properties, "required": required}


def _key(name: str) -> str:
    return str(json.loads(name)) if name.startswith('"') else name
