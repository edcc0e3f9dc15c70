"""What keeps us from asking: R35, R38, R50."""

import gc
import time
import weakref

import pytest

from tests.harness import Running, running
from tests.practice.test_looks import picture
from tests.proxy.test_preparing import asked, part
from tray_app.core.errors import Kind, ProxyError
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.brakes import CAREFUL_S, HOLD_S, Brakes, HoldStatus

CHALLENGE = ProxyError(Kind.VERIFICATION_NEEDED)
PICTURE = part(picture("PNG"))


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def ask(brakes: Brakes, error: ProxyError | None = None, model: str = "m") -> Kind | None:
    """Ask once, with this outcome; the kind of what was raised."""
    try:
        with brakes.trying(model):
            if error is not None:
                raise error
    except ProxyError as raised:
        return raised.kind
    return None


def test_a_hold_lasts_longer_each_time_and_no_longer_than_half_an_hour() -> None:
    """R35"""
    clock = Clock()
    brakes = Brakes(clock)
    for length_s in (*HOLD_S, HOLD_S[-1]):
        assert ask(brakes, CHALLENGE) is Kind.VERIFICATION_NEEDED
        clock.now_s += length_s - 1
        assert ask(brakes) is Kind.COOLING_DOWN
        clock.now_s += 1

    assert ask(brakes) is None
    assert brakes.status() is None
    ask(brakes, CHALLENGE)
    clock.now_s += HOLD_S[0]
    assert ask(brakes) is None


def test_a_try_of_before_a_hold_does_not_end_it() -> None:
    clock = Clock()
    brakes = Brakes(clock)
    ask(brakes, CHALLENGE)
    clock.now_s += HOLD_S[0]
    with brakes.trying("m"):
        brakes.release()
        brakes.hold()

    assert ask(brakes) is Kind.COOLING_DOWN


class Held:
    """Stands for what a request has in memory."""


def test_what_cools_down_holds_nothing_of_the_request_that_met_it() -> None:
    brakes = Brakes(Clock())

    def met() -> weakref.ref[Held]:
        held = Held()
        with pytest.raises(ProxyError), brakes.trying("m"):
            raise ProxyError(Kind.DAILY_LIMIT, retry_after_s=3600.0)
        return weakref.ref(held)

    request = met()
    gc.collect()
    assert brakes.cools("m")
    assert request() is None


def test_after_a_hold_only_one_tries() -> None:
    clock = Clock()
    brakes = Brakes(clock)
    ask(brakes, CHALLENGE)
    clock.now_s += HOLD_S[0]

    with brakes.trying("m"):
        assert ask(brakes) is Kind.COOLING_DOWN
    assert ask(brakes) is None


def test_a_try_that_comes_to_nothing_leaves_the_next_one_free() -> None:
    clock = Clock()
    brakes = Brakes(clock)
    ask(brakes, CHALLENGE)
    clock.now_s += HOLD_S[0]

    with pytest.raises(KeyboardInterrupt), brakes.trying("m"):
        raise KeyboardInterrupt
    assert ask(brakes, ProxyError(Kind.UPSTREAM_ERROR)) is Kind.UPSTREAM_ERROR
    assert ask(brakes) is None


def test_a_person_ends_a_hold_at_any_time() -> None:
    brakes = Brakes(Clock())
    ask(brakes, CHALLENGE)
    status = brakes.status()
    brakes.release()

    assert status is not None
    assert status.seconds_left == HOLD_S[0]
    assert ask(brakes) is None


def test_starts_keep_a_distance_for_a_while_after_a_hold() -> None:
    clock = Clock()
    brakes = Brakes(clock)
    assert brakes.spacing_s(0.5) == 0.5
    ask(brakes, CHALLENGE)
    brakes.release()
    assert brakes.spacing_s(0.5) == 4.0
    clock.now_s += CAREFUL_S
    assert brakes.spacing_s(0.5) == 0.5


def test_two_empty_answers_in_a_row_are_a_hold_and_two_apart_are_none() -> None:
    empty = ProxyError(Kind.UPSTREAM_EMPTY)
    brakes = Brakes(Clock())
    ask(brakes, empty)
    assert ask(brakes) is None
    ask(brakes, empty)
    assert ask(brakes) is None
    ask(brakes, empty)
    ask(brakes, empty)
    assert ask(brakes) is Kind.COOLING_DOWN


def test_a_model_cools_alone_and_for_as_long_as_it_was_told() -> None:
    """R38"""
    clock = Clock()
    brakes = Brakes(clock)
    limited = ProxyError(Kind.RATE_LIMITED, "slow down", retry_after_s=100)
    ask(brakes, limited, "hot")
    clock.now_s += 99

    assert ask(brakes, model="hot") is Kind.RATE_LIMITED
    assert ask(brakes, model="cool") is None
    clock.now_s += 1
    assert ask(brakes, model="hot") is None


def test_a_challenge_stops_everything_until_a_person_says_it_is_answered(proxy: Running) -> None:
    """R35"""
    proxy.site.will(acts.CHALLENGE)
    first = proxy.chat()
    asked = len(proxy.site.heard)

    start_s = time.monotonic()
    held = [proxy.chat(stream=streams) for streams in (True, False)]

    assert first.code == "verification_needed"
    assert [reply.code for reply in held] == ["cooling_down"] * 2
    assert {reply.headers["retry-after"] for reply in held} == {"30"}
    assert time.monotonic() - start_s < 5
    assert len(proxy.site.heard) == asked
    assert proxy.control("status")["hold"]["kind"] == "verification"
    proxy.check_sound()


def test_empty_answers_in_a_row_are_taken_for_a_hold(proxy: Running) -> None:
    proxy.site.will(acts.EMPTY, acts.EMPTY)

    codes = [proxy.chat().code for _ in range(3)]

    assert codes == ["upstream_empty", "upstream_empty", "cooling_down"]
    proxy.check_sound()


def test_empty_answers_are_in_a_row_even_if_the_site_takes_files_between_them(
    proxy: Running,
) -> None:
    proxy.site.will(acts.EMPTY, acts.EMPTY)

    codes = [asked(proxy, "Look", PICTURE).code for _ in range(3)]

    assert codes == ["upstream_empty", "upstream_empty", "cooling_down"]
    proxy.check_sound()


def test_files_are_no_careful_try_and_go_with_it(site: PracticeSite) -> None:
    """R35"""
    clock = Clock()
    with running(site, clock=clock) as proxy:
        assert asked(proxy, "Look", PICTURE).status == 200
        site.on("new", acts.CHALLENGE, acts.CHALLENGE)
        lasts = []
        for _ in range(2):
            assert asked(proxy, "Look", PICTURE).code == "verification_needed"
            lasts.append(proxy.control("status")["hold"]["seconds_left"])
            clock.now_s += HOLD_S[0]

        assert lasts == list(HOLD_S[:2])


@pytest.mark.parametrize(
    ("told", "said"),
    [("7", "7"), ("-1", "10"), ("abc", "10"), ("1000000000", "59"),
     ("Wed, 21 Oct 2015 07:28:00 GMT", "10"), ("Wed, 21 Oct 2065 07:28:00 GMT", "59"),
     ("0", "10"), ("7.5", "10"), ("", "10"), ("59", "59"), ("60", "59"), ("7, 9", "10"),
     ("9" * 400, "10"), ("Wed, 21 Oct 2065", "10"), ("\xb2", "10")],
)  # fmt: skip
def test_a_model_that_was_asked_too_fast_cools_alone(calm: Running, told: str, said: str) -> None:
    """R38: it cools for ten real seconds, in which it is asked again."""
    proxy = calm
    proxy.site.will(acts.value({"detail": "slow"}, 429, Retry_After=told))
    first = proxy.chat()
    asked = len(proxy.site.heard_on("/api/v2/chat/completions"))
    again = proxy.chat()
    other = proxy.chat(model="qwen3.5-plus")

    assert (first.status, first.code) == (429, "rate_limited")
    assert first.headers["retry-after"] == said
    assert (again.status, again.code) == (429, "rate_limited")
    assert other.status == 200
    assert len(proxy.site.heard_on("/api/v2/chat/completions")) == asked + 1


def test_a_daily_limit_says_when_it_returns_and_is_not_asked_again(proxy: Running) -> None:
    """R38"""
    proxy.site.will(acts.refused("RateLimited", "daily usage limit", num=7))
    first, second = proxy.chat(), proxy.chat()

    assert [first.code, second.code] == ["daily_limit"] * 2
    assert "7 hours" in first.json()["error"]["message"]
    assert first.headers["x-should-retry"] == "false"
    assert "retry-after" not in first.headers
    assert len(proxy.site.heard_on("/api/v2/chat/completions")) == 1


@pytest.mark.parametrize(("second", "said"), [("20", "20"), ("00", "10"), ("59", "59")])
def test_a_date_is_measured_by_the_sites_own(proxy: Running, second: str, said: str) -> None:
    """R38"""
    act = acts.value(
        {"detail": "slow"}, 429, Retry_After=f"Wed, 21 Oct 2015 07:28:{second} GMT",
        Date="Wed, 21 Oct 2015 07:28:00 GMT",
    )  # fmt: skip
    proxy.site.will(act)
    reply = proxy.chat()

    assert (reply.status, reply.headers["retry-after"]) == (429, said)


@pytest.mark.parametrize(("told", "wait_s"), [("7", 7), ("1e9", 10), ("100", 100), ("900", 300)])
def test_nobody_is_asked_before_a_model_has_cooled(
    site: PracticeSite, told: str, wait_s: int
) -> None:
    """R38"""
    clock = Clock()
    with running(site, clock=clock, wall_clock=time.time) as proxy:
        site.will(acts.value({"detail": "slow"}, 429, Retry_After=told))
        first = proxy.chat()
        clock.now_s += wait_s - 0.5
        asked = len(site.heard_on("/api/v2/chats/new"))
        early = proxy.chat()
        unasked = len(site.heard_on("/api/v2/chats/new")) == asked
        clock.now_s += 0.6

        assert [first.status, early.status] == [429, 429]
        assert first.headers["retry-after"] == str(min(wait_s, 59))
        assert early.headers["retry-after"] == "1"
        assert unasked
        assert proxy.chat().status == 200


@pytest.mark.parametrize("hours", [0, 1, 24, 10**6, "7", -3, None, "soon", 1.5])
def test_hours_of_a_limit_that_make_no_sense_are_no_error(proxy: Running, hours: object) -> None:
    """R38"""
    proxy.site.will(acts.refused("RateLimited", "daily usage limit", num=hours))
    first, second = proxy.chat(), proxy.chat()
    other = proxy.chat(model="qwen3.5-plus")

    assert [(one.status, one.code) for one in (first, second)] == [(429, "daily_limit")] * 2
    assert other.status == 200
    assert len(proxy.site.heard_on("/api/v2/chats/new")) == 2


def told(brakes: Brakes, model: str = "m") -> ProxyError:
    """What somebody hears who asks now."""
    with pytest.raises(ProxyError) as caught:
        brakes.check(model)
    return caught.value


def test_a_hold_says_what_it_is_for() -> None:
    """R35: nobody is sent to a check that is not there."""
    brakes = Brakes(Clock())
    ask(brakes, CHALLENGE)
    assert told(brakes).message.startswith("Qwen asked for a check, so")
    assert brakes.status() == HoldStatus("verification", 600, "check")
    brakes.release()
    ask(brakes, ProxyError(Kind.UPSTREAM_EMPTY))
    ask(brakes, ProxyError(Kind.UPSTREAM_EMPTY))

    assert brakes.status() == HoldStatus("verification", 600, "silence")
    assert told(brakes).message.startswith("Qwen answered nothing twice")
    assert "asked for a check" not in told(brakes).text
    assert "about 10 more min" in told(brakes).text


def test_who_comes_during_the_careful_try_hears_that_it_goes_on() -> None:
    """R35"""
    clock = Clock()
    brakes = Brakes(clock)
    ask(brakes, CHALLENGE)
    clock.now_s += HOLD_S[0] + 1
    with brakes.trying("m"):
        refusal = told(brakes)

    assert refusal.wait_s == 5
    assert "trying again just now" in refusal.text


def test_a_hold_is_told_as_it_begins() -> None:
    """R35"""
    brakes = Brakes(Clock())
    heard: list[ProxyError] = []
    brakes.held = heard.append
    ask(brakes, CHALLENGE)

    assert [(error.kind, error.text) for error in heard] == [(Kind.COOLING_DOWN, told(brakes).text)]


def test_a_daily_limit_says_how_much_is_left_of_it() -> None:
    """R38"""
    clock = Clock()
    brakes = Brakes(clock)
    said = "The allowance for files is used up and returns later"
    limit = ProxyError(Kind.DAILY_LIMIT, said, retry_after_s=7 * 3600.0, advice="Send none.")
    ask(brakes, limit)

    assert "in about 7 hours" in limit.text
    assert "in about 7 hours" in told(brakes).text
    clock.now_s += 6.5 * 3600
    left = "The allowance for files is used up and returns in about 30 min. Send none."
    assert told(brakes).text == left


def test_a_daily_limit_without_a_time_is_not_asked_again_for_long() -> None:
    """R38"""
    clock = Clock()
    brakes = Brakes(clock)
    ask(brakes, ProxyError(Kind.DAILY_LIMIT, "It returns later"))
    clock.now_s += 1799

    assert told(brakes).message == "It returns later"
    clock.now_s += 1
    assert ask(brakes) is None


def test_a_limit_without_a_time_does_not_shorten_a_longer_one() -> None:
    """R38: who asked before the first was told may be told the second."""
    clock = Clock()
    brakes = Brakes(clock)
    long = ProxyError(Kind.RATE_LIMITED, "That was too fast", retry_after_s=300.0)
    short = ProxyError(Kind.RATE_LIMITED, "Slowly")
    with pytest.raises(ProxyError), brakes.trying("m"):
        ask(brakes, long)
        raise short
    clock.now_s += 100

    assert "for about 3 min" in told(brakes).text
    clock.now_s += 200
    assert ask(brakes) is None


def test_a_limit_of_minutes_says_how_many() -> None:
    """R38"""
    clock = Clock()
    brakes = Brakes(clock)
    fast = ProxyError(Kind.RATE_LIMITED, "That was too fast", retry_after_s=300.0)
    ask(brakes, fast)

    assert "for about 5 min" in fast.text
    clock.now_s += 60
    assert "for about 4 min" in told(brakes).text
    clock.now_s += 200
    assert told(brakes).message == "That was too fast"
    assert told(brakes).wait_s == 40
