"""Requests of real clients, recorded 2026-11-20, with their texts padded to the sizes they had.

The recordings keep the first 160 characters of a text and say how long it was; long tools are kept
by their name and size.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CUT = re.compile(r"…\[(\d+) chars\]$")
_NOTES = re.compile(r"_.*_chars$")


@dataclass(frozen=True)
class Capture:
    """One request of a client."""

    client: str
    number: int
    headers: dict[str, str]
    body: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.client}-{self.number}"

    @property
    def without_tools(self) -> dict[str, Any]:
        """The same request from a client that offers no tools; its history stays."""
        return {
            name: value
            for name, value in self.body.items()
            if name not in {"tools", "tool_choice", "parallel_tool_calls"}
        }


def captures() -> list[Capture]:
    """Every recorded chat request."""
    found = []
    for path in sorted((Path(__file__).parent / "captures").glob("*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        for number, request in enumerate(told["requests"], 1):
            body = _padded(request["body"])
            found.append(Capture(told["client"], number, request["headers"], body))
    return found


def _padded(value: Any) -> Any:
    if isinstance(value, str):
        cut = _CUT.search(value)
        if cut is None:
            return value
        kept = value[: cut.start()]
        return kept + "x" * max(0, int(cut[1]) - len(kept))
    if isinstance(value, list):
        return [_padded(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "_json_chars" in value and "keys" in value:
        return _tool(value)
    return {name: _padded(item) for name, item in value.items() if not _NOTES.match(name)}


def _tool(value: dict[str, Any]) -> dict[str, Any]:
    """A tool of which only the name and the size were kept."""
    function = {
        "name": value["name"],
        "description": "x" * value["_json_chars"],
        "parameters": {"type": "object", "properties": {}},
    }
    return {"type": "function", "function": function}
