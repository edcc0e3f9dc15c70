"""What is done with keys in the window *Settings*, over a real proxy."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.desktop.desks import Office, office
from tests.proxy.test_supervisor import parts_on
from tests.rings import MemoryRing, keeper
from tray_app.desktop.keys_deeds import KeysDeeds
from tray_app.desktop.words import Words
from tray_app.practice import PracticeSite
from tray_app.proxy.door import DoorError
from tray_app.proxy.person import Person
from tray_app.store.ring import RingAbsentError, RingError, RingLockedError

pytestmark = pytest.mark.slow


@pytest.fixture
def at_work(site: PracticeSite, tmp_path: Path) -> Iterator[Office]:
    with office(site, tmp_path) as started:
        yield started


def working(at_work: Office, language: str = "en") -> tuple[KeysDeeds, list[str]]:
    """What is done by somebody who reads this language."""
    told: list[str] = []
    desk = msgspec.structs.replace(at_work.desk, words=lambda: Words(language))
    return KeysDeeds(desk, told.append), told


def deeds(at_work: Office) -> tuple[KeysDeeds, list[str]]:
    told: list[str] = []
    return KeysDeeds(at_work.desk, told.append), told


async def test_a_key_is_made_shown_and_revoked_at_a_second_press(at_work: Office) -> None:
    keys, told = deeds(at_work)
    await keys.do("key_new", "", "  my app ")
    made = at_work.names()
    shown = keys.state.shown
    await keys.do("key_revoke", "my app", "")
    asked = at_work.names()
    await keys.do("key_keep", "", "")
    kept = keys.state.ending
    await keys.do("key_revoke", "my app", "")
    await keys.do("key_revoke_sure", "my app", "")

    assert made == asked
    assert "my app" in made
    assert shown == "my app"
    assert kept == ""
    assert "my app" not in at_work.names()
    assert len(told) == 2


@pytest.mark.parametrize("name", ["", "default", "x" * 65, "line\nbreak"])
async def test_a_name_that_cannot_be_is_refused_beside_its_field(
    at_work: Office, name: str
) -> None:
    keys, told = deeds(at_work)
    await keys.do("key_new", "", "default")

    await keys.do("key_new", "", name)

    typed, said = keys.state.errors["new-key"]
    assert typed == name
    assert said.endswith(".")
    assert told == []


async def test_a_profile_is_changed_in_force_or_the_reason_stands_beside(at_work: Office) -> None:
    keys, _ = deeds(at_work)
    await keys.do("key_new", "", "mine")
    await keys.do("key_set", "patience_s:mine", " 30 ")
    await keys.do("key_set", "network:mine", "yes")
    await keys.do("key_set", "queue:mine", "background")
    saved = keys.state.saved
    await keys.do("key_set", "patience_s:mine", "-1")
    profile = at_work.instance.supervisor.parts.person.keys.get("mine").profile

    assert (profile.patience_s, profile.network, profile.queue) == (30.0, True, "background")
    assert saved == "queue-mine"
    assert keys.state.saved == ""
    assert keys.state.errors["patience_s-mine"][0] == "-1"
    await keys.do("key_set", "patience_s:mine", "40")
    assert keys.state.errors == {}


async def test_a_key_is_to_be_seen_until_it_is_hidden(at_work: Office) -> None:
    keys, _ = deeds(at_work)
    await keys.do("key_show", "default", "")
    shown = keys.state.shown
    await keys.do("key_show", "default", "")
    hidden = keys.state.shown
    await keys.do("key_show", "default", "")
    keys.begin()

    assert (shown, hidden, keys.state.shown) == ("default", "", "")


async def test_a_key_that_is_gone_can_be_neither_copied_nor_revoked(at_work: Office) -> None:
    keys, _ = deeds(at_work)

    with pytest.raises(DoorError, match="no key named"):
        await keys.do("key_copy", "gone", "")
    with pytest.raises(DoorError, match="no key named"):
        await keys.do("key_revoke_sure", "gone", "")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RingAbsentError("None."), "The key fresh is in force, but only until Portico quits."),
        (RingLockedError("Locked."), "The key fresh is in force, but not saved yet."),
    ],
)
async def test_a_key_that_is_not_kept_is_said_to_last_no_longer(
    site: PracticeSite, tmp_path: Path, error: RingError, said: str
) -> None:
    ring = MemoryRing()
    ring.error = error
    parts = msgspec.structs.replace(parts_on(site), person=Person(keeper(ring)))
    with office(site, tmp_path, parts) as at_work:
        keys, told = deeds(at_work)

        await keys.do("key_new", "", "fresh")

    assert told == [said]


async def test_a_name_that_was_refused_and_emptied_stays_empty(at_work: Office) -> None:
    keys, _ = deeds(at_work)
    await keys.do("key_new", "", "default")
    taken = keys.state.errors["new-key"][0]

    await keys.do("key_new", "", "")

    assert (taken, keys.state.errors["new-key"][0]) == ("default", "")


async def test_what_is_refused_of_a_key_is_in_the_persons_language(at_work: Office) -> None:
    keys, _ = working(at_work, "ru")
    said = []
    for name in ("", "default", "line\nbreak"):
        await keys.do("key_new", "", name)
        said.append(keys.state.errors["new-key"][1])
    await keys.do("key_set", "patience_s:default", "many")
    said.append(keys.state.errors["patience_s-default"][1])
    with pytest.raises(DoorError) as refused:
        await keys.do("key_revoke_sure", "gone", "")

    assert not any(letter in "abcdefghijklmnopqrstuvwxyz" for letter in said[0] + said[2] + said[3])
    assert said[1] == Words("ru")("keys.name.taken", name="default")
    assert str(refused.value) == Words("ru")("keys.gone", name="gone")


async def test_what_was_refused_outlives_a_look_elsewhere_but_no_shown_key(
    at_work: Office,
) -> None:
    keys, _ = deeds(at_work)
    await keys.do("key_show", "default", "")
    await keys.do("key_set", "patience_s:default", "0,x")

    keys.leave()

    assert keys.state.shown == ""
    assert keys.state.errors["patience_s-default"][0] == "0,x"
    await keys.do("key_set", "patience_s:default", "1,5")
    assert keys.state.errors == {}
    assert at_work.instance.supervisor.parts.person.keys.get("default").profile.patience_s == 1.5


async def test_what_was_refused_of_a_key_ends_with_it(at_work: Office) -> None:
    keys, _ = deeds(at_work)
    await keys.do("key_new", "", "mine")
    await keys.do("key_set", "patience_s:mine", "many")

    await keys.do("key_revoke_sure", "mine", "")

    assert keys.state.errors == {}
