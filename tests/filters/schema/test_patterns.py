"""Patterns of strangers."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.filters.schema.patterns import Pattern


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"^[a-zA-Z0-9_-]{1,64}$", "get_weather", True),
        (r"^[a-zA-Z0-9_-]{1,64}$", "get weather", False),
        (r"^\d{4}-\d{2}-\d{2}$", "2026-11-21", True),
        (r"^#?[0-9a-f]{6}$", "#00ff00", True),
        (r"^[^@\s]+@[^@\s]+\.[^@\s]+$", "ada@lovelace.example", True),
        (r"^[^@\s]+@[^@\s]+\.[^@\s]+$", "ada", False),
        (r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$", "00:1b:44:11:3a:b7", True),
        (r"^(?!\.)(?:GET|POST) \/[\w[{]*$", "GET /a", True),
        ("b", "abc", True),
    ],
)
def test_an_ordinary_pattern_is_asked(pattern: str, text: str, found: bool) -> None:
    assert Pattern(pattern).found(text) is found


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a|aa)+$",
        "(a|a)*$",
        "(?:a?){60}a{60}",
        "a?" * 30 + "a" * 30,
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        "((a{0,50}){0,50}){0,50}$",
        r"(a*)\1$",
        r"(?P<x>a*)(?P=x)$",
        "(a)?(?(1)b+|c+)+$",
        "(?i)(a+)+$",
        "(a*){2,}$",
        "(" * 400 + "a" + ")" * 400,
        "a" * 1_001,
        "[",
        "a{99999999999999}",
        r"\p{L}+",
        "(?<name>a)",
        "(",
        ")",
    ],
)
def test_what_could_take_for_ever_or_is_no_pattern_is_not_kept(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        Pattern(pattern)


def test_a_pattern_is_not_asked_of_a_text_that_is_too_long_for_it() -> None:
    pattern = Pattern(r"^\w+\s*\w+\s*\w+!$")

    assert pattern.found("a") is False
    assert pattern.found("a" * 50_000) is None
    assert Pattern(r"^\w+!$").found("a" * 50_000) is False


pieces = st.lists(
    st.sampled_from(["a", "b", "(", ")", "|", "*", "+", "?", "{2,}", "{1,9}", "[ab]", "^", "$"]),
    max_size=12,
)


@given(pieces, st.text(alphabet="ab", max_size=60))
def test_any_pattern_answers_like_the_engine_or_not_at_all(texts: list[str], text: str) -> None:
    whole = "".join(texts)
    try:
        pattern = Pattern(whole)
    except ValueError:
        return

    assert pattern.found(text) in (None, re.search(whole, text) is not None)
