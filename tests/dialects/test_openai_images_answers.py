"""Answers with pictures, read as OpenAI's own Python SDK reads them."""

import base64
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import ImageEditCompletedEvent, ImageGenCompletedEvent, ImagesResponse

from tray_app.core.calls import Stamp
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import Event, Finished, ImageReady, ReasoningDelta, TextDelta, Usage
from tray_app.core.ports import Encoder, Profile
from tray_app.core.sse import SseDecoder
from tray_app.dialects.openai_images import OpenAIImageEdits, OpenAIImages

STAMP = Stamp(now_s=1_790_000_000.5, new_id=lambda: "ab-cd", timezone="GMT", local="now")
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (2688).to_bytes(4) + (1536).to_bytes(4)
WEBP = b"RIFF\x10\0\0\0WEBPVP8L\x05\0\0\0\x2f\x03\xc0\0\0"


def encoder(**body: Any) -> Encoder:
    data = json.dumps({"prompt": "a cat", **body}).encode()
    return OpenAIImages().parse(data, Profile()).encoder(STAMP, "m")


def encoded(events: list[Event], **body: Any) -> bytes:
    made = encoder(**body)
    return b"".join([*map(made.feed, events), made.close()])


def frames(data: bytes) -> list[bytes]:
    return SseDecoder().feed(data)


def drawn(*images: ImageReady, usage: Usage | None = None) -> list[Event]:
    return [*images, usage or Usage(7, 9), Finished()]


def test_an_address_is_told() -> None:
    whole = ImagesResponse.model_validate_json(
        encoded([TextDelta("Here: "), *drawn(ImageReady("https://x/y.png"))])
    )

    assert whole.created == 1_790_000_000
    assert whole.data is not None
    assert [image.url for image in whole.data] == ["https://x/y.png"]
    assert whole.data[0].b64_json is None
    assert whole.usage is not None
    assert whole.usage.total_tokens == 16


def test_a_picture_itself_is_told() -> None:
    told = encoded(drawn(ImageReady("https://x/y.png", PNG)), response_format="b64_json")

    whole = ImagesResponse.model_validate_json(told)
    assert whole.data is not None
    assert base64.b64decode(whole.data[0].b64_json or "", validate=True) == PNG
    assert b"https://x/y.png" not in told


def test_several_answers_are_one_and_their_usages_add_up() -> None:
    events = drawn(ImageReady("a")) + drawn(ImageReady("b"), usage=Usage(1, 2, estimated=True))

    whole = json.loads(encoded(events, n=2))

    assert whole["data"] == [{"url": "a"}, {"url": "b"}]
    assert whole["usage"] == {
        "input_tokens": 8,
        "output_tokens": 11,
        "total_tokens": 19,
        "input_tokens_details": {"text_tokens": 8, "image_tokens": 0},
        "estimated": True,
    }


def test_no_more_pictures_are_given_than_asked_for() -> None:
    whole = json.loads(encoded(drawn(ImageReady("a"), ImageReady("b"))))
    assert whole["data"] == [{"url": "a"}]


def test_a_usage_that_nobody_knows_is_not_told() -> None:
    assert "usage" not in json.loads(encoded([ImageReady("a"), Finished()]))


@pytest.mark.parametrize("stream", [False, True])
def test_a_text_instead_of_a_picture_is_a_refusal_that_says_it(stream: bool) -> None:
    made = encoder(stream=stream)
    for event in (TextDelta("I cannot\n"), ReasoningDelta("hm"), TextDelta("draw that.")):
        assert made.feed(event) == b""
    made.feed(Finished())

    with pytest.raises(ProxyError) as caught:
        made.close()

    assert caught.value.kind is Kind.CONTENT_FILTER
    assert caught.value.kind.row.status == 400
    assert caught.value.text == (
        "Qwen drew no picture and said: I cannot draw that. Rephrase the prompt."
    )


def test_a_long_refusal_is_shortened() -> None:
    made = encoder()
    said: list[Event] = [TextDelta("no " * 100)] * 9
    for event in [*said, Finished()]:
        made.feed(event)
    with pytest.raises(ProxyError) as caught:
        made.close()
    told = caught.value.message.partition(" and said: ")[2]
    assert len(told) == 500
    assert told.endswith("…")


def test_nothing_at_all_is_an_empty_answer() -> None:
    made = encoder()
    made.feed(Finished())
    with pytest.raises(ProxyError) as caught:
        made.close()
    assert caught.value.kind is Kind.UPSTREAM_EMPTY


def test_too_few_pictures_are_better_than_none() -> None:
    made = encoder(n=2)
    came: list[Event] = [TextDelta("Here it is"), ImageReady("a"), Finished()]
    came += [TextDelta("No more today"), Finished()]
    for event in came:
        made.feed(event)
    assert [one["url"] for one in json.loads(made.close())["data"]] == ["a"]


def test_what_is_said_first_instead_of_a_picture_is_the_reason() -> None:
    made = encoder(n=2)
    came: list[Event] = [TextDelta(" Not "), TextDelta("that"), Finished()]
    came += [TextDelta("Nor that"), Finished()]
    for event in came:
        made.feed(event)
    with pytest.raises(ProxyError) as caught:
        made.close()
    assert caught.value.kind is Kind.CONTENT_FILTER
    assert caught.value.message == "Qwen drew no picture and said: Not that"


def test_a_broken_answer_is_an_error_body() -> None:
    stalled = ProxyError(Kind.UPSTREAM_STALLED)
    told = encoder().fail(stalled)
    assert json.loads(told)["error"]["code"] == "upstream_stalled"
    assert OpenAIImages().error(stalled) == OpenAIImageEdits().error(stalled) == told


def test_a_streamed_picture_is_an_event_of_its_own() -> None:
    data = encoded(drawn(ImageReady("u", PNG)), stream=True)

    [completed, end] = frames(data)
    event = ImageGenCompletedEvent.model_validate_json(completed)
    assert data.startswith(b"event: image_generation.completed\ndata: {")
    assert base64.b64decode(event.b64_json) == PNG
    assert event.size == "2688x1536"
    assert event.output_format == "png"
    assert event.created_at == 1_790_000_000
    assert event.usage.total_tokens == 16
    assert end == b"[DONE]"


def test_a_streamed_picture_says_what_it_really_is() -> None:
    data = encoded(drawn(ImageReady("u", WEBP)), stream=True)
    event = ImageGenCompletedEvent.model_validate_json(frames(data)[0])
    assert event.output_format == "webp"
    assert event.size == "4x4"


def test_a_streamed_edit_is_named_so() -> None:
    body = json.dumps({"prompt": "x", "image": "https://x/y", "stream": True}).encode()
    made = OpenAIImageEdits().parse(body, Profile()).encoder(STAMP, "m")

    data = b"".join(map(made.feed, drawn(ImageReady("u", PNG))))

    assert data.startswith(b"event: image_edit.completed\n")
    assert ImageEditCompletedEvent.model_validate_json(frames(data)[0]).size == "2688x1536"


def test_a_streamed_picture_goes_out_with_its_own_answer() -> None:
    made = encoder(stream=True, n=2)
    assert b"".join(map(made.feed, drawn(ImageReady("u", PNG)))).count(b"event: ") == 1
    assert made.feed(ImageReady("v", WEBP)) == b""
    assert made.feed(Finished()).count(b"event: ") == 1
    assert made.close() == b"data: [DONE]\n\n"


def test_what_a_stream_used_adds_up() -> None:
    events: list[Event] = [TextDelta("no"), Usage(1, 1), Finished()]
    events += drawn(ImageReady("u", PNG), ImageReady("v", PNG), usage=Usage(2, 3))

    sent = [json.loads(frame) for frame in frames(encoded(events, stream=True, n=2))[:-1]]

    assert [event["usage"]["total_tokens"] for event in sent] == [0, 7]


def test_a_stream_that_breaks_brings_what_it_has_and_then_the_error() -> None:
    made = encoder(stream=True)
    assert made.feed(ImageReady("u", PNG)) == b""

    data = made.fail(ProxyError(Kind.UPSTREAM_STALLED))

    [completed, error, end] = frames(data)
    assert json.loads(completed)["type"] == "image_generation.completed"
    assert json.loads(error)["type"] == "error"
    assert json.loads(error)["error"]["code"] == "upstream_stalled"
    assert re.findall(rb"^event: (.*)$", data, re.M) == [b"image_generation.completed", b"error"]
    assert end == b"[DONE]"


events = st.lists(
    st.sampled_from(
        [ImageReady("u", PNG), ImageReady("v", WEBP), TextDelta("a\nb"), ReasoningDelta("r"),
         Usage(1, 2), Finished()]
    ),
    max_size=9,
)  # fmt: skip


def sent_for(events: list[Event], **body: Any) -> bytes:
    """What a relay sends for these events, however they end."""
    made = encoder(**body)
    sent = b"".join(map(made.feed, events))
    try:
        return sent + made.close()
    except ProxyError as error:
        return sent + made.fail(error)


@given(events, st.integers(1, 4))
def test_a_stream_says_the_same_as_a_whole_answer_and_ends_once(
    events: list[Event], count: int
) -> None:
    """F7"""
    whole = json.loads(sent_for(events, n=count, response_format="b64_json"))
    *sent, end = frames(sent_for(events, n=count, stream=True))

    shown = [json.loads(frame) for frame in sent]
    pictures = [event["b64_json"] for event in shown if event["type"] != "error"]
    errors = [event["error"] for event in shown if event["type"] == "error"]
    assert end == b"[DONE]"
    assert b"[DONE]" not in sent
    if errors:
        assert whole == {"error": errors[0]}
        assert len(errors) == 1
    else:
        assert [image["b64_json"] for image in whole["data"]] == pictures
        assert 0 < len(pictures) <= count
