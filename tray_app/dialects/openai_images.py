"""OpenAI pictures: `/v1/images/generations` and `/v1/images/edits`, in stream and whole.

The upstream draws in five shapes and chooses the pixels, so a size comes to the nearest shape.
See: the OpenAI API reference and openai-python 3.52, for forms as its clients write them.
"""

import math
import re
from typing import Any, get_args

import msgspec
from msgspec import Struct

from tray_app.core.calls import Stamp
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.files import FormField
from tray_app.core.kinds import is_text
from tray_app.core.model import Drawing, FilePart, Message, Prompt, Ratio, TextPart
from tray_app.core.ports import Asked, Encoder, Profile

from .openai import decode, decoded, error_body, ignored_fields, invalid, to_json
from .openai_attached import short_name
from .openai_images_answers import StreamedPictures, Wanted, WholePictures

_MOST = 4
_MOST_SENT = 5
_HONOURED = frozenset(
    {
        "model", "prompt", "n", "size", "response_format", "stream", "image", "images",
        # Labels of the client's own, which no picture depends on.
        "user", "metadata", "safety_identifier",
    }
)  # fmt: skip
_IDLE: dict[str, object] = {"output_format": "png", "partial_images": 0}
"""Fields that change nothing, with what they may say and be right."""
_DATA_MODELS = ("gpt-image-", "chatgpt-image-")
"""Models that OpenAI never answers for with an address."""
_SIZE = re.compile(r"\s*([0-9]{1,6})\s*[xX*:]\s*([0-9]{1,6})\s*")
_SHAPES = {
    ratio: math.log(int(wide) / int(high))
    for ratio in get_args(Ratio)
    for wide, high in (ratio.split(":"),)
}
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}:")
_FORM_PICTURE = re.compile(r"images?(\[[0-9]*\])?")
_TEXTS = frozenset({"model", "prompt", "size", "response_format", "output_format"})
_NUMBERS = frozenset({"n", "partial_images"})
_SWITCHES = {"true": True, "1": True, "false": False, "0": False}
_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,9}\s*")


class _Request(Struct):
    model: str | None = None
    prompt: str | None = None
    n: int | None = None
    size: str | None = None
    response_format: str | None = None
    stream: bool | None = None
    output_format: Any = None
    partial_images: Any = None


class _Address(Struct):
    url: str


class _Picture(Struct):
    image_url: str | _Address | None = None
    url: str | None = None
    file_id: Any = None


class _EditRequest(_Request):
    image: str | _Picture | list[str | _Picture] | None = None
    images: list[str | _Picture] | None = None


_request = msgspec.json.Decoder(_Request)
_edit_request = msgspec.json.Decoder(_EditRequest)


class OpenAIImages:
    """Pictures drawn after a text."""

    paths: tuple[str, ...] = ("/images/generations",)

    def parse(self, body: bytes, profile: Profile) -> Asked:
        """Understand a request; raises `ProxyError` that names the field."""
        sent, body = decoded(body, _request)
        return _asked(sent, (), _ignored(body, sent))

    def error(self, error: ProxyError) -> bytes:
        """An error object as JSON."""
        return error_body(error)


class OpenAIImageEdits:
    """Pictures drawn after pictures and a text."""

    paths: tuple[str, ...] = ("/images/edits",)

    def parse(self, body: bytes, profile: Profile) -> Asked:
        """Understand a request; raises `ProxyError` that names the field."""
        sent, body = decoded(body, _edit_request)
        return _asked(sent, _pictures(sent), _ignored(body, sent))

    def parse_form(self, form: tuple[FormField, ...], profile: Profile) -> Asked:
        """Understand a request that came as a form; raises `ProxyError` that names the field."""
        pictures = [field for field in form if _FORM_PICTURE.fullmatch(field.name)]
        others = [field for field in form if not _FORM_PICTURE.fullmatch(field.name)]
        # A name beyond ASCII is none of ours, and none that a header could tell.
        body = to_json({field.name: _value(field) for field in others if field.name.isascii()})
        sent = decode(body, _request)
        _check_number("image", len(pictures))
        files = tuple(
            _form_picture(field, f"image[{at}]" if len(pictures) > 1 else "image")
            for at, field in enumerate(pictures)
        )
        return _asked(sent, files, _ignored(body, sent))

    def error(self, error: ProxyError) -> bytes:
        """An error object as JSON."""
        return error_body(error)


def _asked(sent: _Request, files: tuple[FilePart, ...], ignored: tuple[str, ...]) -> Asked:
    if not (sent.prompt or "").strip():
        raise invalid("prompt", "prompt: expected what the picture is to show, got nothing")
    count = _count(sent.n)
    # A key's own model is for chats, and may be one that does not draw.
    model = sent.model or ""
    stream = bool(sent.stream)
    wants_data = _wants_data(sent.response_format, model) or stream
    prompt = Prompt(
        model=model,
        messages=(Message(role="user", parts=(*files, TextPart(sent.prompt or ""))),),
        drawing=Drawing(_ratio(sent.size), wants_data),
    )
    wanted = Wanted(count, wants_data, "image_edit" if files else "image_generation")

    def encoder(stamp: Stamp, model: str) -> Encoder:
        return StreamedPictures(stamp, wanted) if stream else WholePictures(stamp, wanted)

    prompts = (prompt,) * count
    return Asked(prompts, stream, ignored, encoder, pictures=count, field="prompt")


def _ignored(body: bytes, sent: _Request) -> tuple[str, ...]:
    right = {name for name, value in _IDLE.items() if getattr(sent, name) == value}
    ignored = ignored_fields(body, _HONOURED | right)
    # A stream has no other way to tell of a picture than the picture.
    is_unheard = sent.stream and sent.response_format == "url"
    return (*ignored, "response_format") if is_unheard else ignored


def _count(sent: int | None) -> int:
    count = 1 if sent is None else sent
    if not 1 <= count <= _MOST:
        raise invalid("n", f"n: expected 1 to {_MOST}, got {count}")
    return count


def _wants_data(sent: str | None, model: str) -> bool:
    if not sent:
        return model.lower().startswith(_DATA_MODELS)
    if sent not in {"url", "b64_json"}:
        why = f"response_format: expected url or b64_json, got {sent[:40]!r}"
        raise invalid("response_format", why)
    return sent == "b64_json"


def _ratio(sent: str | None) -> Ratio:
    """The shape that is nearest to a size; raises `ProxyError` for what is none."""
    if sent is None or sent.strip().lower() in {"", "auto"}:
        return "1:1"
    found = _SIZE.fullmatch(sent)
    wide, high = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (wide and high):
        why = f"size: expected one like 1024x1024, 16:9 or auto, got {sent[:40]!r}"
        raise invalid("size", why)
    shape = math.log(wide / high)
    return min(_SHAPES, key=lambda ratio: abs(_SHAPES[ratio] - shape))


def _check_number(name: str, count: int) -> None:
    if not 1 <= count <= _MOST_SENT:
        raise invalid(name, f"{name}: expected 1 to {_MOST_SENT} pictures, got {count or 'none'}")


def _pictures(sent: _EditRequest) -> tuple[FilePart, ...]:
    image, images = sent.image, sent.images or []
    several = image if isinstance(image, list) else []
    one = [] if image is None or isinstance(image, list) else [image]
    _check_number("images" if images else "image", len(one) + len(several) + len(images))
    return (
        *(_picture(item, "image") for item in one),
        *(_picture(item, f"image[{at}]") for at, item in enumerate(several)),
        *(_picture(item, f"images[{at}]") for at, item in enumerate(images)),
    )


def _picture(item: str | _Picture, at: str) -> FilePart:
    if isinstance(item, str):
        return _sourced(item, at)
    if item.file_id is not None:
        why = "Portico keeps no files, so send the picture itself"
        raise ProxyError(Kind.NOT_SUPPORTED, why, param=f"{at}.file_id")
    if isinstance(item.image_url, _Address):
        return _sourced(item.image_url.url, f"{at}.image_url.url")
    if item.image_url is None and item.url is not None:
        return _sourced(item.url, f"{at}.url")
    return _sourced(item.image_url or "", f"{at}.image_url")


def _sourced(source: str, at: str) -> FilePart:
    source = source.strip()
    if not source:
        raise invalid(at, f"{at}: expected a picture, got nothing")
    return FilePart(source, "picture", at, is_bare=_ADDRESS.match(source) is None)


def _form_picture(field: FormField, at: str) -> FilePart:
    if not field.data:
        raise invalid(at, f"{at}: expected a picture, got nothing")
    if not field.file_name and is_text(field.data):
        return _sourced(field.data.decode(), at)
    name = short_name(field.file_name)
    return FilePart("", "picture", at, name=name, data=field.data)


def _value(field: FormField) -> object:
    """A part of a form as JSON would have it; raises `ProxyError` that names it."""
    name = field.name
    if not field.data:
        return None
    if name not in _TEXTS and name not in _NUMBERS and name != "stream":
        return ""
    try:
        text = field.data.decode()
    except UnicodeDecodeError:
        raise invalid(name, f"{name}: expected text in UTF-8") from None
    if name in _TEXTS:
        return text
    if name in _NUMBERS:
        if not _NUMBER.fullmatch(text):
            raise invalid(name, f"{name}: expected a whole number, got {text[:20]!r}")
        return int(text)
    if (switch := _SWITCHES.get(text.strip().lower())) is None:
        raise invalid(name, f"{name}: expected true or false, got {text[:20]!r}")
    return switch
