"""Models and their names: F14 and what a person may write."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.files import Attached
from tray_app.core.model import Drawing, FilePart, Message, ModelInfo, Prompt, TextPart, Variant
from tray_app.upstreams.qwen import catalog
from tray_app.upstreams.qwen.catalog import BUILT_IN, WISHES, choose


def wanted(name: str, models: tuple[ModelInfo, ...] = BUILT_IN, **said: Any) -> tuple[str, Variant]:
    choice = choose(Prompt(name, **{"messages": (), **said}), models)
    return choice.model.id, choice.variant


def refusal(name: str, models: tuple[ModelInfo, ...] = BUILT_IN, **said: Any) -> ProxyError:
    with pytest.raises(ProxyError) as caught:
        choose(Prompt(name, **{"messages": (), **said}), models)
    return caught.value


LISTED = {
    "data": [
        {
            "id": "qwen9-plus",
            "name": "Qwen9",
            "info": {
                "created_at": 5,
                "meta": {
                    "capabilities": {"vision": True, "search": True, "document": True},
                    "abilities": {"thinking": 4, "audio": 1, "video": 0},
                    "chat_type": ["t2t", "t2i", "image_edit"],
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
    ModelInfo("qwen9-plus", "Qwen9", 1000, 100, vision=True, document=True, audio=True,
              thinking=True, thinking_forced=True, search=True, draw=True, edit=True, created_s=5),
    ModelInfo("bare", "bare", document=True),
)  # fmt: skip


@pytest.mark.parametrize("told", [LISTED, {"success": True, "data": LISTED}])
def test_a_list_is_read_in_both_shapes_and_rubbish_is_left_out(told: object) -> None:
    assert catalog.read(json.dumps(told).encode()) == READ


META: dict[str, Any] = {
    "capabilities": {"vision": True, "thinking": True},
    "chat_type": ["t2t", "t2i"],
    "max_context_length": 1000,
}
INFO = {"created_at": 5, "is_active": True, "meta": META}
WHOLE = ModelInfo("m", "M", 1000, vision=True, document=True, thinking=True, draw=True, created_s=5)


def listed(*items: dict[str, Any]) -> tuple[ModelInfo, ...]:
    return catalog.read(json.dumps({"data": items}).encode())


def one(meta: dict[str, Any] | None = None, **info: Any) -> ModelInfo:
    """What is read of a usual entry in which some fields are otherwise."""
    told = {**INFO, "meta": {**META, **(meta or {})}, **info}
    [model] = listed({"id": "m", "name": "M", "info": told})
    return model


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (one(), WHOLE),
        (one({"max_context_length": 1000.0}), WHOLE),
        (one({"max_context_length": "much"}), replace(WHOLE, context_tokens=0)),
        (one({"max_generation_length": None}), WHOLE),
        (one(created_at=5.0), WHOLE),
        (one(created_at=1_790_000_000.5), replace(WHOLE, created_s=0)),
        (one(created_at="2026-09-24"), replace(WHOLE, created_s=0)),
        (one(is_active=1), WHOLE),
        (one(is_active="yes"), WHOLE),
        (one({"capabilities": ["vision", "thinking", None]}), WHOLE),
        (one({"capabilities": "vision"}), replace(WHOLE, vision=False, thinking=False)),
        (one({"capabilities": {**META["capabilities"], "audio": {"max": 1}}}), WHOLE),
        (one({"abilities": {"video": "1", "audio": "no"}}), replace(WHOLE, video=True)),
        (one({"think_skip": True}), WHOLE),
        (one({"think_skip": {"enable": "maybe"}}), WHOLE),
        (one({"chat_type": ["t2i", None, 7]}), WHOLE),
        (one({"chat_type": "t2i"}), WHOLE),
        (one({"chat_type": "t2t"}), replace(WHOLE, draw=False)),
    ],
)
def test_every_field_is_read_by_itself(model: ModelInfo, expected: ModelInfo) -> None:
    assert model == expected


def test_an_entry_that_cannot_be_read_takes_no_other_along() -> None:
    told = b'{"data":[{"id":"a"},{"id":"b","created_at":1e999},{"id":"c"}]}'
    assert [model.id for model in catalog.read(told)] == ["a", "c"]


def test_a_name_that_is_none_is_the_id() -> None:
    assert [model.name for model in listed({"id": "m", "name": 5, "info": INFO})] == ["m"]
    assert listed({"id": "m", "info": 7})[0].name == "m"


def test_where_nobody_says_for_what_chats_it_is_good_anybody_may_draw() -> None:
    silent = {"capabilities": {"vision": True}}
    no_search = {"capabilities": {"search": False}}
    found = listed(
        {"id": "a", "info": {"meta": silent}}, {"id": "b", "info": {"meta": no_search}}, {"id": "c"}
    )

    assert [(one.draw, one.edit, one.search) for one in found] == [
        (True, True, True), (True, True, False), (True, True, True),
    ]  # fmt: skip
    assert wanted("", found, drawing=Drawing())[0] == "a"
    beside = listed({"id": "a", "info": {"meta": silent}}, {"id": "m", "info": INFO})
    assert [(one.draw, one.edit, one.search) for one in beside] == [
        (False, False, False), (True, False, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("meta", "thinks", "forced"),
    [
        ({"think_skip": {"enable": False}}, True, True),
        ({"think_skip": {"enable": False}, "capabilities": {"thinking": False}}, False, False),
        ({"think_skip": {"enable": True}}, False, False),
        ({"abilities": {"thinking": 4.0}}, True, True),
        ({"abilities": {"thinking": 1}}, True, False),
    ],
)
def test_thinking_is_forced_where_it_cannot_be_skipped(
    meta: dict[str, Any], thinks: bool, forced: bool
) -> None:
    [model] = listed({"id": "m", "info": {"meta": meta}})
    assert (model.thinking, model.thinking_forced) == (thinks, forced)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e9, 1e9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["id", "name", "info", "meta", "chat_type", "capabilities", "abilities",
                         "think_skip", "enable", "thinking", "is_active", "created_at"]),
        inner, max_size=4,
    ),
    max_leaves=15,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["name", "info"]), json_values))
def test_no_entry_is_lost_for_what_else_is_in_it(item: dict[str, Any]) -> None:
    """R69"""
    found = listed({"id": "bare"}, {**item, "id": "m"})
    inactive = isinstance(item.get("info"), dict) and "is_active" in item["info"]
    assert [model.id for model in found] == ["bare", "m"] or inactive


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


TEXTS = ModelInfo("qwen9-max", "Nine", vision=True, thinking=True)
DRAWS = ModelInfo("qwen8-max", "Eight", thinking=True, draw=True)
EDITS = ModelInfo("qwen7-plus", "Seven", thinking=True, draw=True, edit=True)
THREE = (TEXTS, DRAWS, EDITS)
PICTURE = (Message("user", (FilePart("data:,", "picture", "image"), TextPart("bluer"))),)
PAPER = (Message("user", (FilePart("data:,", "file", "file"), TextPart("draw it"))),)


@pytest.mark.parametrize("name", ["", " ", "dall-e-2", "DALL-E-3", "dall-e-3-draw", "gpt-image-1",
                                  "gpt-image-1-mini", "chatgpt-image-latest"])  # fmt: skip
def test_a_drawing_by_no_name_of_ours_is_made_by_the_newest_that_can(name: str) -> None:
    drawing = Drawing()
    assert wanted(name, THREE, drawing=drawing) == ("qwen8-max", Variant(draw=True))
    edited = wanted(name, THREE, drawing=drawing, messages=PICTURE)
    assert edited == ("qwen7-plus", Variant(draw=True))


@pytest.mark.parametrize("name", ["qwen7-plus", "qwen7-plus-draw", "qwen7-plus-image",
                                  "qwen7-plus-thinking", "qwen7-plus-search-draw"])  # fmt: skip
def test_a_drawing_is_drawn_whatever_else_its_models_name_says(name: str) -> None:
    assert wanted(name, THREE, drawing=Drawing(), thinking=True) == (
        "qwen7-plus",
        Variant(draw=True),
    )


@pytest.mark.parametrize("name", WISHES)
def test_a_wish_is_granted_to_a_drawing_by_those_who_draw(name: str) -> None:
    assert wanted(name, THREE, drawing=Drawing(), messages=PICTURE)[0] == "qwen7-plus"


@pytest.mark.parametrize(
    ("name", "said", "text"),
    [
        ("qwen9-max", {}, "The model 'qwen9-max' cannot draw. Near names: qwen8-max"),
        ("qwen8-max", {"messages": PICTURE}, "cannot draw after a picture. Near names: qwen7-plus"),
        ("qwen8-max", {"files": (Attached(b"{}", 1.0, "image"),)}, "cannot draw after a picture"),
        ("flux-pro", {}, "The model 'flux-pro' does not exist. Available: qwen8-max, qwen7-plus"),
    ],
)
def test_a_drawing_by_who_cannot_is_refused_with_names_of_who_can(
    name: str, said: dict[str, Any], text: str
) -> None:
    fault = refusal(name, THREE, drawing=Drawing(), **said)

    assert (fault.kind, fault.param) == (Kind.MODEL_NOT_FOUND, "model")
    assert text in fault.text


def test_the_suffix_meets_the_same_rules() -> None:
    assert wanted("qwen8-max-draw", THREE, messages=PAPER)[0] == "qwen8-max"
    attached = (Attached(b"{}", 1.0, "document"),)
    assert wanted("qwen8-max", THREE, drawing=Drawing(), files=attached)[0] == "qwen8-max"
    assert wanted("qwen-max-latest-draw", THREE) == ("qwen8-max", Variant(draw=True))
    assert "draw after a picture" in refusal("qwen8-max-draw", THREE, messages=PICTURE).text
    assert "dall-e-3" in refusal("dall-e-3", THREE).text


@pytest.mark.parametrize("models", [(), (TEXTS,)])
def test_where_nobody_draws_it_is_said(models: tuple[ModelInfo, ...]) -> None:
    fault = refusal("", models, drawing=Drawing())
    assert (fault.kind, fault.param) == (Kind.MODEL_NOT_FOUND, "model")
    assert "None of Qwen's models can draw now" in fault.text


def test_who_can_do_what_is_needed_is_found_a_plus_first() -> None:
    def found(*needs: str, models: tuple[ModelInfo, ...] = BUILT_IN) -> str:
        model = catalog.able(frozenset(needs), models)
        return model.id if model else ""

    assert found("vision") == found("vision", "document", "video") == "qwen3.7-plus"
    assert found("audio") == found("audio", "vision") == "qwen3.5-omni-plus"
    assert found("vision", models=THREE) == "qwen9-max"
    assert found("audio", models=THREE) == ""
