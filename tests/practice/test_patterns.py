"""Texts are made for simple patterns, and for others it is said that there is none."""

import re

import pytest

from tray_app.practice.patterns import text_for


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[A-Z]{3}\d$",
        r"^#[0-9a-fA-F]{6}$",
        r"^\d{4}-\d{2}-\d{2}$",
        r"^(?:feat|fix)(\([a-z]+\))?: .+$",
        r"^(?P<kind>[\w-]+)/[^/\s]+$",
        r"^[^a0]+\.py$",
        r"^[]x]{2}\\$",
        r"\bword\b",
        r"^\x41\u0042\n?$",
        r"^[\d.]{2,}$",
        r"^$|^a$",
        r"^[a-z]*?$",
    ],
)
def test_a_text_is_made(pattern: str) -> None:
    made = text_for(pattern)

    assert made is not None
    assert re.search(pattern, made)


@pytest.mark.parametrize(
    "pattern",
    [r"^(?=a)b$", r"^(a)\1$", r"^\p{L}+$", r"^(?!a).$", "(", "[", "a{99999}", r"^(?:a{999}){999}$",
     "(" * 5000 + ")" * 5000],
)  # fmt: skip
def test_what_is_not_simple_has_none(pattern: str) -> None:
    assert text_for(pattern) is None
