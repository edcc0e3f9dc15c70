"""One instance at a time, between real processes: S103, S104."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tray_app.store import StoreError
from tray_app.store.lock import InstanceLock

HOLDER = (
    "import pathlib, sys, time\n"
    "from tray_app.store.lock import InstanceLock\n"
    "lock = InstanceLock(pathlib.Path(sys.argv[1]))\n"
    "print(lock.acquire(), flush=True)\n"
    "time.sleep(60)\n"
)


def holder(path: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True
    )


def test_a_lock_is_held_once_and_then_free_again(tmp_path: Path) -> None:
    path = tmp_path / "lock"

    with InstanceLock(path) as first:
        assert first.acquire()
        assert not InstanceLock(path).acquire()

    with InstanceLock(path) as second:
        assert second.acquire()


def test_the_file_tells_who_holds_it_and_is_private(tmp_path: Path) -> None:
    """S103"""
    path = tmp_path / "lock"
    path.write_text("a longer text from an earlier run\n")
    path.unlink()

    with InstanceLock(path) as lock:
        lock.acquire()

        assert path.read_text() == f"{os.getpid()}\n"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_refused_try_does_not_change_the_file(tmp_path: Path) -> None:
    path = tmp_path / "lock"

    with InstanceLock(path) as lock:
        lock.acquire()
        for _ in range(3):
            InstanceLock(path).acquire()

        assert path.read_text() == f"{os.getpid()}\n"


def test_a_holder_that_is_killed_holds_it_no_longer(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        lock = InstanceLock(path)
        assert not lock.acquire()
        assert path.read_text() == f"{other.pid}\n"

        other.kill()
        other.wait(10)

    until = time.monotonic() + 5
    while not lock.acquire():
        assert time.monotonic() < until
        time.sleep(0.01)
    assert path.read_text() == f"{os.getpid()}\n"
    lock.release()


def test_releasing_twice_or_without_holding_is_fine(tmp_path: Path) -> None:
    lock = InstanceLock(tmp_path / "lock")

    lock.release()
    assert lock.acquire()
    lock.release()
    lock.release()


@pytest.mark.parametrize("plant", ["link", "fifo", "folder"])
def test_a_lock_that_is_no_plain_file_is_refused(tmp_path: Path, plant: str) -> None:
    """S104"""
    path, elsewhere = tmp_path / "lock", tmp_path / "elsewhere"
    elsewhere.write_text("theirs")
    if plant == "link":
        path.symlink_to(elsewhere)
    elif plant == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()

    with pytest.raises(StoreError, match="no plain file"):
        InstanceLock(path).acquire()

    assert elsewhere.read_text() == "theirs"


def test_taking_what_one_holds_is_fine(tmp_path: Path) -> None:
    with InstanceLock(tmp_path / "lock") as lock:
        assert lock.acquire()
        assert lock.acquire()
