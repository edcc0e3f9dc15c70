"""What was built or installed tries itself; the built program's own trial is in `tests/package`."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.desktop.running import ROOT, environment_of
from tests.desktop.xfce import Xfce
from tests.test_headless import environ
from tests.waiting import until
from tray_app.selftest import TrialError, practising

PARTS = (
    "http", "libraries", "certificates", "icons", "port", "keyring", "tray", "web engine", "start",
    "chat", "tool call", "picture in", "picture drawn",
)  # fmt: skip
ROW = re.compile(r"(ok|none|FAIL) +(\S+(?: \S+)*) +(\d+\.\d\d) s  (.+)")


def tried(environment: dict[str, str]) -> tuple[int, str, dict[str, tuple[str, str]]]:
    """The exit code, the first line, and what the table says of each part."""
    ended = subprocess.run(
        [sys.executable, "-m", "tray_app", "--self-test"], env=environment, cwd=ROOT,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=90,
    )  # fmt: skip
    head, *lines = ended.stdout.splitlines()
    rows = {found[2]: (found[1], found[4]) for line in lines if (found := ROW.fullmatch(line))}
    assert len(rows) == len(lines), ended.stdout + ended.stderr
    return ended.returncode, head, rows


def without_screen(home: Path, **more: str) -> dict[str, str]:
    kept = environ(home, more)
    return {name: text for name, text in kept.items() if "DISPLAY" not in name}


@pytest.mark.slow
def test_every_part_is_tried_and_a_missing_screen_is_no_fault(tmp_path: Path) -> None:
    """P3"""
    code, head, rows = tried(without_screen(tmp_path / "home"))

    assert tuple(rows) == PARTS
    assert [name for name, (found, _) in rows.items() if found == "none"] == [
        "keyring", "tray", "web engine",
    ]  # fmt: skip
    assert rows["tray"][1] == "there is no screen here"
    assert re.fullmatch(r"aiohttp 3\.\d+\.\d+, yarl 1\.\d+\.\d+", rows["libraries"][1])
    assert "OpenSSL 3" in head
    assert code == 0


@pytest.mark.slow
def test_a_broken_part_is_told_and_the_others_are_tried(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, rows = tried(without_screen(tmp_path / "home", PORTICO_PORT=port))

    assert rows["port"][0] == "FAIL"
    assert port in rows["port"][1]
    assert [name for name, (found, _) in rows.items() if found == "FAIL"] == ["port"]
    assert code == 1


OLD = "import {name}; {name}.__version__ = '{version}'"
HIDDEN = """
import sys
found = sys.meta_path[:]
class Without:
    def find_spec(self, name, *about):
        if name == 'yarl._quoting_c':
            return None
        return next((spec for one in found if (spec := one.find_spec(name, *about))), None)
sys.meta_path[:] = [Without()]
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "more", "row", "said"),
    [
        (OLD.format(name="aiohttp", version="3.14.4"), {}, "libraries", "aiohttp 3.14.4 is old"),
        (OLD.format(name="yarl", version="1.9.11"), {}, "libraries", "yarl 1.9.11 is old"),
        (HIDDEN, {}, "libraries", "yarl._quoting_c is old or not compiled. Install it anew."),
        ("", {"AIOHTTP_NO_EXTENSIONS": "1"}, "http", "without its compiled parser"),
    ],
    ids=["aiohttp", "yarl", "not compiled", "parser"],
)
def test_libraries_that_are_too_old_or_not_compiled_are_a_fault(
    tmp_path: Path, changed: str, more: dict[str, str], row: str, said: str
) -> None:
    """P3"""
    (tmp_path / "sitecustomize.py").write_text(changed)
    path = f"{tmp_path}{os.pathsep}{ROOT}"

    code, _, rows = tried(without_screen(tmp_path / "home", PYTHONPATH=path, **more))

    assert code == 1
    assert rows[row][0] == "FAIL"
    assert said in rows[row][1]
    assert [name for name, (found, _) in rows.items() if found == "FAIL"] == [row]


@pytest.mark.slow
def test_nothing_of_the_person_is_used_for_the_trial(tmp_path: Path) -> None:
    home = tmp_path / "home"

    tried(without_screen(home))

    assert not (home / "settings.json").exists()
    assert not (home / "instance.lock").exists()


@pytest.mark.slow
def test_a_program_that_does_not_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "msgspec.py").write_text("raise ImportError('msgspec is damaged')")
    broken = {**os.environ, "PYTHONPATH": str(tmp_path)}

    with pytest.raises(TrialError, match="msgspec is damaged"), practising(broken):
        raise AssertionError("it started")


@pytest.mark.desktop
def test_tray_and_web_engine_are_tried_where_there_is_a_screen(tmp_path: Path) -> None:
    xfce = Xfce(tmp_path)
    xfce.start(panel=True)
    try:
        _, _, rows = tried(environment_of(xfce, tmp_path / "portico"))
    finally:
        xfce.stop()

    assert rows["tray"] == ("ok", "a panel shows icons")
    assert rows["web engine"] == ("ok", "the web engine is there")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="children are found in /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_leaves_neither_a_server_nor_its_folder(tmp_path: Path, number: int) -> None:
    process, child = starting(tmp_path)

    process.send_signal(number)
    process.communicate(timeout=30)

    assert process.returncode == 1
    until(lambda: is_gone(child))
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="children are found in /proc")
def test_a_kill_leaves_no_server(tmp_path: Path) -> None:
    process, child = starting(tmp_path)

    process.kill()
    process.communicate(timeout=30)

    until(lambda: is_gone(child))


def starting(folder: Path) -> "tuple[subprocess.Popen[str], int]":
    """A trial whose practice instance is just coming up, and that one's process."""
    (folder / "tmp").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "tray_app", "--self-test"],
        env=without_screen(folder / "home", TMPDIR=str(folder / "tmp")), cwd=ROOT,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return process, int(until(lambda: children.read_text().split())[0])


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
