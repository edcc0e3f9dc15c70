"""Every client has what it takes, and is found by what people call it."""

import pytest

from tests.dialects.clients.offers import KEY, OFFER
from tray_app.dialects import DIALECTS
from tray_app.dialects.clients import CLIENTS, find, is_served, near, recommended
from tray_app.dialects.clients.recipe import Client, MergeError

NAMED = [pytest.param(client, id=client.id) for client in CLIENTS]


def test_the_clients_that_people_ask_for_are_there() -> None:
    asked = [
        "Roo Code", "Cline", "Kilo Code", "Continue", "Immersive Translate", "Open WebUI",
        "Cherry Studio", "Codex CLI", "Any OpenAI client",
    ]  # fmt: skip
    assert [name for name in asked if find(name) is None] == []
    assert len({client.id for client in CLIENTS}) == len(CLIENTS)


@pytest.mark.parametrize("client", NAMED)
def test_a_client_is_told_all_that_it_needs(client: Client) -> None:
    setup = client.setup(OFFER)
    texts = [file.edit("") for file in setup.files]
    told = "\n".join([*texts, setup.text, *setup.env.values(), *(v.text for v in setup.values)])

    assert OFFER.root in told
    assert KEY in told or client.id == "raycast"
    assert setup.steps or setup.files or setup.env or client.unreachable
    assert all(step.endswith((".", "'")) for step in setup.steps)


@pytest.mark.parametrize("client", NAMED)
def test_a_file_says_whether_the_key_is_in_it(client: Client) -> None:
    for file in client.setup(OFFER).files:
        assert (KEY in file.edit("")) == file.holds_key


@pytest.mark.parametrize("client", NAMED)
def test_writing_twice_is_writing_once(client: Client) -> None:
    for file in client.setup(OFFER).files:
        once = file.edit("")
        assert file.edit(once) == once


@pytest.mark.parametrize("client", NAMED)
def test_a_broken_file_is_refused(client: Client) -> None:
    for file in client.setup(OFFER).files:
        if file.place.linux.endswith(".env"):
            continue
        with pytest.raises(MergeError):
            file.edit("{ broken\n")


def test_a_client_is_found_by_its_name_or_label() -> None:
    for name in ("roo-code", "Roo Code", "roocode", "ROO CODE"):
        found = find(name)
        assert found is not None
        assert found.id == "roo-code"
    assert find("nobody") is None


def test_a_client_is_served_once_its_dialect_is_there() -> None:
    spoken = {path for dialect in DIALECTS for path in dialect.paths}

    assert {one.speaks for one in CLIENTS if is_served(one)} <= spoken
    assert sum(is_served(one) for one in CLIENTS) > 20
    assert {one.id for one in CLIENTS if not is_served(one)} == {
        one.id for one in CLIENTS if one.speaks not in spoken
    }


def test_near_names_are_told() -> None:
    assert near("curser") == ["cursor"]
    assert "copilot-cli" in near("copilot")
    assert near("x") == []


def test_a_client_begins_with_a_model_that_answers_without_thinking_first() -> None:
    roo, frog = find("roo-code"), find("read-frog")
    assert roo is not None
    assert frog is not None
    flash = OFFER.models[2].__class__("qwen3.9-flash", "Flash")

    assert recommended(roo, OFFER.models) == "qwen3.7-plus"
    assert recommended(roo, (OFFER.models[2], OFFER.models[3])) == "qwen3.6-plus"
    assert recommended(roo, OFFER.models[:1]) == "qwen3.8-max"
    assert recommended(frog, (*OFFER.models, flash)) == "qwen3.9-flash"
