"""Suffixes of model names: F14."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.model import ModelInfo, Variant
from tray_app.core.variants import join, makes_sense, offered, split

SUFFIXES = ["-thinking", "-search", "-draw", "-image"]
names = st.one_of(
    st.text(max_size=30),
    st.lists(st.sampled_from(["qwen3.7", "-plus", *SUFFIXES, "-thinkin", "x"]), max_size=6).map(
        "".join
    ),
)


@given(names)
def test_splitting_is_total_and_done_once(name: str) -> None:
    """F14"""
    base, variant = split(name)

    assert split(base) == (base, Variant()) or base in {"", *SUFFIXES}
    assert split(join(base, variant)) == (base, variant) or base in {"", *SUFFIXES}
    assert name.startswith(base)


@pytest.mark.parametrize("order", list(permutations(["-thinking", "-search", "-draw"])))
def test_the_order_of_suffixes_does_not_matter(order: tuple[str, ...]) -> None:
    """F14"""
    everything = Variant(thinking=True, search=True, draw=True)
    assert split("qwen3.7-plus" + "".join(order)) == ("qwen3.7-plus", everything)


def test_image_means_draw() -> None:
    assert split("qwen3.7-plus-image") == ("qwen3.7-plus", Variant(draw=True))


def test_suffixes_count_only_at_the_end() -> None:
    """F14"""
    assert split("a-search-x") == ("a-search-x", Variant())
    assert split("qwen3-coder-unknown") == ("qwen3-coder-unknown", Variant())


def test_a_drawing_is_neither_thought_about_nor_searched_for() -> None:
    assert makes_sense(Variant(draw=True))
    assert not makes_sense(Variant(draw=True, thinking=True))


def test_only_what_a_model_can_do_is_offered() -> None:
    text_only = ModelInfo(id="m", name="M", thinking=True, search=True)
    forced = ModelInfo(id="f", name="F", thinking=True, thinking_forced=True, draw=True)

    assert offered(text_only) == ["m", "m-thinking", "m-search", "m-thinking-search"]
    assert offered(forced) == ["f", "f-draw"]
