"""Files in what tools answered, where a client put all of it into one string.

The AI SDK writes a list of parts as JSON, and agents write the whole result of an MCP server so. As
a text a picture would be a hundred thousand tokens of base64 that no model can see. Whatever is not
exactly of this shape is a text of the tool, which may well speak of files: a listing of a folder
and a search on the web look much the same.

See: the AI SDK 6 with its OpenAI-compatible provider 2.0; the specification of the Model Context
Protocol, 2025-06-18.
"""

import re
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from tray_app.core.errors import ProxyError
from tray_app.core.model import FilePart, TextPart

from .openai import decode
from .openai_attached import ContentPart, attached, is_address, told_type

_ADDRESSED = frozenset({"image-url", "file-url"})
"""Parts that are an address and cannot be anything else."""
_MAY_HAVE_FILES = re.compile(
    r'"type"\s*:\s*"(?:image|input_|file|media|document|resource|audio|video)'
)
_BEGINS = re.compile(r"\s*[\[{]")
_BASE64 = re.compile(r"[A-Za-z0-9+/_\s-]+={0,2}\s*")
_SEEN_CHARS = 400


class _PlainError(Exception):
    """It only looks like parts."""


class _Piece(ContentPart, kw_only=True):
    type: Literal[
        "text", "image-data", "image-url", "file-data", "file-url", "media",
        "image", "audio", "resource", "image_url", "input_image", "file", "input_file",
        "document", "input_audio", "video",
    ]  # fmt: skip


class _Result(Struct, forbid_unknown_fields=True, rename="camel"):
    content: list[_Piece]
    is_error: bool | None = None
    structured_content: Raw = Raw()
    meta: Any = msgspec.field(default=None, name="_meta")


_answer = msgspec.json.Decoder(list[_Piece] | _Result)


def pieces_of(text: str, at: str) -> tuple[TextPart | FilePart, ...]:
    """What a tool answered, in order; empty for a text that is not files in JSON.

    Args:
        text: As the client sent it.
        at: Its place in the body.
    """
    if not _BEGINS.match(text) or not _MAY_HAVE_FILES.search(text):
        return ()
    try:
        answer = decode(text.encode(), _answer)
        if isinstance(answer, list):
            found = [_piece(part, f"{at}[{index}]") for index, part in enumerate(answer)]
        else:
            found = _pieces(answer, f"{at}.content")
    except (ProxyError, _PlainError):
        return ()
    return tuple(found) if any(isinstance(piece, FilePart) for piece in found) else ()


def _pieces(result: _Result, at: str) -> list[TextPart | FilePart]:
    found = [_piece(part, f"{at}[{index}]") for index, part in enumerate(result.content)]
    told = bytes(result.structured_content).decode()
    # By the protocol a server says the same in texts, and not all do.
    if told not in {"", "null"} and not any(isinstance(piece, TextPart) for piece in found):
        found.append(TextPart(told))
    return found


def _piece(part: _Piece, at: str) -> TextPart | FilePart:
    """A part; raises `_PlainError` or `ProxyError` for what only looks like one."""
    if part.type == "text":
        if part.text is None:
            raise _PlainError
        return TextPart(part.text)
    piece = attached(part, at)
    if isinstance(piece, FilePart) and not _is_meant(piece, part):
        raise _PlainError
    return piece


def _is_meant(piece: FilePart, part: _Piece) -> bool:
    """Whether a tool answered this file, and does not just speak of one."""
    if is_address(piece.source):
        return piece.source[:5].lower() == "data:" or part.type in _ADDRESSED
    is_base64 = _BASE64.fullmatch(piece.source[:_SEEN_CHARS])
    return bool(piece.is_bare and is_base64 and told_type(part))
