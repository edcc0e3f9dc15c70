"""The thread that talks to the keyring, and keyrings that lock, hang, lie and are not there."""

import threading
import time

import pytest

from tests.rings import MemoryRing, keeper
from tests.waiting import until
from tray_app.store import keeper as module
from tray_app.store.keeper import Keeper
from tray_app.store.ring import RingAbsentError, RingError, RingLockedError


def kind_of(kept: Keeper) -> str:
    """How it goes at this moment."""
    return kept.state.kind


def test_what_is_saved_can_be_loaded_and_the_newest_counts() -> None:
    ring = MemoryRing()
    kept = keeper(ring)
    kept.save("session", "one")
    kept.save("session", "two").result(5)
    kept.save("keys", None).result(5)

    assert kept.load("session", "keys").result(5) == {"session": "two", "keys": None}
    assert keeper(ring).load("session").result(5) == {"session": "two"}
    assert kind_of(kept) == "ready"
    assert not kept.is_behind


def test_what_a_locked_store_could_not_take_is_saved_when_it_is_opened() -> None:
    """R64"""
    ring = MemoryRing()
    ring.is_locked = True
    kept = keeper(ring)
    with pytest.raises(RingLockedError):
        kept.save("session", "one").result(5)
    kept.save("session", "two")
    kept.save("keys", "three")
    with pytest.raises(RingLockedError):
        kept.settled().result(5)

    assert kind_of(kept) == "locked"
    assert kept.is_behind
    kept.invite()
    assert ring.invited == 1

    ring.is_locked = False
    kept.settled().result(5)

    assert kept.load("session", "keys").result(5) == {"session": "two", "keys": "three"}
    assert kind_of(kept) == "ready"


def test_who_is_patient_gets_what_was_there_once_it_is_opened() -> None:
    """R64"""
    ring = MemoryRing()
    keeper(ring).save("session", "kept").result(5)
    ring.is_locked = True
    kept = keeper(ring)
    with pytest.raises(RingLockedError):
        kept.load("session").result(5)
    waiting = kept.load("session", patient=True)
    assert not waiting.done()
    ring.is_locked = False

    assert waiting.result(5) == {"session": "kept"}


def test_where_there_is_no_store_everything_is_refused_at_once_and_nothing_written() -> None:
    """S111"""

    def nowhere() -> MemoryRing:
        raise RingAbsentError("This system has no keyring.")

    kept = Keeper(nowhere, "Test")
    for future in (kept.load("session"), kept.load("session", patient=True)):
        with pytest.raises(RingAbsentError):
            future.result(5)
    with pytest.raises(RingAbsentError):
        kept.save("session", "one").result(5)
    with pytest.raises(RingAbsentError):
        kept.settled().result(5)

    assert kept.state.kind == "absent"
    assert kept.is_behind


def test_a_store_that_could_not_be_read_is_not_written_over() -> None:
    """S111"""
    ring = MemoryRing()
    keeper(ring).save("session", "kept").result(5)
    ring.error = RingError("It broke.")
    kept = keeper(ring)
    with pytest.raises(RingError):
        kept.load("session", patient=True).result(5)
    ring.error = None
    with pytest.raises(RingError):
        kept.save("session", "new").result(5)

    assert keeper(ring).load("session").result(5) == {"session": "kept"}
    assert (kept.state.kind, kept.is_behind) == ("failing", True)


def test_a_store_that_fails_for_a_while_is_tried_again() -> None:
    """S111"""
    ring = MemoryRing()
    kept = keeper(ring)
    kept.load("session").result(5)
    ring.error = RingError("It broke.")
    with pytest.raises(RingError):
        kept.save("session", "new").result(5)
    assert kind_of(kept) == "failing"
    ring.error = None
    kept.settled().result(5)

    assert kept.load("session").result(5) == {"session": "new"}
    assert kind_of(kept) == "ready"


def test_a_store_that_goes_away_and_comes_back_gets_what_it_missed() -> None:
    """R64"""
    ring = MemoryRing()
    kept = keeper(ring)
    kept.load("session").result(5)
    ring.error = RingAbsentError("This session has no keyring (Secret Service).")
    with pytest.raises(RingAbsentError):
        kept.save("session", "new").result(5)
    ring.error = None
    kept.settled().result(5)

    assert keeper(ring).load("session").result(5) == {"session": "new"}


def test_a_store_that_drops_everything_is_not_believed() -> None:
    """S111"""
    ring = MemoryRing()
    ring.keeps = lambda _: None
    kept = keeper(ring)
    with pytest.raises(RingError, match="did not keep"):
        kept.save("session", "one").result(5)

    assert kept.is_behind
    assert kind_of(kept) == "failing"


def test_nobody_waits_for_a_store_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """S111"""
    monkeypatch.setattr(module, "SLOW_S", 0.05)
    ring = MemoryRing()
    ring.going.clear()
    kept = keeper(ring)
    began_s = time.monotonic()
    saving = kept.save("session", "one")
    with pytest.raises(TimeoutError):
        saving.result(0.1)

    assert time.monotonic() - began_s < 10
    until(lambda: kind_of(kept) == "slow")
    ring.going.set()
    saving.result(5)
    assert kind_of(kept) == "ready"


def test_one_thread_asks_whoever_calls() -> None:
    ring = MemoryRing()
    asking: set[str] = set()

    def keep(text: str) -> str:
        asking.add(threading.current_thread().name)
        return text

    ring.keeps = keep
    kept = keeper(ring)
    threads = [
        threading.Thread(target=lambda at=at: kept.save(f"name{at}", str(at)).result(5))
        for at in range(9)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert asking == {"portico-keyring"}
    names = [f"name{at}" for at in range(9)]
    assert kept.load(*names).result(5) == {name: name[-1] for name in names}


def test_a_bug_in_a_store_does_not_end_the_thread() -> None:
    ring = MemoryRing()
    kept = keeper(ring)
    ring.keeps = lambda text: text[99]
    with pytest.raises(RingError, match="IndexError"):
        kept.save("session", "one").result(5)
    ring.keeps = lambda text: text

    kept.settled().result(5)
    assert kept.load("session").result(5) == {"session": "one"}


def test_a_newer_text_that_comes_while_the_older_is_written_is_kept_too() -> None:
    ring = MemoryRing()
    ring.going.clear()
    kept = keeper(ring)
    first = kept.save("session", "one")
    while ring.steps == 0:
        time.sleep(0.001)
    second = kept.save("session", "two")
    ring.going.set()
    first.result(5)
    second.result(5)
    third = kept.save("session", "three")
    third.result(5)

    assert kept.load("session").result(5) == {"session": "three"}
    assert kind_of(kept) == "ready"


def test_a_newer_text_that_meets_a_lock_does_not_end_the_thread() -> None:
    """R64"""
    ring = MemoryRing()
    ring.going.clear()
    kept = keeper(ring)
    first = kept.save("session", "one")
    while ring.steps == 0:
        time.sleep(0.001)
    second = kept.save("session", "two")

    def keep(text: str) -> str:
        ring.is_locked = '"place"' in text
        return text

    ring.keeps = keep
    ring.going.set()
    first.result(5)
    with pytest.raises(RingLockedError):
        second.result(5)
    ring.keeps = lambda text: text
    ring.is_locked = False
    kept.settled().result(5)

    assert kept.load("session").result(5) == {"session": "two"}


def test_who_stopped_waiting_is_forgotten() -> None:
    """R64"""
    ring = MemoryRing()
    keeper(ring).save("session", "kept").result(5)
    ring.is_locked = True
    kept = keeper(ring)
    for _ in range(10):
        left = kept.load("session", patient=True)
        assert left.cancel()
    staying = kept.load("session", patient=True)

    assert len(kept._loads) == 1
    ring.is_locked = False
    assert staying.result(5) == {"session": "kept"}
    until(lambda: not kept._loads)


def test_who_leaves_in_the_middle_of_reading_takes_nobody_along() -> None:
    ring = MemoryRing()
    kept = keeper(ring)
    kept.save("session", "kept").result(5)
    for error, kind in ((None, "ready"), (RingError("It broke."), "failing")):
        ring.going.clear()
        steps = ring.steps
        left = kept.load("session")
        while ring.steps == steps:
            time.sleep(0.001)
        assert left.cancel()
        ring.error = error
        ring.going.set()
        while kept._busy_since_s is not None or kind_of(kept) != kind:
            time.sleep(0.001)
        ring.error = None
        assert kept.load("session").result(5) == {"session": "kept"}
