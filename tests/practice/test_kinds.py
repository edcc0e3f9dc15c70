"""What a tool is for is told by its name, its choices and its words."""

import pytest

from tray_app.practice.kinds import is_for, is_harmless
from tray_app.practice.tools import Tool

KINDS = ("write", "edit", "read", "list", "run", "done", "look")
NAMES = {
    "write_to_file": "write",
    "create": "write",
    "save_file": "write",
    "apply_diff": "edit",
    "search_replace": "edit look",
    "MultiEdit": "write edit",
    "str_replace_editor": "write edit",
    "updateFile": "edit",
    "modify": "edit",
    "Read": "read look",
    "view": "read look",
    "cat": "read look",
    "open_file": "read",
    "view_image": "look",
    "ls": "list look",
    "mcp__files__list_directory": "list look",
    "Glob": "list look",
    "find_files": "list look",
    "list_people": "look",
    "fn_bash": "run",
    "run_terminal_cmd": "run",
    "execute_command": "run",
    "shell": "run",
    "attempt_completion": "done",
    "task_complete": "done",
    "complete_task": "done",
    "finish": "done",
    "done": "done",
    "submit": "done",
    "fn_final_answer": "done",
    "abandoned": "",
    "finish_line_status": "look",
    "get_weather": "look",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_tells_what_a_tool_is_for(name: str) -> None:
    found = [kind for kind in KINDS if is_for(Tool(name, "", {}), kind)]

    assert found == NAMES[name].split()


@pytest.mark.parametrize("properties", [None, 5, {"path": None, "what": {"enum": None}}])
def test_a_tool_of_many_verbs_is_known_by_its_choices(properties: object) -> None:
    verbs = {"command": {"enum": ["view", "create"]}}

    assert is_for(Tool("str_replace_based_edit_tool", "", {"properties": verbs}), "read")
    assert is_for(Tool("files", "", {"properties": verbs}), "write")
    assert not is_for(Tool("files", "", {"properties": properties}), "write")


@pytest.mark.parametrize("name", ["delete_file", "RunTests", "updateUser", "bash", "send_mail"])
def test_what_changes_something_says_so_in_its_name(name: str) -> None:
    assert not is_harmless(Tool(name, "", {}))


def test_what_changes_something_says_so_in_its_words() -> None:
    assert not is_harmless(Tool("tidy", "Removes what is old.", {}))
    assert not is_harmless(Tool("read_all", "Executes a query.", {}))
    assert is_harmless(Tool("get_weather", "Tells the weather of a city.", {}))
