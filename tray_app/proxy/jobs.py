"""Commands that somebody waits for: each one is told once what came of it, whatever happens."""

import threading
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any

from .door import DoorError


class Job:
    """A command that somebody waits for."""

    def __init__(self, name: str, message: dict[str, Any]) -> None:
        self.name = name
        self.message = message
        self.done: Future[Any] = Future()
        # Nobody may take it back: it may be under way.
        self.done.set_running_or_notify_cancel()


class Jobs:
    """The jobs that are open; used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[Job] = set()

    def open(self, name: str, message: dict[str, Any]) -> Job:
        """A new job, which `resolve`, `pass_on` or `fail` ends."""
        job = Job(name, message)
        with self._lock:
            self._open.add(job)
        return job

    def resolve(self, job: Job, answer: object, error: BaseException | None = None) -> None:
        """Tell who waits what came of a job, unless that was told before."""
        with self._lock:
            if job not in self._open:
                return
            self._open.remove(job)
        if error is None:
            job.done.set_result(answer)
        else:
            # What ends a loop or a program must not end that of whoever asked.
            job.done.set_exception(error if isinstance(error, Exception) else _ending())

    def pass_on(self, told: Future[Any], job: Job) -> None:
        """Tell who waits what came of it elsewhere."""
        error = _ending() if told.cancelled() else told.exception()
        self.resolve(job, None if error else told.result(), error)

    def left(self) -> set[Job]:
        """The jobs that are open."""
        with self._lock:
            return set(self._open)

    def fail(self, jobs: Iterable[Job]) -> None:
        """Tell who still waits for these that nothing comes of them."""
        for job in jobs:
            self.resolve(job, None, _ending())


def _ending() -> DoorError:
    return DoorError("Portico is just starting or stopping. Try again in a moment.")
