r"""A conversation as the one user message that the site takes.

The site refuses several messages in one request and does not honour a system role (seen:
2026-09-24), so the history is written out. A lone user message goes as it is. Anything else becomes
a transcript, oldest first, one element for each message::

    <system>
    You are terse.
    </system>

    <user>
    What is in a.txt?
    </user>

    <assistant>
    <tool_call>
    {"name": "read", "arguments": {"path": "a.txt"}, "id": "call_1"}
    </tool_call>
    </assistant>

    <tool id="call_1">
    hello
    </tool>

after a fixed sentence that says how to read it, and, where the last message is an unfinished
answer, before one that asks to go on with it.

Every text stands in it once, letter by letter. A text cannot leave its element: if any text holds
something that looks like one of our tags, all tags of this transcript carry a number (`<user-2>`)
that no text holds. The same conversation gives the same bytes, and a longer one begins with them,
as long as no new text collides.

Reasoning that a client sends back is left out before the last user message, as the models' own
templates do; after it (inside a running tool loop) it stays, in a `<think>` element.
"""

import re
from itertools import count

import msgspec

from tray_app.core.model import Message, ReasoningPart, TextPart, ToolCallPart, ToolResultPart

_TAG = re.compile(r"</?(?:system|user|assistant|tool)(-\d+)?(?=[\s>/]|\Z)", re.IGNORECASE)
_UNSAFE = re.compile(r'[<>"&\s\x00-\x1f]')
_READ = (
    "What follows is a conversation, oldest message first, each message in its own element. "
    "{tags} Write the next message of the assistant and nothing else, without any element "
    "around it."
)
_GO_ON = (
    "The last element is the beginning of your message. Go on from exactly where it stops and do "
    "not repeat it."
)


def flatten(messages: tuple[Message, ...]) -> str:
    """The conversation as one text; `messages` oldest first and not all empty."""
    if len(messages) == 1 and messages[0].role == "user" and not messages[0].name:
        return _bare(messages[0])
    turn = _last_user(messages)
    bodies = [_body(message, thinks=at > turn) for at, message in enumerate(messages)]
    mark = _mark(bodies)
    said = [_READ.format(tags=_tags(mark))]
    said += (
        _element(message, body, mark)
        for message, body in zip(messages, bodies, strict=True)
        if body or message.role == "tool"
    )
    if messages[-1].role == "assistant" and not _calls_tools(messages[-1]):
        said.append(_GO_ON)
    return "\n\n".join(said)


def _bare(message: Message) -> str:
    return "\n".join(part.text for part in message.parts if isinstance(part, TextPart))


def _last_user(messages: tuple[Message, ...]) -> int:
    places = (at for at in range(len(messages) - 1, -1, -1) if messages[at].role == "user")
    return next(places, -1)


def _calls_tools(message: Message) -> bool:
    return any(isinstance(part, ToolCallPart) for part in message.parts)


def _body(message: Message, *, thinks: bool) -> str:
    pieces: list[str] = []
    for part in message.parts:
        match part:
            case TextPart():
                pieces.append(part.text)
            case ReasoningPart():
                if thinks:
                    pieces.append(f"<think>\n{part.text}\n</think>")
            case ToolCallPart():
                pieces.append(f"<tool_call>\n{_call(part)}\n</tool_call>")
            case ToolResultPart():
                pieces.append(part.text)
    return "\n".join(pieces)


def _call(part: ToolCallPart) -> str:
    """The call in the form the models are trained on, its arguments as the client wrote them."""
    name, call_id = (msgspec.json.encode(text).decode() for text in (part.name, part.id))
    arguments = part.arguments.strip() or "{}"
    return f'{{"name": {name}, "arguments": {arguments}, "id": {call_id}}}'


def _mark(bodies: list[str]) -> str:
    """What our tags carry so that no text holds one of them."""
    held = {
        (found[1] or "").lower() for body in bodies if "<" in body for found in _TAG.finditer(body)
    }
    if not held:
        return ""
    return next(mark for number in count(2) if (mark := f"-{number}") not in held)


def _tags(mark: str) -> str:
    """What each kind of element holds; the same for every conversation, so that bytes stay."""
    said = f"<system{mark}> holds your instructions, <user{mark}> what the person wrote, "
    return said + f"<assistant{mark}> what you wrote, <tool{mark}> what a tool answered to you."


def _element(message: Message, body: str, mark: str) -> str:
    tag = message.role + mark
    return f"<{tag}{_attributes(message)}>\n{body}\n</{tag}>"


def _attributes(message: Message) -> str:
    part = message.parts[0] if message.parts else None
    if isinstance(part, ToolResultPart):
        return _attribute("id", part.call_id)
    return _attribute("name", message.name)


def _attribute(name: str, value: str) -> str:
    if not value:
        return ""
    safe = _UNSAFE.sub(lambda found: f"&#{ord(found[0])};", value)
    return f' {name}="{safe}"'
