"""The control door: private, and never confused by what it is told."""

import asyncio
import json
import socket
import stat
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
    path.write_text("left by a crash")
    door = ControlDoor(str(path), {"echo": echo})
    await door.open()

    def rubbish() -> list[Any]:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(path))
            sock.sendall(b"rubbish\n[]\n{}\n" + b'{"do":"echo","value":1}\n')
            with sock.makefile("rb") as answers:
                return [json.loads(answers.readline()) for _ in range(4)]

    answers = await asyncio.to_thread(rubbish)
    door.close()

    assert [answer["ok"] for answer in answers] == [False, False, False, True]


def test_with_nobody_there_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError):
        ask(str(tmp_path / "none.sock"), {"do": "echo"})
