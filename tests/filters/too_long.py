"""Makes prompts that are too long for one body fit, and reads what became of them."""

from collections.abc import Iterable

from tests.filters.calling.conversations import asked, calls, did, result, said, texts_of
from tray_app.core.model import Choice, Message, ModelInfo, Prompt, Tool, Variant
from tray_app.filters.calling.history import traced
from tray_app.filters.calling.names import Names
from tray_app.filters.long import ITEM_BYTES, Parted, Room, parted
from tray_app.filters.notes import LongPrompt
from tray_app.filters.wording import Files
from tray_app.upstreams.qwen.encode import weigh
from tray_app.upstreams.qwen.flatten import transcript

MOST = 96_000
FILES = Files("file", transcript, 3, frozenset())
CHOICE = Choice(ModelInfo("m", "m"), Variant())
TOOLS = tuple(
    Tool(
        f"tool{number}",
        "Does it. " * 40,
        {"type": "object", "properties": {"p": {"type": "string", "description": "How. " * 60}}},
    )
    for number in range(80)
)


def room_of(most: int, files: Files = FILES) -> Room:
    return Room(most, lambda told: weigh(told, CHOICE), files)


def shortened(
    messages: list[Message],
    *tools: Tool,
    most: int = MOST,
    mode: LongPrompt = "file",
    files: int = 3,
    taken: Iterable[str] = (),
) -> Parted:
    """A prompt that fits; fails where there is none, or where it does not fit."""
    names = Names(tools, frozenset())
    room = room_of(most, Files(mode, transcript, files, frozenset(taken)))
    found = parted(traced(asked(messages, *tools), names), names, "json", room)
    assert found is not None
    assert len(found.documents) <= files
    assert weigh(found.prompt, CHOICE) + ITEM_BYTES * len(found.documents) <= most
    return found


def files(found: Parted) -> dict[str, str]:
    return {file.name: file.data.decode() for file in found.documents}


def shown(prompt: Prompt) -> str:
    return "\n".join(map(texts_of, prompt.messages))


def chat(turns: int, size: int = 1_000) -> list[Message]:
    lines = [
        said(role, f"{role} {number} " + "x" * size)
        for number in range(turns)
        for role in ("user", "assistant")
    ]
    return [said("system", "Be terse."), *lines, said("user", "And now?")]


def loop(*results: str) -> list[Message]:
    messages = [said("system", "S"), said("user", "The task.")]
    for number, text in enumerate(results):
        messages += [did(calls("tool1", "{}", str(number))), result(text, str(number))]
    return messages
