"""Portico as a person starts it, in the box and on the desktop; and a client of it."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import openai
import psutil

from tests.desktop.remote import Remote
from tests.desktop.xfce import Xfce
from tests.named.box import PORT, ROOT, Box
from tests.named.conftest import environment_of
from tests.test_headless import Portico
from tests.waiting import until

STARTS_S = 40.0


class Program:
    """One start of it: its tray, its command line, and a client.

    Args:
        box: The network that it runs in.
        desk: The screen that it is on.
        home: Its data folder; a second start with the same one is a restart.
    """

    def __init__(self, box: Box, desk: Xfce, home: Path) -> None:
        self.box = box
        self.home = home
        self.cli = Portico(home, PORT)
        self._log = home.parent / "portico.log"
        environment = {**environment_of(desk), "PORTICO_HOME": str(home), "PYTHONPATH": str(ROOT)}
        self.pid = box.start([sys.executable, "-m", "tray_app"], environment, self._log)
        self.tray = Remote(environment["DBUS_SESSION_BUS_ADDRESS"], self.pid)
        until(lambda: "port" in self.tray.tip() or "signed in" in self.tray.tip(), STARTS_S)

    def status(self) -> dict[str, Any]:
        """What `portico status --json` says."""
        told: dict[str, Any] = json.loads(self.cli.say("status", "--json"))
        return told

    def is_in(self, state: str, within_s: float = STARTS_S) -> None:
        """Wait until the session is in this state."""
        until(lambda: self.status()["session"]["state"] == state, within_s)

    def client(self, within_s: float = 60.0) -> openai.OpenAI:
        """An official client, with one of Portico's keys."""
        through = httpx2.Client(transport=httpx2.HTTPTransport(uds=str(self.box.door)))
        return openai.OpenAI(
            base_url=f"http://127.0.0.1:{PORT}/v1", api_key=self.cli.say("key", "show"),
            http_client=through, max_retries=0, timeout=within_s,
        )  # fmt: skip

    def says(self, text: str = "Hello", within_s: float = 60.0) -> str:
        """The streamed answer to a question; raises what the client raises."""
        pieces = [piece for piece in self.pieces(text, within_s) if piece]
        assert len(pieces) > 3, "it did not stream"
        return "".join(pieces)

    def pieces(self, text: str, within_s: float = 60.0) -> Iterator[str]:
        """The answer as it comes."""
        with self.client(within_s) as client:
            stream = client.chat.completions.create(
                model="qwen3.7-plus", messages=[{"role": "user", "content": text}], stream=True
            )
            for chunk in stream:
                if chunk.choices:
                    yield chunk.choices[0].delta.content or ""

    def family(self) -> list[psutil.Process]:
        """It and everything that it started."""
        root = psutil.Process(self.pid)
        return [root, *root.children(recursive=True)]

    def log(self) -> str:
        """What it and its log files say."""
        told = [self._log.read_text("utf-8")]
        told += [path.read_text("utf-8") for path in self.home.rglob("*.log*") if path.is_file()]
        return "\n".join(told)

    def quit(self) -> None:
        """Quit it from its menu; nothing of it may be left."""
        family = self.family()
        self.tray.click("Quit Portico")
        until(lambda: self.box.ended(self.pid) is not None, 20)
        assert self.box.ended(self.pid) == 0
        until(lambda: not [one for one in family if _lives(one)], 10)

    def kill(self) -> None:
        """End it the hard way."""
        psutil.Process(self.pid).send_signal(signal.SIGKILL)
        until(lambda: self.box.ended(self.pid) is not None, 20)


@contextmanager
def portico(box: Box, desk: Xfce, home: Path) -> Iterator[Program]:
    """It runs until the context is over, or has ended before."""
    program = Program(box, desk, home)
    try:
        yield program
    finally:
        if box.ended(program.pid) is None:
            family = program.family()
            program.kill()
            for one in family:
                if _lives(one):
                    one.kill()


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
