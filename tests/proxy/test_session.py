"""The owner of the session: renewed in time, once, and told to be over when it is: R39."""

import asyncio
from email.utils import formatdate

import pytest

from tests.rings import MemoryRing, keeper
from tests.waiting import comes
from tray_app.core.calls import Tokens
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.session import Account, Session, SetCookie, from_text
from tray_app.proxy import session as module
from tray_app.proxy.safe import Safe
from tray_app.proxy.session import STALE_S, Lane, SessionOwner
from tray_app.proxy.sitetime import RENEW_BEFORE_S

NOW_S = 1_790_000_000.0


def owner(left_s: float | None, *outcomes: Tokens | ProxyError) -> tuple[SessionOwner, list[int]]:
    """An owner of a session with so much time left, and a count of its renewals."""
    session = Session("old", {"a": "1"}, None if left_s is None else NOW_S + left_s)
    owned = SessionOwner(session, Safe(None), lambda: NOW_S)
    renewals: list[int] = []

    async def renew(_: Lane) -> Tokens:
        renewals.append(1)
        await asyncio.sleep(0.01)
        outcome = outcomes[len(renewals) - 1]
        if isinstance(outcome, ProxyError):
            raise outcome
        return outcome

    owned.renew_by(renew, lambda _: True)
    return owned, renewals


def wide(name: str, value: str | None) -> SetCookie:
    """A cookie for both hosts."""
    return SetCookie(name, value, everywhere=True)


NEW = Tokens("new", NOW_S + 900, {"refresh_token": "r2"})


async def test_a_session_with_time_left_is_used_as_it_is() -> None:
    owned, renewals = owner(RENEW_BEFORE_S + 1)
    assert (await owned.current()).token == "old"
    assert not renewals


async def test_a_session_of_unknown_end_is_good_until_refused() -> None:
    owned, renewals = owner(None)
    assert (await owned.current()).token == "old"
    assert not renewals


async def test_however_many_wait_it_is_renewed_once() -> None:
    """R39"""
    owned, renewals = owner(10, NEW)

    sessions = await asyncio.gather(*(owned.current() for _ in range(9)))

    assert len(renewals) == 1
    assert {session.token for session in sessions} == {"new"}
    assert sessions[0].cookies == {"a": "1", "refresh_token": "r2"}


async def test_who_was_refused_with_an_old_token_gets_the_new_one() -> None:
    """R39"""
    owned, renewals = owner(None, NEW)

    first = await owned.renewed("old")
    second = await owned.renewed("old")

    assert first is second
    assert len(renewals) == 1


async def test_who_leaves_does_not_take_the_renewal_along() -> None:
    """R39"""
    owned, renewals = owner(10, NEW)
    leaver = asyncio.get_running_loop().create_task(owned.current())
    await asyncio.sleep(0)
    leaver.cancel()
    await asyncio.wait({leaver})

    assert (await owned.current()).token == "new"
    assert len(renewals) == 1


async def test_a_renewal_of_the_session_before_does_not_touch_the_new_one() -> None:
    owned, _ = owner(10, NEW)
    renewing = asyncio.get_running_loop().create_task(owned.current())
    await asyncio.sleep(0)
    other = Session("other", {"b": "2"}, NOW_S + 900)
    owned.try_out(other)

    assert await renewing == other
    assert owned.session == other


async def test_a_renewal_that_is_refused_ends_the_session() -> None:
    """R39"""
    owned, renewals = owner(10, ProxyError(Kind.SESSION_ENDED))
    for _ in range(2):
        with pytest.raises(ProxyError) as caught:
            await owned.current()
        assert caught.value.kind is Kind.SESSION_ENDED

    assert len(renewals) == 1
    assert owned.state == "revoked"


async def test_a_token_that_ended_and_cannot_be_renewed_is_said_to_have_expired() -> None:
    """R39"""
    owned = SessionOwner(Session("old", {"a": "1"}, NOW_S - 5), Safe(None), lambda: NOW_S)
    owned.renew_by(_never, lambda session: "refresh_token" in session.cookies)
    # Whether our clock is right is not known yet, so the site is asked.
    assert (await owned.current()).token == "old"
    with pytest.raises(ProxyError) as refused:
        await owned.renewed("old")

    assert refused.value.kind is Kind.SESSION_ENDED
    assert owned.state == "expired"
    assert "refresh_token" in owned.note


async def test_where_the_clock_is_known_to_be_right_an_ended_token_is_not_tried() -> None:
    """R50"""
    owned = SessionOwner(Session("old", {"a": "1"}, NOW_S - 5), Safe(None), lambda: NOW_S)
    owned.renew_by(_never, lambda _: False)
    owned.time.hear(formatdate(NOW_S, usegmt=True))

    assert owned.state == "expired"
    with pytest.raises(ProxyError) as caught:
        await owned.current()
    assert caught.value.kind is Kind.SESSION_ENDED


async def test_a_token_that_cannot_be_renewed_is_used_to_its_end() -> None:
    owned = SessionOwner(Session("old", {"a": "1"}, NOW_S + 5), Safe(None), lambda: NOW_S)
    owned.renew_by(_never, lambda _: False)

    assert (await owned.current()).token == "old"


async def _never(_: Lane) -> Tokens:
    raise AssertionError("nothing was to be renewed")


async def test_a_guests_session_is_no_session() -> None:
    guest = Session("token", {"a": "1"}, NOW_S + 900, guest=True)
    owned = SessionOwner(guest, Safe(None), lambda: NOW_S)
    with pytest.raises(ProxyError) as caught:
        await owned.current()

    assert caught.value.kind is Kind.GUEST_SESSION
    assert owned.state == "guest"


async def test_what_was_refused_though_fresh_is_told_until_it_is_taken() -> None:
    owned, _ = owner(900)
    owned.refused("old")
    refused, note = owned.state, owned.note
    assert (await owned.current()).token == "old"
    owned.taken("old")

    assert refused == "refused"
    assert note
    assert (owned.state, owned.note) == ("signed_in", "")


async def test_a_renewed_session_is_kept_before_it_is_used() -> None:
    """R39"""
    ring = MemoryRing()
    ring.going.clear()
    owned = SessionOwner(Session("old", {"a": "1"}, NOW_S), Safe(keeper(ring)), lambda: NOW_S)

    async def renew(_: Lane) -> Tokens:
        return NEW

    owned.renew_by(renew, lambda _: True)
    using = asyncio.get_running_loop().create_task(owned.current())
    await comes(lambda: ring.steps)
    assert not using.done()
    assert owned.session is not None
    assert owned.session.token == "old"
    ring.going.set()
    used = await using
    kept = from_text((await Safe(keeper(ring)).load(patient=False))["session"] or "")

    assert used.token == "new"
    assert kept == used


async def test_cookies_of_an_earlier_session_do_not_get_into_this_one() -> None:
    """S121"""
    owned, _ = owner(900)
    earlier = owned.lane
    owned.try_out(Session("other", {"b": "2"}))
    owned.absorb([wide("a", "stray")], "chat", earlier)

    assert owned.session is not None
    assert owned.session.cookies == {"b": "2"}


async def test_cookies_that_came_late_are_kept_at_the_end() -> None:
    ring = MemoryRing()
    safe = Safe(keeper(ring))
    owned = SessionOwner(Session("old", {"a": "1"}, NOW_S + 900), safe, lambda: NOW_S)
    owned.absorb([wide("a", "2")], "chat", owned.lane)
    await owned.quiet(1.0)
    owned.flush()
    await safe.settle(5)

    assert '"a":"2"' in ((await safe.load(patient=False))["session"] or "")


async def test_a_session_nobody_used_for_long_is_stale() -> None:
    assert not owner(900)[0].is_stale()
    assert not owner(None)[0].is_stale()
    assert owner(-STALE_S - 1)[0].is_stale()


async def test_with_a_wrong_clock_a_session_is_renewed_once_and_used() -> None:
    """R50"""
    far = Session("old", {"a": "1"}, NOW_S + 900)
    owned = SessionOwner(far, Safe(None), lambda: NOW_S + 10 * 365 * 86_400)
    renewals: list[int] = []

    async def renew(_: Lane) -> Tokens:
        renewals.append(1)
        return NEW

    owned.renew_by(renew, lambda _: True)
    tokens = [(await owned.current()).token for _ in range(3)]

    assert tokens == ["new"] * 3
    assert len(renewals) == 1
    assert owned.state == "signed_in"
    assert "clock" in owned.note


async def test_a_network_that_is_down_does_not_end_a_session_with_time_left() -> None:
    offline = ProxyError(Kind.UPSTREAM_UNREACHABLE)
    good, _ = owner(10, offline)
    over, _ = owner(-10, offline, NEW)

    assert (await good.current()).token == "old"
    with pytest.raises(ProxyError) as caught:
        await over.current()
    assert caught.value.kind is Kind.UPSTREAM_UNREACHABLE
    assert (await over.current()).token == "new"


async def test_a_renewal_that_hangs_holds_nobody_up_while_the_token_is_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R39"""
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)
    owned = SessionOwner(Session("old", {"a": "1"}, NOW_S + 10), Safe(None), lambda: NOW_S)
    go = asyncio.Event()

    async def renew(_: Lane) -> Tokens:
        await go.wait()
        return NEW

    owned.renew_by(renew, lambda _: True)
    meanwhile = await owned.current()
    go.set()

    assert meanwhile.token == "old"
    assert (await owned.renewed("old")).token == "new"


async def test_without_a_session_nothing_is_asked() -> None:
    nobody = SessionOwner(None, Safe(None), lambda: NOW_S)
    nobody.absorb([wide("a", "1")], "chat", nobody.lane)
    with pytest.raises(ProxyError) as caught:
        await nobody.current()

    assert caught.value.kind is Kind.NOT_SIGNED_IN
    assert nobody.state == "signed_out"


async def test_cookies_are_kept_and_taken_away_and_every_secret_is_told() -> None:
    told: set[str] = set()
    owned = SessionOwner(
        Session("token", {"a": "1", "b": "2"}),
        Safe(None),
        lambda: NOW_S,
        lambda *new: told.update(new),
    )
    owned.absorb([wide("a", "3"), wide("b", None)], "chat", owned.lane)

    assert owned.session is not None
    assert owned.session.cookies == {"a": "3"}
    assert told == {"token", "1", "2", "3"}


@pytest.mark.parametrize("is_unlocked", [False, True])
async def test_whose_a_session_is_is_learned_also_where_the_keyring_opens_meanwhile(
    *, is_unlocked: bool
) -> None:
    """S99"""
    owned = SessionOwner(None, Safe(None), lambda: NOW_S)
    owned.await_store()
    owned.try_out(Session("new", {}, by_window=True, who="7"))
    if is_unlocked:
        owned.take_up(Session("kept", {}, by_window=True, who="8"))
    owned.belongs_to(Account("me@example.org", who="7"))
    await owned.keep()

    assert owned.session is not None
    assert (owned.session.account, owned.session.who) == ("me@example.org", "7")
