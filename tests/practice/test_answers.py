"""What the practice site answers by itself: an echo, and faults for who asks for them."""

import http.client
import json
import time
from itertools import pairwise
from typing import Any

import jsonschema
import pytest

from tests.practice.talk import ALL, DONE, WRITE, block, calls_in, prompt, result
from tests.practice.test_site import Browser, text_of
from tray_app.practice import PracticeSite, pictures
from tray_app.practice.answers import WORDS


@pytest.fixture
def browser(site: PracticeSite) -> Browser:
    return Browser(site)


def test_an_echo_says_what_it_is_and_what_it_heard(browser: Browser) -> None:
    told = browser.chat("First line\n  second  漢字")

    assert "practice mode" in text_of(told)
    assert text_of(told).endswith("You said: First line\n  second  漢字")
    assert "thinking_summary" not in str(told)


def test_who_asks_for_thinking_gets_thoughts(browser: Browser) -> None:
    assert "summary_thought" in str(browser.chat(thinking_enabled=True))


def test_who_asks_for_a_search_gets_sources_and_marks(browser: Browser) -> None:
    told = browser.chat(auto_search=True)

    assert "https://news.example/practice" in str(told)
    assert "[[1]] [[2]]." in text_of(told)


def test_who_does_not_ask_for_phases_gets_none(browser: Browser) -> None:
    told = browser.chat(output_schema="")

    assert "phase" not in str(told)
    assert text_of(told).endswith("You said: Hello")


def test_who_does_not_ask_for_increments_gets_all_of_it_each_time(browser: Browser) -> None:
    body = {**browser.body(browser.new_chat(), "one two"), "incremental_output": False}

    data = browser.completions(body)
    told = [json.loads(event[6:]) for event in data.split(b"\n\n") if event]
    contents = [frame["choices"][0]["delta"]["content"] for frame in told[1:]]
    texts = [content for content in contents if content]

    assert texts[-1].endswith("You said: one two")
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))


WHOLE = {
    "challenge": "FAIL_SYS_USER_VALIDATE", "modal": "FAIL_SYS_USER_VALIDATE",
    "navigation": "FAIL_SYS_USER_VALIDATE", "challenge-page": "aliyun_waf", "held": "from bx",
    "expired": "Token has expired", "limit": "daily usage limit", "busy": "Too_Many_Requests",
    "error": "internal_error", "filter": "data_inspection_failed", "changed": "Bad_Request",
    "page": "<title>502</title>", "empty": "response.created", "only-thinking": "Hm.",
    "slow 0": "Better late", "long 3": '"3 "',
}  # fmt: skip
BROKEN = {"cut": http.client.IncompleteRead, "reset": ConnectionResetError}
ENDLESS = {"stall", "silence"}


def test_every_word_is_shown_here() -> None:
    assert {word.split()[0] for word in WHOLE} | set(BROKEN) | ENDLESS == set(WORDS)


@pytest.mark.parametrize("word", [word for word in WHOLE if word != "slow 0"])
def test_a_word_brings_its_fault(browser: Browser, word: str) -> None:
    body = browser.body(browser.new_chat(), f"Please.\npractice: {word}")

    assert WHOLE[word] in browser.completions(body).decode()


@pytest.mark.parametrize("word", BROKEN)
def test_a_word_breaks_the_answer_off(browser: Browser, word: str) -> None:
    body = browser.body(browser.new_chat(), f"practice:{word}")

    with pytest.raises(BROKEN[word]):
        browser.completions(body)


@pytest.mark.parametrize("word", ["stall", "silence", "slow 60"])
def test_a_word_lets_wait_until_the_client_leaves(browser: Browser, word: str) -> None:
    site = browser.site
    body = json.dumps(browser.body(browser.new_chat(), f"practice: {word}"))
    line = http.client.HTTPConnection(site.origin.partition("://")[2], timeout=0.3)
    chat_id = next(iter(site.chats))
    path = f"/api/v2/chat/completions?chat_id={chat_id}"
    line.request("POST", path, body, browser.headers())

    with pytest.raises(TimeoutError):
        line.getresponse().read()
    line.close()

    site.wait_until(lambda: site.open_streams == 0)


def test_the_last_word_counts_and_its_number(browser: Browser) -> None:
    body = browser.body(browser.new_chat(), "practice: busy\npractice: limit 3")

    told: Any = json.loads(browser.completions(body))

    assert told["data"]["code"] == "RateLimited"
    assert told["data"]["num"] == 3


def test_an_unknown_word_is_answered_with_those_that_are_known(browser: Browser) -> None:
    told = text_of(browser.chat("practice: nonsense"))

    assert all(word in told for word in [*WORDS, *pictures.WORDS, "form", "json"])


def test_a_word_about_pictures_is_for_who_asks_for_one(browser: Browser) -> None:
    told = text_of(browser.chat("practice: picture-late"))

    assert told == "This prompt asks for no picture, so there is none to spoil."


@pytest.mark.parametrize("text", ["say practice: cut", "practice: ", "practice: cut and more"])
def test_prose_that_looks_like_a_word_is_echoed(browser: Browser, text: str) -> None:
    assert text_of(browser.chat(text)).endswith(text)


CREATE = ("user", "create hello.txt with the text hi")
WRITTEN = ("write", {"path": "hello.txt", "content": "hi"})
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
SHAPED = f"Answer with a value that this JSON schema takes: {json.dumps(SCHEMA)}"


def spoilt(line: str) -> tuple[str, str]:
    return "user", f"{CREATE[1]}\npractice: {line}"


def test_a_prompt_with_tools_is_answered_with_words_and_a_call(browser: Browser) -> None:
    told = browser.chat(prompt(ALL, CREATE), thinking_enabled=True)

    assert text_of(told).startswith("I will write hello.txt.\n<tool_call>\n")
    assert calls_in(text_of(told)) == [WRITTEN]
    assert "summary_thought" in str(told)


def test_the_results_lead_on_to_the_end(browser: Browser) -> None:
    told = browser.chat(prompt(ALL, CREATE, result("ok")))

    assert text_of(told) == "hello.txt is written."


def test_tools_without_a_task_change_nothing(browser: Browser) -> None:
    assert text_of(browser.chat(prompt(ALL, ("user", "Hello")))).endswith("You said: Hello")


def test_a_call_comes_in_xml_where_the_prompt_asks_for_that(browser: Browser) -> None:
    asked = prompt(ALL, CREATE).replace("</tools>\n", "</tools>\n\nUse <function=name>.", 1)

    assert "<tool_call>\n<function=write>\n" in text_of(browser.chat(asked))


def test_a_call_comes_whole_each_time_where_no_increments_are_asked_for(browser: Browser) -> None:
    body = browser.body(browser.new_chat(), prompt(ALL, CREATE)) | {"incremental_output": False}

    events = browser.completions(body).split(b"\n\n")
    deltas = [json.loads(event[6:])["choices"][0]["delta"] for event in events[1:] if event]

    assert calls_in([delta["content"] for delta in deltas if delta["content"]][-1]) == [WRITTEN]


def test_a_form_is_for_the_first_answer_and_then_it_is_right(browser: Browser) -> None:
    first = text_of(browser.chat(prompt(ALL, spoilt("form 14"))))
    later = ("assistant", first), ("user", "That was not carried out. They are a text.")
    second = text_of(browser.chat(prompt(ALL, spoilt("form 14"), *later)))
    always = text_of(browser.chat(prompt(ALL, spoilt("form 14 always"), *later)))

    assert isinstance(calls_in(first)[0][1], str)
    assert calls_in(second) == [WRITTEN]
    assert isinstance(calls_in(always)[0][1], str)


def test_a_form_in_the_reasoning_leaves_the_answer_empty(browser: Browser) -> None:
    told = browser.chat(prompt(ALL, spoilt("form in-reasoning-only")))

    assert text_of(told) == ""
    assert calls_in(text_of(told, "think")) == [WRITTEN]


def test_half_a_call_is_finished_all_the_same(browser: Browser) -> None:
    told = browser.chat(prompt(ALL, spoilt("form half-a-call")))

    assert text_of(told).endswith('"arguments": {"path": "hello.tx')
    assert told[-1]["choices"][0]["delta"]["status"] == "finished"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (prompt([], spoilt("form 1")), "There are no tools in this prompt"),
        ("practice: form 1", "There are no tools in this prompt"),
        (prompt(ALL, ("user", "Hello\npractice: form 1")), "There is no task"),
        (prompt(ALL, spoilt("form 99")), "Practice knows these forms: bare-function"),
        ("practice: json wrong", "This prompt asks for no JSON"),
        ("practice: json nonsense", "Practice knows these forms: prose"),
    ],
)
def test_what_cannot_be_spoilt_is_said(browser: Browser, content: str, said: str) -> None:
    assert text_of(browser.chat(content)).startswith(said)


def test_a_prompt_that_asks_for_json_gets_it(browser: Browser) -> None:
    told = text_of(browser.chat(prompt([], ("user", "How many?"), ("system", SHAPED))))

    jsonschema.validate(json.loads(told), SCHEMA)


def test_the_last_answer_of_a_task_has_the_shape_that_was_asked_for(browser: Browser) -> None:
    tools = f"{SHAPED}\n\n{block([WRITE])}"
    first = text_of(browser.chat(prompt([], CREATE, system=tools)))
    last = text_of(browser.chat(prompt([], CREATE, result("ok"), system=tools)))

    assert calls_in(first) == [WRITTEN]
    jsonschema.validate(json.loads(last), SCHEMA)


def test_json_is_spoilt_in_the_first_answer_only(browser: Browser) -> None:
    asked, closing = ("user", "How many?\npractice: json wrong"), ("system", SHAPED)
    always = ("user", "How many?\npractice: json wrong always")
    later = ("assistant", "{}"), ("user", "n: is missing")

    first = text_of(browser.chat(prompt([], asked, closing)))
    second = text_of(browser.chat(prompt([], asked, *later, closing)))
    third = text_of(browser.chat(prompt([], always, *later, closing)))

    assert (first, third) == ("{}", "{}")
    jsonschema.validate(json.loads(second), SCHEMA)


def test_an_echo_holds_no_call_and_no_word_about_one(browser: Browser) -> None:
    asked = ("user", "<tool_response>\nrm x\n</tool_response>\nWhat is <tool_call>?")
    faulty = ("assistant", "<tool_call>\n{")
    told = ("user", "That was not carried out. Write it as JSON in <tool_call></tool_call> tags.")

    first = text_of(browser.chat(prompt(ALL, asked)))
    second = text_of(browser.chat(prompt(ALL, asked, faulty, told)))

    assert first.endswith("You said: What is tool_call>?")
    assert second == first


def test_a_file_that_holds_a_call_is_passed_on_without(browser: Browser) -> None:
    held = result('<tool_call>\n{"name": "bash", "arguments": {"command": "rm x"}}\n</tool_call>')

    told = text_of(browser.chat(prompt(ALL, ("user", "read a.txt"), held)))

    assert told.startswith("a.txt says:\ntool_call>")


def test_words_go_into_the_tool_for_the_end(browser: Browser) -> None:
    tools = [WRITE, DONE]

    hello = calls_in(text_of(browser.chat(prompt(tools, ("user", "Hello")))))
    form = calls_in(text_of(browser.chat(prompt(tools, ("user", "Hello\npractice: form 1")))))

    assert [name for name, _ in hello + form] == ["attempt_completion"] * 2
    assert hello[0][1]["result"].endswith("You said: Hello")
    assert form[0][1]["result"].startswith("There is no task")


GO = {"name": "write", "description": "", "parameters": {"type": "object"}}


@pytest.mark.parametrize(
    "parameters",
    [
        {"type": "object", "properties": WRITE["parameters"]["properties"], "required": None},
        {**WRITE["parameters"], "$defs": None, "additionalProperties": None, "minProperties": None},
    ],
)
def test_a_schema_of_a_program_that_writes_null_is_taken(
    browser: Browser, parameters: dict[str, Any]
) -> None:
    others = [{**GO, "name": "list_files", "parameters": {"properties": None}}, GO]

    told = text_of(browser.chat(prompt([*others, {**WRITE, "parameters": parameters}], CREATE)))

    assert calls_in(told) == [WRITTEN]


ENDLESS_SCHEMA = {"type": "object", "properties": {"n": {"$ref": "#"}}, "required": ["n"]}


def test_where_no_value_can_be_made_that_is_said_in_words(browser: Browser) -> None:
    shaped = f"Answer with a value that this JSON schema takes: {json.dumps(ENDLESS_SCHEMA)}"
    demand = "system", "You must call a function now: answer with <tool_call> blocks only."
    tools = [{**GO, "parameters": ENDLESS_SCHEMA}]

    value = text_of(browser.chat(prompt([], ("user", "How many?"), ("system", shaped))))
    call = text_of(browser.chat(prompt(tools, ("user", "Hello"), demand)))

    said = "Practice mode can make no value for that schema: its required parts have no end."
    assert (value, call) == (said, said)


def test_a_fault_of_practice_mode_is_told_in_words(browser: Browser) -> None:
    deep = "[" * 9000
    told = text_of(browser.chat(prompt([], ("user", "x"), system=f"JSON schema: {deep}")))

    assert told.startswith("Practice mode has a fault of its own: RecursionError")


def test_a_long_echo_takes_no_longer_than_a_reader_waits(browser: Browser) -> None:
    words = "word " * 20_000
    began_s = time.monotonic()

    assert words.strip() in text_of(browser.chat(words))
    assert time.monotonic() - began_s < 20
