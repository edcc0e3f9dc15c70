"""The official Node SDK, and the AI SDK that Cline, Kilo Code and OpenCode stand on."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.clients.conftest import Live, node_env

pytestmark = pytest.mark.clients


@pytest.mark.parametrize("script", ["openai.mjs", "aisdk.mjs"])
def test_a_node_client_gets_what_it_expects(live: Live, node_modules: Path, script: str) -> None:
    done = subprocess.run(
        ["node", script],
        cwd=node_modules,
        env=node_env(live, node_modules),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["passed"] is True


def test_an_agent_of_the_ai_sdk_makes_a_file_and_changes_it(
    live: Live, node_modules: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        ["node", node_modules / "agent.mjs"],
        cwd=tmp_path,
        env=node_env(live, node_modules),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "hello.txt").read_text() == "bye"
