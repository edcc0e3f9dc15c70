"""Elements around texts in a prompt, and what their tags carry so that no text leaves its own."""

import re
from collections.abc import Iterable
from itertools import count

from .model import Message, TextPart

_CALL_ENDS = "</tool_call>"
_RESULT = re.compile(r"<tool_response((?:-\d+)?)>\n.*\n</tool_response\1>", re.DOTALL)


def tags(*names: str) -> re.Pattern[str]:
    """What a reader may take for a tag of one of these names; its number is the only group."""
    return re.compile(rf"</?(?:{'|'.join(names)})(-\d+)?(?=[\s>/]|\Z)", re.IGNORECASE)


def free_mark(looks_like: re.Pattern[str], texts: Iterable[str]) -> str:
    """What the tags around these texts carry: nothing, or a number that no text holds."""
    held = {
        (found[1] or "") for text in texts if "<" in text for found in looks_like.finditer(text)
    }
    if not held:
        return ""
    return next(mark for number in count(2) if (mark := f"-{number}") not in held)


def is_unfinished(message: Message) -> bool:
    """Whether a message, told in texts, is an answer to go on with; a call at its end is whole."""
    last = message.parts[-1] if message.parts else None
    is_call = isinstance(last, TextPart) and last.text.rstrip().endswith(_CALL_ENDS)
    return message.role == "assistant" and not is_call


def is_result(text: str) -> bool:
    """Whether a text is, as a whole, the element of what a tool answered."""
    return bool(_RESULT.fullmatch(text))
