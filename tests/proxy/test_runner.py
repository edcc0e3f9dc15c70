"""Flows over a real transport: what they leave for later is done, however they end."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness import Running, running
from tests.waiting import until
from tray_app.core.calls import Answer, Call, Flow, Kept, Later, Pause, Renew, Reply, Stamp
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import Choice, Prompt
from tray_app.practice import PracticeSite, acts
from tray_app.practice.site import Heard
from tray_app.store.chats import Chats
from tray_app.upstreams.qwen.upstream import Qwen

SETTINGS = "/api/v2/users/user/settings"
REFRESH = "/api/v2/auths/refresh"


def looks(site: PracticeSite) -> list[Heard]:
    return [one for one in site.heard_on("/api/v2/chats/") if one.request.method == "GET"]


def test_a_chat_is_deleted_when_its_answer_is_over(proxy: Running) -> None:
    proxy.chat()
    proxy.site.wait_until(lambda: len(proxy.site.deleted) == 1)

    assert not proxy.site.stopped


def test_a_chat_is_deleted_when_nobody_answers_in_it(proxy: Running) -> None:
    proxy.site.will(acts.refused("Bad_Request", "no"))
    proxy.chat()

    proxy.site.wait_until(lambda: len(proxy.site.deleted) == 1)
    assert proxy.site.delete_all_calls == 0


def test_a_chat_that_cannot_be_deleted_bothers_nobody(proxy: Running) -> None:
    proxy.site.on("delete", acts.refused("internal_error"))
    assert proxy.chat().status == 200
    proxy.site.wait_until(lambda: proxy.site.heard_on("/api/v2/chats/")[1:])

    proxy.site.chats.clear()
    proxy.check_sound()


class Timing(Qwen):
    """Asks the site something first, and waits."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []

    def begin(self, prompt: Prompt, choice: Choice, stamp: Stamp) -> Flow:
        self.answers.append((yield Call("GET", "/api/v2/users/user/settings")))
        yield Pause(1.0)
        return (yield from super().begin(prompt, choice, stamp))


@pytest.fixture
def timing(site: PracticeSite) -> Iterator[tuple[Timing, Running]]:
    upstream = Timing()
    with running(site, upstream=upstream) as proxy:
        yield upstream, proxy


@pytest.mark.slow
def test_a_flow_learns_how_long_an_answer_took(timing: tuple[Timing, Running]) -> None:
    upstream, proxy = timing
    proxy.site.on("settings", acts.Slow(acts.value({"success": True}), 1.0))

    assert proxy.chat().status == 200
    assert 1.0 <= upstream.answers[0].took_s < 10


@pytest.mark.slow
def test_a_flow_waits_as_long_as_it_asks(timing: tuple[Timing, Running]) -> None:
    _, proxy = timing
    began_s = time.monotonic()

    assert proxy.chat().status == 200
    assert time.monotonic() - began_s >= 1.0


class Renewing(Qwen):
    """Has the session renewed and asks the site the same again, so many times."""

    def __init__(self, times: int) -> None:
        self._times = times
        self.refusals: list[ProxyError | None] = []

    def begin(self, prompt: Prompt, choice: Choice, stamp: Stamp) -> Flow:
        self.refusals.append(self.refused((yield Call("GET", SETTINGS))))
        for _ in range(self._times):
            yield Renew()
            self.refusals.append(self.refused((yield Call("GET", SETTINGS))))
        return (yield from super().begin(prompt, choice, stamp))


@pytest.mark.parametrize("times", [1, 2])
def test_a_flow_has_the_session_renewed_and_goes_on(site: PracticeSite, times: int) -> None:
    upstream = Renewing(times)
    with running(site, upstream=upstream) as proxy:
        proxy.site.expire_tokens()

        assert proxy.chat().status == 200
        [ended, *good] = upstream.refusals
        assert ended is not None
        assert ended.kind is Kind.SESSION_ENDED
        assert good == [None] * times
        assert len(site.heard_on(REFRESH)) == times


def test_a_renewal_that_fails_ends_the_flow(site: PracticeSite) -> None:
    with running(site, upstream=Renewing(1)) as proxy:
        site.revoke()

        assert proxy.chat().code == "session_ended"
        assert len(site.heard_on(SETTINGS)) == 1


@dataclass(frozen=True)
class LastLook:
    """A look at a chat as ever, after which no token is taken any more."""

    site: PracticeSite

    async def play(self, scene: acts.Scene) -> None:
        found = self.site._chats.answer("chat", scene.chat_id)
        assert found is not None
        self.site.expire_tokens()
        await found.play(scene)


def test_a_picture_is_found_though_the_session_ends_while_it_is_looked_for(proxy: Running) -> None:
    site = proxy.site
    site.on("chat", LastLook(site))
    reply = proxy.ask("POST", "/v1/images/generations", {"prompt": "practice: picture-late 2"})

    assert reply.status == 200
    assert len(looks(site)) > 2
    assert len(site.heard_on(REFRESH)) == 1
    assert len(site.heard_on("/api/v2/chat/completions")) == 1


class Keeping(Qwen):
    """Keeps every chat for a while, after these calls."""

    def __init__(self, for_s: float, *calls: Call) -> None:
        self._for_s = for_s
        self._calls = calls

    def begin(self, prompt: Prompt, choice: Choice, stamp: Stamp) -> Flow:
        flow = super().begin(prompt, choice, stamp)
        step = next(flow)
        while True:
            if isinstance(step, Later):
                step = Later(self._keep(), step.chat)
            answer = yield step
            try:
                step = flow.send(answer)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]

    def _keep(self) -> Flow:
        for call in self._calls:  # noqa: UP028  a tuple takes no answers
            yield call
        return Reply(Kept(self._for_s))


def kept(path: Path) -> list[int]:
    """The times until which chats are noted to be kept."""
    return [int(line.split()[3]) for line in path.read_text().splitlines() if line[0] == "="]


@pytest.mark.parametrize("calls", [(), (Call("GET", SETTINGS),)])
def test_a_chat_is_not_deleted_where_its_flow_keeps_it(
    site: PracticeSite, tmp_path: Path, calls: tuple[Call, ...]
) -> None:
    path = tmp_path / "chats"
    began_s = time.time()
    with running(site, upstream=Keeping(86_400, *calls), chats=Chats(path)) as proxy:
        assert proxy.chat().status == 200
        until(lambda: kept(path))
        proxy.let_pass(0.05)

    assert len(site.heard_on(SETTINGS)) == len(calls)
    assert (len(site.chats), site.deleted) == (1, [])
    assert began_s + 86_400 <= kept(path)[0] <= time.time() + 86_401


def test_how_long_a_chat_is_kept_is_measured_by_the_sites_clock(
    site: PracticeSite, tmp_path: Path
) -> None:
    path = tmp_path / "chats"

    def wrong_s() -> float:
        return time.time() + 30 * 86_400

    with running(site, upstream=Keeping(60), chats=Chats(path), wall_clock=wrong_s) as proxy:
        assert proxy.chat().status == 200
        until(lambda: kept(path))

    assert abs(kept(path)[0] - time.time() - 60) < 30


@pytest.mark.slow
def test_a_chat_is_kept_as_well_while_nothing_may_be_asked(
    site: PracticeSite, tmp_path: Path
) -> None:
    path = tmp_path / "chats"
    site.will(acts.say("slow ", *["x "] * 60, pace_s=0.05), acts.CHALLENGE)
    with running(site, upstream=Keeping(86_400), chats=Chats(path)) as proxy:
        slow = threading.Thread(target=proxy.chat, kwargs={"stream": True})
        slow.start()
        site.wait_until(lambda: site.open_streams == 1)
        assert proxy.chat().code == "verification_needed"
        slow.join()
        until(lambda: len(kept(path)) == 2)

        assert proxy.control("status")["hold"] is not None
        assert site.deleted == []
