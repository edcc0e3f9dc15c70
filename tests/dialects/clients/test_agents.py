"""The files of agents are those with which the real ones have worked."""

import json
import string
import tomllib
from typing import Any

import msgspec
import pytest

from tests.clients.agents.agents import AIDER, CLINE, COPILOT, GROK, KILO, OPENCODE, PI, QWEN_CODE
from tests.clients.agents.agents import Agent as Proven
from tests.dialects.clients.offers import KEY, OFFER
from tray_app.core.model import ModelInfo
from tray_app.dialects.clients import find
from tray_app.dialects.clients.jsonc import value_of
from tray_app.dialects.clients.recipe import Setup

KNOWN = {"BASE_URL": OFFER.endpoint, "KEY": KEY, "MODEL": OFFER.model}
OURS = {
    # Shown to people, and what the models of the list can do beyond what those tests need.
    "name", "attachment", "input", "maxTokens", "updatedAt",
}  # fmt: skip


def setup_of(name: str) -> Setup:
    client = find(name)
    assert client is not None
    return client.setup(OFFER)


def filled(told: Any) -> Any:
    return json.loads(string.Template(json.dumps(told)).substitute(KNOWN))


def without_ours(told: Any) -> Any:
    """What a client reads, but for names and numbers that are ours to choose."""
    if isinstance(told, dict):
        return {name: without_ours(one) for name, one in told.items() if name not in OURS}
    return [without_ours(one) for one in told] if isinstance(told, list) else told


def contains(whole: Any, part: Any) -> bool:
    """Whether all of `part` is in `whole`; lists by their items."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            name in whole and contains(whole[name], one) for name, one in part.items()
        )
    if isinstance(part, list):
        return isinstance(whole, list) and all(any(contains(w, p) for w in whole) for p in part)
    return bool(whole == part)


@pytest.mark.parametrize(
    ("name", "proven"),
    [("pi", PI), ("opencode", OPENCODE), ("kilo", KILO), ("cline", CLINE)],
)
def test_a_file_holds_what_the_real_agent_worked_with(name: str, proven: Proven) -> None:
    written = value_of(setup_of(name).files[0].edit(""))

    (told,) = proven.files.values()

    assert contains(without_ours(written), without_ours(filled(told)))


@pytest.mark.parametrize(
    ("name", "proven"),
    [("qwen-code", QWEN_CODE), ("copilot-cli", COPILOT), ("grok-cli", GROK), ("aider", AIDER)],
)
def test_variables_are_those_that_the_real_agent_worked_with(name: str, proven: Proven) -> None:
    env = setup_of(name).env

    assert env.items() <= filled(dict(proven.env)).items()
    assert set(proven.env) - set(env) <= {"COPILOT_AUTO_UPDATE", "LITELLM_LOCAL_MODEL_COST_MAP"}


def test_what_is_in_a_file_stays_beside_what_is_ours() -> None:
    before = '{\n  // mine\n  "provider": {"other": {"a": 1}},\n  "theme": "dark"\n}\n'

    after = setup_of("opencode").files[0].edit(before)

    assert "// mine" in after
    assert value_of(after)["provider"]["other"] == {"a": 1}
    assert value_of(after)["theme"] == "dark"
    assert value_of(after)["model"] == "portico/qwen3.7-plus"


@pytest.mark.parametrize("name", ["opencode", "kilo"])
def test_which_models_see_is_told_in_the_words_that_the_agent_reads(name: str) -> None:
    models = value_of(setup_of(name).files[0].edit(""))["provider"]["portico"]["models"]

    told = {one: model["modalities"] for one, model in models.items()}

    sees = {one for one, model in OFFER.names().items() if model.vision}
    assert sees
    assert told == {
        one: {"input": ["text", "image"] if one in sees else ["text"], "output": ["text"]}
        for one in OFFER.names()
    }


def test_a_model_without_eyes_is_said_to_read_text_alone() -> None:
    blind = msgspec.structs.replace(OFFER, models=(ModelInfo("blind", "Blind", vision=False),))
    client = find("opencode")
    assert client is not None

    told = value_of(client.setup(blind).files[0].edit(""))

    model = told["provider"]["portico"]["models"]["blind"]
    assert model["modalities"] == {"input": ["text"], "output": ["text"]}


def test_continue_is_told_the_numbers_of_each_model() -> None:
    text = setup_of("continue").files[0].edit("")

    told = [line.strip() for line in text.splitlines() if "defaultCompletionOptions" in line]

    assert told == [
        'defaultCompletionOptions: {"contextLength": 131072, "maxTokens": 32000}'
    ] * len(OFFER.names())


def test_codex_is_told_its_window() -> None:
    told = tomllib.loads(setup_of("codex").files[0].edit("# mine\napproval = true\n[a]\nb = 1\n"))

    assert told["model_providers"]["portico"]["wire_api"] == "responses"
    assert told["model_context_window"] == 131_072
    assert (told["approval"], told["a"]) == (True, {"b": 1})
    assert setup_of("codex").env == {"PORTICO_API_KEY": KEY}


def test_claude_code_is_told_the_address_without_v1() -> None:
    told = value_of(setup_of("claude-code").files[0].edit('{"env": {"A": "1"}}'))

    assert told["env"]["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:7936"
    assert told["env"]["ANTHROPIC_AUTH_TOKEN"] == KEY
    assert told["env"]["ANTHROPIC_SMALL_FAST_MODEL"] == OFFER.model
    assert told["env"]["A"] == "1"


@pytest.mark.parametrize("name", ["cline", "kilo", "roo-code"])
def test_who_pastes_into_an_editor_is_told_the_models_numbers_and_to_allow_pictures(
    name: str,
) -> None:
    setup = setup_of(name)
    values = {value.label: value.text for value in setup.values}

    assert (values["Context window size"], values["Max output tokens"]) == ("131072", "32000")
    assert any("tick image support" in step for step in setup.steps)


def test_droid_keeps_the_models_of_others() -> None:
    before = '{"customModels": [{"displayName": "Mine", "model": "m"}]}'

    told = value_of(setup_of("droid").files[0].edit(before))

    assert [one["displayName"] for one in told["customModels"]][:2] == [
        "Mine",
        "Portico Qwen3.8-Max",
    ]
