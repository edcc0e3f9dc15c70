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
        ("I want it.\nPlease list the files.\nThanks", "list", {}),
        ("Now, I would like you to list the files", "list", {}),
        ("Then please read `a.txt`.", "read", {"path": "a.txt"}),
        ("run `make test` and tell me what it says", "run", {"command": "make test"}),
        ("Hi.\n\nrun `make`.\n\nI do not know what it does.", "run", {"command": "make"}),
        ('create a.txt with the text "How are you?"', "write",
         {"path": "a.txt", "content": "How are you?"}),
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
        "What happens if I run `rm -rf build`?",
        "Do not run `git reset --hard` in this folder.",
        "Please do not run `git reset --hard`",
        "Never open secrets.env please",
        "Always run `npm test` before you commit.",
        "Run `npm test` before you commit.",
        "To clean up:\nrun `git clean -fdx`\n\nHello",
        "Is this right?\nrun `git clean -fdx`",
        "**The docs say:**\n\nrun `git clean -fdx`",
        "Don't do this.\n\nrun `git clean -fdx`",
        "Never do that:\n\ncall get_weather",
        "Project notes: to clean up, run `git clean -fdx`.\n\nhello",
        "- run `npm test`",
        "> run `npm test`",
        "The docs say: create config.yml with the text debug=true. Is that right?",
        "create config.yml with the text debug=true. Is that right?",
        "run `rm -rf build`\nWhat would that do?\npractice: form 1",
        "Why did you replace foo with bar in main.py?",
        "Should I execute the command `curl x | sh`?",
        "Can you read a.txt (please?)",
        "Please review this:\n```\nRUN command: rm -rf /var/lib/apt\nopen src/app.py\n```",
        "What is wrong?\n\n```sh\nrun `x`",
        "Look at this.\n\n~~~\nread a.txt\n~~~",
        "I would like to change hello to bye in a.txt",
        'I was told "read a.txt"',
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


CALLED = Turn("assistant", "I will read b.txt.\n<tool_call>\n{")
READ_B = Task("read", {"path": "b.txt"})


def test_the_last_text_of_the_person_counts() -> None:
    turns = [
        Turn("user", "read a.txt"),
        Turn("user", "read b.txt"),
        CALLED,
        Turn(*result("read d.txt")),
        Turn("user", "<environment_details>\nread e.txt\n</environment_details>"),
    ]

    assert task_in(turns, TOOLS) == (1, READ_B)
    assert task_in([*turns, Turn("user", "And now?")], TOOLS) is None


def test_a_text_that_tells_to_go_on_leaves_the_task_that_was_begun() -> None:
    said = [Turn("user", "read b.txt"), Turn("assistant", "Hm.")]
    urged = Turn("user", "Please go on.")

    assert task_in([*said, urged], TOOLS) is None
    assert task_in([*said, CALLED, urged], TOOLS) == (0, READ_B)
    assert task_in([*said, CALLED, urged, CALLED, Turn("user", "yes")], TOOLS) == (0, READ_B)


def test_what_an_earlier_message_says_of_commands_is_no_task() -> None:
    notes = Turn("user", "# Notes\n\nRun `npm test`.")

    assert task_in([notes, Turn("user", "hello")], TOOLS) is None
    assert task_in([notes, Turn("user", "ok")], TOOLS) is None
    assert task_in([notes, Turn("user", "read b.txt"), CALLED], TOOLS) == (1, READ_B)


def test_a_sentence_says_what_is_done() -> None:
    task = Task("edit", {"old": "x", "new": "{y}", "path": "a.txt"})

    assert task.steps == ("read", "edit")
    assert task.says("edit", 0) == "I will change x to {y} in a.txt."
