"""Pictures, documents and drawings by the official Python SDK."""

import base64
import io
import re
import urllib.request
from typing import Any

import openai
import pytest
from openai import OpenAI
from PIL import Image

from tests.clients.conftest import Live

pytestmark = pytest.mark.clients

MODEL = "qwen3.7-plus"
BLIND = "qwen3.7-max"


def picture(colour: str = "#123456", size: tuple[int, int] = (37, 23)) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, "PNG")
    return data.getvalue()


def noisy(size: int) -> bytes:
    """A picture of so many bytes."""
    made = picture("#abcdef")
    return made + bytes(size - len(made))


def image_part(data: bytes) -> dict[str, Any]:
    url = "data:image/png;base64," + base64.b64encode(data).decode()
    return {"type": "image_url", "image_url": {"url": url, "detail": "high"}}


def user(*parts: dict[str, Any]) -> Any:
    return {"role": "user", "content": [{"type": "text", "text": "What is this?"}, *parts]}


def said(client: OpenAI, *messages: Any, **more: Any) -> str:
    answer = client.chat.completions.create(
        model=more.pop("model", MODEL), messages=messages, **more
    )
    return answer.choices[0].message.content or ""


def test_a_picture_is_seen_and_a_document_read(client: OpenAI) -> None:
    packed = base64.b64encode(b"A plain report.\nMore of it.\n").decode()
    text = said(
        client,
        user(
            image_part(picture()),
            {"type": "file", "file": {"filename": "report.txt", "file_data": packed}},
        ),
    )

    assert "a PNG picture of 37 by 23, #123456" in text
    assert "report.txt, a document of 28 bytes that begins: A plain report." in text


def test_five_pictures_of_a_turn_come_in_order(client: OpenAI) -> None:
    colours = ["#ff0000", "#00ff00", "#0000ff", "#ffff00", "#00ffff"]
    text = said(client, user(*(image_part(picture(colour)) for colour in colours)))

    assert re.findall(r"#[0-9a-f]{6}", text) == colours


def test_of_twelve_pictures_over_a_conversation_the_newest_five_are_seen(client: OpenAI) -> None:
    colours = [f"#0000{at:02x}" for at in range(1, 13)]
    messages: list[Any] = []
    for colour in colours:
        messages += [user(image_part(picture(colour))), {"role": "assistant", "content": "A blue."}]
    answer = client.chat.completions.with_raw_response.create(model=MODEL, messages=messages[:-1])
    text = answer.parse().choices[0].message.content or ""

    assert re.findall(r"#[0-9a-f]{6} in", text) == [f"{colour} in" for colour in colours[-5:]]
    assert "messages[0].content[1].image_url" in answer.headers["x-portico-ignored"]


def test_a_picture_of_20_mib_is_taken_and_a_larger_one_refused(client: OpenAI) -> None:
    assert "37 by 23" in said(client, user(image_part(noisy(20 << 20))))

    with pytest.raises(openai.BadRequestError, match="larger than 20 MiB") as refused:
        said(client, user(image_part(noisy((20 << 20) + 1))))
    assert refused.value.param == "messages[0].content[1].image_url"


def test_a_result_of_a_tool_may_hold_a_picture(client: OpenAI) -> None:
    function = {"name": "screenshot", "arguments": "{}"}
    call = {"id": "call_1", "type": "function", "function": function}
    text = said(
        client,
        {"role": "user", "content": "Look at my screen."},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": [image_part(picture("#00ff00"))]},
    )

    assert "#00ff00" in text


def test_six_pictures_in_a_turn_name_the_sixth(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        said(client, user(*(image_part(picture(f"#00000{at}")) for at in range(6))))

    assert refused.value.param == "messages[0].content[6].image_url"


def test_a_model_that_cannot_see_names_one_that_can(client: OpenAI, live: Live) -> None:
    with pytest.raises(openai.BadRequestError, match=f"{BLIND} cannot see pictures. One that can"):
        said(client, user(image_part(picture())), model=BLIND)

    live.portico("settings", "set", "blind_model", "switch")
    try:
        answer = client.chat.completions.create(model=BLIND, messages=[user(image_part(picture()))])
    finally:
        live.portico("settings", "set", "blind_model", "refuse")
    assert "37 by 23" in (answer.choices[0].message.content or "")
    assert answer.model != BLIND


def test_a_page_of_this_computer_is_no_picture(client: OpenAI, live: Live) -> None:
    part = {"type": "image_url", "image_url": {"url": f"{live.base_url}/models"}}
    with pytest.raises(openai.BadRequestError, match="could not be fetched") as refused:
        said(client, user(part))

    assert refused.value.code == "image_url_not_allowed"


def test_two_pictures_are_drawn_and_can_be_brought(client: OpenAI) -> None:
    made = client.images.generate(
        model=MODEL, prompt="a red square", n=2, size="1792x1024", quality="high"
    )

    assert made.data is not None
    urls = [one.url or "" for one in made.data]
    assert len(set(urls)) == 2
    for url in urls:
        with urllib.request.urlopen(url) as response:
            width, height = Image.open(io.BytesIO(response.read())).size
        assert width > height


def test_a_picture_is_drawn_as_base64_without_a_model_of_ours(client: OpenAI) -> None:
    made = client.images.generate(model="gpt-image-1", prompt="a green circle", size="1024x1536")

    assert made.data is not None
    width, height = Image.open(io.BytesIO(base64.b64decode(made.data[0].b64_json or ""))).size
    assert width < height


def test_a_picture_is_changed(client: OpenAI) -> None:
    made = client.images.edit(
        model=MODEL,
        image=[("a.png", picture("#00ff00")), ("b.png", picture())],
        prompt="a red square",
        response_format="b64_json",
    )

    assert made.data is not None
    data = base64.b64decode(made.data[0].b64_json or "")
    assert Image.open(io.BytesIO(data)).format == "PNG"


def test_a_drawing_is_streamed_as_events(client: OpenAI) -> None:
    events = list(client.images.generate(model=MODEL, prompt="a blue star", stream=True))

    assert [event.type for event in events] == ["image_generation.completed"]
    assert base64.b64decode(events[0].b64_json).startswith(b"\x89PNG")


def test_what_the_site_says_instead_of_drawing_is_told(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.generate(model=MODEL, prompt="practice: picture-refused")

    assert refused.value.code == "content_filter"


def test_what_there_is_not_is_said(client: OpenAI) -> None:
    with (
        pytest.warns(DeprecationWarning, match="deprecated"),
        pytest.raises(openai.APIStatusError) as refused,
    ):
        client.images.create_variation(image=("a.png", picture()))
    assert refused.value.status_code == 501

    with pytest.raises(openai.BadRequestError) as refused_many:
        client.images.generate(model=MODEL, prompt="x", n=5)
    assert refused_many.value.param == "n"


@pytest.mark.parametrize("size", [300_000, 2_000_000])
def test_a_message_that_is_too_long_goes_along_as_a_file(client: OpenAI, size: int) -> None:
    line = "All work and no play makes the answer rather long.\n"
    text = said(
        client,
        {"role": "user", "content": line * (size // len(line)) + "What was the first word?"},
    )

    assert "What was the first word?" in text
    assert "message.txt" in text


def test_a_history_of_5_mb_goes_along_as_a_file(client: OpenAI) -> None:
    messages: list[Any] = []
    for at in range(500):
        messages += [
            {"role": "user", "content": f"Question {at}. " + "word " * 1_000},
            {"role": "assistant", "content": f"Answer {at}. " + "word " * 1_000},
        ]
    text = said(client, *messages, {"role": "user", "content": "And now the last question"})

    assert "And now the last question" in text
    assert "conversation.txt" in text
