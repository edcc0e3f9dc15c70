"""The vault: long texts in small entries, and a crash at every step: S111, S112."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rings import MemoryRing
from tray_app.store.ring import RingError
from tray_app.store.vault import Vault, split

TEXTS = st.text(max_size=40)
UNITS = st.integers(min_value=2, max_value=9)


class CrashError(Exception):
    """The program ends here."""


class CrashingRing(MemoryRing):
    """A keyring whose caller dies at a step."""

    def _step(self) -> None:
        if self.dies_after is not None and self.steps >= self.dies_after:
            raise CrashError
        self.steps += 1


def test_a_text_is_kept_replaced_and_removed() -> None:
    ring = MemoryRing()
    vault = Vault(ring, "Portico")
    before = vault.load("session")
    vault.save("session", "one")
    vault.save("session", "two")
    vault.save("keys", "three")

    assert before is None
    assert (vault.load("session"), vault.load("keys")) == ("two", "three")
    assert len(ring.entries) == 4

    vault.clear("session")
    vault.clear("session")

    assert vault.load("session") is None
    assert all(name.startswith("Portico/keys") for name in ring.entries)


@pytest.mark.parametrize("size", [0, 1, 1199, 1200, 1201, 1281, 6000])
def test_a_text_of_any_size_fits_a_store_of_small_entries(size: int) -> None:
    """S112"""
    ring = MemoryRing(part_units=1200, limit_bytes=2560)
    text = "😀" * (size // 2) + "x" * (size % 2)
    Vault(ring, "Portico").save("session", text)

    assert Vault(ring, "Portico").load("session") == text
    assert len(ring.entries) == 1 + max(1, -(-size // 1200))


@given(TEXTS, UNITS)
def test_pieces_are_whole_small_and_the_text(text: str, units: int) -> None:
    pieces = split(text, units)

    assert "".join(pieces) == text
    assert pieces
    assert all(len(piece.encode("utf-16-le", "surrogatepass")) <= 2 * units for piece in pieces)
    assert split(text, None) == [text]


@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=3), UNITS, st.integers(0, 60))
def test_a_crash_at_any_step_leaves_the_old_or_the_new(
    old: str, news: list[str], units: int, step: int
) -> None:
    """S112"""
    ring = CrashingRing(part_units=units)
    Vault(ring, "Portico").save("session", old)
    ring.dies_after = ring.steps + step
    allowed = {old}
    try:
        for new in news:
            allowed = {allowed.pop(), new}
            Vault(ring, "Portico").save("session", new)
            allowed = {new}
    except CrashError:
        pass
    ring.dies_after = None

    assert Vault(ring, "Portico").load("session") in allowed

    Vault(ring, "Portico").save("session", "after")
    pointer_and_parts = 1 + len(split("after", units))
    assert len(ring.entries) == pointer_and_parts

    Vault(ring, "Portico").clear("session")
    assert ring.entries == {}


@given(TEXTS, UNITS, st.integers(0, 40))
def test_a_crash_while_clearing_leaves_nothing_that_clearing_again_does_not_find(
    text: str, units: int, step: int
) -> None:
    ring = CrashingRing(part_units=units)
    vault = Vault(ring, "Portico")
    vault.save("session", "before")
    vault.save("session", text)
    ring.dies_after = ring.steps + step
    try:
        vault.clear("session")
    except CrashError:
        pass
    else:
        assert ring.entries == {}
    ring.dies_after = None
    vault.clear("session")

    assert ring.entries == {}


@pytest.mark.parametrize("kept", [None, "something else"])
def test_a_store_that_drops_or_changes_what_it_is_given_is_found_out(kept: str | None) -> None:
    """S111"""
    ring = MemoryRing()
    Vault(ring, "Portico").save("session", "old")
    ring.keeps = lambda _: kept

    with pytest.raises(RingError, match="did not keep"):
        Vault(ring, "Portico").save("session", "new")
    assert Vault(ring, "Portico").load("session") == "old"


def test_what_was_damaged_is_not_taken_for_the_text() -> None:
    ring = MemoryRing(part_units=2)
    vault = Vault(ring, "Portico")
    for damage in ("Portico/session/a/1", "Portico/session"):
        vault.save("session", "abcdef")
        vault.save("session", "abcdef")
        for service in [name for name in ring.entries if name.startswith(damage)][:1]:
            ring.entries[service] = "xx"
        vault.load("session")
    vault.save("session", "abcdef")
    part = next(name for name in ring.entries if name.endswith("/1"))
    del ring.entries[part]

    assert vault.load("session") is None


def test_a_store_that_does_not_remove_what_it_is_told_to_is_found_out() -> None:
    """S113"""

    class Hoarder(MemoryRing):
        def delete(self, service: str) -> None:
            self._step()

    vault = Vault(Hoarder(), "Portico")
    vault.save("session", "secret")

    with pytest.raises(RingError, match="did not remove"):
        vault.clear("session")
