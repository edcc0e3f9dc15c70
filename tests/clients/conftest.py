"""A Portico that runs as a person would run it, and a place for what clients bring."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import pytest
from openai import OpenAI

from tests.ports import free_port

CACHE = platformdirs.user_cache_path("portico-tests")


@dataclass
class Live:
    """A running Portico in practice mode."""

    base_url: str
    key: str
    env: dict[str, str]

    def portico(self, *arguments: str) -> str:
        """Run a command beside it."""
        return portico(self.env, *arguments)


def portico(env: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "tray_app", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Portico in practice mode, in a process of its own."""
    env = {**os.environ, "PORTICO_HOME": str(tmp_path_factory.mktemp("home"))}
    port = free_port()
    for name, value in (("start_spacing_s", "0"), ("parallel_answers", "4")):
        portico(env, "settings", "set", name, value)
    command = [sys.executable, "-m", "tray_app", "--headless", "--practice", "--port", str(port)]
    with subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        ready = process.stdout.readline().split()
        assert ready[:2] == ["Portico", "ready"]
        yield Live(ready[2], portico(env, "key", "show").strip(), env)
        process.terminate()
        assert process.wait(10) == 0


@pytest.fixture
def client(live: Live) -> Iterator[OpenAI]:
    """The official client, which checks every field of an answer."""
    with OpenAI(
        base_url=live.base_url, api_key=live.key, max_retries=0, _strict_response_validation=True
    ) as strict:
        yield strict


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """A folder with the pinned npm packages, Node itself and our scripts; installed once."""
    return npm_packages("node")


def with_node(node_modules: Path) -> str:
    """A search path that begins with the pinned Node, which is newer than many systems' own."""
    return f"{node_modules / 'node_modules/node/bin'}{os.pathsep}{os.environ['PATH']}"


def node_env(live: Live, node_modules: Path) -> dict[str, str]:
    """The environment of our scripts."""
    return {
        **os.environ,
        "PATH": with_node(node_modules),
        "BASE_URL": live.base_url,
        "API_KEY": live.key,
    }


def npm_packages(name: str) -> Path:
    """A copy of one of our folders with its pinned npm packages; installed once."""
    if shutil.which("npm") is None:
        pytest.fail("These tests need Node.js and npm. Install them, on Debian: apt install npm")
    here, there = Path(__file__).parent / name, CACHE / name
    there.mkdir(parents=True, exist_ok=True)
    lock = (here / "package-lock.json").read_bytes()
    installed = there / "installed.lock"
    for path in here.iterdir():
        shutil.copy(path, there / path.name)
    if not installed.exists() or installed.read_bytes() != lock:
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=there, check=True)
        installed.write_bytes(lock)
    return there
