"""Editors: what their files hold, and what a person is told to paste."""

from tests.dialects.clients.offers import KEY, OFFER
from tray_app.dialects.clients import find
from tray_app.dialects.clients.jsonc import value_of
from tray_app.dialects.clients.recipe import Setup


def setup_of(name: str) -> Setup:
    client = find(name)
    assert client is not None
    return client.setup(OFFER)


def test_roo_code_imports_a_profile_with_the_models_numbers() -> None:
    imported, settings = setup_of("roo-code").files
    told = value_of(imported.edit(""))
    profile = told["providerProfiles"]["apiConfigs"]["Portico"]

    assert told["providerProfiles"]["currentApiConfigName"] == "Portico"
    assert profile["openAiBaseUrl"] == OFFER.endpoint
    assert profile["openAiCustomModelInfo"] == {
        "contextWindow": 131_072,
        "maxTokens": 32_000,
        "supportsImages": True,
        "supportsPromptCache": False,
    }
    assert value_of(settings.edit('{"a": 1}')) == {
        "a": 1,
        "roo-cline.autoImportSettingsPath": imported.place.linux,
    }


def test_zed_keeps_the_key_in_the_keychain() -> None:
    setup = setup_of("zed")
    told = value_of(setup.files[0].edit(""))
    provider = told["language_models"]["openai_compatible"]["Portico"]

    assert provider["api_url"] == OFFER.endpoint
    assert provider["available_models"][1]["name"] == "qwen3.7-plus"
    assert provider["available_models"][1]["capabilities"]["images"] is True
    assert [value.text for value in setup.values] == [KEY]


def test_copilot_in_vs_code_gets_the_whole_address() -> None:
    told = value_of(setup_of("vscode").files[0].edit(""))
    models = told["github.copilot.chat.customOAIModels"]

    assert models["qwen3.7-plus"]["url"] == f"{OFFER.endpoint}/chat/completions"
    assert models["qwen3.7-plus"]["maxInputTokens"] == 131_072 - 32_000
    assert models["qwen3.7-plus"]["thinking"] is False
    assert models["qwen3.8-max"]["thinking"] is True


def test_xcode_gets_the_address_without_v1() -> None:
    assert setup_of("xcode").values[0].text == "http://127.0.0.1:7936"


def test_cursor_is_told_to_be_out_of_reach() -> None:
    cursor = find("cursor")
    assert cursor is not None
    assert "servers make the calls" in cursor.unreachable
