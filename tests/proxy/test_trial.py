"""Sessions that are tried out, and what goes on beside that: R39."""

import asyncio

import pytest

from tests.proxy.test_session import NEW, NOW_S, wide
from tests.rings import MemoryRing, keeper
from tray_app.core.calls import Tokens
from tray_app.core.session import Session, from_text
from tray_app.proxy.safe import Safe
from tray_app.proxy.session import Lane, SessionOwner


def kept_in(ring: MemoryRing) -> Session | None:
    """The session that a next run would find."""
    text = keeper(ring).load("session").result(5)["session"]
    return None if text is None else from_text(text)


async def tried_out(ring: MemoryRing) -> tuple[SessionOwner, Safe]:
    """An owner who keeps one session and tries out another."""
    safe = Safe(keeper(ring))
    owned = SessionOwner(None, safe, lambda: NOW_S)
    owned.try_out(Session("old", {"refresh_token": "r1"}, NOW_S - 1))
    await owned.keep()
    return owned, safe


async def test_what_comes_for_a_session_on_trial_is_not_kept() -> None:
    ring = MemoryRing()
    owned, safe = await tried_out(ring)
    owned.try_out(Session("tried", {"refresh_token": "t1"}, NOW_S + 900))
    owned.absorb([wide("refresh_token", "t2")], "auth", owned.lane)
    await owned.quiet(1.0)
    owned.flush()
    await safe.settle(5)
    owned.undo()

    kept = kept_in(ring)
    assert kept is not None
    assert kept.token == "old"
    assert owned.session == kept


async def test_a_renewal_that_ends_during_a_trial_in_vain_is_kept() -> None:
    """R39"""
    ring = MemoryRing()
    owned, _ = await tried_out(ring)
    go = asyncio.Event()
    renewals: list[Lane] = []

    async def renew(lane: Lane) -> Tokens:
        renewals.append(lane)
        await go.wait()
        return NEW

    owned.renew_by(renew, lambda _: True)
    using = asyncio.get_running_loop().create_task(owned.current())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    lane = owned.lane
    owned.try_out(Session("tried", {"a": "1"}, NOW_S + 900))
    owned.undo()
    again = asyncio.get_running_loop().create_task(owned.current())
    await asyncio.sleep(0)
    owned.try_out(Session("tried", {"a": "1"}, NOW_S + 900))
    go.set()
    await asyncio.gather(using, again)
    owned.undo()

    assert renewals == [lane]
    kept = kept_in(ring)
    assert kept == owned.session
    assert kept is not None
    assert kept.cookies["refresh_token"] == "r2"


async def test_cookies_that_wait_to_be_kept_survive_a_trial_in_vain() -> None:
    ring = MemoryRing()
    owned, safe = await tried_out(ring)
    owned.absorb([wide("acw_tc", "1")], "chat", owned.lane)
    owned.try_out(Session("tried", {}))
    owned.undo()
    await owned.quiet(1.0)
    owned.flush()
    await safe.settle(5)

    assert kept_in(ring) == owned.session


@pytest.mark.slow
async def test_what_is_kept_during_a_renewal_has_its_cookie() -> None:
    """R39"""
    ring = MemoryRing()
    owned, safe = await tried_out(ring)

    async def renew(_: Lane) -> Tokens:
        return NEW

    owned.renew_by(renew, lambda _: True)
    owned.absorb([wide("acw_tc", "1")], "chat", owned.lane)
    ring.going.clear()
    using = asyncio.get_running_loop().create_task(owned.current())
    for _ in range(5):
        await asyncio.sleep(0)
    owned.absorb([wide("acw_tc", "2")], "chat", owned.lane)
    await owned.quiet(1.0)
    owned.flush()
    ring.going.set()
    await asyncio.wait({using})
    await safe.settle(5)

    kept = kept_in(ring)
    assert kept is not None
    assert kept.cookies["refresh_token"] == "r2"
