"""What a tool is for, as its name and its words tell; never whose tool it is."""

import re
from typing import Any

from .tools import Tool

_BEGINS = r"(?:^|__|--|[./]|fn_)"
_NAMES = {
    "write": r"write|create|save|edit",
    "edit": r"edit|replace|diff|update_?file|modify",
    # Pictures have a path too, and are no text.
    "read": r"^(?!.*image).*(?:read|view|cat|open)",
    "list": rf"{_BEGINS}(?:ls|list|list_?(?:files?|dir|directory)|glob|find_?files)$",
    "run": r"bash|shell|exec|run|command|terminal|cmd",
    "done": (
        rf"{_BEGINS}(?:attempt_?completion|task_?(?:done|completed?)|(?:mark_?)?complete_?task"
        r"|finish(?:ed)?(?:_?task)?|done|submit(?:_?(?:result|answer))?|final_?answer)$"
    ),
    "look": r"read|view|list|get|search|find|show|status|glob|grep|^ls$|^cat$",
}
"""What stands in the name of a tool of each kind."""
_VERBS = {"write": {"create", "write"}, "read": {"view", "read"}}
"""What stands among the choices of a tool that does several things."""
_CHANGES = (
    r"delet|remov|eras|drop|destroy|kill|purge|wipe|reset|truncat"
    r"|run|exec|command|shell|bash|terminal|cmd|spawn|launch"
    r"|writ|creat|edit|replac|modif|updat|insert|sav(?:e|ing)|append|mov(?:e|ing)|renam|patch"
    r"|send|publish|deploy|install|commit|push|upload"
)
_NAMES_CHANGE = re.compile(_CHANGES, re.IGNORECASE)
_SAYS_CHANGE = re.compile(rf"\b(?:{_CHANGES})", re.IGNORECASE)
_FOUND = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _NAMES.items()}


def is_for(tool: Tool, kind: str) -> bool:
    """Whether a tool may be one to `write`, `edit`, `read`, `list`, `run`, `look` or be `done`."""
    if _FOUND[kind].search(tool.name):
        return True
    properties = tool.schema.get("properties")
    choices: list[Any] = []
    for schema in properties.values() if isinstance(properties, dict) else ():
        told = schema.get("enum") if isinstance(schema, dict) else None
        choices += told if isinstance(told, list) else ()
    return any(verb in choices for verb in _VERBS.get(kind, ()))


def is_harmless(tool: Tool) -> bool:
    """Whether neither its name nor its words speak of deleting, running or writing."""
    said = _SAYS_CHANGE.search(tool.description)
    return not said and not _NAMES_CHANGE.search(tool.name)
