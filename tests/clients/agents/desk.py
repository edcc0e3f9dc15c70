"""Where an agent works: a home and a project of its own, and a way to the loopback only."""

import json
import shlex
import string
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.clients.agents.agents import Agent
from tests.clients.conftest import Live

MODEL = "qwen3.7-plus"
WAIT_S = 120.0
_NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Done:
    """A command that ended."""

    code: int
    """Negative where a signal ended it, as after its time."""
    said: str


class Desk:
    """A home and an empty project for one agent that is pointed at Portico.

    Args:
        folder: Where both go.
        path: Where programs are, the agent's among them.
    """

    def __init__(self, agent: Agent, live: Live, folder: Path, path: str) -> None:
        self.agent = agent
        self.live = live
        self.project = folder / "project"
        self._home = folder / "home"
        self._known = {
            "BASE_URL": live.base_url,
            "KEY": live.key,
            "MODEL": MODEL,
            "HOME": str(self._home),
            "TOOLS": str(Path(__file__).parent / "file_tools.py"),
        }
        self._env = {
            "PATH": path,
            "HOME": str(self._home),
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            # Whatever looks for updates or reports home finds nobody there, and at once.
            "HTTP_PROXY": _NOWHERE,
            "HTTPS_PROXY": _NOWHERE,
            "NO_PROXY": "127.0.0.1,localhost",
            **{name: self._filled(value) for name, value in agent.env.items()},
        }
        self.project.mkdir()
        self._home.mkdir()
        for place, told in agent.files.items():
            file = self._home / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self._filled(json.dumps(told)), encoding="utf-8")

    def give(self, task: str) -> Done:
        """Run the agent with this task until it ends; what it leaves running is killed then."""
        command = shlex.split(self._filled(self.agent.command))
        output = self._home.with_name("output")
        with (
            output.open("wb") as told,
            subprocess.Popen(
                [*command, task], cwd=self.project, env=self._env, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=told, stderr=subprocess.STDOUT,
            ) as process,
        ):  # fmt: skip
            try:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(WAIT_S)
            finally:
                self._end_all()
        said = output.read_text(encoding="utf-8", errors="replace")
        return Done(process.returncode, said[-3000:])

    def _end_all(self) -> None:
        """End every process of this home: agents start some in groups of their own."""
        for process in psutil.process_iter(["environ"]):
            if (process.info["environ"] or {}).get("HOME") == self._env["HOME"]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()

    def _filled(self, text: str) -> str:
        return string.Template(text).substitute(self._known)
