"""The models that the practice site lists."""

import pytest

from tray_app.practice.catalog import ALWAYS_THINKS, MODELS, listed


def test_every_model_is_listed_once() -> None:
    ids = [model["id"] for model in listed()]

    assert ids == [model.id for model in MODELS]
    assert len(set(ids)) == len(ids)


def test_a_model_has_a_name_that_people_read() -> None:
    names = [model["name"] for model in listed()]

    assert names[:2] == ["Qwen3.8-Max", "Qwen3.7-Plus"]
    assert "Qwen3.5-Omni-Plus" in names


def test_a_model_says_the_same_in_every_place() -> None:
    for model in listed():
        meta = model["info"]["meta"]

        for able in ("vision", "document", "video", "audio", "thinking"):
            assert meta["capabilities"][able] == bool(meta["abilities"][able])
        assert meta["capabilities"]["vision"] == ("image" in meta["modality"])
        assert meta["capabilities"]["audio"] == ("audio" in meta["modality"])
        assert meta["think_skip"]["enable"] == (model["id"] not in ALWAYS_THINKS)
        assert meta["max_generation_length"] <= meta["max_context_length"]


def test_there_is_a_model_for_every_case_worth_trying() -> None:
    metas = [model["info"]["meta"] for model in listed()]

    assert {meta["abilities"]["thinking"] for meta in metas} == {0, 1, 4}
    for able in ("vision", "document", "video", "audio"):
        assert {meta["capabilities"][able] for meta in metas} == {True, False}
    for kind in ("t2i", "image_edit"):
        assert {kind in meta["chat_type"] for meta in metas} == {True, False}
    assert len({meta["max_context_length"] for meta in metas}) > 2


@pytest.mark.parametrize("kind", ["t2i", "image_edit"])
def test_a_model_that_draws_from_a_picture_sees_it(kind: str) -> None:
    draws = [model for model in MODELS if kind in model.can]

    assert all("vision" in model.can for model in draws)


def test_the_list_is_made_anew_each_time() -> None:
    listed()[0]["info"]["meta"].clear()

    assert listed()[0]["info"]["meta"]
