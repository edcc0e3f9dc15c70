"""OpenAI pictures: what clients ask for, in JSON and in forms."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.files import FormField
from tray_app.core.model import Drawing, FilePart, Prompt, Ratio, TextPart
from tray_app.core.ports import Asked, FormDialect, Profile
from tray_app.dialects.openai_images import OpenAIImageEdits, OpenAIImages

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
DATA_URL = "data:image/png;base64,iVBORw0KGgo="
BARE = "iVBORw0KGgo="


def asked(body: object, profile: Profile | None = None) -> Asked:
    return OpenAIImages().parse(json.dumps(body).encode(), profile or Profile())


def drawn(**body: Any) -> Prompt:
    return asked({"prompt": "a cat", **body}).prompts[0]


def drawing(**body: Any) -> Drawing:
    found = drawn(**body).drawing
    assert found is not None
    return found


def edited(**body: Any) -> Asked:
    data = json.dumps({"prompt": "in blue", **body}).encode()
    return OpenAIImageEdits().parse(data, Profile())


def filled(*fields: FormField, **texts: str) -> Asked:
    form = (*(FormField(name, text.encode()) for name, text in texts.items()), *fields)
    return OpenAIImageEdits().parse_form(form, Profile())


def picture(name: str = "image", file_name: str = "cat.png") -> FormField:
    return FormField(name, PNG, file_name)


def files(found: Asked) -> tuple[object, ...]:
    [message] = found.prompts[0].messages
    return message.parts[:-1]


def test_a_text_becomes_a_picture() -> None:
    found = asked({"model": "qwen3.7-plus", "prompt": "a cat"})

    [prompt] = found.prompts
    assert prompt.model == "qwen3.7-plus"
    assert [message.parts for message in prompt.messages] == [(TextPart("a cat"),)]
    assert prompt.drawing == Drawing("1:1", wants_data=False)
    assert found.pictures == 1
    assert not found.stream
    assert found.ignored == ()


def test_each_picture_is_asked_for() -> None:
    found = asked({"prompt": "a cat", "n": 3})
    assert len(found.prompts) == found.pictures == 3


def test_without_a_model_it_is_any_that_draws_and_not_that_of_the_key() -> None:
    assert asked({"prompt": "a"}, Profile(model="mine")).prompts[0].model == ""


@pytest.mark.parametrize(
    ("size", "ratio"),
    [
        (None, "1:1"), ("auto", "1:1"), ("AUTO", "1:1"), ("", "1:1"),
        ("256x256", "1:1"), ("512x512", "1:1"), ("1024x1024", "1:1"), ("1024*1024", "1:1"),
        ("1792x1024", "16:9"), ("1024x1792", "9:16"), ("1280*720", "16:9"), ("720*1280", "9:16"),
        ("1536x1024", "4:3"), ("1024x1536", "3:4"), ("1024*768", "4:3"), ("768*1024", "3:4"),
        ("16:9", "16:9"), ("9:16", "9:16"), ("4:3", "4:3"), ("3:4", "3:4"), (" 3 : 4 ", "3:4"),
        ("3840X2160", "16:9"), ("1x9999", "9:16"), ("21:9", "16:9"), ("5:4", "4:3"),
    ],
)  # fmt: skip
def test_a_size_comes_to_the_nearest_shape(size: str | None, ratio: Ratio) -> None:
    assert drawing(size=size).ratio == ratio


@pytest.mark.parametrize(
    ("body", "wants_data"),
    [
        ({}, False),
        ({"model": "dall-e-3"}, False),
        ({"model": "gpt-image-2"}, True),
        ({"model": "ChatGPT-image-latest"}, True),
        ({"model": "gpt-image-2", "response_format": "url"}, False),
        ({"response_format": None}, False),
        ({"response_format": "b64_json"}, True),
        ({"stream": True}, True),
        ({"stream": True, "response_format": "url"}, True),
    ],
)
def test_the_picture_itself_is_for_those_who_want_it(
    body: dict[str, Any], wants_data: bool
) -> None:
    assert drawing(**body).wants_data is wants_data


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": " \n"}, "prompt"),
        ({"prompt": ["a"]}, "prompt"),
        ({"prompt": "a", "n": 0}, "n"),
        ({"prompt": "a", "n": 5}, "n"),
        ({"prompt": "a", "n": "2"}, "n"),
        ({"prompt": "a", "size": "large"}, "size"),
        ({"prompt": "a", "size": "0x5"}, "size"),
        ({"prompt": "a", "size": "1024x1024x3"}, "size"),
        ({"prompt": "a", "size": 1024}, "size"),
        ({"prompt": "a", "response_format": "png"}, "response_format"),
        ({"prompt": "a", "response_format": "png", "stream": True}, "response_format"),
        ({"prompt": "a", "model": 3}, "model"),
        ({"prompt": "a", "stream": "yes"}, "stream"),
    ],
)
def test_a_wrong_field_is_named(body: dict[str, Any], param: str) -> None:
    with pytest.raises(ProxyError) as caught:
        asked(body)
    assert caught.value.kind is Kind.INVALID_REQUEST
    assert caught.value.param == param
    assert param in caught.value.text


def test_a_wrong_number_is_told() -> None:
    with pytest.raises(ProxyError) as caught:
        asked({"prompt": "a", "n": 5})
    assert caught.value.message == "n: expected 1 to 4, got 5"


def test_what_changes_nothing_is_named_and_labels_are_not() -> None:
    found = asked(
        {
            "prompt": "a", "quality": "hd", "style": "vivid", "background": "opaque",
            "moderation": "low", "output_format": "webp", "output_compression": 5,
            "partial_images": 2, "seed": 7, "user": "me", "safety_identifier": "me",
        }
    )  # fmt: skip
    assert found.ignored == (
        "quality", "style", "background", "moderation", "output_format", "output_compression",
        "partial_images", "seed",
    )  # fmt: skip


def test_what_is_so_anyway_is_not_named() -> None:
    found = asked({"prompt": "a", "output_format": "png", "partial_images": 0, "quality": None})
    assert found.ignored == ()


def test_a_stream_says_that_it_brings_no_address() -> None:
    found = asked({"prompt": "a", "stream": True, "response_format": "url"})
    assert found.stream
    assert found.ignored == ("response_format",)


@pytest.mark.parametrize(
    ("body", "source", "param", "is_bare"),
    [
        ({"image": DATA_URL}, DATA_URL, "image", False),
        ({"image": "https://x/y.png"}, "https://x/y.png", "image", False),
        ({"image": "FILE:///etc/passwd"}, "FILE:///etc/passwd", "image", False),
        ({"image": BARE}, BARE, "image", True),
        ({"image": {"image_url": DATA_URL}}, DATA_URL, "image.image_url", False),
        ({"image": [BARE]}, BARE, "image[0]", True),
        ({"images": [{"image_url": DATA_URL}]}, DATA_URL, "images[0].image_url", False),
        ({"images": [{"image_url": {"url": BARE}}]}, BARE, "images[0].image_url.url", True),
        ({"images": [{"url": "http://x/"}]}, "http://x/", "images[0].url", False),
        ({"images": [BARE]}, BARE, "images[0]", True),
        ({"image": f" {DATA_URL}\n"}, DATA_URL, "image", False),
    ],
)
def test_a_picture_to_draw_after_may_come_in_many_ways(
    body: dict[str, Any], source: str, param: str, is_bare: bool
) -> None:
    expected = FilePart(source, "picture", param, is_bare=is_bare)
    assert files(edited(**body)) == (expected,)


def test_pictures_come_in_order_and_before_the_text() -> None:
    found = edited(image=["https://x/1", "https://x/2"], images=["https://x/3"])

    [message] = found.prompts[0].messages
    *pictures, text = message.parts
    assert [part.source for part in pictures if isinstance(part, FilePart)] == [
        "https://x/1",
        "https://x/2",
        "https://x/3",
    ]
    assert text == TextPart("in blue")
    assert found.prompts[0].drawing == Drawing("1:1", wants_data=False)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "image"),
        ({"image": []}, "image"),
        ({"image": ""}, "image"),
        ({"image": 3}, "image"),
        ({"image": [BARE, ""]}, "image[1]"),
        ({"image": [BARE] * 6}, "image"),
        ({"images": [BARE] * 6}, "images"),
        ({"images": [{}]}, "images[0].image_url"),
        ({"images": [{"image_url": {}}]}, "images[0].image_url"),
        ({"images": [{"image_url": {"url": ""}}]}, "images[0].image_url.url"),
        ({"image": BARE, "prompt": ""}, "prompt"),
        ({"image": BARE, "n": 9}, "n"),
    ],
)
def test_a_wrong_field_of_an_edit_is_named(body: dict[str, Any], param: str) -> None:
    with pytest.raises(ProxyError) as caught:
        edited(**body)
    assert caught.value.kind is Kind.INVALID_REQUEST
    assert caught.value.param == param


def test_a_kept_file_is_honestly_refused() -> None:
    with pytest.raises(ProxyError) as caught:
        edited(images=[{"file_id": "file-1"}])
    assert caught.value.kind is Kind.NOT_SUPPORTED
    assert caught.value.param == "images[0].file_id"


def test_a_mask_is_named_as_ignored() -> None:
    assert edited(image=BARE, mask={"image_url": DATA_URL}).ignored == ("mask",)


def test_edits_take_forms_and_drawings_do_not() -> None:
    assert isinstance(OpenAIImageEdits(), FormDialect)
    assert not isinstance(OpenAIImages(), FormDialect)


def test_a_form_is_understood() -> None:
    found = filled(
        picture(), model="gpt-image-2", prompt="in blue", n="2", size="1536x1024", user="me"
    )

    assert files(found) == (FilePart("", "picture", "image", name="cat.png", data=PNG),)
    prompt = found.prompts[0]
    assert prompt.model == "gpt-image-2"
    assert prompt.messages[0].parts[-1] == TextPart("in blue")
    assert prompt.drawing == Drawing("4:3", wants_data=True)
    assert found.pictures == len(found.prompts) == 2
    assert found.ignored == ()


def test_of_a_long_name_in_a_form_the_end_is_kept() -> None:
    found = filled(FormField("image", PNG, "n" * 10_000 + ".png"), prompt="in blue")

    assert files(found) == (FilePart("", "picture", "image", "n" * 396 + ".png", data=PNG),)


@pytest.mark.parametrize("name", ["image", "image[]", "image[0]", "images", "images[]"])
def test_a_form_may_have_several_pictures(name: str) -> None:
    found = filled(picture(name), picture(name, "b.png"), prompt="x")
    assert [(part.param, part.name) for part in files(found) if isinstance(part, FilePart)] == [
        ("image[0]", "cat.png"),
        ("image[1]", "b.png"),
    ]


def test_a_form_may_tell_where_a_picture_is_or_bring_it_without_a_name() -> None:
    found = filled(FormField("image", b"https://x/y"), FormField("image", PNG), prompt="x")
    assert files(found) == (
        FilePart("https://x/y", "picture", "image[0]"),
        FilePart("", "picture", "image[1]", data=PNG),
    )


@pytest.mark.parametrize(("said", "stream"), [("true", True), ("False", False), ("1", True)])
def test_a_form_may_ask_for_a_stream(said: str, stream: bool) -> None:
    assert filled(picture(), prompt="x", stream=said).stream is stream


def test_what_a_form_leaves_empty_was_not_sent() -> None:
    found = filled(picture(), prompt="x", n="", size="", stream="", response_format="", mask="")
    assert found.pictures == 1
    assert found.ignored == ()


def test_a_form_names_what_changes_nothing() -> None:
    found = filled(
        picture(), FormField("mask", PNG, "mask.png"), prompt="x", quality="high",
        output_format="png", partial_images="0", input_fidelity="high",
    )  # fmt: skip
    assert found.ignored == ("quality", "input_fidelity", "mask")


@pytest.mark.parametrize(
    ("texts", "param"),
    [
        ({"prompt": ""}, "prompt"),
        ({"n": "two"}, "n"),
        ({"n": "1.5"}, "n"),
        ({"n": "9" * 5000}, "n"),
        ({"n": "-1"}, "n"),
        ({"stream": "maybe"}, "stream"),
        ({"size": "big"}, "size"),
        ({"partial_images": "some"}, "partial_images"),
    ],
)
def test_a_wrong_field_of_a_form_is_named(texts: dict[str, str], param: str) -> None:
    with pytest.raises(ProxyError) as caught:
        filled(picture(), **{"prompt": "x", **texts})
    assert caught.value.kind is Kind.INVALID_REQUEST
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ([], "image"),
        ([FormField("image", b"", "empty.png")], "image"),
        ([picture()] * 6, "image"),
        ([picture(), FormField("prompt", b"\xff\xfe")], "prompt"),
    ],
)
def test_wrong_parts_of_a_form_are_named(fields: list[FormField], param: str) -> None:
    with pytest.raises(ProxyError) as caught:
        filled(*fields, prompt="x") if len(fields) != 2 else filled(*fields)
    assert caught.value.param == param


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6)
    | st.sampled_from(["16:9", "url", BARE, DATA_URL]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["prompt", "n", "size", "model", "image", "images", "image_url", "url",
                         "file_id", "mask", "stream", "response_format", "partial_images",
                         "output_format"]),
        inner, max_size=6,
    ),
)  # fmt: skip


def status_of(parse: Any, body: object) -> int:
    try:
        parse(body, Profile())
    except ProxyError as fault:
        return fault.kind.row.status
    return 200


@given(json_values, st.booleans())
def test_any_value_is_a_wish_or_a_named_fault(value: object, has_prompt: bool) -> None:
    """F12"""
    if has_prompt and isinstance(value, dict):
        value = {**value, "prompt": "a cat"}
    body = json.dumps(value).encode()
    assert status_of(OpenAIImages().parse, body) in {200, 400}
    assert status_of(OpenAIImageEdits().parse, body) in {200, 400, 501}


@given(st.binary(max_size=40))
def test_any_bytes_are_a_wish_or_a_named_fault(body: bytes) -> None:
    """F12"""
    assert status_of(OpenAIImages().parse, body) == 400
    assert status_of(OpenAIImageEdits().parse, body) == 400


names = st.sampled_from(
    ["prompt", "n", "size", "model", "image", "image[]", "mask", "stream", "response_format",
     "partial_images", "output_format", "quality", "\udcff"]
) | st.text(max_size=4)  # fmt: skip
values = st.binary(max_size=8) | st.sampled_from([b"1", b"true", b"16:9", b"a cat", b"url", PNG])
parts = st.builds(FormField, names, values, st.sampled_from(["", "a.png", "\udcff"]))


@given(st.lists(parts, max_size=8), st.booleans())
def test_any_form_is_a_wish_or_a_named_fault(form: list[FormField], is_good: bool) -> None:
    """F12"""
    good = [FormField("prompt", b"a cat"), picture()] if is_good else []
    assert status_of(OpenAIImageEdits().parse_form, (*form, *good)) in {200, 400}
