"""What practice mode says where the prompt asks for JSON: the least value that its schema takes.

A schema is found where the prompt shows it: in an element of that name, in one line after the words
`JSON schema`, or in a fence below them. Where a prompt asks for one JSON object without a schema,
the object holds what the person said.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from .transcript import Transcript
from .values import Maker

_SHOWN = re.compile(
    r"\bJSON schema\b[^\n{]{0,200}\s*(?:```(?:json)?\s*)?(?=[{\[tf])", re.IGNORECASE
)
_FENCED = re.compile(r"\bschema\b[^{]{0,400}```json\n(?=[{tf])", re.IGNORECASE)
_ELEMENT = re.compile(r"^<schema>\n(?=[{tf])", re.MULTILINE)
_OBJECT = re.compile(r"\b(?:only|one|single|a valid) JSON object\b", re.IGNORECASE)
_TOOLS = re.compile(r"^<tools>\n.*?\n</tools>$", re.DOTALL | re.MULTILINE)
_KEYS = frozenset(
    ["type", "properties", "anyOf", "oneOf", "allOf", "$ref", "enum", "const", "items", "$defs"]
)


def asked_for(transcript: Transcript) -> Any:
    """The schema that the answer must meet; None where the prompt asks for no JSON."""
    turns = [turn for turn in transcript.turns if turn.role == "system"]
    turns += [turn for turn in transcript.turns if turn.role == "user"][-1:]
    texts = [_TOOLS.sub("", turn.raw) for turn in turns]
    schemas = [schema for text in texts for schema in _schemas(text)]
    if schemas:
        return schemas[-1]
    return {"type": "object"} if any(_OBJECT.search(text) for text in texts) else None


def _schemas(text: str) -> list[Any]:
    found = []
    for pattern in (_FENCED, _SHOWN, _ELEMENT):
        for place in pattern.finditer(text):
            try:
                value = json.JSONDecoder().raw_decode(text, place.end())[0]
            except ValueError:
                continue
            if isinstance(value, dict) and not (pattern is _ELEMENT or _KEYS & set(value)):
                continue
            if isinstance(value, dict | bool):
                found.append(value)
    return found


def valid(schema: Any) -> Any:
    """A value that a schema takes."""
    return Maker(schema).make()


def _wrong(schema: Any) -> str:
    """JSON that the schema does not take: without its first field, or of another type."""
    value = valid(schema)
    if isinstance(value, dict):
        return _told(dict(list(value.items())[1:]) if value else [])
    return "{}"


def _told(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _prose(schema: Any) -> str:
    shown = json.dumps(valid(schema), ensure_ascii=False, indent=2)
    return f"Here is what you asked for:\n\n```json\n{shown}\n```\n\nTell me if {{this}} is wrong."


SHAPES: dict[str, Callable[[Any], str]] = {
    "prose": _prose,
    "broken": lambda schema: f'{{"answer": {_told(valid(schema))}, "and then',
    "wrong": _wrong,
}
"""How an answer in JSON can be spoilt."""


def answer(transcript: Transcript, schema: Any) -> str:
    """The answer for a schema, spoilt if the person asked for that."""
    wish = transcript.wish
    if wish is not None and wish.name == "json" and wish.form in SHAPES:
        return SHAPES[wish.form](schema)
    if schema == {"type": "object"}:
        return _told({"practice": True, "said": transcript.said})
    return _told(valid(schema))
