"""Practice mode does small file tasks with the tools of real agents, by its own visible rules."""

from typing import Any

import jsonschema
import pytest

from tests.practice.talk import (
    ALL,
    DONE,
    EDIT,
    LIST,
    READ,
    SHELL,
    WRITE,
    closing,
    made,
    prompt,
    result,
    texts,
    tool,
)  # fmt: skip
from tray_app.practice.agent import reply
from tray_app.practice.replies import Call, Reply
from tray_app.practice.transcript import read

FOLDER = "<env>\nWorking directory: /home/me\n</env>"
ABSOLUTE = "The absolute path to the file"
CREATE = ("user", "create hello.txt with the text hi")
CHANGE = ("user", "change hello to bye in a.txt")

Tools = list[dict[str, Any]]


def answered(tools: Tools, *turns: tuple[str, str], system: str = FOLDER) -> Reply:
    """What practice mode says; every call is one that its tool takes."""
    said = reply(read(prompt(tools, *turns, system=system)))
    assert said is not None
    schemas = {one["name"]: one["parameters"] for one in tools}
    for call in said.calls:
        jsonschema.validate(call.arguments, schemas[call.name])
    return said


def called(tools: Tools, *turns: tuple[str, str]) -> tuple[str, dict[str, Any]]:
    (call,) = answered(tools, *turns).calls
    return call.name, call.arguments


AGENTS: dict[str, tuple[Tools, dict[str, tuple[str, dict[str, Any]]]]] = {
    "Claude Code": (
        [
            tool("Agent", texts("description", "prompt")),
            tool("Bash", texts("command", "description"), "command"),
            tool("Edit", texts("file_path", "old_string", "new_string", about=ABSOLUTE)),
            tool("Glob", texts("pattern", "path"), "pattern"),
            tool("NotebookEdit", texts("notebook_path", "new_source")),
            tool("Read", texts("file_path", about=ABSOLUTE)),
            tool("Write", texts("file_path", "content", about=ABSOLUTE)),
        ],
        {
            "write": ("Write", {"file_path": "/home/me/hello.txt", "content": "hi"}),
            "read": ("Read", {"file_path": "/home/me/a.txt"}),
            "edit": ("Edit", {"file_path": "/home/me/a.txt", "old_string": "hello",
                              "new_string": "bye"}),
            "list": ("Glob", {"pattern": "*", "path": "."}),
            "run": ("Bash", {"command": "echo hi"}),
        },
    ),
    "Codex": (
        [
            tool("exec_command", texts("cmd", "workdir"), "cmd"),
            tool("write_stdin", {**texts("chars"), "session_id": {"type": "number"}}, "session_id"),
            tool("view_image", texts("path")),
        ],
        {
            "write": ("exec_command", {"cmd": "printf %s hi > hello.txt"}),
            "read": ("exec_command", {"cmd": "cat a.txt"}),
            "edit": ("exec_command", {"cmd": "sed -i s/hello/bye/ a.txt"}),
            "list": ("exec_command", {"cmd": "ls"}),
            "run": ("exec_command", {"cmd": "echo hi"}),
        },
    ),
    "Roo Code": (
        [
            tool("apply_diff", texts("path", "diff")),
            tool("ask_followup_question", texts("question")),
            DONE,
            tool("execute_command", {**texts("command", "cwd"), "timeout": {"type": "number"}}),
            tool("list_files", {**texts("path"), "recursive": {"type": "boolean"}}),
            tool("new_task", texts("mode", "message", "todos")),
            tool("read_command_output", texts("artifact_id")),
            tool("read_file", {**texts("path"), "mode": {"enum": ["slice", "block"]}}),
            tool("write_to_file", texts("path", "content")),
        ],
        {
            "write": ("write_to_file", {"path": "hello.txt", "content": "hi"}),
            "read": ("read_file", {"path": "a.txt", "mode": "slice"}),
            "edit": ("apply_diff", {"path": "a.txt", "diff": (
                "<<<<<<< SEARCH\n:start_line:2\n-------\nhello you\n=======\nbye you\n"
                ">>>>>>> REPLACE")}),
            "list": ("list_files", {"path": ".", "recursive": False}),
            "run": ("execute_command", {"command": "echo hi", "cwd": "/home/me", "timeout": 1000}),
        },
    ),
    "Cline": (
        [
            tool("read_files", {"files": {"type": "array", "items": {
                "type": "object", "required": ["path"], "additionalProperties": False,
                "properties": texts("path", about=ABSOLUTE)}}}),
            tool("run_commands", {"commands": {"type": "array", "items": {"type": "string"}}}),
            tool("editor", texts("path", "old_text", "new_text", about=ABSOLUTE),
                 "path", "new_text"),
            tool("team_run_task", texts("agentId", "task")),
            tool("team_read_mailbox", {"unreadOnly": {"type": "boolean"}}),
        ],
        {
            "write": ("editor", {"path": "/home/me/hello.txt", "new_text": "hi"}),
            "read": ("read_files", {"files": [{"path": "/home/me/a.txt"}]}),
            "edit": ("editor", {"path": "/home/me/a.txt", "old_text": "hello", "new_text": "bye"}),
            "list": ("run_commands", {"commands": ["ls"]}),
            "run": ("run_commands", {"commands": ["echo hi"]}),
        },
    ),
    "pi": (
        [
            tool("fn_read", texts("path", about="Path (relative or absolute)")),
            tool("fn_bash", texts("command")),
            tool("edit", {**texts("path"), "edits": {"type": "array", "items": {
                "type": "object", "properties": texts("oldText", "newText"),
                "required": ["oldText", "newText"]}}}),
            tool("write", texts("path", "content")),
        ],
        {
            "write": ("write", {"path": "hello.txt", "content": "hi"}),
            "read": ("fn_read", {"path": "a.txt"}),
            "edit": ("edit", {"path": "a.txt", "edits": [{"oldText": "hello", "newText": "bye"}]}),
            "list": ("fn_bash", {"command": "ls"}),
            "run": ("fn_bash", {"command": "echo hi"}),
        },
    ),
    "a single tool of many verbs": (
        [tool("str_replace_editor", {
            "command": {"enum": ["view", "create", "str_replace"], "type": "string"},
            **texts("path", "file_text", "old_str", "new_str")}, "command", "path")],
        {
            "write": ("str_replace_editor",
                      {"command": "create", "path": "hello.txt", "file_text": "hi"}),
            "edit": ("str_replace_editor", {"command": "str_replace", "path": "a.txt",
                                            "old_str": "hello", "new_str": "bye"}),
        },
    ),
}  # fmt: skip
TASKS = {
    "write": [CREATE],
    "read": [("user", "read a.txt")],
    "edit": [CHANGE, result("a.txt\n1 | one\n2 | hello you")],
    "list": [("user", "list the files")],
    "run": [("user", "run `echo hi`")],
}


@pytest.mark.parametrize(
    ("agent", "kind"), [(name, kind) for name, (_, calls) in AGENTS.items() for kind in calls]
)
def test_a_task_is_done_with_the_tools_of(agent: str, kind: str) -> None:
    tools, calls = AGENTS[agent]

    assert called(tools, *TASKS[kind]) == calls[kind]


def test_an_edit_reads_first_and_says_what_it_does() -> None:
    first = answered(ALL, CHANGE)
    second = answered(ALL, CHANGE, result("hello"))
    third = answered(ALL, CHANGE, result("hello"), result("ok"))

    assert first == Reply("I will read a.txt.", (Call("read", {"path": "a.txt"}, "a.txt"),))
    assert second.prose == "I will change hello to bye in a.txt."
    assert third == Reply("a.txt says bye now, where it said hello.")


def test_what_is_no_task_calls_nothing() -> None:
    assert reply(read(prompt(ALL, ("user", "What is a file?")))) is None


def test_without_tools_there_is_nothing_to_plan() -> None:
    assert reply(read(prompt([], CREATE))) is None


def test_the_end_is_told_with_a_tool_where_there_is_one() -> None:
    tools = [WRITE, DONE]
    written = result("File saved.")
    accepted = result("The person is content.")

    assert called(tools, CREATE, written) == (
        "attempt_completion", {"result": "hello.txt is written."}
    )  # fmt: skip
    assert answered(tools, CREATE, written, accepted) == Reply("hello.txt is written.")


def test_a_tool_that_is_named_is_called_as_it_was_told_or_as_its_schema_allows() -> None:
    weather = tool("get_weather", {**texts("city"), "unit": {"enum": ["c", "f"]}})
    told = ("user", 'call get_weather with {"city": "Oslo", "unit": "f"}')

    assert called([weather], told) == ("get_weather", {"city": "Oslo", "unit": "f"})
    assert called([weather], ("user", "call get_weather")) == (
        "get_weather", {"city": "practice", "unit": "c"}
    )  # fmt: skip
    assert answered([weather], told, result("rain")) == Reply("get_weather said:\nrain")


def test_arguments_that_are_no_json_are_told_in_words() -> None:
    told = ("user", "call write with {broken}")
    fault = "write could not be called: {broken} is no JSON object."

    assert answered([WRITE], told) == Reply(fault)
    assert called([WRITE, DONE], told) == ("attempt_completion", {"result": fault})
    assert answered([WRITE, DONE], told, result("fine")) == Reply(fault)


def test_what_a_tool_answered_is_passed_on() -> None:
    said = answered(ALL, ("user", "read a.txt"), result("one\ntwo"))

    assert said == Reply("a.txt says:\none\ntwo")


@pytest.mark.parametrize("error", ["Error: ENOENT", "a.txt: not found"])
def test_after_an_error_another_way_is_tried_once_and_then_it_is_said(error: str) -> None:
    tools = [WRITE, SHELL, tool("create_file", texts("path", "content"))]

    second = called(tools, CREATE, result(error))
    third = answered(tools, CREATE, result(error), result(error))

    assert second[0] == "create_file"
    assert third.calls == ()
    assert third.prose == f"hello.txt could not be written: {error}"


@pytest.mark.parametrize("word", ["The user rejected this tool call.", "It is not allowed."])
def test_after_a_refusal_nothing_else_is_tried(word: str) -> None:
    tools = [WRITE, SHELL]
    fault = f"hello.txt could not be written: {word}"

    assert answered(tools, CREATE, result(word)) == Reply(fault)
    assert answered(tools, CREATE, result("Error: no"), result(word)) == Reply(fault)
    assert called([*tools, DONE], CREATE, result(word)) == ("attempt_completion", {"result": fault})
    assert answered([*tools, DONE], CREATE, result(word), result("fine")) == Reply(fault)


def test_the_shell_is_another_way_and_so_is_the_other_kind_of_path() -> None:
    error = result("Error: no")

    assert called([WRITE, SHELL], CREATE, error)[0] == "bash"
    assert called([WRITE], CREATE, error)[1]["path"] == "/home/me/hello.txt"
    assert called([READ], ("user", "read a.txt"), error)[1] == {"path": "/home/me/a.txt"}


@pytest.mark.parametrize("text", ["The word error is in it.", "1 | nothing was denied here\n"])
def test_a_file_that_speaks_of_errors_in_passing_is_none(text: str) -> None:
    tools = [READ, SHELL]

    assert answered(tools, ("user", "read a.txt"), result(f"a.txt\n{text}")).calls == ()


def test_the_first_of_several_results_counts() -> None:
    assert answered([WRITE], CREATE, result("ok", "Error: no")) == Reply("hello.txt is written.")


def test_a_failure_is_told_with_the_tool_for_the_end() -> None:
    said = called([WRITE, DONE], CREATE, result("Error: 1"), result("Error: 2"))

    assert said == ("attempt_completion", {"result": "hello.txt could not be written: Error: 2"})


def test_where_no_tool_can_do_it_that_is_said() -> None:
    assert answered([LIST], CREATE) == Reply("hello.txt could not be written: No tool can do this.")
    assert called([EDIT], CHANGE)[0] == "edit"


def test_a_later_text_goes_on_with_what_is_not_done() -> None:
    faulty = ("assistant", "<tool_call>\n{\n</tool_call>")
    told = ("user", "That was no JSON. Send the call again.")

    assert called(ALL, CREATE, faulty, told)[0] == "write"
    assert called(ALL, CHANGE, result("hello"), faulty, told)[0] == "edit"


def test_a_later_text_after_the_end_is_no_task() -> None:
    thanks = ("user", "Thank you!")
    done = ("assistant", "hello.txt is written.")

    assert reply(read(prompt(ALL, CREATE, result("ok"), done, thanks))) is None
    assert reply(read(prompt([WRITE], CREATE, *[result("Error: no")] * 2, done, thanks))) is None


def test_who_is_told_to_go_on_goes_on_until_it_is_done() -> None:
    begun = ("assistant", "I will read a.txt.\n<tool_call>\n{")
    urged = ("user", "Go on.")

    assert called(ALL, CHANGE, begun, result("hello"), urged)[0] == "edit"
    assert reply(read(prompt(ALL, CHANGE, begun, *[result("hello")] * 2, urged))) is None


def test_any_other_text_ends_a_task_that_was_begun() -> None:
    begun = ("assistant", "I will write hello.txt.\n<tool_call>\n{")
    stopped = ("user", "<tool_response>\nError: no\n</tool_response>\nstop")

    assert reply(read(prompt(ALL, CREATE, begun, ("user", "stop")))) is None
    assert reply(read(prompt(ALL, CREATE, begun, stopped))) is None


def test_a_later_task_begins_anew() -> None:
    ends = "<tool_response>\nok\n</tool_response>\nread a.txt"

    assert called(ALL, CREATE, ("user", ends)) == ("read", {"path": "a.txt"})


def test_what_the_client_says_behind_a_result_changes_nothing() -> None:
    behind = (
        "<tool_response>\nok\n</tool_response>\n<environment_details>\nx\n</environment_details>"
    )

    assert answered(ALL, CREATE, ("user", behind)) == Reply("hello.txt is written.")


def test_a_demand_is_met_with_the_least_that_is_valid() -> None:
    asked = ("user", "Hello")

    assert called([LIST, EDIT], asked, closing()) == (
        "list_files", {"path": "practice", "recursive": False}
    )  # fmt: skip
    assert called([LIST, EDIT], asked, closing("edit"))[0] == "edit"
    assert called(ALL, CREATE, closing())[0] == "write"
    assert called([READ], CREATE, result("ok"), closing("read")) == ("read", {"path": "hello.txt"})


def test_a_demand_is_met_once_for_each_text() -> None:
    asked = ("user", "Hello")
    once = (asked, made("read"), result("ok"))

    assert called(ALL, asked, closing())[0] == "read"
    assert reply(read(prompt(ALL, *once, closing()))) is None
    assert reply(read(prompt(ALL, *once, closing("read")))) is None
    assert called(ALL, *once, asked, closing())[0] == "read"
    assert answered(ALL, CREATE, made("write"), result("ok"), closing()).calls == ()


def test_a_demand_that_was_met_badly_is_met_anew() -> None:
    asked = ("user", "Hello")
    told = ("user", "That was not carried out. You called no tool. Write that call again.")

    assert called(ALL, asked, closing(), ("assistant", "No."), told)[0] == "read"
    assert called(ALL, asked, closing(), made("read"), told)[0] == "read"


def test_a_demand_after_a_refusal_is_met_by_the_tool_for_the_end() -> None:
    refused = (CREATE, made("write"), result("The user denied it."), closing())
    fault = {"result": "hello.txt could not be written: The user denied it."}

    assert called([WRITE, SHELL, DONE], *refused) == ("attempt_completion", fault)


@pytest.mark.parametrize("answer", ["ok", "Error: no"])
def test_it_never_goes_on_for_ever(answer: str) -> None:
    turns = [CHANGE]
    while (said := answered([*ALL, DONE], *turns)).calls and len(turns) < 16:
        turns += [("assistant", said.prose or "x"), result(answer)]

    assert not said.calls
