"""The life of the proxy under clicks, deaths, hangs and taken ports, in any order."""

import contextlib
import socket
import threading
from itertools import pairwise

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.proxy.test_supervising import hang
from tests.proxy.test_supervisor import WITHIN_S, die, healthy, parts_on
from tray_app.practice import PracticeSite
from tray_app.proxy.door import DoorError
from tray_app.proxy.limits import Limits
from tray_app.proxy.supervisor import DEATHS, DEATHS_S, Supervisor

LEGAL = {
    "stopped": {"starting"},
    "starting": {"starting", "running", "failed", "stopped"},
    "running": {"stopping", "starting", "stopped", "failed"},
    "stopping": {"stopped", "failed"},
    "failed": {"starting", "failed"},
}
"""What may come after what; a proxy that dies is begun again, given up, or not wanted any more."""
CLICKS = st.sampled_from(["start", "stop", "restart"])


class Lifecycle(RuleBasedStateMachine):
    """What a person and bad luck do to a supervisor, and what must come of it."""

    def __init__(self, site: PracticeSite) -> None:
        super().__init__()
        self.now_s = 0.0
        self.seen = ["stopped"]
        self.expected = {"stopped"}
        self.deaths: list[float] = []
        self.hung: threading.Event | None = None
        self.other: socket.socket | None = None
        limits = Limits(anew_s=0.01, gone_s=0.1, drain_s=0.1, tidy_s=0.1)
        parts = msgspec.structs.replace(parts_on(site), limits=limits)
        self.port = parts.settings.port
        self.supervisor = Supervisor(parts, self.noted, lambda: self.now_s)

    def noted(self) -> None:
        self.seen.append(self.supervisor.run.kind)

    @rule(clicks=st.lists(CLICKS, min_size=1, max_size=6))
    def click(self, clicks: list[str]) -> None:
        """Nobody waits between two clicks; the last one counts."""
        before = self.settled
        wanted = before == "running"
        for name in clicks:
            getattr(self.supervisor, name)()
            if name == "start" and not wanted:
                self.deaths.clear()
            wanted = wanted if name == "restart" else name == "start"
        if wanted:
            self.expected = {"failed"} if self.hung or self.other else {"running"}
        elif before == "running":
            self.expected = {"stopped"}
        elif "start" not in clicks:
            self.expected = {before}
        else:
            # It may have been tried before it was taken back.
            self.expected = {"stopped"}
            self.expected |= {"failed"} if self.hung or self.other or before == "failed" else set()

    @precondition(lambda self: self.settled == "running")
    @rule(
        times=st.integers(1, DEATHS + 1),
        apart_s=st.sampled_from([0.0, DEATHS_S / 3]),
        then=CLICKS | st.none(),
    )
    def dies(self, times: int, apart_s: float, then: str | None) -> None:
        """Its loop ends from the inside, whatever is clicked while nobody has noticed it yet."""
        for _ in range(times):
            if self.supervisor.settle(WITHIN_S).kind == "failed":
                return
            self.now_s += apart_s
            service = self.supervisor.service
            assert service is not None
            die(self.supervisor)
            service.join(WITHIN_S)
            self.deaths = [at_s for at_s in self.deaths if self.now_s - at_s <= DEATHS_S]
            self.deaths.append(self.now_s)
            if len(self.deaths) > DEATHS:
                self.expected = {"failed"}
        if then:
            getattr(self.supervisor, then)()
        if then == "stop":
            self.expected |= {"stopped"}
            self.expected -= {"running"}
        elif then == "start" and self.expected == {"failed"}:
            # It counts as a new start if it came after the proxy was given up.
            self.expected |= {"running"}
            if self.supervisor.settle(WITHIN_S).kind == "running":
                self.deaths.clear()

    @precondition(lambda self: self.settled == "running")
    @rule(then=st.sampled_from(["stop", "restart"]))
    def hangs(self, then: str) -> None:
        """Its loop does not come back, and it is told to stop."""
        service = self.supervisor.service
        assert service is not None
        self.hung = threading.Event()
        hang(service, self.hung)
        self.hung_service = service
        getattr(self.supervisor, then)()
        self.expected = {"failed"}

    @precondition(lambda self: self.hung is not None)
    @rule()
    def comes_back(self) -> None:
        assert self.hung is not None
        self.hung.set()
        self.hung_service.join(WITHIN_S)
        self.hung = None

    @precondition(lambda self: self.settled != "running" and not self.hung and not self.other)
    @rule()
    def port_is_taken(self) -> None:
        self.other = socket.create_server(("127.0.0.1", self.port))

    @precondition(lambda self: self.other is not None)
    @rule()
    def port_is_free_again(self) -> None:
        assert self.other is not None
        self.other.close()
        self.other = None

    @precondition(lambda self: not self.other)
    @rule()
    def port_is_changed(self) -> None:
        """By a command of the door, in whatever state; it holds from the next start on."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        change = {"what": "set", "name": "port", "value": str(port)}
        try:
            self.supervisor.carry_out("settings", change).result(WITHIN_S)
        except DoorError:
            assert self.hung
        else:
            self.port = port

    @rule(later_s=st.sampled_from([1.0, DEATHS_S + 1]))
    def time_passes(self, later_s: float) -> None:
        self.now_s += later_s

    @invariant()
    def it_is_as_the_last_click_said(self) -> None:
        """What is wanted comes about, on the right port, and the way there was legal."""
        run = self.supervisor.settle(WITHIN_S)
        assert run.kind in self.expected, (run, self.expected)
        self.expected = {run.kind}
        assert all(after in LEGAL[before] for before, after in pairwise(self.seen))
        del self.seen[:-1]
        service = self.supervisor.service
        if run.kind == "running":
            assert service is not None
            assert service.is_alive
            assert healthy(service.port)
            pending = self.supervisor.waiting_for_restart
            assert (service.port == self.port) == (pending == frozenset())
        else:
            assert service is None
            assert run.kind == "stopped" or run.said
            assert not self.hung or "hangs" in run.said
        assert self.supervisor.parts.settings.port == self.port

    @property
    def settled(self) -> str:
        """How it went when all was quiet last."""
        [kind] = self.expected
        return kind

    def teardown(self) -> None:
        """Whatever happened before, it stops and is gone."""
        if self.hung:
            self.comes_back()
        if self.other:
            self.other.close()
        self.supervisor.stop()
        run = self.supervisor.settle(WITHIN_S)
        service = self.supervisor.service
        self.supervisor.close()
        with contextlib.closing(socket.create_server(("127.0.0.1", self.port))):
            pass
        assert run.kind in {"stopped", "failed"}
        assert service is None
        assert not self.supervisor._thread.is_alive()


@pytest.mark.slow
def test_whatever_happens_to_it_in_any_order_it_is_as_wanted_and_can_be_stopped(
    site: PracticeSite,
) -> None:
    """F20"""

    class OnThisSite(Lifecycle):
        def __init__(self) -> None:
            super().__init__(site)

    run_state_machine_as_test(
        OnThisSite, settings=settings(max_examples=15, stateful_step_count=20, deadline=None)
    )
