"""OpenAI legacy completions: `/v1/completions`, in stream and whole.

A chat model has no bare continuation, so a prompt is put to it as an instruction to continue, and
a `suffix` as one to fill the gap. Up to four prompts are answered, one after the other.
"""

import msgspec
from msgspec import Struct

from tray_app.core.calls import Stamp
from tray_app.core.errors import ProxyError
from tray_app.core.model import (
    Event,
    Finished,
    ImageReady,
    Message,
    Prompt,
    TextDelta,
    TextPart,
    Usage,
)
from tray_app.core.ports import Asked, Encoder, Profile
from tray_app.core.sse import DONE, frame

from .openai import (
    NO_DEFAULT_MODEL,
    check_limit,
    decode,
    error_body,
    error_object,
    ignored_fields,
    invalid,
    markdown_image,
    stops_of,
    to_json,
    usage_object,
)

_HONOURED = frozenset(
    {
        "model", "prompt", "suffix", "echo", "stream", "stream_options", "n", "best_of", "user",
        "stop", "max_tokens",
    }
)  # fmt: skip
_PROMPTS = 4
_CONTINUE = (
    "Continue the text that the user sends, from exactly where it stops. "
    "Write only the continuation: no greeting, no comment, no repetition of the text."
)
_FILL = (
    "The user sends two pieces of one text. Write only what belongs between the end of the first "
    "and the beginning of the second: no comment, no repetition of either piece."
)


class _StreamOptions(Struct):
    include_usage: bool | None = None


class _Request(Struct):
    model: str | None = None
    prompt: str | list[str | int | list[int]] | None = None
    suffix: str | None = None
    echo: bool | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    n: int | None = None
    best_of: int | None = None
    max_tokens: int | None = None
    stop: str | list[str] | None = None


_request = msgspec.json.Decoder(_Request)


class OpenAICompletions:
    """Legacy completions."""

    paths: tuple[str, ...] = ("/completions",)

    def parse(self, body: bytes, profile: Profile) -> Asked:
        """Understand a request; raises `ProxyError` that names the field."""
        sent = decode(body, _request)
        model = sent.model or profile.model
        if not model:
            raise invalid("model", NO_DEFAULT_MODEL)
        for name in ("n", "best_of"):
            if (getattr(sent, name) or 1) > 1:
                raise invalid(name, f"{name}: only one answer to each prompt can be made")
        check_limit("max_tokens", sent.max_tokens)
        stop = stops_of(sent.stop)
        texts = _texts(sent)
        prompts = tuple(
            Prompt(
                model, _messages(text, sent.suffix), stop=stop, max_tokens=sent.max_tokens or None
            )
            for text in texts
        )
        options = sent.stream_options
        with_usage = bool(options and options.include_usage)
        echoes = texts if sent.echo else ("",) * len(texts)
        stream = bool(sent.stream)

        def encoder(stamp: Stamp, model: str) -> Encoder:
            if stream:
                return _StreamEncoder(stamp, model, echoes, with_usage=with_usage)
            return _WholeEncoder(stamp, model, echoes)

        ignored = ignored_fields(body, _HONOURED)
        return Asked(prompts, stream, ignored, encoder, field="prompt")

    def error(self, error: ProxyError) -> bytes:
        """An error object as JSON."""
        return error_body(error)


def _texts(sent: _Request) -> tuple[str, ...]:
    if sent.prompt is None:
        raise invalid("prompt", "prompt: expected str, got nothing")
    if isinstance(sent.prompt, str):
        return (sent.prompt,)
    texts = tuple(text for text in sent.prompt if isinstance(text, str))
    if len(texts) < len(sent.prompt):
        raise invalid("prompt", "prompt: send text, this site does not take token numbers")
    if not 1 <= len(texts) <= _PROMPTS:
        raise invalid("prompt", f"prompt: expected 1 to {_PROMPTS} texts, got {len(texts)}")
    return texts


def _messages(text: str, suffix: str | None) -> tuple[Message, ...]:
    task = _FILL if suffix else _CONTINUE
    pieces = (TextPart(text), TextPart(suffix)) if suffix else (TextPart(text),)
    return (
        Message(role="system", parts=(TextPart(task),)),
        *(Message(role="user", parts=(piece,)) for piece in pieces),
    )


class _StreamEncoder:
    """Text chunks as server-sent events, one choice after the other."""

    content_type = "text/event-stream"

    def __init__(
        self, stamp: Stamp, model: str, echoes: tuple[str, ...], *, with_usage: bool
    ) -> None:
        self._head = (
            b'data: {"id":%b,"object":"text_completion","created":%d,"model":%b,'
            b'"system_fingerprint":null,'
        ) % (
            to_json("cmpl-" + stamp.new_id().replace("-", "")),
            int(stamp.now_s),
            to_json(model),
        )
        self._with_usage = with_usage
        self._null_usage = b',"usage":null' if with_usage else b""
        self._echoes = echoes
        self._index = 0
        self._echoed = False
        self._usages: list[Usage] = []

    def feed(self, event: Event) -> bytes:
        match event:
            case TextDelta():
                return self._echo() + self._chunk(event.text, b"null")
            case ImageReady():
                return self.feed(TextDelta(markdown_image(event.url)))
            case Usage():
                self._usages.append(event)
            case Finished():
                done = self._echo() + self._chunk("", b'"%b"' % event.reason.encode())
                self._index += 1
                self._echoed = False
                return done
            case _:
                pass
        return b""

    def _echo(self) -> bytes:
        text = "" if self._echoed else self._echoes[self._index]
        self._echoed = True
        return self._chunk(text, b"null") if text else b""

    def _chunk(self, text: str, reason: bytes) -> bytes:
        return (
            self._head
            + b'"choices":[{"text":%b,"index":%d,"logprobs":null,'
            % (
                to_json(text),
                self._index,
            )
            + b'"finish_reason":%b}]%b}\n\n' % (reason, self._null_usage)
        )

    def close(self) -> bytes:
        if not self._with_usage:
            return DONE
        usage = to_json(usage_object(self._usages))
        return self._head + b'"choices":[],"usage":' + usage + b"}\n\n" + DONE

    def fail(self, error: ProxyError) -> bytes:
        return frame(to_json({"error": error_object(error)})) + DONE


class _WholeEncoder:
    """One completion object, sent when every choice is complete."""

    content_type = "application/json"

    def __init__(self, stamp: Stamp, model: str, echoes: tuple[str, ...]) -> None:
        self._stamp = stamp
        self._model = model
        self._texts = [[echo] for echo in echoes]
        self._reasons: list[str] = []
        self._usages: list[Usage] = []

    def feed(self, event: Event) -> bytes:
        match event:
            case TextDelta():
                self._texts[len(self._reasons)].append(event.text)
            case ImageReady():
                self._texts[len(self._reasons)].append(markdown_image(event.url))
            case Usage():
                self._usages.append(event)
            case Finished():
                self._reasons.append(event.reason)
            case _:
                pass
        return b""

    def close(self) -> bytes:
        choices = [
            {"text": "".join(text), "index": at, "logprobs": None, "finish_reason": reason}
            for at, (text, reason) in enumerate(zip(self._texts, self._reasons, strict=True))
        ]
        return to_json(
            {
                "id": "cmpl-" + self._stamp.new_id().replace("-", ""),
                "object": "text_completion",
                "created": int(self._stamp.now_s),
                "model": self._model,
                "system_fingerprint": None,
                "choices": choices,
                "usage": usage_object(self._usages),
            }
        )

    def fail(self, error: ProxyError) -> bytes:
        return error_body(error)
