"""The agents: how each is installed, pointed at Portico and given a task on its command line.

In commands, files and variables `$BASE_URL`, `$KEY`, `$MODEL`, `$HOME` and `$TOOLS` stand for what
is known only when an agent runs. A file that is no text is written as JSON, which is YAML as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CREATE = "create hello.txt with the text hi"
CHANGE = "change hi to bye in hello.txt"


@dataclass(frozen=True)
class Agent:
    """A coding agent of a registry."""

    package: str
    """With its version, as npm wants it, or with `==` as pip does; empty for one of our own
    locked packages."""
    command: str
    """What runs it; the task comes behind it."""
    files: Mapping[str, Any] = field(default_factory=dict)
    """Its settings, by their place in its home."""
    env: Mapping[str, str] = field(default_factory=dict)
    create: str = CREATE
    change: str = CHANGE

    @property
    def folder(self) -> str:
        """The name of the folder it is installed in."""
        return self.package.replace("==", "-").replace("/", "-").replace("@", "-").strip("-")

    @property
    def is_python(self) -> bool:
        return "==" in self.package

    def __str__(self) -> str:
        return Path(self.command.split()[0]).name


_AI_SDK_PROVIDER = {
    "provider": {
        "portico": {
            "npm": "@ai-sdk/openai-compatible",
            "name": "Portico",
            "options": {"baseURL": "$BASE_URL", "apiKey": "$KEY"},
            "models": {
                "$MODEL": {
                    "name": "Qwen",
                    "tool_call": True,
                    "limit": {"context": 131072, "output": 32000},
                }
            },
        }
    },
    "model": "portico/$MODEL",
    "small_model": "portico/$MODEL",
}

PI = Agent(
    package="",
    command="pi --offline --provider portico --model $MODEL --no-session -p",
    files={
        ".pi/agent/models.json": {
            "providers": {
                "portico": {
                    "baseUrl": "$BASE_URL",
                    "api": "openai-completions",
                    "apiKey": "$KEY",
                    "models": [
                        {
                            "id": "$MODEL",
                            "name": "Qwen",
                            "reasoning": False,
                            "input": ["text"],
                            "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0},
                            "contextWindow": 131072,
                            "maxTokens": 8192,
                        }
                    ],
                }
            }
        }
    },
)

QWEN_CODE = Agent(
    package="@qwen-code/qwen-code@0.24.4",
    command="qwen --auth-type openai --yolo",
    env={"OPENAI_BASE_URL": "$BASE_URL", "OPENAI_API_KEY": "$KEY", "OPENAI_MODEL": "$MODEL"},
)

CONTINUE = Agent(
    package="@continuedev/cli@1.5.47",
    command="cn --config $HOME/.continue/config.yaml --auto -p",
    files={
        ".continue/config.yaml": {
            "name": "Portico",
            "version": "1.0.0",
            "schema": "v1",
            "models": [
                {
                    "name": "Qwen",
                    "provider": "openai",
                    "model": "$MODEL",
                    "apiBase": "$BASE_URL",
                    "apiKey": "$KEY",
                    "roles": ["chat", "edit", "apply"],
                    "capabilities": ["tool_use"],
                }
            ],
        }
    },
    env={"CONTINUE_TELEMETRY_ENABLED": "0"},
)

CLINE = Agent(
    package="cline@3.0.65",
    command="cline -P openai-compatible -m $MODEL",
    files={
        ".cline/data/settings/providers.json": {
            "version": 1,
            "lastUsedProvider": "openai-compatible",
            "modes": {},
            "providers": {
                "openai-compatible": {
                    "settings": {
                        "provider": "openai-compatible",
                        "apiKey": "$KEY",
                        "model": "$MODEL",
                        "baseUrl": "$BASE_URL",
                    },
                    "updatedAt": "2026-11-21T00:00:00.000Z",
                    "tokenSource": "manual",
                }
            },
        }
    },
    # Otherwise it leaves a server behind, for other windows to meet in.
    env={"CLINE_SESSION_BACKEND_MODE": "local"},
)

OPENCODE = Agent(
    package="opencode-ai@1.18.33",
    command="opencode run --pure -m portico/$MODEL",
    files={".config/opencode/opencode.json": _AI_SDK_PROVIDER},
    env={
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
        "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
    },
)

KILO = Agent(
    package="@kilocode/cli@7.7.7",
    command="kilo run --auto -m portico/$MODEL",
    files={".config/kilo/kilo.json": _AI_SDK_PROVIDER},
)

COPILOT = Agent(
    package="@github/copilot@1.0.102",
    command="copilot --allow-all-tools -p",
    env={
        "COPILOT_OFFLINE": "true",
        "COPILOT_AUTO_UPDATE": "false",
        "COPILOT_PROVIDER_TYPE": "openai",
        "COPILOT_PROVIDER_WIRE_API": "completions",
        "COPILOT_PROVIDER_BASE_URL": "$BASE_URL",
        "COPILOT_PROVIDER_API_KEY": "$KEY",
        "COPILOT_MODEL": "$MODEL",
    },
)

GROK = Agent(
    package="@vibe-kit/grok-cli@0.0.34",
    command="grok -p",
    env={"GROK_API_KEY": "$KEY", "GROK_BASE_URL": "$BASE_URL", "GROK_MODEL": "$MODEL"},
)

LLM = Agent(
    package="llm==0.36",
    command="llm -m portico --no-log --key $KEY --functions $TOOLS",
    files={
        ".config/io.datasette.llm/extra-openai-models.yaml": [
            {
                "model_id": "portico",
                "model_name": "$MODEL",
                "api_base": "$BASE_URL",
                # Without a name for it no key is sent.
                "api_key_name": "portico",
                "supports_tools": True,
            }
        ]
    },
)

_BLOCK = "hello.txt\n```\n<<<<<<< SEARCH\n{old}=======\n{new}\n>>>>>>> REPLACE\n```"

AIDER = Agent(
    package="aider-chat==0.86.2",
    command=(
        "aider --model openai/$MODEL --no-git --yes-always --no-check-update --no-analytics"
        " --no-show-model-warnings --no-pretty --edit-format diff --message"
    ),
    env={
        "OPENAI_API_BASE": "$BASE_URL",
        "OPENAI_API_KEY": "$KEY",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    },
    # It takes blocks of text for edits and offers no tools: practice mode's echo brings them back.
    create="Say this:\n\n" + _BLOCK.format(old="", new="hi"),
    change="Say this:\n\n" + _BLOCK.format(old="hi\n", new="bye"),
)

BY_HAND = (QWEN_CODE, CONTINUE, CLINE, OPENCODE, KILO, COPILOT, GROK, LLM, AIDER)
"""The agents that are too large, or too slow, for every run of the tests."""
