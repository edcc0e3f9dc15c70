"""Messages as OpenAI clients send them, in chat shape and in Responses shape, and what they mean.

Clients are generous with this part of the API, so everything that one of them really sends is
taken: null and array contents, several system messages anywhere, turns of one role in a row, tool
results without their call, an unfinished assistant turn at the end.
"""

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field

from tray_app.core.model import (
    FilePart,
    Message,
    Part,
    ReasoningPart,
    Role,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

from .openai import invalid, to_json
from .openai_attached import ContentPart, attached, is_attached
from .openai_results import pieces_of

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
_TEXT_TYPES = frozenset({"text", "input_text", "output_text", "refusal", "summary_text"})
_Sent = list[TextPart | FilePart]


Content = str | list[ContentPart | str] | None


class FunctionCall(Struct):
    """The name and arguments of a call."""

    name: str = ""
    arguments: str | dict[str, Any] | None = ""

    def as_json(self) -> str:
        """The arguments as JSON text, however they came."""
        if isinstance(self.arguments, str):
            return self.arguments
        return to_json(self.arguments or {}).decode()


class CustomCall(Struct):
    """The name and the free text of a call of a custom tool."""

    name: str = ""
    input: str = ""

    def as_function(self) -> FunctionCall:
        """The same with its text as an argument."""
        return FunctionCall(self.name, {"input": self.input})


class ToolCall(Struct):
    """One call in an assistant message."""

    id: str | None = ""
    type: str | None = "function"
    function: FunctionCall = field(default_factory=FunctionCall)
    custom: CustomCall | None = None


class ChatMessage(Struct):
    """One item of `messages`."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Content = None
    name: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | dict[str, Any] | None = None
    tool_calls: list[ToolCall] | None = None
    function_call: FunctionCall | None = None
    tool_call_id: str | None = None


class InputItem(Struct):
    """One item of a Responses-shaped `input`; without a type but with a role it is a message."""

    type: str | UnsetType = UNSET
    role: Literal["system", "developer", "user", "assistant"] | UnsetType = UNSET
    content: Content = None
    name: str | None = None
    call_id: str | None = None
    arguments: str | None = None
    output: Content = None
    summary: list[ContentPart] | None = None


def messages_of(sent: list[ChatMessage]) -> tuple[Message, ...]:
    """`messages` as the house knows them; raises `ProxyError` naming the field."""
    found = tuple(_message(item, f"messages[{at}]") for at, item in enumerate(sent))
    if not any(message.parts for message in found):
        at = f"messages[{len(sent) - 1}].content" if sent else "messages"
        raise invalid(at, f"{at}: there is no text to answer")
    return found


def messages_of_input(sent: str | list[InputItem], instructions: str | None) -> tuple[Message, ...]:
    """A Responses-shaped `input` as the house knows it; raises `ProxyError` naming the field."""
    items = [InputItem(role="user", content=sent)] if isinstance(sent, str) else sent
    found = [_system(instructions)] if instructions else []
    for at, item in enumerate(items):
        message = _item(item, f"input[{at}]")
        if message is not None:
            found.append(message)
    if not any(message.parts for message in found):
        raise invalid("input", "input: there is no text to answer")
    return tuple(found)


def _system(text: str) -> Message:
    return Message(role="system", parts=(TextPart(text),))


def _message(sent: ChatMessage, at: str) -> Message:
    role = _ROLES[sent.role]
    if role == "tool":
        result = _result(sent.tool_call_id or sent.name, sent.content, f"{at}.content")
        return Message(role=role, parts=(result,))
    parts: list[Part] = []
    reasoning = sent.reasoning_content or sent.reasoning
    if role == "assistant" and isinstance(reasoning, str) and reasoning:
        parts.append(ReasoningPart(reasoning))
    parts += _parts(sent.content, f"{at}.content")
    if sent.refusal:
        parts.append(TextPart(sent.refusal))
    parts += _calls(sent)
    return Message(role=role, parts=tuple(parts), name=sent.name or "")


def _calls(sent: ChatMessage) -> list[Part]:
    calls: list[Part] = [
        ToolCallPart(id=call.id or "", name=called.name, arguments=called.as_json())
        for call in sent.tool_calls or ()
        for called in (call.custom.as_function() if call.custom else call.function,)
    ]
    if sent.function_call is not None:
        call = sent.function_call
        calls.append(ToolCallPart(id=call.name, name=call.name, arguments=call.as_json()))
    return calls


def _result(call_id: str | None, content: Content, at: str) -> ToolResultPart:
    handed_on = pieces_of(content, at) if isinstance(content, str) else ()
    pieces = handed_on or tuple(_parts(content, at))
    text = "\n".join(piece.text for piece in pieces if isinstance(piece, TextPart))
    has_files = any(isinstance(piece, FilePart) for piece in pieces)
    return ToolResultPart(call_id or "", text, pieces if has_files else ())


def _parts(content: Content, at: str) -> _Sent:
    if content is None:
        return []
    if isinstance(content, str):
        return [TextPart(content)] if content else []
    found: _Sent = []
    for index, part in enumerate(content):
        if isinstance(part, ContentPart) and is_attached(part.type):
            found.append(attached(part, f"{at}[{index}]"))
            continue
        text = part if isinstance(part, str) else _text(part, f"{at}[{index}]")
        if text:
            found.append(TextPart(text))
    return found


def _text(part: ContentPart, at: str) -> str:
    if part.type not in _TEXT_TYPES:
        raise invalid(f"{at}.type", f"{at}.type: {part.type!r} is not a type of content")
    text = part.text if part.text is not None else part.refusal
    if text is None:
        raise invalid(f"{at}.text", f"{at}.text: expected str, got nothing")
    return text


def _item(sent: InputItem, at: str) -> Message | None:
    kind = "message" if sent.type is UNSET and sent.role is not UNSET else sent.type
    if kind == "message":
        role = _ROLES[sent.role] if sent.role is not UNSET else "user"
        return Message(role=role, parts=tuple(_parts(sent.content, f"{at}.content")))
    if kind == "function_call":
        call = ToolCallPart(
            id=sent.call_id or "", name=sent.name or "", arguments=sent.arguments or "{}"
        )
        return Message(role="assistant", parts=(call,))
    if kind == "function_call_output":
        result = _result(sent.call_id, sent.output, f"{at}.output")
        return Message(role="tool", parts=(result,))
    if kind == "reasoning":
        text = "\n\n".join(part.text or "" for part in sent.summary or ())
        return Message(role="assistant", parts=(ReasoningPart(text),)) if text else None
    raise invalid(f"{at}.type", f"{at}.type: {kind!r} is not a type of input item")
