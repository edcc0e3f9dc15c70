"""Changes are shown without secrets, whoever's they are."""

import pytest

from tray_app.dialects.clients.shown import HIDDEN_KEY, difference, hidden


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('+  "apiKey": "abc",', '+  "apiKey": "...",'),
        (" OTHER_API_KEY=abc def", " OTHER_API_KEY=..."),
        ("-export GITHUB_TOKEN='ghp_1' # mine", "-export GITHUB_TOKEN='...' # mine"),
        ("+openai-api-key: sk-portico-0123456789", f"+openai-api-key: {HIDDEN_KEY}"),
        ('"client_secret" : "a\\"b"}', '"client_secret" : "..."}'),
        ('api_key = "x" # of others', 'api_key = "..." # of others'),
        ('{"apiKey":"a","baseUrl":"http://b/v1"}', '{"apiKey":"...","baseUrl":"http://b/v1"}'),
        ("args: [sk-proj-abcdef]", "args: [...]"),
        ('"X": "Bearer abcdefgh"', '"X": "Bearer ..."'),
        ("proxy: http://me:pass@host/", "proxy: http://...@host/"),
    ],
)
def test_what_stands_under_a_secrets_name_or_looks_like_one_is_hidden(line: str, said: str) -> None:
    assert hidden(line) == said
    assert hidden(said) == said


@pytest.mark.parametrize(
    "line",
    [
        '+    "maxOutputTokens": 32000,',
        '+  "tokenSource": "manual",',
        '"apiKey": "{env:PORTICO_API_KEY}"',
        'apiKey: "${{ secrets.PORTICO_API_KEY }}"',
        'env_key = "PORTICO_API_KEY"',
        'api_key_name: "portico"',
        '"apiKey": "",',
        '"name": "task-runner-with-a-name"',
    ],
)
def test_what_is_no_secret_is_shown(line: str) -> None:
    assert hidden(line) == line


def test_lines_around_a_change_show_no_secret_either() -> None:
    before = "OTHER_KEY=abc\nA=1\n"

    lines = difference("x", before, before + "OPENAI_API_KEY=sk-portico-0123\n")

    assert lines[0] == "--- x"
    assert lines[-3:] == [" OTHER_KEY=...", " A=1", f"+OPENAI_API_KEY={HIDDEN_KEY}"]
