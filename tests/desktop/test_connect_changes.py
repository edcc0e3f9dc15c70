"""Connecting an app while its key, its models, the keyring or the app itself become others."""

import asyncio
import json
import sys
import time
from pathlib import Path

import msgspec
import pytest

from tests.desktop.desks import EN, Office, office
from tests.desktop.test_connect_pane import at_work as at_work
from tests.desktop.test_connect_pane import opened, shown, text, values
from tests.proxy.test_supervisor import parts_on
from tests.rings import MemoryRing, keeper
from tray_app.desktop.clipboard import ClipboardError
from tray_app.desktop.connect_pane import ConnectPane
from tray_app.desktop.windows.parts import Field, Section, Text
from tray_app.practice import PracticeSite, acts, catalog
from tray_app.proxy.person import Person
from tray_app.store.ring import RingAbsentError, RingError, RingLockedError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="places are those of POSIX"),
]


async def test_a_key_that_was_revoked_is_shown_no_more(at_work: Office) -> None:
    pane = await opened(at_work, "roo-code")
    await pane.do("reveal", "", "")
    revoked = values(at_work, pane)["API key"]
    await at_work.desk.command("key", what="revoke", name="roo-code")

    view = pane.view(at_work.facts(), EN)

    assert revoked not in str(msgspec.to_builtins(view))
    assert values(at_work, pane)["API key"] == "sk-portico-..."
    assert view.told == EN("connect.key.ended")


async def test_a_key_that_was_made_for_a_copy_is_the_one_that_is_shown(
    at_work: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    pane = await opened(at_work, "roo-code")
    await pane.do("reveal", "", "")
    await at_work.desk.command("key", what="revoke", name="roo-code")

    # Before anything was drawn anew; and to a clipboard that takes nothing here.
    with pytest.raises(ClipboardError):
        await pane.do("copy", "value-1", "")

    key = at_work.instance.supervisor.parts.person.keys.get("roo-code")
    assert values(at_work, pane)["API key"] == key.secret


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RingAbsentError("None."), "Its key lasts only until Portico quits."),
        (RingError("It broke."), "Its key lasts only until Portico quits."),
        (RingLockedError("Locked."), "Its key is not saved yet."),
    ],
)
async def test_who_has_an_app_written_is_told_how_long_its_key_lasts(
    site: PracticeSite,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: RingError,
    said: str,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    ring = MemoryRing()
    ring.error = error
    parts = msgspec.structs.replace(parts_on(site), person=Person(keeper(ring)))
    with office(site, tmp_path, parts) as at_work:
        pane = await opened(at_work, "cline")
        await pane.do("write", "", "")
        wrote = text(at_work, pane, "wrote")
        notices = [one.id for one in pane.view(at_work.facts(), EN).notices]

    assert wrote == Text("wrote", f"Written. Start Cline anew if it is open. {said}", "bad")
    assert "keeping" in notices


async def test_in_practice_nobody_is_told_how_long_a_key_lasts(at_work: Office) -> None:
    pane = await opened(at_work, "cline")
    await pane.do("write", "", "")

    assert text(at_work, pane, "wrote").text == "Written. Start Cline anew if it is open."
    assert pane.view(at_work.facts(), EN).notices == ()


def models(at_work: Office, pane: ConnectPane) -> tuple[str, tuple[str, ...]]:
    """The model that is chosen, and those that could be."""
    view = pane.view(at_work.facts(), EN)
    [field] = [
        piece
        for part in view.parts
        if isinstance(part, Section)
        for piece in part.parts
        if isinstance(piece, Field) and piece.act == "model"
    ]
    return field.value, tuple(choice.id for choice in field.choices)


@pytest.mark.parametrize("how", ["window", "app", "another"])
async def test_a_list_that_was_renewed_is_the_one_to_choose_from(
    site: PracticeSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    late_s = [0.0]
    parts = msgspec.structs.replace(parts_on(site), wall_clock=lambda: time.time() + late_s[0])
    with office(site, tmp_path, parts) as at_work:
        pane = await opened(at_work, "roo-code")
        await pane.do("model", "", "qwen3.7-max")
        before = models(at_work, pane)
        fresh = json.loads(json.dumps(catalog.listed()).replace("qwen3.7-plus", "qwen4-plus"))
        site.on("models", acts.value({"data": fresh}))
        late_s[0] = 60.0
        await at_work.desk.command("models", what="renew")

        if how == "window":
            await pane.prepare()
        elif how == "app":
            await pane.do("choose", "roo-code", "")
        else:
            await pane.do("choose", "zed", "")
        chosen, offered = models(at_work, pane)

    assert "qwen4-plus" not in before[1]
    assert "qwen4-plus" in offered
    assert "qwen3.7-plus" not in offered
    assert how == "another" or chosen == "qwen3.7-max"


async def test_a_model_that_is_offered_no_more_is_not_asked_for(
    site: PracticeSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    late_s = [0.0]
    parts = msgspec.structs.replace(parts_on(site), wall_clock=lambda: time.time() + late_s[0])
    with office(site, tmp_path, parts) as at_work:
        pane = await opened(at_work, "roo-code")
        await pane.do("model", "", "qwen3.7-max")
        await pane.do("try", "", "")
        fresh = [one for one in catalog.listed() if one["id"] != "qwen3.7-max"]
        site.on("models", acts.value({"data": fresh}))
        late_s[0] = 60.0
        await at_work.desk.command("models", what="renew")
        await pane.prepare()
        chosen, offered = models(at_work, pane)
        tried = text(at_work, pane, "tried").text

    assert "qwen3.7-max" not in offered
    assert chosen in offered
    assert tried == ""


async def test_what_came_of_a_trial_is_said_of_that_app_and_model_alone(
    at_work: Office,
) -> None:
    pane = await opened(at_work, "openai")
    for verb, about, typed in (("choose", "roo-code", ""), ("model", "", "qwen3.7-max")):
        async with asyncio.TaskGroup() as trial:
            trial.create_task(pane.do("try", "", ""))
            await asyncio.sleep(0)
            busy = text(at_work, pane, "tried").tone
            await pane.do(verb, about, typed)

        assert busy == "busy"
        assert text(at_work, pane, "tried").text == ""
        assert "'act': 'at_login'" not in shown(at_work, pane)
    await pane.do("try", "", "")
    assert text(at_work, pane, "tried").tone == "good"
    assert "'act': 'at_login'" in shown(at_work, pane)
