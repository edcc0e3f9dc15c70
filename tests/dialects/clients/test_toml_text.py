"""TOML is changed where it is ours, and whatever else is in the file stays byte for byte."""

import time
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.dialects.clients.recipe import MergeError
from tray_app.dialects.clients.toml_text import in_toml

edit = in_toml({"model": "m", "window": 9}, "providers.portico", {"name": "Portico"})
TOP = 'model = "m"\nwindow = 9\n'
TABLE = '[providers.portico]\nname = "Portico"\n'
PIECES = st.sampled_from(
    [
        'model = "old" # mine\n', "window = 1\n", "# note\n", "\n", "other = [1,\n  2]\n",
        "[a]\n", "model = 3\n", "# above\n[providers.other]\nname = 'x'\n",
        "[providers.portico]\nname = 'old'\nextra = 1\n\n# below\n",
        '[[list]]\nb = """\n[c]\n"""\n',
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"{TOP}\n{TABLE}"),
        ("a = 1", f"a = 1\n{TOP}\n{TABLE}"),
        ("a = 1\n\n# of b\n[b]\nc = 2\n", f"a = 1\n{TOP}\n# of b\n[b]\nc = 2\n\n{TABLE}"),
        ("[b]\n", f"{TOP}\n[b]\n\n{TABLE}"),
        (
            "window = 1 # old\nmodel = 'x'\n\n[providers.portico]\nold = 1\n\n# of c\n[c]\n",
            f'window = 9\nmodel = "m"\n\n{TABLE}\n# of c\n[c]\n',
        ),
    ],
)
def test_values_and_a_table_go_where_they_belong(before: str, after: str) -> None:
    assert edit(before) == after
    assert edit(after) == after


def test_lines_end_as_they_did() -> None:
    assert edit("a = 1\r\n") == f"a = 1\n{TOP}\n{TABLE}".replace("\n", "\r\n")


@given(st.lists(PIECES, max_size=6).map("".join))
def test_nothing_else_changes(before: str) -> None:
    try:
        after = edit(before)
    except MergeError:
        return

    told, was = tomllib.loads(after), tomllib.loads(before)

    providers = {**was.pop("providers", {}), "portico": {"name": "Portico"}}
    assert told == {**was, "model": "m", "window": 9, "providers": providers}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = \n", "not valid TOML"),
        ("providers = 1\n", "no table"),
        ('note = """\n[a]\n"""\n', "line by line"),
        ('[providers]\nportico = {name = "x"}\n', "line by line"),
    ],
)
def test_a_layout_that_is_not_known_is_refused(text: str, said: str) -> None:
    with pytest.raises(MergeError, match=said):
        edit(text)


@given(st.lists(PIECES, max_size=6).map("".join), st.sampled_from(["", "more = 1\n"]))
def test_what_is_taken_out_leaves_the_rest(before: str, more: str) -> None:
    try:
        now = more + edit(before)
        undone = edit.undone(now, before, edit.marks())
    except (MergeError, tomllib.TOMLDecodeError):
        return

    was = tomllib.loads(before)
    told = tomllib.loads(undone)
    assert told == {**was, **tomllib.loads(more)}


@pytest.mark.parametrize("text", ["", "a = 1\n", "model = 'x' # mine\n\n# of b\n[b]\nc = 2\n"])
def test_what_came_and_went_leaves_no_trace(text: str) -> None:
    assert edit.undone(edit(text), text, edit.marks()) == text


def test_a_value_of_the_persons_own_stays() -> None:
    now = edit("").replace('"m"', '"mine"')

    assert edit.undone(now, "", edit.marks()) == 'model = "mine"\n'


def test_a_long_file_takes_no_longer_than_its_length() -> None:
    began_s = time.thread_time()

    edit("# note\n" * 40_000 + "[a]\n")
    edit("[providers.portico]\n" + "# note\n" * 40_000 + "x = 1\n")

    assert time.thread_time() - began_s < 5
