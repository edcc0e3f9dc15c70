"""Unpacking files that clients write into their JSON: base64, bare or as a `data:` URL.

20 MiB at once would hold the event loop up for 50 ms, in a thread as well, since the library keeps
Python to itself meanwhile. So they are unpacked piece by piece, and others run between the pieces:
no piece takes longer than a millisecond, putting them together takes about ten (measured:
2026-11-21, 20 MiB).
"""

import asyncio
from binascii import Error, a2b_base64
from io import BytesIO

PIECE_CHARS = 256 << 10
_HEAD_CHARS = 1024
_SPACE = b" \t\r\n"


class NotUnpackedError(Exception):
    """A text is no packed file; the message says what it is instead: "is …"."""


def is_data_url(text: str) -> bool:
    """Whether an address is one that holds its file itself."""
    return text[:5].lower() == "data:"


async def from_data_url(text: str, limit: int) -> bytes:
    """The file in a `data:` URL; raises `NotUnpackedError`. What it says of its type is ignored."""
    head, comma, _ = text[:_HEAD_CHARS].partition(",")
    if not comma or not head.rstrip().lower().endswith(";base64"):
        raise NotUnpackedError("is a data URL without base64")
    return await from_base64(text, limit, len(head) + 1)


async def from_base64(text: str, limit: int, start: int = 0) -> bytes:
    """The file in base64, line breaks and all; raises `NotUnpackedError`.

    Args:
        text: Holds it from `start` to its end.
        limit: How many bytes it may have.
        start: In characters.
    """
    # It grows in place: of many small pieces the memory would stay with this process.
    read = BytesIO()
    left, ended = b"", False
    for at in range(start, len(text), PIECE_CHARS):
        packed = left + _packed(text[at : at + PIECE_CHARS])
        if ended and packed:
            raise NotUnpackedError("is no proper base64")
        end = len(packed) & ~3
        left = packed[end:]
        read.write(_unpacked(packed[:end]))
        if read.tell() > limit:
            raise NotUnpackedError(f"is larger than {limit >> 20} MiB")
        ended = ended or packed.endswith(b"=")
        await asyncio.sleep(0)
    if left:
        raise NotUnpackedError("is no proper base64")
    if not read.tell():
        raise NotUnpackedError("is empty")
    return read.getvalue()


def _packed(text: str) -> bytes:
    try:
        return text.encode("ascii").translate(None, _SPACE)
    except UnicodeEncodeError:
        raise NotUnpackedError("is no proper base64") from None


def _unpacked(packed: bytes) -> bytes:
    try:
        return a2b_base64(packed, strict_mode=True)
    except Error:
        raise NotUnpackedError("is no proper base64") from None
