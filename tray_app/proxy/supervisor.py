"""Starts and stops the proxy as often as it is asked to, and starts it anew when it dies.

Whoever asks never waits: what is wanted is noted, one thread brings it about, and what came of it
is told as a value. So a menu can show it, a click storm costs nothing, and a stop that is asked
for while the proxy starts is not lost. Only that thread says how it goes.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from tray_app.store.settings import explain

from .alone import alone
from .door import DoorError
from .house import Parts, status_of
from .jobs import Job, Jobs
from .ports import AddressGoneError, PortTakenError
from .service import Service
from .status import Run, Status

_log = logging.getLogger(__name__)

DEATHS = 5
"""So many deaths within `DEATHS_S` are survived; one more, and the proxy stays stopped."""
DEATHS_S = 300.0

_HANGS = Run("failed", "The proxy hangs. Quit Portico and start it again.", "died")


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
        self._asked_anew = False
        self._asked_over = False
        self._closing = False
        self._died = False
        self._deaths: deque[float] = deque()
        self._jobs = Jobs()
        self._waiting: deque[Job] = deque()
        self._alone: asyncio.Task[Any] | None = None
        self._service: Service | None = None
        self._hung: Service | None = None
        self._models: tuple[str, ...] = ()
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

    @property
    def parts(self) -> Parts:
        """What the proxy is made of, with the settings that are in force now."""
        service = self._service
        return self._parts if service is None else service.parts

    @property
    def waiting_for_restart(self) -> frozenset[str]:
        """The settings that are other than they were when the proxy that runs was started, and
        take effect only after the next start.
        """
        service = self._service
        if service is None:
            return frozenset()
        then, now = service.begun_with, service.parts.settings
        names = (field.name for field in explain() if field.restart)
        return frozenset(name for name in names if getattr(then, name) != getattr(now, name))

    @property
    def models(self) -> tuple[str, ...]:
        """The models as far as they are known, also from before a stop."""
        service = self._service
        if service is not None:
            self._models = service.models
        return self._models

    @property
    def status(self) -> Status:
        """What there is to say at this moment, whether the proxy runs or not."""
        service, run = self._service, self._run
        if service is not None and run.kind in {"running", "stopping"}:
            return service.status
        return status_of(self._parts, run)

    def start(self) -> None:
        """Have the proxy run; a failure of before is forgotten."""
        with self._noticed:
            if not self._wanted:
                self._deaths.clear()
            self._asked_anew = self._service is None
            self._wanted = True
            self._interrupt()
            self._noticed.notify_all()

    def stop(self) -> None:
        """Have the proxy stopped; running answers get a few seconds."""
        with self._noticed:
            self._wanted = self._asked_anew = self._asked_over = False
            self._noticed.notify_all()

    def restart(self) -> None:
        """Have the proxy that runs stopped and started again, with the settings of now."""
        with self._noticed:
            self._asked_over = self._wanted and self._service is not None
            self._noticed.notify_all()

    def carry_out(self, name: str, message: dict[str, Any]) -> Future[Any]:
        """Have a command of the control door carried out, by the proxy that runs or without one.

        The result may be a `DoorError`.
        """
        with self._noticed:
            job = self._jobs.open(name, message)
            is_late = self._closing
            if not is_late and (self._run.kind != "running" or not self._hand_over(job)):
                self._waiting.append(job)
                self._noticed.notify_all()
        if is_late:
            self._jobs.fail([job])
        return job.done

    def settle(self, timeout_s: float | None = None) -> Run:
        """Wait until it is as it is wanted, or has failed; returns how it is then."""
        with self._noticed:
            self._noticed.wait_for(self._is_settled, timeout_s)
            return self._run

    def close(self) -> None:
        """Stop the proxy and the supervision; returns when both are gone."""
        with self._noticed:
            self._wanted = self._asked_anew = False
            self._closing = True
            is_starting = self._run.kind == "starting" and self._alone is None
            waiting = list(self._waiting)
            self._waiting.clear()
            self._interrupt()
            self._noticed.notify_all()
        self._jobs.fail(waiting)
        limits = self._parts.limits
        self._thread.join(limits.close_starting_s if is_starting else limits.close_s)
        self._jobs.fail(self._jobs.left())

    def _is_settled(self) -> bool:
        if self._died or self._asked_anew or self._asked_over:
            return False
        if self._run.kind == "running":
            return self._wanted and self._service is not None
        return self._run.kind == "failed" or (self._run.kind == "stopped" and not self._wanted)

    def _watch(self) -> None:
        while (step := self._next_step()) is not None:
            try:
                step()
            except BaseException:  # noqa: BLE001  it must outlive whatever it finds
                _log.exception("supervisor=failed")

    def _next_step(self) -> Callable[[], None] | None:
        """What is to be done now, once there is something; None at the end."""
        with self._noticed:
            while True:
                step = self._due()
                if step is not None:
                    return step
                if self._closing and self._service is None:
                    return None
                self._noticed.wait()

    def _due(self) -> Callable[[], None] | None:
        if self._died:
            self._died = False
            return self._bury
        if self._service is not None and (self._asked_over or not self._wanted):
            return self._end
        if self._wanted and self._service is None:
            self._asked_anew = False
            return self._begin
        if self._waiting:
            return self._work
        if not self._wanted and self._run.kind not in {"stopped", "failed"}:
            return lambda: self._set(Run("stopped"))
        return None

    def _begin(self) -> None:
        if self._run.kind != "starting":
            self._set(Run("starting"))
        if self._is_hung():
            self._give_up(_HANGS)
            return
        service = Service(self._parts, ended=self._on_end)
        try:
            service.start()
        except PortTakenError as error:
            told = Run("failed", str(error), error.code, error.holder, error.free_port)
            self._give_up(told)
        except AddressGoneError as error:
            sentence = f"{error} Choose another one for --host."
            self._give_up(Run("failed", sentence, "address_gone"))
        except BaseException:  # noqa: BLE001  whatever it is, somebody must be told
            _log.exception("proxy=unstartable")
            self._count_death()
        else:
            with self._noticed:
                self._service = service
                self._asked_anew = False
            self._set(Run("running"))

    def _end(self) -> None:
        service = self._service
        if service is None:
            return
        self._set(Run("stopping"))
        is_gone = service.stop()
        self._leave(service)
        if is_gone:
            self._set(Run("stopped"))
            return
        _log.critical("proxy=hanging")
        self._hung = service
        if self._wanted and self._parts.stuck is not None:
            # Where that comes back, the program could not be started anew.
            self._parts.stuck()
        self._give_up(_HANGS)

    def _is_hung(self) -> bool:
        """Whether a proxy that would not stop is still there."""
        return self._hung is not None and self._hung.is_alive

    def _bury(self) -> None:
        """After a death: begin anew, unless that happens too often or nobody wants it any more."""
        if self._service is None:
            return
        self._leave(self._service)
        _log.error("proxy=died")
        if self._wanted:
            self._count_death()

    def _work(self) -> None:
        with self._noticed:
            if not self._waiting:
                return
            job = self._waiting.popleft()
            if self._service is not None:
                if not self._hand_over(job):
                    # It has died, and the news of that is on its way.
                    self._waiting.appendleft(job)
                    self._noticed.wait_for(lambda: self._died, self._parts.limits.anew_s)
                return
        if self._is_hung():
            # What is the person's belongs to one loop at a time.
            self._jobs.resolve(job, None, DoorError(_HANGS.said))
            return
        try:
            answer, self._parts = alone(self._parts, job.name, job.message, self._on_alone)
        except BaseException as error:  # noqa: BLE001  whoever asked must be told
            self._jobs.resolve(job, None, error)
        else:
            self._jobs.resolve(job, answer)
        finally:
            with self._noticed:
                self._alone = None

    def _on_alone(self, doing: asyncio.Task[Any]) -> None:
        """A command is carried out without a proxy; called in its loop, in this thread."""
        with self._noticed:
            self._alone = doing
            if self._wanted or self._closing:
                self._interrupt()

    def _interrupt(self) -> None:
        """Have a command that is carried out without a proxy make room."""
        if self._alone is not None:
            # Its loop may have ended a moment ago.
            with contextlib.suppress(RuntimeError):
                self._alone.get_loop().call_soon_threadsafe(self._make_room, self._alone)

    def _make_room(self, doing: asyncio.Task[Any]) -> None:
        doing.cancel()
        if self._wanted and self._run.kind != "starting":
            self._set(Run("starting"))

    def _hand_over(self, job: Job) -> bool:
        """Have the running proxy carry out a job; returns whether it could be asked."""
        service = self._service
        if service is None:
            return False
        try:
            asked = service.post(service.control(job.name, job.message))
        except RuntimeError:
            return False
        asked.add_done_callback(lambda told: self._jobs.pass_on(told, job))
        return True

    def _leave(self, service: Service) -> None:
        with self._noticed:
            self._parts = service.parts
            self._service = None
            self._asked_over = False
            left = self._jobs.left().difference(self._waiting)
        self._jobs.fail(left)

    def _count_death(self) -> None:
        with self._noticed:
            now_s = self._clock()
            self._deaths.append(now_s)
            while self._deaths and now_s - self._deaths[0] > DEATHS_S:
                self._deaths.popleft()
            is_hopeless = len(self._deaths) > DEATHS
        if is_hopeless:
            sentence = "The proxy failed again and again. Look at the log, then start it again."
            self._give_up(Run("failed", sentence, "died"))
            return
        sentence = "The proxy failed and is started again. Look at the log for the reason."
        self._set(Run("starting", sentence, "died"))
        with self._noticed:
            self._noticed.wait_for(lambda: not self._wanted, self._parts.limits.anew_s)

    def _give_up(self, run: Run) -> None:
        with self._noticed:
            if self._asked_anew:
                # Somebody asked for a start while this one failed.
                return
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
        try:
            self._tell()
        except Exception:  # noqa: BLE001  who listens must not end who works
            _log.exception("run=%s untold", run.kind)
