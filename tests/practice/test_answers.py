"""What the practice site answers by itself: an echo, and faults for who asks for them."""

import http.client
import json
from itertools import pairwise
from typing import Any

import pytest

from tests.practice.test_site import Browser, text_of
from tray_app.practice import PracticeSite
from tray_app.practice.answers import WORDS
from tray_app.practice.transcript import read


@pytest.fixture
def browser(site: PracticeSite) -> Browser:
    return Browser(site)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Hello", "Hello"),
        ("", ""),
        ("<user>\nHello\n</user>", "Hello"),
        ("<user>\none\n</user>\n<assistant>\ntwo\n</assistant>\n<user>\nthree\n</user>", "three"),
        ('<user-2 name="x">\n<user>\nno\n</user>\nyes\n</user-2>', "<user>\nno\n</user>\nyes"),
        ("<user>\nnot closed", "<user>\nnot closed"),
    ],
)
def test_what_a_person_said_last_is_found(content: str, said: str) -> None:
    assert read(content).said == said


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


def test_who_asks_for_a_picture_gets_an_address_that_works(browser: Browser) -> None:
    body = browser.body(browser.new_chat(), "a cat")
    body["messages"][0]["chat_type"] = "t2i"

    data = browser.completions(body)
    told = [json.loads(event[6:]) for event in data.split(b"\n\n") if event]
    url = text_of(told, "image_gen")

    assert url.startswith(browser.site.origin)
    assert browser.send("GET", url.removeprefix(browser.site.origin))[1][1:4] == b"PNG"


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

    assert all(word in told for word in WORDS)


@pytest.mark.parametrize("text", ["say practice: cut", "practice: ", "practice: cut and more"])
def test_prose_that_looks_like_a_word_is_echoed(browser: Browser, text: str) -> None:
    assert text_of(browser.chat(text)).endswith(text)
