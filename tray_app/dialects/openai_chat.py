"""OpenAI chat completions: `/v1/chat/completions`, in stream and whole.

A body with `input` and no `messages` is read as Responses input and answered in chat shape, because
Cursor sends it so for some names (seen: 2026, its forum, thread 159298).
"""

from typing import Any

import msgspec
from msgspec import Struct

from tray_app.core.calls import Stamp
from tray_app.core.errors import ProxyError
from tray_app.core.model import (
    Citation,
    Event,
    Finished,
    ImageReady,
    Message,
    Prompt,
    ReasoningDelta,
    TextDelta,
    Usage,
)
from tray_app.core.ports import Asked, Encoder, Profile
from tray_app.core.sse import DONE, frame

from .openai import (
    NO_DEFAULT_MODEL,
    decode,
    error_body,
    error_object,
    flag,
    ignored_fields,
    invalid,
    later,
    markdown_image,
    to_json,
    usage_object,
    wish_of_effort,
)
from .openai_messages import ChatMessage, InputItem, messages_of, messages_of_input

_HONOURED = frozenset(
    {
        "model", "messages", "input", "instructions", "stream", "stream_options", "n",
        "reasoning_effort", "reasoning", "enable_thinking", "think", "thinking",
        "chat_template_kwargs", "enable_search", "web_search_options",
        # Asked for nothing that an answer without tools would show.
        "tools", "tool_choice", "functions", "function_call", "parallel_tool_calls",
        # Labels of the client's own, which no answer depends on.
        "user", "metadata", "store", "service_tier", "prompt_cache_key", "safety_identifier",
    }
)  # fmt: skip


class _StreamOptions(Struct):
    include_usage: bool | None = None


class _Reasoning(Struct):
    effort: str | None = None


class _Thinking(Struct):
    type: str | None = None


class _Request(Struct):
    model: str | None = None
    messages: list[ChatMessage] | None = None
    input: str | list[InputItem] | None = None
    instructions: str | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    n: int | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: str | list[str] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    functions: list[dict[str, Any]] | None = None
    function_call: str | dict[str, Any] | None = None
    reasoning_effort: str | None = None
    reasoning: _Reasoning | None = None
    enable_thinking: bool | None = None
    think: bool | str | None = None
    thinking: _Thinking | None = None
    chat_template_kwargs: dict[str, Any] | None = None
    enable_search: bool | None = None
    web_search_options: dict[str, Any] | None = None


_request = msgspec.json.Decoder(_Request)


class OpenAIChat:
    """Chat completions."""

    paths: tuple[str, ...] = ("/chat/completions",)

    def parse(self, body: bytes, profile: Profile) -> Asked:
        """Understand a request; raises `ProxyError` that names the field."""
        sent = decode(body, _request)
        _check(sent)
        ignored = ignored_fields(body, _HONOURED)
        thinking, unheard = _thinking(sent, profile)
        prompt = Prompt(
            model=_model(sent, profile),
            messages=_messages(sent),
            thinking=thinking,
            search=bool(sent.enable_search) or sent.web_search_options is not None,
        )
        stream = bool(sent.stream)
        options = sent.stream_options
        with_usage = bool(options and options.include_usage)

        def encoder(stamp: Stamp) -> Encoder:
            fields = _reasoning_fields(profile)
            if stream:
                return _StreamEncoder(stamp, prompt.model, fields, with_usage=with_usage)
            return _WholeEncoder(stamp, prompt.model, fields)

        return Asked((prompt,), stream, ignored + unheard, encoder)

    def error(self, error: ProxyError) -> bytes:
        """An error object as JSON."""
        return error_body(error)


def _model(sent: _Request, profile: Profile) -> str:
    model = sent.model or profile.model
    if not model:
        raise invalid("model", NO_DEFAULT_MODEL)
    return model


def _messages(sent: _Request) -> tuple[Message, ...]:
    if sent.messages is not None:
        return messages_of(sent.messages)
    if sent.input is not None:
        return messages_of_input(sent.input, sent.instructions)
    raise invalid("messages", "messages: expected an array, got nothing")


def _check(sent: _Request) -> None:
    if sent.n is not None and sent.n != 1:
        raise invalid("n", "n: only one answer at a time can be made")
    for name in ("max_tokens", "max_completion_tokens"):
        limit = getattr(sent, name)
        if limit is not None and limit < 0:
            raise invalid(name, f"{name}: expected at least 0, got {limit}")
    if sent.tools and sent.tool_choice != "none":
        raise later("tools", "Calling tools")
    if sent.functions and sent.function_call != "none":
        raise later("functions", "Calling functions")


def _thinking(sent: _Request, profile: Profile) -> tuple[bool | None, tuple[str, ...]]:
    """What the body says about thinking, and the fields that the key's policy leaves unheard."""
    kind = sent.thinking.type if sent.thinking else None
    said = {
        "enable_thinking": sent.enable_thinking,
        "think": sent.think if isinstance(sent.think, bool) else wish_of_effort(sent.think),
        "chat_template_kwargs": flag(sent.chat_template_kwargs, "enable_thinking"),
        "thinking": None if kind is None else kind != "disabled",
        "reasoning_effort": wish_of_effort(sent.reasoning_effort),
        "reasoning": wish_of_effort(sent.reasoning.effort if sent.reasoning else None),
    }
    wishes = {name: wish for name, wish in said.items() if wish is not None}
    if any(wish is False for wish in wishes.values()):
        return False, ()
    if not wishes:
        return None, ()
    return (True, ()) if profile.thinking == "asked" else (None, tuple(wishes))


def _reasoning_fields(profile: Profile) -> tuple[str, ...]:
    """The fields that thoughts are told in; clients that know both double neither."""
    if profile.reasoning in {"reasoning_content", "reasoning"}:
        return (profile.reasoning,)
    return ("reasoning_content", "reasoning")


def _annotation(citation: Citation) -> dict[str, object]:
    return {
        "type": "url_citation",
        "url_citation": {
            "url": citation.url,
            "title": citation.title,
            "start_index": citation.start,
            "end_index": citation.end,
        },
    }


class _StreamEncoder:
    """Chunk objects as server-sent events.

    What does not change within an answer is made once: per event only the text is encoded.
    """

    content_type = "text/event-stream"

    def __init__(
        self, stamp: Stamp, model: str, reasoning_fields: tuple[str, ...], *, with_usage: bool
    ) -> None:
        self._head = b'data: {"id":%b,"object":"chat.completion.chunk","created":%d,"model":%b,' % (
            to_json("chatcmpl-" + stamp.new_id().replace("-", "")),
            int(stamp.now_s),
            to_json(model),
        )
        usage = b',"usage":null' if with_usage else b""
        self._delta = self._head + b'"choices":[{"index":0,"delta":{'
        self._open = b'},"logprobs":null,"finish_reason":null}]' + usage + b"}\n\n"
        self._text = self._delta + b'"content":'
        thought = ",".join(f'"{name}":%b' for name in reasoning_fields)
        self._thought, self._thoughts = thought.encode(), len(reasoning_fields)
        self._with_usage = with_usage
        self._no_usage = usage
        self._started = False
        self._citations: list[Citation] = []
        self._usage = Usage()

    def feed(self, event: Event) -> bytes:
        if type(event) is TextDelta:
            return self._start() + self._text + to_json(event.text) + self._open
        if type(event) is ReasoningDelta:
            thought = self._thought % ((to_json(event.text),) * self._thoughts)
            return self._start() + self._delta + thought + self._open
        return self._feed_rare(event)

    def _feed_rare(self, event: Event) -> bytes:
        match event:
            case ImageReady():
                return self.feed(TextDelta(markdown_image(event.url)))
            case Citation():
                self._citations.append(event)
            case Usage():
                self._usage = event
            case Finished():
                return self._start() + self._annotations() + self._finish(event.reason)
            case _:
                pass
        return b""

    def _start(self) -> bytes:
        if self._started:
            return b""
        self._started = True
        return self._delta + b'"role":"assistant","content":"","refusal":null' + self._open

    def _annotations(self) -> bytes:
        if not self._citations:
            return b""
        shown = to_json([_annotation(citation) for citation in self._citations])
        return self._delta + b'"annotations":' + shown + self._open

    def _finish(self, reason: str) -> bytes:
        end = b'},"logprobs":null,"finish_reason":"%b"}]%b}\n\n' % (
            reason.encode(),
            self._no_usage,
        )
        return self._delta + end

    def close(self) -> bytes:
        if not self._with_usage:
            return DONE
        usage = to_json(usage_object([self._usage]))
        return self._head + b'"choices":[],"usage":' + usage + b"}\n\n" + DONE

    def fail(self, error: ProxyError) -> bytes:
        return frame(to_json({"error": error_object(error)})) + DONE


class _WholeEncoder:
    """One completion object, sent when the answer is complete."""

    content_type = "application/json"

    def __init__(self, stamp: Stamp, model: str, reasoning_fields: tuple[str, ...]) -> None:
        self._stamp = stamp
        self._model = model
        self._reasoning_fields = reasoning_fields
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._citations: list[Citation] = []
        self._usage = Usage()
        self._finish = Finished()

    def feed(self, event: Event) -> bytes:
        match event:
            case TextDelta():
                self._text.append(event.text)
            case ReasoningDelta():
                self._reasoning.append(event.text)
            case ImageReady():
                self._text.append(markdown_image(event.url))
            case Citation():
                self._citations.append(event)
            case Usage():
                self._usage = event
            case Finished():
                self._finish = event
            case _:
                pass
        return b""

    def close(self) -> bytes:
        message: dict[str, object] = {
            "role": "assistant",
            "content": "".join(self._text),
            "refusal": None,
            "annotations": [_annotation(citation) for citation in self._citations],
        }
        if self._reasoning:
            message |= dict.fromkeys(self._reasoning_fields, "".join(self._reasoning))
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": self._finish.reason,
        }
        return to_json(
            {
                "id": "chatcmpl-" + self._stamp.new_id().replace("-", ""),
                "object": "chat.completion",
                "created": int(self._stamp.now_s),
                "model": self._model,
                "choices": [choice],
                "usage": usage_object([self._usage]),
            }
        )

    def fail(self, error: ProxyError) -> bytes:
        return error_body(error)
