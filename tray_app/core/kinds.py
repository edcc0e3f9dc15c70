"""What bytes are: told by the bytes themselves, never by the word of whoever sent them.

A name counts for text alone, where it says what kind of text it is. Text is valid UTF-8; a drawing
in SVG is text as well, and so never a picture.

See: the WHATWG's MIME Sniffing standard for pictures and media, ISO 32000 for PDF, and
`containers` for what has to be looked into.
"""

import re
from codecs import getincrementaldecoder
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from .containers import of_base_media, of_compound, of_frames, of_matroska, of_zip

Family = Literal["image", "document", "audio", "video"]


class FileKind(Struct, frozen=True):
    """A kind of file."""

    name: str
    """The usual ending of its name, without the dot."""
    mime: str
    family: Family


def _of(family: Family, mimes: dict[str, str]) -> dict[str, FileKind]:
    return {name: FileKind(name, mime, family) for name, mime in mimes.items()}


_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
KINDS: dict[str, FileKind] = {
    **_of(
        "image",
        {
            "png": "image/png",
            "jpeg": "image/jpeg",
            "gif": "image/gif",
            "webp": "image/webp",
            "bmp": "image/bmp",
            "tiff": "image/tiff",
            "heic": "image/heic",
            "avif": "image/avif",
        },
    ),
    **_of(
        "document",
        {
            "pdf": "application/pdf",
            "docx": f"{_OPEN_XML}.wordprocessingml.document",
            "xlsx": f"{_OPEN_XML}.spreadsheetml.sheet",
            "pptx": f"{_OPEN_XML}.presentationml.presentation",
            "doc": "application/msword",
            "xls": "application/vnd.ms-excel",
            "ppt": "application/vnd.ms-powerpoint",
            "odt": f"{_OPEN_DOCUMENT}.text",
            "ods": f"{_OPEN_DOCUMENT}.spreadsheet",
            "odp": f"{_OPEN_DOCUMENT}.presentation",
            "epub": "application/epub+zip",
            "ofd": "application/ofd",
        },
    ),
    **_of(
        "audio",
        {
            "mp3": "audio/mpeg",
            "wav": "audio/wav",
            "aac": "audio/aac",
            "m4a": "audio/mp4",
            "amr": "audio/amr",
            "ogg": "audio/ogg",
            "flac": "audio/flac",
        },
    ),
    **_of(
        "video",
        {
            "mp4": "video/mp4",
            "mov": "video/quicktime",
            "webm": "video/webm",
            "mkv": "video/x-matroska",
            "avi": "video/x-msvideo",
            "wmv": "video/x-ms-wmv",
            "flv": "video/x-flv",
        },
    ),
}
"""Every kind that is no text."""

PICTURES = frozenset({"png", "jpeg", "webp", "gif", "bmp"})
"""The kinds of pictures that may be sent."""

PLAIN = FileKind("txt", "text/plain", "document")
_MARKED_TEXTS = {
    "md": "text/markdown",
    "markdown": "text/markdown",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "json": "application/json",
    "xml": "application/xml",
    "html": "text/html",
    "htm": "text/html",
    "css": "text/css",
    "js": "text/javascript",
}
_PLAIN_TEXTS = """
    ada asm bash bat c cc cfg clj cljs cmake cmd conf cpp cs cxx dart diff env erl ex exs f90 fish
    fs go gradle graphql groovy h hh hpp hs hxx ini ipynb java jl jsonl jsx kt kts less lisp lock
    log lua m make mjs ml mm nim nix pas patch php pl pm properties proto ps1 py pyi r rb rs rst
    sass scala scm scss sh sol sql srt svelte swift tcl tex tf toml ts tsx txt v vb vhdl vtt vue
    yaml yml zig zsh
"""
TEXTS: dict[str, FileKind] = {
    **_of("document", dict.fromkeys(_PLAIN_TEXTS.split(), PLAIN.mime)),
    **_of("document", _MARKED_TEXTS),
}
"""What text can be by the ending of its name; any other is plain."""

_HEADS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"#!AMR\n", "amr"),
    (b"#!AMR-WB\n", "amr"),
    (b"OggS\x00", "ogg"),
    (b"fLaC\x00", "flac"),
    (b"FLV\x01", "flv"),
    (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), "wmv"),
)
_RIFF = {
    b"WEBPVP8 ": "webp",
    b"WEBPVP8L": "webp",
    b"WEBPVP8X": "webp",
    b"WAVE": "wav",
    b"AVI ": "avi",
}
_BITMAP_HEADS = frozenset({12, 40, 52, 56, 64, 108, 124})
"""The sizes of a bitmap's second header: two letters alone would be the start of many a text."""
_BEFORE_PDF = b"\xef\xbb\xbf\x00\t\n\x0c\r "
_TEXT_LOOK = 4096
_TEXT_PIECE = 256 << 10
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def kind_of(data: bytes, name: str = "") -> FileKind | None:
    """What these bytes are, or None for what is neither text nor anything known.

    Args:
        data: All of them.
        name: The file's, which says what kind of text a text is.
    """
    for look in _LOOKS:
        found = look(data)
        if found is not None:
            return KINDS[found]
    return _text_kind(name) if is_text(data) else None


def is_text(data: bytes) -> bool:
    """Whether these bytes are text in UTF-8, and more than none.

    Other threads go on meanwhile.
    """
    if not data or b"\x00" in data or _NO_TEXT.search(data, 0, _TEXT_LOOK):
        return False
    decoder = getincrementaldecoder("utf-8")()
    try:
        # All at once it would hold every other thread up for as long as it takes.
        for at in range(0, len(data), _TEXT_PIECE):
            decoder.decode(data[at : at + _TEXT_PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _text_kind(name: str) -> FileKind:
    _, dot, ending = name.rpartition(".")
    return TEXTS.get(ending.lower(), PLAIN) if dot else PLAIN


def _of_heads(data: bytes) -> str | None:
    return next((name for head, name in _HEADS if data.startswith(head)), None)


def _of_riff(data: bytes) -> str | None:
    if not data.startswith(b"RIFF"):
        return None
    return _RIFF.get(data[8:16]) or _RIFF.get(data[8:12])


def _of_bitmap(data: bytes) -> str | None:
    if not data.startswith(b"BM") or data[6:10] != bytes(4):
        return None
    return "bmp" if int.from_bytes(data[14:18], "little") in _BITMAP_HEADS else None


def _of_pdf(data: bytes) -> str | None:
    return "pdf" if data[:1024].lstrip(_BEFORE_PDF).startswith(b"%PDF-") else None


_LOOKS: tuple[Callable[[bytes], str | None], ...] = (
    _of_heads,
    _of_riff,
    _of_bitmap,
    _of_pdf,
    of_zip,
    of_compound,
    of_base_media,
    of_matroska,
    of_frames,
)
