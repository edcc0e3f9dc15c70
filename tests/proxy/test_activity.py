"""What was asked lately."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.harness import Running
from tests.held import Held
from tests.waiting import until
from tray_app.core.deeds import LEFT, Deed
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import TOKEN_BYTES, TextDelta, Usage
from tray_app.core.ports import Profile
from tray_app.dialects.openai_chat import OpenAIChat
from tray_app.practice import acts
from tray_app.proxy.activity import HISTORY, KEPT, Activity, Common, Live, Noted, note_call
from tray_app.proxy.moment import stamp
from tray_app.store.statistics import day_of

BODY = b'{"model":"m","messages":[{"role":"user","content":"x"}]}'


def activity() -> Activity:
    times = iter(range(1000))
    return Activity(lambda: float(next(times)), lambda: 5.0)


def noted_by(proxy: Running, count: int) -> list[Deed]:
    """So many requests, the newest first; a client has its answer a moment before it is noted."""
    until(lambda: len(proxy.service.status.recent) == count)
    return proxy.service.status.recent


def test_a_request_that_ends_well_is_noted_with_what_it_took() -> None:
    noted = activity()
    with noted.noting("roo") as deed:
        deed.model = "qwen3.7-plus"
        assert noted.recent() == []

    assert [(one.key, one.model, one.outcome, one.at_s) for one in noted.recent()] == [
        ("roo", "qwen3.7-plus", "ok", 5.0)
    ]
    assert noted.recent()[0].took_s == 1.0


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ProxyError(Kind.QUEUE_FULL), "queue_full"),
        (asyncio.CancelledError(), LEFT),
        (ConnectionResetError(), LEFT),
        (KeyError("bug"), "internal_error"),
    ],
)
def test_an_error_is_the_outcome_and_goes_on(error: BaseException, outcome: str) -> None:
    noted = activity()
    with pytest.raises(type(error)), noted.noting("roo"):
        raise error

    assert noted.recent()[0].outcome == outcome


def test_the_newest_come_first_and_the_oldest_go() -> None:
    noted = activity()
    for number in range(KEPT + 3):
        with noted.noting(str(number)):
            pass

    assert [one.key for one in noted.recent()] == [str(number) for number in range(12, 2, -1)]


def test_more_than_the_latest_are_kept_for_who_asks_for_them() -> None:
    noted = Activity(lambda: 0.0, lambda: 5.0)
    for number in range(HISTORY + 2):
        with noted.noting(str(number)):
            pass

    assert len(noted.history()) == HISTORY
    assert noted.history()[-1].key == "2"


def live_of(proxy: Running, *steps: str) -> list[Live]:
    """What is answered, as soon as the requests are so far, the oldest first."""
    until(lambda: [one.step for one in proxy.service.status.live] == [*steps])
    return proxy.service.status.live


def test_a_request_is_told_while_it_is_answered(proxy: Running) -> None:
    held = Held(("begin ", "and much more of it than that"))
    proxy.site.will(held)
    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(proxy.chat, stream=True)
        [live] = live_of(proxy, "answering")
        held.go_on()
        until(lambda: proxy.service.status.live[0].output_tokens > 5)
        held.go_on()
        assert reply.result().status == 200

    assert (live.key, live.model, live.position) == ("default", "qwen3.7-plus", 0)
    assert live.first_s is not None
    assert live.first_s <= live.age_s
    assert live_of(proxy) == []


def test_who_waits_is_told_with_the_place(proxy: Running) -> None:
    proxy.control("settings", what="set", name="parallel_answers", value="1")
    held = Held(("a",))
    proxy.site.will(held)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(proxy.chat, stream=True)
        live_of(proxy, "answering")
        more = [pool.submit(proxy.chat) for _ in range(2)]
        live = live_of(proxy, "answering", "waiting", "waiting")
        held.go_on()
        assert all(one.result().status == 200 for one in (first, *more))

    assert [one.position for one in live] == [0, 1, 2]


def _answers_for_s(proxy: Running) -> float:
    """For how long the only answer has been coming, on the proxy's clock."""
    [live] = proxy.service.status.live
    return live.age_s - (live.first_s or live.age_s)


def test_an_answer_is_noted_with_its_tokens_times_and_calls(proxy: Running) -> None:
    proxy.site.will(acts.say("Two ", "pieces", thoughts=["Hm."]))
    whole = proxy.chat()
    held = Held(("slow ", "answer"))
    proxy.site.will(held)
    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(proxy.chat, stream=True)
        live_of(proxy, "answering")
        until(lambda: _answers_for_s(proxy) > 1.0)
        held.go_on(2)
        assert reply.result().status == 200
    streamed, first = noted_by(proxy, 2)
    usage = whole.json()["usage"]

    assert (first.route, first.transport) == ("/chat/completions", "direct")
    assert (first.input_tokens, first.output_tokens) == (
        usage["prompt_tokens"],
        usage["completion_tokens"],
    )
    assert first.calls == streamed.calls == 2
    assert streamed.first_s is not None
    assert streamed.first_s + 1.0 < streamed.took_s
    assert streamed.output_tokens > 0


def test_guessed_tokens_say_so(proxy: Running) -> None:
    proxy.chat("Count to a hundred", max_tokens=3)
    [deed] = noted_by(proxy, 1)

    assert deed.estimated
    assert deed.output_tokens == 3


def test_a_request_that_is_refused_asks_and_counts_nothing(proxy: Running) -> None:
    proxy.chat()
    proxy.chat(model="no-such-model")
    deed, _ = noted_by(proxy, 2)

    assert deed == Deed(
        deed.at_s, "default", "", "model_not_found", deed.took_s, deed.route,
        asked="no-such-model", streams=deed.streams, why=deed.why, param="model",
        request=deed.request,
    )  # fmt: skip
    assert deed.why.startswith("The model 'no-such-model' does not exist.")
    assert deed.route == "/chat/completions"


@pytest.mark.parametrize(
    "body",
    [
        {"model": "gpt-9", "messages": "none"},
        {"model": "gpt-9", "messages": [{"role": "user", "content": "x" * 300_000}], "n": "odd"},
    ],
)
def test_what_is_not_understood_is_noted_with_the_model_that_it_names(
    proxy: Running, body: dict[str, object]
) -> None:
    assert proxy.ask("POST", "/v1/chat/completions", body).status == 400
    [deed] = noted_by(proxy, 1)

    assert (deed.outcome, deed.model, deed.asked) == ("invalid_request", "", "gpt-9")


def test_of_a_long_name_only_the_beginning_is_noted(proxy: Running) -> None:
    proxy.chat(model="x" * 5000)
    [deed] = noted_by(proxy, 1)

    assert deed.asked == "x" * 80


def test_a_form_is_noted_with_the_model_that_it_names(proxy: Running) -> None:
    form = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\ngpt-9\r\n--b--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    assert proxy.ask("POST", "/v1/images/edits", form, headers).status == 400
    [deed] = noted_by(proxy, 1)

    assert (deed.outcome, deed.asked) == ("invalid_request", "gpt-9")


def test_requests_at_the_same_time_are_told_apart(proxy: Running) -> None:
    proxy.site.will(acts.say("a", pace_s=0.1), acts.say("b", pace_s=0.1))
    with ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(proxy.chat, ["short", "long " * 500]))
    deeds = noted_by(proxy, 2)

    assert sorted(deed.input_tokens for deed in deeds) == sorted(
        reply.json()["usage"]["prompt_tokens"] for reply in replies
    )
    assert [deed.calls for deed in deeds] == [2, 2]


def test_what_goes_on_beside_a_request_is_no_part_of_it(proxy: Running) -> None:
    proxy.chat()
    proxy.site.wait_until(lambda: not proxy.site.chats)
    [deed] = noted_by(proxy, 1)
    deletions = [heard for heard in proxy.site.heard if heard.request.method == "DELETE"]

    assert len(deletions) == 1
    assert deed.calls == 2


def test_work_for_several_is_noted_of_each_and_its_calls_once() -> None:
    noted = activity()
    noted.bodies.begin()
    asked = OpenAIChat().parse(BODY, Profile())
    with noted.noting("roo") as first:
        noted.keep(asked.prompts)
        common = Common()
        common.follow()
        with noted.noting("roo") as second:
            noted.keep(asked.prompts)
            common.follow()
            common.take_up()
            note_call("direct")
            common.deed.model = "qwen3.7-plus"
            Noted(asked.encoder(stamp(), "m")).feed(TextDelta("x" * 400))
            live = noted.live({})
        common.take_up()
        note_call("direct")

    assert [(one.step, one.model) for one in live] == [("answering", "qwen3.7-plus")] * 2
    assert live[0].first_s is not None
    assert live[1].first_s is not None
    assert live[0].first_s > live[1].first_s
    assert (first.calls, second.calls) == (1, 1)
    assert first.output_tokens == second.output_tokens == 400 // TOKEN_BYTES
    assert [one.answered for one in noted.bodies.all()] == ["x" * 400] * 2


def test_today_is_told_by_the_status(proxy: Running) -> None:
    proxy.chat()
    proxy.chat(model="no-such-model")
    last, _ = noted_by(proxy, 2)
    today = proxy.control("status")["today"]

    assert (today["requests"], today["failed"], today["calls"]) == (2, 1, 2)
    assert today["input_tokens"] > 0
    assert today["first_s"] > 0
    assert today["day"] == day_of(last.at_s)


def test_an_answer_that_breaks_has_the_tokens_that_went_out(proxy: Running) -> None:
    proxy.site.will(
        acts.say("x" * 400, "y" * 400, finished=False, usage=False, pace_s=0.1, then="cut")
    )
    proxy.chat(stream=True)
    [deed] = noted_by(proxy, 1)

    assert deed.outcome != "ok"
    assert deed.estimated
    assert deed.output_tokens >= 400 // TOKEN_BYTES


def test_a_usage_that_makes_no_sense_is_not_counted_in_full() -> None:
    noted = activity()
    with noted.noting("roo") as deed:
        encoder = Noted(OpenAIChat().parse(BODY, Profile()).encoder(stamp(), "m"))
        encoder.feed(Usage(input_tokens=10**40, output_tokens=-5))

    assert (deed.input_tokens, deed.output_tokens) == (10**9, 0)
