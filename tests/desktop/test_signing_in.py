"""Signing in by the window: what is taken up, what is not, and how it ends."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from tests.harness import Running, running
from tests.paper import PaperWindow
from tests.waiting import until
from tray_app.desktop.signing_in import Signed, SigningIn, is_at
from tray_app.practice import PracticeSite, acts
from tray_app.upstreams import UPSTREAMS


class Person:
    """Who sits before the window, and what it takes to sign in.

    Args:
        proxy: The proxy that takes the session up.
        window: The window.
    """

    def __init__(self, proxy: Running, window: PaperWindow) -> None:
        self.proxy = proxy
        self.window = window
        self.told: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self.agrees = True
        self.meanwhile: Callable[[], None] = lambda: None

    def signing(self, limit_s: float = 20.0) -> SigningIn:
        """Signing in, as a click begins it."""
        service = self.proxy.service
        return SigningIn(
            window=self.window,
            site=service.parts.site,
            upstream=UPSTREAMS[0],
            adopt=self._adopt,
            agrees=self._agrees,
            tell_guest=lambda: self.told.append("guest"),
            tell_refused=lambda: self.told.append("google"),
            tell=self.told.append,
            limit_s=limit_s,
        )

    async def _adopt(self, confirmed: bool) -> dict[str, Any]:
        await asyncio.to_thread(self.meanwhile)
        command = self.proxy.service.control("session", {"what": "adopt", "confirmed": confirmed})
        told: Any = await asyncio.wrap_future(self.proxy.service.post(command))
        return dict(told)

    async def _agrees(self, before: str, now: str) -> bool:
        self.asked.append((before, now))
        return self.agrees

    @contextlib.asynccontextmanager
    async def sitting(self, limit_s: float = 20.0) -> AsyncIterator["asyncio.Task[Signed]"]:
        """The window shown, until the person is through."""
        task = asyncio.get_running_loop().create_task(self.signing(limit_s).run())
        await asyncio.to_thread(until, lambda: self.window.status.state == "shown")
        try:
            yield task
        finally:
            task.cancel()


@pytest.fixture
def person(site: PracticeSite) -> Iterator[Person]:
    window = PaperWindow(site)
    try:
        with running(site, session=None, window=window) as proxy:
            yield Person(proxy, window)
    finally:
        window.stop()


@pytest.mark.slow
async def test_who_signs_in_is_taken_up_within_three_seconds(person: Person) -> None:
    async with person.sitting() as signing:
        before = person.proxy.chat().code
        await asyncio.to_thread(person.window.sign_in, "me@example.org")
        began_s = time.monotonic()
        signed = await signing
        took_s = time.monotonic() - began_s
    answered = await asyncio.to_thread(person.proxy.chat)

    assert before == "not_signed_in"
    assert signed == Signed("signed_in", "me@example.org")
    assert took_s < 3
    assert answered.status == 200
    assert person.window.shown == ["/auth"]
    assert person.window.status.state == "hidden"


@pytest.mark.slow
async def test_a_guest_is_told_so_once_and_not_taken_up(person: Person) -> None:
    async with person.sitting() as signing:
        for _ in range(3):
            await asyncio.to_thread(person.window.become_guest)
            await asyncio.sleep(0.2)
        state = person.proxy.control("status")["session"]["state"]
        await asyncio.to_thread(person.window.sign_in)
        signed = await signing

    assert person.told == ["guest"]
    assert state == "signed_out"
    assert signed.how == "signed_in"


async def test_who_closes_the_window_has_not_signed_in(person: Person) -> None:
    async with person.sitting() as signing:
        await asyncio.to_thread(person.window.close_by_person)
        signed = await signing

    assert signed == Signed("left")
    assert person.proxy.control("status")["session"]["state"] == "signed_out"


@pytest.mark.slow
async def test_who_closes_the_window_and_asks_for_it_again_goes_on(person: Person) -> None:
    def comes_back() -> None:
        person.window.close_by_person()
        person.window.show()
        until(lambda: person.window.status.state == "shown")

    async with person.sitting() as signing:
        person.proxy.site.on("settings", _forbidden())
        person.meanwhile = comes_back
        await asyncio.to_thread(person.window.sign_in)
        await asyncio.to_thread(until, lambda: person.told)
        person.meanwhile = lambda: None
        is_over, state = signing.done(), person.window.status.state
        await asyncio.to_thread(person.window.do, person.window._forgotten())
        await asyncio.to_thread(person.window.sign_in)
        signed = await signing

    assert not is_over
    assert state == "shown"
    assert signed.how == "signed_in"


async def test_a_window_that_dies_or_cannot_be_ends_it(person: Person) -> None:
    async with person.sitting() as signing:
        await asyncio.to_thread(person.window.die)
        died = await signing
    await asyncio.to_thread(person.window.lack)
    lacking = await person.signing().run()

    assert (died, lacking) == (Signed("gone"), Signed("gone"))


async def test_it_is_not_waited_for_ever(person: Person) -> None:
    signed = await person.signing(limit_s=0.5).run()

    await asyncio.to_thread(until, lambda: person.window.status.state == "hidden")
    assert signed == Signed("late")


@pytest.mark.slow
@pytest.mark.parametrize(("agrees", "how"), [(True, "signed_in"), (False, "other")])
async def test_another_account_is_taken_up_only_if_the_person_says_so(
    person: Person, agrees: bool, how: str
) -> None:
    """S99"""
    async with person.sitting() as signing:
        await asyncio.to_thread(person.window.sign_in, "one@example.org")
        await signing
    await asyncio.to_thread(person.window.do, person.window._forgotten())
    person.agrees = agrees
    async with person.sitting() as signing:
        await asyncio.to_thread(person.window.sign_in, "two@example.org")
        signed = await signing
    account = person.proxy.control("status")["session"]["account"]

    assert person.asked == [("one@example.org", "two@example.org")]
    assert signed.how == how
    assert account == ("two@example.org" if agrees else "one@example.org")


@pytest.mark.slow
async def test_a_session_that_the_site_does_not_take_is_told_and_the_next_one_awaited(
    person: Person,
) -> None:
    async with person.sitting() as signing:
        person.proxy.site.on("settings", _forbidden())
        await asyncio.to_thread(person.window.sign_in)
        await asyncio.to_thread(until, lambda: person.told)
        refused, is_over = person.told[0], signing.done()
        await asyncio.to_thread(person.window.do, person.window._forgotten())
        await asyncio.to_thread(person.window.sign_in)
        signed = await signing

    assert "Qwen does not take this session" in refused
    assert not is_over
    assert signed.how == "signed_in"


@pytest.mark.slow
async def test_who_answers_a_check_meanwhile_is_taken_up_after_it(person: Person) -> None:
    async with person.sitting() as signing:
        person.proxy.site.on("settings", acts.CHALLENGE)
        await asyncio.to_thread(person.window.sign_in)
        await asyncio.to_thread(until, lambda: person.told)
        first, is_over = person.told[0], signing.done()
        await asyncio.to_thread(person.window.do, person.window._tell(check=True))
        await asyncio.to_thread(until, lambda: len(person.told) == 2)
        await asyncio.to_thread(person.window.do, person.window._tell(check=False))
        signed = await signing

    assert "check that a person is here" in first
    assert not is_over
    assert signed.how == "signed_in"


def _forbidden() -> acts.Whole:
    return acts.refused("Forbidden", "this account is suspended", 403)


def test_nothing_is_read_anywhere_but_on_the_very_origin_of_the_site() -> None:
    """S99: an address that only looks like the site's is none of its."""
    origin = "https://chat.qwen.ai"

    assert is_at("https://chat.qwen.ai/c/1", origin)
    for other in (
        "", "http://chat.qwen.ai/", "https://chat.qwen.ai.example/", "https://auth.qwen.ai/",
        "https://chat.qwen.ai:8443/", "https://example/?https://chat.qwen.ai/",
        "https://chat.qwen.ai@example/",
    ):  # fmt: skip
        assert not is_at(other, origin)
