"""The official Node SDK, and the AI SDK that Cline, Kilo Code and OpenCode stand on."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.clients.conftest import Live

pytestmark = pytest.mark.clients


@pytest.mark.parametrize("script", ["openai.mjs", "aisdk.mjs"])
def test_a_node_client_gets_what_it_expects(live: Live, node_modules: Path, script: str) -> None:
    done = subprocess.run(
        ["node", script],
        cwd=node_modules,
        env={**os.environ, "BASE_URL": live.base_url, "API_KEY": live.key},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["passed"] is True
