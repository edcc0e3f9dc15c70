"""What bytes are, whatever is said of them."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import SAMPLES, compound, zipped
from tray_app.core.kinds import KINDS, PICTURES, PLAIN, TEXTS, is_text, kind_of


def test_there_is_a_sample_of_every_kind() -> None:
    assert SAMPLES.keys() == KINDS.keys()


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_known_by_its_bytes_whatever_its_name(name: str) -> None:
    assert kind_of(SAMPLES[name]) is KINDS[name]
    assert kind_of(SAMPLES[name], "notes.txt") is KINDS[name]


@given(st.sampled_from(sorted(PICTURES)), st.binary(max_size=64))
def test_what_follows_a_picture_does_not_change_what_it_is(name: str, more: bytes) -> None:
    assert kind_of(SAMPLES[name] + more) is KINDS[name]


@pytest.mark.parametrize(
    ("name", "kind", "mime"),
    [
        ("read.me.MD", "md", "text/markdown"),
        ("table.csv", "csv", "text/csv"),
        ("main.rs", "rs", "text/plain"),
        ("page.html", "html", "text/html"),
        ("picture.png", "txt", "text/plain"),
        ("drawing.svg", "txt", "text/plain"),
        ("Makefile", "txt", "text/plain"),
        ("", "txt", "text/plain"),
    ],
)
def test_the_name_says_what_kind_of_text_a_text_is(name: str, kind: str, mime: str) -> None:
    found = kind_of("größer\r\n\tals".encode(), name)

    assert found is not None
    assert (found.name, found.mime, found.family) == (kind, mime, "document")


@pytest.mark.parametrize(
    "text",
    ["BMW is a car, and not a picture", "ID3 is a tag", "RIFF is a form", "free", "abcdftypisom",
     "%PDF is a form", "<svg xmlns='http://www.w3.org/2000/svg'/>", "PK",
     "\ufeff<!doctype html><p>", "FLV"],
)  # fmt: skip
def test_text_that_begins_like_something_else_is_text(text: str) -> None:
    assert kind_of(text.encode()) is PLAIN


@pytest.mark.parametrize(
    "data",
    [b"", b"MZ\x90\x00\x03", b"\x7fELF\x02\x01", b"\x1f\x8b\x08\x00", b"a\x00b", b"a\x07b", b"\xff",
     "text".encode("utf-16"), b"caf\xe9", zipped("a.txt"), zipped(), compound("EncryptedPackage"),
     b"\x00\x00\x00\x10ftypcrx \x00\x00\x00\x00", b"\xff\xfb\x90\x00" * 9],
)  # fmt: skip
def test_what_is_nothing_known_is_nothing(data: bytes) -> None:
    assert kind_of(data, "picture.png") is None


@given(st.binary(max_size=300), st.text(max_size=9))
def test_any_bytes_are_something_or_nothing(data: bytes, name: str) -> None:
    found = kind_of(data, name)

    assert found is None or found in {*KINDS.values(), *TEXTS.values(), PLAIN}
    if found is not None and found.name not in KINDS:
        data.decode()


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_a_file_that_was_cut_or_changed_does_no_harm(name: str, draw: st.DataObject) -> None:
    data = bytearray(SAMPLES[name])
    for at in draw.draw(st.lists(st.integers(0, len(data) - 1), max_size=9)):
        data[at] = draw.draw(st.integers(0, 255))
    cut = draw.draw(st.integers(0, len(data)))

    found = kind_of(bytes(data[:cut]))

    assert found is None or found in {*KINDS.values(), PLAIN}


@given(st.text(alphabet=st.characters(codec="utf-8", min_codepoint=160), min_size=1))
def test_every_text_is_a_document(text: str) -> None:
    found = kind_of(text.encode(), "notes.md")

    assert found is not None
    assert found.family == "document"


PIECE = 256 << 10


@pytest.mark.parametrize("before", range(4))
def test_a_long_text_may_be_cut_anywhere(before: int) -> None:
    text = b"x" * (PIECE - before) + "😀".encode() * PIECE

    assert is_text(text)
    assert not is_text(text[:-1])
    assert not is_text(text + b"\xff")
    assert not is_text(b"x" * (PIECE - before) + b"\xf0\x9fx" + b"x" * PIECE)


def test_a_long_text_is_looked_at_in_pieces() -> None:
    text = "größer".encode() * (1 << 20)
    tracemalloc.start()
    try:
        assert is_text(text)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 2 << 20
