"""In front of a site that cannot be reached, breaks off, or is ill: R49, R53, R54."""

import random
import re
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.harness import Reply, Running, running
from tests.hurry import Hurry
from tests.proxy.test_waking import Hands, wake
from tray_app.compose import practice_site
from tray_app.core.errors import Kind, ProxyError
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.breaker import FAILURES, OPEN_S
from tray_app.proxy.house import House
from tray_app.proxy.limits import Limits
from tray_app.store.settings import Settings

COMPLETIONS = "/api/v2/chat/completions"
ILL = acts.page("<h1>Bad gateway</h1>", 502)


@dataclass
class Ahead:
    """A proxy whose clocks both can be put forward."""

    proxy: Running
    hands: Hands = field(default_factory=Hands)

    def pass_by(self, seconds: float) -> None:
        self.hands.ahead_s += seconds
        self.hands.wall_ahead_s += seconds


@contextmanager
def hurried(site: PracticeSite, hands: Hands) -> Iterator[Running]:
    """A proxy that pauses for less than it should, and whose clocks are moved by hand."""
    loops = Hurry(5.0).new_loop
    with running(site, clock=hands.monotonic, wall_clock=hands.wall, new_loop=loops) as proxy:
        assert proxy.ask("GET", "/v1/models").status == 200
        yield proxy


@pytest.fixture
def ahead(site: PracticeSite) -> Iterator[Ahead]:
    hands = Hands()
    with hurried(site, hands) as proxy:
        yield Ahead(proxy, hands)


def break_down(ahead: Ahead, act: acts.Act) -> list[Reply]:
    """Have every completion fail until the breaker is open; the answers until then."""
    proxy, replies = ahead.proxy, []
    proxy.site.will(*[act] * 2 * FAILURES)
    while proxy.control("status")["hold"] is None:
        replies.append(proxy.chat())
        assert len(replies) <= FAILURES
    proxy.site._scripts.clear()
    return replies


def calls(site: PracticeSite) -> int:
    """How often the site was asked for something, but to delete a chat of before."""
    return sum(heard.request.method != "DELETE" for heard in site.heard)


def test_the_way_there_and_back(ahead: Ahead) -> None:
    """R53"""
    proxy = ahead.proxy
    before = break_down(ahead, acts.Drop(reset=True))
    asked = calls(proxy.site)

    start_s = time.monotonic()
    refused = [proxy.chat(stream=streams) for streams in (True, False)]
    took_s = time.monotonic() - start_s
    told = proxy.control("status")

    assert [reply.code for reply in before] == ["upstream_disconnected"] * FAILURES
    assert {(reply.status, reply.code) for reply in refused} == {(503, "breaker_open")}
    assert all(1 <= int(reply.headers["retry-after"]) <= OPEN_S for reply in refused)
    assert "keeps failing" in refused[0].json()["error"]["message"]
    assert took_s < 5
    assert calls(proxy.site) == asked
    assert told["state"] == "holding"
    assert told["hold"]["kind"] == "network"
    assert 1 <= told["hold"]["seconds_left"] <= OPEN_S

    ahead.pass_by(OPEN_S)
    assert proxy.chat().status == 200
    assert proxy.control("status")["hold"] is None
    assert proxy.chat().status == 200


@pytest.mark.parametrize("act", [ILL, acts.value({"detail": "upstream"}, 503)])
def test_a_gateway_that_fails_opens_it(ahead: Ahead, act: acts.Act) -> None:
    """R53"""
    before = break_down(ahead, act)

    assert before[0].code == "upstream_error"
    assert ahead.proxy.chat().code == "breaker_open"


def test_of_many_who_ask_after_the_time_exactly_one_reaches_the_site(ahead: Ahead) -> None:
    """R53"""
    proxy = ahead.proxy
    break_down(ahead, acts.Drop())
    asked = len(proxy.site.heard_on(COMPLETIONS))
    ahead.pass_by(OPEN_S)
    proxy.site.will(acts.Slow(ILL, 1.0))
    replies: list[Reply] = []
    threads = [threading.Thread(target=lambda: replies.append(proxy.chat())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(reply.code for reply in replies) == [
        *["breaker_open"] * 5, "upstream_error",
    ]  # fmt: skip
    assert len(proxy.site.heard_on(COMPLETIONS)) == asked + 1
    assert proxy.chat().code == "breaker_open"


def test_a_site_that_refuses_connections_is_left_alone_until_somebody_resumes(
    site: PracticeSite,
) -> None:
    """R53"""
    with running(site) as proxy:
        assert proxy.ask("GET", "/v1/models").status == 200
        site.stop()
        codes = [proxy.chat().code for _ in range(FAILURES + 1)]

        assert codes == ["upstream_unreachable"] * FAILURES + ["breaker_open"]
        assert proxy.control("resume") is True
        assert proxy.chat().code == "upstream_unreachable"
        assert proxy.chat().code == "breaker_open"


def test_a_wake_lets_one_try(ahead: Ahead) -> None:
    """R49"""
    break_down(ahead, acts.Drop())
    assert ahead.proxy.chat().code == "breaker_open"
    wake(ahead.proxy)

    assert ahead.proxy.chat().status == 200
    assert ahead.proxy.control("status")["hold"] is None


@pytest.mark.parametrize("passed_s", [0.0, 3600.0])
def test_a_jump_in_time_is_noticed_while_it_is_open(ahead: Ahead, passed_s: float) -> None:
    """R49"""
    break_down(ahead, acts.Drop())
    ahead.hands.wall_ahead_s += 3600.0
    ahead.hands.ahead_s += passed_s

    assert ahead.proxy.chat().status == 200


def house_of(proxy: Running) -> House:
    house = proxy.service._house
    assert house is not None
    return house


def test_the_models_stay_while_nobody_is_asked_and_asking_for_them_may_be_the_try(
    ahead: Ahead,
) -> None:
    """R53, R69"""
    proxy = ahead.proxy
    known = proxy.ask("GET", "/v1/models").json()["data"]
    break_down(ahead, acts.Drop())
    models = house_of(proxy).models
    models._of_s, models._tried_s = None, 0.0
    asked = calls(proxy.site)
    reply = proxy.ask("GET", "/v1/models")

    assert reply.status == 200
    assert [model["id"] for model in reply.json()["data"]] == [model["id"] for model in known]
    assert calls(proxy.site) == asked

    ahead.pass_by(OPEN_S)
    assert proxy.ask("GET", "/v1/models").status == 200
    assert calls(proxy.site) == asked + 1
    assert proxy.control("status")["hold"] is None


def test_a_prompt_for_which_somebody_waits_is_tried_before_the_models(ahead: Ahead) -> None:
    proxy = ahead.proxy
    break_down(ahead, acts.Drop())
    models = house_of(proxy).models
    models._of_s, models._tried_s = None, 0.0
    ahead.pass_by(OPEN_S)

    assert proxy.chat().status == 200


def test_no_renewal_is_made_while_it_is_open_and_the_session_goes_on(ahead: Ahead) -> None:
    """R53"""
    proxy = ahead.proxy
    break_down(ahead, acts.Drop())
    owner = house_of(proxy).owner
    assert owner.session is not None
    asked = calls(proxy.site)
    with pytest.raises(ProxyError) as refused:
        proxy.service.post(owner.renewed(owner.session.token)).result(5)

    assert refused.value.kind is Kind.BREAKER_OPEN
    assert calls(proxy.site) == asked
    assert owner.state == "signed_in"

    ahead.pass_by(OPEN_S)
    proxy.service.post(owner.renewed(owner.session.token)).result(5)
    assert proxy.control("status")["hold"] is None


@pytest.mark.slow
def test_a_slow_way_is_a_failure_and_a_slow_answer_is_none(site: PracticeSite) -> None:
    limits = Limits(headers_s=3.0)
    quick = Settings(start_spacing_s=0.0, parallel_answers=FAILURES)
    with running(site, limits=limits, settings=quick) as proxy:
        assert proxy.ask("GET", "/v1/models").status == 200
        site.will(*[acts.Silence()] * FAILURES)
        with ThreadPoolExecutor(FAILURES) as pool:
            codes = [one.code for one in pool.map(lambda _: proxy.chat(), range(FAILURES))]

        assert codes == ["upstream_timeout"] * FAILURES
        assert proxy.control("status")["hold"] is None
        assert proxy.chat().status == 200


@pytest.fixture
def wall() -> Iterator[int]:
    """A port to which no connection comes about, and nobody says so."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening:
        port: int = listening.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        yield port
        for sock in waiting:
            sock.close()


def test_connections_that_never_come_about_open_it(site: PracticeSite, wall: int) -> None:
    """R16, R53"""
    quick = Settings(start_spacing_s=0.0, connect_timeout_s=1.0, parallel_answers=FAILURES)
    place = practice_site(f"http://127.0.0.1:{wall}", site.auth_origin)
    with running(site, settings=quick, place=place) as proxy:
        codes: list[str] = []
        threads = [
            threading.Thread(target=lambda: codes.append(proxy.chat().code))
            for _ in range(FAILURES)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert codes == ["upstream_timeout"] * FAILURES
        assert proxy.chat().code == "breaker_open"


@dataclass(frozen=True)
class Noted:
    """An act, and when each prompt came to it; when it comes again it may be another one."""

    act: acts.Act
    when: dict[str, list[float]]
    then: acts.Act | None = None

    async def play(self, scene: acts.Scene) -> None:
        [text] = re.findall(r"request \d+", scene.request.body.decode())[:1]
        self.when[text].append(time.monotonic())
        act = self.act if len(self.when[text]) == 1 else self.then or self.act
        await act.play(scene)


@pytest.mark.parametrize("seed", range(3))
def test_a_flapping_site_is_asked_at_most_twice_for_a_request(
    site: PracticeSite, seed: int
) -> None:
    """R54"""
    chance = random.Random(seed)
    when: dict[str, list[float]] = defaultdict(list)
    hands = Hands()
    with hurried(site, hands) as proxy:
        either: list[acts.Act] = [ILL, acts.say("fine")]
        site.will(*[Noted(chance.choice(either), when) for _ in range(60)])
        replies = []
        for number in range(12):
            replies.append(proxy.chat(f"request {number}"))
            hands.ahead_s += 25.0
            hands.wall_ahead_s += 25.0

        assert max(map(len, when.values())) == 2
        assert {reply.status for reply in replies} <= {200, 502, 503}
        assert 200 in {reply.status for reply in replies}
        assert len(site.heard_on(COMPLETIONS)) <= 2 * len(replies)


def test_those_who_failed_together_do_not_come_back_together(site: PracticeSite) -> None:
    """R54"""
    when: dict[str, list[float]] = defaultdict(list)
    many = Settings(start_spacing_s=0.0, parallel_answers=4)
    with running(site, settings=many) as proxy:
        assert proxy.ask("GET", "/v1/models").status == 200
        site.will(*[Noted(ILL, when, then=acts.say("fine"))] * 8)
        threads = [threading.Thread(target=proxy.chat, args=(f"request {n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    pauses = sorted(later - first for first, later in when.values())
    assert len(pauses) == 4
    assert len({round(pause, 3) for pause in pauses}) > 1
    assert all(0.3 <= pause < 10 for pause in pauses)


def test_chats_that_could_not_be_deleted_meanwhile_are_deleted_later(site: PracticeSite) -> None:
    hands = Hands()
    limits = Limits(sweep_s=0.05, sweep_again_s=0.05)
    with running(site, limits=limits, clock=hands.monotonic, wall_clock=hands.wall) as proxy:
        ahead = Ahead(proxy, hands)
        site.on("delete", *[acts.Drop()] * FAILURES)
        break_down(ahead, acts.Drop())
        left = set(site.chats)
        site._scripts.clear()
        assert left
        ahead.pass_by(OPEN_S)

        site.wait_until(lambda: not site.chats)
        assert left <= set(site.deleted)
        assert proxy.control("status")["hold"] is None


def test_the_refusal_is_cheap(ahead: Ahead) -> None:
    """R53"""
    break_down(ahead, acts.Drop())
    asked = calls(ahead.proxy.site)
    replies, took = [], []
    for _ in range(20):
        start_s = time.monotonic()
        replies.append(ahead.proxy.chat())
        took.append(time.monotonic() - start_s)

    # A busy machine may sit for a moment, but hardly for all of them.
    assert sorted(took)[5] < 0.05
    assert {reply.code for reply in replies} == {"breaker_open"}
    assert calls(ahead.proxy.site) == asked
