"""The door of a program whose proxy comes and goes."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.proxy.test_supervisor import WITHIN_S, die, parts_on
from tests.waiting import until
from tray_app.practice import PracticeSite
from tray_app.proxy.door import DoorError, ask
from tray_app.proxy.instance import Instance


@pytest.fixture
def door(tmp_path: Path) -> str:
    return str(tmp_path / "door.sock")


@pytest.fixture
def instance(site: PracticeSite, door: str) -> Iterator[Instance]:
    async def show(_: dict[str, Any]) -> object:
        return "shown"

    opened = Instance(parts_on(site), door, more={"show": show})
    opened.open()
    yield opened
    opened.close()


def test_the_door_answers_while_the_proxy_is_stopped(instance: Instance, door: str) -> None:
    stopped = ask(door, {"do": "status"})
    instance.supervisor.start()
    instance.supervisor.settle(WITHIN_S)
    running = ask(door, {"do": "status"})
    instance.supervisor.stop()
    instance.supervisor.settle(WITHIN_S)
    made = ask(door, {"do": "key", "what": "new", "name": "roo"})

    assert (stopped["state"], running["state"]) == ("stopped", "running")
    assert stopped["endpoint"] == running["endpoint"]
    assert stopped["session"]["state"] == "signed_in"
    assert ask(door, {"do": "key", "what": "show", "name": "roo"})["secret"] == made["secret"]
    assert ask(door, {"do": "show"}) == "shown"
    assert ask(door, {"do": "models"})
    with pytest.raises(DoorError, match="no key named"):
        ask(door, {"do": "key", "what": "show", "name": "nobody"})


@pytest.mark.slow
def test_the_door_answers_while_the_proxy_hangs_or_is_dead(instance: Instance, door: str) -> None:
    """R61"""
    instance.supervisor.start()
    instance.supervisor.settle(WITHIN_S)
    service = instance.supervisor.service
    assert service is not None

    may = threading.Event()

    async def hang() -> None:
        assert may.wait(WITHIN_S)

    hanging = service.post(hang())
    status = ask(door, {"do": "status"})
    assert not hanging.done()
    may.set()
    die(instance.supervisor)
    until(lambda: instance.supervisor.run.kind == "starting")

    assert status["state"] == "running"
    assert ask(door, {"do": "status"})["state"] in {"starting", "running"}
    assert instance.supervisor.settle(WITHIN_S).kind == "running"


def test_a_door_that_cannot_open_says_why(site: PracticeSite, tmp_path: Path) -> None:
    instance = Instance(parts_on(site), str(tmp_path / "missing" / "door.sock"))
    with pytest.raises(OSError, match="No such file"):
        instance.open()
    instance.close()


def test_a_closed_instance_has_no_door(site: PracticeSite, door: str) -> None:
    instance = Instance(parts_on(site), door)
    instance.open()
    instance.close()

    assert not Path(door).exists()
    with pytest.raises(ConnectionError):
        ask(door, {"do": "status"})
