"""Flows without a socket: what is called, in which order, and what is cleaned up."""

import json
from typing import Any

import pytest

from tray_app.core.calls import Answer, Call, Flow, Kept, Later, Reply, Stamp, Tokens
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import (
    Choice,
    Finished,
    ImageReady,
    Message,
    ModelInfo,
    Prompt,
    TextPart,
    Variant,
)
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
        self.end: Reply | None = None
        left = list(answers)
        try:
            step = next(playing)
            while True:
                if isinstance(step, Later):
                    self.later.append(step)
                    step = next(playing)
                else:
                    assert isinstance(step, Call)
                    self.calls.append(step)
                    step = playing.send(left.pop(0))
        except StopIteration as end:
            self.end = end.value
        assert not left

    @property
    def asked(self) -> list[str]:
        return [f"{call.method} {call.path}" for call in self.calls]


class Asked(Played):
    """A prompt that is asked in its chat."""

    def __init__(self, *answers: Answer, variant: Variant | None = None) -> None:
        choice = Choice(MODEL, variant or Variant())
        super().__init__(flow.begin(PROMPT, choice, STAMP), *answers)
        assert self.end is not None
        assert isinstance(self.end.value, flow.Chat)
        self.stream = flow.ask(PROMPT, choice, self.end.value, STAMP, ("cdn.qwenlm.ai",))


def ask(*answers: Answer, variant: Variant | None = None) -> Asked:
    return Asked(*answers, variant=variant)


def test_a_prompt_makes_a_chat_and_asks_in_it() -> None:
    played = ask(answer(MADE))

    assert played.asked == ["POST /api/v2/chats/new"]
    assert played.stream.call.path == "/api/v2/chat/completions?chat_id=chat-1"
    assert played.stream.call.streams
    body: dict[str, Any] = json.loads(played.stream.call.body or b"")
    assert body["chat_id"] == body["chatId"] == "chat-1"
    assert body["messages"][0]["content"] == "Hi"
    assert [left.chat for left in played.later] == ["chat-1"]


def test_the_site_may_name_the_chat_in_two_ways() -> None:
    played = ask(answer({"data": {"chat": {"id": "chat-1"}}}))

    assert "chat_id=chat-1" in played.stream.call.path


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
    for frame in frames:
        played.stream.decoder.feed(frame, lambda _: None)
    done = answer({"success": True})
    if frames and not played.stream.decoder.finished:
        return Played(played.later[0].flow, done, done).asked
    return Played(played.later[0].flow, done).asked


def test_a_finished_answers_chat_is_deleted_and_an_unfinished_one_stopped_first() -> None:
    delete = "DELETE /api/v2/chats/chat-1"
    stop = "POST /api/v2/chat/completions/stop?chat_id=chat-1"

    assert tidied() == [delete]
    assert tidied(created(), delta("x"), finished()) == [delete]
    assert tidied(created(), delta("x")) == [stop, delete]


PICTURE = "https://cdn.qwenlm.ai/output/u/t2i/r1/a.png?key=k"
DRAWS = Variant(draw=True)


def test_a_drawing_is_asked_for_in_a_chat_for_drawings() -> None:
    played = ask(answer(MADE), variant=DRAWS)
    assert json.loads(played.calls[0].body or b"")["chat_type"] == "t2i"


def test_what_a_drawings_stream_did_not_bring_is_looked_for_in_its_chat() -> None:
    played = ask(answer(MADE), variant=DRAWS)
    played.stream.decoder.feed(created() + finished("image_gen"), lambda _: None)
    played.stream.decoder.close(lambda _: None)
    message = {"id": "r1", "role": "assistant", "content": PICTURE}

    after = played.stream.after()

    assert after is not None
    looked = Played(after, answer({"data": {"chat": {"messages": [message]}}}))
    assert looked.asked == ["GET /api/v2/chats/chat-1"]
    assert isinstance(looked.end, Reply)
    assert isinstance(looked.end.value, tuple)
    assert looked.end.value[0] == ImageReady(PICTURE)
    assert looked.end.value[-1] == Finished()
    assert Played(played.later[0].flow).end == Reply(Kept(86_400.0))


def test_nothing_is_looked_for_where_the_stream_brought_all() -> None:
    for variant, frame in ((Variant(), delta("Hi")), (DRAWS, delta(PICTURE, "image_gen"))):
        played = ask(answer(MADE), variant=variant)
        played.stream.decoder.feed(created() + frame + finished(), lambda _: None)
        assert played.stream.after() is None


def test_a_drawing_that_is_only_words_leaves_no_chat() -> None:
    played = ask(answer(MADE), variant=DRAWS)
    played.stream.decoder.feed(created() + delta("I cannot.") + finished(), lambda _: None)
    played.stream.decoder.close(lambda _: None)
    after = played.stream.after()
    assert after is not None

    assert Played(after, answer({"data": {}})).asked == ["GET /api/v2/chats/chat-1"]

    assert Played(played.later[0].flow, answer({})).asked == ["DELETE /api/v2/chats/chat-1"]


@pytest.mark.parametrize("frames", [finished("image_gen"), delta("Sure.") + finished(), b""])
def test_a_drawing_that_is_looked_for_is_stopped_when_nobody_looks_any_more(frames: bytes) -> None:
    played = ask(answer(MADE), variant=DRAWS)
    played.stream.decoder.feed(created() + frames, lambda _: None)
    played.stream.decoder.close(lambda _: None)
    after = played.stream.after()
    assert after is not None
    next(after)
    after.close()

    assert Played(played.later[0].flow, answer({}), answer({})).asked == [
        "POST /api/v2/chat/completions/stop?chat_id=chat-1",
        "DELETE /api/v2/chats/chat-1",
    ]


@pytest.mark.parametrize(
    ("variant", "phase"), [(DRAWS, "image_gen"), (Variant(), "image_gen_tool")]
)
def test_a_chat_that_made_a_picture_stays_for_a_day(variant: Variant, phase: str) -> None:
    played = ask(answer(MADE), variant=variant)
    played.stream.decoder.feed(created() + delta(PICTURE, phase), lambda _: None)

    left = Played(played.later[0].flow, answer({}))

    assert left.asked == ["POST /api/v2/chat/completions/stop?chat_id=chat-1"]
    assert left.end == Reply(Kept(86_400.0))
    assert Played(flow.forget("chat-1"), answer({})).asked == ["DELETE /api/v2/chats/chat-1"]


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
    assert played.stream.call.slow_start is slow


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
