"""Results are told apart as clients write them."""

import re

import pytest

from tray_app.practice.outcomes import ERRORS, REFUSED, is_error, is_refused

REFUSALS = (
    ("The user rejected permission to use this specific tool call.",
     "The user denied this operation.", "Permission to use Bash has been denied.",
     "bash: /etc/x: Permission denied", "Error: the user rejected it."),
    ("The user doesn't want to proceed with this tool use.", "The user did not allow it."),
    ("Claude requested permissions to write to a.txt, but you haven't granted it yet.",),
    ("Error: this tool is not allowed in plan mode",),
    ("The user has specified a rule which prevents you from using this specific tool call.",),
    ("exec command aborted by user",),
    ('{"tool": "write",  "status": "denied"}', '{\n  "status": "rejected"\n}'),
)  # fmt: skip
FAILURES = (
    ("Error: ENOENT", "validation error: path is required", "Invalid arguments", "[ERROR] no"),
    ("Unknown tool 'write'",),
    ("a.txt: No such file or directory", "sh: x: not found"),
    ("<tool_use_error>File has not been read yet.</tool_use_error>",),
    ('[{"query":"a","success":false}]', '{"status": "error", "message": "x"}'),
    ("Chunk ID: 1\nProcess exited with code 1\nOutput:",),
)
FINE = (
    "",
    "ok",
    "The file does not contain errors.",
    "a.txt says: error handling guide",
    "a.txt\n1 | nothing was denied here",
    "Process exited with code 0",
    "x" * 600 + "<error>",
)


def test_every_way_to_tell_it_is_shown_here_in_its_place() -> None:
    for patterns, rows in ((REFUSED, REFUSALS), (ERRORS, FAILURES)):
        for pattern, texts in zip(patterns, rows, strict=True):
            assert [text for text in texts if not re.search(pattern, text, re.I)] == []


@pytest.mark.parametrize("text", [text for texts in REFUSALS for text in texts])
def test_a_refusal_is_one_and_no_error(text: str) -> None:
    assert (is_refused(text), is_error(text)) == (True, False)


@pytest.mark.parametrize("text", [text for texts in FAILURES for text in texts])
def test_an_error_is_one_and_no_refusal(text: str) -> None:
    assert (is_refused(text), is_error(text)) == (False, True)


@pytest.mark.parametrize("text", FINE)
def test_what_is_neither_is_neither(text: str) -> None:
    assert (is_refused(text), is_error(text)) == (False, False)
