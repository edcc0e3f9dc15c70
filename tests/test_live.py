"""`portico status --watch`: in a terminal, in a pipe, and where nothing runs."""

import contextlib
import itertools
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.test_headless import MODULE, Portico, environ, serving
from tests.waiting import until
from tray_app.figures import cut
from tray_app.live import AWAY_S, FAILURES, Lookout, screen, view

STATUS: dict[str, Any] = {
    "version": "26.11.0", "state": "busy", "note": "", "endpoint": "http://127.0.0.1:7936/v1",
    "session": {
        "state": "signed_in", "account": "anna", "expires_at": None, "renews": True, "note": "",
        "by_window": False,
    },
    "keyring": {"note": ""}, "network": {"note": ""}, "queue": {"in_flight": 1, "waiting": 1},
    "hold": None, "today": {"day": "2026-11-22"}, "live": [], "recent": [],
}  # fmt: skip
LIVE = [
    {
        "number": 1, "key": "roo", "model": "qwen3.7-plus", "step": "answering", "position": 0,
        "age_s": 12.34, "first_s": 0.8, "output_tokens": 1340,
    },
    {
        "number": 2, "key": "翻译", "model": "", "step": "waiting", "position": 1,
        "age_s": 3.0, "first_s": None, "output_tokens": 0,
    },
]  # fmt: skip


def shown(**changed: Any) -> list[str]:
    return list(view({**STATUS, **changed}, lambda _: "wait a little"))


def failed(number: int, outcome: str = "upstream_stalled") -> dict[str, Any]:
    why = f"Number {number} stopped. Ask again."
    return {"at_s": float(number), "key": "roo", "outcome": outcome, "why": why}


def test_what_is_going_on_is_told_line_by_line() -> None:
    lines = shown(live=LIVE, hold={"kind": "asking", "seconds_left": 9})

    assert re.fullmatch(r"Portico 26\.11\.0 is busy, \d\d:\d\d:\d\d", lines[0])
    assert "  session    signed in as anna" in lines
    assert "  answering  1, waiting 1" in lines
    assert "  pause      wait a little" in lines
    first, second = lines[-2:]
    assert first.startswith("  now        roo           qwen3.7-plus")
    assert first.endswith("answering          12.3 s  about 1,340 tokens, the first after 0.8 s")
    assert second.endswith("waiting, place 1    3.0 s")
    # Each of these two letters takes the place of two.
    assert second.index("waiting") == first.index("answering") - 2


def test_the_last_failures_are_told_with_their_reasons_and_nothing_else() -> None:
    recent = [failed(1, "ok"), failed(2, "client_left"), *(failed(n) for n in range(3, 20))]
    lines = shown(recent=recent)

    assert len(lines) == len(shown()) + FAILURES
    assert lines[-FAILURES].startswith("  failed  ")
    assert lines[-1].endswith("roo           upstream_stalled: Number 7 stopped. Ask again.")


def test_no_secret_and_no_command_of_a_terminal_is_shown() -> None:
    told = failed(1) | {"why": "Bearer abcdef123456 is wrong."}
    live = [LIVE[0] | {"model": "\x1b[2J\x07evil"}]

    drawn = screen(shown(recent=[told], live=live), 200, 50)

    assert "abcdef123456" not in drawn
    assert "\x1b[2J" not in drawn
    assert "\x07" not in drawn


@pytest.mark.parametrize("columns", [1, 10, 20, 40, 79])
def test_a_narrow_terminal_is_never_overrun(columns: int) -> None:
    drawn = screen(shown(live=LIVE), columns, 30)
    lines = drawn.removeprefix("\x1b[H").removesuffix("\x1b[J").split("\x1b[K")

    assert max(len(line.strip("\r\n")) for line in lines) <= columns
    assert all(cut(line, columns) == line for line in (one.strip("\r\n") for one in lines))


def test_a_low_terminal_shows_the_first_lines_and_that_there_are_more() -> None:
    drawn = screen(shown(live=LIVE), 80, 4)

    assert drawn.count("\r\n") == 3
    assert "…\x1b[K\x1b[J" in drawn


@pytest.mark.parametrize(
    ("line", "columns", "told"),
    [
        ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("翻译", 4, "翻译"), ("翻译", 3, "翻…"),
        ("翻译", 2, "…"), ("abc", 1, "…"), ("", 1, ""), ("e\u0301e\u0301", 2, "e\u0301e\u0301"),
    ],
)  # fmt: skip
def test_a_line_is_cut_by_what_a_terminal_draws(line: str, columns: int, told: str) -> None:
    assert cut(line, columns) == told


@pytest.fixture(scope="module")
def portico(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portico]:
    """One practice instance for every test here."""
    with serving(tmp_path_factory.mktemp("home")) as started:
        yield started


class Watching:
    """The command as it runs, with all that it said so far."""

    def __init__(self, home: Path, *words: str, terminal: bool = False) -> None:
        self.said = ""
        # Whoever runs the tests in the background has Ctrl+C ignored, which children inherit.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        ours, theirs = pty.openpty() if terminal else os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, *MODULE, "status", "--watch", *words],
            env=environ(home, {"TERM": "xterm", "COLUMNS": "100", "LINES": "30"}),
            stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        signal.signal(signal.SIGINT, before)
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, args=(ours,))
        self._reader.start()

    def _read(self, ours: int) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(ours, 65536):
                self.said += data.decode()
        os.close(ours)

    def shows(self, text: str) -> None:
        until(lambda: text in self.said, 30)

    def end(self, number: signal.Signals | None = signal.SIGINT) -> tuple[int, str]:
        """The exit code, and what was said on stderr."""
        if number is not None:
            self._process.send_signal(number)
        _, told = self._process.communicate(timeout=30)
        self._reader.join(30)
        return self._process.returncode, told


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_terminal_is_drawn_anew_and_left_as_it_was(
    portico: Portico, number: signal.Signals
) -> None:
    watching = Watching(portico.home, terminal=True)
    watching.shows("answering  0, waiting 0")
    portico.chat(portico.say("key", "show"), model=f"no-such-{number.name}")
    watching.shows(f"model_not_found: The model 'no-such-{number.name}' does not")

    assert watching.end(number) == (0, "")
    assert watching.said.startswith("\x1b[?1049h\x1b[?25l\x1b[H")
    assert watching.said.endswith("\x1b[?25h\x1b[?1049l")
    assert watching.said.count("\x1b[H") >= 2


@pytest.mark.slow
def test_a_pipe_has_plain_lines_and_only_when_something_changed(portico: Portico) -> None:
    watching, scripted = Watching(portico.home), Watching(portico.home, "--json")
    for one in (watching, scripted):
        one.shows("127.0.0.1")
    portico.chat(portico.say("key", "show"), model="another-model")
    for one in (watching, scripted):
        one.shows("another-model")
        assert one.end() == (0, "")

    assert "\x1b" not in watching.said
    snapshots = watching.said.split("\n\n")[:-1]
    assert all(one.startswith("Portico ") for one in snapshots)
    bare = [re.sub(r", \d\d:\d\d:\d\d", "", one) for one in snapshots]
    assert all(one != other for one, other in itertools.pairwise(bare))
    told = [json.loads(line) for line in scripted.said.splitlines()]
    assert told[-1]["recent"][0]["asked"] == "another-model"


def test_where_nothing_runs_it_says_so(tmp_path: Path) -> None:
    for terminal in (False, True):
        watching = Watching(tmp_path, terminal=terminal)
        code, told = watching.end(None)

        assert code == 1
        assert told == "portico: Portico is not running. Start it with: portico --headless\n"
        assert watching.said == ""


@pytest.mark.slow
def test_it_goes_on_with_the_one_that_is_started_anew(tmp_path: Path) -> None:
    with serving(tmp_path):
        drawn, piped = Watching(tmp_path, terminal=True), Watching(tmp_path)
        scripted = Watching(tmp_path, "--json")
        for one in (drawn, piped, scripted):
            one.shows("127.0.0.1")
    for one in (drawn, piped):
        one.shows("Portico is not running, ")
    scripted.shows('{"state": "not_running"}')
    with serving(tmp_path) as anew:
        for one in (drawn, piped, scripted):
            one.shows(f"127.0.0.1:{anew.port}")
            assert one.end() == (0, "")
    assert drawn.said.endswith("\x1b[?25h\x1b[?1049l")


def test_one_that_stays_away_is_waited_for_no_longer() -> None:
    now_s = [0.0]
    here = [True]

    def ask() -> dict[str, Any]:
        if not here[0]:
            raise ConnectionRefusedError
        return STATUS

    lookout = Lookout(ask, lambda: now_s[0])
    assert lookout.look() is STATUS
    here[0] = False
    now_s[0] = AWAY_S
    assert lookout.look() is None
    here[0] = True
    assert lookout.look() is STATUS
    here[0] = False
    now_s[0] = 2 * AWAY_S + 1.0
    with pytest.raises(ConnectionRefusedError):
        lookout.look()
    with pytest.raises(ConnectionRefusedError):
        Lookout(ask, lambda: now_s[0]).look()


@pytest.mark.slow
def test_it_ends_when_nobody_reads_any_more(portico: Portico) -> None:
    with subprocess.Popen(
        [sys.executable, *MODULE, "status", "--watch"],
        env=environ(portico.home), stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Portico ")
        # Nothing changes from now on.
        process.stdout.close()
        try:
            assert process.wait(30) == 0
        finally:
            process.kill()
