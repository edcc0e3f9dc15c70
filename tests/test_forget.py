"""`portico forget`: asked for on a terminal and in scripts, and refused while Portico runs."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_headless import MODULE, Portico, environ, serving
from tray_app.desktop.login import APP_ID, Autostart
from tray_app.forget import forget
from tray_app.store.paths import Paths

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="places are those of POSIX"),
]


@pytest.fixture
def portico(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Portico:
    """The command line of a person with a home, of whom a setting is kept."""
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "person").mkdir()
    found = Portico(tmp_path / "data")
    found.say("settings", "set", "queue_size", "7")
    return found


def autostart(tmp_path: Path) -> Path:
    return tmp_path / "person" / ".config" / "autostart" / f"{APP_ID}.desktop"


def test_everything_goes_and_it_says_what(portico: Portico, tmp_path: Path) -> None:
    """P19"""
    Autostart(autostart(tmp_path).parent).turn(on=True)
    config = tmp_path / "person" / ".config/opencode/opencode.json"
    with serving(portico.home) as running:
        running.chat(running.say("key", "show"))
        running.say("connect", "opencode", "--write")
    (portico.home / "chats-to-delete.txt").write_text(f"+ some-chat {'0' * 16}\n")

    done = portico.run("forget", "--yes")

    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "Removed: the start at login",
        f"Removed: all of Portico's in {portico.home}",
    ]
    assert "opencode still points at Portico" in done.stderr
    assert "portico connect opencode --undo" in done.stderr
    assert "1 of Portico's chats may be left: delete them at chat.qwen.ai" in done.stderr
    assert not portico.home.exists()
    assert not autostart(tmp_path).exists()
    assert config.exists()


def test_a_second_time_there_is_nothing(portico: Portico) -> None:
    portico.say("forget", "--yes")

    again = portico.run("forget", "--yes")

    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout == f"Nothing of Portico's was in {portico.home}\n"
    assert not portico.home.exists()


def test_a_script_must_say_yes(portico: Portico) -> None:
    done = portico.run("forget")

    assert done.returncode == 2
    assert "Add --yes" in done.stderr
    assert (portico.home / "settings.json").exists()


def test_while_portico_runs_nothing_is_removed(portico: Portico) -> None:
    with serving(portico.home) as running:
        done = running.run("forget", "--yes")

        assert running.chat(running.say("key", "show"))[0] == 200
    assert done.returncode == 6
    assert "Portico is running. Quit it" in done.stderr
    assert (portico.home / "settings.json").exists()


@pytest.mark.parametrize(
    ("typed", "code", "is_left"),
    [("no\n", 1, True), ("\n", 1, True), ("\x04", 1, True), ("Yes\n", 0, False)],
)
def test_a_person_is_asked(portico: Portico, typed: str, code: int, is_left: bool) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, *MODULE, "forget"], env=environ(portico.home), stdin=theirs,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, typed.encode())
    _, err = process.communicate(timeout=20)
    os.close(ours)

    assert process.returncode == code
    assert "It cannot be undone." in err
    assert ("Nothing was removed." in err) is is_left
    assert (portico.home / "settings.json").exists() is is_left


def test_the_start_of_another_portico_stays_unless_the_folder_is_the_usual_one(
    portico: Portico, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = autostart(tmp_path)
    entry.parent.mkdir(parents=True)
    entry.write_text("[Desktop Entry]\nExec=/gone/portico --hidden\n")

    portico.say("forget", "--yes")
    was_left = entry.exists()
    monkeypatch.delenv("PORTICO_HOME", raising=False)
    usual = Paths(tmp_path / "person" / ".local" / "share" / "portico")
    code = forget(usual, dict(os.environ), agreed=True)

    assert was_left
    assert usual.is_usual
    assert code == 0
    assert not entry.exists()


def test_what_stays_is_named(portico: Portico) -> None:
    (portico.home / "mine.txt").touch()

    done = portico.run("forget", "--yes")

    assert done.returncode == 0
    assert "Left alone" in done.stderr
    assert "mine.txt" in done.stderr
    assert [path.name for path in portico.home.iterdir()] == ["mine.txt"]


def test_what_cannot_be_removed_is_the_exit_code(portico: Portico, tmp_path: Path) -> None:
    entry = autostart(tmp_path)
    entry.mkdir(parents=True)
    usual = Portico(tmp_path / "person" / ".local" / "share" / "portico")

    done = usual.run("forget", "--yes")

    assert done.returncode == 1
    assert "start at login cannot be removed" in done.stderr
