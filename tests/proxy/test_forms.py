"""Every malformed form of a call that was seen of these models, through the door: F8.

The forms, their numbers and where they were reported stand in `tray_app/practice/forms.py` and in
`tests/filters/calling/test_reading.py`; practice mode writes them.
"""

import json
from typing import Any

import pytest

from tests.harness import Running
from tests.proxy.test_tools import calls, finish
from tray_app.practice.forms import FORMS

TEXTS = {"type": "string"}
WRITE = {
    "type": "object",
    "properties": {"path": TEXTS, "content": TEXTS},
    "required": ["path", "content"],
}
READ = {"type": "object", "properties": {"path": TEXTS}, "required": ["path"]}
TOOLS = [
    {"type": "function", "function": {"name": name, "description": name, "parameters": parameters}}
    for name, parameters in (("write", WRITE), ("read", READ))
]
TALK = {"example-in-fence", "no-call", "tags-in-fence", "name-as-tag"}
"""Forms that are no calls: they talk about one, or could be any text with tags."""
OTHER = {"wrong-types": ('{"value": "hello.txt"}', '{"value": "hi"}')}
"""Forms that cannot be told from what was meant: an object is what a JSON file holds."""


def asked(proxy: Running, form: str) -> Any:
    task = f"create hello.txt with the text hi\npractice: form {form}"
    return proxy.chat(task, tools=TOOLS, stream=True)


@pytest.mark.parametrize("form", sorted(FORMS.keys() - TALK))
def test_a_malformed_call_reaches_the_client_as_a_good_one(proxy: Running, form: str) -> None:
    """F8"""
    reply = asked(proxy, form)
    made = [call["function"] for call in calls(reply)]
    arguments = [json.loads(function["arguments"]) for function in made]
    path, content = OTHER.get(form, ("hello.txt", "hi"))

    assert "write" in [function["name"] for function in made]
    assert all(isinstance(one, dict) for one in arguments)
    written = next(one for one in arguments if "content" in one)
    assert written["path"] == path
    assert content in written["content"]
    assert finish(reply) == "tool_calls"
    for markup in ("<tool_call", "</tool_call", "<function=", "<parameter", "tool_response>"):
        assert markup not in reply.text
    proxy.check_sound()


@pytest.mark.parametrize("form", sorted(TALK))
def test_talk_about_a_call_is_text(proxy: Running, form: str) -> None:
    """F8"""
    reply = asked(proxy, form)

    assert calls(reply) == []
    assert reply.text
    assert finish(reply) == "stop"
