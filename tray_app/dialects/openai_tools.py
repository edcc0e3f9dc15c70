"""Tools, their choice and the form of an answer as OpenAI clients ask for them.

Clients send tools in the shape of chat completions, and some in the flat one of Responses; both are
taken. What only OpenAI itself could carry out (`web_search`, `custom` with a grammar …) is not
offered to the model, and said to be ignored.
"""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from tray_app.core.model import Format, Tool, ToolChoice

from .openai import invalid

_FUNCTION = "function"
_MODES = {"auto": "auto", "none": "none", "required": "required", "any": "required"}


class Function(Struct):
    """A function as `functions` and the inside of a tool have it."""

    name: str = ""
    description: str | None = None
    parameters: dict[str, Any] | bool | None = None
    strict: bool | None = None


class ToolItem(Struct):
    """One item of `tools`."""

    type: str = _FUNCTION
    function: Function | None = None
    name: str | None = None
    description: str | None = None
    parameters: dict[str, Any] | bool | None = None
    strict: bool | None = None


class FunctionChoice(Struct):
    """The function that has to be called."""

    name: str


class JsonSchema(Struct):
    """The schema of a structured answer; `strict` is kept to in any case."""

    name: str = ""
    description: str | None = None
    schema: dict[str, Any] | None = None


class ResponseFormat(Struct):
    """What form the answer's text has."""

    type: str
    json_schema: JsonSchema | None = None
    schema: dict[str, Any] | None = None
    """Where several other servers take the schema."""
    value: Any = None
    """Where text-generation-inference takes it, bare or as `json_schema` has it; it says `json` as
    well.
    """


def tools_of(sent: Iterable[ToolItem]) -> tuple[Tool, ...]:
    """The functions among `tools`; raises `ProxyError` naming the field."""
    found = [_tool(item, f"tools[{at}]") for at, item in enumerate(sent) if item.type == _FUNCTION]
    return _distinct(found, "tools")


def unknown_tools(sent: Iterable[ToolItem]) -> tuple[str, ...]:
    """The places of those tools that are no functions."""
    return tuple(f"tools[{at}]" for at, item in enumerate(sent) if item.type != _FUNCTION)


def functions_of(sent: Iterable[Function]) -> tuple[Tool, ...]:
    """`functions` as the house knows them; raises `ProxyError` naming the field."""
    found = [_function(item, f"functions[{at}]") for at, item in enumerate(sent)]
    return _distinct(found, "functions")


def _tool(item: ToolItem, at: str) -> Tool:
    if item.function is not None:
        return _function(item.function, f"{at}.function")
    flat = Function(item.name or "", item.description, item.parameters, item.strict)
    return _function(flat, at)


def _function(sent: Function, at: str) -> Tool:
    if not sent.name:
        raise invalid(f"{at}.name", f"{at}.name: expected str, got nothing")
    parameters = sent.parameters if isinstance(sent.parameters, dict) else {}
    return Tool(sent.name, sent.description or "", parameters, strict=bool(sent.strict))


def _distinct(tools: list[Tool], field: str) -> tuple[Tool, ...]:
    """The tools, unless two of one name would be told apart by nobody."""
    seen: dict[str, Tool] = {}
    for tool in tools:
        if seen.setdefault(tool.name, tool) != tool:
            raise invalid(field, f"{field}: two tools are named {tool.name!r}")
    return tuple(seen.values())


def choice_of(sent: str | dict[str, Any] | None, tools: tuple[Tool, ...]) -> ToolChoice:
    """`tool_choice`; raises `ProxyError` where it asks for what is not offered."""
    if sent is None:
        return ToolChoice()
    if isinstance(sent, str):
        return _mode(sent, tools)
    if (listed := _listed(sent)) is not None:
        return _mode(str(listed.get("mode", "auto")), tools)
    name = _name_in(sent)
    if name is None and sent.get("type") in _MODES:
        return _mode(str(sent["type"]), tools)
    if not isinstance(name, str):
        raise invalid("tool_choice", "tool_choice: expected the name of a function")
    return _named(name, tools, "tool_choice")


def _listed(sent: str | dict[str, Any] | None) -> dict[str, Any] | None:
    """The list of allowed tools that a choice brings, if it does."""
    if not isinstance(sent, dict) or sent.get("type") != "allowed_tools":
        return None
    inner = sent.get("allowed_tools", sent)
    return inner if isinstance(inner, dict) else sent


def allowed(tools: tuple[Tool, ...], sent: str | dict[str, Any] | None) -> tuple[Tool, ...]:
    """The tools that a `tool_choice` leaves; raises `ProxyError` where it names another."""
    listed = _listed(sent)
    if listed is None:
        return tools
    items = listed.get("tools")
    if not isinstance(items, list):
        raise invalid("tool_choice", "tool_choice.tools: expected an array")
    names = {str(_name_in(item)) for item in items}
    for name in names:
        _named(name, tools, "tool_choice")
    return tuple(tool for tool in tools if tool.name in names)


def _name_in(item: object) -> object:
    """The name in a choice of one function, in chat's shape or in that of Responses."""
    if not isinstance(item, dict):
        return None
    inner = item.get("function")
    return (inner if isinstance(inner, dict) else item).get("name")


def _mode(said: str, tools: tuple[Tool, ...]) -> ToolChoice:
    match _MODES.get(said):
        case None:
            raise invalid("tool_choice", f"tool_choice: {said!r} is none of auto, none, required")
        case "required" if not tools:
            raise invalid("tool_choice", "tool_choice: a call is required and no tool is offered")
        case "none":
            return ToolChoice("none")
        case "required":
            return ToolChoice("required")
        case _:
            return ToolChoice()


def function_choice_of(sent: str | FunctionChoice | None, tools: tuple[Tool, ...]) -> ToolChoice:
    """`function_call`; raises `ProxyError` where it asks for what is not offered."""
    if isinstance(sent, FunctionChoice):
        return _named(sent.name, tools, "function_call")
    if sent in {None, "auto", "none"}:
        return ToolChoice("none" if sent == "none" else "auto")
    raise invalid("function_call", f"function_call: {sent!r} is none of auto, none")


def _named(name: str, tools: tuple[Tool, ...], field: str) -> ToolChoice:
    if all(tool.name != name for tool in tools):
        raise invalid(field, f"{field}: no tool named {name!r} is offered")
    return ToolChoice("required", name)


def format_of(sent: ResponseFormat | None) -> Format | None:
    """`response_format`; raises `ProxyError` naming the field."""
    match sent:
        case None | ResponseFormat(type="text"):
            return None
        case ResponseFormat(type="json_object" | "json"):
            value = sent.value if isinstance(sent.value, dict) else None
            return Format(value if sent.schema is None else sent.schema)
        case ResponseFormat(type="json_schema", json_schema=JsonSchema(schema=dict()) as told):
            return Format(told.schema, told.name, told.description or "")
        case ResponseFormat(type="json_schema", json_schema=None, schema=dict() as schema):
            return Format(schema)
        case ResponseFormat(
            type="json_schema", json_schema=None, value={"schema": dict() as schema}
        ):
            name = sent.value.get("name")
            return Format(schema, name if isinstance(name, str) else "")
        case ResponseFormat(type="json_schema", json_schema=None):
            field = "response_format.json_schema"
            raise invalid(field, f"{field}: expected an object, got nothing")
        case ResponseFormat(type="json_schema"):
            field = "response_format.json_schema.schema"
            raise invalid(field, f"{field}: expected an object, got nothing")
        case _:
            field = "response_format.type"
            said = f"{field}: {sent.type!r} is none of text, json_object, json_schema"
            raise invalid(field, said)
