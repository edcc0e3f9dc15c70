"""Prompts as the proxy writes them, made by hand, for the tests of what practice mode says."""

import json
import re
from typing import Any

HEAD = "What follows is a conversation, oldest message first, each message in its own element."
TOOLS = """# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
{lines}
</tools>

For each function call, return a json object with function name and arguments within \
<tool_call></tool_call> XML tags:
<tool_call>
{{"name": <function-name>, "arguments": <args-json-object>}}
</tool_call>"""
CALL = re.compile(r"<tool_call>\n(.*?)\n</tool_call>", re.DOTALL)

Parameters = dict[str, Any]


def tool(name: str, properties: Parameters, *required: str, about: str = "") -> Parameters:
    """A tool as a client defines it; all parameters are required where none is named."""
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(required or properties),
        "additionalProperties": False,
    }
    return {"name": name, "description": about or f"The tool {name}.", "parameters": schema}


def texts(*names: str, about: str = "") -> Parameters:
    """Parameters that are texts."""
    return {name: {"type": "string", "description": about} for name in names}


def block(tools: list[Parameters]) -> str:
    """What a system message says of tools."""
    lines = (json.dumps({"type": "function", "function": one}) for one in tools)
    return TOOLS.format(lines="\n".join(lines))


def prompt(tools: list[Parameters], *turns: tuple[str, str], system: str = "Be brief.") -> str:
    """A conversation; the first message is the system's."""
    told = f"{system}\n\n{block(tools)}" if tools else system
    elements = [f"<{role}>\n{text}\n</{role}>" for role, text in (("system", told), *turns)]
    return "\n\n".join([HEAD, *elements])


def result(*answers: str) -> tuple[str, str]:
    """A message with what tools answered."""
    told = (f"<tool_response>\n{answer}\n</tool_response>" for answer in answers)
    return "user", "\n".join(told)


def closing(name: str = "") -> tuple[str, str]:
    """The end of a prompt that demands a call."""
    what = f"the function {name}" if name else "a function"
    return "system", f"You must call {what} now: answer with <tool_call> blocks only."


def made(name: str) -> tuple[str, str]:
    """A message that calls a tool."""
    return "assistant", f'<tool_call>\n{{"name": "{name}", "arguments": {{}}}}\n</tool_call>'


def calls_in(text: str) -> list[tuple[str, Parameters]]:
    """The calls in an answer, if they are in the form that is asked for."""
    told = [json.loads(found) for found in CALL.findall(text)]
    return [(one["name"], one["arguments"]) for one in told]


WRITE = tool("write", texts("path", "content"))
READ = tool("read", texts("path"))
EDIT = tool("edit", texts("path", "old_string", "new_string"))
LIST = tool("list_files", {**texts("path"), "recursive": {"type": "boolean"}})
SHELL = tool("bash", {**texts("command", "description"), "timeout": {"type": "number"}}, "command")
DONE = tool("attempt_completion", texts("result"))
ALL = [READ, WRITE, EDIT, LIST, SHELL]
