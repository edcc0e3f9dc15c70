"""What was asked lately."""

import asyncio

import pytest

from tray_app.core.errors import Kind, ProxyError
from tray_app.proxy.activity import KEPT, LEFT, Activity


def activity() -> Activity:
    times = iter(range(1000))
    return Activity(lambda: float(next(times)), lambda: 5.0)


def test_a_request_that_ends_well_is_noted_with_what_it_took() -> None:
    noted = activity()
    with noted.noting("roo") as deed:
        deed.model = "qwen3.7-plus"
        assert noted.recent() == []

    assert [(one.key, one.model, one.outcome, one.at_s) for one in noted.recent()] == [
        ("roo", "qwen3.7-plus", "ok", 5.0)
    ]
    assert noted.recent()[0].took_s == 1.0


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ProxyError(Kind.QUEUE_FULL), "queue_full"),
        (asyncio.CancelledError(), LEFT),
        (ConnectionResetError(), LEFT),
        (KeyError("bug"), "internal_error"),
    ],
)
def test_an_error_is_the_outcome_and_goes_on(error: BaseException, outcome: str) -> None:
    noted = activity()
    with pytest.raises(type(error)), noted.noting("roo"):
        raise error

    assert noted.recent()[0].outcome == outcome


def test_the_newest_come_first_and_the_oldest_go() -> None:
    noted = activity()
    for number in range(KEPT + 3):
        with noted.noting(str(number)):
            pass

    assert [one.key for one in noted.recent()] == [str(number) for number in range(12, 2, -1)]
