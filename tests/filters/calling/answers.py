"""A filter of calls under test, with what came out of it."""

import json
from typing import Any

from tray_app.core.model import (
    Event,
    Finish,
    Finished,
    Message,
    Prompt,
    ReasoningDelta,
    TextDelta,
    TextPart,
    Tool,
    ToolCallDelta,
    Usage,
)
from tray_app.filters.calling.calling import Calling
from tray_app.filters.calling.names import Names
from tray_app.filters.ending import Ending

PATH = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
COUNT = {
    "type": "object",
    "properties": {"count": {"type": "integer"}, "all": {"type": "boolean"}},
    "required": ["count"],
}
TOOLS = (Tool("read_file", "", PATH), Tool("count", "", COUNT), Tool("list"))


class Answer:
    """The filter with what came out of it; each text is one turn of the model."""

    def __init__(self, **prompt: Any) -> None:
        asked = Prompt("m", (), tools=TOOLS, **prompt)
        self.events: list[Event] = []
        self.ending = Ending()
        ids = iter(range(1, 100))
        names = Names(TOOLS, frozenset({"read_file"}))
        self.calling = Calling(
            self.events.append, asked, names, lambda: f"id-{next(ids)}", self.ending
        )

    def turn(self, *texts: str, thoughts: str = "", reason: Finish = "stop") -> "Answer":
        if thoughts:
            self.calling(ReasoningDelta(thoughts))
        for text in texts:
            self.calling(TextDelta(text))
        self.calling(Usage(1, 1))
        self.calling(Finished(reason))
        return self

    @property
    def asked_again(self) -> tuple[Message, ...]:
        again, self.calling.again = self.calling.again, None
        assert again is not None
        return again

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

    @property
    def calls(self) -> list[tuple[str, Any]]:
        """Names and arguments, put together as a client does."""
        found: list[tuple[str, str]] = []
        for event in self.events:
            if isinstance(event, ToolCallDelta):
                if event.id:
                    assert event.index == len(found)
                    found.append((event.name, ""))
                found[event.index] = (
                    found[event.index][0],
                    found[event.index][1] + event.arguments,
                )
        return [(name, json.loads(arguments)) for name, arguments in found]

    @property
    def finishes(self) -> list[str]:
        return [event.reason for event in self.events if isinstance(event, Finished)]


def call(name: str = "read_file", **arguments: Any) -> str:
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments})}\n</tool_call>"


def said(messages: tuple[Message, ...]) -> list[tuple[str, str]]:
    return [
        (message.role, "".join(part.text for part in message.parts if isinstance(part, TextPart)))
        for message in messages
    ]
