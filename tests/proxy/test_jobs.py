"""Commands that somebody waits for."""

from concurrent.futures import Future

import pytest

from tray_app.proxy.door import DoorError
from tray_app.proxy.jobs import Jobs


def test_a_job_is_told_once_what_came_of_it() -> None:
    jobs = Jobs()
    job = jobs.open("key", {"what": "list"})
    is_taken_back = job.done.cancel()
    jobs.resolve(job, "first")
    jobs.resolve(job, "second")
    jobs.fail([job])

    assert not is_taken_back
    assert job.done.result(0) == "first"


def test_jobs_that_are_left_can_be_failed() -> None:
    jobs = Jobs()
    left, told = jobs.open("models", {}), jobs.open("models", {})
    jobs.resolve(told, "answer")

    assert jobs.left() == {left}
    jobs.fail(jobs.left())
    with pytest.raises(DoorError, match="starting or stopping"):
        left.done.result(0)


def test_what_would_end_whoever_asked_is_an_error_like_others() -> None:
    jobs = Jobs()
    exits, cancelled = jobs.open("models", {}), jobs.open("models", {})
    jobs.resolve(exits, None, SystemExit(1))
    told: Future[object] = Future()
    told.cancel()
    jobs.pass_on(told, cancelled)

    for job in (exits, cancelled):
        with pytest.raises(DoorError, match="starting or stopping"):
            job.done.result(0)
