"""Chat apps and translators: what is pasted where, and links that an app takes after asking."""

import json
from base64 import b64encode
from urllib.parse import quote

from .recipe import (
    Client,
    Need,
    Offer,
    Setup,
    Value,
    context_of,
    output_of,
    title_of,
    usual_values,
)
from .shapes import COUNTED, SYSTEM, USER, Shape

TRANSLATOR = {"patience_s": "100", "queue": "background", "reasoning": "hidden", "join": "true"}
"""Translators ask much at once, give up after 101 seconds and do not ask again; a page that is
translated must not keep a person waiting elsewhere, nobody reads its thoughts, and what stands
there twice is translated once."""


def _cherry(offer: Offer) -> Setup:
    told = {
        "id": "portico",
        "name": "Portico",
        "type": "openai",
        "baseUrl": offer.root,
        "apiKey": offer.key,
    }
    # Its reader turns `_` into `+` and `-` into `/`, which is not what base64url means.
    data = b64encode(json.dumps(told).encode()).decode().replace("+", "_").replace("/", "-")
    return Setup(
        values=usual_values(offer, offer.root),
        steps=(
            "Open Settings, Model Provider, and choose Add.",
            "Name it Portico and choose OpenAI as its type.",
            "Paste the base URL as the API host, without /v1, and the API key.",
            "Choose Manage, and add the models that you want.",
        ),
        link=f"cherrystudio://providers/api-keys?v=1&data={quote(data)}",
        link_holds_key=True,
    )


def _chatbox(offer: Offer) -> Setup:
    models = [
        {
            "modelId": name,
            "nickname": title_of(name, model),
            "type": "chat",
            "capabilities": [
                *(["vision"] if model.vision else []),
                *(["reasoning"] if model.thinking else []),
                "tool_use",
            ],
            "contextWindow": context_of(model),
            "maxOutput": output_of(model),
        }
        for name, model in offer.names().items()
    ]
    told = {
        "id": "portico",
        "name": "Portico",
        "type": "openai",
        "urls": {"website": offer.root},
        # The key is left out: a link ends up in histories, and Chatbox has a field for it.
        "settings": {
            "apiHost": offer.root,
            "apiPath": "/v1/chat/completions",
            "models": models,
        },
    }
    data = b64encode(json.dumps(told).encode()).decode()
    return Setup(
        values=(Value("API Key", offer.key, is_secret=True),),
        steps=(
            "Copy the text, open Settings, Model Provider, and choose Import from clipboard.",
            "Choose Save, then paste the API key into its field.",
        ),
        text=json.dumps(told, ensure_ascii=False, indent=2) + "\n",
        link=f"chatbox://provider/import?config={quote(data, safe='')}",
    )


def _lobechat(offer: Offer) -> Setup:
    return Setup(
        values=usual_values(offer),
        steps=(
            "Open Settings, AI Service Provider, OpenAI.",
            "Paste the API key, and the base URL as the API proxy address.",
            "Switch on client request fetching, so that your browser makes the calls.",
        ),
        needs=(
            Need(
                "web_app",
                "Its page is a web app. Portico lets in only those that you allow, each by its "
                "exact address.",
            ),
        ),
    )


def _open_webui(offer: Offer) -> Setup:
    return Setup(
        values=usual_values(offer),
        steps=(
            "Open the Admin Panel, Settings, Connections, and add an OpenAI API connection.",
            "Paste the base URL as the URL, and the API key, then save.",
            "If it runs in a container, write host.docker.internal instead of 127.0.0.1.",
        ),
        needs=(
            Need(
                "host",
                "A container calls this computer host.docker.internal. Portico answers only to "
                "names that it knows, and still asks for the key.",
                "host.docker.internal",
            ),
        ),
    )


def _sillytavern(offer: Offer) -> Setup:
    return Setup(
        values=usual_values(offer),
        steps=(
            "Open API Connections and choose Chat Completion, then Custom (OpenAI-compatible).",
            "Paste the base URL as the endpoint, and the API key.",
            "Choose Connect, then the model.",
        ),
    )


def _page_assist(offer: Offer) -> Setup:
    return Setup(
        values=usual_values(offer),
        steps=(
            "Open its settings, OpenAI Compatible API, and choose Add Provider.",
            "Choose Custom, and paste the base URL and the API key.",
            "Save, then add the models that you want.",
        ),
    )


def _home_assistant(offer: Offer) -> Setup:
    return Setup(
        values=(Value("URL", offer.root), Value("API key", offer.key, is_secret=True)),
        steps=(
            "Open Settings, Devices & services, and add the integration Ollama.",
            "Paste the URL and the API key, then choose a model.",
        ),
        needs=(
            Need(
                "network",
                "It usually runs on another computer. Portico answers other devices only once you "
                "open it to your network.",
            ),
        ),
    )


def _raycast(offer: Offer) -> Setup:
    return Setup(
        values=(Value("Ollama Host", offer.root),),
        steps=("Open Settings, AI, and write the address as the Ollama host.",),
    )


def _immersive(offer: Offer) -> Setup:
    limits = {
        "requestTimeout": 300_000,
        "limit": 0.3,
        "maxTextGroupLengthPerRequest": 10,
        "maxTextLengthPerRequest": 3000,
    }
    return Setup(
        values=(
            Value("Custom API URL", f"{offer.endpoint}/chat/completions"),
            Value("API key", offer.key, is_secret=True),
            Value("Model", offer.model),
            Value("Maximum requests per second", "0.3"),
            Value("Maximum paragraphs per request", "10"),
            Value("Maximum text length per request", "3000"),
        ),
        steps=(
            "Open the extension's settings, Translation Services, and add a custom AI service.",
            "Paste the whole URL, the API key and the model.",
            "Open more options, and set the three limits.",
            "Choose Test at the top right.",
            (
                "To give long pages more time, paste the text into Developer Settings, Edit full "
                "user config."
            ),
        ),
        text=json.dumps({"translationServices": {"custom-ai": limits}}, indent=2) + "\n",
    )


def _read_frog(offer: Offer) -> Setup:
    return Setup(
        values=(
            *usual_values(offer),
            Value("Requests per second", "1"),
            Value("Burst", "2"),
        ),
        steps=(
            "Open its options, API Providers, and add OpenAI Compatible.",
            "Paste the base URL, the API key and the model.",
            "Open Translation, Request queue, and lower the rate and the burst.",
        ),
    )


_READ_FROG = Shape((SYSTEM, USER), stream=False, translates=True)
_IMMERSIVE = Shape((SYSTEM, USER), stream=False, translates=True, more={"temperature": 0})

APPS = (
    Client("cherry-studio", "Cherry Studio", "app", _cherry, shape=COUNTED),
    Client("chatbox", "Chatbox", "app", _chatbox),
    Client("open-webui", "Open WebUI", "app", _open_webui),
    Client("lobechat", "LobeChat", "app", _lobechat, shape=COUNTED),
    Client("sillytavern", "SillyTavern", "app", _sillytavern),
    Client("page-assist", "Page Assist", "app", _page_assist),
    Client("home-assistant", "Home Assistant", "app", _home_assistant, speaks="/api/chat"),
    Client("raycast", "Raycast", "app", _raycast, speaks="/api/chat"),
    Client(
        "immersive-translate", "Immersive Translate", "translator", _immersive,
        shape=_IMMERSIVE,
        headers={"Origin": "chrome-extension://bpoadfkcbjbfhfodiogcnhhhpibjhbnh"},
        profile=TRANSLATOR,
    ),
    Client(
        "read-frog", "Read Frog", "translator", _read_frog, shape=_READ_FROG,
        headers={"Origin": "chrome-extension://modkelfkcfjpgbfmnbnllalkiogfofhb"},
        profile=TRANSLATOR,
    ),
)  # fmt: skip
