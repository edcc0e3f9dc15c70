"""What a prompt says in the place of texts that were too long for it, and how these are cut."""

from collections.abc import Callable, Collection
from itertools import count
from typing import Literal

from tray_app.core.model import utf8_bytes

LongPrompt = Literal["file", "trim"]

CONVERSATION = "conversation.txt"
INSTRUCTIONS = "instructions.txt"
MESSAGE = "message.txt"
NOTE_BYTES = 600
"""More than any of the notes here weighs."""
KEPT = "[This message is not in the file: it stands in the prompt itself.]"
"""What stands in the file for a message that does not."""
_BOTH = "[This message stands in the file {name} as well.]"

_HERE = "is attached to this message, and its text is before you already: no tool opens it"
_BEGINNING = (
    "The earlier part of this conversation is in the file {name}, oldest message first. It "
    f"{_HERE}, and it is in no folder. It comes before what follows here. Take it as if it stood "
    "in this place."
)
_MORE = "What came next is in {name} as well, after the place of the message above."
_LAST = " The last of it follows here once more, made shorter."
_NEAR = 4


def numbered(name: str, number: int) -> str:
    """The name of a file, of which there are several: `a.txt`, `a-2.txt`."""
    stem, _, ending = name.rpartition(".")
    return name if number == 1 else f"{stem}-{number}.{ending}"


def free_name(name: str, taken: Collection[str]) -> str:
    """The name, or one like it that is none of those that are taken, in small letters or not."""
    others = {one.replace("\\", "/").rpartition("/")[2].strip().casefold() for one in taken}
    return next(one for number in count(1) if (one := numbered(name, number)) not in others)


def told_in_file(name: str, *, is_first: bool, goes_on: bool = False) -> str:
    """What stands for messages that are in the file of that name.

    Args:
        name: Of the file.
        is_first: Nothing was said of the file yet.
        goes_on: The last of these messages follow, cut.
    """
    note = (_BEGINNING if is_first else _MORE).format(name=name)
    return f"{note}{_LAST}" if goes_on else note


def told_twice(name: str) -> str:
    """What stands before a message of which all is in the file of that name nevertheless."""
    return _BOTH.format(name=name)


def left_out(messages: int, size: int) -> str:
    """What stands for messages that are told nowhere; `size` in bytes."""
    were = "1 message was" if messages == 1 else f"{messages} messages were"
    return f"[… {were} here, {size} bytes in all, and left out for being too long …]"


def both_ends(text: str, head_bytes: int, tail_bytes: int, said: Callable[[int], str]) -> str:
    """The beginning and the end of a text, and between them what `said` gives for the bytes gone.

    Cut between characters, and between lines where one ends near. Itself where nothing is gained.
    """
    size = utf8_bytes(text)
    if size <= head_bytes + tail_bytes:
        return text
    head = text[:head_bytes].encode()[:head_bytes].decode(errors="ignore")
    tail = text[-tail_bytes:].encode()[-tail_bytes:].decode(errors="ignore")
    line = head.rfind("\n") + 1
    head = head[:line] if line > len(head) - len(head) // _NEAR else head
    line = tail.find("\n") + 1
    tail = tail[line:] if line < len(tail) // _NEAR else tail
    gone = size - utf8_bytes(head) - utf8_bytes(tail)
    begins = head if head.endswith("\n") else f"{head}\n"
    cut = f"{begins}{said(gone)}\n{tail}"
    return cut if utf8_bytes(cut) < size else text


def gone(mode: LongPrompt, name: str) -> Callable[[int], str]:
    """What stands for the middle of a text, of which all is in the file of that name."""
    if mode == "trim":
        return lambda size: f"[… {size} bytes are left out here …]"
    return lambda size: (
        f"[… {size} bytes are left out here. The whole text is in the file {name}: it {_HERE} …]"
    )
