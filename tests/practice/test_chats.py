"""The practice site's chats: what may be asked in them, and what they keep."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.practice.test_site import MODEL, Browser, text_of
from tray_app.practice import PracticeSite, acts
from tray_app.practice.chats import MOST, Chats
from tray_app.practice.http import Request


@pytest.fixture
def browser(site: PracticeSite) -> Browser:
    return Browser(site)


def look(browser: Browser, chat_id: str) -> Any:
    return browser.ask("GET", f"/api/v2/chats/{chat_id}")["data"]


def made(browser: Browser, **body: Any) -> Any:
    return browser.ask("POST", "/api/v2/chats/new", {"models": [MODEL], **body})


def test_a_chat_keeps_what_was_asked_and_answered(browser: Browser) -> None:
    chat_id = browser.new_chat()
    told = browser.frames(
        browser.completions(browser.body(chat_id, "Hello", thinking_enabled=True))
    )

    seen = look(browser, chat_id)

    asked, answered = seen["chat"]["messages"]
    assert (seen["id"], seen["chat_type"]) == (chat_id, "t2t")
    assert (asked["role"], asked["content"]) == ("user", "Hello")
    assert asked["childrenIds"] == [answered["id"]]
    assert answered["parentId"] == asked["id"] == told[0]["response.created"]["parent_id"]
    assert answered["id"] == told[0]["response.created"]["response_id"]
    assert answered["content_list"] == [
        {"phase": "answer", "content": text_of(told), "status": "finished"}
    ]
    assert seen["chat"]["history"]["messages"] == {one["id"]: one for one in (asked, answered)}
    assert seen["chat"]["history"]["currentId"] == answered["id"]


def test_thoughts_and_the_answer_are_kept_apart(browser: Browser) -> None:
    chat_id = browser.new_chat()
    browser.completions(browser.body(chat_id, "practice: only-thinking"))

    [piece] = look(browser, chat_id)["chat"]["messages"][1]["content_list"]

    assert (piece["phase"], piece["content"]) == ("think", "Hm.")


@pytest.mark.parametrize("grows", [True, False])
def test_an_answer_is_kept_once_however_it_was_sent(browser: Browser, *, grows: bool) -> None:
    chat_id = browser.new_chat()
    body = {**browser.body(chat_id, "one two", output_schema=""), "incremental_output": grows}
    browser.completions(body)

    [piece] = look(browser, chat_id)["chat"]["messages"][1]["content_list"]

    assert piece["phase"] == "answer"
    assert piece["content"].endswith("You said: one two")
    assert piece["content"].count("one two") == 1


@pytest.mark.slow
def test_an_answer_that_comes_late_is_kept_too(browser: Browser) -> None:
    chat_id = browser.new_chat()
    browser.completions(browser.body(chat_id, "practice: slow 1"))

    assert "Better late" in str(look(browser, chat_id))


def test_a_chat_in_which_nothing_was_said_is_empty(site: PracticeSite, browser: Browser) -> None:
    site.chats["the-persons-own"] = {}

    seen = look(browser, "the-persons-own")

    assert seen["chat"] == {"history": {"messages": {}, "currentId": None}, "messages": []}


def test_several_turns_are_kept_in_their_order(browser: Browser) -> None:
    chat_id = browser.new_chat()
    for text in ("one", "two"):
        browser.completions(browser.body(chat_id, text))

    messages = look(browser, chat_id)["chat"]["messages"]

    assert [message["content"] for message in messages] == ["one", "", "two", ""]


def test_a_chat_that_is_gone_takes_its_messages_along(site: PracticeSite, browser: Browser) -> None:
    chat_id = browser.new_chat()
    browser.completions(browser.body(chat_id))
    browser.ask("DELETE", f"/api/v2/chats/{chat_id}")
    browser.chat("Another")

    site.chats[chat_id] = {}

    assert look(browser, chat_id)["chat"]["messages"] == []


@pytest.mark.parametrize("kind", ["image_gen", "painting", ""])
def test_a_kind_that_does_not_exist_is_refused(browser: Browser, kind: str) -> None:
    body = browser.body(browser.new_chat())
    body["messages"][0]["chat_type"] = kind

    assert browser.refused(body) == "Bad_Request: Internal error"
    assert made(browser, chat_type=kind)["data"]["code"] == "Bad_Request"
    assert made(browser)["success"]


def test_a_message_of_another_kind_than_its_chat_is_refused(
    site: PracticeSite, browser: Browser
) -> None:
    for own, other in (("t2t", "t2i"), ("t2i", "t2t"), ("t2i", "image_edit")):
        body = browser.body(browser.new_chat(own))
        body["messages"][0]["chat_type"] = other

        assert browser.refused(body) == "Bad_Request: Something wrong with request!"
    site.will(acts.say("scripted"))
    assert text_of(browser.chat()) == "scripted"


def note(change: Callable[[], object]) -> None:
    change()


def test_of_chats_that_nobody_deletes_the_oldest_end() -> None:
    chats = Chats(note, remembers=2)
    asked = Request("POST", "/api/v2/chats/new", [], b"{}")
    chats.new(asked, "")
    (first,) = chats.made
    chats.busy.add(first)
    for _ in range(MOST + 10):
        chats.new(asked, "")

    assert len(chats.made) == MOST
    assert first in chats.made
    for chat_id in tuple(chats.made):
        chats.answer("stop", chat_id)
        chats.answer("delete", chat_id)
    assert (chats.made, len(chats.deleted), len(chats.stopped)) == ({}, 2, 2)
    assert chats.deleted == chats.stopped


def test_a_chat_may_go_while_its_picture_is_made(site: PracticeSite, browser: Browser) -> None:
    browser.new_chat()

    site._chats.show_later("gone", ["url"], 1)
    site._chats.fail_looks("gone")
