"""The two other processes of the soak: the faulty site, and the program in front of it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.children import ROOT
from tests.ports import free_port
from tray_app.proxy.door import ask
from tray_app.store.paths import Paths
from tray_app.store.reports import reports

_SETTINGS = {
    "start_spacing_s": 0.0,
    "parallel_answers": 64,
    "first_event_timeout_s": 5.0,
    "idle_timeout_s": 3.0,
}
_STOP_S = 15.0
STDERR = "stderr.txt"
_COMPLAINTS = (
    " ERROR ", " CRITICAL ", "Traceback", "never retrieved", "Unclosed", "never awaited",
    "went wrong",
)  # fmt: skip


@dataclass
class Child:
    """A process that answers lines with lines."""

    process: "subprocess.Popen[str]"

    def tell(self, message: Mapping[str, object]) -> None:
        """Send a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def ask(self, **message: object) -> dict[str, Any]:
        """Send a line; gives what it is answered with."""
        self.tell(message)
        answer: dict[str, Any] = json.loads(self.line())
        return answer

    def line(self) -> str:
        """The next line."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "a process of the soak ended"
        return line

    def end(self) -> int:
        """End it as a person does; gives its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


@dataclass
class Pair:
    """Both of them, running."""

    site: Child
    program: Child
    port: int
    paths: Paths

    @property
    def door(self) -> str:
        """Where the control door is."""
        return str(self.paths.door)

    @property
    def key(self) -> str:
        """The local key."""
        key: str = ask(self.door, {"do": "key", "what": "show", "name": "default"})["secret"]
        return key

    def complaints(self) -> list[str]:
        """Lines of its log and stderr that speak of a fault of the program, and reports of such."""
        files = [*self.paths.logs.glob("*.log*"), self.paths.home / STDERR]
        lines = [
            line
            for path in files
            for line in path.read_text(encoding="utf-8").splitlines()
            if any(mark in line for mark in _COMPLAINTS)
        ]
        return lines + [path.name for path in reports(self.paths.logs)]


@contextmanager
def running(home: Path, told: Mapping[str, object]) -> Iterator[Pair]:
    """Both processes with one data folder; `told` is for the site."""
    with ExitStack() as stack:
        site = stack.enter_context(_child("site"))
        signed_in = site.ask(**told)
        paths = Paths(home)
        home.mkdir(parents=True, exist_ok=True)
        paths.settings.write_text(json.dumps(_SETTINGS), encoding="utf-8")
        port = free_port()
        words = ("--headless", "--practice", "--port", str(port))
        program = stack.enter_context(_child("program", *words, home=home))
        program.tell(signed_in)
        assert program.line() == f"Portico ready http://127.0.0.1:{port}/v1\n"
        yield Pair(site, program, port, paths)


@contextmanager
def _child(module: str, *words: str, home: Path | None = None) -> Iterator[Child]:
    environ = {name: value for name, value in os.environ.items() if "PORTICO" not in name}
    if home is not None:
        environ["PORTICO_HOME"] = str(home)
    with ExitStack() as stack:
        said = None if home is None else stack.enter_context((home / STDERR).open("wb"))
        process = subprocess.Popen(
            [sys.executable, "-m", f"tests.soak.{module}", *words],
            cwd=ROOT, env=environ, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said,
        )  # fmt: skip
        stack.enter_context(process)
        child = Child(process)
        try:
            yield child
        finally:
            if process.poll() is None:
                child.end()
