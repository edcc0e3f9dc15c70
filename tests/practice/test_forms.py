"""Every malformed form that was seen can be written, letter by letter as it was reported."""

import json

import pytest

from tray_app.practice.forms import FORMS, Written, form, in_xml, plain
from tray_app.practice.replies import Call, Reply

CALL = Call("write", {"path": "a.txt", "content": "hi", "n": 3, "ok": True}, "a.txt")
WRITE = Call("write", {"path": "a.txt", "content": "hi"}, "a.txt")
RUN = Call("bash", {"command": "echo hi"})
JSON = '{"name": "write", "arguments": {"path": "a.txt", "content": "hi"}}'
SECOND = JSON.replace("a.txt", "a-2.txt")
BLOCK = f"<tool_call>\n{JSON}\n</tool_call>"
PATH = "<parameter=path>\na.txt\n</parameter>"
CONTENT = "<parameter=content>\nhi\n</parameter>"
XML = f"<function=write>\n{PATH}\n{CONTENT}\n</function>"
STRANGE = '<b a="1">&amp; if (a < b && c > d) {} </b></parameters></tool>'

WRITTEN = {
    "bare-function": XML,
    "no-closing-tag": f"<tool_call>\n{JSON}",
    "no-parameter-end": f"<tool_call>\n<function=write>\n{PATH}\n<parameter=content>\nhi\n"
                        "</function>\n</tool_call>",
    "function-closed-by-parameter": f"<tool_call>\n<function=write>\n{PATH}\n{CONTENT}\n"
                                    "</parameter>\n</tool_call>",
    "closed-by-arg-value": f"<tool_call>\n{XML}\n</arg_value>",
    "parameters-alone": f"<tool_call>\n{PATH}\n{CONTENT}\n</tool_call>",
    "open-key": "<tool_call>\n" + XML.replace("<parameter=path>", "<parameter=path")
                + "\n</tool_call>",
    "no-ends": "<function=write>\n<parameter=path> a.txt\n<parameter=content> hi",
    "tags-in-values": "<tool_call>\n" + XML.replace("\nhi\n", f"\nhi{STRANGE}\n")
                      + "\n</tool_call>",
    "split-tags": BLOCK,
    "two-calls": f"{BLOCK}\n{BLOCK.replace(JSON, SECOND)}",
    "joined-tags": f"{BLOCK}\n{BLOCK.replace(JSON, SECOND)}",
    "extra-brace": BLOCK.replace("}}", "}}}"),
    "arguments-as-string": "<tool_call>\n" + json.dumps(
        {"name": "write", "arguments": '{"path": "a.txt", "content": "hi"}'}) + "\n</tool_call>",
    "nested-call": f'<tool_call>\n{{"name": "write", "arguments": {JSON}}}\n</tool_call>',
    "draft-in-reasoning": BLOCK,
    "in-reasoning-only": "",
    "unknown-name": BLOCK.replace('"write"', '"toolbox.web.answer"'),
    "bare-json": JSON,
    "extra-brace-inside": f"<tool_call>{JSON}}}</tool_call>",
    "ad-hoc-json": '{"write": "a.txt"}',
    "function-invocation": f"<tool_call>\n{XML}\n</function>\n</function_invocation>",
    "stray-think-end": f"The person wants this to be done.\n</think>\n\nNow.\n{BLOCK}",
    "broken-escapes": BLOCK.replace('"hi"', '"it\\\'s\nhi"'),
    "framed-value": "<tool_call>\n" + XML.replace("\nhi\n", "\n\n  hi\n\n") + "\n</tool_call>",
    "sorry-and-again": f"{BLOCK}\nI am sorry, that call may have got lost. Here it is again.\n"
                       + BLOCK,
    "entities": "<tool_call>\n" + XML.replace("\nhi\n", "\nhi &lt;b&gt;&amp;&lt;/b&gt;\n")
                + "\n</tool_call>",
    "python-literals": "<tool_call>\n"
                       "{'name': 'write', 'arguments': {'path': 'a.txt', 'content': 'hi'}}\n"
                       "</tool_call>",
    "example-in-fence": f"A call would look like this:\n```\n{BLOCK}\n```\nShall I do it?",
    "values-as-strings": BLOCK,
    "xml": f"<tool_call>\n{XML}\n</tool_call>",
    "no-opening-tag": f"{XML}\n</tool_call>",
    "name-as-parameter": "<tool_call>\n" + XML.replace("<function=", "<parameter=")
                         + "\n</tool_call>",
    "name-as-tag": XML.replace("<function=write>", "<write>"),
    "function-invocation-around": f"<function_invocation>\n{XML}\n</function_invocation>",
    "openai-message": json.dumps({"tool_calls": [{
        "id": "call_1", "type": "function",
        "function": {"name": "write", "arguments": '{"path": "a.txt", "content": "hi"}'},
    }]}),
    "json-in-fence": f"```json\n{JSON}\n```",
    "tags-in-fence": f"```xml\n{BLOCK}\n```",
    "tight": f"<tool_call>{JSON}</tool_call>",
    "pairs-in-list": '<tool_call>\n{"name": "write", "arguments": '
                     '["path": "a.txt", "content": "hi"]}\n</tool_call>',
    "twice": f"{BLOCK}\n{BLOCK}",
    "three-in-one-block": f"<tool_call>\n{JSON}\n{SECOND}\n"
                          + JSON.replace("a.txt", "a-3.txt") + "\n</tool_call>",
    "calls-then-prose": f"{BLOCK}\n\nThat should do it.",
    "prose-calls-prose": f"{BLOCK}\nThen the other one.\n{BLOCK.replace(JSON, SECOND)}\n"
                         "That should do it.",
    "echoes-response": f"{BLOCK}\n<tool_response>\nDone.\n</tool_response>\nAll is done.",
    "half-a-call": '<tool_call>\n{"name": "write", "arguments": {"path": "a.txt"',
    "wrong-types": BLOCK.replace('"a.txt"', '{"value": "a.txt"}').replace(
        '"hi"', '{"value": "hi"}'),
    "arguments-as-list": '<tool_call>\n{"name": "write", "arguments": ["a.txt", "hi"]}\n'
                         "</tool_call>",
    "arguments-as-number": '<tool_call>\n{"name": "write", "arguments": 1}\n</parameter>',
    "missing-required": BLOCK.replace('"path": "a.txt", ', ""),
    "no-call": "",
}  # fmt: skip


def said(written: Written) -> str:
    return "".join(written.deltas)


def test_every_form_is_shown_here() -> None:
    assert set(WRITTEN) == set(FORMS)
    assert sorted(one.number for one in FORMS.values() if one.number) == list(range(1, 31))


@pytest.mark.parametrize("name", WRITTEN)
def test_a_form_is_written_as_it_was_seen(name: str) -> None:
    before = "" if name == "stray-think-end" else "Now."

    text = said(FORMS[name].write(Reply("Now.", (WRITE,))))

    expected = WRITTEN[name]
    ends = "\n" if before and expected else ""
    assert text == ("" if name == "in-reasoning-only" else f"{before}{ends}{expected}")


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("call", [CALL, RUN, Call("nothing", {})], ids=["mixed", "run", "nothing"])
def test_a_form_can_be_written_of_any_call(name: str, call: Call) -> None:
    written = FORMS[name].write(Reply("", (call,)))

    assert said(written) or written.thoughts
    assert all(written.deltas)


def test_values_become_texts_and_other_types() -> None:
    texts = said(FORMS["values-as-strings"].write(Reply("", (CALL,))))
    wrong = said(FORMS["wrong-types"].write(Reply("", (CALL,))))

    assert '"n": "3", "ok": "true"' in texts
    assert '"n": "practice", "ok": "practice"' in wrong


def test_python_writes_its_own_words_for_true() -> None:
    assert "'ok': True" in said(FORMS["python-literals"].write(Reply("", (CALL,))))


def test_tags_are_split_and_joined_over_the_pieces_of_the_stream() -> None:
    split = FORMS["split-tags"].write(Reply("Now.", (WRITE,)))
    joined = FORMS["joined-tags"].write(Reply("Now.", (WRITE,)))

    assert split.deltas[-3:] == ("\n</tool_", "call", ">")
    assert any("</tool_call>\n<tool_call>" in piece for piece in joined.deltas)


def test_what_is_thought_aloud_holds_the_call() -> None:
    draft = FORMS["draft-in-reasoning"].write(Reply("", (WRITE,)))
    only = FORMS["in-reasoning-only"].write(Reply("", (WRITE,)))

    assert draft.thoughts[-1] == BLOCK
    assert "".join(only.thoughts) == BLOCK
    assert only.deltas == ()


def test_forms_have_numbers_and_names() -> None:
    assert form("14") is form("arguments-as-string") is FORMS["arguments-as-string"]
    assert form("0") is form("31") is form("nothing") is None


def test_a_call_of_several_goes_out_below_the_other() -> None:
    reply = Reply("", (WRITE, RUN))

    assert said(plain(reply)).count("<tool_call>\n") == 2
    assert said(in_xml(reply)).count("<function=") == 2
