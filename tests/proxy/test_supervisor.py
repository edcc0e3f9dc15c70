"""Starting and stopping, in any order and as often as anybody likes: R40, R41."""

import contextlib
import http.client
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from tests.harness import QUICK
from tests.ports import free_port
from tests.waiting import until
from tray_app.compose import practice_session, practice_site
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.door import DoorError
from tray_app.proxy.house import Parts
from tray_app.proxy.limits import Limits
from tray_app.proxy.models import Shelf
from tray_app.proxy.person import Person
from tray_app.proxy.status import Run
from tray_app.proxy.supervisor import Supervisor
from tray_app.store.settings import Settings
from tray_app.upstreams.qwen import QWEN

WITHIN_S = 10.0


def parts_on(site: PracticeSite, port: int | None = None) -> Parts:
    return Parts(
        site=practice_site(site.origin, site.auth_origin),
        upstream=QWEN,
        person=Person(None, session=practice_session(site.sign_in())),
        settings=msgspec.structs.replace(QUICK, port=port or free_port()),
        save_settings=lambda *_: None,
        shelf=Shelf(load=lambda: None, save=lambda *_: None),
    )


@contextmanager
def supervised(parts: Parts, clock: Callable[[], float] = time.monotonic) -> Iterator[Supervisor]:
    supervisor = Supervisor(parts, clock=clock)
    try:
        yield supervisor
    finally:
        supervisor.close()


@pytest.fixture
def supervisor(site: PracticeSite) -> Iterator[Supervisor]:
    with supervised(parts_on(site)) as started:
        yield started


def port_of(supervisor: Supervisor) -> int:
    return supervisor._parts.settings.port


def healthy(port: int) -> bool:
    """Whether somebody answers at this port."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().read() == b'{"status":"ok"}'
    except ConnectionError:
        return False
    finally:
        connection.close()


def open_files() -> list[str]:
    """What this process has open, without the numbers of sockets; empty where none can say."""
    found = []
    for one in Path("/proc/self/fd").glob("*"):
        with contextlib.suppress(OSError):
            found.append(one.readlink().name.partition("[")[0])
    return sorted(found)


def die(supervisor: Supervisor) -> None:
    """End the proxy's loop from the inside, as nothing should."""

    async def deadly() -> None:
        raise SystemExit(1)

    service = supervisor.service
    assert service is not None
    service.post(deadly())


def test_it_starts_stops_and_starts_again(supervisor: Supervisor) -> None:
    """R41"""
    port = port_of(supervisor)
    before = supervisor.run
    for _ in range(3):
        supervisor.start()
        assert supervisor.settle(WITHIN_S) == Run("running")
        assert healthy(port)
        supervisor.stop()
        assert supervisor.settle(WITHIN_S) == Run("stopped")
        assert not healthy(port)

    assert before == Run("stopped")


def test_a_storm_of_clicks_ends_as_the_last_one_said(supervisor: Supervisor) -> None:
    """R41"""
    dice = random.Random(7)
    port = port_of(supervisor)
    for _ in range(200):
        dice.choice((supervisor.start, supervisor.stop))()
        if dice.random() < 0.03:
            supervisor.settle(WITHIN_S)
    supervisor.start()
    supervisor.start()
    assert supervisor.settle(WITHIN_S).kind == "running"
    assert healthy(port)
    servers = [one for one in threading.enumerate() if one.name == "portico-proxy"]
    assert len(servers) == 1

    supervisor.stop()
    assert supervisor.settle(WITHIN_S).kind == "stopped"
    assert not healthy(port)


def test_two_hundred_starts_and_stops_leave_nothing(supervisor: Supervisor) -> None:
    """R41"""

    def start_and_stop(times: int) -> list[str]:
        for _ in range(times):
            supervisor.start()
            supervisor.settle(WITHIN_S)
            supervisor.stop()
            supervisor.settle(WITHIN_S)
        return open_files()

    before = start_and_stop(100)
    assert start_and_stop(100) == before
    assert supervisor.run == Run("stopped")
    assert not any(one.name == "portico-proxy" for one in threading.enumerate())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port_of(supervisor)))


def test_session_keys_and_settings_outlive_a_stop(supervisor: Supervisor) -> None:
    """R41"""
    supervisor.start()
    supervisor.settle(WITHIN_S)
    first = supervisor.service
    assert first is not None
    key = first.post(first.control("key", {"what": "new", "name": "roo"})).result(5)
    change = {"what": "set", "name": "queue_size", "value": "7"}
    first.post(first.control("settings", change)).result(5)
    supervisor.stop()
    supervisor.start()
    supervisor.settle(WITHIN_S)
    second = supervisor.service
    assert second is not None

    again = second.post(second.control("key", {"what": "show", "name": "roo"})).result(5)
    listed = second.post(second.control("settings", {"what": "list"})).result(5)
    assert isinstance(key, dict)
    assert isinstance(again, dict)
    assert again["secret"] == key["secret"]
    assert msgspec.convert(listed, Settings).queue_size == 7
    assert second.status.session.state == "signed_in"


def ask(port: int, key: str, answers: list[tuple[int, bytes]], *, stream: bool) -> None:
    """A chat, whose status and body are noted."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = {"model": "qwen3.7-plus", "messages": [{"role": "user", "content": "Hi"}]}
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    try:
        connection.request(
            "POST", "/v1/chat/completions", json.dumps({**body, "stream": stream}), headers
        )
        response = connection.getresponse()
        answers.append((response.status, response.read()))
    finally:
        connection.close()


@pytest.mark.slow
def test_a_stop_ends_streams_and_turns_away_who_waits(site: PracticeSite) -> None:
    """R40"""
    parts = parts_on(site)
    settings = msgspec.structs.replace(parts.settings, parallel_answers=5)
    key = parts.person.keys.new("client").secret
    site.will(*(acts.say(*["word "] * 100, pace_s=0.3) for _ in range(5)))
    with supervised(msgspec.structs.replace(parts, settings=settings)) as supervisor:
        supervisor.start()
        supervisor.settle(WITHIN_S)
        streamed: list[tuple[int, bytes]] = []
        queued: list[tuple[int, bytes]] = []
        port = port_of(supervisor)

        def begin(answers: list[tuple[int, bytes]], stream: bool) -> list[threading.Thread]:
            asking = [
                threading.Thread(target=ask, args=(port, key, answers), kwargs={"stream": stream})
                for _ in range(5)
            ]
            for thread in asking:
                thread.start()
            return asking

        threads = begin(streamed, True)
        site.wait_until(lambda: site.open_streams == 5)
        threads += begin(queued, False)
        service = supervisor.service
        assert service is not None
        end_s = time.monotonic() + WITHIN_S
        while service.status.queue.waiting < 5:
            assert time.monotonic() < end_s
            time.sleep(0.01)
        began_s = time.monotonic()
        supervisor.stop()
        assert supervisor.settle(WITHIN_S).kind == "stopped"
        took_s = time.monotonic() - began_s
        for thread in threads:
            thread.join(WITHIN_S)

    assert took_s < 8
    assert [status for status, _ in streamed] == [200] * 5
    for _, body in streamed:
        assert b'"server_stopping"' in body
        assert body.endswith(b"data: [DONE]\n\n")
    assert [status for status, _ in queued] == [503] * 5
    assert all(b'"server_stopping"' in body for _, body in queued)
    site.wait_until(lambda: not site.chats)


def test_a_port_that_is_taken_is_told_and_tried_again_when_asked(site: PracticeSite) -> None:
    """R41"""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with supervised(parts_on(site, taken.getsockname()[1])) as supervisor:
            supervisor.start()
            failed = supervisor.settle(WITHIN_S)
            taken.close()
            supervisor.start()

            assert (failed.kind, failed.code) == ("failed", "port_taken")
            assert "used by another program" in failed.said
            assert supervisor.settle(WITHIN_S).kind == "running"


def test_a_stop_between_a_death_and_the_next_start_is_not_lost(site: PracticeSite) -> None:
    """R41"""
    parts = msgspec.structs.replace(parts_on(site), limits=Limits(anew_s=60.0))
    with supervised(parts) as supervisor:
        for _ in range(3):
            supervisor.start()
            supervisor.settle(WITHIN_S)
            die(supervisor)
            until(lambda: supervisor.run.kind == "starting")
            supervisor.stop()
            assert supervisor.settle(WITHIN_S) == Run("stopped")
        supervisor.start()
        supervisor.start()

        assert supervisor.settle(WITHIN_S).kind == "running"


def test_a_start_that_hangs_keeps_nobody_from_leaving(site: PracticeSite) -> None:
    going_on, begun = threading.Event(), threading.Event()

    def hang(*_: str) -> None:
        begun.set()
        going_on.wait()

    parts = msgspec.structs.replace(
        parts_on(site), person=Person(None, learn=hang), limits=Limits(close_starting_s=0.5)
    )
    supervisor = Supervisor(parts)
    supervisor.start()
    assert begun.wait(WITHIN_S)
    began_s = time.monotonic()
    supervisor.close()
    took_s = time.monotonic() - began_s
    run = supervisor.run
    going_on.set()
    supervisor.close()

    assert run.kind == "starting"
    assert took_s < Limits().close_s
    assert supervisor.run.kind == "stopped"


def test_who_listens_and_fails_does_not_end_the_supervision(site: PracticeSite) -> None:
    """R41"""

    def fail() -> None:
        raise OSError

    supervisor = Supervisor(parts_on(site), fail)
    supervisor.start()
    assert supervisor.settle(WITHIN_S).kind == "running"
    supervisor.stop()
    assert supervisor.settle(WITHIN_S).kind == "stopped"
    supervisor.close()


def test_commands_are_carried_out_whether_the_proxy_runs_or_not(supervisor: Supervisor) -> None:
    change = {"what": "set", "name": "queue_size", "value": "7"}
    made = supervisor.carry_out("key", {"what": "new", "name": "roo"}).result(WITHIN_S)
    supervisor.carry_out("settings", change).result(WITHIN_S)
    supervisor.start()
    while_starting = supervisor.carry_out("key", {"what": "show", "name": "roo"})
    supervisor.settle(WITHIN_S)
    while_running = supervisor.carry_out("settings", {"what": "list"}).result(WITHIN_S)
    supervisor.stop()
    while_stopping = supervisor.carry_out("key", {"what": "show", "name": "roo"})
    refused = supervisor.carry_out("key", {"what": "show", "name": "none"})

    assert while_starting.result(WITHIN_S)["secret"] == made["secret"]
    assert msgspec.convert(while_running, Settings).queue_size == 7
    assert while_stopping.result(WITHIN_S)["secret"] == made["secret"]
    with pytest.raises(DoorError, match="no key named"):
        refused.result(WITHIN_S)
    assert supervisor.parts.settings.queue_size == 7
    supervisor.close()
    with pytest.raises(DoorError, match="starting or stopping"):
        supervisor.carry_out("key", {"what": "list"}).result(WITHIN_S)
