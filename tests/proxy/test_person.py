"""Session and keys from one run to the next, and what happens when they cannot be read."""

import asyncio

import pytest

from tests.rings import MemoryRing, keeper
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.session import Session, to_text
from tray_app.proxy.keys import DEFAULT_NAME, KeyRefusedError, Keys, keys_to_text
from tray_app.proxy.person import Person
from tray_app.proxy.safe import KEYS, SESSION, Safe
from tray_app.store.ring import RingAbsentError, RingError

SESSION_OF_A = Session("token-a", {"refresh_token": "r"}, 1_790_000_000.0, account="a")


class Run:
    """One run of a program on a keyring."""

    def __init__(self, ring: MemoryRing | None) -> None:
        self.told: set[str] = set()
        self.kept = Person(
            keeper(ring) if ring else None,
            learn=lambda *new: self.told.update(new),
            wall_clock=lambda: 1_790_000_000.0,
        )
        self.safe, self.keys, self.owner = self.kept.safe, self.kept.keys, self.kept.owner

    async def until_read(self) -> None:
        """Wait until the keyring, which another thread asks, was read or given up."""
        async with asyncio.timeout(15):
            while self.keys.is_unread:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_the_next_run_has_the_keys_and_the_session_of_this_one() -> None:
    ring = MemoryRing()
    first = Run(ring)
    await first.kept.begin()
    default = first.keys.get(DEFAULT_NAME).secret
    first.keys.new("roo")
    first.keys.change("roo", "reasoning", "think")
    assert await first.kept.keys_changed()
    first.owner.try_out(SESSION_OF_A)
    assert await first.owner.keep()
    first.keys.used("roo")
    await first.kept.close()

    second = Run(ring)
    await second.kept.begin()

    assert second.keys.get(DEFAULT_NAME).secret == default
    assert second.keys.get("roo").profile.reasoning == "think"
    assert second.keys.get("roo").last_used_s is not None
    assert second.owner.session == SESSION_OF_A
    assert {default, "token-a", "r"} <= second.told
    await second.kept.close()


async def test_a_locked_store_is_waited_for_beside_the_work() -> None:
    """R64"""
    ring = MemoryRing()
    first = Run(ring)
    await first.kept.begin()
    first.owner.try_out(SESSION_OF_A)
    await first.owner.keep()
    await first.kept.close()
    known = first.keys.get(DEFAULT_NAME).secret.encode()

    ring.is_locked = True
    second = Run(ring)
    await second.kept.begin()
    made = second.keys.new("for now").secret.encode()
    with pytest.raises(ProxyError) as caught:
        second.owner.check()
    with pytest.raises(ProxyError) as unknown:
        second.keys.match(known)
    with pytest.raises(KeyRefusedError, match="Unlock it"):
        second.keys.get(DEFAULT_NAME)

    assert second.owner.state == "locked"
    assert caught.value.kind is Kind.CREDENTIAL_STORE_LOCKED
    assert unknown.value.kind is Kind.CREDENTIAL_STORE_LOCKED
    assert second.keys.match(b"sk-portico-nonsense") is None
    assert second.keys.match(made) is not None
    assert not await second.kept.keys_changed()
    assert ring.invited

    ring.is_locked = False
    await second.until_read()

    assert second.owner.session == SESSION_OF_A
    assert second.keys.match(known) is not None
    assert second.keys.match(made) is not None
    await second.kept.close()
    third = Run(ring)
    await third.kept.begin()
    assert {key.name for key in third.keys.all()} == {DEFAULT_NAME, "for now"}
    await third.kept.close()


async def test_a_session_brought_while_the_store_is_locked_counts() -> None:
    """R64"""
    ring = MemoryRing()
    first = Run(ring)
    await first.kept.begin()
    first.owner.try_out(SESSION_OF_A)
    await first.owner.keep()
    await first.kept.close()

    ring.is_locked = True
    second = Run(ring)
    await second.kept.begin()
    brought = Session("token-b", {"acw_tc": "1"})
    second.owner.try_out(brought)
    assert not await second.owner.keep()
    ring.is_locked = False
    await second.until_read()
    await second.kept.close()

    assert second.owner.session == brought
    third = Run(ring)
    await third.kept.begin()
    assert third.owner.session == brought
    await third.kept.close()


async def test_a_session_tried_in_vain_while_the_store_is_locked_costs_nothing() -> None:
    ring = MemoryRing()
    Run(ring)
    await Safe(keeper(ring)).save(SESSION, to_text(SESSION_OF_A))
    ring.is_locked = True
    run = Run(ring)
    await run.kept.begin()
    run.owner.try_out(Session("bad", {}))
    ring.is_locked = False
    await run.until_read()
    assert run.owner.session == Session("bad", {})
    run.owner.undo()

    assert run.owner.session == SESSION_OF_A
    assert run.owner.state == "signed_in"
    await run.kept.close()


@pytest.mark.parametrize("error", [RingAbsentError("None."), RingError("It broke.")])
async def test_without_a_store_everything_is_in_memory(error: RingError) -> None:
    """S111"""
    ring = MemoryRing()
    ring.error = error
    run = Run(ring)
    await run.kept.begin()
    await run.until_read()

    assert [key.name for key in run.keys.all()] == [DEFAULT_NAME]
    assert run.safe.status().state in {"absent", "failing"}
    assert "in memory" in run.safe.status().note
    await run.kept.close()


async def test_practice_keeps_nothing_and_says_nothing() -> None:
    run = Run(None)
    await run.kept.begin()

    assert [key.name for key in run.keys.all()] == [DEFAULT_NAME]
    assert run.safe.status().note == ""
    await run.kept.close()


async def test_a_profile_of_another_version_costs_no_key() -> None:
    ring = MemoryRing()
    keys = Keys()
    secret = keys.new("roo").secret
    text = keys_to_text(keys.all()).replace('"both"', '"in_the_sky"')
    await Safe(keeper(ring)).save(KEYS, text)
    run = Run(ring)
    await run.kept.begin()

    assert run.keys.get("roo").secret == secret
    await run.kept.close()


async def test_an_entry_that_is_none_costs_no_other_key() -> None:
    ring = MemoryRing()
    keys = Keys()
    secret = keys.new("roo").secret
    other = keys.new("other").secret
    text = keys_to_text(keys.all()).replace('"last_used_s":null', '"last_used_s":"never"', 1)
    await Safe(keeper(ring)).save(KEYS, text.replace("[", '[5,{"name":5},', 1))
    run = Run(ring)
    await run.kept.begin()

    assert run.keys.get("roo").secret == secret
    assert run.keys.get("other").secret == other
    assert len(run.keys.all()) == 2
    await run.kept.close()


async def test_a_proxy_that_is_started_again_finds_everything_as_it_was() -> None:
    """R41"""
    run = Run(None)
    await run.kept.begin()
    key = run.keys.get(DEFAULT_NAME)
    run.owner.try_out(SESSION_OF_A)
    await run.owner.keep()
    run.kept.brakes.check("any")
    await run.kept.close()
    await run.kept.begin()

    assert run.keys.all() == (key,)
    assert run.owner.session == SESSION_OF_A
    await run.kept.close()


async def test_a_store_that_is_locked_is_waited_for_by_the_next_run_too() -> None:
    """R41, R64"""
    ring = MemoryRing()
    first = Run(ring)
    await first.kept.begin()
    await first.kept.close()
    ring.is_locked = True
    run = Run(ring)
    await run.kept.begin()
    await run.kept.close()
    await run.kept.begin()
    ring.is_locked = False
    await run.until_read()

    assert run.keys.all() == first.keys.all()
    await run.kept.close()
