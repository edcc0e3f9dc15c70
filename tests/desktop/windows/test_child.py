"""A window as a process of its own, on a real screen and in the real web engine."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.desktop.screen import Screen
from tests.desktop.windows.views import (
    QUESTION,
    STATUS,
    VIEWS,
    status,
)
from tests.desktop.windows.window_child import ROOT, WITHIN_S, Child, shown
from tests.waiting import until
from tray_app.desktop.look import Row
from tray_app.desktop.windows import NAMES, WindowName
from tray_app.desktop.windows.messages import (
    Close,
    Closed,
    Failed,
    Focus,
    Pressed,
    Ready,
    Show,
    line,
)

pytestmark = pytest.mark.desktop


def test_a_window_has_the_title_and_the_rows(screen: Screen, children: list[Child]) -> None:
    shown(screen, children, STATUS)

    until(lambda: screen.windows("Portico is running"))
    until(lambda: "Quit" in screen.names())
    told = {(role, name) for role, name, _, _ in screen.read()}
    assert told >= {
        ("heading", "Portico is running"), ("status bar", "Nobody waits"),
        ("push button", "Copy endpoint"), ("push button", "Copy key"), ("push button", "Quit"),
        ("toggle button", "Start at login"), ("list item", "http://127.0.0.1:7936/v1"),
    }  # fmt: skip
    assert "default" not in screen.names()


def test_a_row_that_the_mouse_presses_is_told(screen: Screen, children: list[Child]) -> None:
    child = shown(screen, children, STATUS)

    screen.click("Copy endpoint")
    assert child.hear() == Pressed(2)
    screen.click("Copy key")
    screen.click("Roo Code")

    assert child.hear() == Pressed(32)


def test_the_keyboard_is_enough(screen: Screen, children: list[Child]) -> None:
    child = shown(screen, children, STATUS)
    until(lambda: screen.active() == "Portico is running")

    screen.keys("Tab", "Return")
    assert child.hear() == Pressed(2)
    screen.keys("Down", "space", "Down", "Down", "space")
    assert child.hear() == Pressed(32)
    screen.keys("End", "Return")

    assert child.hear() == Pressed(6)


def test_an_update_keeps_the_focus_and_what_is_open(
    screen: Screen, children: list[Child]
) -> None:  # fmt: skip
    child = shown(screen, children, STATUS)
    until(lambda: screen.active() == "Portico is running")
    screen.keys("Tab", "Down", "Return", "Down")
    until(lambda: "Roo Code" in screen.names())

    more = (Row(90, "New row"), Row(91), *STATUS.rows)
    child.say(Show(status(title="Portico is busy", tip="Two wait", rows=more)))

    until(lambda: {"Two wait", "New row", "Roo Code"} <= set(screen.names()))
    assert screen.windows("Portico is busy")
    screen.keys("Return")
    assert child.hear() == Pressed(31)


def test_a_row_that_is_gone_is_gone(screen: Screen, children: list[Child]) -> None:
    child = shown(screen, children, STATUS)
    until(lambda: "Copy key" in screen.names())

    child.say(Show(status(rows=(Row(6, "Leave"), Row(5, "Start at login", checked=False)))))

    until(lambda: "Leave" in screen.names())
    assert {"Copy key", "Copy endpoint", "Quit"}.isdisjoint(screen.names())
    assert "checked" not in screen.find("Start at login")[3]


def test_a_question_is_answered_by_the_mouse_once(screen: Screen, children: list[Child]) -> None:
    child = shown(screen, children, QUESTION)

    screen.click("Allow")
    screen.click("Never")
    assert child.hear() == Pressed("yes")
    child.say(Close())

    assert child.rest() == [Closed()]


@pytest.mark.parametrize(("key", "answer"), [("Return", "yes"), ("Escape", "no")])
def test_return_gives_the_default_answer_and_escape_the_safe_one(
    screen: Screen, children: list[Child], key: str, answer: str
) -> None:
    kinds = {"yes": "default", "no": "plain", "never": "danger"}
    answers = tuple(type(one)(one.id, one.label, kinds[one.id]) for one in QUESTION.answers)  # type: ignore[arg-type]
    child = shown(screen, children, type(QUESTION)("Sure?", "", (), answers, "no", "en"))
    until(lambda: screen.active() == "Sure?")

    screen.keys(key)

    assert child.hear() == Pressed(answer)


def test_it_comes_to_the_front(screen: Screen, children: list[Child]) -> None:
    child = shown(screen, children, STATUS)
    shown(screen, children, QUESTION)
    until(lambda: screen.active() == QUESTION.title)

    child.say(Focus())

    until(lambda: screen.active() == STATUS.title)


def test_a_window_that_the_person_closes_ends(screen: Screen, children: list[Child]) -> None:
    child = shown(screen, children, STATUS)
    until(lambda: screen.active() == STATUS.title)

    screen.keys("alt+F4")

    assert child.rest() == [Closed()]
    assert child.code() == 0


def test_a_window_is_not_without_a_parent(screen: Screen, children: list[Child]) -> None:
    child = shown(screen, children, STATUS)

    child.hang_up()

    assert child.rest() == [Closed()]
    assert child.code() == 0


_NOISY = """
import importlib, os, sys
print("noise")
os.write(1, b"noise")
os.system("echo noise")
sys.path.remove(os.path.dirname(__file__))
del sys.modules["bottle"]
importlib.import_module("bottle")
"""


def test_only_the_protocol_is_on_stdout(screen: Screen, children: list[Child]) -> None:
    noisy = screen.folder / "noisy"
    noisy.mkdir()
    (noisy / "bottle.py").write_text(_NOISY)
    child = Child(screen, "status", PYTHONPATH=str(noisy))
    children.append(child)

    child.say(Show(STATUS))
    child.say(Close())

    assert child.rest() == [Ready(), Closed()]
    assert "noise" in child.errors.read_text()


@pytest.mark.parametrize(
    "said",
    [b"nonsense\n", b'{"do":"run"}\n', b"x" * (1 << 20) + b"\n", line(Show(QUESTION))],
    ids=["nonsense", "unknown", "long", "another window's"],
)
@pytest.mark.parametrize("before", [[], [line(Show(STATUS))]], ids=["first", "later"])
def test_a_parent_that_makes_no_sense_is_left(
    screen: Screen, children: list[Child], before: list[bytes], said: bytes
) -> None:
    child = Child(screen, "status")
    children.append(child)

    child.write(*before, said)

    assert child.rest()[-2 if before else -1] == Failed("bad_line")
    assert child.code() == 1


def target_of(link: Path) -> str:
    """Where a link leads; nowhere if it is gone meanwhile."""
    try:
        return str(link.readlink())
    except OSError:
        return ""


@pytest.mark.parametrize("name", NAMES)
def test_only_the_proxy_listens_while_a_window_is_open(
    screen: Screen, children: list[Child], name: WindowName
) -> None:
    """S101"""
    child = shown(screen, children, VIEWS[name])
    family = child.family()
    sockets = {
        found.group(1)
        for one in family
        for link in Path(f"/proc/{one.pid}/fd").iterdir()
        if (found := re.match(r"socket:\[(\d+)]", target_of(link)))
    }

    listening = {
        fields[9]
        for table in ("tcp", "tcp6", "udp", "udp6")
        for fields in map(str.split, Path(f"/proc/net/{table}").read_text().splitlines()[1:])
        if fields[9] in sockets
    }

    assert len(family) >= 3
    assert sockets
    assert listening == set()


def test_nothing_of_a_view_is_in_its_command_line_or_environment(
    screen: Screen, children: list[Child]
) -> None:
    child = shown(screen, children, STATUS)

    told = [[*one.cmdline(), *one.environ().values()] for one in child.family()]

    assert "Roo Code" not in str(told)
    assert told[0][1:5] == ["-m", "tray_app", "window", "status"]


@pytest.mark.parametrize(
    ("hidden", "fault"),
    [
        (None, "no_display"),
        ("/usr/lib/python3/dist-packages/gi", "no_gi"),
        ("/usr/lib/x86_64-linux-gnu/girepository-1.0", "no_webkit"),
    ],
)
def test_what_is_missing_is_told_as_a_code(
    screen: Screen, hidden: str | None, fault: str
) -> None:  # fmt: skip
    words = [sys.executable, "-m", "tray_app", "window", "status"]
    environment = {**screen.environment}
    if hidden is None:
        environment["DISPLAY"] = ":9999"
    else:
        words = ["bwrap", "--dev-bind", "/", "/", "--tmpfs", hidden, "--", *words]

    ended = subprocess.run(
        words, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
        timeout=WITHIN_S, check=False,
    )  # fmt: skip

    assert (ended.returncode, ended.stdout) == (3, line(Failed(fault)))  # type: ignore[arg-type]


def test_an_engine_that_is_all_there_is_no_fault(screen: Screen) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tray_app", "window", "status"], cwd=ROOT, env=screen.environment,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=WITHIN_S, check=False,
    )  # fmt: skip

    assert (ended.returncode, ended.stdout) == (0, b"")
