"""A desktop entry runs at login exactly what was written into it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.waiting import until
from tray_app.desktop.desktop_entry import read, written

COMMAND = ["/opt/portico", "--hidden"]
ODD_NAMES = ["a b", "a$HOME", "a`b`", "a\\b", 'a"b"', "a'b", "a;b&c", "ä 十", "a\\sb"]
"""Without a percent sign: GLib, unlike the specification, knows no program with one."""


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
@example("a$b`c\\d\"e'f%U g\nh\ti\rj\\nk\x1c\u2028l=m[n#o")
def test_what_was_written_is_read(name: str) -> None:
    words = [f"/x/{name}", "--hidden"]

    assert read(written(words)) == words


@pytest.mark.skipif(shutil.which("desktop-file-validate") is None, reason="not installed")
def test_it_is_a_valid_one(tmp_path: Path) -> None:
    entry = tmp_path / "portico.desktop"
    entry.write_text(written([f"/opt/{'/'.join(ODD_NAMES)}/portico", "--hidden"]))
    checked = subprocess.run(
        ["desktop-file-validate", str(entry)], capture_output=True, text=True, check=False
    )

    assert (checked.returncode, checked.stdout) == (0, "")


@pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("gio") is None, reason="no desktop's own reader here"
)
@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_desktop_runs_it_whatever_the_program_is_called(tmp_path: Path, name: str) -> None:
    program, told, entry = tmp_path / name, tmp_path / "told", tmp_path / "portico.desktop"
    program.write_text(f'#!/bin/sh\nprintf "%s|" "$0" "$@" > {told}.new; mv {told}.new {told}\n')
    program.chmod(0o755)
    entry.write_text(written([str(program), "--hidden"]))
    subprocess.run(["gio", "launch", str(entry)], check=True, timeout=20)

    assert until(told.exists)
    assert told.read_text() == f"{program}|--hidden|"


@pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("gio") is None, reason="no desktop's own reader here"
)
@pytest.mark.parametrize("name", ODD_NAMES)
def test_nothing_is_run_once_the_program_is_gone(tmp_path: Path, name: str) -> None:
    program, told, entry = tmp_path / name, tmp_path / "told", tmp_path / "portico.desktop"
    starter = ["/bin/sh", "-c", f"touch {told}"]
    # What it runs stays, so that only the key which names the program can keep it from being run.
    [_, tried] = written([str(program)]).split("\nTryExec=")
    tried = tried.partition("\n")[0]
    entry.write_text(written(starter).replace("TryExec=/bin/sh", f"TryExec={tried}"))
    gone = subprocess.run(["gio", "launch", str(entry)], capture_output=True, check=False)
    was_run = told.exists()
    program.write_text("")
    program.chmod(0o755)
    subprocess.run(["gio", "launch", str(entry)], check=True, timeout=20)

    assert (gone.returncode, was_run) == (1, False)
    assert until(told.exists)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "===\n=\n",
        "[Desktop Entry]\nExec=\n",
        "[Desktop Entry]\n#Exec=sh\n",
        "Exec=sh\n",
        "[Desktop Action New]\nExec=sh\n",
        "[Desktop Entry]\nExec=sh\nHidden=true\n",
        "[Desktop Entry]\nExec=sh\nX-GNOME-Autostart-enabled = false\n",
    ],
)
def test_an_entry_that_starts_nothing_has_no_command(text: str) -> None:
    assert read(text) == []


def test_only_the_keys_of_the_entry_itself_count() -> None:
    more = "\n[Desktop Action New]\nExec=sh\nHidden=true\n"

    assert read(written(COMMAND) + more) == COMMAND


def test_a_quote_that_is_not_closed_is_no_quote() -> None:
    assert read('[Desktop Entry]\nExec="/opt/portico --hidden\n') != COMMAND
