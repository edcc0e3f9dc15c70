"""YAML files that were changed line by line say to a real parser what they should."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import with_node
from tests.dialects.clients.offers import OFFER
from tray_app.dialects.clients import find

pytestmark = pytest.mark.clients

BEFORE = [
    "",
    "# mine\n",
    "name: Mine\nversion: 2.0.0",
    "name: Mine\nmodels: []\nrules:\n  - 'be: kind'\n",
    "models: # these\n- name: A\n  text: |\n    models:\n    - no item\nrules: []\n",
    "---\nname: 'Mine'\r\nmodels:\r\n\r\n    # own\r\n    - name: A\r\n      roles: [chat]\r\n",
]


@pytest.fixture
def read(node_modules: Path) -> Callable[[str], Any]:
    """Reads YAML as the clients do that are written in JavaScript."""
    script = (
        "const t = require('fs').readFileSync(0, 'utf8');"
        "console.log(JSON.stringify(require('yaml').parse(t)))"
    )

    def parsed(text: str) -> Any:
        done = subprocess.run(
            ["node", "-e", script], cwd=node_modules, input=text.encode(), check=True,
            capture_output=True, env={"PATH": with_node(node_modules)},
        )  # fmt: skip
        return json.loads(done.stdout)

    return parsed


@pytest.mark.parametrize("before", BEFORE)
def test_a_list_has_our_items_and_all_that_was_there(
    read: Callable[[str], Any], before: str
) -> None:
    client = find("continue")
    assert client is not None
    edit = client.setup(OFFER).files[0].edit
    was = read(before) or {}

    told = read(edit(before))

    models = told.pop("models")
    others = [one for one in models if one.get("provider") != "openai"]
    assert [one["model"] for one in models if one not in others] == list(
        dict.fromkeys([OFFER.model, *OFFER.names()])
    )
    numbers = {"contextLength": 131_072, "maxTokens": 32_000}
    ours = [one for one in models if one not in others]
    assert all(one["defaultCompletionOptions"] == numbers for one in ours)
    assert others == (was.pop("models", None) or [])
    assert told == (was or {"name": "Portico", "version": "1.0.0", "schema": "v1"})


def test_plain_lists_and_settings_are_read_too(read: Callable[[str], Any]) -> None:
    llm, aider = find("llm"), find("aider")
    assert llm is not None
    assert aider is not None

    models = read(llm.setup(OFFER).files[0].edit("- model_id: mine\n"))
    settings = read(aider.setup(OFFER).files[0].edit("dark-mode: true\nmodel: old\n"))

    assert [one["model_id"] for one in models][:2] == ["mine", "portico/qwen3.8-max"]
    assert "portico" in [one["model_id"] for one in models]
    assert settings["dark-mode"] is True
    assert settings["model"] == "openai/qwen3.7-plus"
    assert settings["openai-api-base"] == OFFER.endpoint
