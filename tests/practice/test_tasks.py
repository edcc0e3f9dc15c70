"""Small tasks are understood in the words that people use, and nothing else is."""

import pytest

from tests.practice.talk import result
from tray_app.practice.tasks import Task, task_in
from tray_app.practice.transcript import Turn

TOOLS = ("fn_read", "get_weather", "attempt_completion")


def found(text: str) -> Task | None:
    task = task_in([Turn("user", text)], TOOLS)
    return task[1] if task else None


@pytest.mark.parametrize(
    ("text", "path", "content"),
    [
        ("Create hello.txt with the text hi", "hello.txt", "hi"),
        ('"create hello.txt with the text hi"', "hello.txt", "hi"),
        ("Please create a new file named src/x.py containing 'print(1)'.", "src/x.py", "print(1)"),
        ("write `a b` to notes.md", "notes.md", "a b"),
        ("Make the file `a.txt` with the content: one. two.", "a.txt", "one. two."),
        ('create a.txt with the text say "hi"', "a.txt", 'say "hi"'),
        ('create a.txt with the text it\'s "quoted"', "a.txt", 'it\'s "quoted"'),
        ("create a.txt with the text 'single", "a.txt", "'single"),
        ("create a.txt with the text 'one' and 'two'", "a.txt", "'one' and 'two'"),
        ('create a.txt with the text "it\'s".', "a.txt", "it's"),
        ('create a.txt with the text "one."', "a.txt", "one."),
        ("create a.py with the text x = 1.", "a.py", "x = 1."),
        ("create a.txt with the text ''", "a.txt", ""),
        ('"create a.txt with the text say "hi""', "a.txt", 'say "hi"'),
        (
            "create a.py with this:\n```python\nx = 1\n\ny = 2\n```\nThanks",
            "a.py",
            "x = 1\n\ny = 2\n",
        ),
        ("create Makefile with the line all:", "Makefile", "all:"),
        ("create a.txt with the text hi\npractice: slowly", "a.txt", "hi"),
        ("create C:\\x\\a.txt with the word hi", "C:\\x\\a.txt", "hi"),
    ],
)
def test_a_file_to_write_is_understood(text: str, path: str, content: str) -> None:
    assert found(text) == Task("write", {"path": path, "content": content})


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        ("Show me the contents of src/a.py", "read", {"path": "src/a.py"}),
        ("read `a.txt`.", "read", {"path": "a.txt"}),
        ("replace the word x with 'y z' in a.txt", "edit",
         {"old": "x", "new": "y z", "path": "a.txt"}),
        ("change 'a' to \"it's\" in a.txt", "edit", {"old": "a", "new": "it's", "path": "a.txt"}),
        ("change x. to 'y in a.txt", "edit", {"old": "x.", "new": "'y", "path": "a.txt"}),
        ("list all files", "list", {}),
        ("execute the command make test", "run", {"command": "make test"}),
        ("run `echo hi` please", "run", {"command": "echo hi"}),
        ("call the function `get_weather`.", "call", {"tool": "get_weather", "arguments": ""}),
        ('call read with {"path": "a"}\npractice: form 1', "call",
         {"tool": "fn_read", "arguments": '{"path": "a"}'}),
    ],
)  # fmt: skip
def test_other_tasks_are_understood(text: str, kind: str, told: dict[str, str]) -> None:
    assert found(text) == Task(kind, told)


@pytest.mark.parametrize(
    "text",
    [
        "Hello",
        "e.g. this",
        "What is a file?",
        "run",
        "list them",
        "call my_mother",
        "When you are done, call attempt_completion.",
        "Your call was no JSON. Please call get_weather again.",
    ],
)
def test_what_is_no_task_is_none(text: str) -> None:
    assert found(text) is None


@pytest.mark.parametrize(
    ("said", "arguments", "fault"),
    [
        ("call read", None, ""),
        ('call read with {"path": "a?"}.', {"path": "a?"}, ""),
        ("call read with {broken}", None, "{broken} is no JSON object."),
        ("call read with [1]", None, "[1] is no JSON object."),
        ("call read with care", None, "care is no JSON object."),
    ],
)
def test_arguments_that_are_no_object_are_a_fault(
    said: str, arguments: dict[str, str] | None, fault: str
) -> None:
    task = found(said)

    assert task is not None
    assert (task.arguments, task.fault) == (arguments, fault)


def test_the_last_task_of_the_person_counts() -> None:
    turns = [
        Turn("user", "read a.txt"),
        Turn("user", "read b.txt"),
        Turn("assistant", "I will read c.txt."),
        Turn(*result("read d.txt")),
        Turn("user", "And now?"),
    ]

    assert task_in(turns, TOOLS) == (1, Task("read", {"path": "b.txt"}))


def test_a_sentence_says_what_is_done() -> None:
    task = Task("edit", {"old": "x", "new": "{y}", "path": "a.txt"})

    assert task.steps == ("read", "edit")
    assert task.says("edit", 0) == "I will change x to {y} in a.txt."
