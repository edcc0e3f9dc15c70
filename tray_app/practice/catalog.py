"""The models that the practice site lists, in the shape of the site's own list."""

from typing import Any

MODELS = (
    # id, name, window, longest answer, sees, thinks (4: always), draws
    ("qwen3.8-max", "Qwen3.8-Max", 1_000_000, 131_072, True, 4, True),
    ("qwen3.7-plus", "Qwen3.7-Plus", 1_000_000, 65_536, True, 1, True),
    ("qwen3.7-max", "Qwen3.7-Max", 1_000_000, 65_536, False, 1, False),
    ("qwen3.6-plus", "Qwen3.6-Plus", 1_000_000, 65_536, True, 1, True),
    ("qwen3.5-plus", "Qwen3.5-Plus", 1_000_000, 65_536, True, 1, True),
    ("qwen3.5-omni-plus", "Qwen3.5-Omni-Plus", 262_144, 65_536, True, 0, True),
)
ALWAYS_THINKS = frozenset(model[0] for model in MODELS if model[5] == 4)


def listed() -> list[dict[str, Any]]:
    """Every model as the list shows it."""
    return [_listed(*model) for model in MODELS]


def _listed(*model: Any) -> dict[str, Any]:
    model_id, name, window, longest, sees, thinks, draws = model
    meta = {
        "description": name,
        "capabilities": {
            "vision": sees,
            "document": True,
            "thinking": thinks > 0,
            "search": True,
            "citations": True,
        },
        "abilities": {"vision": int(sees), "thinking": thinks, "citations": 1},
        "chat_type": ["t2t", "search", *(["t2i"] if draws else [])],
        "modality": ["text", "image"] if sees else ["text"],
        "max_context_length": window,
        "max_generation_length": longest,
        "think_skip": {"enable": thinks != 4},
    }
    info = {"id": model_id, "name": name, "created_at": 0, "is_active": True, "meta": meta}
    return {"id": model_id, "name": name, "object": "model", "owned_by": "qwen", "info": info}
