"""A child process with a window: what it is told, what is heard of it, and how it ends."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import pytest

from tests.waiting import comes
from tray_app.desktop.child_process import MISSES, ChildProcess, command
from tray_app.desktop.windows.messages import (
    Focus,
    FromWindow,
    Ping,
    Pressed,
    Ready,
    from_window,
    line,
)

ECHO = """
import sys
for said in sys.stdin:
    print('{"told":"pressed","id":"%s"}' % said.count('"'), flush=True)
print("enough", file=sys.stderr)
sys.exit(7)
"""
SILENT = "import sys; sys.stdin.read()"


class Parent:
    """What was heard of a child."""

    def __init__(self, child: ChildProcess) -> None:
        self.child = child
        self.heard: list[FromWindow] = []

    def hear(self, received: bytes) -> None:
        self.heard.append(from_window(received))


@asynccontextmanager
async def child(code: str) -> AsyncIterator[Parent]:
    """A child that runs this, until the context is over."""
    started = Parent(await ChildProcess.start("test", [sys.executable, "-c", code], line))
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(work)
            for work in (started.child.send(), started.child.listen(started.hear))
        ]
        try:
            yield started
        finally:
            await started.child.end()
            for task in tasks:
                task.cancel()


async def test_what_is_said_is_told_in_its_order() -> None:
    async with child(ECHO) as parent:
        parent.child.say(Focus())
        parent.child.say(Ping(1))

        await comes(lambda: len(parent.heard) == 2)

        assert parent.heard == [Pressed("4"), Pressed("6")]


async def test_what_takes_the_place_of_another_is_said_alone() -> None:
    async with child(ECHO) as parent:
        parent.child.say(Ping(1))
        parent.child.say(Focus())
        parent.child.say(Ping(2), instead=True)

        await comes(lambda: len(parent.heard) == 2)
        await asyncio.sleep(0.2)

        assert parent.heard == [Pressed("4"), Pressed("6")]


async def test_what_is_no_message_is_left_out_and_said_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    code = "print('noise'); print('x' * 3_000_000); print('{\"told\":\"ready\"}')"
    async with child(code) as parent:
        await comes(lambda: parent.heard)

        assert parent.heard == [Ready()]
        assert "said something odd" in caplog.text
        assert "too long" in caplog.text


async def test_how_it_ended_is_said_in_the_log_with_its_last_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with child(ECHO):
        pass

    assert "window=test exit=7 said=enough" in caplog.text


async def test_a_page_that_does_not_answer_is_found_out() -> None:
    async with child(SILENT) as parent:
        async with asyncio.timeout(10):
            await parent.child.watch(0.2)


@pytest.mark.slow
async def test_a_page_that_answers_is_watched_on() -> None:
    async with child(SILENT) as parent:
        watching = asyncio.get_running_loop().create_task(parent.child.watch(0.2))
        for number in range(1, 10):
            parent.child.pong(number)
            await asyncio.sleep(0.2)

        assert not watching.done()
        watching.cancel()


@pytest.mark.slow
async def test_nobody_is_asked_while_nobody_needs_the_page() -> None:
    async with child(ECHO) as parent:
        wanted = asyncio.Event()
        watching = asyncio.get_running_loop().create_task(parent.child.watch(0.2, wanted))
        await asyncio.sleep(1.0)
        assert parent.heard == []

        wanted.set()

        async with asyncio.timeout(10):
            await watching
        assert len(parent.heard) == MISSES


@pytest.mark.slow
async def test_one_that_does_not_end_is_ended_with_its_children() -> None:
    code = "import subprocess, time; subprocess.Popen(['sleep', '60']); time.sleep(60)"
    async with child(code) as parent:
        await comes(lambda: len(psutil.Process().children(recursive=True)) >= 2)
        family = psutil.Process().children(recursive=True)

        await parent.child.end()

        await comes(lambda: not any(one.is_running() for one in family))


def test_a_frozen_program_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert command("status") == [sys.executable, "-m", "tray_app", "window", "status"]

    monkeypatch.setattr(sys, "frozen", True, raising=False)

    assert command("status") == [sys.executable, "window", "status"]
