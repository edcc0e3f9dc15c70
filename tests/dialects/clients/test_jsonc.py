"""JSON with comments is changed in one place and stays as it is everywhere else."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.dialects.clients.jsonc import Change, changed, editing, value_of
from tray_app.dialects.clients.recipe import MergeError

NAMES = st.text('abc"\\/é ', min_size=1, max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text('ab{}[],:/*\n"\\', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=4)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(tuple)

BY_HAND = """{
    // what I like
    "theme": "dark", /* really */
    "editor": {
        "size": 14, // not too small
        "fonts": ["A", "B",],
    },
}
"""


def is_open(value: Any, path: tuple[str, ...]) -> bool:
    """Whether a path leads through objects only."""
    for name in path:
        if not isinstance(value, dict):
            return False
        if name not in value:
            return True
        value = value[name]
    return True


def with_value(value: Any, path: tuple[str, ...], new: Any) -> Any:
    if not path:
        return new
    return {**value, path[0]: with_value(value.get(path[0], {}), path[1:], new)}


def commented(text: str) -> str:
    """The same with a comment behind every line that ends outside a string."""
    return re.sub(r"([{}\[\],])\n", r"\1 // a \" { [ note\n", text)


@given(OBJECTS, PATHS, VALUES, st.sampled_from([None, 1, 2, 4, "\t"]))
def test_a_change_is_all_that_changes(
    before: dict[str, Any], path: tuple[str, ...], new: Any, indent: int | str | None
) -> None:
    text = commented(json.dumps(before, indent=indent) + "\n")
    if not is_open(before, path):
        with pytest.raises(MergeError):
            changed(text, Change(path, new))
        return

    after = changed(text, Change(path, new))

    assert value_of(after) == with_value(before, path, new)
    assert changed(after, Change(path, new)) == after


@given(OBJECTS, st.lists(st.dictionaries(st.sampled_from(["id", "b"]), st.integers(0, 3))))
def test_an_item_is_put_in_place_of_the_one_that_it_replaces(
    before: dict[str, Any], items: list[dict[str, int]]
) -> None:
    text = json.dumps({**before, "list": items}, indent=2)
    new = {"id": 1, "c": "new"}
    others = [item for item in items if item.get("id") != 1]

    told = value_of(changed(text, Change(("list",), new, item="id")))

    assert new in told["list"]
    assert [item for item in told["list"] if item in others] == others


@given(st.text('{}[]:,"\\/*a1 \n\ufeff', max_size=20))
def test_any_text_is_changed_or_refused(text: str) -> None:
    try:
        after = changed(text, Change(("a",), 1))
    except MergeError:
        return
    assert value_of(after)["a"] == 1


def test_comments_and_trailing_commas_stay() -> None:
    edit = editing(Change(("editor", "size"), 15), Change(("portico",), {"key": "k"}))

    assert edit(BY_HAND) == (
        "{\n"
        "    // what I like\n"
        '    "theme": "dark", /* really */\n'
        '    "editor": {\n'
        '        "size": 15, // not too small\n'
        '        "fonts": ["A", "B",],\n'
        "    },\n"
        '    "portico": {\n'
        '        "key": "k"\n'
        "    },\n"
        "}\n"
    )


def test_a_comment_behind_the_last_member_stays_with_it() -> None:
    text = '{\n  "a": 1 // one\n}\n'

    assert changed(text, Change(("b",), 2)) == '{\n  "a": 1, // one\n  "b": 2\n}\n'


def test_lines_end_as_they_did() -> None:
    text = '\ufeff{\r\n\t"a": 1\r\n}\r\n'

    after = changed(text, Change(("b", "c"), 2))

    assert after == '\ufeff{\r\n\t"a": 1,\r\n\t"b": {\r\n\t\t"c": 2\r\n\t}\r\n}\r\n'


def test_what_is_there_outranks_a_default() -> None:
    text = '{"version": 3}'

    assert changed(text, Change(("version",), 1, is_default=True)) == text
    assert value_of(changed("", Change(("version",), 1, is_default=True))) == {"version": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1', "line 1"),
        ('{\n"a": one\n}', "line 2"),
        ("{} {}", "line 1"),
        ('{"a" 1}', "line 1"),
        ('{"a": 1 "b": 2}', "line 1"),
        ("[" * 100_000, "deeply"),
        ("[1]", "object"),
        ('{"a": NaN}', "line 1"),
        ("// nothing else", "line 1"),
    ],
)
def test_a_text_that_cannot_be_read_is_not_guessed_at(text: str, said: str) -> None:
    with pytest.raises(MergeError, match=said):
        changed(text, Change(("b",), 1))


def test_a_member_of_another_kind_is_not_written_over() -> None:
    with pytest.raises(MergeError, match="provider in it is no object"):
        changed('{"provider": "mine"}', Change(("provider", "portico"), {}))
    with pytest.raises(MergeError, match="list in it is no list"):
        changed('{"list": {}}', Change(("list",), {"id": 1}, item="id"))


@given(OBJECTS, PATHS, VALUES, st.sampled_from([None, 1, 2, 4, "\t"]))
def test_what_is_taken_out_leaves_the_rest(
    before: dict[str, Any], path: tuple[str, ...], new: Any, indent: int | str | None
) -> None:
    text = commented(json.dumps(before, indent=indent) + "\n")
    edit = editing(Change(path, new))
    try:
        after = edit(text)
    except MergeError:
        return
    shared = changed(after, Change(("of others",), [1]))

    undone = edit.undone(shared, text, edit.marks())

    assert value_of(undone) == {**before, "of others": [1]}
    assert value_of(edit.undone(after, text, edit.marks())) == before
    assert edit.undone(edit(""), "", edit.marks()) == ""


@pytest.mark.parametrize("text", ["{}", '{\n  "a": 1\n}\n', '{"a": 1}', BY_HAND])
def test_what_came_and_went_leaves_no_trace(text: str) -> None:
    edit = editing(Change(("b", "c"), {"d": 1}), Change(("e",), "f"))

    assert edit.undone(edit(text), text, edit.marks()) == text


def test_a_single_value_of_the_persons_own_stays_and_a_whole_of_ours_goes() -> None:
    edit = editing(Change(("model",), "ours"), Change(("providers", "portico"), {"key": "x"}))
    text = '{"model": "mine"}'
    written = edit(text)

    chosen = written.replace('"ours"', '"another"').replace('"x"', '"y"')

    assert value_of(edit.undone(written, text, edit.marks())) == {"model": "mine"}
    assert value_of(edit.undone(chosen, text, edit.marks())) == {"model": "another"}


def test_an_item_of_ours_goes_and_those_of_others_stay() -> None:
    edit = editing(Change(("all",), {"name": "Portico", "n": 1}, item="name"))
    text = '{"all": [{"name": "A"}]}'
    now = edit(text).replace('"n": 1', '"n": 2')

    assert value_of(edit.undone(now, text, edit.marks())) == value_of(text)
    assert edit.undone(edit("{}"), "{}", edit.marks()) == "{}"


def test_names_that_say_only_when_it_was_written_change_nothing() -> None:
    def at(moment: str) -> Change:
        return Change(("p",), {"key": "x", "at": moment}, but=("at",))

    text = changed("", at("1"))

    assert changed(text, at("2")) == text
    assert '"at": "2"' in changed(text.replace('"x"', '"y"'), at("2"))


@pytest.mark.parametrize("text", ["null", "[]", "1"])
def test_json_that_is_no_object_is_refused_in_plain_words(text: str) -> None:
    with pytest.raises(MergeError, match="no object in braces"):
        changed(text, Change(("a",), 1))
