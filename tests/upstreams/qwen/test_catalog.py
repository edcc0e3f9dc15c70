"""Models and their names: F14 and what a person may write."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import ModelInfo, Prompt, Variant
from tray_app.upstreams.qwen import catalog
from tray_app.upstreams.qwen.catalog import BUILT_IN, WISHES, choose


def wanted(name: str, models: tuple[ModelInfo, ...] = BUILT_IN, **said: Any) -> tuple[str, Variant]:
    choice = choose(Prompt(name, (), **said), models)
    return choice.model.id, choice.variant


def refusal(name: str, models: tuple[ModelInfo, ...] = BUILT_IN) -> ProxyError:
    with pytest.raises(ProxyError) as caught:
        choose(Prompt(name, ()), models)
    return caught.value


LISTED = {
    "data": [
        {
            "id": "qwen9-plus",
            "name": "Qwen9",
            "info": {
                "created_at": 5,
                "meta": {
                    "capabilities": {"vision": True, "search": True},
                    "abilities": {"thinking": 4},
                    "chat_type": ["t2t", "t2i"],
                    "max_context_length": 1000,
                    "max_generation_length": 100,
                },
            },
        },
        {"id": "bare"},
        {"id": "gone", "info": {"is_active": False}},
        {"id": 7},
        "rubbish",
        {"id": "bare", "name": "again"},
    ]
}
READ = (
    ModelInfo("qwen9-plus", "Qwen9", 1000, 100, vision=True, thinking=True, thinking_forced=True,
              search=True, draw=True, created_s=5),
    ModelInfo("bare", "bare"),
)  # fmt: skip


@pytest.mark.parametrize("told", [LISTED, {"success": True, "data": LISTED}])
def test_a_list_is_read_in_both_shapes_and_rubbish_is_left_out(told: object) -> None:
    assert catalog.read(json.dumps(told).encode()) == READ


@pytest.mark.parametrize("told", [b"", b"{}", b"[]", b'{"data":7}', b'{"data":[]}', b"<html>"])
def test_a_list_that_is_none_is_empty(told: bytes) -> None:
    """R69"""
    assert catalog.read(told) == ()


@given(st.binary(max_size=80))
def test_no_list_is_a_crash(told: bytes) -> None:
    catalog.read(told)


@pytest.mark.parametrize(
    ("name", "model", "variant"),
    [
        ("qwen3.7-plus", "qwen3.7-plus", Variant()),
        ("Qwen3.7-Plus", "qwen3.7-plus", Variant()),
        ("qwen3.7-plus-thinking", "qwen3.7-plus", Variant(thinking=True)),
        ("qwen3.7-plus-search-thinking", "qwen3.7-plus", Variant(thinking=True, search=True)),
        ("qwen3.7-plus-draw", "qwen3.7-plus", Variant(draw=True)),
        ("qwen3.7-plus-image", "qwen3.7-plus", Variant(draw=True)),
        ("qwen-max-latest", "qwen3.8-max", Variant()),
        ("qwen-plus-latest-search", "qwen3.7-plus", Variant(search=True)),
        ("qwen-turbo-latest", "qwen3.7-plus", Variant()),
        ("qwq-32b-preview", "qwen3.8-max", Variant(thinking=True)),
        ("qvq-72b-preview", "qwen3.8-max", Variant(thinking=True)),
    ],
)
def test_names_come_to_models(name: str, model: str, variant: Variant) -> None:
    assert wanted(name) == (model, variant)


@pytest.mark.parametrize("name", WISHES)
@pytest.mark.parametrize("models", [BUILT_IN, READ, (ModelInfo("only", "Only", thinking=True),)])
def test_every_default_name_of_before_is_granted_by_any_list(
    name: str, models: tuple[ModelInfo, ...]
) -> None:
    assert choose(Prompt(name, (), thinking=False), models).model in models


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("qwen3.7-plsu", "qwen3.7-plus"),
        ("gpt-5", "Available: qwen3.8-max"),
        ("qwen3.5-omni-plus-thinking", "qwen3.5-omni-plus"),
        ("qwen3.7-max-draw", "qwen3.7-max"),
        ("qwen3.7-plus-thinking-draw", "qwen3.7-plus-thinking"),
        ("", "Available"),
    ],
)
def test_a_name_nobody_knows_is_refused_with_near_names(name: str, near: str) -> None:
    fault = refusal(name)

    assert fault.kind is Kind.MODEL_NOT_FOUND
    assert fault.param == "model"
    assert near in fault.text


def test_the_body_has_the_last_word_on_thinking_and_may_ask_for_a_search() -> None:
    assert wanted("qwen3.7-plus-thinking", thinking=False)[1] == Variant()
    assert wanted("qwen3.7-plus", thinking=True)[1] == Variant(thinking=True)
    assert wanted("qwen3.5-omni-plus", thinking=True)[1] == Variant()
    assert wanted("qwen3.7-plus", search=True)[1] == Variant(search=True)
    assert wanted("qwen3.7-plus-draw", thinking=True, search=True)[1] == Variant(draw=True)


def test_a_models_own_name_may_end_like_a_suffix() -> None:
    own = ModelInfo("deep-search", "Deep", search=True)
    assert wanted("deep-search", (own,)) == ("deep-search", Variant())
    assert wanted("deep-search-search", (own,)) == ("deep-search", Variant(search=True))


@given(st.text(max_size=30))
def test_no_name_is_a_crash(name: str) -> None:
    """F14"""
    with contextlib.suppress(ProxyError):
        wanted(name)
