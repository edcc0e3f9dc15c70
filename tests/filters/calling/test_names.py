"""Names of tools on their way to the model and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.model import Tool
from tray_app.filters.calling.names import Names

RESERVED = frozenset({"read_file", "bash"})


def names(*offered: str) -> Names:
    return Names([Tool(name) for name in offered], RESERVED)


def meant(of: Names, written: str) -> str | None:
    tool = of.meant(written)
    return None if tool is None else tool.name


def test_a_name_of_the_sites_own_goes_out_under_another() -> None:
    offered = names("read_file", "fn_bash", "bash", "write")

    assert [offered.out(name) for name in ("read_file", "bash", "fn_bash", "write")] == [
        "fn_read_file",
        "fn_fn_bash",
        "fn_bash",
        "write",
    ]


def test_a_tool_is_known_by_the_name_its_client_gave_it_too() -> None:
    assert set(names("read_file", "write").known) == {"fn_read_file", "read_file", "write"}


def test_a_past_call_of_a_tool_that_is_gone_has_the_same_alias() -> None:
    assert names("write").out("bash") == "fn_bash"
    assert names("write").out("gone") == "gone"


@pytest.mark.parametrize(
    ("written", "tool"),
    [
        ("fn_read_file", "read_file"),
        ("read_file", "read_file"),
        ("Read_File", "read_file"),
        ("read-file", "read_file"),
        ("readFile", "read_file"),
        ("functions.read_file", "read_file"),
        (" write ", "write"),
        ("mcp--a--b.c", "mcp--a--b.c"),
        ("mcp__a__b_c", "mcp--a--b.c"),
        ("toolbox.web.answer", None),
        ("", None),
        ("--", None),
    ],
)
def test_a_name_is_matched_letter_by_letter_and_then_loosely(
    written: str, tool: str | None
) -> None:
    assert meant(names("read_file", "write", "mcp--a--b.c"), written) == tool


@pytest.mark.parametrize("name", ["tools.x", "tool.get", "tools/list", "functions.write"])
def test_a_name_may_look_like_a_namespace(name: str) -> None:
    assert meant(names(name, "read_file"), name) == name


def test_a_name_that_could_be_two_tools_is_none() -> None:
    offered = names("get-x", "get_x")

    assert meant(offered, "getx") is None
    assert meant(offered, "get_x") == "get_x"


@given(st.sets(st.text("abAB_-fn", min_size=1, max_size=6) | st.sampled_from(sorted(RESERVED))))
def test_every_name_that_goes_out_comes_back(offered: set[str]) -> None:
    of = names(*offered)

    assert len(set(of.offered)) == len(offered)
    for name in offered:
        assert meant(of, of.out(name)) == name
