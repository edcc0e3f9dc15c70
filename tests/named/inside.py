"""Runs in the box: starts programs there, and leads from a socket to a port of it.

`python -m tests.named.inside FOLDER PORT [online]`. It ends what it started when its input ends.
"""

import asyncio
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

_CHUNK = 64 << 10


class Inside:
    """What was started, by process id."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port
        self._started: dict[int, asyncio.subprocess.Process] = {}

    async def run(self) -> None:
        """Serve until the input ends."""
        words = [sys.executable, "-m", "tests.named.site", str(self._folder)]
        await self._start(words, None, self._folder / "site.log")
        await asyncio.start_unix_server(self._lead, self._folder / "portico")
        await asyncio.start_unix_server(self._hear, self._folder / "inside")
        await asyncio.to_thread(sys.stdin.buffer.read)
        for process in self._started.values():
            with suppress(ProcessLookupError):
                process.terminate()
        for process in self._started.values():
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 6)
            with suppress(ProcessLookupError):
                process.kill()

    async def _start(self, words: list[str], environment: Any, log: Path) -> int:
        with log.open("ab") as told:
            process = await asyncio.create_subprocess_exec(
                *words, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=told, stderr=told
            )
        self._started[process.pid] = process
        return process.pid

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = json.loads(await reader.readline())
        if "start" in asked:
            pid = await self._start(asked["start"], asked["environment"], Path(asked["log"]))
            told: dict[str, Any] = {"pid": pid}
        else:
            told = {"code": self._started[asked["ended"]].returncode}
        writer.write(json.dumps(told).encode() + b"\n")
        writer.close()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.close()
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_pump(reader, far_writer))
            tasks.create_task(_pump(far_reader, writer))


def net(*, is_online: bool) -> None:
    """Give the box an address that is not loopback: names are looked up for those who have one."""
    words = [["address", "add", "10.77.0.1/24", "dev", "lo"]]
    if is_online:
        words.append(["route", "add", "default", "dev", "lo"])
    for more in words:
        subprocess.run(["ip", *more], check=True, timeout=20)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    net(is_online=sys.argv[3:] == ["online"])
    asyncio.run(Inside(Path(sys.argv[1]), int(sys.argv[2])).run())
