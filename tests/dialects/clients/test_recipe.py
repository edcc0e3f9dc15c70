"""What is offered, as clients are told it."""

from tests.dialects.clients.offers import KEY, OFFER
from tray_app.core.model import ModelInfo
from tray_app.dialects.clients import CLIENTS
from tray_app.dialects.clients.recipe import (
    CONTEXT_TOKENS,
    OUTPUT_TOKENS,
    Offer,
    Place,
    context_of,
    output_of,
    title_of,
    usual_values,
)


def test_thinking_is_offered_beside_each_model_that_may_think_or_not() -> None:
    names = list(OFFER.names())

    assert "qwen3.7-plus-thinking" in names
    assert "qwen3.8-max-thinking" not in names
    assert "qwen3.5-omni-plus-thinking" not in names


def test_a_model_that_is_not_in_the_list_is_offered_first() -> None:
    drawing = Offer(OFFER.endpoint, KEY, "qwen3.7-plus-draw", OFFER.models)

    assert next(iter(drawing.names().items())) == ("qwen3.7-plus-draw", OFFER.models[1])
    assert Offer("", "", "mine").names() == {"mine": ModelInfo("mine", "mine")}


def test_numbers_are_the_models_own_where_those_are_smaller() -> None:
    small = ModelInfo("a", "A", context_tokens=1000, output_tokens=100)

    assert (context_of(small), output_of(small)) == (1000, 100)
    assert (context_of(OFFER.models[0]), output_of(OFFER.models[0])) == (131_072, 32_000)
    assert context_of(ModelInfo("b", "B")) == CONTEXT_TOKENS
    assert output_of(ModelInfo("b", "B")) == OUTPUT_TOKENS


def test_a_title_says_that_it_thinks() -> None:
    assert title_of("qwen3.7-plus-thinking", OFFER.models[1]) == "Qwen3.7-Plus (thinking)"


def test_nothing_that_may_be_logged_shows_the_key() -> None:
    setups = [client.setup(OFFER) for client in CLIENTS]

    shown = repr([OFFER, *setups, *(value for setup in setups for value in setup.values)])
    assert KEY not in shown
    assert "qwen3.7-plus" in shown
    assert OFFER.root == "http://127.0.0.1:7936"
    assert [value.is_secret for value in usual_values(OFFER)] == [False, True, False]


def test_a_place_is_the_systems_own_where_it_has_one() -> None:
    place = Place("~/.config/a", windows="$APPDATA/a")

    assert [place.on(system) for system in ("linux", "darwin", "win32")] == [
        "~/.config/a", "~/.config/a", "$APPDATA/a",
    ]  # fmt: skip
