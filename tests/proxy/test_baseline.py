"""Whatever happened before, and whatever happens beside it: F24, F26, and R14 to R37 once more."""

import re
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.harness import Reply, Running, running
from tests.proxy.baseline import Held, forgive, gives_all_back, settle
from tests.proxy.test_leaving import connect
from tests.upstreams.qwen.frames import created, delta, finished
from tests.waiting import until
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.limits import Limits
from tray_app.store.settings import Settings

HURRY = 4.0
SOON = Limits(
    headers_s=60.0, slow_first_event_s=60.0, commit_s=0.4, heartbeat_s=0.4, tick_s=0.08,
    write_stall_s=2.0, sweep_s=0.08, sweep_again_s=0.4,
)  # fmt: skip
EIGHT = Settings(start_spacing_s=0.0, parallel_answers=8)
SHORT = {"connect_timeout_s": "4", "first_event_timeout_s": "4", "idle_timeout_s": "4"}
"""What is waited for the site while it says nothing more."""
_GZIP = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\r\n"
_SIZED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n"
_FINE = created() + delta("fine") + finished()
FAULTS: dict[str, acts.Act] = {
    "R13 dropped": acts.Drop(),
    "R14 gateway": acts.page("", 502),
    "R14 error": acts.refused("internal_error", "Internal error", 500),
    "R15 late": acts.Slow(acts.say("late"), 0.2),
    "R16 silence": acts.Silence(),
    "R17 slow": acts.say("s", "l", "o", "w", pace_s=0.05),
    "R18 stall": acts.say("half", finished=False, then="hang"),
    "R19 reset": acts.say("half", finished=False, then="reset"),
    "R19 reset at once": acts.Drop(reset=True),
    "R20 cut": acts.say("half", finished=False, then="cut"),
    "R21 no last chunk": acts.say("fine", then="cut"),
    "R22 end": acts.say("half", finished=False),
    "R23 gzip": acts.Raw(_FINE, head=_GZIP),
    "R24 too long": acts.Raw(created() + delta("half"), head=_SIZED % 9999),
    "R24 too short": acts.Raw(_FINE, head=_SIZED % (len(_FINE) - 30)),
    "R25 empty": acts.EMPTY,
    "R26 open": acts.say("fine", then="hang"),
    "R27 more": acts.Raw(_FINE + delta("no") + finished()),
    "R30 pieces": acts.Raw(_FINE, pieces=3),
    "R31 huge": acts.Raw(created() + b"data: " + b"x" * (9 << 20)),
    "R33 odd": acts.Raw(created() + delta("half") + b"data: {bad\n\n" * 4),
    "R34 surrogate": acts.Raw(created() + delta("a").replace(b"a", rb"\ud800") + finished()),
    "R35 page": acts.page("<html>"),
    "R35 challenge": acts.CHALLENGE,
    "R36 daily": acts.refused("RateLimited", num=7),
    "R37 error": acts.Raw(created() + delta("half") + acts.error_frame("internal_error", "x")),
    "R38 too fast": acts.value({"detail": "slow"}, 429, Retry_After="7"),
    "R39 expired": acts.EXPIRED,
    "good": acts.say("One ", "two", thoughts=["Hm."]),
    "large": acts.say(*["x" * 50_000] * 20),
}
SILENT = {"R16 silence", "R18 stall"}
LEAVES = ("stays", "leaves at once", "leaves at the first byte", "closes its half", "resets")


@dataclass(frozen=True)
class Script:
    """One request: what the site does, what is wanted of it, and what the client does."""

    fault: str
    stream: bool
    client: str

    def play(self, proxy: Running) -> None:
        """From the request to the end of its connection."""
        with connect(proxy, stream=self.stream, text="Hello") as sock, suppress(ConnectionError):
            sock.settimeout(20)
            if self.client == "leaves at once":
                return
            if self.client == "closes its half":
                sock.shutdown(socket.SHUT_WR)
            elif self.client == "leaves at the first byte":
                sock.recv(1)
                return
            elif self.client == "resets":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                return
            came = bytearray()
            until(lambda: _is_over(sock, came))


def _is_over(sock: socket.socket, came: bytearray) -> bool:
    """Whether an answer has come to its end, or will not; its end may come in pieces as well."""
    data = sock.recv(1 << 20)
    came += data
    return not data or came.endswith((b"0\r\n\r\n", b"}"))


scripts = st.builds(Script, st.sampled_from(sorted(FAULTS)), st.booleans(), st.sampled_from(LEAVES))


@contextmanager
def kept(limits: Limits, chosen: Settings, hurry: float = 1.0) -> Iterator[tuple[Running, Held]]:
    """A proxy to which much happens, and what it held at first."""
    site = PracticeSite(pace_s=0.0)
    site.start()
    try:
        with running(site, limits=limits, settings=chosen, hurry=hurry) as proxy:
            yield proxy, settle(proxy)
    finally:
        site.stop()


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Running, Held]]:
    """One that waits for nothing long, as soon as it is `impatient`."""
    with kept(SOON, EIGHT, HURRY) as made:
        yield made


@pytest.fixture(scope="module")
def patient() -> Iterator[tuple[Running, Held]]:
    """One that waits as long as ever: whether a status can be told is no matter of load."""
    with kept(Limits(sweep_s=0.02, sweep_again_s=0.1), EIGHT) as made:
        yield made


@contextmanager
def impatient(proxy: Running) -> Iterator[None]:
    """Little is waited for in here; a good answer on a busy machine takes longer than that."""
    before = proxy.control("settings", what="list")
    for name, value in SHORT.items():
        proxy.control("settings", what="set", name=name, value=value)
    try:
        yield
    finally:
        for name in SHORT:
            proxy.control("settings", what="set", name=name, value=str(before[name]))


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_leaves_anything_behind(
    shared: tuple[Running, Held], fault: str, stream: bool
) -> None:
    """R13, R14, R15, R16, R17, R18, R19, R20, R21, R22, R23, R24, R25, R26, R27, R30, R31, R33

    R34, R35, R36, R37, R38, R39: the part of each that is said of all of them.
    """
    proxy, before = shared
    waits = impatient(proxy) if fault in SILENT else nullcontext()
    with gives_all_back(proxy, before), waits:
        proxy.site.will(FAULTS[fault])
        Script(fault, stream, "stays").play(proxy)
        proxy.site._scripts.clear()


@pytest.mark.slow
@settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.lists(scripts, min_size=1, max_size=6), st.booleans())
def test_after_any_script_everything_is_given_back(
    shared: tuple[Running, Held], played: Sequence[Script], together: bool
) -> None:
    """F24, R54"""
    proxy, before = shared
    with gives_all_back(proxy, before), impatient(proxy):
        proxy.site.will(*[FAULTS[script.fault] for script in played])
        if together:
            with ThreadPoolExecutor(len(played)) as pool:
                list(pool.map(lambda script: script.play(proxy), played))
        else:
            for script in played:
                script.play(proxy)
                forgive(proxy)
        until(lambda: proxy.control("status")["queue"] == {"waiting": 0, "in_flight": 0})
        proxy.site._scripts.clear()
        forgive(proxy)
        # Of a chat that the site was just making when its client left nobody heard the name.
        with suppress(AssertionError):
            proxy.site.wait_until(lambda: not proxy.site.chats, 0.5)
        proxy.site.chats.clear()


@dataclass(frozen=True)
class Chosen:
    """Whatever is named in the prompt, so that each request gets its own whoever comes first."""

    plays: Sequence[acts.Act]

    async def play(self, scene: acts.Scene) -> None:
        """The act of this request."""
        number = re.search(rb"script (\d+)\.", scene.request.body)
        assert number is not None
        await self.plays[int(number[1])].play(scene)


_ALONE = sorted(
    set(FAULTS)
    # These are to be felt by all requests, or are answered by another try, which might get what
    # is meant for another request; and of these it depends on the network how much arrives.
    - {"R13 dropped", "R14 gateway", "R19 reset at once", "R25 empty", "R35 challenge",
       "R36 daily", "R38 too fast", "R39 expired", "R16 silence", "R18 stall",
       "R19 reset", "R24 too short"}
)  # fmt: skip


def seen(reply: Reply) -> tuple[int, bytes]:
    """What a client makes of an answer: all but its id, its time and comments."""
    body = re.sub(rb'"(id|created)":("[^"]*"|\d+)', b"", reply.body)
    return reply.status, body.replace(b": keep-alive\n\n", b"")


@pytest.mark.slow
@settings(
    max_examples=8,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.lists(st.tuples(st.sampled_from(_ALONE), st.booleans()), min_size=2, max_size=8))
def test_many_at_once_get_what_each_gets_alone(
    patient: tuple[Running, Held], asked: list[tuple[str, bool]]
) -> None:
    """F26"""
    proxy, before = patient
    chosen = Chosen([FAULTS[name] for name, _ in asked])

    def ask(number: int) -> tuple[int, bytes]:
        return seen(proxy.chat(f"This is script {number}.", stream=asked[number][1]))

    with gives_all_back(proxy, before):
        proxy.site.will(*[chosen] * len(asked))
        alone = []
        for number in range(len(asked)):
            alone.append(ask(number))
            forgive(proxy)
        proxy.site.will(*[chosen] * len(asked))
        with ThreadPoolExecutor(len(asked)) as pool:
            together = list(pool.map(ask, range(len(asked))))
        proxy.site._scripts.clear()

    assert together == alone
