"""The control door: private, and never confused by what it is told."""

import asyncio
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tray_app.proxy.door import ControlDoor, DoorError, ask


async def echo(message: dict[str, Any]) -> object:
    if message.get("fail"):
        raise DoorError("It is not to be.")
    if message.get("break"):
        raise ZeroDivisionError
    return message.get("value")


STRANGER = """
import os, socket, sys
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
with socket.socket(socket.AF_UNIX) as sock:
    sock.bind(sys.argv[1])
    os.chmod(sys.argv[1], 0o666)
    sock.listen()
    print("ready", flush=True)
    # Who was refused comes once more, and says that it is the last.
    heard = b""
    while b"last" not in heard:
        caller, _ = sock.accept()
        with caller:
            heard += caller.recv(4096)
    print(heard)
"""


@contextmanager
def stranger(path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another user that listens where the door would be, and lets everybody in."""
    command = [sys.executable, "-c", STRANGER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "ready\n"
            yield other
        finally:
            other.kill()


async def test_a_command_is_carried_out_and_its_failure_told(tmp_path: Path) -> None:
    path = tmp_path / "door.sock"
    door = ControlDoor(str(path), {"echo": echo})
    await door.open()

    value = await asyncio.to_thread(ask, str(path), {"do": "echo", "value": [1, "é"]})
    with pytest.raises(DoorError, match="not to be"):
        await asyncio.to_thread(ask, str(path), {"do": "echo", "fail": True})
    with pytest.raises(DoorError, match="does not know"):
        await asyncio.to_thread(ask, str(path), {"do": "dance"})
    with pytest.raises(DoorError, match="The log says why"):
        await asyncio.to_thread(ask, str(path), {"do": "echo", "break": True})
    mode = stat.S_IMODE(path.stat().st_mode)
    door.close()

    assert value == [1, "é"]
    assert mode == 0o600
    assert not path.exists()


async def test_rubbish_is_answered_and_a_leftover_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "door.sock"
    with socket.socket(socket.AF_UNIX) as left_by_a_crash:
        left_by_a_crash.bind(str(path))
    door = ControlDoor(str(path), {"echo": echo})
    await door.open()

    def rubbish() -> list[Any]:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(path))
            deep = b"[" * 200_000 + b"\n"
            sock.sendall(b"rubbish\n[]\n{}\n" + deep + b'{"do":"echo","value":1}\n')
            with sock.makefile("rb") as answers:
                return [json.loads(answers.readline()) for _ in range(5)]

    answers = await asyncio.to_thread(rubbish)
    door.close()

    assert [answer["ok"] for answer in answers] == [False, False, False, False, True]


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
async def test_what_is_no_socket_is_not_taken_away(tmp_path: Path, kind: str) -> None:
    """S104"""
    path, elsewhere = tmp_path / "door.sock", tmp_path / "elsewhere"
    elsewhere.write_text("theirs")
    if kind == "file":
        path.write_text("theirs")
    elif kind == "link":
        path.symlink_to(elsewhere)
    else:
        path.mkdir()
    before = path.lstat().st_ino
    with pytest.raises(OSError, match="no socket"):
        await ControlDoor(str(path), {}).open()

    assert path.lstat().st_ino == before
    assert elsewhere.read_text() == "theirs"


def test_with_nobody_there_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError):
        ask(str(tmp_path / "none.sock"), {"do": "echo"})


@pytest.mark.skipif(
    sys.platform == "win32" or os.getuid() != 0, reason="only root can be two users"
)
def test_nothing_is_told_to_another_user_who_took_the_place_of_the_door() -> None:
    """S102"""
    folder = Path(tempfile.mkdtemp(prefix="portico-door-"))
    folder.chmod(0o777)
    path = folder / "door.sock"
    try:
        with stranger(path) as other:
            with pytest.raises(DoorError, match="Another user") as refused:
                ask(str(path), {"do": "session", "what": "import", "text": "secret"})
            with socket.socket(socket.AF_UNIX) as last:
                last.connect(str(path))
                last.sendall(b"last")
            heard, _ = other.communicate(timeout=20)
    finally:
        shutil.rmtree(folder)

    assert heard == "b'last'\n"
    assert "Set PORTICO_HOME" in str(refused.value)
