"""Reading of Portico and gathering what helpers need: over a real proxy, without the window."""

import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.desktop.desks import EN, Office, office, saved_in
from tests.desktop.test_about_view import pieces
from tests.proxy.test_supervisor import parts_on
from tests.rings import MemoryRing, keeper
from tray_app.compose import practice_session
from tray_app.desktop.about_pane import AboutPane
from tray_app.desktop.windows.parts import AboutView, Code, Table, Text
from tray_app.practice import PracticeSite
from tray_app.proxy.person import Person

pytestmark = pytest.mark.slow


@pytest.fixture
def at_work(site: PracticeSite, tmp_path: Path) -> Iterator[Office]:
    with office(site, tmp_path) as started:
        yield started


def view(at_work: Office, pane: AboutPane) -> AboutView:
    return pane.view(at_work.facts(), EN)


def said(shown: AboutView, name: str) -> Text:
    [told] = [one for one in pieces(shown) if isinstance(one, Text) and one.id == name]
    return told


async def test_what_portico_is_made_of_is_listed(at_work: Office) -> None:
    """P17"""
    pane = AboutPane(at_work.desk)
    await pane.prepare()

    await pane.do("show", "components", "")

    [table] = [one for one in pieces(view(at_work, pane)) if isinstance(one, Table)]
    assert {"aiohttp", "msgspec"} <= {line.cells[0] for line in table.lines}
    assert all(line.cells[2] for line in table.lines)
    await pane.do("back", "", "")
    assert view(at_work, pane).back == ""


async def test_exactly_what_was_shown_is_saved_for_its_owner_alone(
    at_work: Office, tmp_path: Path
) -> None:  # fmt: skip
    """S109"""
    pane = AboutPane(at_work.desk, tmp_path)
    await pane.do("show", "diagnostics", "")
    await pane.do("save", "", "")
    before = saved_in(tmp_path, "portico-diagnostics-")

    await pane.do("gather", "", "")
    await pane.do("save", "", "")

    [shown] = [one for one in pieces(view(at_work, pane)) if isinstance(one, Code)]
    [path] = saved_in(tmp_path, "portico-diagnostics-")
    assert before == []
    assert path.read_text(encoding="utf-8") == shown.text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert said(view(at_work, pane), "saved") == Text(
        "saved", f"Saved: {path}", "good", said(view(at_work, pane), "saved").buttons
    )
    assert at_work.drawn > 0


async def test_a_folder_that_takes_nothing_is_told(at_work: Office, tmp_path: Path) -> None:
    pane = AboutPane(at_work.desk, tmp_path / "nowhere")
    await pane.do("show", "diagnostics", "")
    await pane.do("gather", "", "")

    await pane.do("save", "", "")

    assert said(view(at_work, pane), "saved").tone == "bad"
    assert "cannot be written" in said(view(at_work, pane), "saved").text


async def test_what_was_gathered_is_forgotten_when_the_window_is_opened_again(
    at_work: Office,
) -> None:
    pane = AboutPane(at_work.desk)
    await pane.prepare()
    await pane.do("show", "diagnostics", "")
    await pane.do("gather", "", "")

    pane.begin()
    await pane.do("show", "diagnostics", "")

    assert not [one for one in pieces(view(at_work, pane)) if isinstance(one, Code)]
    await pane.do("show", "components", "")
    assert [one for one in pieces(view(at_work, pane)) if isinstance(one, Table)]
    await pane.do("show", "no-such-page", "")
    await pane.do("no-such-act", "", "")


async def test_a_folder_that_nothing_opens_is_told(
    at_work: Office, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv("PATH", "")
    pane = AboutPane(at_work.desk)

    await pane.do("open_home", "", "")

    assert str(at_work.home)[:20] in view(at_work, pane).told


def removing(shown: AboutView) -> tuple[list[str], str]:
    """What can be pressed there, and what is said about it."""
    return [one.act for one in said(shown, "remove-all").buttons], said(shown, "removing").text


async def test_everything_is_removed_only_by_who_says_so_twice(at_work: Office) -> None:
    """P19"""
    pane = AboutPane(at_work.desk)
    await pane.do("show", "remove", "")
    first = removing(view(at_work, pane))
    await pane.do("remove_sure", "", "")
    too_soon = at_work.is_unwanted
    await pane.do("remove", "", "")
    asked = removing(view(at_work, pane))
    await pane.do("remove_keep", "", "")
    kept = removing(view(at_work, pane))
    signed_in = at_work.instance.status.session.state
    await pane.do("remove", "", "")
    await pane.do("remove_sure", "", "")

    assert first == kept == (["remove"], "")
    assert asked == (["remove_keep", "remove_sure"], "")
    assert too_soon is None
    assert signed_in == "signed_in"
    assert at_work.is_unwanted is True
    assert at_work.instance.status.session.state == "signed_out"


async def test_who_looks_elsewhere_is_asked_anew(at_work: Office) -> None:
    pane = AboutPane(at_work.desk)
    await pane.do("show", "remove", "")
    await pane.do("remove", "", "")
    await pane.do("show", "portico", "")

    await pane.do("show", "remove", "")

    assert removing(view(at_work, pane)) == (["remove"], "")
    assert at_work.is_unwanted is None


async def test_a_keyring_that_is_locked_keeps_the_program_there(
    site: PracticeSite, tmp_path: Path
) -> None:
    ring = MemoryRing()
    person = Person(keeper(ring), session=practice_session(site.sign_in()))
    parts = msgspec.structs.replace(parts_on(site), person=person)
    with office(site, tmp_path, parts) as at_work:
        pane = AboutPane(at_work.desk)
        await pane.do("show", "remove", "")
        await pane.do("remove", "", "")
        ring.is_locked = True
        await pane.do("remove_sure", "", "")
        refused = removing(view(at_work, pane))
        ring.is_locked = False
        await pane.do("remove", "", "")
        await pane.do("remove_sure", "", "")

        assert refused == (["remove"], EN("about.remove.locked"))
        assert at_work.is_unwanted is True
