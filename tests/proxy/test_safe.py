"""What outlives the proxy, as its loop sees it: nobody waits, and everybody is told the truth."""

import asyncio
import time

import pytest

from tests.rings import MemoryRing, keeper
from tray_app.proxy import safe as module
from tray_app.proxy.safe import KEYS, SESSION, Safe
from tray_app.store.ring import RingError


async def test_without_a_keeper_nothing_outlives_and_nothing_is_said() -> None:
    safe = Safe(None)

    assert await safe.load(patient=False) == {}
    assert await safe.save(SESSION, "one") is False
    safe.save_soon(SESSION, "one")
    safe.invite()
    await safe.settle(1)
    assert (safe.status().state, safe.status().note) == ("memory", "")


async def test_what_is_saved_is_there_the_next_time() -> None:
    ring = MemoryRing()
    safe = Safe(keeper(ring))

    assert await safe.save(SESSION, "one") is True
    safe.save_soon(KEYS, "two")
    await safe.settle(5)
    assert await Safe(keeper(ring)).load(patient=False) == {SESSION: "one", KEYS: "two"}
    assert safe.status() == module.SafeStatus("ready", saved=True, note="")


async def test_a_locked_store_is_told_and_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """R64"""
    monkeypatch.setattr(module, "PATIENCE_S", 60.0)
    ring = MemoryRing()
    ring.is_locked = True
    safe = Safe(keeper(ring))
    began_s = time.monotonic()
    saved = await safe.save(SESSION, "one")
    with pytest.raises(RingError):
        await safe.load(patient=False, within_s=60.0)

    assert saved is False
    assert time.monotonic() - began_s < 30
    assert safe.status().state == "locked"
    assert not safe.status().saved
    assert "Unlock it" in safe.status().note

    patient = asyncio.get_running_loop().create_task(safe.load(patient=True))
    ring.is_locked = False
    assert (await patient)[SESSION] in {None, "one"}
    await safe.settle(5)
    assert safe.status().saved


async def test_a_store_that_hangs_blocks_neither_loop_nor_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """S111"""
    monkeypatch.setattr(module, "PATIENCE_S", 0.1)
    ring = MemoryRing()
    ring.going.clear()
    safe = Safe(keeper(ring))
    saving = asyncio.get_running_loop().create_task(safe.save(SESSION, "one"))
    longest_s = 0.0
    while not saving.done():
        turn_s = time.monotonic()
        await asyncio.sleep(0.001)
        longest_s = max(longest_s, time.monotonic() - turn_s)

    assert saving.result() is False
    assert longest_s < 10
    ring.going.set()
    await safe.settle(5)
    assert ring.entries
