"""YAML and variables' files: our lines come in, go and change; the person's stay as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.dialects.clients.lines import BEGIN, END, Item, listing, setting
from tray_app.dialects.clients.recipe import MergeError

ITEMS: list[Item] = [{"name": "Qwen", "roles": ["chat", "edit"], "tools": True}]
OTHERS: list[Item] = [{"name": "Other"}, {"name": "Third"}]
HEAD = "name: Portico\n"
OURS = (
    f"{{indent}}{BEGIN}\n"
    '{indent}- name: "Qwen"\n'
    '{indent}  roles: ["chat", "edit"]\n'
    "{indent}  tools: true\n"
    f"{{indent}}{END}\n"
)
in_models = listing("models", ITEMS, HEAD)
at_top = listing("", ITEMS)


def ours(indent: str = "  ") -> str:
    return OURS.format(indent=indent)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"{HEAD}models:\n{ours()}"),
        ("# mine\n", f"# mine\n{HEAD}models:\n{ours()}"),
        ("name: Mine", f"name: Mine\nmodels:\n{ours()}"),
        (
            "name: Mine\nmodels: # these\n- name: A\nrules: []\n",
            f"name: Mine\nmodels: # these\n{ours('')}- name: A\nrules: []\n",
        ),
        (
            "models:\n    # my own\n    - name: A\n",
            f"models:\n{ours('    ')}    # my own\n    - name: A\n",
        ),
        ("---\nmodels: []\nname: Mine\n", f"---\nmodels: \n{ours()}name: Mine\n"),
    ],
)
def test_items_go_to_the_list_and_nothing_else_moves(before: str, after: str) -> None:
    assert in_models(before) == after


def test_lines_end_as_they_did() -> None:
    before = "models:\r\n\r\n    - name: A\r\n"

    assert in_models(before) == (
        "models:\r\n" + ours("    ").replace("\n", "\r\n") + "\r\n    - name: A\r\n"
    )


def test_items_written_before_are_replaced_where_they_are() -> None:
    before = listing("models", OTHERS)("models:\n  - name: A\n") + "rules: []\n"

    after = in_models(before)

    assert after == f"models:\n{ours()}  - name: A\nrules: []\n"
    assert in_models(after) == after


def test_a_file_that_is_a_list_gets_items_at_its_end() -> None:
    assert at_top("") == ours("")
    assert at_top("# mine\n- model_id: a") == "# mine\n- model_id: a\n" + ours("")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{models: []}\n", "braces"),
        ("models: [{name: A}]\n", "line by line"),
        ('"models":\n- name: A\n', "line by line"),
        ("models: *mine\n", "line by line"),
        ("a: 1\n---\nb: 2\n", "document"),
        ("models:\n\t- name: A\n", "tabs"),
    ],
)
def test_a_form_that_is_not_known_is_refused(text: str, said: str) -> None:
    with pytest.raises(MergeError, match=said):
        in_models(text)


def test_a_file_that_is_no_list_is_refused() -> None:
    with pytest.raises(MergeError, match="not a list"):
        at_top("a: 1\n")
    with pytest.raises(MergeError, match="not a list"):
        at_top("  - a: 1\n")


def test_a_variable_is_set_in_its_line() -> None:
    edit = setting({"OPENAI_API_KEY": "new", "OPENAI_MODEL": "m"}, "=")

    assert edit("") == "OPENAI_API_KEY=new\nOPENAI_MODEL=m\n"
    assert edit("A=1\nexport OPENAI_API_KEY='old' # mine\nB=2") == (
        "A=1\nOPENAI_API_KEY=new\nB=2\nOPENAI_MODEL=m\n"
    )
    assert edit("MY_OPENAI_API_KEY=old\n").startswith("MY_OPENAI_API_KEY=old\n")


def test_a_value_of_several_lines_is_not_cut() -> None:
    with pytest.raises(MergeError, match="several lines"):
        setting({"model": "m"}, ": ")("model: >\n  long\n")


@given(st.lists(st.sampled_from(["A=1", "K=old", "# note", "", "K2=x", "export Q=1"])))
def test_setting_twice_is_setting_once(lines: list[str]) -> None:
    before = "\n".join(lines)
    edit = setting({"K": "new", "Q": "2"}, "=")

    after = edit(before)

    assert edit(after) == after
    assert [line for line in before.split("\n") if line and line[0] in "A#"] == [
        line for line in after.split("\n") if line and line[0] in "A#"
    ]


@pytest.mark.parametrize(
    "text", ["", "# mine\n", "name: A\n", "models:\n  - name: A\n", "models: []\nname: A\n"]
)
def test_items_that_came_and_went_leave_no_trace(text: str) -> None:
    after = in_models.undone(in_models(text), text, in_models.marks())

    assert after == text
    assert in_models.undone(text, text, in_models.marks()) == text


def test_items_go_and_what_came_since_stays() -> None:
    now = in_models("models:\n  - name: A\n") + "  - name: B\nrules: []\n"

    assert in_models.undone(now, "", in_models.marks()) == (
        "models:\n  - name: A\n  - name: B\nrules: []\n"
    )
    assert at_top.undone(at_top("- a: 1\n") + "- b: 2\n", "", at_top.marks()) == (
        "- a: 1\n- b: 2\n"
    )


def test_variables_get_their_old_values_unless_they_were_changed_since() -> None:
    edit = setting({"K": "new", "Q": "2"}, "=")
    text = "A=1\nK=old\nK=older\n"
    now = edit(text) + "B=2\n"

    assert edit.undone(now, text, edit.marks()) == "A=1\nK=old\nK=older\nB=2\n"
    assert edit.undone(now.replace("K=new", "K=mine"), text, edit.marks()) == "A=1\nK=mine\nB=2\n"


def test_of_a_name_that_is_there_twice_one_is_left() -> None:
    assert setting({"K": "new"}, "=")("K=1\nA=2\n export K = 3\n") == "A=2\nK=new\n"
    assert setting({"model": "m"}, ": ")("model: a\n'model' : b\nx: 1\n") == "model: m\nx: 1\n"


@pytest.mark.parametrize("text", ['K="a\nb"\n', "K='a\nb'\n", 'K="a\\"\n'])
def test_a_quote_that_is_not_closed_in_its_line_is_refused(text: str) -> None:
    with pytest.raises(MergeError, match="not closed"):
        setting({"K": "new"}, "=")(text)


def test_what_stands_in_anothers_value_is_left_alone() -> None:
    text = 'OTHER="a\nK=in\n"\n'

    assert setting({"K": "new"}, "=")(text) == text + "K=new\n"


@pytest.mark.parametrize("text", ["- a\n", "# note\n---\n- a\n", "words\n", '"quoted"\n'])
def test_yaml_that_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(MergeError, match="no object"):
        in_models(text)
    with pytest.raises(MergeError, match="no object"):
        setting({"model": "m"}, ": ")(text)


@pytest.mark.parametrize("rest", ["  name: x\n", "  words\n"])
def test_models_that_are_no_list_are_refused(rest: str) -> None:
    with pytest.raises(MergeError, match="no list"):
        in_models("models:\n" + rest)


@pytest.mark.parametrize(
    "text", ["? a\n: b\n", "a b: 1\n", "http://x: 1\n", "'a: b': 1\n", "%YAML 1.2\n---\na: 1\n"]
)
def test_every_form_of_a_first_member_is_known(text: str) -> None:
    assert in_models(text).startswith(text)


def test_a_mark_of_byte_order_stays_first() -> None:
    assert in_models("\ufeffmodels: []\n").startswith("\ufeffmodels: \n  # Portico")
    assert setting({"K": "new"}, "=")("\ufeffK=old\n") == "\ufeffK=new\n"
