"""Agents of the command line: the files and variables by which each is pointed at Portico.

Every one with a file or variables here has made and changed a file through Portico (2026-11),
except Claude Code, Codex, droid and nanocoder, whose forms are those of their guides.
"""

from collections.abc import Callable
from typing import Any

from .jsonc import Change, editing
from .lines import Item, listing, setting
from .recipe import (
    KEY_VARIABLE,
    Client,
    ConfigFile,
    Offer,
    Place,
    Setup,
    context_of,
    numbers_of,
    output_of,
    title_of,
    usual_values,
)
from .shapes import AGENT, ASSISTANT, CHOOSING, COUNTED, SYSTEM, USER, Shape
from .toml_text import in_toml

_IN_BRACES = f"{{env:{KEY_VARIABLE}}}"


def _model_table(offer: Offer) -> dict[str, Any]:
    return {
        name: {
            "name": title_of(name, model),
            "tool_call": True,
            "attachment": model.vision,
            # Without it a picture is replaced by a sentence that there is none.
            "modalities": {
                "input": ["text", "image"] if model.vision else ["text"],
                "output": ["text"],
            },
            "limit": {"context": context_of(model), "output": output_of(model)},
        }
        for name, model in offer.names().items()
    }


def _ai_sdk(offer: Offer) -> tuple[Change, ...]:
    """What opencode and Kilo read: one schema."""
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "Portico",
        "options": {"baseURL": offer.endpoint, "apiKey": offer.key},
        "models": _model_table(offer),
    }
    model = f"portico/{offer.model}"
    return (
        Change(("provider", "portico"), provider),
        Change(("model",), model),
        Change(("small_model",), model),
    )


def _opencode(offer: Offer) -> Setup:
    return Setup(
        values=usual_values(offer),
        files=(
            ConfigFile(Place("$XDG_CONFIG_HOME/opencode/opencode.json"), editing(*_ai_sdk(offer))),
        ),
        command=f"opencode -m portico/{offer.model}",
    )


def _kilo(offer: Offer) -> Setup:
    return Setup(
        values=(*usual_values(offer), *numbers_of(offer)),
        steps=(
            "In VS Code, open Kilo Code and choose its settings.",
            "Choose OpenAI Compatible as the API provider.",
            "Paste the base URL, the API key and the model.",
            "Set the context window and the output tokens, and tick image support.",
            "Choose Save.",
        ),
        files=(ConfigFile(Place("$XDG_CONFIG_HOME/kilo/kilo.json"), editing(*_ai_sdk(offer))),),
        command=f"kilo -m portico/{offer.model}",
    )


def _cline(offer: Offer) -> Setup:
    provider = {
        "settings": {
            "provider": "openai-compatible",
            "apiKey": offer.key,
            "model": offer.model,
            "baseUrl": offer.endpoint,
        },
        "updatedAt": offer.made_at,
        "tokenSource": "manual",
    }
    changes = (
        Change(("version",), 1, is_default=True),
        Change(("lastUsedProvider",), "openai-compatible"),
        Change(("modes",), {}, is_default=True),
        Change(("providers", "openai-compatible"), provider, but=("updatedAt",)),
    )
    return Setup(
        values=(*usual_values(offer), *numbers_of(offer)),
        steps=(
            "In VS Code, open Cline and choose its settings.",
            "Choose OpenAI Compatible as the API provider.",
            "Paste the base URL, the API key and the model.",
            "Set the context window and the output tokens, and tick image support.",
            "Choose Done.",
        ),
        files=(ConfigFile(Place("~/.cline/data/settings/providers.json"), editing(*changes)),),
        command=f"cline -P openai-compatible -m {offer.model}",
    )


def _pi(offer: Offer) -> Setup:
    models = [
        {
            "id": name,
            "name": title_of(name, model),
            "reasoning": False,
            "input": ["text", "image"] if model.vision else ["text"],
            "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0},
            "contextWindow": context_of(model),
            "maxTokens": output_of(model),
        }
        for name, model in offer.names().items()
    ]
    provider = {
        "baseUrl": offer.endpoint,
        "api": "openai-completions",
        "apiKey": offer.key,
        "models": models,
    }
    edit = editing(Change(("providers", "portico"), provider))
    return Setup(
        values=usual_values(offer),
        files=(ConfigFile(Place("~/.pi/agent/models.json"), edit),),
        command=f"pi --provider portico --model {offer.model}",
    )


def _continue(offer: Offer) -> Setup:
    names = offer.names()
    # The first of its models is the one that it begins with.
    ordered = {offer.model: names[offer.model], **names}
    items: list[Item] = [
        {
            "name": title_of(name, model),
            "provider": "openai",
            "model": name,
            "apiBase": offer.endpoint,
            "apiKey": offer.key,
            "roles": ["chat", "edit", "apply"],
            "capabilities": ["tool_use", "image_input"] if model.vision else ["tool_use"],
            # Without them Continue takes every model for one with a window of 200,000.
            "defaultCompletionOptions": {
                "contextLength": context_of(model),
                "maxTokens": output_of(model),
            },
        }
        for name, model in ordered.items()
    ]
    head = "name: Portico\nversion: 1.0.0\nschema: v1\n"
    return Setup(
        values=usual_values(offer),
        files=(ConfigFile(Place("~/.continue/config.yaml"), listing("models", items, head)),),
        command="cn",
    )


def _qwen_code(offer: Offer) -> Setup:
    env = {
        "OPENAI_BASE_URL": offer.endpoint,
        "OPENAI_API_KEY": offer.key,
        "OPENAI_MODEL": offer.model,
    }
    return Setup(
        env=env,
        files=(ConfigFile(Place("~/.qwen/.env"), setting(env, "=")),),
        command="qwen --auth-type openai",
    )


def _aider(offer: Offer) -> Setup:
    pairs = {
        "openai-api-base": offer.endpoint,
        "openai-api-key": offer.key,
        "model": f"openai/{offer.model}",
    }
    return Setup(
        env={"OPENAI_API_BASE": offer.endpoint, "OPENAI_API_KEY": offer.key},
        files=(ConfigFile(Place("~/.aider.conf.yml"), setting(pairs, ": ")),),
        command=f"aider --model openai/{offer.model}",
    )


def _llm(offer: Offer) -> Setup:
    items: list[Item] = [
        {
            "model_id": "portico" if name == offer.model else f"portico/{name}",
            "model_name": name,
            "api_base": offer.endpoint,
            # Without a name for it no key is sent.
            "api_key_name": "portico",
            "supports_tools": True,
            "vision": model.vision,
        }
        for name, model in offer.names().items()
    ]
    place = Place(
        "$XDG_CONFIG_HOME/io.datasette.llm/extra-openai-models.yaml",
        macos="~/Library/Application Support/io.datasette.llm/extra-openai-models.yaml",
        windows="$APPDATA/io.datasette.llm/extra-openai-models.yaml",
    )
    return Setup(
        values=usual_values(offer),
        steps=("Run llm keys set portico, and paste the API key when it asks.",),
        files=(ConfigFile(place, listing("", items), holds_key=False),),
        command="llm -m portico",
    )


def _copilot_cli(offer: Offer) -> Setup:
    env = {
        "COPILOT_OFFLINE": "true",
        "COPILOT_PROVIDER_TYPE": "openai",
        "COPILOT_PROVIDER_WIRE_API": "completions",
        "COPILOT_PROVIDER_BASE_URL": offer.endpoint,
        "COPILOT_PROVIDER_API_KEY": offer.key,
        "COPILOT_MODEL": offer.model,
    }
    return Setup(env=env, command="copilot")


def _grok(offer: Offer) -> Setup:
    env = {
        "GROK_BASE_URL": offer.endpoint,
        "GROK_API_KEY": offer.key,
        "GROK_MODEL": offer.model,
    }
    return Setup(env=env, command="grok")


def _droid(offer: Offer) -> Setup:
    changes = [
        Change(
            ("customModels",),
            {
                "displayName": f"Portico {title_of(name, model)}",
                "model": name,
                "provider": "generic-chat-completion-api",
                "baseUrl": offer.endpoint,
                "apiKey": offer.key,
                "maxOutputTokens": output_of(model),
            },
            item="displayName",
        )
        for name, model in offer.names().items()
    ]
    return Setup(
        values=usual_values(offer),
        steps=("In droid, type /model and choose one whose name begins with Portico.",),
        files=(ConfigFile(Place("~/.factory/settings.json"), editing(*changes)),),
        command="droid",
    )


def _nanocoder(offer: Offer) -> Setup:
    provider = {
        "name": "Portico",
        "baseUrl": offer.endpoint,
        "apiKey": offer.key,
        "models": list(offer.names()),
    }
    edit = editing(Change(("nanocoder", "providers"), provider, item="name"))
    return Setup(
        steps=("Save this as agents.config.json in the folder that you work in.",),
        text=edit(""),
        command="nanocoder",
    )


def _codex(offer: Offer) -> Setup:
    window = context_of(offer.names()[offer.model])
    top: dict[str, str | int] = {
        "model": offer.model,
        "model_provider": "portico",
        "model_context_window": window,
        "model_auto_compact_token_limit": window * 3 // 4,
    }
    provider: dict[str, str | int] = {
        "name": "Portico",
        "base_url": offer.endpoint,
        "env_key": KEY_VARIABLE,
        "wire_api": "responses",
    }
    edit = in_toml(top, "model_providers.portico", provider)
    return Setup(
        env={KEY_VARIABLE: offer.key},
        files=(ConfigFile(Place("~/.codex/config.toml"), edit, holds_key=False),),
        command="codex",
    )


def _claude_code(offer: Offer) -> Setup:
    env = {
        "ANTHROPIC_BASE_URL": offer.root,
        "ANTHROPIC_AUTH_TOKEN": offer.key,
        "ANTHROPIC_MODEL": offer.model,
        # Of older versions; newer ones read the three below.
        "ANTHROPIC_SMALL_FAST_MODEL": offer.model,
        "ANTHROPIC_DEFAULT_OPUS_MODEL": offer.model,
        "ANTHROPIC_DEFAULT_SONNET_MODEL": offer.model,
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": offer.model,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    }
    changes = [Change(("env", name), value) for name, value in env.items()]
    return Setup(
        env=env,
        files=(ConfigFile(Place("~/.claude/settings.json"), editing(*changes)),),
        command="claude",
    )


def _agent(
    name: str,
    label: str,
    setup: Callable[[Offer], Setup],
    shape: Shape = AGENT,
    key_from: str = "",
) -> Client:
    return Client(name, label, "agent", setup, shape=shape, key_from=key_from)


_OPENCODE = Shape(
    (SYSTEM, USER), usage=True, tools=True, more={"max_tokens": 32_000, "tool_choice": "auto"}
)
_KILO = Shape(
    (SYSTEM, ("user", 2)), usage=True, tools=True,
    more={"max_tokens": 32_000, "top_p": 1, "tool_choice": "auto"},
)  # fmt: skip
_QWEN_CODE = Shape((SYSTEM, ("user", 5)), usage=True, tools=True, more={"max_tokens": 32_768})
_PI = Shape(
    (SYSTEM, ("user", 1)), usage=True, tools=True, strict=False,
    more={"store": False, "max_completion_tokens": 8192},
)  # fmt: skip
_COPILOT = Shape(
    (SYSTEM, USER), usage=True, tools=True,
    more={"temperature": 0, "top_p": 0.95, "frequency_penalty": 0, "presence_penalty": 0},
)  # fmt: skip
_AIDER = Shape((SYSTEM, *(USER, ASSISTANT) * 4, USER), more={"temperature": 0})
_DROID = Shape(
    (SYSTEM, ("user", 1), USER), usage=True, tools=True,
    more={"temperature": 1, "max_tokens": 8192},
)  # fmt: skip
_NANOCODER = Shape((SYSTEM, USER), tools=True, more={"tool_choice": "auto"})
_GROK = Shape(
    (SYSTEM, USER), stream=False, tools=True,
    more={
        "temperature": 0.7,
        "max_tokens": 1536,
        "tool_choice": "auto",
        "search_parameters": {"mode": "off"},
    },
)  # fmt: skip


AGENTS = (
    _agent("opencode", "opencode", _opencode, _OPENCODE, key_from=_IN_BRACES),
    _agent("kilo", "Kilo Code", _kilo, _KILO, key_from=_IN_BRACES),
    _agent("cline", "Cline", _cline, CHOOSING),
    _agent("continue", "Continue", _continue, key_from=f"${{{{ secrets.{KEY_VARIABLE} }}}}"),
    _agent("qwen-code", "Qwen Code", _qwen_code, _QWEN_CODE),
    _agent("pi", "pi", _pi, _PI, key_from=KEY_VARIABLE),
    _agent("copilot-cli", "GitHub Copilot CLI", _copilot_cli, _COPILOT),
    Client("aider", "aider", "agent", _aider, shape=_AIDER),
    Client("llm", "llm", "agent", _llm, shape=COUNTED),
    _agent("droid", "Factory droid", _droid, _DROID),
    _agent("nanocoder", "nanocoder", _nanocoder, _NANOCODER),
    _agent("grok-cli", "grok-cli", _grok, _GROK),
    Client("codex", "Codex CLI", "agent", _codex, "/responses"),
    Client("claude-code", "Claude Code", "agent", _claude_code, "/messages"),
)
