"""Answers with pictures, as OpenAI's image routes give them, in stream and whole."""

from collections.abc import Iterable

from msgspec import Raw, Struct

from tray_app.core.calls import Stamp
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.kinds import kind_of
from tray_app.core.model import Event, Finished, ImageReady, TextDelta, Usage
from tray_app.core.pixels import pixels_of
from tray_app.core.sse import DONE, frame

from .openai import error_body, error_object, to_json

_SAID_CHARS = 500
_HEARD_CHARS = 4 * _SAID_CHARS
"""An answer may be long, and much of it may be blank."""


class Wanted(Struct, frozen=True, gc=False):
    """What a client asked for."""

    count: int
    """How many pictures."""
    wants_data: bool
    """The pictures themselves, not their addresses."""
    event: str
    """What the events of a stream are called after."""


class _Coming:
    """What has come of the pictures that were asked for."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._count = 0
        self._text = ""
        self._reason = ""

    def take(self, event: Event) -> bool:
        """Take note of an event; says whether it is a picture for the client."""
        match event:
            case ImageReady():
                self._count += 1
                return self._count <= self._wanted
            case TextDelta() if len(self._text) < _HEARD_CHARS:
                self._text = (self._text + event.text)[:_HEARD_CHARS]
            case Finished():
                self._reason = self._reason or " ".join(self._text.split())
                self._text = ""
            case _:
                pass
        return False

    def check(self) -> None:
        """Raise `ProxyError` with what was said instead, where there is no picture at all."""
        if self._count:
            return
        if not self._reason:
            raise ProxyError(Kind.UPSTREAM_EMPTY, "Qwen drew no picture")
        said = self._reason
        if len(said) > _SAID_CHARS:
            said = said[: _SAID_CHARS - 1] + "…"
        raise ProxyError(Kind.CONTENT_FILTER, f"Qwen drew no picture and said: {said}")


class WholePictures:
    """One object, sent when every picture is there."""

    content_type = "application/json"

    def __init__(self, stamp: Stamp, wanted: Wanted) -> None:
        self._created = int(stamp.now_s)
        self._wanted = wanted
        self._coming = _Coming(wanted.count)
        self._pictures: list[Raw] = []
        self._usages: list[Usage] = []

    def feed(self, event: Event) -> bytes:
        if isinstance(event, Usage):
            self._usages.append(event)
        elif self._coming.take(event) and isinstance(event, ImageReady):
            shown = {"b64_json": event.data} if self._wanted.wants_data else {"url": event.url}
            self._pictures.append(Raw(to_json(shown)))
        return b""

    def close(self) -> bytes:
        self._coming.check()
        whole: dict[str, object] = {"created": self._created, "data": self._pictures}
        if self._usages:
            whole["usage"] = _usage(self._usages)
        return to_json(whole)

    def fail(self, error: ProxyError) -> bytes:
        return error_body(error)


class StreamedPictures:
    """One event for each picture, once what its answer used is known; always the picture itself."""

    content_type = "text/event-stream"

    def __init__(self, stamp: Stamp, wanted: Wanted) -> None:
        self._created = int(stamp.now_s)
        self._type = f"{wanted.event}.completed"
        self._coming = _Coming(wanted.count)
        self._held: list[ImageReady] = []
        self._usages: list[Usage] = []

    def feed(self, event: Event) -> bytes:
        if isinstance(event, Usage):
            self._usages.append(event)
        elif self._coming.take(event) and isinstance(event, ImageReady):
            self._held.append(event)
        return self._flush() if isinstance(event, Finished) else b""

    def _flush(self) -> bytes:
        """The pictures held back; the last one tells what all of them used, so that it adds up."""
        if not self._held:
            return b""
        *others, last = self._held
        sent = [self._event(image, [Usage()]) for image in others]
        sent.append(self._event(last, self._usages))
        self._held, self._usages = [], []
        return b"".join(sent)

    def _event(self, image: ImageReady, usages: list[Usage]) -> bytes:
        kind = kind_of(image.data)
        name = kind.name if kind and kind.family == "image" else "png"
        pixels = pixels_of(image.data, name)
        shown: dict[str, object] = {
            "type": self._type,
            "b64_json": image.data,
            "created_at": self._created,
            "size": "{}x{}".format(*pixels) if pixels else "auto",
            "quality": "auto",
            "background": "auto",
            "output_format": name,
        }
        if usages:
            shown["usage"] = _usage(usages)
        return _named(self._type, shown)

    def close(self) -> bytes:
        self._coming.check()
        return self._flush() + DONE

    def fail(self, error: ProxyError) -> bytes:
        told: dict[str, object] = {"type": "error", "error": error_object(error)}
        return self._flush() + _named("error", told) + DONE


def _named(name: str, shown: dict[str, object]) -> bytes:
    return b"event: %b\n%b" % (name.encode(), frame(to_json(shown)))


def _usage(usages: Iterable[Usage]) -> dict[str, object]:
    """The `usage` member for the sum of some answers.

    The upstream counts pictures and texts of a prompt together, so all of it stands as text.
    """
    counted = list(usages)
    taken = sum(usage.input_tokens for usage in counted)
    made = sum(usage.output_tokens for usage in counted)
    shown: dict[str, object] = {
        "input_tokens": taken,
        "output_tokens": made,
        "total_tokens": taken + made,
        "input_tokens_details": {"text_tokens": taken, "image_tokens": 0},
    }
    if any(usage.estimated for usage in counted):
        shown["estimated"] = True
    return shown
