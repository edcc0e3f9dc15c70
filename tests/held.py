"""Answers of the practice site that go on when the test says so."""

import asyncio
import threading
from dataclasses import dataclass, field

from tests.upstreams.qwen.frames import created, delta, finished
from tests.waiting import WITHIN_S
from tray_app.practice import acts
from tray_app.practice.http import chunk, head


@dataclass(frozen=True)
class Held:
    """An answer that stops after each of its pieces, until it is let go on."""

    pieces: tuple[str, ...]
    _goes_on: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def go_on(self, pieces: int = 1) -> None:
        """Let so many more pieces come, the end being one."""
        self._goes_on.release(pieces)

    async def play(self, scene: acts.Scene) -> None:
        framed = [("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")]
        scene.wire.send(head(200, framed) + chunk(created()))
        for piece in self.pieces:
            scene.wire.send(chunk(delta(piece)))
            await scene.wire.flush()
            await asyncio.to_thread(self._goes_on.acquire, timeout=WITHIN_S)
        scene.wire.send(chunk(finished()) + chunk(b""))


@dataclass(frozen=True)
class Later:
    """Another answer, once the test lets it come."""

    act: acts.Act
    comes: threading.Event

    async def play(self, scene: acts.Scene) -> None:
        await asyncio.to_thread(self.comes.wait, WITHIN_S)
        await self.act.play(scene)
