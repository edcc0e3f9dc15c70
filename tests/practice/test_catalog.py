"""The models that the practice site lists."""

from tray_app.practice.catalog import ALWAYS_THINKS, MODELS, listed


def test_every_model_is_listed_once() -> None:
    ids = [model["id"] for model in listed()]

    assert ids == [model[0] for model in MODELS]
    assert len(set(ids)) == len(ids)


def test_a_model_says_the_same_in_every_place() -> None:
    for model in listed():
        meta = model["info"]["meta"]

        assert meta["capabilities"]["vision"] == bool(meta["abilities"]["vision"])
        assert meta["capabilities"]["thinking"] == bool(meta["abilities"]["thinking"])
        assert meta["capabilities"]["vision"] == ("image" in meta["modality"])
        assert meta["think_skip"]["enable"] == (model["id"] not in ALWAYS_THINKS)
        assert meta["max_generation_length"] <= meta["max_context_length"]


def test_there_is_a_model_for_every_case_worth_trying() -> None:
    metas = [model["info"]["meta"] for model in listed()]

    assert {meta["abilities"]["thinking"] for meta in metas} == {0, 1, 4}
    assert {meta["capabilities"]["vision"] for meta in metas} == {True, False}
    assert {"t2i" in meta["chat_type"] for meta in metas} == {True, False}


def test_the_list_is_made_anew_each_time() -> None:
    listed()[0]["info"]["meta"].clear()

    assert listed()[0]["info"]["meta"]
