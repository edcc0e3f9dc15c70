"""Editors and what runs inside them: files where they have one, else what a person clicks."""

from .jsonc import Change, editing
from .recipe import (
    Client,
    ConfigFile,
    Offer,
    Place,
    Setup,
    Value,
    context_of,
    numbers_of,
    output_of,
    title_of,
    usual_values,
)
from .shapes import AGENT, SYSTEM, Shape

_CODE_SETTINGS = Place(
    "$XDG_CONFIG_HOME/Code/User/settings.json",
    macos="~/Library/Application Support/Code/User/settings.json",
    windows="$APPDATA/Code/User/settings.json",
)
_ZED_SETTINGS = Place("$XDG_CONFIG_HOME/zed/settings.json", windows="$APPDATA/Zed/settings.json")
_ROO_IMPORT = "~/.roo/portico.json"
"""Roo reads it at every start and expands `~` itself."""


def _roo(offer: Offer) -> Setup:
    model = offer.names()[offer.model]
    profile = {
        "apiProvider": "openai",
        "openAiBaseUrl": offer.endpoint,
        "openAiApiKey": offer.key,
        "openAiModelId": offer.model,
        "openAiStreamingEnabled": True,
        # Without it Roo takes every model for one with a window of 128,000 and no eyes.
        "openAiCustomModelInfo": {
            "contextWindow": context_of(model),
            "maxTokens": output_of(model),
            "supportsImages": model.vision,
            "supportsPromptCache": False,
        },
    }
    changes = (
        Change(("providerProfiles", "currentApiConfigName"), "Portico"),
        Change(("providerProfiles", "apiConfigs", "Portico"), profile),
        Change(("globalSettings",), {}, is_default=True),
    )
    known = Change(("roo-cline.autoImportSettingsPath",), _ROO_IMPORT)
    return Setup(
        values=(*usual_values(offer), *numbers_of(offer)),
        steps=(
            "In VS Code, open Roo Code and choose its settings, Providers.",
            "Choose OpenAI Compatible as the API provider.",
            "Paste the base URL, the API key and the model.",
            "Set the context window and the output tokens, and tick image support.",
            "Choose Save.",
        ),
        files=(
            ConfigFile(Place(_ROO_IMPORT), editing(*changes)),
            ConfigFile(_CODE_SETTINGS, editing(known), holds_key=False),
        ),
    )


def _zed(offer: Offer) -> Setup:
    models = [
        {
            "name": name,
            "display_name": title_of(name, model),
            "max_tokens": context_of(model),
            "max_output_tokens": output_of(model),
            "capabilities": {
                "tools": True,
                "images": model.vision,
                "parallel_tool_calls": True,
                "prompt_cache_key": False,
            },
        }
        for name, model in offer.names().items()
    ]
    provider = {"api_url": offer.endpoint, "available_models": models}
    change = Change(("language_models", "openai_compatible", "Portico"), provider)
    return Setup(
        values=(Value("API key", offer.key, is_secret=True),),
        steps=(
            "In Zed, open the settings of its agent and find Portico among the providers.",
            "Paste the API key there: Zed keeps it in the system's keychain, not in the file.",
        ),
        files=(ConfigFile(_ZED_SETTINGS, editing(change), holds_key=False),),
    )


def _vscode(offer: Offer) -> Setup:
    address = f"{offer.endpoint}/chat/completions"
    changes = [
        Change(
            ("github.copilot.chat.customOAIModels", name),
            {
                "name": title_of(name, model),
                "url": address,
                "toolCalling": True,
                "vision": model.vision,
                "thinking": name.endswith("-thinking") or model.thinking_forced,
                "maxInputTokens": context_of(model) - output_of(model),
                "maxOutputTokens": output_of(model),
            },
        )
        for name, model in offer.names().items()
    ]
    return Setup(
        values=(Value("API key", offer.key, is_secret=True),),
        steps=(
            "In VS Code, open the chat's list of models and choose Manage Models.",
            "Choose OpenAI Compatible and a model of Portico.",
            "Paste the API key when VS Code asks: it keeps it in its own secret storage.",
        ),
        files=(ConfigFile(_CODE_SETTINGS, editing(*changes), holds_key=False),),
    )


def _jetbrains(offer: Offer) -> Setup:
    return Setup(
        values=usual_values(offer),
        steps=(
            "Open Settings, Tools, AI Assistant, Providers & API keys.",
            "Choose OpenAI-compatible, paste the base URL as the URL, and the API key.",
            "Tick tool calling.",
            "Choose Test Connection, then the model, then Apply.",
        ),
    )


def _xcode(offer: Offer) -> Setup:
    return Setup(
        values=(
            Value("URL", offer.root),
            Value("API key", offer.key, is_secret=True),
            Value("API key header", "Authorization"),
        ),
        steps=(
            "Open Settings, Intelligence, and choose Add a Model Provider.",
            "Choose Internet Hosted: a locally hosted provider cannot send a key.",
            (
                "Paste the URL, the API key with the word Bearer and a space before it, and the"
                " header's name."
            ),
        ),
    )


def _obsidian(offer: Offer) -> Setup:
    return Setup(
        values=usual_values(offer),
        steps=(
            "Open the settings of Copilot in Obsidian, Model, and choose Add Custom Model.",
            (
                "Choose OpenAI Format as the provider, and paste the model, the base URL and the "
                "API key."
            ),
            "Choose Verify, then Add Model.",
        ),
    )


def _cursor(offer: Offer) -> Setup:
    return Setup(values=usual_values(offer))


def _any(offer: Offer) -> Setup:
    return Setup(
        values=usual_values(offer),
        steps=(
            "Choose OpenAI, OpenAI compatible or Custom as the provider.",
            "Paste the base URL, the API key and the model.",
            "If the client adds /v1 by itself, leave it out.",
        ),
        env={"OPENAI_BASE_URL": offer.endpoint, "OPENAI_API_KEY": offer.key},
    )


_ROO_SHAPE = Shape(
    (SYSTEM, ("user", 2)), usage=True, tools=True, strict=True,
    more={"temperature": 0, "tool_choice": "auto", "parallel_tool_calls": True},
)  # fmt: skip

EDITORS = (
    Client(
        "roo-code", "Roo Code", "editor", _roo, shape=_ROO_SHAPE,
        note="From its file Roo Code takes this profile again at every start of VS Code, until you "
        "undo it.",
    ),
    Client("zed", "Zed", "editor", _zed, shape=AGENT),
    Client("vscode", "GitHub Copilot in VS Code", "editor", _vscode, shape=AGENT),
    Client("jetbrains", "JetBrains AI Assistant", "editor", _jetbrains),
    Client(
        "xcode", "Xcode", "editor", _xcode,
        note="Whether Xcode takes an address without https is not known. Try it with its Test.",
    ),
    Client(
        "obsidian", "Obsidian Copilot", "editor", _obsidian,
        headers={"Origin": "app://obsidian.md"},
    ),
    Client(
        "cursor", "Cursor", "editor", _cursor,
        unreachable=(
            "Cursor's servers make the calls, so they cannot reach this computer. Use another "
            "editor, such as Zed or VS Code."
        ),
    ),
)  # fmt: skip

ANY = Client("openai", "Any OpenAI client", "library", _any)
