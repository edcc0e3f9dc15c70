"""Fields of a struct as fields of a window."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.ports import Profile
from tray_app.desktop.forms import Form, form_of, text_of, told_of
from tray_app.store.settings import Settings, explain, parse

NAMES = st.text(st.characters(categories=["L", "N"], include_characters="-*. "), min_size=1)
PLAIN = NAMES.map(str.strip).filter(bool)


@pytest.mark.parametrize(
    ("struct", "name", "form"),
    [
        (Settings, "port", Form("number", low=1, high=65535, is_whole=True)),
        (Settings, "start_spacing_s", Form("number", low=0, high=60)),
        (Settings, "path_prefix", Form("text")),
        (Settings, "notices", Form("switch")),
        (Settings, "hosts", Form("lines")),
        (Settings, "aliases", Form("lines", is_table=True)),
        (Settings, "long_prompt", Form("choice", ("file", "trim"))),
        (Profile, "patience_s", Form("number", low=0, high=86_400)),
        (Profile, "queue", Form("choice", ("interactive", "background"))),
        (Profile, "network", Form("switch")),
    ],
)
def test_what_a_field_takes_is_what_its_type_says(struct: Any, name: str, form: Form) -> None:
    assert form_of(struct, name) == form


@pytest.mark.parametrize("field", explain(), ids=lambda field: field.name)
def test_every_default_comes_back_as_it_was(field: Any) -> None:
    form = form_of(Settings, field.name)
    default = getattr(Settings(), field.name)

    told = parse(field.name, told_of(text_of(default), form))

    assert text_of(told) == text_of(default)


@given(st.dictionaries(PLAIN, PLAIN))
def test_a_table_is_a_line_for_each_name(aliases: dict[str, str]) -> None:
    form = form_of(Settings, "aliases")

    assert parse("aliases", told_of(text_of(aliases), form)) == aliases


def test_empty_lines_and_spaces_around_a_value_are_nothing() -> None:
    assert told_of("\n a \n\nb\n", form_of(Settings, "hosts")) == '["a", "b"]'
    assert told_of(" 8000 ", form_of(Settings, "port")) == "8000"
    assert text_of(10.0) == "10"
    assert text_of(0.5) == "0.5"


@pytest.mark.parametrize(
    ("typed", "told"),
    [("0,7", "0.7"), (" 12,25 ", "12.25"), ("0,125", "0.125"), ("1,5000", "1.5000"),
     ("1,000", "1,000"), ("1,2,3", "1,2,3"), (",", ","), ("7", "7"), ("0.7", "0.7")],
)  # fmt: skip
def test_a_decimal_comma_is_a_point_unless_it_may_part_thousands(typed: str, told: str) -> None:
    assert told_of(typed, form_of(Settings, "start_spacing_s")) == told
    assert told_of("a,5", form_of(Settings, "path_prefix")) == "a,5"
