"""Files in what tools answered, where all of it came as one string."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.model import FilePart, TextPart, ToolResultPart
from tray_app.dialects.openai_messages import ChatMessage, InputItem, messages_of, messages_of_input
from tray_app.dialects.openai_results import pieces_of

AT = "messages[1].content"
PNG = "iVBORw0KGgo="
URL = f"data:image/png;base64,{PNG}"
WEB = "https://pictures.example/a.png"
SHOT = {"type": "image-data", "data": PNG, "mediaType": "image/png"}
MCP = {"type": "image", "data": PNG, "mimeType": "image/png"}
BARE = FilePart(PNG, "picture", f"{AT}[0].data", is_bare=True)


def read(answer: object) -> tuple[TextPart | FilePart, ...]:
    return pieces_of(json.dumps(answer), AT)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (SHOT, BARE),
        (MCP, BARE),
        ({"type": "media", "data": PNG, "mediaType": "image/png"}, BARE),
        ({"type": "file-data", "data": "JVBERi0=", "mediaType": "application/pdf",
          "filename": "a.pdf"},
         FilePart("JVBERi0=", "file", f"{AT}[0].data", "a.pdf", is_bare=True)),
        ({"type": "image-url", "url": WEB}, FilePart(WEB, "picture", f"{AT}[0].url")),
        ({"type": "file-url", "url": WEB}, FilePart(WEB, "file", f"{AT}[0].url")),
        ({"type": "audio", "data": "UklGRg==", "mimeType": "audio/wav"},
         FilePart("UklGRg==", "audio", f"{AT}[0].data", is_bare=True)),
        ({"type": "resource",
          "resource": {"uri": "file:///b/a.png", "blob": PNG, "mimeType": "image/png"}},
         FilePart(PNG, "picture", f"{AT}[0].resource", "a.png", is_bare=True)),
        ({"type": "image_url", "image_url": {"url": URL}},
         FilePart(URL, "picture", f"{AT}[0].image_url")),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
         FilePart(PNG, "picture", f"{AT}[0].source", is_bare=True)),
        ({"type": "image", "data": "PHN2Zz4=", "mimeType": "image/svg+xml"},
         FilePart("PHN2Zz4=", "file", f"{AT}[0].data", is_bare=True)),
    ],
)  # fmt: skip
def test_a_list_of_parts_in_json_is_read(part: dict[str, Any], expected: FilePart) -> None:
    assert read([part]) == (expected,)
    assert pieces_of(" \n" + json.dumps([part], indent=2), AT) == (expected,)


def test_texts_and_files_stay_in_their_order() -> None:
    """F13"""
    found = read([{"type": "text", "text": "Before"}, SHOT, {"type": "text", "text": "After"}])

    picture = FilePart(PNG, "picture", f"{AT}[1].data", is_bare=True)
    assert found == (TextPart("Before"), picture, TextPart("After"))


def test_the_result_of_an_mcp_server_is_read() -> None:
    content = [{"type": "text", "text": "Seen"}, {**MCP, "annotations": {"audience": ["user"]}}]
    picture = FilePart(PNG, "picture", f"{AT}.content[1].data", is_bare=True)

    assert read({"content": content}) == (TextPart("Seen"), picture)
    assert read({"content": content, "isError": False, "_meta": {"a": 1}}) == (
        TextPart("Seen"),
        picture,
    )


def test_what_a_server_says_in_another_field_is_not_lost() -> None:
    told = {"content": [MCP], "structuredContent": {"width": 3}}

    assert read(told)[1:] == (TextPart('{"width": 3}'),)
    assert read({**told, "structuredContent": None})[1:] == ()
    assert read({**told, "content": [MCP, {"type": "text", "text": "3"}]})[1:] == (TextPart("3"),)


PLAIN = [
    [],
    {},
    [{"type": "text", "text": "Nothing else"}],
    [SHOT, "text"],
    [SHOT, {"type": "unheard"}],
    [SHOT, {"data": PNG}],
    [SHOT, {"type": "text"}],
    {"type": "image-data", "data": PNG, "mediaType": "image/png"},
    {"content": [MCP], "more": 1},
    {"content": "a", "type": "image"},
    {"result": [SHOT]},
    # A listing of a folder, a search on the web, a description of a form.
    [{"type": "file", "name": "a.png", "size": 3}, {"type": "dir", "name": "b"}],
    [{"type": "file", "name": "a.png", "url": WEB}],
    [{"type": "image", "url": WEB}],
    [{"type": "image", "image": "a.png"}],
    [{"type": "file", "data": PNG}],
    [{"type": "image", "data": "not base64!", "mimeType": "image/png"}],
    [{"type": "file", "file": {"file_id": "file-1"}}],
    [{"type": "resource", "resource": {"uri": "file:///a.txt", "text": "One."}}],
]


@pytest.mark.parametrize("answer", PLAIN)
@pytest.mark.parametrize("role", ["tool", "function"])
def test_everything_else_stays_as_it_is(answer: object, role: str) -> None:
    text = json.dumps(answer, indent=1) + " "
    sent = {"role": role, "tool_call_id": "c", "content": text}

    (message,) = messages_of([msgspec.convert(sent, ChatMessage)])

    assert message.parts == (ToolResultPart("c", text),)


@pytest.mark.parametrize(
    "text",
    [f'[{{"type":"image-data","data":"{PNG}', '[{"type":"image"' + "[" * 100_000,
     json.dumps([SHOT]) + "]"],
    ids=["cut", "deep", "long"],
)  # fmt: skip
def test_what_is_no_json_stays_as_it_is(text: str) -> None:
    assert pieces_of(text, AT) == ()


def test_half_an_emoji_in_it_is_mended() -> None:
    text = json.dumps([{"type": "text", "text": "Cut \ud83d"}, SHOT])

    assert pieces_of(text, AT)[0] == TextPart("Cut \ufffd")


def test_tools_of_both_apis_answer_so_and_nobody_else() -> None:
    text = json.dumps([{"type": "text", "text": "Here"}, SHOT])
    chat = msgspec.convert({"role": "tool", "tool_call_id": "c", "content": text}, ChatMessage)
    item = msgspec.convert(
        {"type": "function_call_output", "call_id": "c", "output": text}, InputItem
    )
    user = msgspec.convert({"role": "user", "content": text}, ChatMessage)

    for messages, at in (
        (messages_of([chat]), "messages[0].content[1].data"),
        (messages_of_input([item], None), "input[0].output[1].data"),
    ):
        picture = FilePart(PNG, "picture", at, is_bare=True)
        assert messages[0].parts == (ToolResultPart("c", "Here", (TextPart("Here"), picture)),)
    assert messages_of([user])[0].parts == (TextPart(text),)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", PNG, URL, WEB, "image/png"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "data", "url", "text", "mimeType", "content", "source"]),
            inner | st.sampled_from(["image", "text", "file", "image-data", "media", "resource"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_json)
def test_no_answer_of_a_tool_is_refused_for_its_shape(answer: object) -> None:
    """F12"""
    found = read(answer)

    assert not found or any(isinstance(piece, FilePart) for piece in found)
