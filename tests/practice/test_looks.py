"""What practice mode says of a file."""

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tray_app.practice import looks

MODES = ["RGB", "RGBA", "L", "LA"]


def look(name: str, data: bytes) -> str:
    return looks.look(name, data).words


def picture(
    kind: str, mode: str = "RGB", size: tuple[int, int] = (37, 23), **more: object
) -> bytes:
    made = Image.new("RGBA", size, (18, 52, 86, 255)).convert(mode)
    data = io.BytesIO()
    made.save(data, kind, **more)
    return data.getvalue()


@pytest.mark.parametrize("mode", MODES)
def test_a_png_has_a_size_and_a_colour(mode: str) -> None:
    colour = "#123456" if mode.startswith("RGB") else "#2e2e2e"
    said = look("a.png", picture("PNG", mode))

    assert said == f"a.png, a PNG picture of 37 by 23, {colour} in its first corner"


def test_other_pictures_have_a_size() -> None:
    assert look("a", picture("JPEG")) == "a, a JPEG picture of 37 by 23"
    assert look("a", picture("JPEG", progressive=True)) == "a, a JPEG picture of 37 by 23"
    assert look("a", picture("GIF", "P")) == "a, a GIF picture of 37 by 23"
    assert look("a", picture("WEBP")) == "a, a WebP picture of 37 by 23"
    assert look("a", picture("WEBP", lossless=True)) == "a, a WebP picture of 37 by 23"
    assert look("a", picture("WEBP", "RGBA", exif=b"Exif\0\0")) == "a, a WebP picture of 37 by 23"


def test_a_png_of_another_make_has_a_size_only() -> None:
    assert look("a", picture("PNG", "P")) == "a, a PNG picture of 37 by 23"
    broken = picture("PNG").partition(b"IDAT")[0] + b"IDAT" + b"\xff" * 20
    assert look("a", broken) == "a, a PNG picture of 37 by 23"


def test_a_bomb_costs_nothing() -> None:
    rows = zlib.compressobj(9)
    packed = b"".join(rows.compress(b"\0" * (1 << 20)) for _ in range(64)) + rows.flush()
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + head + b"\0" * 8 + b"IDAT" + packed

    assert look("a", bomb) == "a, a PNG picture of 60000 by 60000, #000000 in its first corner"


def test_documents_are_known_by_their_length_and_their_first_line() -> None:
    begins = look("n.txt", b"\n\n  First \xc3\xa9\nsecond")

    assert begins == "n.txt, a document of 19 bytes that begins: First é"
    assert look("n.txt", b"x" * 200) == f"n.txt, a document of 200 bytes that begins: {'x' * 80}"
    assert look("n.pdf", b"%PDF-1.7\n...") == "n.pdf, a PDF document of 12 bytes"
    assert look("n.zip", b"PK\x03\x04\xff") == "n.zip, a file of 5 bytes"


SIZED = b"\0\0\0\x1c"
RECORDINGS = {
    "a WAV sound": b"RIFF\x24\0\0\0WAVEfmt ",
    "an AVI video": b"RIFF\x24\0\0\0AVI LIST",
    "an MP3 sound": b"\xff\xfb\x90\x64",
    "an AAC sound": b"\xff\xf1\x50\x80",
    "an AMR sound": b"#!AMR\n",
    "an Ogg sound": b"OggS\0\x02",
    "a FLAC sound": b"fLaC\0\0",
    "an M4A sound": SIZED + b"ftypM4A ",
    "a MOV video": SIZED + b"ftypqt  ",
    "an MP4 video": SIZED + b"ftypisom",
    "a Matroska video": b"\x1aE\xdf\xa3\x9f",
    "an FLV video": b"FLV\x01\x05",
    "a WMV video": b"0&\xb2u\x8ef\xcf\x11",
}


@pytest.mark.parametrize("kind", RECORDINGS)
def test_sounds_and_videos_are_known_by_how_they_begin(kind: str) -> None:
    data = RECORDINGS[kind] + b"\0\xff" * 20

    assert look("a", data) == f"a, {kind} of {len(data)} bytes"


def test_a_sound_may_begin_with_its_title() -> None:
    assert look("a", b"ID3\x04\0\0").startswith("a, an MP3 sound")


def test_a_picture_in_a_box_of_videos_is_no_video() -> None:
    assert look("a", SIZED + b"ftypavif\xff") == "a, a file of 13 bytes"


def test_all_that_is_written_in_a_text_is_seen_and_nothing_in_what_is_none() -> None:
    assert looks.look("n.txt", "één\ntwee\n".encode()).text == "één\ntwee\n"
    assert looks.look("n.pdf", b"%PDF-1.7\n...").text == ""
    assert looks.look("n.png", picture("PNG")).text == ""


def test_each_picture_has_a_corner() -> None:
    assert looks.look("a", picture("PNG")).corner == (0x12, 0x34, 0x56)
    one, two = (looks.look("a", picture("JPEG", size=(37, side))).corner for side in (23, 24))
    assert one != two


@given(st.sampled_from(MODES), st.data())
def test_no_piece_of_a_picture_is_too_odd_to_be_looked_at(mode: str, data: st.DataObject) -> None:
    whole = picture(data.draw(st.sampled_from(["PNG"] if "A" in mode else ["PNG", "JPEG"])), mode)
    cut = data.draw(st.integers(0, len(whole)))

    assert look("a", whole[:cut] + data.draw(st.binary(max_size=8))).startswith("a, a ")
