"""Starts and stops the proxy as often as it is asked to, and starts it anew when it dies.

Whoever asks never waits: what is wanted is noted, one thread brings it about, and what came of it
is told as a value. So a menu can show it, a click storm costs nothing, and a stop that is asked
for while the proxy starts is not lost.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from .house import Parts
from .listen import PortTakenError
from .service import Service

_log = logging.getLogger(__name__)

DEATHS = 5
"""So many deaths within `DEATHS_S` are survived; one more, and the proxy stays stopped."""
DEATHS_S = 300.0
PAUSE_S = 0.5
CLOSE_S = 8.0

RunKind = Literal["stopped", "starting", "running", "stopping", "failed"]


class Run(Struct, frozen=True):
    """How it goes with the proxy as a whole."""

    kind: RunKind
    said: str = ""
    """What went wrong, in one sentence and one action."""
    code: Literal["", "port_taken", "died"] = ""


class Supervisor:
    """Keeps one proxy as it is wanted; everything public may be called from any thread.

    Args:
        parts: What the proxy is made of; settings that are changed while it runs are kept.
        changed: Called after every change of `run`, in the supervisor's thread.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        parts: Parts,
        changed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parts = parts
        self._tell = changed
        self._clock = clock
        self._noticed = threading.Condition()
        self._wanted = False
        self._closing = False
        self._died = False
        self._deaths: deque[float] = deque()
        self._service: Service | None = None
        self._run = Run("stopped")
        self._thread = threading.Thread(target=self._watch, name="portico-supervisor", daemon=True)
        self._thread.start()

    @property
    def run(self) -> Run:
        """How it goes at this moment."""
        return self._run

    @property
    def service(self) -> Service | None:
        """The proxy that runs, if one does."""
        return self._service

    def start(self) -> None:
        """Have the proxy run; a failure of before is forgotten."""
        with self._noticed:
            if not self._wanted:
                self._deaths.clear()
            if self._run.kind == "failed":
                self._run = Run("starting")
            self._wanted = True
            self._noticed.notify_all()

    def stop(self) -> None:
        """Have the proxy stopped; running answers get a few seconds."""
        with self._noticed:
            self._wanted = False
            self._noticed.notify_all()

    def settle(self, timeout_s: float | None = None) -> Run:
        """Wait until it is as it is wanted, or has failed; returns how it is then."""
        with self._noticed:
            self._noticed.wait_for(self._is_settled, timeout_s)
            return self._run

    def wait(self, kind: RunKind) -> None:
        """Wait until it goes like this."""
        with self._noticed:
            self._noticed.wait_for(lambda: self._run.kind == kind)

    def close(self) -> None:
        """Stop the proxy and the supervision; returns when both are gone."""
        with self._noticed:
            self._wanted = False
            self._closing = True
            self._noticed.notify_all()
        self._thread.join(CLOSE_S)

    def _is_settled(self) -> bool:
        if self._died:
            return False
        if self._run.kind == "running":
            return self._wanted and self._service is not None
        return self._run.kind == "failed" or (self._run.kind == "stopped" and not self._wanted)

    def _watch(self) -> None:
        while True:
            with self._noticed:
                self._noticed.wait_for(self._has_work)
                wanted, died, self._died = self._wanted, self._died, False
                if self._closing and self._service is None and not died:
                    return
            if died:
                self._bury()
            elif self._service is not None:
                self._end(self._service)
            elif wanted:
                self._begin()

    def _has_work(self) -> bool:
        is_there = self._service is not None
        return self._died or self._wanted != is_there or (self._closing and not is_there)

    def _begin(self) -> None:
        if self._run.kind != "starting":
            self._set(Run("starting"))
        service = Service(self._parts, ended=self._on_end)
        try:
            service.start()
        except PortTakenError as error:
            self._give_up(Run("failed", str(error), "port_taken"))
        except Exception:  # noqa: BLE001  whatever it is, somebody must be told
            _log.exception("proxy=unstartable")
            self._count_death()
        else:
            self._service = service
            self._set(Run("running"))

    def _end(self, service: Service) -> None:
        self._set(Run("stopping"))
        service.stop()
        self._leave(service)
        self._set(Run("stopped"))

    def _bury(self) -> None:
        """After a death: begin anew, unless that happens too often."""
        if self._service is not None:
            self._leave(self._service)
            _log.error("proxy=died")
            self._count_death()

    def _leave(self, service: Service) -> None:
        self._parts = service.parts
        self._service = None

    def _count_death(self) -> None:
        now_s = self._clock()
        self._deaths.append(now_s)
        while self._deaths and now_s - self._deaths[0] > DEATHS_S:
            self._deaths.popleft()
        if len(self._deaths) > DEATHS:
            sentence = "The proxy failed again and again. Look at the log, then start it again."
            self._give_up(Run("failed", sentence, "died"))
            return
        sentence = "The proxy failed and is started again. Look at the log for the reason."
        self._set(Run("starting", sentence, "died"))
        time.sleep(PAUSE_S)

    def _give_up(self, run: Run) -> None:
        with self._noticed:
            self._wanted = False
        self._set(run)

    def _on_end(self, service: Service) -> None:
        """A proxy's thread has ended; one that nobody stopped has died."""
        with self._noticed:
            if not service.was_stopped:
                self._died = True
                self._noticed.notify_all()

    def _set(self, run: Run) -> None:
        with self._noticed:
            self._run = run
            self._noticed.notify_all()
        self._tell()
