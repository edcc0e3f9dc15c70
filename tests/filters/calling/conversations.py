"""Conversations with tools, for the tests of what becomes of them in a prompt."""

import json
from collections.abc import Iterable

from msgspec.structs import replace

from tests.dialects.captures import Capture
from tray_app.core.model import (
    Message,
    Part,
    Prompt,
    ReasoningPart,
    Role,
    TextPart,
    Tool,
    ToolCallPart,
    ToolResultPart,
)
from tray_app.core.ports import Profile
from tray_app.dialects.openai_chat import OpenAIChat
from tray_app.filters.calling.names import Names

SITE = frozenset({"read_file", "bash"})


def names_of(*tools: Tool) -> Names:
    return Names(tools, SITE)


def said(role: Role, *texts: str, name: str = "") -> Message:
    return Message(role=role, parts=tuple(TextPart(text) for text in texts), name=name)


def did(*parts: Part | str) -> Message:
    """A message of the assistant; plain strings are its texts."""
    return Message(
        role="assistant",
        parts=tuple(TextPart(part) if isinstance(part, str) else part for part in parts),
    )


def thinks(text: str) -> ReasoningPart:
    return ReasoningPart(text)


def calls(name: str, arguments: str = "{}", call_id: str = "1") -> ToolCallPart:
    return ToolCallPart(call_id, name, arguments)


def result(text: str, call_id: str = "1") -> Message:
    return Message(role="tool", parts=(ToolResultPart(call_id, text),))


def asked(messages: Iterable[Message], *tools: Tool) -> Prompt:
    return Prompt(model="m", messages=tuple(messages), tools=tools)


def texts_of(message: Message) -> str:
    """The message as it stands in a prompt; fails on anything but texts."""
    assert all(isinstance(part, TextPart) for part in message.parts)
    return "\n".join(part.text for part in message.parts if isinstance(part, TextPart))


def offered(capture: Capture) -> tuple[Tool, ...]:
    """The tools of a recorded request."""
    functions = [tool["function"] for tool in capture.body.get("tools", ())]
    return tuple(
        Tool(one["name"], one.get("description", ""), one.get("parameters", {}))
        for one in functions
    )


def parsed(capture: Capture) -> Prompt:
    """A recorded request as a prompt, with its tools."""
    body = json.dumps(capture.without_tools).encode()
    prompt = OpenAIChat().parse(body, Profile(model="m")).prompts[0]
    return replace(prompt, tools=offered(capture))
