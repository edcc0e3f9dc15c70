"""What practice mode sees in a file: a picture's size and colour, a text's words, else its kind."""

import hashlib
import re
import struct
import zlib
from dataclasses import dataclass

from .drawing import Colour

_LINE_CHARS = 80
_HASHED_BYTES = 64 << 10
_PNG = b"\x89PNG\r\n\x1a\n"
_RECORDINGS = (
    (rb"RIFF.{4}WAVE", "a WAV sound"),
    (rb"RIFF.{4}AVI ", "an AVI video"),
    (rb"ID3|\xff[\xf2\xf3\xfa\xfb]", "an MP3 sound"),
    (rb"\xff[\xf0\xf1\xf8\xf9]", "an AAC sound"),
    (rb"#!AMR", "an AMR sound"),
    (rb"OggS", "an Ogg sound"),
    (rb"fLaC", "a FLAC sound"),
    (rb".{4}ftypM4A", "an M4A sound"),
    (rb".{4}ftypqt", "a MOV video"),
    (rb".{4}ftyp(?!avif|hei)", "an MP4 video"),
    (rb"\x1aE\xdf\xa3", "a Matroska video"),
    (rb"FLV\x01", "an FLV video"),
    (rb"0&\xb2u\x8ef\xcf\x11", "a WMV video"),
)
"""How sounds and videos begin."""
_HEADS = tuple((re.compile(head, re.DOTALL), kind) for head, kind in _RECORDINGS)


@dataclass(frozen=True)
class Seen:
    """A file, looked at."""

    words: str
    """What it is, in a few words."""
    text: str
    """All that is written in it; empty for what is no plain text."""
    corner: Colour
    """The colour of its first point; where that is not seen one that hardly any other file has."""


def look(name: str, data: bytes) -> Seen:
    """Look at a file."""
    size = f"of {len(data)} bytes"
    for kind, size_of in (("PNG", _png), ("GIF", _gif), ("JPEG", _jpeg), ("WebP", _webp)):
        if points := size_of(data):
            corner = _colour(data) if kind == "PNG" else b""
            told = f", #{corner.hex()} in its first corner" if corner else ""
            words = f"{name}, a {kind} picture of {points[0]} by {points[1]}{told}"
            return Seen(words, "", _colour_in(corner or _own(data)))
    if data.startswith(b"%PDF-"):
        return _seen(f"{name}, a PDF document {size}", data)
    for head, what in _HEADS:
        if head.match(data):
            return _seen(f"{name}, {what} {size}", data)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return _seen(f"{name}, a file {size}", data)
    first = next((line.strip() for line in text.split("\n") if line.strip()), "")
    return _seen(f"{name}, a document {size} that begins: {first[:_LINE_CHARS]}", data, text)


def _seen(words: str, data: bytes, text: str = "") -> Seen:
    return Seen(words, text, _colour_in(_own(data)))


def _own(data: bytes) -> bytes:
    """Three bytes that files as a rule do not have in common."""
    return hashlib.sha256(data[:_HASHED_BYTES]).digest()[:3]


def _colour_in(data: bytes) -> Colour:
    red, green, blue = data
    return red, green, blue


def _png(data: bytes) -> tuple[int, ...]:
    return struct.unpack(">II", data[16:24]) if data.startswith(_PNG) and len(data) >= 24 else ()


def _gif(data: bytes) -> tuple[int, ...]:
    is_one = data[:6] in {b"GIF87a", b"GIF89a"} and len(data) >= 10
    return struct.unpack("<HH", data[6:10]) if is_one else ()


def _jpeg(data: bytes) -> tuple[int, ...]:
    """Height and width stand in the first frame header, behind segments of any length."""
    at = 2
    while data[:2] == b"\xff\xd8" and data[at : at + 1] == b"\xff" and len(data) >= at + 9:
        kind, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if 0xC0 <= kind <= 0xCF and kind not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return ()


def _webp(data: bytes) -> tuple[int, ...]:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 30:
        return ()
    if data[12:16] == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", data[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _colour(data: bytes) -> bytes:
    """The colour of a PNG's first point: no filter of PNG changes that one; empty where unknown."""
    packed = data.partition(b"IDAT")[2]
    depth, kind = data[24:25], data[25:26]
    if depth != b"\x08" or kind not in {b"\0", b"\2", b"\4", b"\6"}:
        return b""
    try:
        row = zlib.decompressobj().decompress(packed, 8)
    except zlib.error:
        return b""
    point = row[1:4] if kind in {b"\2", b"\6"} else row[1:2] * 3
    return point if len(point) == 3 else b""
