"""Where a prompt asks for JSON practice mode answers with the least value that is valid."""

import json
from typing import Any

import jsonschema
import pytest

from tests.practice.talk import ALL, prompt
from tray_app.practice.shapes import SHAPES, answer, asked_for
from tray_app.practice.transcript import read

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
}
LINE = json.dumps(SCHEMA)
ASKED = ("user", "Who is it?")


@pytest.mark.parametrize(
    "text",
    [
        f"Answer with JSON only.\n\nJSON schema:\n{LINE}",
        f"Answer with one value that this JSON schema takes: {LINE}\nNo prose.",
        f"It must be valid by this JSON schema:\n\n```json\n{LINE}\n```",
        f"Write one JSON value that fits the schema, Person, below.\n\n<schema>\n{LINE}\n</schema>",
        f"Use this schema.\n```json\n{LINE}\n```\nAnswer now.",
    ],
)
@pytest.mark.parametrize("tools", [[], ALL], ids=["alone", "with tools"])
def test_a_schema_is_found_where_a_prompt_shows_it(text: str, tools: list[Any]) -> None:
    assert asked_for(read(prompt(tools, ASKED, system=text))) == SCHEMA
    assert asked_for(read(prompt(tools, ASKED, ("system", text)))) == SCHEMA
    assert asked_for(read(f"Who is it?\n\n{text}")) == SCHEMA


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        ("Answer with one JSON object only.", {"type": "object"}),
        ("JSON schema: true", True),
        ("It must fit:\n<schema>\n{}\n</schema>", {}),
        ("<schema>\n{broken\n</schema>", None),
        ("<schema>\nSay it in <schema>.\n</schema>", None),
        ("What is a JSON schema? {x}", None),
        ('Write the JSON schema {"a": 1}', None),
        ("Here is a list:\n```json\n[1]\n```", None),
    ],
)
def test_other_words_about_json_are_told_apart(text: str, schema: Any) -> None:
    assert asked_for(read(text)) == schema


def said(text: str, schema: Any = SCHEMA) -> str:
    return answer(read(prompt([], ("user", text))), schema)


def test_the_answer_is_valid() -> None:
    jsonschema.validate(json.loads(said("Who?")), SCHEMA)


def test_an_object_of_any_kind_holds_what_was_said() -> None:
    assert json.loads(said("Who?", {"type": "object"})) == {"practice": True, "said": "Who?"}


def test_every_way_to_spoil_it_is_shown_here() -> None:
    assert set(SHAPES) == {"prose", "broken", "wrong"}


def test_prose_stands_around_a_valid_value() -> None:
    text = said("Who?\npractice: json prose")

    assert not text.startswith(("{", "`"))
    jsonschema.validate(json.loads(text.split("```json\n")[1].split("```")[0]), SCHEMA)
    assert not text.endswith("`")


def test_broken_json_cannot_be_read() -> None:
    with pytest.raises(ValueError, match="Unterminated"):
        json.loads(said("Who?\npractice: json broken"))


@pytest.mark.parametrize(
    "schema",
    [SCHEMA, {"type": "object"}, {"type": "array"}, {"enum": [1]}, {"type": "string"}],
)
def test_wrong_json_misses_the_schema(schema: Any) -> None:
    value = json.loads(said("Who?\npractice: json wrong", schema))

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value, schema)
