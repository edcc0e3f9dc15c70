"""The proxy as a whole: sessions at both ends of their life, many clients, a path prefix."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from tests.dialects.captures import Capture, captures
from tests.harness import QUICK, Reply, Running, running
from tests.proxy.baseline import gives_all_back
from tests.proxy.test_tools import calls
from tests.waiting import until
from tray_app.compose import practice_session
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.limits import Limits

REFRESH = "/api/v2/auths/refresh"


def test_without_a_session_a_chat_is_refused_and_nothing_is_asked(site: PracticeSite) -> None:
    with running(site, session=None) as proxy:
        reply = proxy.chat()

        assert (reply.status, reply.code) == (401, "not_signed_in")
        assert reply.headers["x-should-retry"] == "false"
        assert site.heard == []
        assert proxy.control("status")["state"] == "signed_out"


def test_a_token_that_ran_out_is_renewed_and_nobody_notices() -> None:
    """R39"""
    site = PracticeSite(pace_s=0.0, token_life_s=60.0)
    site.start()
    with running(site) as proxy:
        replies = [proxy.chat() for _ in range(2)]

        assert [reply.status for reply in replies] == [200, 200]
        assert len(site.heard_on("/api/v2/auths/refresh")) >= 1
    site.stop()


def test_a_token_that_was_refused_is_renewed_once_and_the_call_repeated(proxy: Running) -> None:
    """R39"""
    proxy.site.expire_tokens()
    replies: list[Reply] = []
    threads = [threading.Thread(target=lambda: replies.append(proxy.chat())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [reply.status for reply in replies] == [200] * 4
    assert len(proxy.site.heard_on("/api/v2/auths/refresh")) == 1
    proxy.check_sound()


def test_a_session_that_ended_is_said_to_have_ended(proxy: Running) -> None:
    """R39"""
    proxy.site.expire_tokens()
    proxy.site.on("refresh", acts.EXPIRED)
    first, second = proxy.chat(), proxy.chat()

    assert [first.code, second.code] == ["session_ended"] * 2
    assert first.status == 401
    assert len(proxy.site.heard_on("/api/v2/auths/refresh")) == 1
    assert proxy.control("status")["session"]["state"] == "revoked"


@pytest.mark.slow
@pytest.mark.parametrize("act", [acts.Silence(), acts.Raw(b'{"', then="hang")])
def test_a_renewal_that_hangs_ends_in_time_for_all_who_wait(
    site: PracticeSite, act: acts.Act
) -> None:
    """R39"""
    # Whoever comes late finds the renewal under way all the same.
    limits = Limits(headers_s=50.0)
    settings = QUICK.__class__(start_spacing_s=0.0, first_event_timeout_s=50.0, parallel_answers=5)
    with (
        running(site, hurry=20.0, limits=limits, settings=settings) as proxy,
        gives_all_back(proxy),
        ThreadPoolExecutor(5) as pool,
    ):
        site.expire_tokens()
        site.on("refresh", act)
        replies = list(pool.map(lambda at: proxy.chat(stream=bool(at % 2)), range(5)))

        assert {(one.status, one.code) for one in replies[::2]} == {(504, "upstream_timeout")}
        # Whoever sees an answer come may have its head by then.
        for one in replies[1::2]:
            assert (one.error["code"] if one.status == 200 else one.code) == "upstream_timeout"
        assert len(site.heard_on(REFRESH)) == 1
        # It says nothing of the session, and the next one has it renewed.
        assert proxy.control("status")["session"]["state"] == "signed_in"
        assert proxy.chat().status == 200
        assert len(site.heard_on(REFRESH)) == 2


@pytest.mark.slow
def test_while_a_token_is_good_nobody_waits_long_for_its_renewal() -> None:
    """R39"""
    site = PracticeSite(pace_s=0.0, token_life_s=3600.0)
    site.start()
    session = msgspec.structs.replace(practice_session(site.sign_in()), expires_at=time.time() + 60)
    with running(site, hurry=5.0, session=session) as proxy, ThreadPoolExecutor(5) as pool:
        site.on("refresh", acts.Silence())
        replies = list(pool.map(lambda _: proxy.chat(), range(5)))

        assert [one.status for one in replies] == [200] * 5
        assert len(site.heard_on(REFRESH)) == 1
    site.stop()


def test_forty_clients_at_once_get_their_own_answers(site: PracticeSite) -> None:
    settings = QUICK.__class__(parallel_answers=8, start_spacing_s=0.0, queue_size=100)
    with running(site, settings=settings) as proxy:
        replies: dict[int, Reply] = {}

        def ask(number: int) -> None:
            replies[number] = proxy.chat(f"number {number}.", stream=bool(number % 2))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert all(f"number {number}." in reply.text for number, reply in replies.items())
        site.wait_until(lambda: len(site.chats) + len(site.deleted) == 40)
        proxy.check_sound()


def test_a_path_prefix_is_before_everything_but_health(site: PracticeSite) -> None:
    settings = QUICK.__class__(path_prefix="/qwen", start_spacing_s=0.0)
    with running(site, settings=settings) as proxy:
        assert proxy.base_url.endswith("/qwen/v1")
        assert proxy.ask("GET", "/qwen/v1/models").status == 200
        assert proxy.ask("GET", "/qwen/models").status == 200
        assert proxy.ask("GET", "/v1/models").status == 404
        assert proxy.ask("GET", "/qwenx/v1/models").status == 404
        assert proxy.ask("GET", "/health", key=None).status == 200


@pytest.mark.parametrize("capture", captures(), ids=str)
def test_recorded_requests_get_their_answer(proxy: Running, capture: Capture) -> None:
    """F23"""
    with running(
        proxy.site, settings=QUICK.__class__(aliases={"*": "qwen3.7-plus"}, start_spacing_s=0)
    ) as live:
        path, headers = "/v1/chat/completions", capture.headers
        good = live.ask("POST", path, capture.body, headers)
        keyless = live.ask("POST", path, capture.body, headers, key=None)
        elsewhere = live.ask("POST", path, capture.body, {**headers, "Host": "evil.example"})

        assert good.status == 200
        assert good.frames[-1] == "[DONE]"
        assert not any("error" in frame for frame in good.frames[:-1])
        assert good.text or calls(good)
        assert (keyless.status, elsewhere.status) == (401, 403)


def test_a_drawing_is_a_picture_in_the_answer(proxy: Running) -> None:
    reply = proxy.chat("a red cat", model="qwen3.7-plus-draw")

    assert reply.text.startswith(f"![image]({proxy.site.origin}/output/")
    assert proxy.site.heard_on("/api/v2/chats/new")[0].request.json()["chat_type"] == "t2i"


def test_legacy_completions_answer_each_prompt(proxy: Running) -> None:
    body = {"model": "qwen3.7-plus", "prompt": ["one", "two"], "echo": True}
    reply = proxy.ask("POST", "/v1/completions", body)

    texts = [choice["text"] for choice in reply.json()["choices"]]
    assert texts[0].startswith("one")
    assert texts[1].startswith("two")
    proxy.check_sound()


def test_large_json_is_compressed_for_who_asks_and_streams_never(proxy: Running) -> None:
    asks = {"Accept-Encoding": "gzip"}
    listed = proxy.ask("GET", "/v1/models", headers=asks)
    streamed = proxy.chat(stream=True, headers=asks)

    assert listed.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in listed.headers["vary"]
    assert "content-encoding" not in streamed.headers
    assert streamed.headers["x-accel-buffering"] == "no"


@pytest.mark.slow
def test_two_requests_go_at_once_and_the_third_waits(site: PracticeSite) -> None:
    with running(site) as proxy:
        site.will(*[acts.Slow(acts.say("done"), 1.0)] * 3)
        replies: list[Reply] = []
        threads = [threading.Thread(target=lambda: replies.append(proxy.chat())) for _ in range(3)]
        for thread in threads:
            thread.start()
        until(lambda: proxy.control("status")["queue"] == {"waiting": 1, "in_flight": 2})
        site.wait_until(lambda: site.open_streams == 2)
        assert len(site.heard_on("/api/v2/chats/new")) == 2
        for thread in threads:
            thread.join()

        assert [reply.text for reply in replies] == ["done"] * 3
