"""Files that hold something: a bounded look tells what."""

import struct
import time

import pytest

from tests.core.samples import SAMPLES, aac_frames, boxes, compound, mp3_frames, zipped
from tray_app.core.containers import of_base_media, of_compound, of_frames, of_zip


@pytest.mark.parametrize("at", [0, 1, 3, 4, 11, 40])
def test_a_stream_is_found_wherever_the_directory_has_it(at: int) -> None:
    assert of_compound(compound("WordDocument", before=at)) == "doc"


def test_a_zip_is_what_its_first_telling_part_says() -> None:
    assert of_zip(zipped("a", "xl/workbook.xml", "word/document.xml")) == "xlsx"
    assert of_zip(zipped("xl/workbook.xml.bak", "word/Document.xml")) is None
    assert of_zip(zipped("word/document.xml", mimetype="application/epub+zip ")) == "docx"


@pytest.mark.parametrize(
    ("major", "others", "kind"),
    [
        (b"mif1", [b"heic"], "heic"),
        (b"mif1", [b"avif", b"miaf"], "avif"),
        (b"iso5", [], "mp4"),
        (b"3gp4", [], "mp4"),
        (b"M4B ", [b"mp42"], "m4a"),
        (b"jp2 ", [], None),
    ],
)
def test_boxes_are_what_their_brands_say(
    major: bytes, others: list[bytes], kind: str | None
) -> None:
    assert of_base_media(boxes(major, *others)) == kind


def test_an_old_movie_needs_no_brand() -> None:
    assert of_base_media(b"\x00\x00\x00\x08wide\x00\x01\x00\x00mdat") == "mov"


def test_frames_count_only_when_the_next_is_there() -> None:
    assert of_frames(mp3_frames(1)) == "mp3"
    assert of_frames(mp3_frames(2)[:-1]) == "mp3"
    assert of_frames(mp3_frames(1)[:-1]) is None
    assert of_frames(mp3_frames(1) + b"..") is None
    assert of_frames(aac_frames(1) + b"..") is None
    assert of_frames(b"ID3\x03\x00\x00\x00\x00\x00\x00" + mp3_frames(1)) == "mp3"
    assert of_frames(b"\xff\xfb\xf0\x00" + bytes(999)) is None
    assert of_frames(b"\xff\xeb\x90\x00" + bytes(999)) is None
    assert of_frames(b"\xff\xf3\x90\x00" + bytes(257) + b"\xff\xf3") == "mp3"


@pytest.mark.slow
def test_endless_lists_are_not_followed() -> None:
    many = zipped(*map(str, range(60_000)), "word/document.xml")
    round_and_round = bytearray(SAMPLES["doc"])
    struct.pack_into("<I", round_and_round, 512 + 4, 1)
    round_and_round[1024:1536] = bytes(512)
    start_s = time.thread_time()

    assert of_zip(many) is None
    assert of_compound(bytes(round_and_round)) is None
    assert time.thread_time() - start_s < 1


def box(name: bytes, *inner: bytes, large: bool = False) -> bytes:
    data = b"".join(inner)
    if large:
        return struct.pack(">I4sQ", 1, name, 16 + len(data)) + data
    return struct.pack(">I4s", 8 + len(data), name) + data


def track(*handlers: bytes) -> bytes:
    told = (box(b"hdlr", bytes(8) + handler + bytes(12)) for handler in handlers)
    return box(b"trak", box(b"tkhd", bytes(84)), box(b"mdia", box(b"mdhd", bytes(24)), *told))


def film(*tracks: bytes, brand: bytes = b"mp42") -> bytes:
    first = box(b"ftyp", brand + bytes(4) + b"isommp42")
    return first + box(b"mdat", bytes(999), large=True) + box(b"moov", box(b"mvhd"), *tracks)


@pytest.mark.parametrize("brand", [b"mp42", b"isom", b"iso5", b"3gp4"])
def test_a_film_without_pictures_is_sound(brand: bytes) -> None:
    assert of_base_media(film(track(b"soun"), brand=brand)) == "m4a"
    assert of_base_media(film(track(b"soun"), track(b"text"), brand=brand)) == "m4a"
    assert of_base_media(film(track(b"soun"), track(b"vide"), brand=brand)) == "mp4"
    assert of_base_media(film(track(b"text"), brand=brand)) == "mp4"
    assert of_base_media(film(track(), brand=brand)) == "mp4"


@pytest.mark.parametrize("cut", range(0, 260, 3))
def test_a_film_that_is_cut_is_one_still(cut: int) -> None:
    whole = film(track(b"soun"), track(b"vide"))

    assert of_base_media(whole[: len(whole) - cut]) in {"mp4", "m4a"}


def test_boxes_without_end_are_not_followed() -> None:
    nested = b""
    for name in (b"hdlr", b"mdia", b"trak", b"moov"):
        nested = box(name, nested) * 60
    start_s = time.thread_time()

    assert of_base_media(boxes(b"isom") + nested) == "mp4"
    assert of_base_media(boxes(b"isom")[:16] + box(b"free") * 1_000_000) == "mp4"
    assert time.thread_time() - start_s < 1


@pytest.mark.parametrize(
    ("name", "kind"),
    [("word/document2.xml", "docx"), ("xl/workbook12.xml", "xlsx"),
     ("ppt/presentation1.xml", "pptx"), ("xl/workbook.bin", None),
     ("word/document2.xml.rels", None), ("a/word/document.xml", None)],
)  # fmt: skip
def test_the_telling_part_of_a_zip_may_have_a_number(name: str, kind: str | None) -> None:
    assert of_zip(zipped("[Content_Types].xml", name)) == kind
