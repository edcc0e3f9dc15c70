"""What every pane works with."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desktop.desks import Office, office
from tests.waiting import comes
from tray_app.desktop.clipboard import ClipboardError
from tray_app.desktop.pane import TOLD_S, Telling, copy
from tray_app.practice import PracticeSite
from tray_app.proxy.door import DoorError


@pytest.fixture
def at_work(site: PracticeSite, tmp_path: Path) -> Iterator[Office]:
    with office(site, tmp_path) as started:
        yield started


@pytest.mark.slow
async def test_what_happened_is_told_for_a_moment_and_the_last_word_counts() -> None:
    drawn: list[str] = []
    telling = Telling(lambda: drawn.append(telling.told))

    telling.tell("one")
    telling.tell("two")
    await comes(lambda: telling.told == "", TOLD_S * 2)

    assert drawn == ["one", "two", ""]


async def test_a_command_is_carried_out_and_refused_by_the_proxy(at_work: Office) -> None:
    desk = at_work.desk

    assert await desk.command("settings", what="set", name="queue_size", value="7") is False
    assert at_work.instance.supervisor.parts.settings.queue_size == 7
    with pytest.raises(DoorError, match="queue_size"):
        await desk.command("settings", what="set", name="queue_size", value="0")
    told = await asyncio.to_thread(desk.keyed, "new", name="mine")
    assert told["secret"].startswith("sk-portico-")


@pytest.mark.skipif("sys.platform in {'win32', 'darwin'}")
async def test_without_a_clipboard_copying_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ClipboardError):
        await copy("text", secret=False)
