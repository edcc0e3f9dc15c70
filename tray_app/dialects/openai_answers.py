"""Answers of chat completions, in stream and whole.

A call of a tool comes in pieces: the first names it, the others carry its arguments. Where a client
asked by the legacy `functions`, its one call is told as `function_call`.
"""

from typing import Any

from msgspec import Struct

from tray_app.core.calls import Stamp
from tray_app.core.errors import ProxyError
from tray_app.core.model import (
    Citation,
    Event,
    Finished,
    ImageReady,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from tray_app.core.sse import DONE, frame

from .openai import error_body, error_object, markdown_image, to_json, usage_object


class Told(Struct, frozen=True):
    """How a client wants to be told of what has several forms."""

    reasoning: tuple[str, ...]
    """The fields that thoughts stand in; clients that know several double none."""
    legacy: bool = False
    """A call stands in `function_call`."""

    def reason(self, finished: Finished) -> str:
        """Why the answer ended, in this client's words."""
        if self.legacy and finished.reason == "tool_calls":
            return "function_call"
        return finished.reason


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


class StreamEncoder:
    """Chunk objects as server-sent events.

    What does not change within an answer is made once: per event only the text is encoded.
    """

    content_type = "text/event-stream"

    def __init__(self, stamp: Stamp, model: str, told: Told, *, with_usage: bool) -> None:
        self._head = (
            b'data: {"id":%b,"object":"chat.completion.chunk","created":%d,"model":%b,'
            b'"system_fingerprint":null,'
        ) % (
            to_json("chatcmpl-" + stamp.new_id().replace("-", "")),
            int(stamp.now_s),
            to_json(model),
        )
        usage = b',"usage":null' if with_usage else b""
        self._delta = self._head + b'"choices":[{"index":0,"delta":{'
        self._open = b'},"logprobs":null,"finish_reason":null}]' + usage + b"}\n\n"
        self._text = self._delta + b'"content":'
        thought = ",".join(f'"{name}":%b' for name in told.reasoning)
        self._thought, self._thoughts = thought.encode(), len(told.reasoning)
        self._told = told
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
            case ToolCallDelta():
                return self._start() + self._delta + self._call(event) + self._open
            case ImageReady():
                return self.feed(TextDelta(markdown_image(event.url)))
            case Citation():
                self._citations.append(event)
            case Usage():
                self._usage = event
            case Finished():
                reason = self._told.reason(event)
                return self._start() + self._annotations() + self._finish(reason)
            case _:
                pass
        return b""

    def _call(self, event: ToolCallDelta) -> bytes:
        function = {"name": event.name} if event.name else {}
        function["arguments"] = event.arguments
        if self._told.legacy:
            return b'"function_call":' + to_json(function)
        call: dict[str, object] = {"index": event.index}
        if event.id:
            call |= {"id": event.id, "type": "function"}
        return b'"tool_calls":' + to_json([{**call, "function": function}])

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


class WholeEncoder:
    """One completion object, sent when the answer is complete."""

    content_type = "application/json"

    def __init__(self, stamp: Stamp, model: str, told: Told) -> None:
        self._stamp = stamp
        self._model = model
        self._told = told
        self._text: list[str] = []
        self._calls: list[dict[str, Any]] = []
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
            case ToolCallDelta():
                self._call(event)
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

    def _call(self, event: ToolCallDelta) -> None:
        if event.index == len(self._calls):
            function = {"name": event.name, "arguments": []}
            self._calls.append({"id": event.id, "type": "function", "function": function})
        self._calls[event.index]["function"]["arguments"].append(event.arguments)

    def close(self) -> bytes:
        message: dict[str, object] = {
            "role": "assistant",
            "content": "".join(self._text) or (None if self._calls else ""),
            "refusal": None,
            "annotations": [_annotation(citation) for citation in self._citations],
        }
        if self._reasoning:
            message |= dict.fromkeys(self._told.reasoning, "".join(self._reasoning))
        for call in self._calls:
            call["function"]["arguments"] = "".join(call["function"]["arguments"])
        if self._calls and self._told.legacy:
            message["function_call"] = self._calls[0]["function"]
        elif self._calls:
            message["tool_calls"] = self._calls
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": self._told.reason(self._finish),
        }
        return to_json(
            {
                "id": "chatcmpl-" + self._stamp.new_id().replace("-", ""),
                "object": "chat.completion",
                "created": int(self._stamp.now_s),
                "model": self._model,
                "system_fingerprint": None,
                "choices": [choice],
                "usage": usage_object([self._usage]),
            }
        )

    def fail(self, error: ProxyError) -> bytes:
        return error_body(error)
