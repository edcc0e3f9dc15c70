"""The models that the practice site lists, in the shape of the site's own list."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Model:
    """One model, and what it can do."""

    id: str
    name: str
    window: int
    longest: int
    """Of an answer, in tokens as the window."""
    can: frozenset[str]
    """Any of `vision`, `document`, `video`, `audio`, `thinking`, `t2i` and `image_edit`."""
    always_thinks: bool = False


def _model(model_id: str, window: int, longest: int, can: str, *, always: bool = False) -> Model:
    name = model_id.replace("qwen", "Qwen").replace("-", " ").title().replace(" ", "-")
    return Model(model_id, name, window, longest, frozenset(can.split()), always)


_ALL = "vision document video thinking t2i image_edit"
MODELS = (
    _model("qwen3.8-max", 1_000_000, 131_072, _ALL, always=True),
    _model("qwen3.7-plus", 1_000_000, 65_536, _ALL),
    _model("qwen3.7-max", 1_000_000, 65_536, "document thinking"),
    _model("qwen3.6-plus", 1_000_000, 65_536, _ALL),
    _model("qwen3.5-plus", 1_000_000, 65_536, "vision document thinking t2i"),
    _model("qwen3.5-omni-plus", 262_144, 65_536, "vision document video audio t2i image_edit"),
    _model("qwen3-omni-flash", 65_536, 16_384, "vision audio"),
    _model("qwen3-coder-plus", 1_000_000, 65_536, ""),
)
ALWAYS_THINKS = frozenset(model.id for model in MODELS if model.always_thinks)
_KINDS_OF_FILES = ("vision", "document", "video", "audio")
_SENSES = {"vision": "image", "video": "video", "audio": "audio"}


def listed() -> list[dict[str, Any]]:
    """Every model as the list shows it."""
    return [_listed(model) for model in MODELS]


def _listed(model: Model) -> dict[str, Any]:
    thinking = 4 if model.always_thinks else int("thinking" in model.can)
    takes = {kind: kind in model.can for kind in _KINDS_OF_FILES}
    meta = {
        "description": model.name,
        "capabilities": {**takes, "thinking": thinking > 0, "search": True, "citations": True},
        "abilities": {
            **{kind: int(able) for kind, able in takes.items()},
            "thinking": thinking,
            "citations": 1,
        },
        "chat_type": ["t2t", "search", *(one for one in ("t2i", "image_edit") if one in model.can)],
        "modality": ["text", *(name for kind, name in _SENSES.items() if kind in model.can)],
        "max_context_length": model.window,
        "max_generation_length": model.longest,
        "think_skip": {"enable": not model.always_thinks},
    }
    info = {"id": model.id, "name": model.name, "created_at": 0, "is_active": True, "meta": meta}
    return {
        "id": model.id,
        "name": model.name,
        "object": "model",
        "owned_by": "qwen",
        "info": info,
    }
