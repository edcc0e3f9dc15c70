"""What a file is whose first bytes only say that it holds something: the few bytes that tell more.

Every look is bounded, whatever the bytes say of themselves: nothing is unpacked, and no list is
followed further than a real file needs.

See: PKWARE's APPNOTE 4.3 (zip), ECMA-376 part 2 and OpenDocument 1.3 part 2 (what is in one),
MS-CFB (compound files), ISO/IEC 14496-12 (base media), RFC 8794 (EBML), ISO/IEC 11172-3 and 13818-7
(frames of sound).
"""

import re
from collections.abc import Iterator
from itertools import islice
from struct import unpack_from

_ENTRIES = 4096
"""How many entries of a zip are looked at; the one that tells is among the first."""
_ZIP_HEAD, _ZIP_HEAD_BYTES = b"PK\x03\x04", 30
_ZIP_ENTRY, _ZIP_ENTRY_BYTES = b"PK\x01\x02", 46
_ZIP_END, _ZIP_END_BYTES, _ZIP_NOTE_BYTES = b"PK\x05\x06", 22, 0xFFFF
_PARTS = re.compile(
    rb"(?P<docx>word/document\d*\.xml)|(?P<xlsx>xl/workbook\d*\.xml)"
    rb"|(?P<pptx>ppt/presentation\d*\.xml)|(?P<ofd>OFD\.xml)"
)
"""The entries that tell; some programs number them."""
_MIMES = {
    b"application/epub+zip": "epub",
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/vnd.oasis.opendocument.presentation": "odp",
}
"""The whole of an uncompressed first entry that is named `mimetype`."""

_COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
_COMPOUND_HEAD_BYTES = 512
_SECTORS = 64
"""How many sectors of a compound file's directory are looked at."""
_SLOT_BYTES = 128
_STREAMS = {
    "WordDocument": "doc",
    "Workbook": "xls",
    "Book": "xls",
    "PowerPoint Document": "ppt",
}

_BRANDS_BYTES = 256
_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF = frozenset({b"avif", b"avis"})
_BRANDS = {b"M4A ": "m4a", b"M4B ": "m4a", b"qt  ": "mov"}
_MP4 = (b"iso", b"mp4", b"avc1", b"M4V", b"3gp", b"3g2", b"dash", b"MSNV", b"f4v", b"mmp4")
_BOX_BYTES = 8
_BOXES = 128
"""How many boxes beside each other are looked at."""
_TRACKS = 16
_OLD_MOVIE = frozenset({b"moov", b"mdat", b"wide"})

_EBML = bytes.fromhex("1a45dfa3")
_EBML_BYTES = 128

_TAG_BYTES = 10
_RATES_KBIT = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),
}
"""Of layer III, by the two bits that tell MPEG 1 from MPEG 2."""
_SAMPLING_HZ = (44_100, 48_000, 32_000, 0)


def of_zip(data: bytes) -> str | None:
    """An office document or a book; None for any other zip."""
    if not data.startswith(_ZIP_HEAD):
        return None
    told = _MIMES.get(_zip_mime(data))
    found = (_PARTS.fullmatch(name) for name in _zip_names(data))
    return told or next((one.lastgroup for one in found if one is not None), None)


def _zip_mime(data: bytes) -> bytes:
    """What the first entry says the file is, if it is there to say that."""
    if len(data) < _ZIP_HEAD_BYTES:
        return b""
    size, _, name_bytes, extra_bytes = unpack_from("<IIHH", data, 18)
    name_end = _ZIP_HEAD_BYTES + name_bytes
    if data[_ZIP_HEAD_BYTES:name_end] != b"mimetype" or size > _BRANDS_BYTES:
        return b""
    start = name_end + extra_bytes
    return data[start : start + size]


def _zip_names(data: bytes) -> Iterator[bytes]:
    """The names in the list at the end of a zip."""
    end = data.rfind(_ZIP_END, max(0, len(data) - _ZIP_END_BYTES - _ZIP_NOTE_BYTES))
    if end < 0 or len(data) < end + _ZIP_END_BYTES:
        return
    count, _, at = unpack_from("<HII", data, end + 10)
    for _ in range(min(count, _ENTRIES)):
        if not data.startswith(_ZIP_ENTRY, at) or len(data) < at + _ZIP_ENTRY_BYTES:
            return
        name_bytes, extra_bytes, note_bytes = unpack_from("<HHH", data, at + 28)
        at += _ZIP_ENTRY_BYTES
        yield data[at : at + name_bytes]
        at += name_bytes + extra_bytes + note_bytes


def of_compound(data: bytes) -> str | None:
    """An office document of before 2007; None for anything else in such a file."""
    if not data.startswith(_COMPOUND) or len(data) < _COMPOUND_HEAD_BYTES:
        return None
    return next((_STREAMS[name] for name in _stream_names(data) if name in _STREAMS), None)


def _stream_names(data: bytes) -> Iterator[str]:
    """The names in the directory of a compound file, whose sectors are chained."""
    shift, sector = data[30], unpack_from("<I", data, 48)[0]
    if shift not in {9, 12}:
        return
    for _ in range(_SECTORS):
        start = (sector + 1) << shift
        for slot in range(
            start, min(start + (1 << shift), len(data) - _SLOT_BYTES + 1), _SLOT_BYTES
        ):
            name_bytes = min(unpack_from("<H", data, slot + 64)[0], 64)
            yield data[slot : slot + name_bytes].decode("utf-16-le", "replace").rstrip("\x00")
        following = _next_sector(data, sector, shift)
        if following is None:
            return
        sector = following


def _next_sector(data: bytes, sector: int, shift: int) -> int | None:
    """What follows a sector, by the table whose first 109 sectors the file's head names."""
    per_sector = 1 << (shift - 2)
    place = 76 + 4 * (sector // per_sector)
    if place >= _COMPOUND_HEAD_BYTES:
        return None
    table = unpack_from("<I", data, place)[0]
    at = ((table + 1) << shift) + 4 * (sector % per_sector)
    return int(unpack_from("<I", data, at)[0]) if at + 4 <= len(data) else None


def of_base_media(data: bytes) -> str | None:
    """A film, sound or a picture in boxes, by the brands that its first box names."""
    box = data[4:8]
    if data[:1] != b"\x00":
        return None
    if box != b"ftyp":
        return "mov" if box in _OLD_MOVIE else None
    size = min(int.from_bytes(data[:4]), _BRANDS_BYTES)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, size, 4))]
    if not _AVIF.isdisjoint(brands):
        return "avif"
    if brands[0] in _HEIC:
        return "heic"
    if not brands[0].startswith(_MP4):
        return _BRANDS.get(brands[0])
    tracks = set(_tracks(data))
    return "m4a" if b"soun" in tracks and b"vide" not in tracks else "mp4"


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes that lie between two places: what each is, and from where to where."""
    for _ in range(_BOXES):
        if end - start < _BOX_BYTES:
            return
        size, head = int.from_bytes(data[start : start + 4]), _BOX_BYTES
        if size == 1:
            size, head = int.from_bytes(data[start + 8 : start + 16]), 2 * _BOX_BYTES
        after = start + size if size else end
        if not start + head <= after <= end:
            return
        yield data[start + 4 : start + 8], start + head, after
        start = after


def _tracks(data: bytes) -> Iterator[bytes]:
    """What each track of a film holds, where its table of contents says so."""
    places = [(0, len(data))]
    for wanted in (b"moov", b"trak", b"mdia", b"hdlr"):
        inside = (
            (inner, after)
            for start, end in places
            for box, inner, after in _boxes(data, start, end)
            if box == wanted
        )
        places = list(islice(inside, _TRACKS))
    for start, _ in places:
        yield data[start + 8 : start + 12]


def of_matroska(data: bytes) -> str | None:
    """A film in Matroska, or in the part of it that is WebM."""
    if not data.startswith(_EBML):
        return None
    head = data[:_EBML_BYTES]
    return "webm" if b"webm" in head else "mkv" if b"matroska" in head else None


def of_frames(data: bytes) -> str | None:
    """Sound in frames: a start of one is only two bytes, so the next has to be there as well."""
    if data.startswith(b"ID3") and len(data) > _TAG_BYTES:
        well_formed = data[3] < 0x10 and max(data[6:_TAG_BYTES]) < 0x80
        return "mp3" if well_formed else None
    for name, length in (("mp3", _layer_three_bytes(data)), ("aac", _adts_bytes(data))):
        if 0 < length <= len(data) and data[length : length + 2] in {data[:2], b""}:
            return name
    return None


def _layer_three_bytes(data: bytes) -> int:
    """How long the first frame is if it is one of layer III; else 0."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE6 != 0xE2:
        return 0
    version = data[1] >> 3 & 3
    if version == 1:
        return 0
    rate = _RATES_KBIT[3 if version == 3 else 2][data[2] >> 4] * 1000
    sampling = _SAMPLING_HZ[data[2] >> 2 & 3] >> (0 if version == 3 else 1 if version == 2 else 2)
    if not rate or not sampling:
        return 0
    return (144 if version == 3 else 72) * rate // sampling + (data[2] >> 1 & 1)


def _adts_bytes(data: bytes) -> int:
    """How long the first frame is if it is one of AAC; else 0."""
    if len(data) < 7 or data[0] != 0xFF or data[1] & 0xF6 != 0xF0:
        return 0
    length = (data[3] & 3) << 11 | data[4] << 3 | data[5] >> 5
    return length if length > 7 else 0
