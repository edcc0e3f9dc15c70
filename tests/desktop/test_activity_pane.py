"""Watching requests: over a real proxy, without the window."""

import asyncio
import csv
import sqlite3
import stat
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.desktop.desks import EN, Office, ask, office, saved_in
from tests.desktop.test_activity_view import lines, section
from tests.desktop.test_activity_why import text
from tests.waiting import comes
from tray_app.core.deeds import Deed
from tray_app.core.model import Message, Prompt, TextPart
from tray_app.desktop.activity_pane import TICK_S, ActivityPane
from tray_app.desktop.menu import Action
from tray_app.desktop.windows.parts import ActivityView, Code, Table, Text
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.activity import HISTORY
from tray_app.store.ledger import open_ledger
from tray_app.store.statistics import GATHER_S, Statistics

pytestmark = pytest.mark.slow


@pytest.fixture
def at_work(site: PracticeSite, tmp_path: Path) -> Iterator[Office]:
    with office(site, tmp_path) as started:
        yield started


def ignore(_: str, __: Path) -> None:
    """Nothing is moved aside here."""


def view(at_work: Office, pane: ActivityPane) -> ActivityView:
    return pane.view(at_work.facts(), EN)


async def test_a_request_is_seen_while_it_is_answered_and_after_it(
    at_work: Office, site: PracticeSite
) -> None:  # fmt: skip
    pane = ActivityPane(at_work.desk)
    site.will(acts.say("one ", "two", pace_s=1.2))
    asking = asyncio.get_running_loop().create_task(asyncio.to_thread(ask, at_work, site))

    await comes(lambda: [line[-1] for line in lines(view(at_work, pane), "now")] == ["Answering"])
    await asking
    await comes(lambda: lines(view(at_work, pane), "past"))

    [told] = lines(view(at_work, pane), "past")
    assert (told[1], told[2], told[-1]) == ("default", "qwen3.7-plus", "ok")
    assert lines(view(at_work, pane), "now") == []


async def test_while_something_goes_on_it_is_drawn_again_and_again(
    at_work: Office, site: PracticeSite
) -> None:  # fmt: skip
    pane = ActivityPane(at_work.desk)
    site.will(acts.say("one ", "two", pace_s=2 * TICK_S))
    asking = asyncio.get_running_loop().create_task(asyncio.to_thread(ask, at_work, site))
    await comes(lambda: lines(view(at_work, pane), "now"))
    before = at_work.drawn

    await comes(lambda: at_work.drawn > before)
    await asking


async def test_what_was_asked_before_this_run_is_there_once(
    at_work: Office, tmp_path: Path
) -> None:  # fmt: skip
    activity = at_work.instance.supervisor.parts.person.activity
    activity.statistics = Statistics(tmp_path / "statistics.db")
    activity.statistics.note(Deed(time.time() - 3600, "before", "m"))
    with activity.noting("now"):
        pass
    await comes(lambda: len(activity.statistics.latest(9)) == 2)
    pane = ActivityPane(at_work.desk)

    await pane.prepare()

    assert [line[1] for line in lines(view(at_work, pane), "past")] == ["now", "before"]
    activity.statistics.close()


async def test_an_app_and_what_failed_are_chosen(at_work: Office) -> None:
    activity = at_work.instance.supervisor.parts.person.activity
    for key in ("roo-code", "who", "who"):
        with activity.noting(key):
            pass
    pane = ActivityPane(at_work.desk)

    await pane.do("who", "who", "")
    assert len(lines(view(at_work, pane), "past")) == 2
    await pane.do("failed", "", "yes")
    assert lines(view(at_work, pane), "past") == []
    await pane.do("back", "", "")
    assert view(at_work, pane).back == ""
    await pane.do("failed", "", "no")
    await pane.do("who", "", "")

    assert len(lines(view(at_work, pane), "past")) == 3
    assert view(at_work, pane).back == "Apps"


async def test_requests_are_saved_as_csv_for_their_owner_alone(
    at_work: Office, tmp_path: Path
) -> None:  # fmt: skip
    activity = at_work.instance.supervisor.parts.person.activity
    for key in ("one", "two"):
        with activity.noting(key):
            pass
    pane = ActivityPane(at_work.desk, tmp_path)

    await pane.do("save", "", "")

    [path] = saved_in(tmp_path, "portico-requests-")
    said = section(view(at_work, pane), "past").parts
    [saved] = [one for one in said if isinstance(one, Text) and one.id == "saved"]
    assert (saved.text, saved.tone) == (f"Saved: {path}", "good")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open(newline="") as file:
        assert [line["client"] for line in csv.DictReader(file)] == ["one", "two"]


async def test_many_requests_are_saved_without_being_held(at_work: Office, tmp_path: Path) -> None:
    activity = at_work.instance.supervisor.parts.person.activity
    many = 20_000
    activity.statistics = Statistics(tmp_path / "statistics.db")
    with closing(
        open_ledger(tmp_path / "statistics.db", lambda: datetime.now(UTC), ignore)
    ) as file:
        file.write(("2026-11-20", Deed(float(number), "roo-code", "m")) for number in range(many))
    pane = ActivityPane(at_work.desk, tmp_path)
    tracemalloc.start()
    try:
        await pane.do("save", "", "")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    [path] = saved_in(tmp_path, "portico-requests-")
    assert path.read_text().count("roo-code") == many
    assert most < path.stat().st_size
    activity.statistics.close()


async def test_why_something_failed_is_told_with_the_name_that_was_asked_for(
    at_work: Office, site: PracticeSite
) -> None:  # fmt: skip
    pane = ActivityPane(at_work.desk)
    await asyncio.to_thread(ask, at_work, site, model="no-such-model")
    await comes(lambda: lines(view(at_work, pane), "past"))
    [table] = [one for one in section(view(at_work, pane), "past").parts if isinstance(one, Table)]
    [button] = [line.button for line in table.lines if line.button]

    await pane.do("why", button.act.partition(":")[2], "")

    past = section(view(at_work, pane), "past").parts
    assert table.lines[0].cells[2] == "no-such-model"
    assert "a model that Qwen does not offer. Choose one" in text(past, "why")
    assert "Path: /chat/completions. Model asked for: no-such-model." in text(past, "why-facts")
    pane.begin()
    assert text(section(view(at_work, pane), "past").parts, "why") == ""


async def test_days_are_counted_from_the_file_and_anew_when_something_ended(
    at_work: Office, tmp_path: Path
) -> None:  # fmt: skip
    activity = at_work.instance.supervisor.parts.person.activity
    activity.statistics = Statistics(tmp_path / "statistics.db")
    activity.statistics.note(Deed(time.time() - 10 * 86_400, "before", "m"))
    await comes(lambda: len(activity.statistics.latest(9)) == 1)
    pane = ActivityPane(at_work.desk)
    await pane.prepare()
    week = lines(view(at_work, pane), "days")
    with activity.noting("now"):
        pass

    await comes(lambda: [line[1] for line in lines(view(at_work, pane), "days")] == ["1"])
    await pane.do("span", "", "30")
    await pane.do("by", "", "key")

    assert week == []
    assert [line[:2] for line in lines(view(at_work, pane), "days")] == [
        ("before", "1"), ("now", "1"),
    ]  # fmt: skip
    await pane.do("span", "", "99")
    await pane.do("by", "", "nothing")
    assert len(lines(view(at_work, pane), "days")) == 2
    activity.statistics.close()


async def test_what_days_came_to_is_saved_as_it_is_shown(at_work: Office, tmp_path: Path) -> None:
    activity = at_work.instance.supervisor.parts.person.activity
    for key in ("one", "two", "two"):
        with activity.noting(key):
            pass
    pane = ActivityPane(at_work.desk, tmp_path)
    await pane.do("by", "", "key")

    await pane.do("save", "days", "")

    [path] = saved_in(tmp_path, "portico-clients-")
    assert text(section(view(at_work, pane), "days").parts, "saved-days") == f"Saved: {path}"
    assert text(section(view(at_work, pane), "past").parts, "saved") == ""
    with path.open(newline="") as file:
        told = [(line["client"], line["requests"]) for line in csv.DictReader(file)]
    assert told == [("two", "2"), ("one", "1")]


async def test_a_folder_that_takes_nothing_is_told(at_work: Office, tmp_path: Path) -> None:
    pane = ActivityPane(at_work.desk, tmp_path / "nowhere")

    await pane.do("save", "", "")

    said = section(view(at_work, pane), "past").parts
    [saved] = [one for one in said if isinstance(one, Text) and one.id == "saved"]
    assert saved.tone == "bad"
    assert "cannot be written" in saved.text
    pane.begin()
    assert Text("saved", "", "quiet") in section(view(at_work, pane), "past").parts


async def test_buttons_of_notices_do_what_the_menu_does(at_work: Office) -> None:
    pane = ActivityPane(at_work.desk)

    await pane.do("start", "", "")
    await pane.do("sign_in", "", "")
    await pane.do("bring", "", "")
    await pane.do("no-such-act", "", "")

    assert at_work.actions == [Action("start"), Action("sign_in"), Action("bring")]


def read_in(view: ActivityView) -> list[str]:
    return [one.text for one in section(view, "texts").parts if isinstance(one, Code)]


async def test_an_answer_that_is_read_goes_on_as_it_comes(
    at_work: Office, site: PracticeSite
) -> None:  # fmt: skip
    pane = ActivityPane(at_work.desk)
    await pane.do("keep", "", "yes")
    site.will(acts.say("one ", "two ", "three", pace_s=1.0))
    asking = asyncio.get_running_loop().create_task(asyncio.to_thread(ask, at_work, site))
    bodies = at_work.instance.supervisor.parts.person.activity.bodies
    await comes(lambda: [body.answered for body in bodies.all()] == ["one "])

    await pane.do("read", str(bodies.all()[0].number), "")
    at_first = read_in(view(at_work, pane))
    await comes(lambda: read_in(view(at_work, pane))[1] == "one two three")
    await asking

    assert at_first[1] == "one "


async def test_what_is_read_is_gone_when_another_app_is_chosen(at_work: Office) -> None:
    activity = at_work.instance.supervisor.parts.person.activity
    pane = ActivityPane(at_work.desk)
    await pane.do("keep", "", "yes")
    with activity.noting("roo-code"):
        activity.keep((Prompt("m", (Message("user", (TextPart("Hello"),)),)),))
    await pane.do("read", "1", "")
    read = read_in(view(at_work, pane))

    await pane.do("who", "roo-code", "")

    assert read[0].endswith("Hello")
    assert read_in(view(at_work, pane)) == []


async def test_apps_are_counted_beyond_what_is_listed(at_work: Office, tmp_path: Path) -> None:
    activity = at_work.instance.supervisor.parts.person.activity
    activity.statistics = Statistics(tmp_path / "statistics.db")
    activity.statistics.note(Deed(time.time() - 60, "old", "m", "rate_limited"))
    for number in range(HISTORY + 1):
        activity.statistics.note(Deed(time.time() - 50 + number / 100, "roo-code", "m"))
    await comes(lambda: len(activity.statistics.latest(999)) == HISTORY + 2)
    pane = ActivityPane(at_work.desk)

    await pane.prepare()

    assert [(item.label, item.note) for item in view(at_work, pane).aside.items[1:]] == [
        ("old", "Requests in 30 days: 1, failed: 1"),
        ("Roo Code", f"Requests in 30 days: {HISTORY + 1}"),
    ]
    activity.statistics.close()


async def test_what_is_written_late_is_counted_all_the_same(
    at_work: Office, tmp_path: Path
) -> None:  # fmt: skip
    activity, path = at_work.instance.supervisor.parts.person.activity, tmp_path / "statistics.db"
    activity.statistics = Statistics(path, retry_s=0.2)
    with activity.noting("roo-code"):
        pass
    await comes(lambda: len(activity.statistics.latest(9)) == 1)
    pane = ActivityPane(at_work.desk)
    await pane.prepare()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with activity.noting("roo-code"):
            pass
        view(at_work, pane)
        await asyncio.sleep(4 * GATHER_S)
        early = view(at_work, pane).aside.items[-1].note
        other.execute("COMMIT")

    await comes(lambda: view(at_work, pane).aside.items[-1].note == "Requests in 30 days: 2")
    assert early == "Requests in 30 days: 1"
    activity.statistics.close()


async def test_texts_are_kept_by_a_switch_read_without_secrets_and_forgotten(
    at_work: Office, site: PracticeSite
) -> None:  # fmt: skip
    """S122"""
    pane = ActivityPane(at_work.desk)
    key = at_work.instance.supervisor.parts.person.keys.get("default").secret
    await pane.do("keep", "", "yes")
    site.will(acts.say("Take ", key))
    await asyncio.to_thread(ask, at_work, site, text=f"My key is {key}")
    kept = section(view(at_work, pane), "texts").parts
    [table] = [one for one in kept if isinstance(one, Table)]
    [button] = [line.button for line in table.lines if line.button]
    before = [one for one in kept if isinstance(one, Code)]

    await pane.do("read", button.act.partition(":")[2], "")

    read = read_in(view(at_work, pane))
    assert before == []
    assert read[0].endswith("user:\nMy key is [redacted]")
    assert read[1] == "Take [redacted]"
    assert [one.id for one in view(at_work, pane).notices] == ["keeping"]
    await pane.do("forget", "", "")
    after = view(at_work, pane)
    assert after.notices == ()
    assert not [one for one in section(after, "texts").parts if isinstance(one, Code | Table)]
