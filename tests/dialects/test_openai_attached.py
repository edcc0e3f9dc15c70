"""What clients attach, in every shape that is in use."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import FilePart, FileWish, TextPart, ToolResultPart
from tray_app.dialects.openai_attached import ContentPart, attached, is_attached
from tray_app.dialects.openai_messages import ChatMessage, InputItem, messages_of, messages_of_input

AT = "messages[2].content[1]"
PNG = "data:image/png;base64,AAAA"
WEB = "https://pictures.example/a.png"


def read(part: dict[str, Any]) -> FilePart | TextPart:
    return attached(msgspec.convert(part, ContentPart), AT)


def refusal(part: dict[str, Any]) -> ProxyError:
    with pytest.raises(ProxyError) as caught:
        read(part)
    return caught.value


def outcome(part: dict[str, Any]) -> FilePart | TextPart | ProxyError:
    try:
        return read(part)
    except ProxyError as fault:
        return fault


def file(
    source: str, wish: FileWish, field: str, name: str = "", *, bare: bool = False
) -> FilePart:
    return FilePart(source, wish, f"{AT}.{field}", name, is_bare=bare)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "image_url", "image_url": {"url": PNG}}, file(PNG, "picture", "image_url")),
        ({"type": "image_url", "image_url": WEB}, file(WEB, "picture", "image_url")),
        ({"type": "input_image", "image_url": WEB, "detail": "high"},
         file(WEB, "picture", "image_url")),
        ({"type": "input_image", "image_url": {"url": WEB, "detail": "auto"}, "file_id": None},
         file(WEB, "picture", "image_url")),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
         file("AAAA", "picture", "source", bare=True)),
        ({"type": "image", "source": {"type": "url", "url": WEB}}, file(WEB, "picture", "source")),
        ({"type": "image", "image": WEB}, file(WEB, "picture", "image")),
        ({"type": "image", "data": "AAAA", "mimeType": "image/png"},
         file("AAAA", "picture", "data", bare=True)),
        ({"type": "image-data", "data": "AAAA", "mediaType": "image/png"},
         file("AAAA", "picture", "data", bare=True)),
        ({"type": "file-data", "data": "AAAA", "mediaType": "image/png", "filename": "a.png"},
         file("AAAA", "picture", "data", "a.png", bare=True)),
        ({"type": "image-url", "url": WEB}, file(WEB, "picture", "url")),
        ({"type": "image", "url": WEB}, file(WEB, "picture", "url")),
    ],
)  # fmt: skip
def test_pictures_come_in_many_shapes(part: dict[str, Any], expected: FilePart) -> None:
    assert read(part) == expected


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "file", "file": {"filename": "a.pdf", "file_data": "AAAA"}},
         file("AAAA", "file", "file", "a.pdf", bare=True)),
        ({"type": "file", "file": {"filename": "a.pdf",
                                   "file_data": "data:application/pdf;base64,AAAA"}},
         file("data:application/pdf;base64,AAAA", "file", "file", "a.pdf")),
        ({"type": "file", "file": {"file_data": "https://files.example/a.pdf", "file_id": "x"}},
         file("https://files.example/a.pdf", "file", "file")),
        ({"type": "file", "file": {"file_url": "https://files.example/a"}},
         file("https://files.example/a", "file", "file")),
        ({"type": "input_file", "file_data": "AAAA", "filename": "a.docx"},
         file("AAAA", "file", "file_data", "a.docx", bare=True)),
        ({"type": "input_file", "file_url": "https://files.example/a", "file_data": None},
         file("https://files.example/a", "file", "file_url")),
        ({"type": "file_url", "file_url": {"url": "https://files.example/a"}},
         file("https://files.example/a", "file", "file_url")),
        ({"type": "document", "title": "a.pdf",
          "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}},
         file("AAAA", "file", "source", "a.pdf", bare=True)),
        ({"type": "file", "file": {"file_id": "https://files.example/a.pdf", "format": "a/pdf"}},
         file("https://files.example/a.pdf", "file", "file")),
        ({"type": "file", "file": {"file_id": "data:application/pdf;base64,AAAA"}},
         file("data:application/pdf;base64,AAAA", "file", "file")),
        ({"type": "file-data", "data": "AAAA", "mediaType": "application/pdf"},
         file("AAAA", "file", "data", bare=True)),
        ({"type": "file-url", "url": "https://files.example/a"},
         file("https://files.example/a", "file", "url")),
        ({"type": "resource", "resource": {"uri": "file:///b/a.pdf", "blob": "AAAA"}},
         file("AAAA", "file", "resource", "a.pdf", bare=True)),
        ({"type": "document", "source": {"type": "url", "url": "https://files.example/a"}},
         file("https://files.example/a", "file", "source")),
    ],
)  # fmt: skip
def test_files_come_in_many_shapes(part: dict[str, Any], expected: FilePart) -> None:
    assert read(part) == expected


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
         file("AAAA", "audio", "input_audio", "audio.mp3", bare=True)),
        ({"type": "input_audio", "input_audio": {"data": "https://sounds.example/a"}},
         file("https://sounds.example/a", "audio", "input_audio")),
        ({"type": "audio_url", "audio_url": {"url": "https://sounds.example/a"}},
         file("https://sounds.example/a", "audio", "audio_url")),
        ({"type": "media", "data": "AAAA", "mediaType": "audio/wav"},
         file("AAAA", "audio", "data", bare=True)),
        ({"type": "audio", "data": "AAAA", "mimeType": "audio/wav"},
         file("AAAA", "audio", "data", bare=True)),
        ({"type": "video_url", "video_url": {"url": "https://films.example/a"}},
         file("https://films.example/a", "video", "video_url")),
        ({"type": "input_video", "video_url": "https://films.example/a"},
         file("https://films.example/a", "video", "video_url")),
        ({"type": "video", "video": "https://films.example/a"},
         file("https://films.example/a", "video", "video")),
    ],
)  # fmt: skip
def test_audio_and_video_come_in_many_shapes(part: dict[str, Any], expected: FilePart) -> None:
    assert read(part) == expected


@pytest.mark.parametrize(
    ("told", "wish"),
    [
        ("data:image/png;base64,AAAA", "picture"),
        ("DATA:Audio/ogg;base64,AAAA", "audio"),
        ("data:video/mp4;base64,AAAA", "video"),
        ("data:application/pdf;base64,AAAA", "file"),
        ("data:text/plain;base64,AAAA", "file"),
        ("data:application/octet-stream;base64,AAAA", "picture"),
        ("data:;base64,AAAA", "picture"),
    ],
)
def test_clients_put_everything_where_pictures_are_meant_to_be(told: str, wish: str) -> None:
    part = read({"type": "image_url", "image_url": {"url": told}})

    assert isinstance(part, FilePart)
    assert part.wish == wish


def test_a_picture_among_files_is_a_picture_and_a_drawing_in_text_is_not() -> None:
    png = read({"type": "input_file", "file_data": PNG})
    svg = read({"type": "input_file", "file_data": "data:image/svg+xml;base64,AAAA"})

    assert png == file(PNG, "picture", "file_data")
    assert svg == file("data:image/svg+xml;base64,AAAA", "file", "file_data")


@pytest.mark.parametrize("detail", ["low", "original", "", "HIGH", "odd", None, 5])
def test_how_closely_a_picture_is_to_be_seen_changes_nothing(detail: object) -> None:
    link = {"url": WEB, "detail": detail}

    assert read({"type": "image_url", "image_url": link}) == file(WEB, "picture", "image_url")
    assert read({"type": "input_image", "image_url": WEB, "detail": detail}) == file(
        WEB, "picture", "image_url"
    )


@pytest.mark.parametrize(
    "part",
    [
        {"type": "file", "file": {"file_data": "AAAA", "filename": "LONG"}},
        {"type": "input_file", "file_url": WEB, "filename": "LONG"},
        {"type": "file-data", "data": "AAAA", "filename": "LONG"},
        {"type": "document", "source": {"type": "url", "url": WEB}, "title": "LONG"},
        {"type": "resource", "resource": {"uri": "LONG", "blob": "AAAA"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "LONG"}},
    ],
)
def test_of_a_long_name_the_end_is_kept(part: dict[str, Any]) -> None:
    sent = msgspec.json.encode(part).replace(b"LONG", b"n" * 10_000_000 + b".pdf")

    found = read(msgspec.json.decode(sent))

    assert isinstance(found, FilePart)
    assert len(found.name) <= 400
    assert found.name.endswith(".pdf") or found.wish == "audio"


def test_a_resource_that_is_a_text_is_a_text() -> None:
    resource = {"uri": "file:///a.txt", "mimeType": "text/plain", "text": "One."}

    assert read({"type": "resource", "resource": resource}) == TextPart("One.")


def test_a_document_that_is_a_text_is_a_text() -> None:
    source = {"type": "text", "media_type": "text/plain", "data": "One.\nTwo."}

    assert read({"type": "document", "source": source}) == TextPart("One.\nTwo.")
    assert read({"type": "document", "title": "notes", "source": source}) == TextPart(
        "notes\n\nOne.\nTwo."
    )


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"type": "image_url"}, "image_url"),
        ({"type": "image_url", "image_url": ""}, "image_url"),
        ({"type": "image_url", "image_url": {"url": ""}}, "image_url.url"),
        ({"type": "image_url", "image_url": {"detail": "low"}}, "image_url.url"),
        ({"type": "image_url", "image_url": {"url": 5}}, "image_url.url"),
        ({"type": "image_url", "image_url": [WEB]}, "image_url"),
        ({"type": "image-data", "mediaType": "image/png"}, "data"),
        ({"type": "image-url", "url": 5}, "url"),
        ({"type": "resource", "resource": {"uri": "file:///a"}}, "resource.blob"),
        ({"type": "image"}, "source"),
        ({"type": "image", "source": {}}, "source.type"),
        ({"type": "image", "source": {"type": "odd"}}, "source.type"),
        ({"type": "image", "source": {"type": "text", "data": "a"}}, "source.type"),
        ({"type": "image", "source": {"type": "base64"}}, "source.data"),
        ({"type": "image", "source": {"type": "url", "url": ""}}, "source.url"),
        ({"type": "image", "source": {"type": "file"}}, "source.file_id"),
        ({"type": "file"}, "file"),
        ({"type": "file", "file": {}}, "file.file_data"),
        ({"type": "file", "file": {"file_data": 5}}, "file.file_data"),
        ({"type": "file", "file": "a.pdf"}, "file"),
        ({"type": "input_file", "filename": "a.pdf"}, "file_data"),
        ({"type": "input_file", "file_data": [1]}, "file_data"),
        ({"type": "input_file", "file_data": "AAAA", "filename": 5}, "filename"),
        ({"type": "document", "source": {"type": "text"}}, "source.data"),
        ({"type": "document", "source": "a"}, "source"),
        ({"type": "document", "source": {"type": "text", "data": "a"}, "title": 5}, "title"),
        ({"type": "input_audio"}, "input_audio"),
        ({"type": "input_audio", "input_audio": {"format": "wav"}}, "input_audio.data"),
        ({"type": "input_audio", "input_audio": {"data": "AA", "format": 1}}, "input_audio.format"),
        ({"type": "video_url", "video_url": {}}, "video_url"),
        ({"type": "video", "video": [WEB, WEB]}, "video"),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_named(part: dict[str, Any], field: str) -> None:
    fault = refusal(part)

    assert fault.kind is Kind.INVALID_REQUEST
    assert fault.param == f"{AT}.{field}"
    assert fault.text.startswith(f"{AT}.{field}: expected")


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"type": "input_image", "file_id": "file-1"}, "file_id"),
        ({"type": "input_file", "file_id": "file-1"}, "file_id"),
        ({"type": "file", "file": {"file_id": "file-1"}}, "file.file_id"),
        ({"type": "image", "source": {"type": "file", "file_id": "file-1"}}, "source.file_id"),
    ],
)
def test_no_files_are_kept_to_be_named_by_an_id(part: dict[str, Any], field: str) -> None:
    fault = refusal(part)

    assert fault.kind is Kind.NOT_SUPPORTED
    assert fault.param == f"{AT}.{field}"
    assert fault.text == (
        f"{AT}.{field}: Portico keeps no files, so a file has to come with the message. "
        "Use another service for this."
    )


def test_no_address_is_taken_for_base64_where_only_addresses_are() -> None:
    for address in ("file:///etc/passwd", "AAAA", "/etc/passwd"):
        part = read({"type": "image_url", "image_url": {"url": address}})
        assert part == file(address, "picture", "image_url")


@pytest.mark.parametrize("address", ["data:image/png;base64,AAAA", WEB])
def test_blanks_around_an_address_are_none_of_it(address: str) -> None:
    """S92b"""
    part = read({"type": "image_url", "image_url": {"url": f" \n{address}\r\n"}})

    assert part == file(address, "picture", "image_url")
    fault = refusal({"type": "image_url", "image_url": {"url": " \n"}})
    assert fault.param == f"{AT}.image_url.url"


def test_fields_of_files_are_nobodys_business_in_a_text() -> None:
    sent = {"type": "text", "text": "Hi", "source": 5, "title": [], "data": {}, "detail": "odd"}
    message = msgspec.convert({"role": "user", "content": [sent]}, ChatMessage)

    assert messages_of([message])[0].parts == (TextPart("Hi"),)


PICTURE = {"type": "image_url", "image_url": {"url": WEB}}


@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant"])
def test_files_stand_where_they_were_sent(role: str) -> None:
    """F13"""
    content = ["Before", PICTURE, {"type": "text", "text": "After"}]
    (message,) = messages_of([msgspec.convert({"role": role, "content": content}, ChatMessage)])

    assert message.parts == (
        TextPart("Before"),
        FilePart(WEB, "picture", "messages[0].content[1].image_url"),
        TextPart("After"),
    )


def test_what_a_tool_answered_keeps_its_files_in_order() -> None:
    content = [{"type": "text", "text": "One"}, PICTURE, {"type": "text", "text": "Two"}]
    chat = msgspec.convert({"role": "tool", "tool_call_id": "c", "content": content}, ChatMessage)
    item = msgspec.convert(
        {"type": "function_call_output", "call_id": "c", "output": content}, InputItem
    )

    for messages, at in (
        (messages_of([chat]), "messages[0].content[1]"),
        (messages_of_input([item], None), "input[0].output[1]"),
    ):
        (result,) = messages[0].parts
        assert result == ToolResultPart(
            "c",
            "One\nTwo",
            (TextPart("One"), FilePart(WEB, "picture", f"{at}.image_url"), TextPart("Two")),
        )


def test_what_a_tool_answered_in_texts_alone_has_no_pieces() -> None:
    sent = {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "One"}]}

    (message,) = messages_of([msgspec.convert(sent, ChatMessage)])

    assert message.parts == (ToolResultPart("c", "One"),)


def test_a_file_alone_is_an_input() -> None:
    item = InputItem(role="user", content=[ContentPart(type="input_image", image_url=WEB)])

    (message,) = messages_of_input([item], None)

    assert message.parts == (FilePart(WEB, "picture", "input[0].content[0].image_url"),)


_TYPES = [
    "image_url", "input_image", "image", "file", "file_url", "input_file", "document",
    "input_audio", "audio_url", "audio", "video_url", "input_video", "video", "image-data",
    "image-url", "file-data", "file-url", "media", "resource",
]  # fmt: skip
_NAMES = [
    "type", "url", "data", "detail", "file_data", "file_url", "file_id", "filename", "format",
    "uri", "blob", "text", "mimeType", "mediaType", "media_type",
]  # fmt: skip
_texts = st.sampled_from(["", "text", "base64", "url", "file", "low", "AAAA", PNG, WEB])
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | _texts,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(
    st.sampled_from(_TYPES),
    st.dictionaries(st.sampled_from(ContentPart.__struct_encode_fields__[3:]), _values, max_size=5),
)
def test_any_part_is_a_file_or_a_named_fault(kind: str, fields: dict[str, Any]) -> None:
    """F12"""
    found = outcome({**fields, "type": kind})

    assert is_attached(kind)
    if isinstance(found, ProxyError):
        assert found.kind.row.status in {400, 501}
        assert (found.param or "").startswith(f"{AT}.")
    else:
        assert found.text if isinstance(found, TextPart) else found.source
