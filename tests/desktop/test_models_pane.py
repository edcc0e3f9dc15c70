"""Looking at models: over a real proxy, without the window."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desktop.desks import EN, Office, ask, office
from tests.desktop.test_models_view import section
from tests.waiting import comes
from tray_app.core.deeds import Deed
from tray_app.desktop.menu import Action
from tray_app.desktop.models_pane import ModelsPane
from tray_app.desktop.windows.parts import ModelsView, Text
from tray_app.practice import PracticeSite, acts
from tray_app.store.statistics import Statistics

pytestmark = pytest.mark.slow


@pytest.fixture
def at_work(site: PracticeSite, tmp_path: Path) -> Iterator[Office]:
    with office(site, tmp_path) as started:
        yield started


def view(at_work: Office, pane: ModelsPane) -> ModelsView:
    return pane.view(at_work.facts(), EN)


def worked(shown: ModelsView) -> str:
    [told] = [part for part in shown.parts if isinstance(part, Text) and part.id == "worked"]
    return told.text


def asked(shown: ModelsView) -> Text:
    [told] = [one for one in section(shown, "list").parts if isinstance(one, Text)]
    return told


async def test_the_models_of_the_site_are_listed_and_chosen(at_work: Office) -> None:
    pane = ModelsPane(at_work.desk)
    await pane.prepare()
    first = view(at_work, pane)

    await pane.do("choose", "qwen3.5-plus", "")

    chosen = view(at_work, pane)
    assert len(first.aside.items) > 3
    assert [item.act for item in chosen.aside.items if item.is_chosen] == ["choose:qwen3.5-plus"]
    assert chosen.heading != first.heading
    await pane.do("back", "", "")
    assert view(at_work, pane).back == ""


async def test_a_model_that_answered_says_when(at_work: Office, site: PracticeSite) -> None:
    pane = ModelsPane(at_work.desk)
    await pane.prepare()
    await pane.do("choose", "qwen3.7-plus", "")
    before = worked(view(at_work, pane))

    await asyncio.to_thread(ask, at_work, site)

    await comes(lambda: worked(view(at_work, pane)).startswith("Last answered: "))
    assert before == EN("models.unused")


async def test_an_answer_of_an_earlier_run_counts_and_a_failed_one_does_not(
    at_work: Office, tmp_path: Path
) -> None:  # fmt: skip
    statistics = Statistics(tmp_path / "statistics.db")
    at_work.instance.supervisor.parts.person.activity.statistics = statistics
    statistics.note(Deed(time.time(), "roo", "qwen3.7-plus"))
    statistics.note(Deed(time.time(), "roo", "qwen3.5-plus", "upstream_error"))
    await comes(lambda: len(statistics.latest(9)) == 2)
    pane = ModelsPane(at_work.desk)
    await pane.prepare()

    told = {}
    for name in ("qwen3.7-plus", "qwen3.5-plus"):
        await pane.do("choose", name, "")
        told[name] = worked(view(at_work, pane))

    assert told["qwen3.7-plus"].startswith("Last answered: ")
    assert told["qwen3.5-plus"] == EN("models.unused")
    statistics.close()


async def test_the_list_is_asked_for_by_a_button(at_work: Office, site: PracticeSite) -> None:
    pane = ModelsPane(at_work.desk)

    await pane.do("renew", "", "")

    assert len(site.heard_on("/api/models")) == 1
    told = asked(view(at_work, pane))
    assert (told.tone, told.text) == (
        "good", EN("models.renewed", count=len(view(at_work, pane).aside.items)),
    )  # fmt: skip


async def test_a_site_that_gives_no_list_is_told_and_the_list_stays(
    at_work: Office, site: PracticeSite
) -> None:  # fmt: skip
    pane = ModelsPane(at_work.desk)
    site.on("models", *[acts.Drop()] * 6)

    await pane.do("renew", "", "")

    told = asked(view(at_work, pane))
    assert told.tone == "bad"
    assert told.text.endswith(".")
    pane.begin()
    assert asked(view(at_work, pane)).text == ""


async def test_a_search_narrows_the_list_until_the_window_is_opened_again(at_work: Office) -> None:
    pane = ModelsPane(at_work.desk)
    await pane.prepare()
    every = len(view(at_work, pane).aside.items)

    await pane.do("search", "", "omni")
    found = len(view(at_work, pane).aside.items)
    pane.begin()

    assert 0 < found < every == len(view(at_work, pane).aside.items)


async def test_buttons_of_notices_do_what_the_menu_does(at_work: Office) -> None:
    pane = ModelsPane(at_work.desk)

    await pane.do("start", "", "")
    await pane.do("sign_in", "", "")
    await pane.do("bring", "", "")
    await pane.do("no-such-act", "", "")

    assert at_work.actions == [Action("start"), Action("sign_in"), Action("bring")]
