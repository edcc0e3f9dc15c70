"""Apps and translators: links that they read, and the numbers that keep pages whole."""

import json
from base64 import b64decode
from urllib.parse import parse_qs, urlsplit

import msgspec

from tests.dialects.clients.offers import KEY, OFFER
from tray_app.core.ports import Profile
from tray_app.dialects.clients import CLIENTS, find
from tray_app.dialects.clients.recipe import Setup


def setup_of(name: str) -> Setup:
    client = find(name)
    assert client is not None
    return client.setup(OFFER)


def test_a_link_for_cherry_studio_is_what_it_reads() -> None:
    data = parse_qs(urlsplit(setup_of("cherry-studio").link).query)["data"][0]

    told = json.loads(b64decode(data.replace("_", "+").replace("-", "/")))

    assert told["baseUrl"] == "http://127.0.0.1:7936"
    assert told["apiKey"] == KEY
    assert setup_of("cherry-studio").link_holds_key
    assert not setup_of("chatbox").link_holds_key


def test_a_link_for_chatbox_has_models_and_no_key() -> None:
    setup = setup_of("chatbox")
    told = json.loads(b64decode(parse_qs(urlsplit(setup.link).query)["config"][0]))

    assert told == json.loads(setup.text)
    assert KEY not in json.dumps(told)
    assert told["settings"]["apiPath"] == "/v1/chat/completions"
    assert told["settings"]["models"][1] == {
        "modelId": "qwen3.7-plus",
        "nickname": "Qwen3.7-Plus",
        "type": "chat",
        "capabilities": ["vision", "reasoning", "tool_use"],
        "contextWindow": 131_072,
        "maxOutput": 32_000,
    }


def test_immersive_translate_gets_the_whole_address_and_its_limits() -> None:
    setup = setup_of("immersive-translate")
    values = {value.label: value.text for value in setup.values}

    assert values["Custom API URL"] == f"{OFFER.endpoint}/chat/completions"
    assert values["Maximum requests per second"] == "0.3"
    assert values["Maximum paragraphs per request"] == "10"
    assert values["Maximum text length per request"] == "3000"
    assert json.loads(setup.text)["translationServices"]["custom-ai"]["requestTimeout"] == 300_000


def test_a_translators_key_waits_behind_people_and_no_longer_than_it_does() -> None:
    translators = [client for client in CLIENTS if client.kind == "translator"]

    profiles = [msgspec.convert(dict(one.profile), Profile, strict=False) for one in translators]

    assert [one.id for one in translators] == ["immersive-translate", "read-frog"]
    told = {(one.patience_s, one.queue, one.join) for one in profiles}
    assert told == {(100.0, "background", True)}


def test_an_app_that_adds_v1_itself_gets_the_address_without() -> None:
    assert setup_of("cherry-studio").values[0].text == "http://127.0.0.1:7936"
    assert setup_of("open-webui").values[0].text == OFFER.endpoint
