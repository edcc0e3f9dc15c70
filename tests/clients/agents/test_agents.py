"""Agents that people use make a file and change it, with calls of their own tools."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.clients.agents.agents import BY_HAND, PI, Agent
from tests.clients.agents.desk import Desk
from tests.clients.conftest import CACHE, Live, with_node

EVERY_TIME = [pytest.param(PI, id=str(PI), marks=pytest.mark.clients)]
SOMETIMES = [pytest.param(agent, id=str(agent), marks=pytest.mark.agents) for agent in BY_HAND]


@pytest.fixture
def desk(live: Live, node_modules: Path, agent: Agent, tmp_path: Path) -> Desk:
    """A place to work for the agent, which is installed once, with a key of its own."""
    path = with_node(node_modules)
    its = replace(live, key=live.portico("key", "new", str(agent)).strip())
    programs = installed(agent, path) if agent.package else node_modules / "node_modules/.bin"
    return Desk(agent, its, tmp_path, f"{programs}{os.pathsep}{path}")


def installed(agent: Agent, path: str) -> Path:
    """The folder of the agent's programs, after they came from the registry."""
    folder = CACHE / "agents" / agent.folder
    mark = folder / "installed"
    programs = folder / ("bin" if agent.is_python else "node_modules/.bin")
    if not mark.exists():
        folder.mkdir(parents=True, exist_ok=True)
        if agent.is_python:
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            install = [str(programs / "pip"), "install", "-q", agent.package]
        else:
            npm = ["npm", "install", "--no-audit", "--no-fund", "--prefix"]
            install = [*npm, str(folder), agent.package]
        subprocess.run(install, env={**os.environ, "PATH": path}, check=True)
        mark.touch()
    return programs


@pytest.mark.parametrize("agent", [*EVERY_TIME, *SOMETIMES])
def test_an_agent_makes_a_file_and_changes_it(desk: Desk) -> None:
    hello = desk.project / "hello.txt"

    made = desk.give(desk.agent.create)
    assert made.code == 0, made.said
    assert hello.read_text().rstrip("\n") == "hi", made.said

    changed = desk.give(desk.agent.change)
    assert changed.code == 0, changed.said
    assert hello.read_text().rstrip("\n") == "bye", changed.said

    # What failed and was tried again would show in no file.
    assert {"ok"} <= outcomes(desk) <= {"ok", "client_left"}


def outcomes(desk: Desk) -> set[str]:
    """What came of the agent's requests."""
    recent = json.loads(desk.live.portico("status", "--json"))["recent"]
    return {deed["outcome"] for deed in recent if deed["key"] == str(desk.agent)}
