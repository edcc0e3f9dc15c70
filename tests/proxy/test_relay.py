"""The relay under faults of the upstream, as a client sees them: R14 to R38, R77, F4, F7."""

import gc
import json
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.harness import QUICK, Reply, Running, running
from tests.proxy.test_activity import noted_by
from tests.proxy.wire import CHAT
from tests.upstreams.qwen.frames import created, delta, finished
from tests.waiting import until
from tray_app.core.calls import Stream
from tray_app.core.model import Event, Prompt
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.limits import Limits
from tray_app.upstreams.qwen import QWEN

FAST = Limits(
    connect_s=1.0, headers_s=1.0, first_event_s=1.0, slow_first_event_s=3.0, idle_s=1.0,
    commit_s=0.3, heartbeat_s=0.3, tick_s=0.1,
)  # fmt: skip
COMMENTING = Limits(commit_s=0.3, heartbeat_s=0.3, tick_s=0.1)
"""Streams begin soon, and whoever is late has all the time."""
SHORT = QUICK.__class__(
    start_spacing_s=0.0, connect_timeout_s=1.0, first_event_timeout_s=1.0, idle_timeout_s=1.0
)


def stream(*frames: bytes) -> bytes:
    return b"".join(frames)


def squeezed() -> bytes:
    """Half an answer in gzip, and a little of its other half."""
    packer = zlib.compressobj(wbits=31)
    begun = packer.compress(HALF) + packer.flush(zlib.Z_SYNC_FLUSH)
    return begun + (packer.compress(delta("more")) + packer.flush())[:4]


def sized(length: int) -> bytes:
    """A head that says how long the answer is."""
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n" % length
    )


HALF = stream(created(), delta("half"))
SQUEEZED = squeezed()
GZIP = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\r\n"


def broken(reply: Reply, code: str) -> None:
    """The answer ended in one error frame and one end marker, and in no finish."""
    assert reply.status == 200
    assert reply.error["code"] == code
    assert reply.frames[-1] == "[DONE]"
    assert reply.frames.count("[DONE]") == 1
    assert len([frame for frame in reply.frames if "error" in frame]) == 1
    assert not any(
        choice["finish_reason"]
        for frame in reply.frames[:-1]
        for choice in frame.get("choices", ())
    )


def test_an_answer_is_relayed_streamed_and_whole(proxy: Running) -> None:
    """F7"""
    say = acts.say("Two ", "pieces", thoughts=["Hm.", "Aha."])
    proxy.site.will(say, say)

    streamed = proxy.chat(stream=True, stream_options={"include_usage": True})
    whole = proxy.chat()

    assert streamed.text == whole.text == "Two pieces"
    assert streamed.reasoning == whole.reasoning == "Hm.\n\nAha."
    assert streamed.frames[-2]["usage"] == whole.json()["usage"]
    assert streamed.frames[-3]["choices"][0]["finish_reason"] == "stop"
    proxy.check_sound()


def prompts() -> int:
    """How many are in memory, of all that were ever asked here."""
    return sum(isinstance(found, Prompt) for found in gc.get_objects())


@pytest.mark.slow
def test_a_prompt_is_gone_when_its_answer_is_over(proxy: Running) -> None:
    """R68"""
    gc.collect()
    gc.disable()
    try:
        before = prompts()
        assert proxy.chat("whole").status == 200
        assert proxy.chat("streamed", stream=True).status == 200
        proxy.site.will(acts.say("one ", finished=False, then="hang"))
        with pytest.raises(TimeoutError):
            proxy.ask("POST", "/v1/chat/completions", json.loads(CHAT), timeout_s=1.0)
        proxy.site.wait_until(lambda: proxy.site.open_streams == 0)

        assert until(lambda: prompts() == before)
    finally:
        gc.enable()


def test_a_stream_has_the_shape_that_clients_read(proxy: Running) -> None:
    """F4, F5"""
    reply = proxy.chat(stream=True, stream_options={"include_usage": True})

    *chunks, usage, done = reply.frames
    assert done == "[DONE]"
    assert reply.frames.count("[DONE]") == 1
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    for name in ("id", "model", "created", "object"):
        assert len({chunk[name] for chunk in [*chunks, usage]}) == 1
    finishes = [
        c["choices"][0]["finish_reason"] for c in chunks if c["choices"][0]["finish_reason"]
    ]
    assert finishes == ["stop"]
    assert usage["choices"] == []
    assert usage["usage"]["total_tokens"] > 0


REFUSALS = [
    pytest.param(acts.CHALLENGE, 503, "verification_needed", id="R36 challenge"),
    pytest.param(acts.CHALLENGE_PAGE, 503, "verification_needed", id="R35 challenge page"),
    pytest.param(acts.HELD, 503, "verification_needed", id="R36 held"),
    pytest.param(
        acts.Whole(b"<html>aliyun_waf</html>", 405, "text/html"), 503, "verification_needed",
        id="R35 405",
    ),
    pytest.param(
        acts.Whole(b"<html>aliyun_waf</html>", content_type="text/event-stream"), 503,
        "verification_needed", id="R35 labelled event-stream",
    ),
    pytest.param(acts.page("<html>"), 502, "upstream_bad_response", id="R35 other page"),
    pytest.param(acts.page("<html>nginx</html>", 504), 504, "upstream_timeout", id="gateway 504"),
    pytest.param(acts.refused("RateLimited", num=7), 429, "daily_limit", id="R36 daily"),
    pytest.param(acts.refused("quotalimited"), 429, "daily_limit", id="R36 quota"),
    pytest.param(acts.refused("Too_Many_Requests"), 429, "rate_limited", id="too fast"),
    pytest.param(acts.refused("Bad_Request", "Something wrong with request!"), 502,
                 "protocol_changed", id="R36 bad request"),
    pytest.param(acts.refused("Bad_Request", "Internal error"), 502, "upstream_error", id="own"),
    pytest.param(acts.refused("data_inspection_failed", "in"), 400, "content_filter", id="filter"),
    pytest.param(acts.value({"error": "Internal error!"}), 502, "upstream_error", id="bare error"),
    pytest.param(acts.value({"hello": 1}), 502, "upstream_bad_response", id="no stream"),
    pytest.param(acts.Whole(b"\x1f\x8bgarbage", headers=(("Content-Encoding", "gzip"),)), 502,
                 None, id="R23 gzip garbage"),
    pytest.param(acts.Whole(b"", content_type="text/event-stream"), 502, "upstream_empty",
                 id="empty body"),
    pytest.param(acts.Whole(b"<html>aliyun_waf</html>", 503, "text/html"), 503,
                 "verification_needed", id="R35 outranks R14"),
    pytest.param(acts.EMPTY, 502, "upstream_empty", id="R25 empty"),
    pytest.param(acts.say(raw_thoughts=["Hm."]), 502, "upstream_empty", id="only thinking"),
    pytest.param(acts.Raw(acts.error_frame("internal_error", "Allocated quota exceeded")), 429,
                 "rate_limited", id="pool quota"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize(("act", "status", "code"), REFUSALS)
def test_a_refusal_before_the_answer_has_a_true_status(
    proxy: Running, act: acts.Act, status: int, code: str | None, streams: bool
) -> None:
    """R23, R25, R35, R36"""
    proxy.site.will(act)

    reply = proxy.chat(stream=streams)

    if reply.status == 200:  # thinking that was sent cannot be taken back
        broken(reply, "upstream_empty")
    else:
        assert reply.status == status
        assert code in {None, reply.code}
    assert b"<html" not in reply.body
    assert b"x5secdata" not in reply.body
    proxy.check_sound()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("act", "code"),
    [
        pytest.param(acts.say("half", finished=False, then="cut"), "upstream_disconnected",
                     id="R20 cut"),
        pytest.param(acts.Raw(HALF, head=sized(len(HALF) + 9)), "upstream_disconnected",
                     id="R24 too long"),
        pytest.param(acts.Raw(HALF, head=sized(len(HALF))), "upstream_truncated",
                     id="R24 too short"),
        pytest.param(acts.Raw(SQUEEZED, head=GZIP), None, id="R23 cut off gzip"),
        pytest.param(acts.say("half", finished=False), "upstream_truncated", id="R22"),
        pytest.param(acts.say("half", finished=False, then="hang"), "upstream_stalled", id="R18"),
        pytest.param(
            acts.Raw(
                stream(created(), delta("half"), acts.error_frame("internal_error", "x" * 900))
            ),
            "upstream_error", id="R37",
        ),
        pytest.param(acts.Raw(stream(created(), delta("half"), b"data: {bad\n\n" * 4)),
                     "upstream_bad_response", id="R33"),
        pytest.param(acts.Raw(stream(created(), delta("half")) + b"data: " + b"x" * (9 << 20)),
                     "upstream_event_too_large", id="R31"),
    ],
)  # fmt: skip
def test_a_break_after_text_leaves_the_text_and_says_what_happened(
    site: PracticeSite, act: acts.Act, code: str | None
) -> None:
    """R18, R22, R23, R24, R31, R33, R37, F4"""
    with running(site, limits=FAST, settings=SHORT) as proxy:
        site.will(act)
        streamed = proxy.chat(stream=True)
        site.will(act)
        whole = proxy.chat()

        broken(streamed, code or streamed.error["code"])
        assert streamed.text == "half"
        assert len(streamed.error["message"]) <= 240
        assert whole.status in {502, 504}
        assert whole.code == streamed.error["code"]
        proxy.check_sound()


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(acts.say("fine", then="cut"), id="R21 no last chunk"),
        pytest.param(acts.say("fine", then="hang"), id="R26 socket kept open"),
        pytest.param(acts.Raw(stream(created(), delta("fi"), delta("ne"), finished()), pieces=1),
                     id="R30 byte by byte"),
        pytest.param(
            acts.Raw(stream(created(), delta("fine"), finished(), delta("no"), finished())),
            id="R27 more after the end",
        ),
        pytest.param(
            acts.Raw(
                stream(created(), delta("fine"), finished()).replace(b"\n", b"\r\n"), pieces=5
            ),
            id="R32 CRLF",
        ),
        pytest.param(
            acts.Raw(
                stream(created(), delta("fine"), finished()),
                head=b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
            ),
            id="R17 no length",
        ),
        pytest.param(acts.say("f", "i", "n", "e", pace_s=0.2), id="R17 slow"),
        pytest.param(acts.Slow(acts.say("fine"), 0.7), id="R15 late"),
        pytest.param(acts.Raw(stream(created(), delta("fine", x="y" * (2 << 20)), finished())),
                     id="R31 2 MiB event"),
    ],
)  # fmt: skip
def test_what_the_protocol_ends_well_is_a_good_answer(site: PracticeSite, act: acts.Act) -> None:
    """R15, R17, R21, R26, R27, R30, R31, R32"""
    with running(site, limits=COMMENTING) as proxy:
        site.will(act, act)
        start_s = time.monotonic()
        streamed, whole = proxy.chat(stream=True), proxy.chat()

        assert streamed.text == whole.text == "fine"
        assert streamed.frames.count("[DONE]") == 1
        # Nobody waits until it stalls.
        assert time.monotonic() - start_s < 30
        site.wait_until(lambda: site.open_streams == 0)
        proxy.check_sound()


def test_odd_characters_arrive_as_they_are(proxy: Running) -> None:
    """R34, F2"""
    text = "nul \x00 line\u2028para\u2029 next\x85 emoji 👩‍👩‍👧 rtl \u202e é é"
    proxy.site.will(acts.say(text), acts.say(text))

    assert proxy.chat(stream=True).text == text
    assert proxy.chat().text == text


def test_lone_surrogates_never_reach_a_client(proxy: Running) -> None:
    """R34"""
    odd = delta("ab").replace(b"ab", rb"a\ud800b")
    proxy.site.will(acts.Raw(stream(created(), odd, delta("fine"), finished())))

    assert proxy.chat(stream=True).text in {"a\ufffdbfine", "fine"}


@pytest.mark.parametrize("status", [502, 503])
def test_a_gateway_that_stumbles_is_asked_once_more(proxy: Running, status: int) -> None:
    """R14"""
    stumble = acts.page("", status)
    proxy.site.will(stumble)
    good = proxy.chat()
    proxy.site.will(stumble, stumble)
    bad = proxy.chat()

    assert good.status == 200
    assert bad.status == 502
    assert len(proxy.site.heard_on("/api/v2/chat/completions")) == 4
    proxy.check_sound()


@pytest.mark.parametrize("value", [{}, [], {"message": "down"}], ids=str)
def test_a_gateway_that_answers_in_json_is_not_asked_again(proxy: Running, value: object) -> None:
    """R14"""
    proxy.site.will(acts.value(value, 503))

    assert proxy.chat().status == 502
    assert len(proxy.site.heard_on("/api/v2/chat/completions")) == 1


@pytest.mark.parametrize("act", [acts.page("<html>", 503), acts.value({}, 500)], ids=["page", "{}"])
def test_a_stumble_that_names_a_time_is_not_asked_again_before(
    proxy: Running, act: acts.Whole
) -> None:
    """R14, R38"""
    proxy.site.will(replace(act, headers=(("Retry-After", "120"),)))

    first, again = proxy.chat(), proxy.chat()

    assert [(one.status, one.code) for one in (first, again)] == [(502, "upstream_error")] * 2
    assert [one.headers["retry-after"] for one in (first, again)] == ["59", "59"]
    assert "x-should-retry" not in first.headers
    assert len(proxy.site.heard_on("/api/v2/chat/completions")) == 1
    assert proxy.chat(model="qwen3.5-plus").status == 200


@pytest.mark.parametrize("status", [500, 502, 503])
def test_an_error_in_json_is_not_asked_again(proxy: Running, status: int) -> None:
    """R14"""
    proxy.site.will(acts.refused("internal_error", "Internal error", status))

    assert proxy.chat().status == 502
    assert len(proxy.site.heard_on("/api/v2/chat/completions")) == 1


class Faulty:
    """The upstream as it is, with a bug in how it reads one word."""

    def __getattr__(self, name: str) -> Any:
        return getattr(QWEN, name)

    def ask(self, *asked: Any) -> Stream:
        stream = QWEN.ask(*asked)
        feed = stream.decoder.feed

        def fail(data: bytes, emit: Callable[[Event], None]) -> None:
            if b"more" in data:
                raise KeyError("bug")
            feed(data, emit)

        stream.decoder.feed = fail  # type: ignore[method-assign]
        return stream


@pytest.mark.parametrize("join", ["on", "off"])
def test_a_bug_in_mid_answer_is_told_in_a_frame(site: PracticeSite, join: str) -> None:
    with running(site, upstream=Faulty()) as proxy:
        proxy.control("key", what="set", name="default", field="join", value=join)
        site.will(acts.say("half ", "an ", "answer ", "more", pace_s=0.05))
        reply = proxy.chat(stream=True)

        broken(reply, "internal_error")
        assert b"HTTP/1.1" not in reply.body
        assert reply.text.startswith("half ")
        [deed] = noted_by(proxy, 1)
        assert deed.outcome == "internal_error"
        proxy.check_sound()


def test_past_calls_are_told_to_the_site_as_text(proxy: Running) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "write", "arguments": '{"a": 1}'}}
    history = [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "written"},
    ]

    assert proxy.chat(messages=history).status == 200
    asked = json.loads(proxy.site.heard_on("/api/v2/chat/completions")[0].request.body)
    assert asked["messages"][0]["content"].endswith(
        "<assistant>\n<tool_call>\n"
        '{"name": "write", "arguments": {"a": 1}}\n'
        "</tool_call>\n</assistant>\n\n"
        "<user>\n<tool_response>\nwritten\n</tool_response>\n</user>"
    )
