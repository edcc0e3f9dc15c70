"""Agents that `portico connect` has set up: the real programs read it, and do their work."""

import io
import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PIL import Image

from tests.clients.agents.agents import (
    AIDER,
    CLINE,
    CONTINUE,
    COPILOT,
    GROK,
    KILO,
    LLM,
    OPENCODE,
    PI,
    QWEN_CODE,
    Agent,
)
from tests.clients.agents.desk import Desk
from tests.clients.agents.test_agents import installed
from tests.clients.conftest import Live, portico, with_node

SOMETIMES = pytest.mark.agents
BY_HAND = {
    "opencode": OPENCODE,
    "kilo": KILO,
    "cline": CLINE,
    "continue": CONTINUE,
    "qwen-code": QWEN_CODE,
    "llm": LLM,
    # Its model is in its file by now.
    "aider": replace(AIDER, command=AIDER.command.replace(" --model openai/$MODEL", "")),
    "copilot-cli": COPILOT,
    "grok-cli": GROK,
}
WITHOUT_FILE = {"copilot-cli", "grok-cli"}
KEYLESS = {"opencode": OPENCODE, "kilo": KILO, "continue": CONTINUE}
WRITE, KEEP = ("--write",), ("--write", "--no-key")
CASES = [
    pytest.param(("pi", PI, WRITE), id="pi", marks=pytest.mark.clients),
    pytest.param(("pi", PI, KEEP), id="pi-without-key", marks=pytest.mark.clients),
    *(
        pytest.param((*one, () if one[0] in WITHOUT_FILE else WRITE), id=one[0], marks=SOMETIMES)
        for one in BY_HAND.items()
    ),
    *(
        pytest.param((*one, KEEP), id=f"{one[0]}-without-key", marks=SOMETIMES)
        for one in KEYLESS.items()
    ),
]


@dataclass(frozen=True)
class Connected:
    """An agent at its desk, and the name by which Portico knows it."""

    name: str
    desk: Desk


@pytest.fixture
def connected(
    live: Live, node_modules: Path, tmp_path: Path, setting_up: tuple[str, Agent, tuple[str, ...]]
) -> Connected:
    """An agent that has nothing but what `portico connect` gave it."""
    name, agent, doing = setting_up
    path = with_node(node_modules)
    programs = installed(agent, path) if agent.package else node_modules / "node_modules/.bin"
    home = tmp_path / "set-up"
    home.mkdir()
    env = {key: value for key, value in live.env.items() if not key.startswith("XDG_")}
    told = portico({**env, "HOME": str(home)}, "connect", name, *doing)
    exports = [line for line in told.splitlines() if line.startswith("export ")]
    given = dict(line.removeprefix("export ").split("=", 1) for line in exports)
    # What only keeps an agent quiet stays; what points it at Portico must come from us.
    quiet = {key: value for key, value in agent.env.items() if "$" not in value}
    its = replace(live, key=live.portico("key", "show", name).strip())
    if "--no-key" in doing:
        assert not any(its.key in one.read_text() for one in home.rglob("*") if one.is_file())
        given["PORTICO_API_KEY"] = its.key
    bare = replace(agent, files={}, env={**quiet, **given})
    desk = Desk(bare, its, tmp_path, f"{programs}{os.pathsep}{path}")
    shutil.copytree(home, tmp_path / "home", dirs_exist_ok=True)
    return Connected(name, desk)


@pytest.mark.parametrize("setting_up", CASES)
def test_an_agent_works_with_what_it_was_given(connected: Connected) -> None:
    desk, hello = connected.desk, connected.desk.project / "hello.txt"

    made = desk.give(desk.agent.create)
    assert made.code == 0, made.said
    assert hello.read_text().rstrip("\n") == "hi", made.said

    changed = desk.give(desk.agent.change)
    assert changed.code == 0, changed.said
    assert hello.read_text().rstrip("\n") == "bye", changed.said

    recent = json.loads(desk.live.portico("status", "--json"))["recent"]
    outcomes = {deed["outcome"] for deed in recent if deed["key"] == connected.name}
    assert {"ok"} <= outcomes <= {"ok", "client_left"}


@pytest.mark.agents
@pytest.mark.parametrize("setting_up", [("opencode", OPENCODE, WRITE), ("kilo", KILO, WRITE)])
def test_an_agent_sends_a_picture_to_a_model_that_sees(connected: Connected) -> None:
    desk, made = connected.desk, io.BytesIO()
    Image.new("RGB", (37, 23), "#123456").save(made, "PNG")
    (desk.project / "picture.png").write_bytes(made.getvalue())
    desk.agent = replace(desk.agent, command=f"{desk.agent.command} --file picture.png --")

    seen = desk.give("What is in the picture?")

    assert "a PNG picture of 37 by 23, #123456" in seen.said
