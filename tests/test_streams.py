"""Streams as a command finds them, with the real program at one end."""

import errno
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.test_figures import deed, fill
from tests.test_headless import MODULE, Portico, environ, serving
from tests.waiting import until
from tray_app import streams

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="the shell and /dev are those of POSIX"),
]

COMMANDS = ("key list", "status", "settings list", "models", "statistics", "--help")


@pytest.fixture(scope="module")
def portico(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portico]:
    """One practice instance for every test here."""
    with serving(tmp_path_factory.mktemp("home")) as started:
        started.say("key", "new", "中文")
        yield started


def in_shell(
    home: Path, words: str, rest: str, **more: str
) -> "subprocess.CompletedProcess[bytes]":
    """A command in a line of the shell; with what comes after it."""
    program = " ".join([sys.executable, *MODULE])
    return subprocess.run(
        ["bash", "-c", f"{program} {words} {rest}"],
        env={**environ(home, more), "PYTHONUNBUFFERED": ""},
        capture_output=True, check=False, timeout=30,
    )  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS)
def test_whoever_stops_reading_early_hears_no_complaint(portico: Portico, words: str) -> None:
    ended = in_shell(portico.home, words, "| true; exit ${PIPESTATUS[0]}")

    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("words", COMMANDS)
def test_a_full_disk_is_one_sentence(portico: Portico, words: str) -> None:
    ended = in_shell(portico.home, words, "> /dev/full")

    assert ended.returncode == 1
    assert ended.stderr == (
        b"portico: Nothing more can be written: No space left on device. Make room.\n"
    )


@pytest.mark.parametrize("words", [*COMMANDS, "statistics --csv -"])
def test_streams_that_are_missing_are_nothing_that_matters(portico: Portico, words: str) -> None:
    """R60"""
    ended = in_shell(portico.home, words, ">&- 2>&- <&-")

    assert ended.returncode == 0


def test_an_import_without_a_stdin_is_an_empty_one(portico: Portico) -> None:
    ended = in_shell(portico.home, "session import", "<&- >&-")

    assert ended.returncode == 1
    assert ended.stderr.startswith(b"portico: There is no session in this.")
    assert ended.stderr.count(b"\n") == 1


def test_without_any_stream_it_serves_and_answers(tmp_path: Path) -> None:
    """R60"""
    port = free_port()
    program = " ".join([sys.executable, *MODULE])
    line = f"exec {program} --headless --practice --port {port} >&- 2>&- <&-"
    process = subprocess.Popen(["bash", "-c", line], env=environ(tmp_path))
    portico = Portico(tmp_path, port)
    try:
        until(lambda: portico.run("status").returncode == 0, 20)
        status, body = portico.chat(portico.say("key", "show"))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)

    assert status == 200
    assert json.loads(body)["choices"][0]["message"]["content"]
    assert process.returncode == 0


def test_a_name_that_the_terminal_cannot_show_is_told_in_escapes(portico: Portico) -> None:
    ended = in_shell(portico.home, "key list", "", LC_ALL="C", PYTHONIOENCODING="ascii")

    assert ended.returncode == 0
    assert b"\\u4e2d\\u6587" in ended.stdout


def test_data_is_always_in_utf8(tmp_path: Path) -> None:
    fill(tmp_path, deed(key="中文"))

    ended = in_shell(tmp_path, "statistics --csv -", "", LC_ALL="C", PYTHONIOENCODING="ascii")

    assert "中文" in ended.stdout.decode()


def test_another_fault_is_none_of_these() -> None:
    assert streams.cannot_say(OSError(errno.ENOENT, "no such file")) is None


def test_streams_of_others_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.StringIO()
    monkeypatch.setattr(sys, "stdout", said)

    streams.prepare()
    streams.speak_utf8()
    sys.stdout.write("hello")

    assert said.getvalue() == "hello"
    assert streams.finish(3) == 3
