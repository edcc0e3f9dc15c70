"""OpenAI models: `/v1/models` and `/v1/models/{id}`.

Beside OpenAI's own fields stand those that clients read elsewhere: OpenRouter's and vLLM's names
for windows, limits and modalities. No client minds the extra keys (seen: 2026-11-21, thirteen
clients and SDKs).
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import ModelInfo
from tray_app.core.variants import offered, split

from .openai import decode, to_json

_PARAMETERS = [
    "stream", "reasoning_effort", "web_search_options", "tools", "tool_choice",
    "parallel_tool_calls", "stop", "max_tokens", "max_completion_tokens", "response_format",
    "structured_outputs",
]  # fmt: skip


class _Named(Struct):
    model: str = ""


_named = msgspec.json.Decoder(_Named)


def named_in(body: bytes) -> str:
    """The model that a body names, whatever else is wrong with it; empty where that is unclear."""
    try:
        return decode(body, _named).model
    except ProxyError:
        return ""


def models_body(models: Iterable[ModelInfo], *, with_variants: bool) -> bytes:
    """The whole list as JSON, each model followed by its variants."""
    data = [
        _model_object(name, model)
        for model in models
        for name in (offered(model) if with_variants else [model.id])
    ]
    return to_json({"object": "list", "data": data})


def model_body(name: str, model: ModelInfo) -> bytes:
    """One model as JSON, under the name that was asked for."""
    return to_json(_model_object(name, model))


def unknown_model(name: str) -> ProxyError:
    """A 404 for a model that is not in the list."""
    return ProxyError(Kind.MODEL_NOT_FOUND, f"The model {name!r} does not exist", param="model")


def _model_object(name: str, model: ModelInfo) -> dict[str, object]:
    _, variant = split(name)
    inputs = ["text", "image"] if model.vision else ["text"]
    outputs = ["image"] if variant.draw else ["text"]
    shown: dict[str, object] = {
        "id": name,
        "object": "model",
        "created": model.created_s,
        "owned_by": "qwen",
        "name": _title(model, name),
        "architecture": {
            "modality": f"{'+'.join(inputs)}->{'+'.join(outputs)}",
            "input_modalities": inputs,
            "output_modalities": outputs,
        },
        "supported_parameters": _PARAMETERS,
        "pricing": {"prompt": "0", "completion": "0"},
    }
    if model.context_tokens:
        shown["context_length"] = shown["max_model_len"] = model.context_tokens
        shown["top_provider"] = {
            "context_length": model.context_tokens,
            "max_completion_tokens": model.output_tokens or None,
        }
    return shown


def _title(model: ModelInfo, name: str) -> str:
    suffix = name.removeprefix(model.id).strip("-").replace("-", ", ")
    return f"{model.name} ({suffix})" if suffix else model.name
