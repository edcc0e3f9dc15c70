"""Elements around texts in a prompt, and what their tags carry so that no text leaves its own."""

import re
from collections.abc import Iterable
from itertools import count


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
