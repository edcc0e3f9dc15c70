"""How long something has been answered."""

from tests.desktop.snapshots import facts
from tray_app.desktop.busy import Busy
from tray_app.proxy.status import QueueStatus, Status


def status(in_flight: int) -> Status:
    found = facts(status={"queue": QueueStatus(waiting=0, in_flight=in_flight)}).status
    assert found is not None
    return found


def test_time_runs_while_something_is_answered_and_begins_anew_after_a_pause() -> None:
    busy = Busy()
    first = busy.for_s(status(1))
    second = busy.for_s(status(3))
    pause = busy.for_s(status(0))
    third = busy.for_s(status(1))

    assert first is not None
    assert second is not None
    assert third is not None
    assert second > first
    assert pause is None
    assert third < second
