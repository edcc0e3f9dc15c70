"""What is noted of chats that are kept for a while."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.test_chats import DAY_S, NOW_S, begun, left
from tray_app.store.chats import LEFT_OVER


def test_what_is_kept_is_left_over_once_its_time_has_come(tmp_path: Path) -> None:
    path = tmp_path / "chats"
    chats = begun(path)
    for name in ("picture", "talk"):
        chats.note(name, "me")
    chats.keep("picture", NOW_S + 0.5)
    chats.strike("talk")
    chats.keep("never-noted", NOW_S)

    assert [chats.left_over("me", NOW_S + after_s) for after_s in (-DAY_S, 0, 1, DAY_S)] == [
        None, None, "picture", "picture",
    ]  # fmt: skip
    assert chats.left_over("you", NOW_S + 1) is None


KEPT_AND_KILLED = """
import os, pathlib, signal, sys
from tray_app.store.chats import Chats
chats = Chats(pathlib.Path(sys.argv[1]))
chats.begin()
for name in ("picture", "half-done"):
    chats.note(name, "me")
chats.keep("picture", float(sys.argv[2]))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_loses_neither_what_is_kept_nor_its_time(tmp_path: Path) -> None:
    """R42"""
    path = tmp_path / "chats"
    killed = subprocess.run(
        [sys.executable, "-c", KEPT_AND_KILLED, str(path), str(NOW_S + DAY_S)],
        check=False,
        timeout=20,
    )

    assert killed.returncode == -signal.SIGKILL
    assert left(path, now_s=NOW_S) == ["half-done"]
    assert left(path, now_s=NOW_S + DAY_S - 1) == []
    assert left(path, now_s=NOW_S + 400 * DAY_S) == ["picture"]
    assert not path.exists()


def test_notes_that_are_written_anew_keep_the_time(tmp_path: Path) -> None:
    path = tmp_path / "chats"
    chats = begun(path)
    chats.note("picture", "me")
    chats.keep("picture", NOW_S)
    chats.leave("picture", refused=True)
    chats.leave("picture", refused=True)
    noted = path.read_bytes()
    path.write_bytes(b"torn\n" + noted)

    again = begun(path)

    assert path.read_bytes() == noted.partition(b"\n")[2]
    assert again.left_over("me", NOW_S - 1) is None
    again.leave("picture", refused=True)
    assert again.begin() == 0


@pytest.mark.parametrize("missing", range(2, 40))
def test_half_a_note_tells_no_time(tmp_path: Path, missing: int) -> None:
    """R42"""
    path = tmp_path / "chats"
    chats = begun(path)
    chats.note("picture", "me")
    chats.keep("picture", NOW_S)
    chats.close()
    path.write_bytes(path.read_bytes()[:-missing])

    chats = begun(path)
    at_once = chats.left_over("me", NOW_S - DAY_S)
    chats.note("next", "me")

    assert at_once == "picture"
    assert left(path, now_s=NOW_S - DAY_S) == ["picture", "next"]


@pytest.mark.parametrize("due_s", [-5.0, 0.0, 1e18])
def test_any_time_can_be_noted(tmp_path: Path, due_s: float) -> None:
    path = tmp_path / "chats"
    chats = begun(path)
    chats.note("picture", "me")
    chats.keep("picture", due_s)

    assert left(path, now_s=1e12) == ["picture"]


def test_no_more_is_kept_than_can_be_deleted(tmp_path: Path) -> None:
    path = tmp_path / "chats"
    chats = begun(path)
    for number in range(LEFT_OVER + 50):
        chats.note(f"chat-{number}", "me")
        chats.keep(f"chat-{number}", NOW_S + number)
    chats.close()

    assert begun(path).begin() == LEFT_OVER
    assert left(path, now_s=NOW_S + DAY_S)[0] == "chat-50"
