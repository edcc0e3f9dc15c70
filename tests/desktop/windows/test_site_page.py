"""What is known of a page, and how often it is worth a look."""

import pytest

from tray_app.desktop.windows import site_page
from tray_app.desktop.windows.site_page import RENEWS_S, Anew, PageState, Renewal
from tray_app.desktop.windows.site_script import Look
from tray_app.proxy.windowed import TAKES_S


def page(age_s: float, *, usable: bool, stored: str = "") -> PageState:
    """A page that is so old."""
    state = PageState()
    state.since_s -= age_s
    state.is_usable = usable
    state.stored = {"state": stored} if stored else None
    return state


@pytest.mark.parametrize(
    ("age_s", "usable", "waited", "shown", "busy", "look_s"),
    [
        (0, False, False, False, False, 0.1), (11, False, False, False, True, 0.1),
        (1, True, False, False, False, 0.25), (13, False, False, False, False, 0.25),
        (16, True, False, True, False, 0.25), (16, True, False, False, True, 1.0),
        (16, True, True, False, False, 0.1), (16, True, False, False, False, None),
        (900, False, False, False, False, None),
    ],
)  # fmt: skip
def test_a_page_of_which_nobody_wants_anything_is_left_alone(
    age_s: float, usable: bool, waited: bool, shown: bool, busy: bool, look_s: float | None
) -> None:
    state = page(age_s, usable=usable)

    assert state.look_s(is_waited_for=waited, is_shown=shown, is_busy=busy) == look_s


def test_a_renewal_beside_is_over_when_something_new_is_stored() -> None:
    renewal = Renewal({"state": "old"}, lambda: None)

    assert not renewal.is_over(page(1, usable=True, stored="old"))
    assert not renewal.is_over(page(1, usable=True))
    assert renewal.is_over(page(1, usable=True, stored="new"))


def test_a_renewal_by_loading_anew_waits_for_the_page_too() -> None:
    renewal = Renewal({"state": "old"}, None, is_reloaded=True)

    assert not renewal.is_over(page(1, usable=False, stored="new"))
    assert not renewal.is_over(page(1, usable=True, stored="old"))
    assert renewal.is_over(page(1, usable=True, stored="new"))
    assert renewal.is_over(page(16, usable=True, stored="old"))


def test_a_renewal_that_comes_to_nothing_is_over_after_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(site_page, "RENEWAL_S", -1.0)

    assert Renewal(None, None).is_over(page(1, usable=False))


def test_a_renewal_is_vain_once_its_page_had_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    renewal = Renewal({"state": "old"}, lambda: None)
    early = renewal.is_vain
    monkeypatch.setattr(site_page, "RENEWS_S", -1.0)

    assert (early, renewal.is_vain) == (False, True)
    # Whoever asks again does so after that.
    assert TAKES_S > RENEWS_S
    # It may be late all the same, as long as nobody asks for another.
    assert not renewal.is_over(page(1, usable=True, stored="old"))


def seen(script: str = "", *, complete: bool = True, wrapped: bool = False) -> Look:
    """What a look at a page tells that our script is in."""
    return Look(
        url="", is_there=True, stored={}, check=False, script=script, is_complete=complete,
        is_wrapped=wrapped,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("age_s", "script", "complete", "wrapped", "check", "since_now", "bare"),
    [
        (1, "/main.js", True, True, False, True, False),
        (1, "/main.js", True, False, False, False, False),
        (13, "/main.js", True, False, False, True, False),
        (11, "", True, False, False, False, False),
        (13, "", True, False, False, True, True),
        (13, "", True, False, True, False, False),
        # It is slow, and its script is told only once the document was read.
        (13, "", False, False, False, True, False),
        # Its script has another address than we know, and does what the site's does.
        (13, "", True, True, False, True, False),
    ],
)
def test_a_page_without_anything_of_the_sites_is_bare_when_it_can_make_calls(
    age_s: float, script: str, complete: bool, wrapped: bool, check: bool, since_now: bool,
    bare: bool,
) -> None:  # fmt: skip
    state = page(age_s, usable=False)
    state.is_installed = True
    look = seen(script, complete=complete, wrapped=wrapped)

    assert state.note(look, is_check=check) is since_now
    assert (state.is_usable, state.is_bare) == (since_now, bare)
    assert not state.note(look, is_check=check)


def test_a_page_whose_script_comes_late_is_bare_no_more_and_tells_it_once() -> None:
    state = page(13, usable=False)
    state.is_installed = True
    looks = [seen(), seen(complete=False), seen("/main.js"), seen("/main.js")]

    told = [(state.note(look, is_check=False), state.is_bare) for look in looks]

    assert told == [(True, True), (False, False), (True, False), (False, False)]


def test_what_a_page_has_that_is_about_to_be_left_is_not_the_next_ones() -> None:
    state = page(1, usable=False)
    left = state.note(seen("/main.js", wrapped=True), is_check=False)
    state.since_s -= 12
    state.is_installed = True

    assert (left, state.note(seen(), is_check=False), state.is_bare) == (False, True, True)


def test_a_bare_page_is_loaded_anew_more_rarely_each_time() -> None:
    seconds = iter(range(1000, 1500))
    anew = Anew(lambda: next(seconds))
    bare = page(13, usable=False)
    bare.is_installed = True
    bare.note(seen(), is_check=False)

    assert [at for at in range(500) if anew.is_due(bare)] == [0, 60, 180, 420]


def test_a_slow_page_that_comes_to_nothing_is_loaded_anew_no_more_often() -> None:
    seconds = iter(range(1000, 1500))
    anew = Anew(lambda: next(seconds))

    def come(script: str = "") -> PageState:
        """A page that can make calls before it is complete."""
        state = page(13, usable=False)
        state.is_installed = True
        for look in (seen(complete=False), seen(script)):
            if state.note(look, is_check=False):
                anew.heed(state)
        return state

    assert [at for at in range(100) if anew.is_due(come())] == [0, 60]
    come("/main.js")
    assert anew.is_due(come())


@pytest.mark.parametrize(
    ("age_s", "here", "elsewhere", "lost"),
    [(11, False, False, False), (13, False, False, True), (13, True, False, False),
     (13, False, True, False)],
)  # fmt: skip
def test_a_page_that_never_came_is_loaded_anew(
    age_s: float, here: bool, elsewhere: bool, lost: bool
) -> None:
    state, anew = page(age_s, usable=False), Anew()
    state.is_installed, state.is_elsewhere = here, elsewhere

    assert state.is_strange is lost
    assert anew.is_due(state) is lost


def test_a_page_that_is_only_slow_has_more_time_to_come_each_time() -> None:
    seconds = iter(range(1000, 1500))
    anew = Anew(lambda: next(seconds))
    lost = page(13, usable=False)

    assert [at for at in range(150) if anew.is_due(lost)] == [0, 24, 72, 120]
    came = page(13, usable=True)
    came.is_installed = True
    came.note(seen("/main.js"), is_check=False)
    anew.heed(came)
    assert [anew.is_due(lost), anew.is_due(lost)] == [True, False]
