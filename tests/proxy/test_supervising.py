"""Commands and wishes that come at a bad moment: nobody waits for ever, and nothing is stuck."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from tests.proxy.test_supervisor import WITHIN_S, parts_on, supervised
from tests.waiting import until
from tray_app.compose import practice_site
from tray_app.core.calls import Tokens
from tray_app.practice import PracticeSite
from tray_app.proxy.door import DoorError
from tray_app.proxy.house import Parts
from tray_app.proxy.limits import Limits
from tray_app.proxy.person import Person
from tray_app.proxy.service import Service
from tray_app.proxy.session import Lane
from tray_app.proxy.status import Run
from tray_app.proxy.supervisor import Supervisor
from tray_app.store.settings import Settings


@contextmanager
def silent(parts: Parts) -> Iterator[tuple[Parts, socket.socket]]:
    """The same parts on a site that takes connections and never answers."""
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen(50)
        hole.settimeout(WITHIN_S)
        origin = f"http://127.0.0.1:{hole.getsockname()[1]}"
        settings = msgspec.structs.replace(Settings(), port=parts.settings.port)
        site = practice_site(origin, origin)
        yield msgspec.structs.replace(parts, site=site, settings=settings), hole


def running(supervisor: Supervisor) -> Service:
    supervisor.start()
    assert supervisor.settle(WITHIN_S) == Run("running")
    service = supervisor.service
    assert service is not None
    return service


def hang(service: Service, until: threading.Event) -> None:
    """Block the proxy's loop; returns once it is blocked."""
    begun = threading.Event()

    async def block() -> None:
        begun.set()
        # Blocking is what it is for.
        until.wait(60)

    service.post(block())
    assert begun.wait(WITHIN_S)


def test_a_start_does_not_wait_for_a_command_that_asks_a_silent_site(site: PracticeSite) -> None:
    with silent(parts_on(site)) as (parts, hole), supervised(parts) as supervisor:
        asked = supervisor.carry_out("models", {})
        connection, _ = hole.accept()
        supervisor.start()
        run = supervisor.settle(WITHIN_S)
        connection.close()

        assert run == Run("running")
        with pytest.raises(DoorError, match="starting or stopping"):
            asked.result(WITHIN_S)


def test_a_command_that_asks_a_silent_site_does_not_outlive_the_program(
    site: PracticeSite,
) -> None:
    with silent(parts_on(site)) as (parts, hole), supervised(parts) as supervisor:
        asked = supervisor.carry_out("models", {})
        behind = supervisor.carry_out("key", {"what": "list"})
        connection, _ = hole.accept()
        supervisor.close()
        connection.close()

        assert not supervisor._thread.is_alive()
        for job in (asked, behind):
            with pytest.raises(DoorError, match="starting or stopping"):
                job.result(0)


def test_a_command_given_to_a_hung_proxy_is_answered_at_the_end(site: PracticeSite) -> None:
    going_on = threading.Event()
    parts = msgspec.structs.replace(parts_on(site), limits=Limits(close_s=0.5))
    with supervised(parts) as supervisor:
        hang(running(supervisor), going_on)
        asked = supervisor.carry_out("key", {"what": "list"})
        supervisor.close()
        going_on.set()

        with pytest.raises(DoorError, match="starting or stopping"):
            asked.result(0)


def test_a_start_that_is_asked_for_twice_is_done_when_it_is_done(site: PracticeSite) -> None:
    """R41"""
    begun, going_on = threading.Event(), threading.Event()

    def hold_up(*_: str) -> None:
        begun.set()
        going_on.wait(WITHIN_S)

    parts = msgspec.structs.replace(parts_on(site), person=Person(None, learn=hold_up))
    with supervised(parts) as supervisor:
        supervisor.start()
        assert begun.wait(WITHIN_S)
        supervisor.start()
        going_on.set()

        assert supervisor.settle(WITHIN_S) == Run("running")
        assert supervisor._is_settled()


def test_a_restart_that_is_asked_for_while_the_proxy_stops_is_no_second_one(
    site: PracticeSite,
) -> None:
    """R41"""
    going_on = threading.Event()
    with supervised(parts_on(site)) as supervisor:
        hang(running(supervisor), going_on)
        supervisor.restart()
        until(lambda: supervisor.run.kind == "stopping")
        supervisor.restart()
        supervisor.stop()
        going_on.set()

        assert supervisor.settle(WITHIN_S) == Run("stopped")
        assert supervisor._is_settled()


@pytest.mark.parametrize("again", ["stop", "restart"])
def test_a_proxy_that_will_not_stop_is_said_to_hang(site: PracticeSite, again: str) -> None:
    """R41"""
    anew: list[bool] = []
    going_on = threading.Event()
    parts = msgspec.structs.replace(
        parts_on(site), stuck=lambda: anew.append(True), limits=Limits(gone_s=0.5)
    )
    with supervised(parts) as supervisor:
        service = running(supervisor)
        hang(service, going_on)
        getattr(supervisor, again)()
        told = supervisor.settle(WITHIN_S)
        supervisor.start()
        told_again = supervisor.settle(WITHIN_S)
        asked = supervisor.carry_out("key", {"what": "list"})
        with pytest.raises(DoorError, match="hangs"):
            asked.result(WITHIN_S)
        going_on.set()
        service.join(WITHIN_S)
        supervisor.start()

        assert (told.kind, told.code) == ("failed", "died")
        assert "Quit Portico" in told.said
        assert told_again == told
        assert supervisor.settle(WITHIN_S) == Run("running")
        assert anew == [True] * (again == "restart")


def test_a_stop_lets_a_renewal_come_to_its_end(site: PracticeSite) -> None:
    """R39"""
    parts = parts_on(site)
    owner = parts.person.owner
    begun, going_on = threading.Event(), threading.Event()

    async def renew_slowly(_: Lane) -> Tokens:
        begun.set()
        await asyncio.to_thread(going_on.wait, WITHIN_S)
        return Tokens("renewed", time.time() + 900, {})

    with supervised(parts) as supervisor:
        service = running(supervisor)
        owner.renew_by(renew_slowly, lambda _: True)
        renewing = service.post(owner.renewed(owner.check().token))
        assert begun.wait(WITHIN_S)
        supervisor.stop()
        until(lambda: supervisor.run.kind == "stopping")
        until(lambda: service.status.state == "stopping")
        going_on.set()
        assert supervisor.settle(WITHIN_S) == Run("stopped")

        assert renewing.done()
        assert owner.check().token == "renewed"
