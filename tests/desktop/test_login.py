"""Starting with the computer, as the system's own list says it."""

import plistlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.desktop.login import (
    APP_ID,
    Autostart,
    LaunchAgent,
    LoginItemError,
    command,
    desktop_entry,
    entry_is_on,
    is_approved,
    login_item,
)


def test_it_is_off_until_it_is_turned_on_and_what_is_there_is_read(tmp_path: Path) -> None:
    item = Autostart(tmp_path / "autostart")
    entry = tmp_path / "autostart" / f"{APP_ID}.desktop"
    states = [item.is_on()]
    item.turn(on=True)
    states.append(item.is_on())
    entry.write_text(entry.read_text() + "Hidden=true\n")
    states.append(item.is_on())
    item.turn(on=True)
    states.append(item.is_on())
    item.turn(on=False)
    item.turn(on=False)
    states.append(item.is_on())

    assert states == [False, True, False, True, False]
    assert not entry.exists()


def test_what_is_run_is_this_portico_without_a_window() -> None:
    words = command()

    assert words[-1] == "--hidden"
    assert Path(words[0]).exists()


@pytest.mark.skipif(shutil.which("desktop-file-validate") is None, reason="not installed")
def test_the_desktop_entry_is_a_valid_one(tmp_path: Path) -> None:
    entry = tmp_path / "portico.desktop"
    entry.write_text(desktop_entry(["/opt/a b/portico", "--hidden"]))
    checked = subprocess.run(
        ["desktop-file-validate", str(entry)], capture_output=True, text=True, check=False
    )

    assert (checked.returncode, checked.stdout) == (0, "")


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1))
def test_any_path_is_quoted_so_that_it_is_run_as_it_is(path: str) -> None:
    line = next(
        line for line in desktop_entry([f"/x/{path}", "--hidden"]).splitlines()
        if line.startswith("Exec=")
    )  # fmt: skip
    unescaped = line.removeprefix("Exec=").replace("\\\\", "\\").replace("%%", "%")
    ran = subprocess.run(
        ["/bin/sh", "-c", f"printf '%s\\n' {unescaped}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    # The rules for quotes are those of a shell.
    assert ran.stdout == f"/x/{path}\n--hidden\n"


@pytest.mark.parametrize(
    ("text", "is_on"),
    [
        (desktop_entry([sys.executable]), True),
        (desktop_entry(["/gone/portico", "--hidden"]), False),
        (f"Exec={sys.executable}\nHidden=true", False),
        (f"Exec={sys.executable}\nX-GNOME-Autostart-enabled=false", False),
        ("Exec='", False),
        ("Exec=", False),
        ("", False),
        ("[Desktop Entry]\n# Exec=sh\n", False),
        ("===\n=\n", False),
    ],
)
def test_an_entry_that_starts_nothing_is_off(text: str, is_on: bool) -> None:
    assert entry_is_on(text) is is_on


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(LoginItemError):
        Autostart(tmp_path / "file" / "autostart").turn(on=True)


def test_a_launch_agent_says_what_it_starts(tmp_path: Path) -> None:
    agent = LaunchAgent(tmp_path)
    before = agent.is_on()
    agent.turn(on=True)
    told = plistlib.loads((tmp_path / f"{APP_ID}.plist").read_bytes())
    during = agent.is_on()
    agent.turn(on=False)

    assert (before, during, agent.is_on()) == (False, True, False)
    assert told == {"Label": APP_ID, "ProgramArguments": command(), "RunAtLoad": True}
    (tmp_path / f"{APP_ID}.plist").write_bytes(b"rubbish")
    assert not agent.is_on()


@pytest.mark.parametrize(
    ("told", "is_on"), [(None, True), (b"\2" + bytes(11), True), (b"\3" + bytes(11), False)]
)
def test_the_task_manager_may_have_switched_it_off(told: bytes | None, is_on: bool) -> None:
    assert is_approved(told) is is_on


@pytest.mark.skipif(sys.platform != "linux", reason="another list")
def test_the_list_is_where_the_desktop_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    login_item({"XDG_CONFIG_HOME": str(tmp_path / "config")}).turn(on=True)
    login_item({}).turn(on=True)

    for folder in ("config", ".config"):
        assert (tmp_path / folder / "autostart" / f"{APP_ID}.desktop").exists()
