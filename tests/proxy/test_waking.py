"""After a sleep, with a clock that was set, and on a network that changed: R48, R49."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.harness import QUICK, Reply, Running, running
from tests.proxy.equals import steps
from tests.proxy.test_relay import broken
from tests.proxy.test_transport import tidied
from tests.waiting import until
from tray_app.core.site import Site
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.transport import DirectTransport
from tray_app.upstreams.qwen import PAGES

NEW = "/api/v2/chats/new"


class Hands:
    """Two clocks that can be moved."""

    def __init__(self) -> None:
        self.wall_ahead_s = self.ahead_s = 0.0

    def wall(self) -> float:
        return time.time() + self.wall_ahead_s

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead_s


def connections(site: PracticeSite) -> list[int]:
    """Which connection each chat was made over."""
    return [heard.connection for heard in site.heard_on(NEW)]


def wake(proxy: Running) -> None:
    """What the desktop does when the computer resumes."""

    async def woken() -> None:
        house = proxy.service._house
        assert house is not None
        house.wake()

    proxy.service.post(woken()).result(5)


def chat(proxy: Running) -> Reply:
    """A chat, and the tidying up after it."""
    reply = proxy.chat()
    tidied(proxy)
    return reply


@pytest.mark.parametrize(("slept_s", "fresh"), [(20.0, False), (3600.0, True), (-3600.0, True)])
def test_after_a_jump_in_time_new_calls_get_new_connections(
    site: PracticeSite, slept_s: float, fresh: bool
) -> None:
    """R49"""
    hands = Hands()
    with running(site, clock=hands.monotonic, wall_clock=hands.wall) as proxy:
        assert [chat(proxy).status for _ in range(2)] == [200, 200]
        before = {heard.connection for heard in site.heard}
        hands.wall_ahead_s += slept_s
        assert [chat(proxy).status for _ in range(2)] == [200, 200]

        later = connections(site)[2:]
        assert (not set(later) & before) is fresh


@pytest.mark.slow
def test_a_stream_goes_on_through_a_waking_and_its_connection_ends_with_it(
    site: PracticeSite,
) -> None:
    """R49"""
    with running(site) as proxy:
        site.will(acts.say("first ", *["more "] * 30, pace_s=0.05))
        got: list[Reply] = []
        reader = threading.Thread(target=lambda: got.append(proxy.chat(stream=True)))
        reader.start()
        site.wait_until(lambda: site.open_streams == 1)
        wake(proxy)
        transport = direct(proxy)
        [left] = transport._retired
        assert not left.client.closed
        assert chat_beside(proxy).status == 200
        reader.join()
        site.wait_until(lambda: not site.chats)

        assert got[0].text == "first " + "more " * 30
        assert got[0].frames[-1] == "[DONE]"
        assert transport._retired == set()
        assert left.client.closed


def direct(proxy: Running) -> DirectTransport:
    """The transport by which the proxy makes its own calls."""
    house = proxy.service._house
    assert house is not None
    transport = house.transport.direct
    assert isinstance(transport, DirectTransport)
    return transport


def chat_beside(proxy: Running) -> Reply:
    return proxy.chat("beside", model="qwen3.5-plus")


def test_what_is_still_retired_is_closed_when_the_proxy_stops(site: PracticeSite) -> None:
    """R49"""
    with running(site, hurry=8.0) as proxy:
        site.will(acts.Silence())
        reader = threading.Thread(target=lambda: proxy.chat(stream=True))
        reader.start()
        site.wait_until(lambda: site.open_streams == 1)
        wake(proxy)
        transport = direct(proxy)
        [left] = transport._retired
    reader.join()

    assert left.client.closed
    assert transport._pool.client.closed


def test_pools_over_which_nothing_runs_are_closed_as_they_are_retired(site: PracticeSite) -> None:
    """R49"""
    with running(site) as proxy:
        transport = direct(proxy)
        seen = []
        for _ in range(50):
            assert proxy.ask("GET", "/v1/models").status == 200
            seen.append(transport._pool)
            wake(proxy)
        until(lambda: all(pool.client.closed for pool in seen))
        until(lambda: not transport._closing._running)

        assert len(set(map(id, seen))) == 50
        assert not transport._retired
        assert chat(proxy).status == 200


class Road:
    """The way to a site, which can swallow what is sent over connections that exist."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._dark: set[int] = set()
        self._made: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def change(self) -> None:
        """From now on nothing gets through over any connection that is open."""
        self._dark.update(range(len(self._made)))

    def close(self) -> None:
        self._listening.close()
        for sock in self._made:
            sock.close()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._to))
            number = len(self._made)
            self._made += [near, far]
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(*pair, number), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, number: int) -> None:
        try:
            while data := source.recv(65536):
                if number not in self._dark:
                    target.sendall(data)
            if number not in self._dark:
                target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@pytest.fixture
def road(site: PracticeSite) -> Iterator[Road]:
    made = Road(int(site.origin.rsplit(":", 1)[1]))
    yield made
    made.close()


@pytest.mark.slow
def test_a_changed_network_costs_what_runs_and_nothing_after_it(
    site: PracticeSite, road: Road
) -> None:
    """R48"""
    origin = f"http://127.0.0.1:{road.port}"
    place = Site(
        name="practice",
        chat_origin=origin,
        auth_origin=site.auth_origin,
        media_hosts=(),
        pages=PAGES,
    )
    settings = QUICK.__class__(
        start_spacing_s=0.0, idle_timeout_s=1.0, first_event_timeout_s=5.0, parallel_answers=3
    )
    with running(site, settings=settings, place=place) as proxy:
        # Several connections are kept from before, and all of them lead nowhere now.
        site.will(*[acts.Slow(acts.say("before"), 0.3)] * 2)
        before = [threading.Thread(target=proxy.chat) for _ in range(2)]
        for thread in before:
            thread.start()
        for thread in before:
            thread.join()
        site.will(acts.say("begun ", *["never "] * 100, pace_s=0.2))
        got: list[Reply] = []
        reader = threading.Thread(target=lambda: got.append(proxy.chat(stream=True)))
        reader.start()
        site.wait_until(lambda: site.open_streams == 1)
        until(lambda: steps(proxy) == ["answering"])
        road.change()
        reader.join()
        began_s = time.monotonic()
        after = proxy.chat("after", model="qwen3.5-plus")

        broken(got[0], "upstream_stalled")
        assert got[0].text.startswith("begun ")
        assert after.status == 200
        assert time.monotonic() - began_s < 4
