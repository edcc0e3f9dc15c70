"""Asking the person, without a proxy around it: where the window is shown, and what ends it."""

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest

from tests.paper import PaperWindow
from tests.waiting import comes
from tray_app.compose import practice_site
from tray_app.core.errors import Kind, ProxyError
from tray_app.practice import PracticeSite
from tray_app.proxy import asking
from tray_app.proxy.asking import REPEATED_S, Asked, Asking

MET = ProxyError(Kind.VERIFICATION_NEEDED)
BROKEN = ProxyError(Kind.UPSTREAM_DISCONNECTED)


class Desk:
    """Somebody who asks, and notes what comes of it."""

    def __init__(self, site: PracticeSite, window: PaperWindow, within_s: float = 60.0) -> None:
        self.told: list[str] = []
        self.looks = 0
        self.outcomes: list[ProxyError] = []
        self.ahead_s = 0.0
        self.in_flight = 0
        self.asking = Asking(
            Asked(
                window=window,
                site=practice_site(site.origin, site.auth_origin),
                probe=self._probe,
                unanswered=lambda: self.told.append("unanswered"),
                answered=lambda: self.told.append("answered"),
                changed=lambda: None,
                in_flight=lambda: self.in_flight,
                clock=lambda: time.monotonic() + self.ahead_s,
                within_s=within_s,
            )
        )

    async def _probe(self) -> object:
        self.looks += 1
        if self.outcomes:
            raise self.outcomes.pop(0).copy()
        return None


def is_trying() -> bool:
    """Whether it is found out now if the check was answered."""
    return any(task.get_name() == "check" for task in asyncio.all_tasks())


@pytest.fixture
def window(site: PracticeSite) -> Iterator[PaperWindow]:
    made = PaperWindow(site)
    yield made
    made.stop()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("{origin}//api/v2/chat/completions/_____tmd_____/punish?x5secdata=a&b=c",
         "//api/v2/chat/completions/_____tmd_____/punish?x5secdata=a&b=c"),
        ("{origin}/_____tmd_____/punish", "/_____tmd_____/punish"),
        ("/_____tmd_____/punish?x5secdata=a", "/_____tmd_____/punish?x5secdata=a"),
        ("//elsewhere.example/_____tmd_____/punish", "/"),
        ("{origin}/c/other-page", "/"),
        ("https://elsewhere.example/_____tmd_____/punish?x5secdata=a", "/"),
        ("https://127.0.0.1.example/_____tmd_____/punish", "/"),
        ("javascript:alert(1)//_____tmd_____/", "/"),
        ("http://[half", "/"),
        ("", "/"),
    ],
)  # fmt: skip
async def test_the_person_is_led_to_the_sites_own_page_and_nowhere_else(
    site: PracticeSite, window: PaperWindow, said: str, shown: str
) -> None:
    desk = Desk(site, window)
    assert desk.asking.begin(said.replace("{origin}", site.origin))

    assert window.shown == [shown]
    assert desk.asking.is_on
    assert 30 < desk.asking.seconds_left <= 60
    desk.asking.close()


async def test_who_asks_while_somebody_is_asked_shows_nothing_anew(
    site: PracticeSite, window: PaperWindow
) -> None:
    desk = Desk(site, window)
    assert desk.asking.begin()
    assert desk.asking.begin()

    assert window.shown == ["/"]
    desk.asking.close()


async def test_where_there_is_no_window_nobody_is_asked(
    site: PracticeSite, window: PaperWindow
) -> None:
    window.lack()
    desk = Desk(site, window)

    assert not desk.asking.begin()
    assert not desk.asking.stands
    assert window.shown == []


async def test_all_who_wait_learn_of_the_answer(site: PracticeSite, window: PaperWindow) -> None:
    desk = Desk(site, window)
    desk.asking.begin()
    waiting = [asyncio.get_running_loop().create_task(desk.asking.answer()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    desk.asking.resume()

    assert await asyncio.gather(*waiting[1:]) == [None, None]
    assert desk.told == ["answered"]
    assert (desk.asking.is_on, desk.asking.stands, desk.asking.seconds_left) == (False, False, 0)
    desk.asking.resume()
    assert desk.told == ["answered"]


async def test_all_who_wait_learn_that_nobody_answers(
    site: PracticeSite, window: PaperWindow
) -> None:
    desk = Desk(site, window, within_s=0.3)
    desk.asking.begin()
    outcomes = await asyncio.gather(
        *(desk.asking.answer() for _ in range(3)), return_exceptions=True
    )

    assert [error.kind for error in outcomes if isinstance(error, ProxyError)] == [MET.kind] * 3
    assert desk.told == ["unanswered"]
    assert (desk.asking.is_on, desk.asking.stands) == (False, True)
    desk.asking.resume()
    assert desk.told == ["unanswered", "answered"]


@pytest.mark.parametrize(
    ("later_s", "proven", "is_asked"),
    [(REPEATED_S - 10, False, False), (REPEATED_S + 1, False, True), (1.0, True, True)],
)
async def test_a_check_that_is_repeated_soon_is_shown_and_not_waited_for(
    site: PracticeSite, window: PaperWindow, later_s: float, proven: bool, is_asked: bool
) -> None:
    desk = Desk(site, window)
    desk.asking.begin()
    desk.asking.resume()
    desk.ahead_s += later_s
    if proven:
        desk.asking.proven()

    assert desk.asking.begin() is is_asked
    assert desk.asking.stands
    assert len(window.shown) == 2
    desk.asking.close()


def seen(window: PaperWindow) -> Callable[[bool], None]:
    """Sets whether the page shows a check."""

    def sees(check: bool) -> None:
        window.do(window._tell(check=check))

    return sees


@pytest.mark.parametrize(
    ("outcomes", "looks", "told"),
    [([], 1, ["answered"]), ([BROKEN, BROKEN], 3, ["answered"]), ([BROKEN, MET], 2, [])],
)
async def test_a_check_that_is_gone_is_answered_if_the_site_says_so(
    site: PracticeSite,
    window: PaperWindow,
    monkeypatch: pytest.MonkeyPatch,
    outcomes: list[ProxyError],
    looks: int,
    told: list[str],
) -> None:
    monkeypatch.setattr(asking, "COOKIE_S", 0.05)
    desk = Desk(site, window)
    desk.outcomes = list(outcomes)
    check = seen(window)
    desk.asking.begin()
    await comes(lambda: window.status.state == "shown")
    check(True)
    desk.asking.look()
    check(False)
    desk.asking.look()
    desk.asking.look()
    await comes(lambda: desk.looks == looks)
    await comes(lambda: not is_trying())

    assert (desk.looks, desk.told) == (looks, told)
    desk.asking.close()


async def test_a_check_that_comes_back_meanwhile_is_not_answered(
    site: PracticeSite, window: PaperWindow
) -> None:
    desk = Desk(site, window)
    check = seen(window)
    desk.asking.begin()
    await comes(lambda: window.status.state == "shown")
    check(True)
    desk.asking.look()
    check(False)
    desk.asking.look()
    check(True)
    await comes(lambda: desk.looks == 1)
    await comes(lambda: not is_trying())

    assert desk.told == []
    assert desk.asking.is_on
    check(False)
    desk.asking.look()
    await comes(lambda: desk.told == ["answered"])


async def test_a_cookie_of_an_answer_before_proves_nothing(
    site: PracticeSite, window: PaperWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "COOKIE_S", 0.05)
    desk = Desk(site, window)
    for value in ("first", "second"):
        desk.asking.begin()
        window.tasted = 0
        await comes(lambda: window.tasted >= 4)
        assert desk.looks == 0
        window.browser.jar["x5sec"] = value
        await comes(lambda: not desk.asking.is_on)
        desk.asking.proven()
        desk.looks = 0


async def test_the_end_of_the_proxy_ends_it(site: PracticeSite, window: PaperWindow) -> None:
    within_s = 0.05
    desk = Desk(site, window, within_s=within_s)
    desk.asking.begin()
    desk.asking.close()
    # What was due before is done before: it was asked for later.
    await asyncio.sleep(within_s)

    assert desk.told == []
    assert not desk.asking.stands
