"""The life of the app, with a real proxy behind it and a tray that only remembers."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.proxy.test_supervisor import die, healthy, parts_on
from tests.waiting import until
from tray_app.desktop.app import App, Plan
from tray_app.desktop.look import Look, Row
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.house import Parts
from tray_app.proxy.instance import Instance
from tray_app.proxy.person import Person

pytestmark = pytest.mark.slow

WITHIN_S = 15.0


@dataclass
class Paper:
    """A tray that is read and pressed by the test."""

    looks: list[Look] = field(default_factory=list)
    notices: list[tuple[str, str]] = field(default_factory=list)

    def show(self, look: Look) -> None:
        if not self.looks or self.looks[-1] != look:
            self.looks.append(look)

    def notify(self, title: str, text: str) -> None:
        self.notices.append((title, text))

    def retry(self) -> None:
        pass

    @property
    def look(self) -> Look:
        return self.looks[-1]

    def icons(self) -> list[str]:
        """The icons in the order in which they were shown."""
        return [look.icon for look in self.looks]

    def row(self, label: str) -> Row:
        for row in _flat(self.look.rows):
            if row.label.startswith(label):
                return row
        raise LookupError(label)


def _flat(rows: tuple[Row, ...]) -> Iterator[Row]:
    for row in rows:
        yield row
        yield from _flat(row.rows)


@dataclass
class Life:
    """An app that lives, and what of it a test may touch."""

    app: App
    paper: Paper
    instance: Instance

    def click(self, label: str) -> None:
        self.app.pressed(until(lambda: self.paper.row(label)).id)

    def shows(self, icon: str) -> Look:
        until(lambda: self.paper.looks and self.paper.look.icon == icon, WITHIN_S)
        return self.paper.look


def heeding(parts: Parts, app: App) -> Parts:
    """The same parts, whose person tells the app what changes."""
    person = Person(None, session=parts.person.owner.session, changed=app.changed)
    return msgspec.structs.replace(parts, person=person)


@contextmanager
def living(
    parts: Parts, tmp_path: Path, change: Callable[[Parts], Parts] = lambda parts: parts
) -> Iterator[Life]:
    """An app in a thread of its own until the context ends."""
    made: list[Instance] = []

    def build(app: App) -> Instance:
        instance = Instance(change(heeding(parts, app)), str(tmp_path / "door.sock"), app.changed)
        instance.open()
        made.append(instance)
        return instance

    app = App(Plan(parts.settings, tmp_path), build, lambda _: None)
    paper = Paper()

    def live() -> None:
        async def run() -> None:
            asyncio.get_running_loop().call_soon(lambda: app.hosted(is_there=True))
            await app.run(paper)

        asyncio.run(run())

    thread = threading.Thread(target=live)
    thread.start()
    try:
        until(lambda: made)
        yield Life(app, paper, made[0])
    finally:
        app.quit()
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def life(site: PracticeSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Life]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with living(parts_on(site), tmp_path) as started:
        started.shows("running")
        yield started


def key_of(life: Life) -> str:
    return life.instance.supervisor.parts.person.keys.all()[0].secret


def begin_chat(life: Life) -> threading.Thread:
    """Somebody asks, and the answer takes its time."""
    from tests.proxy.test_supervisor import ask

    port = life.instance.supervisor.parts.settings.port
    thread = threading.Thread(target=ask, args=(port, key_of(life), []), kwargs={"stream": True})
    thread.start()
    return thread


def test_it_starts_serves_stops_and_starts_by_clicks(life: Life) -> None:
    """R41"""
    port = life.instance.supervisor.parts.settings.port
    served = healthy(port)
    life.click("Stop")
    life.shows("stopped")
    stopped = not healthy(port)
    life.click("Start")
    life.shows("running")

    assert served
    assert stopped
    assert healthy(port)
    # What else changed meanwhile may have drawn an icon twice.
    assert list(dict.fromkeys(life.paper.icons()))[:2] == ["starting", "running"]
    assert life.paper.notices == []


def test_a_long_answer_is_seen_and_counted(life: Life, site: PracticeSite) -> None:
    site.will(acts.say(*["word "] * 12, pace_s=0.2))
    thread = begin_chat(life)
    busy = life.shows("busy")
    thread.join(WITHIN_S)
    life.shows("running")

    assert busy.tip.endswith("answering 1")
    until(lambda: "ok, " in life.paper.row("Recent activity").rows[0].label)


def test_a_quick_answer_leaves_the_icon_as_it_is(life: Life) -> None:
    begin_chat(life).join(WITHIN_S)
    until(lambda: life.paper.row("Recent activity").rows)

    assert "busy" not in life.paper.icons()


def test_a_pause_is_told_once_and_ended_by_a_click(life: Life, site: PracticeSite) -> None:
    site.will(acts.CHALLENGE)
    begin_chat(life).join(WITHIN_S)
    held = life.shows("cooling_down")
    time.sleep(1.0)
    life.click("I have answered")
    life.shows("running")

    assert "min left" in held.tip
    assert [title for title, _ in life.paper.notices] == ["Qwen asks for a person"]


def test_notices_can_be_switched_off(life: Life, site: PracticeSite) -> None:
    life.click("Notices")
    until(lambda: life.paper.row("Notices").checked is False)
    site.will(acts.CHALLENGE)
    begin_chat(life).join(WITHIN_S)
    life.shows("cooling_down")

    assert life.paper.notices == []


def test_a_session_that_ends_is_told(life: Life, site: PracticeSite) -> None:
    site.expire_tokens()
    site.on("refresh", acts.EXPIRED)
    begin_chat(life).join(WITHIN_S)
    life.shows("signed_out")

    until(lambda: life.paper.notices)
    assert life.paper.notices[0][0] == "Qwen ended the session"


def test_a_proxy_that_dies_is_told_and_comes_back(life: Life) -> None:
    """R61"""
    die(life.instance.supervisor)
    until(lambda: life.paper.notices)
    life.shows("running")

    assert life.paper.notices == [
        ("Portico starts again",
         "The proxy failed and is started again. Requests of just now must be sent anew."),
    ]  # fmt: skip


def test_a_proxy_that_hangs_holds_up_no_click(life: Life) -> None:
    """R62"""
    service = life.instance.supervisor.service
    assert service is not None
    go_on = threading.Event()

    async def hang() -> None:
        go_on.wait()

    service.post(hang())
    began_s = time.monotonic()
    life.click("Stop")
    look = life.shows("starting")
    row = life.paper.row("Preferences")
    life.app.changed()

    assert time.monotonic() - began_s < 5
    assert look.tip == "Stopping…"
    assert row.rows
    go_on.set()
    life.shows("stopped")


def test_a_taken_port_is_told_and_another_is_chosen_by_a_click(
    site: PracticeSite, tmp_path: Path
) -> None:
    """R44"""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with living(parts_on(site, port), tmp_path) as life:
            life.shows("error")
            life.click("Use port")
            running = life.shows("running")
            mine = life.instance.supervisor.parts.settings.port

            assert life.paper.notices[0][0] == f"Port {port} is taken"
            assert mine != port
            assert running.tip == f"Running on port {mine}"
            assert healthy(mine)


def test_the_language_changes_at_once(life: Life) -> None:
    life.click("Русский")

    until(lambda: life.paper.row("Завершить Portico"))
    assert life.paper.look.tip.startswith("Работает на порту")


def test_it_serves_only_when_asked_to_if_that_is_preferred(
    site: PracticeSite, tmp_path: Path
) -> None:
    parts = parts_on(site)
    settings = msgspec.structs.replace(parts.settings, start_proxy=False)
    with living(msgspec.structs.replace(parts, settings=settings), tmp_path) as life:
        life.shows("stopped")
        assert not healthy(settings.port)
        life.click("Start")
        life.shows("running")


def test_many_unknown_pages_are_one_notice_and_a_short_list(life: Life) -> None:
    """S62"""
    port = life.instance.supervisor.parts.settings.port
    for number in range(100):
        knock(port, key_of(life), f"https://a{number}.example")
    until(lambda: len([row for row in door_rows(life) if row.label.startswith("Let ")]) == 20)
    time.sleep(0.6)

    assert [title for title, _ in life.paper.notices] == ["A web page was turned away"]
    life.click("Let https://a99.example in")
    until(lambda: knock(port, key_of(life), "https://a99.example") == 200)
    until(lambda: life.paper.row("https://a99.example").checked)
    life.click("https://a99.example")
    until(lambda: knock(port, key_of(life), "https://a99.example") == 403)


def door_rows(life: Life) -> tuple[Row, ...]:
    return life.paper.row("Who gets in").rows


def knock(port: int, key: str, origin: str) -> int:
    """The status that a page of this origin gets."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        headers = {"Authorization": f"Bearer {key}", "Origin": origin}
        connection.request("GET", "/v1/models", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_waking_up_gives_the_next_call_a_fresh_connection(life: Life, site: PracticeSite) -> None:
    """R49"""
    begin_chat(life).join(WITHIN_S)
    life.app.woke()
    time.sleep(0.3)
    begin_chat(life).join(WITHIN_S)

    until(lambda: len(life.instance.status.recent) == 2)
    assert {deed.outcome for deed in life.instance.status.recent} == {"ok"}


def test_it_can_be_quit_at_any_moment(site: PracticeSite, tmp_path: Path) -> None:
    """R41"""
    for number in range(6):
        folder = tmp_path / str(number)
        folder.mkdir()
        with living(parts_on(site), folder):
            time.sleep(number * 0.07)


def test_what_cannot_be_built_is_told_to_who_started_it(tmp_path: Path) -> None:
    def build(_: App) -> Any:
        raise OSError("no door")

    app = App(Plan(parts_settings(), tmp_path), build, lambda _: None)
    with pytest.raises(OSError, match="no door"):
        asyncio.run(app.run(Paper()))


def parts_settings() -> Any:
    from tray_app.store.settings import Settings

    return Settings()


def test_what_was_told_is_not_told_again_by_a_stop_and_a_start(life: Life) -> None:
    """S62"""
    port = life.instance.supervisor.parts.settings.port
    knock(port, key_of(life), "https://a.example")
    until(lambda: life.paper.notices)
    for label, icon in (("Stop", "stopped"), ("Start", "running")):
        life.click(label)
        life.shows(icon)
    time.sleep(0.6)
    life.instance.supervisor.parts.person.visitors.admit(["https://a.example"])
    knock(port, key_of(life), "https://b.example")
    time.sleep(0.6)

    assert [title for title, _ in life.paper.notices] == ["A web page was turned away"]


def test_who_ends_shows_itself_no_more(life: Life) -> None:
    """R45"""
    before = life.app.show_up({})
    life.app.quit()
    until(lambda: not life.app.show_up({}))

    assert before
