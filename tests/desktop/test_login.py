"""Starting with the computer, as the system's own list says it."""

import plistlib
import subprocess
import sys
from pathlib import Path

import pytest

from tray_app.desktop import desktop_entry
from tray_app.desktop.login import (
    APP_ID,
    Autostart,
    LaunchAgent,
    LoginItemError,
    command,
    login_item,
    value_is_on,
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


@pytest.mark.parametrize(
    ("words", "is_on"),
    [
        (command(), True),
        (command()[:-1], True),
        (["/gone/portico", "--hidden"], False),
        (["/bin/sh", "--hidden"], False),
        ([""], False),
    ],
)
def test_an_entry_that_starts_something_else_is_off_until_it_is_turned_on(
    tmp_path: Path, words: list[str], is_on: bool
) -> None:
    item = Autostart(tmp_path)
    (tmp_path / f"{APP_ID}.desktop").write_text(desktop_entry.written(words))
    before = item.is_on()
    item.turn(on=True)

    assert before is is_on
    assert item.is_on()


def test_an_entry_that_is_no_text_is_off(tmp_path: Path) -> None:
    (tmp_path / f"{APP_ID}.desktop").write_bytes(b"\xff\xfe[Desktop Entry]")

    assert not Autostart(tmp_path).is_on()


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


@pytest.mark.parametrize(
    "data",
    [
        b"rubbish",
        b'<?xml version="1.0"?><plist><dict>',
        plistlib.dumps([]),
        plistlib.dumps({"RunAtLoad": True}),
        plistlib.dumps({"RunAtLoad": True, "ProgramArguments": ["/gone/portico"]}),
        plistlib.dumps({"RunAtLoad": False, "ProgramArguments": command()}),
        plistlib.dumps({"RunAtLoad": True, "Disabled": True, "ProgramArguments": command()}),
    ],
)
def test_a_launch_agent_that_does_not_start_this_is_off(tmp_path: Path, data: bytes) -> None:
    (tmp_path / f"{APP_ID}.plist").write_bytes(data)

    assert not LaunchAgent(tmp_path).is_on()


@pytest.mark.parametrize(
    ("approval", "is_on"), [(None, True), (b"\2" + bytes(11), True), (b"\3" + bytes(11), False)]
)
def test_the_task_manager_may_have_switched_it_off(approval: bytes | None, is_on: bool) -> None:
    assert value_is_on(subprocess.list2cmdline(command()), approval) is is_on


@pytest.mark.parametrize("line", [None, "", 4, '"C:\\Gone\\portico.exe" --hidden'])
def test_a_value_that_does_not_start_this_is_off(line: object) -> None:
    assert not value_is_on(line, None)


def test_an_installer_may_write_the_value_in_its_own_way() -> None:
    program, *rest = command()

    assert value_is_on(f'"{program.upper()}" {" ".join(rest)}', None)


@pytest.mark.skipif(sys.platform != "linux", reason="another list")
def test_the_list_is_where_the_desktop_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    login_item({"XDG_CONFIG_HOME": str(tmp_path / "config")}).turn(on=True)
    login_item({}).turn(on=True)

    for folder in ("config", ".config"):
        assert (tmp_path / folder / "autostart" / f"{APP_ID}.desktop").exists()
