"""Flows without a socket: what is called, in which order, and what is cleaned up."""

import json
from typing import Any

import pytest

from tray_app.core.calls import Answer, Call, Flow, Later, Reply, Stamp, Stream, Tokens
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import Choice, Message, ModelInfo, Prompt, TextPart, Variant
from tray_app.upstreams.qwen import flow

from .frames import created, delta, finished

STAMP = Stamp(now_s=1_790_000_000.0, new_id=lambda: "id", timezone="GMT+0800", local="now")
MODEL = ModelInfo("qwen3.7-plus", "Qwen", thinking=True, search=True, draw=True)
PROMPT = Prompt("qwen3.7-plus", (Message("user", (TextPart("Hi"),)),))
MADE = {"success": True, "data": {"id": "chat-1"}}


def answer(value: object, status: int = 200) -> Answer:
    return Answer(status, {"content-type": "application/json"}, json.dumps(value).encode())


class Played:
    """A flow played against answers: what it asked, what it left for later, how it ended."""

    def __init__(self, playing: Flow, *answers: Answer) -> None:
        self.calls: list[Call] = []
        self.later: list[Later] = []
        self.end: Stream | Reply | None = None
        left = list(answers)
        try:
            step = next(playing)
            while True:
                if isinstance(step, Later):
                    self.later.append(step)
                    step = next(playing)
                else:
                    self.calls.append(step)
                    step = playing.send(left.pop(0))
        except StopIteration as end:
            self.end = end.value
        assert not left

    @property
    def asked(self) -> list[str]:
        return [f"{call.method} {call.path}" for call in self.calls]


def ask(*answers: Answer, variant: Variant | None = None) -> Played:
    return Played(flow.ask(PROMPT, Choice(MODEL, variant or Variant()), STAMP, ()), *answers)


def test_a_prompt_makes_a_chat_and_asks_in_it() -> None:
    played = ask(answer(MADE))

    assert played.asked == ["POST /api/v2/chats/new"]
    assert isinstance(played.end, Stream)
    assert played.end.call.path == "/api/v2/chat/completions?chat_id=chat-1"
    assert played.end.call.streams
    body: dict[str, Any] = json.loads(played.end.call.body or b"")
    assert body["chat_id"] == body["chatId"] == "chat-1"
    assert body["messages"][0]["content"] == "Hi"
    assert [left.chat for left in played.later] == ["chat-1"]


def test_the_site_may_name_the_chat_in_two_ways() -> None:
    played = ask(answer({"data": {"chat": {"id": "chat-1"}}}))
    assert isinstance(played.end, Stream)


def test_making_a_chat_is_tried_once_more_where_the_site_had_a_fault() -> None:
    transient = answer({"success": False, "data": {"code": "internal_error"}})

    played = ask(transient, answer(MADE))
    with pytest.raises(ProxyError) as caught:
        ask(transient, transient)

    assert played.asked == ["POST /api/v2/chats/new"] * 2
    assert caught.value.kind is Kind.UPSTREAM_ERROR
    assert caught.value.again is None


def test_a_refusal_ends_the_flow_at_once() -> None:
    with pytest.raises(ProxyError) as caught:
        ask(answer({"ret": ["FAIL_SYS_USER_VALIDATE"]}))
    assert caught.value.kind is Kind.VERIFICATION_NEEDED


@pytest.mark.parametrize("told", [{}, {"data": {}}, {"data": {"id": ""}}, {"data": {"id": "../x"}},
                                  {"data": {"id": "a/b"}}, {"data": {"id": 7}}, []])  # fmt: skip
def test_a_chat_without_a_proper_id_is_not_used(told: object) -> None:
    with pytest.raises(ProxyError) as caught:
        ask(answer(told))
    assert caught.value.kind is Kind.PROTOCOL_CHANGED


def tidied(*frames: bytes) -> list[str]:
    played = ask(answer(MADE))
    assert isinstance(played.end, Stream)
    for frame in frames:
        played.end.decoder.feed(frame, lambda _: None)
    done = answer({"success": True})
    if frames and not played.end.decoder.finished:
        return Played(played.later[0].flow, done, done).asked
    return Played(played.later[0].flow, done).asked


def test_a_finished_answers_chat_is_deleted_and_an_unfinished_one_stopped_first() -> None:
    delete = "DELETE /api/v2/chats/chat-1"
    stop = "POST /api/v2/chat/completions/stop?chat_id=chat-1"

    assert tidied() == [delete]
    assert tidied(created(), delta("x"), finished()) == [delete]
    assert tidied(created(), delta("x")) == [stop, delete]


GONE = [
    answer({"success": True, "data": {"status": True}}),
    Answer(204, {}, b""),
    answer({"success": False, "data": {"code": "Not_Found", "details": "no such chat"}}),
    answer({"detail": "the chat is not exist", "code": "Bad_Request"}),
    answer({"detail": "Not Found"}, status=404),
    Answer(404, {}, b""),
    Answer(200, {"x-actual-status-code": "404", "content-type": "application/json"}, b"{}"),
]
STILL_THERE = [
    (answer({"success": False, "data": {"code": "internal_error"}}), Kind.UPSTREAM_ERROR),
    (answer({"success": False, "data": {"code": "Unauthorized"}}), Kind.SESSION_ENDED),
    (answer({"ret": ["FAIL_SYS_USER_VALIDATE"]}), Kind.VERIFICATION_NEEDED),
    (Answer(200, {"content-type": "text/html"}, b"<html>aliyun_waf"), Kind.VERIFICATION_NEEDED),
    (Answer(404, {"content-type": "text/html"}, b"<html>"), Kind.UPSTREAM_BAD_RESPONSE),
    (Answer(302, {"location": "/"}, b""), Kind.UPSTREAM_REDIRECT),
    (Answer(502, {}, b""), Kind.UPSTREAM_ERROR),
    (answer({}, status=429), Kind.RATE_LIMITED),
]


@pytest.mark.parametrize("told", GONE)
def test_a_chat_that_the_site_does_not_have_is_gone(told: Answer) -> None:
    assert Played(flow.forget("chat-1"), told).asked == ["DELETE /api/v2/chats/chat-1"]


@pytest.mark.parametrize(("told", "kind"), STILL_THERE)
def test_a_refusal_to_delete_is_none_of_the_chats_end(told: Answer, kind: Kind) -> None:
    with pytest.raises(ProxyError) as caught:
        Played(flow.forget("chat-1"), told)
    assert caught.value.kind is kind


def test_no_id_is_ever_all_of_them() -> None:
    for chat_id in ("", "/", "a/../b", "x" * 200):
        with pytest.raises(ProxyError):
            flow.chat_path(chat_id)


@pytest.mark.parametrize(
    ("variant", "slow"),
    [(Variant(), False), (Variant(thinking=True), True), (Variant(search=True), True),
     (Variant(draw=True), True)],
)  # fmt: skip
def test_what_thinks_searches_or_draws_may_begin_late(variant: Variant, slow: bool) -> None:
    played = ask(answer(MADE), variant=variant)
    assert isinstance(played.end, Stream)
    assert played.end.call.slow_start is slow


def test_a_renewal_brings_tokens() -> None:
    told = {"success": True, "data": {"access_token": "t", "expires_at": 1_790_000_900_000}}
    played = Played(flow.renew(), answer(told))

    assert played.calls[0].place == "auth"
    assert played.end == Reply(Tokens("t", 1_790_000_900.0))


def test_a_renewal_may_bring_a_new_cookie_in_its_body() -> None:
    told = {"data": {"access_token": "t", "refresh_token": "r"}}
    assert Played(flow.renew(), answer(told)).end == Reply(
        Tokens("t", None, {"refresh_token": "r"})
    )


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"success": False, "data": {"code": "Unauthorized"}}, Kind.SESSION_ENDED),
        ({"success": True, "data": {}}, Kind.PROTOCOL_CHANGED),
        ({"ret": ["FAIL_SYS_USER_VALIDATE"]}, Kind.VERIFICATION_NEEDED),
    ],
)
def test_a_renewal_that_is_refused_is_not_tried_again(told: object, kind: Kind) -> None:
    with pytest.raises(ProxyError) as caught:
        Played(flow.renew(), answer(told))

    assert caught.value.kind is kind
    assert caught.value.again is None


def test_the_list_of_models_is_handed_on_as_it_came() -> None:
    told = {"data": [{"id": "x"}]}
    assert Played(flow.list_models(), answer(told)).end == Reply(json.dumps(told).encode())
