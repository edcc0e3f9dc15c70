"""OpenAI models."""

import json

from tray_app.core.model import ModelInfo
from tray_app.dialects.openai_models import model_body, models_body, named_in, unknown_model

MODELS = (
    ModelInfo("qwen3.7-plus", "Qwen3.7-Plus", 1_000_000, 65_536, vision=True, thinking=True,
              search=True, draw=True),
    ModelInfo("bare", "Bare"),
)  # fmt: skip


def test_every_model_is_listed_with_what_it_can_do() -> None:
    told = json.loads(models_body(MODELS, with_variants=True))

    assert told["object"] == "list"
    assert [model["id"] for model in told["data"]] == [
        "qwen3.7-plus", "qwen3.7-plus-thinking", "qwen3.7-plus-search",
        "qwen3.7-plus-thinking-search", "qwen3.7-plus-draw", "bare",
    ]  # fmt: skip
    first = told["data"][0]
    assert first["owned_by"] == "qwen"
    assert first["context_length"] == first["max_model_len"] == 1_000_000
    assert first["top_provider"]["max_completion_tokens"] == 65_536
    assert first["architecture"]["input_modalities"] == ["text", "image"]
    assert told["data"][4]["architecture"]["output_modalities"] == ["image"]
    assert told["data"][3]["name"] == "Qwen3.7-Plus (thinking, search)"
    assert "context_length" not in told["data"][-1]


def test_variants_may_be_left_out() -> None:
    told = json.loads(models_body(MODELS, with_variants=False))
    assert [model["id"] for model in told["data"]] == ["qwen3.7-plus", "bare"]


def test_one_model_is_shown_under_the_name_asked_for() -> None:
    assert json.loads(model_body("qwen3.7-plus-search", MODELS[0]))["id"] == "qwen3.7-plus-search"
    assert unknown_model("x").kind.row.status == 404


def test_the_model_that_a_body_names_is_found_whatever_else_is_wrong_with_it() -> None:
    assert named_in(b'{"model": "gpt-9", "messages": 7}') == "gpt-9"
    assert named_in(b'\xef\xbb\xbf{"model": "gpt-9"}') == "gpt-9"
    assert named_in(b'{"model": 7}') == named_in(b'{"model": "x') == named_in(b"[]") == ""
