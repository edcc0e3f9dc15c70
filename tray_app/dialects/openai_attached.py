"""What clients attach to messages and to what tools answered: pictures, files, audio and video.

Many shapes are in use for the same thing, and a client that talks to several services mixes them:
those of OpenAI's two APIs, of Anthropic's, of the servers that speak OpenAI's with additions of
their own, and of tools, whose answers some agents hand on as they are.

See: the references of OpenAI's chat and responses APIs and of Anthropic's messages API, the
specification of the Model Context Protocol, the guides of DashScope, OpenRouter and vLLM
(2026-11-21).
"""

from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import FilePart, FileWish, TextPart

from .openai import fault_at, invalid

T = TypeVar("T")

_ADDRESSES = ("data:", "http://", "https://")
_LONGEST = max(map(len, _ADDRESSES))
_TOLD_CHARS = 64
_NAME_CHARS = 400
_TYPES: dict[str, tuple[FileWish, str]] = {
    "image_url": ("picture", "image_url"),
    "input_image": ("picture", "image_url"),
    "image": ("picture", "source"),
    "image-data": ("picture", "data"),
    "image-url": ("picture", "url"),
    "media": ("file", "data"),
    "resource": ("file", "resource"),
    "file": ("file", "file"),
    "file_url": ("file", "file_url"),
    "file-data": ("file", "data"),
    "file-url": ("file", "url"),
    "input_file": ("file", "file_data"),
    "document": ("file", "source"),
    "input_audio": ("audio", "input_audio"),
    "audio_url": ("audio", "audio_url"),
    "audio": ("audio", "data"),
    "video_url": ("video", "video_url"),
    "input_video": ("video", "video_url"),
    "video": ("video", "video"),
}
"""What a part of each type is, and the field in which most clients have it."""
_LINKS: dict[FileWish, tuple[str, ...]] = {
    "picture": ("image_url", "image", "url"),
    "file": ("file_url", "url"),
    "audio": ("audio_url", "url"),
    "video": ("video_url", "video", "url"),
}
"""The fields that hold an address, or an object with one."""


class ContentPart(Struct):
    """A piece of a message's content, of any type that clients send."""

    type: str = "text"
    text: str | None = None
    refusal: str | None = None
    # What the others are depends on the type; of a type without files they are nobody's business.
    image_url: Any = None
    image: Any = None
    video_url: Any = None
    video: Any = None
    audio_url: Any = None
    input_audio: Any = None
    file: Any = None
    file_url: Any = None
    file_data: Any = None
    file_id: Any = None
    filename: Any = None
    source: Any = None
    data: Any = None
    title: Any = None
    url: Any = None
    resource: Any = None
    media_type: Any = field(default=None, name="mediaType")
    mime_type: Any = field(default=None, name="mimeType")


class _Link(Struct):
    url: str | None = None


class _Audio(Struct):
    data: str | None = None
    format: str | None = None


class _File(Struct):
    file_data: str | None = None
    file_url: str | None = None
    file_id: str | None = None
    filename: str | None = None


class _Source(Struct):
    type: str | None = None
    url: str | None = None
    data: str | None = None
    file_id: str | None = None
    media_type: str | None = None


class _Resource(Struct):
    uri: str | None = None
    text: str | None = None
    blob: str | None = None
    mime_type: str | None = field(default=None, name="mimeType")


class _Place(Struct):
    """Where the file of a part is."""

    field: str
    """Of the part."""
    inner: str
    """What of the field it is: the rest of its path."""
    source: str | None
    may_be_bare: bool = False
    name: str = ""


def is_attached(kind: str) -> bool:
    """Whether parts of this type bring a file."""
    return kind in _TYPES


def attached(part: ContentPart, at: str) -> FilePart | TextPart:
    """The file of a part, or its text where it is a document that is a text already.

    Raises `ProxyError` that names the field.

    Args:
        part: Of a type that brings a file.
        at: Its place in the body.
    """
    wish, usual = _TYPES[part.type]
    if text := _text(part, at):
        return text
    place = _place(part, wish, at)
    if place is None:
        _refuse_id(_read(part.file_id, str, f"{at}.file_id"), f"{at}.file_id")
        place = _Place(usual, "", None)
    # Blanks around an address are nobody's wish, and none of it.
    source = (place.source or "").strip()
    if not source:
        raise _missing(f"{at}.{place.field}{place.inner}")
    return FilePart(
        source=source,
        wish=_meant(_told(source) or told_type(part), wish),
        param=f"{at}.{place.field}",
        name=short_name(place.name or _name(part, at)),
        is_bare=place.may_be_bare and not is_address(source),
    )


def is_address(source: str) -> bool:
    """Whether a source says where a file is, or is a `data:` URL."""
    return source[:_LONGEST].lower().startswith(_ADDRESSES)


def short_name(name: str) -> str:
    """The end of a name, by which kinds are told; clients may send any length."""
    return name[-_NAME_CHARS:]


def told_type(part: ContentPart) -> str:
    """The media type that a part tells beside its file; empty where it tells none."""
    inner = (part.source, "media_type"), (part.resource, "mimeType")
    told = [one.get(name) for one, name in inner if isinstance(one, dict)]
    types = (one for one in (part.media_type, part.mime_type, *told) if isinstance(one, str))
    return next(types, "")[:_TOLD_CHARS].lower()


def _place(part: ContentPart, wish: FileWish, at: str) -> _Place | None:
    """The first place in which a part may have its file, and has something; None for nowhere."""
    for name in _LINKS[wish]:
        link = getattr(part, name)
        if link:
            return _linked(link, name, at)
    if part.file is not None and wish == "file":
        return _filed(part.file, at)
    if part.input_audio is not None and wish == "audio":
        audio = _read(part.input_audio, _Audio, f"{at}.input_audio") or _Audio()
        name = f"audio.{audio.format[:_TOLD_CHARS]}" if audio.format else ""
        return _Place("input_audio", ".data", audio.data, may_be_bare=True, name=name)
    if part.source is not None:
        return _sourced(part.source, at)
    if part.type == "resource" and part.resource is not None:
        resource = _read(part.resource, _Resource, f"{at}.resource") or _Resource()
        name = (resource.uri or "").rpartition("/")[2]
        return _Place("resource", ".blob", resource.blob, may_be_bare=True, name=name)
    for name in ("file_data", "data"):
        data = _read(getattr(part, name), str, f"{at}.{name}")
        if data:
            return _Place(name, "", data, may_be_bare=True)
    return None


def _linked(sent: object, name: str, at: str) -> _Place:
    if isinstance(sent, str):
        return _Place(name, "", sent)
    link = _read(sent, _Link, f"{at}.{name}") or _Link()
    return _Place(name, ".url", link.url)


def _filed(sent: object, at: str) -> _Place:
    file = _read(sent, _File, f"{at}.file") or _File()
    name = file.filename or ""
    if file.file_url and not file.file_data:
        return _Place("file", ".file_url", file.file_url, name=name)
    if not file.file_data and file.file_id and is_address(file.file_id):
        # LiteLLM's clients have addresses there.
        return _Place("file", ".file_id", file.file_id, name=name)
    if not file.file_data:
        _refuse_id(file.file_id, f"{at}.file.file_id")
    return _Place("file", ".file_data", file.file_data, may_be_bare=True, name=name)


def _sourced(sent: object, at: str) -> _Place:
    source = _read(sent, _Source, f"{at}.source") or _Source()
    if source.type == "file":
        _refuse_id(source.file_id, f"{at}.source.file_id")
        return _Place("source", ".file_id", None)
    if source.type == "url":
        return _Place("source", ".url", source.url)
    if source.type == "base64":
        return _Place("source", ".data", source.data, may_be_bare=True)
    inner = f"{at}.source.type"
    raise invalid(inner, f"{inner}: expected base64 or url")


def _name(part: ContentPart, at: str) -> str:
    filename = _read(part.filename, str, f"{at}.filename")
    return filename or _read(part.title, str, f"{at}.title") or ""


def _text(part: ContentPart, at: str) -> TextPart | None:
    """A document that came as a text, with its title; None for every other part."""
    if part.type == "resource":
        resource = _read(part.resource, _Resource, f"{at}.resource") or _Resource()
        return TextPart(resource.text) if resource.text else None
    if part.type != "document":
        return None
    source = _read(part.source, _Source, f"{at}.source")
    if source is None or source.type != "text":
        return None
    if not source.data:
        raise _missing(f"{at}.source.data")
    title = _read(part.title, str, f"{at}.title")
    return TextPart(f"{title}\n\n{source.data}" if title else source.data)


def _told(source: str) -> str:
    """The media type of a `data:` URL, with what follows it; empty for every other source."""
    head = source[:_TOLD_CHARS].lower()
    return head.removeprefix("data:") if head.startswith("data:") else ""


def _meant(told: str, wish: FileWish) -> FileWish:
    """What a client says a file is: its media type where one is told.

    Clients that know parts for pictures alone put everything else into these as well.
    """
    if told.startswith("image/svg"):
        return "file"
    if told.startswith("image/"):
        return "picture"
    if told.startswith("audio/"):
        return "audio"
    if told.startswith("video/"):
        return "video"
    if told.startswith(("text/", "application/")) and "octet-stream" not in told:
        return "file"
    return wish


def _read(sent: object, kind: type[T], at: str) -> T | None:
    """A value of a kind; None for nothing; raises `ProxyError` naming the field."""
    if sent is None:
        return None
    try:
        return msgspec.convert(sent, kind)
    except msgspec.ValidationError as fault:
        raise fault_at(fault, at) from None


def _refuse_id(file_id: str | None, at: str) -> None:
    if file_id:
        why = f"{at}: Portico keeps no files, so a file has to come with the message"
        raise ProxyError(Kind.NOT_SUPPORTED, why, param=at)


def _missing(at: str) -> ProxyError:
    return invalid(at, f"{at}: expected a file or its address, got nothing")
