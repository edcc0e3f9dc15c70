"""Frames of the site's event stream, as browsers were seen to receive them in 2026."""

import json
from collections.abc import Iterable, Iterator
from typing import Any


def frame(value: object) -> bytes:
    """Any value as an event."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def created(chat_id: str, response_id: str) -> bytes:
    """The first event of an answer; the site leaves a space behind its JSON."""
    told = {
        "chat_id": chat_id,
        "parent_id": f"u-{response_id}",
        "response_id": response_id,
        "response_index": "0",
    }
    return b"data: " + json.dumps({"response.created": told}).encode() + b" \n\n"


def info(chat_id: str, response_id: str) -> bytes:
    """What is sent while a picture is made."""
    told = {"action": "keep_alive", "chat_id": chat_id, "response_id": response_id}
    return frame({"response.info": told})


class Answer:
    """Makes the frames of one answer; its usage grows with each."""

    def __init__(self, response_id: str, *, input_tokens: int = 1049, usage: bool = True) -> None:
        self._response_id = response_id
        self._input_tokens = input_tokens
        self._output_tokens = 0
        self._reasoning_tokens = 0
        self._usage = usage
        self._thoughts: list[str] = []

    def _chunk(self, content: str, phase: str, status: str, **more: Any) -> bytes:
        delta = {"role": "assistant", "content": content, "phase": phase, "status": status, **more}
        told: dict[str, Any] = {"choices": [{"delta": delta}], "response_id": self._response_id}
        if self._usage and status == "typing":
            told["usage"] = self._told_usage()
        return frame(told)

    def _told_usage(self) -> dict[str, Any]:
        return {
            "input_tokens": self._input_tokens,
            "output_tokens": self._output_tokens,
            "characters": 0,
            "total_tokens": self._input_tokens + self._output_tokens,
            "input_tokens_details": {"text_tokens": self._input_tokens},
            "output_tokens_details": {
                "reasoning_tokens": self._reasoning_tokens,
                "text_tokens": self._output_tokens,
            },
            "prompt_tokens_details": {"cached_tokens": 0},
        }

    def text(self, content: str) -> bytes:
        """New text of the answer."""
        self._output_tokens += bool(content)
        return self._chunk(content, "answer", "typing")

    def raw_thought(self, content: str, phase: str = "think") -> bytes:
        """New text of visible thinking, as some models send it."""
        self._output_tokens += 1
        self._reasoning_tokens += 1
        return self._chunk(content, phase, "typing")

    def thought(self, content: str) -> bytes:
        """One more entry of the thinking summary, in a snapshot of all of them."""
        self._output_tokens += 10
        self._reasoning_tokens += 10
        self._thoughts.append(content)
        titles = [f"Step {number}" for number in range(1, len(self._thoughts) + 1)]
        extra = {
            "summary_title": {"content": titles},
            "summary_thought": {"content": list(self._thoughts)},
        }
        return self._chunk("", "thinking_summary", "typing", extra=extra)

    def search(self, query: str, sources: Iterable[tuple[str, str]]) -> Iterator[bytes]:
        """A round of the site's own search."""
        asked = json.dumps({"queries": [query]})
        for arguments in (asked[: len(asked) // 2], asked):
            yield self._chunk(
                "",
                "web_search",
                "typing",
                function_call={"name": "web_search", "arguments": arguments},
                function_id="f1",
                extra={"display_position": "think"},
            )
        docs = [
            {"url": url, "title": title, "snippet": "…", "hostname": url.split("/")[2], "date": ""}
            for url, title in sources
        ]
        result = {"docs": docs, "used_id": len(docs)}
        extra = {"function_id": "f1", "tool_result": result, "web_search_info": docs}
        delta = {
            "role": "function",
            "content": "",
            "phase": "web_search",
            "status": "finished",
            "name": "web_search",
            "extra": extra,
        }
        yield frame({"choices": [{"delta": delta}], "response_id": self._response_id, "usage": {}})

    def picture(self, url: str, size: tuple[int, int], phase: str = "image_gen") -> bytes:
        """A picture that is ready, of this width and height; only so much of usage is told."""
        width, height = size
        delta = {
            "role": "assistant",
            "content": url,
            "phase": phase,
            "extra": {"output_image_hw": [[height, width]]},
            "status": "typing",
        }
        counts = dict.fromkeys(("input_tokens", "output_tokens", "characters"), 0)
        usage = {**counts, "width": width, "image_count": 1, "height": height}
        told = {"choices": [{"delta": delta}], "response_id": self._response_id, "usage": usage}
        return frame(told)

    def finished(self, phase: str = "answer") -> bytes:
        """The end of a phase; the answer's, or a drawing's, is the end of all."""
        return self._chunk("", phase, "finished")
