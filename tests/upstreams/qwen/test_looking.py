"""Looking for a picture in its chat: how often, how long, and what is taken for an end."""

import json
from collections.abc import Iterable
from itertools import chain, repeat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from tray_app.core.calls import Answer, Call, Pause, Renew
from tray_app.core.errors import Kind, ProxyError
from tray_app.upstreams.qwen.looking import LOOKING_S, Seen, looked

LOOK = Call("GET", "/api/v2/chats/chat-1", page="/c/chat-1")
HOSTS = ("cdn.qwenlm.ai",)
ONE = "https://cdn.qwenlm.ai/output/u/t2i/r1/a.png?key=k"
TWO = "https://cdn.qwenlm.ai/output/u/t2i/r1/b.png?key=k"
CHECK = "https://cdn.qwenlm.ai/_____tmd_____/punish"
ENDED = Answer(401, {}, b"")
QUESTION = {"id": "u1", "role": "user", "content": "a cat"}


def told(value: object, status: int = 200, took_s: float = 0.1) -> Answer:
    return Answer(
        status, {"content-type": "application/json"}, json.dumps(value).encode(), took_s=took_s
    )


def drawn(*urls: str, **more: Any) -> dict[str, Any]:
    """An answer of pictures, as the chat holds it."""
    entries = [{"phase": "image_gen", "content": url} for url in urls]
    return {"id": "r1", "role": "assistant", "content": "", "content_list": entries, **more}


def said(text: str, **more: Any) -> dict[str, Any]:
    entries = [{"phase": "answer", "content": text}]
    return {"id": "r1", "role": "assistant", "content": "", "content_list": entries, **more}


def kept(*messages: object) -> dict[str, Any]:
    """A chat as the site shows it, with its messages in a map."""
    history = {str(number): message for number, message in enumerate((QUESTION, *messages))}
    return {"success": True, "data": {"chat": {"history": {"messages": history}}}}


class Looks:
    """A search played against answers: how often was looked, how long waited, what came of it."""

    def __init__(
        self, answers: Iterable[Answer], response_id: str = "r1", *, once: bool = False
    ) -> None:
        self.pauses: list[float] = []
        self.calls: list[Call] = []
        self.took_s = 0.0
        self.renewed = 0
        self.seen: Seen | None = None
        self.error: ProxyError | None = None
        coming = iter(answers)
        playing = looked(LOOK, response_id, HOSTS, once=once)
        try:
            step = next(playing)
            while True:
                if isinstance(step, Pause):
                    self.pauses.append(step.wait_s)
                    step = next(playing)
                elif isinstance(step, Renew):
                    self.renewed += 1
                    step = next(playing)
                else:
                    assert isinstance(step, Call)
                    self.calls.append(step)
                    answer = next(coming)
                    self.took_s += answer.took_s
                    step = playing.send(answer)
        except StopIteration as end:
            self.seen = end.value
        except ProxyError as error:
            self.error = error


def test_a_picture_that_is_there_is_found_at_the_first_look() -> None:
    looks = Looks([told(kept(drawn(ONE)))])

    assert looks.seen is not None
    assert looks.seen.urls == (ONE,)
    assert (looks.calls, looks.pauses) == ([LOOK], [])


def test_a_picture_is_looked_for_in_growing_steps() -> None:
    nothing = told(kept(drawn(done=False)))
    looks = Looks([*repeat(nothing, 6), told(kept(drawn(ONE)))])

    assert looks.seen is not None
    assert looks.seen.urls == (ONE,)
    assert looks.pauses == [2.0, 3.0, 4.0, 5.0, 5.0, 5.0]


NOT_YET = [
    told(kept()),
    told(kept(drawn())),
    told(kept(drawn(done=True))),
    told({}, status=500),
    told({"success": False, "data": {"code": "internal_error"}}),
    Answer(502, {"content-type": "text/html"}, b"<html>nginx"),
    Answer(504, {}, b""),
    Answer(200, {}, b""),
    Answer(200, {}, b"{"),
    told([]),
    told({"data": None}),
    told({"data": {"chat": {"messages": [7, "x", {"role": 7}]}}}),
]


@pytest.mark.parametrize("answer", NOT_YET)
def test_what_never_comes_ends_after_as_many_looks_as_were_planned(answer: Answer) -> None:
    """R71"""
    looks = Looks(repeat(answer))

    assert looks.error is not None
    assert looks.error.kind is Kind.UPSTREAM_TIMEOUT
    assert looks.error.kind.row.status == 504
    assert len(looks.calls) <= 58
    assert 270 < sum(looks.pauses) <= LOOKING_S
    assert looks.error.text == snapshot("""\
Qwen did not finish the picture within 280 s. Ask again.\
""")


@given(st.lists(st.floats(0, 40), max_size=70))
def test_slow_looks_are_fewer(took_s: list[float]) -> None:
    """R71"""
    answers = [told(kept(drawn()), took_s=one) for one in took_s]
    looks = Looks([*answers, *repeat(told(kept(drawn())), 70)])

    assert looks.error is not None
    last = answers[len(looks.calls) - 1].took_s if len(looks.calls) <= len(answers) else 0.1
    assert sum(looks.pauses) + looks.took_s - last <= LOOKING_S + 0.001
    assert max(looks.pauses) <= 5.0


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (told({"ret": ["FAIL_SYS_USER_VALIDATE"]}), Kind.VERIFICATION_NEEDED),
        (Answer(200, {"content-type": "text/html"}, b"<html>aliyun_waf"), Kind.VERIFICATION_NEEDED),
        (told({}, status=403), Kind.ACCOUNT_FORBIDDEN),
        (told({}, status=429), Kind.RATE_LIMITED),
        (told({"success": False, "data": {"code": "RateLimited", "num": 3}}), Kind.DAILY_LIMIT),
        (told({"success": False, "data": {"code": "Not_Found"}}), Kind.UPSTREAM_ERROR),
        (told({}, status=404), Kind.UPSTREAM_ERROR),
        (Answer(302, {"location": "/"}, b""), Kind.UPSTREAM_REDIRECT),
        (told(kept(drawn(error={"code": "data_inspection_failed"}))), Kind.CONTENT_FILTER),
        (told(kept(drawn(error={"content": "boom"}))), Kind.UPSTREAM_ERROR),
        (told(kept(drawn("https://img.example/a.png"))), Kind.PROTOCOL_CHANGED),
        (told(kept(said("![a cat](https://img.example/a.png)"))), Kind.PROTOCOL_CHANGED),
        (told(kept(drawn(CHECK))), Kind.VERIFICATION_NEEDED),
    ],
)
def test_looking_on_where_it_is_of_no_use_is_left(answer: Answer, kind: Kind) -> None:
    looks = Looks([told(kept()), answer])

    assert looks.error is not None
    assert looks.error.kind is kind


def test_a_session_that_ends_meanwhile_is_renewed_once() -> None:
    looks = Looks([told(kept(drawn())), ENDED, told(kept(drawn())), told(kept(drawn(ONE)))])

    assert looks.seen is not None
    assert looks.seen.urls == (ONE,)
    assert (looks.renewed, looks.pauses) == (1, [2.0, 3.0])

    for answers in ([ENDED, ENDED], [ENDED, told(kept(drawn())), ENDED]):
        looks = Looks(answers)
        assert looks.error is not None
        assert looks.error.kind is Kind.SESSION_ENDED
        assert (looks.renewed, len(looks.calls)) == (1, len(answers))


@pytest.mark.parametrize(
    ("answer", "urls"),
    [
        (told(kept(said("Here you are."), drawn(ONE))), (ONE,)),
        (told(kept(said("I cannot.", done=False))), ()),
        (told(kept(drawn("https://img.example/a.png"))), ()),
        (told(kept(drawn(error={"code": "data_inspection_failed"}))), ()),
        (told({}, status=429), ()),
        (told({"ret": ["FAIL_SYS_USER_VALIDATE"]}), ()),
        (Answer(502, {}, b"<html>"), ()),
    ],
)
def test_one_look_alone_brings_a_picture_or_nothing(answer: Answer, urls: tuple[str, ...]) -> None:
    looks = Looks([answer], once=True)

    assert looks.seen == Seen(urls)
    assert (len(looks.calls), looks.pauses) == (1, [])
    renewed = Looks([ENDED, answer], once=True)
    assert (renewed.seen, renewed.renewed) == (Seen(urls), 1)


def test_a_picture_counts_whatever_else_is_said_beside_it() -> None:
    looks = Looks([told(kept(drawn("https://img.example/a.png", ONE, error={"code": "boom"})))])

    assert looks.seen is not None
    assert looks.seen.urls == (ONE,)


@pytest.mark.parametrize(
    "chat",
    [
        kept(drawn(ONE, TWO)),
        kept(drawn(ONE), drawn(TWO)),
        {"data": {"chat": {"messages": [QUESTION, drawn(ONE, TWO)]}}},
        {"data": {"chat": {"history": {"messages": {"r1": drawn(ONE)}}, "messages": [drawn(TWO)]}}},
        {"data": {"messages": [QUESTION, drawn(ONE, TWO)]}},
        {"data": {"history": {"messages": {"r1": {**drawn(ONE, TWO), "id": None}}}}},
        kept(drawn(extra={"image_list": [{"image": ONE}, {"url": TWO}]})),
        kept(said(f"![a cat]({ONE})\n![a cat]({TWO})")),
        kept({"id": "r1", "role": "assistant", "content": f"{ONE}\n{TWO}"}),
        kept(drawn(ONE, TWO, content=[{"type": "text"}])),
        kept(drawn(content=[{"type": "image", "image": ONE}, {"image_url": {"url": TWO}}])),
        kept({**said(""), "content_list": [{"phase": "answer", "content": [{"image": ONE}, TWO]}]}),
        kept(
            {
                **drawn(),
                "content_list": {
                    "a": drawn(ONE, TWO)["content_list"][0],
                    "b": drawn(TWO)["content_list"][0],
                },
            }
        ),
        kept({**drawn(), "content_list": [{"phase": "image_gen", "content": f"{ONE}\n{TWO}"}]}),
        kept(
            {
                **drawn(),
                "content_list": [
                    {
                        "phase": "image_gen",
                        "extra": {
                            "tool_result": {"ok": 1},
                            "image_list": [None, ONE, {"image": TWO}],
                        },
                    }
                ],
            }
        ),
        kept(drawn(f"![a cat]({ONE.removeprefix('https:')})", TWO, done="true")),
        {"data": {"chat": {"messages": {"u1": QUESTION, "r1": drawn(ONE, TWO)}}}},
        {"data": {"chat": {"history": {"messages": [QUESTION, drawn(ONE, TWO)]}}}},
        {"data": {"chat": {"history": 7, "messages": [{**drawn(ONE, TWO), "id": 7}]}}},
        kept({**drawn(), "content_list": [7, {"phase": 7}, *drawn(ONE, TWO)["content_list"]]}),
        kept(drawn(ONE, ONE.replace("key=k", "key=other"), TWO, content=ONE)),
    ],
)
def test_pictures_are_found_wherever_a_chat_holds_them(chat: object) -> None:
    looks = Looks([told(chat)])

    assert looks.seen is not None
    assert looks.seen.urls == (ONE, TWO)


def test_of_two_answers_side_by_side_the_own_one_counts() -> None:
    other = {**drawn(TWO), "id": "r2"}

    for response_id, url in (("r1", ONE), ("r2", TWO), ("elsewhere", TWO)):
        looks = Looks([told(kept(drawn(ONE), other))], response_id)
        assert looks.seen is not None
        assert looks.seen.urls == (url,)


@pytest.mark.parametrize(
    "message",
    [
        said("I cannot draw that.", done=True),
        {"id": "r1", "role": "assistant", "content": "I cannot draw that.", "done": True},
        {**said(""), "content_list": [
            {"phase": "answer", "content": "I cannot ", "status": "typing"},
            {"phase": "image_gen_think", "content": "hm", "status": "finished"},
            {"phase": "answer", "content": "draw that.", "status": "finished"},
        ]},
        said("I cannot draw that.", done=1),
        said("I cannot draw that.", done="true"),
        said("I cannot draw that.", done=True, id=7),
        {"id": "r1", "role": "assistant", "done": True, "content": [
            {"type": "text", "text": "I cannot "}, {"type": "text", "text": "draw that."}, 7]},
        {**said(""), "done": True, "content_list": [
            {"phase": "image_gen", "content": "I cannot draw that.", "status": "finished"}]},
    ],
)  # fmt: skip
def test_a_text_that_is_complete_is_the_answer(message: dict[str, Any]) -> None:
    looks = Looks([told(kept(message))])

    assert looks.seen == Seen((), "I cannot draw that.", is_over=True)


def test_words_in_place_of_a_picture_that_is_not_finished_are_no_answer() -> None:
    busy = told(kept(drawn("Drawing it.")))
    looks = Looks([*repeat(busy, 20), told(kept(drawn(ONE)))])

    assert looks.seen is not None
    assert looks.seen.urls == (ONE,)


def test_an_id_may_be_a_number() -> None:
    listed = {"data": {"messages": [{**drawn(ONE), "id": 7}, {**drawn(TWO), "id": 8}]}}
    looks = Looks([told(listed)], "7")

    assert looks.seen is not None
    assert looks.seen.urls == (ONE,)


def test_a_text_that_nobody_calls_complete_is_so_when_it_stays_as_it_is() -> None:
    growing = [told(kept(said("One moment"[:end]))) for end in (3, 7, 10)]
    looks = Looks(chain(growing, repeat(growing[-1])))

    assert looks.seen is not None
    assert looks.seen.text == "One moment"
    assert len(looks.calls) == 3 + 4


def test_a_text_that_goes_on_is_waited_for() -> None:
    going = told(kept(said("One moment", done=False)))
    looks = Looks([*repeat(going, 20), told(kept(said("One moment", done=True), drawn(ONE)))])

    assert looks.seen is not None
    assert looks.seen.urls == (ONE,)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["data", "chat", "history", "messages", "role", "content", "content_list",
                         "phase", "extra", "error", "done", "id", "success", "code"]),
        inner, max_size=4,
    ),
    max_leaves=15,
)  # fmt: skip


@given(json_values)
def test_no_chat_is_a_crash(value: object) -> None:
    looks = Looks(repeat(told(value)))
    assert looks.seen is not None or looks.error is not None
