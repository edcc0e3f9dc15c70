"""The whole program where it is given less than it should have: streams, a disk, good settings."""

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.test_headless import MODULE, Portico, environ, serving
from tests.waiting import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="limits of a process are Linux's"),
]
_CLOSED = 'exec "$@" <&- >&- 2>&-'


def answers(portico: Portico) -> bool:
    return portico.run("status").returncode == 0


def test_with_all_three_streams_closed_it_serves_and_answers(tmp_path: Path) -> None:
    """R60"""
    portico = Portico(tmp_path, free_port())
    program = [sys.executable, *MODULE, "--headless", "--practice", "--port", str(portico.port)]
    process = subprocess.Popen(["/bin/sh", "-c", _CLOSED, "sh", *program], env=environ(tmp_path))
    try:
        until(lambda: answers(portico))
        key = portico.say("key", "show")
        whole, _ = portico.chat(key)
        streamed, data = portico.chat(key, stream=True)
        broken, _ = portico.chat(key, "practice: reset")
        wrong, _ = portico.chat("no key")
        process.terminate()

        assert (whole, streamed, wrong) == (200, 200, 401)
        assert broken >= 500
        assert data.endswith(b"data: [DONE]\n\n")
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
    # What is opened first gets their numbers: nothing of what would be said may get into a file.
    for path in tmp_path.rglob("*.*"):
        assert b"Portico ready" not in path.read_bytes(), path
    assert list((tmp_path / "logs").glob("fault-*")) == []


@pytest.mark.parametrize("words", [["status"], ["--version"], ["key", "show"], ["forget"]])
def test_a_command_with_all_three_streams_closed_ends_without_a_fault(
    tmp_path: Path, words: list[str]
) -> None:
    """R60"""
    command = ["/bin/sh", "-c", _CLOSED, "sh", sys.executable, *MODULE, *words]

    done = subprocess.run(command, env=environ(tmp_path), check=False, timeout=20)

    assert done.returncode == {"status": 1, "--version": 0, "key": 5, "forget": 2}[words[0]]
    assert list(tmp_path.glob("logs/fault-*")) == []


def test_a_disk_that_is_full_stops_no_request_and_keeps_the_settings(tmp_path: Path) -> None:
    """R58"""
    with serving(tmp_path) as portico:
        assert portico.process is not None
        key = portico.say("key", "show")
        portico.say("settings", "set", "queue_size", "7")
        before = (tmp_path / "settings.json").read_bytes()
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        # No file may grow any more, as on a disk without room.
        resource.prlimit(portico.process.pid, resource.RLIMIT_FSIZE, (0, hard))
        asked = [portico.chat(key, stream=True) for _ in range(3)]
        refused = portico.run("settings", "set", "queue_size", "8")
        after, _ = portico.chat(key)
        state = json.loads(portico.say("status", "--json"))["state"]
        _, err = portico.stop()

    assert [status for status, _ in asked] == [200] * 3
    assert all(data.endswith(b"data: [DONE]\n\n") for _, data in asked)
    assert after == 200
    assert state == "running"
    assert refused.returncode == 1
    assert (tmp_path / "settings.json").read_bytes() == before
    assert err.count("the log cannot be written") == 1


@pytest.mark.parametrize(
    "text",
    [
        '{"queue_size": "many", "parallel_answers": -1, "language": 7, "no_such_setting": [1]}',
        '{"queue_size": 7, "no_such_setting": {"a": null}, "another": 1}',
        "[1, 2]",
        '{"port": ',
        "\x00\x01\x02",
    ],
    ids=["bad values", "unknown names", "a list", "cut", "binary"],
)
def test_settings_that_make_no_sense_stop_no_request(tmp_path: Path, text: str) -> None:
    """R56, R58"""
    tmp_path.chmod(0o700)
    (tmp_path / "settings.json").write_text(text)
    told: list[int] = []

    with serving(tmp_path) as portico:
        key = portico.say("key", "show")
        asking = [
            threading.Thread(target=lambda: told.append(portico.chat(key, stream=True)[0]))
            for _ in range(3)
        ]
        for one in asking:
            one.start()
        for one in asking:
            one.join()

    assert told == [200] * 3


@pytest.mark.parametrize("words", [["get", "port"], ["set", "queue_size", "5"]])
def test_a_command_that_puts_settings_aside_says_so(tmp_path: Path, words: list[str]) -> None:
    """R56"""
    tmp_path.chmod(0o700)
    (tmp_path / "settings.json").write_text("{broken")
    portico = Portico(tmp_path)

    first, second = (portico.run("settings", *words) for _ in range(2))

    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stderr.startswith("The settings could not be read and are kept as settings.json.")
    assert second.stderr == ""


def test_commands_at_the_same_time_wait_for_each_other(tmp_path: Path) -> None:
    portico = Portico(tmp_path)
    numbers = {"queue_size": 9, "parallel_answers": 3, "first_event_timeout_s": 70,
               "connect_timeout_s": 7, "idle_timeout_s": 80, "port": free_port()}  # fmt: skip

    with ThreadPoolExecutor(len(numbers)) as beside:
        ended = beside.map(lambda name: portico.run("settings", "set", name, str(numbers[name])),
                           numbers)  # fmt: skip

    assert [(one.returncode, one.stderr) for one in ended] == [(0, "")] * len(numbers)
    assert {name: float(portico.say("settings", "get", name)) for name in numbers} == numbers


PLANTED = ("settings.json", "practice-statistics.db", "restarts.json", "logs/portico.log")


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_planted_in_place_of_its_files_stops_no_request_and_is_left_alone(
    tmp_path: Path, kind: str
) -> None:
    """S104"""
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    for folder in (home, home / "logs", elsewhere):
        folder.mkdir(mode=0o700)
    for name in PLANTED:
        path, theirs = home / name, elsewhere / Path(name).name
        theirs.write_text("theirs")
        if kind == "link":
            path.symlink_to(theirs)
        elif kind == "pipe":
            os.mkfifo(path)
        else:
            path.mkdir()
    before = {name: (home / name).lstat() for name in PLANTED}

    with serving(home) as portico:
        key = portico.say("key", "show")
        status, data = portico.chat(key, stream=True)
        refused = portico.run("settings", "set", "queue_size", "8")
        _, err = portico.stop()

    after = {name: (home / name).lstat() for name in PLANTED}
    assert status == 200
    assert data.endswith(b"data: [DONE]\n\n")
    assert refused.returncode == 1
    assert "no plain file" in refused.stderr
    assert "settings.json is no plain file" in err
    assert err.count("the log cannot be written") == 1
    assert "Traceback" not in err
    assert [(one.st_ino, one.st_mode) for one in before.values()] == [
        (one.st_ino, one.st_mode) for one in after.values()
    ]
    assert {path.read_text() for path in elsewhere.iterdir()} == {"theirs"}


@pytest.mark.parametrize("planted", ["instance.lock", "door.sock"])
@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_a_lock_or_a_door_that_is_none_is_refused_in_words(
    tmp_path: Path, planted: str, kind: str
) -> None:
    """S104"""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    if kind == "pipe":
        os.mkfifo(home / planted)
    else:
        (home / planted).mkdir()
    ended = Portico(home).run("--headless", "--practice", "--port", str(free_port()))

    assert ended.returncode == 1
    assert planted in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_data_folder_that_lies_where_every_user_may_write_is_refused(tmp_path: Path) -> None:
    """S104"""
    above = tmp_path / "above"
    above.mkdir()
    above.chmod(0o777)
    ended = Portico(above / "home").run("--headless", "--practice", "--port", str(free_port()))

    assert ended.returncode == 1
    assert "every user can change" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_signal_that_another_thread_gets_ends_it_as_well(tmp_path: Path) -> None:
    """After a halt the system chooses any thread for it."""
    libc = ctypes.CDLL(None)
    with serving(tmp_path) as portico:
        assert portico.process is not None
        process = portico.process.pid
        threads = [int(one.name) for one in Path(f"/proc/{process}/task").iterdir()]

        # A thread that has ended by now gets none.
        told = [libc.tgkill(process, one, signal.SIGTERM) for one in set(threads) - {process}]

        assert 0 in told
        assert portico.process.wait(10) == 0
