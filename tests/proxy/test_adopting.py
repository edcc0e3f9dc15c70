"""Taking the session that a window has, giving it up for a pasted one, and signing out of it."""

import json
import threading
import time
from pathlib import Path

import pytest

from tests.harness import Reply, running
from tests.paper import PaperWindow, windowed
from tests.proxy.equals import steps
from tests.rings import MemoryRing, keeper
from tests.waiting import until
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.door import DoorError
from tray_app.store.files import make_private
from tray_app.store.profile import Profile

SETTINGS = "/api/v2/users/user/settings"


def pasted(site: PracticeSite) -> str:
    return json.dumps(site.sign_in())


def adopt(proxy: object, **more: object) -> dict[str, object]:
    told: dict[str, object] = proxy.control("session", what="adopt", **more)  # type: ignore[attr-defined]
    return told


def test_the_windows_session_is_taken_up_once_the_site_has_taken_it(site: PracticeSite) -> None:
    site.page_only = True
    window = PaperWindow(site)
    window.sign_in("me@practice.example")
    with running(site, session=None, window=window) as proxy:
        assert proxy.chat().code == "not_signed_in"
        told = adopt(proxy)
        shown = proxy.control("session", what="show")

        assert told["account"] == "me@practice.example"
        assert told["said"] == ["Qwen takes it: me@practice.example."]
        assert (shown["state"], shown["by_window"], shown["renews"]) == ("signed_in", True, True)
        assert len(site.heard_on(SETTINGS)) == 1
        assert proxy.chat().status == 200
    window.stop()


@pytest.mark.parametrize(
    ("who", "said"),
    [("nobody", "Nobody is signed in"), ("guest", "as a guest"), ("out", "signed out")],
)
def test_what_is_no_session_is_not_taken_up(site: PracticeSite, who: str, said: str) -> None:
    window = PaperWindow(site)
    if who == "guest":
        window.become_guest()
    elif who == "out":
        window.sign_in()
        window.sign_out_at_site()
        window.browser.jar.pop("refresh_token")
    with running(site, session=None, window=window) as proxy, pytest.raises(DoorError, match=said):
        adopt(proxy)
    window.stop()


@pytest.mark.slow
def test_who_signs_in_while_the_site_is_asked_is_taken_up_next(site: PracticeSite) -> None:
    window = PaperWindow(site)
    window.sign_in("me@practice.example")
    with running(site, session=None, window=window) as proxy:
        refused: list[DoorError] = []
        window.show()
        until(lambda: window.status.state == "shown")

        def adopts() -> None:
            with pytest.raises(DoorError) as error:
                adopt(proxy)
            refused.append(error.value)

        thread = threading.Thread(target=adopts)
        thread.start()
        site.wait_until(lambda: site.heard_on("/api/v2/user/info"))
        window.do(window.browser.sign_in("me@practice.example"))
        # A window is looked at so often that this is known a moment later.
        time.sleep(0.3)
        window.do(window._tell(url=f"{site.origin}/auth"))
        thread.join()
        told = adopt(proxy)

        assert len(refused) == 1
        assert told["account"] == "me@practice.example"
        assert proxy.chat().status == 200
    window.stop()


def test_without_a_window_there_is_nothing_to_take_up(site: PracticeSite) -> None:
    with running(site) as proxy:
        with pytest.raises(DoorError, match="Nobody is signed in"):
            adopt(proxy)

        assert proxy.chat().status == 200


@pytest.mark.slow
def test_a_session_that_the_site_refuses_changes_nothing(site: PracticeSite) -> None:
    window = PaperWindow(site)
    with running(site, window=window) as proxy:
        window.sign_in()
        window.renew_s = 1.0
        site.on("settings", acts.EXPIRED)
        with pytest.raises(DoorError, match="does not take this session"):
            adopt(proxy)

        assert not proxy.control("session", what="show")["by_window"]
        site.page_only = False
        assert proxy.chat().status == 200
    window.stop()


@pytest.mark.slow
def test_another_account_is_asked_about_and_nothing_changes_before(site: PracticeSite) -> None:
    """S99"""
    with windowed(site) as (proxy, window):
        window.sign_out_at_site()
        window.sign_in("other@practice.example")
        told = adopt(proxy)
        account = proxy.control("session", what="show")["account"]
        after = adopt(proxy, confirmed=True)

        assert told == {"other": "other@practice.example", "before": "person@practice.example"}
        assert account == "person@practice.example"
        assert after["account"] == "other@practice.example"
        assert proxy.control("session", what="show")["account"] == "other@practice.example"


@pytest.mark.slow
def test_whose_it_is_must_be_known_where_somebody_was_signed_in_before(site: PracticeSite) -> None:
    """S99"""
    with windowed(site) as (proxy, window):
        window.sign_out_at_site()
        window.sign_in("other@practice.example")
        site.on("settings", acts.Drop(), acts.Drop())
        with pytest.raises(DoorError, match="does not take"):
            adopt(proxy)

        assert proxy.control("session", what="show")["account"] == "person@practice.example"
        assert "other" in adopt(proxy)


def test_a_pasted_session_ends_the_windows_and_that_is_said(site: PracticeSite) -> None:
    with windowed(site) as (proxy, window):
        site.page_only = False
        said = proxy.control("session", what="import", text=pasted(site))["said"]

        assert window.status.state == "closed"
        assert any("window is closed" in line for line in said)
        assert said[-1].startswith("Qwen takes it")
        shown = proxy.control("session", what="show")
        assert (shown["by_window"], shown["state"]) == (False, "signed_in")
        opened = window.opened
        assert proxy.chat().status == 200
        assert window.opened == opened


def test_a_pasted_session_that_is_not_taken_leaves_the_windows(site: PracticeSite) -> None:
    with windowed(site) as (proxy, _):
        with pytest.raises(DoorError, match="It was not taken"):
            proxy.control("session", what="import", text='{"token": "x", "cookies": {"a": "1"}}')

        assert proxy.control("session", what="show")["by_window"]
        assert proxy.chat().status == 200


def test_a_pasted_session_ends_the_asking_for_the_one_before(site: PracticeSite) -> None:
    """R35"""
    with windowed(site) as (proxy, _):
        replies: list[Reply] = []
        site.will(acts.CHALLENGE)
        thread = threading.Thread(target=lambda: replies.append(proxy.chat()))
        thread.start()
        until(lambda: proxy.control("status")["state"] == "asking")
        site.page_only = False
        said = proxy.control("session", what="import", text=pasted(site))["said"]
        thread.join(10)

        assert said[-1].startswith("Qwen takes it: ")
        assert replies[0].code == "window_closed"
        assert proxy.control("status")["hold"] is None
        assert proxy.chat().status == 200


@pytest.mark.slow
def test_signing_out_leaves_nothing_in_the_window_either(
    site: PracticeSite, tmp_path: Path
) -> None:
    """S113"""
    ring = MemoryRing()
    profile = tmp_path / "window"
    make_private(profile)
    (profile / "cookies").write_text("canary")
    with windowed(site, keeper=keeper(ring), profile=Profile(profile)) as (proxy, window):
        assert Profile(profile).is_signed_in
        proxy.key = proxy.control("key", what="show")["secret"]
        site.will(acts.say("one ", finished=False, then="hang"))
        replies: list[Reply] = []
        thread = threading.Thread(target=lambda: replies.append(proxy.chat(stream=True)))
        thread.start()
        until(lambda: steps(proxy) == ["answering"])
        told = proxy.control("session", what="clear")
        thread.join(10)

        assert (told["had"], told["kept"]) == (True, True)
        assert b'"not_signed_in"' in replies[0].body
        assert proxy.chat().code == "not_signed_in"
        assert window.status.state == "closed"
        assert (window.browser.jar, window.browser.storage) == ({}, {})
        assert not profile.exists()
        assert not any("/session" in name for name in ring.entries)


def test_a_window_that_cannot_be_wiped_keeps_nobody_signed_in(
    site: PracticeSite, tmp_path: Path
) -> None:
    """S113"""
    ring = MemoryRing()
    folder = tmp_path / "window"
    folder.write_text("no folder")

    with windowed(site, keeper=keeper(ring), profile=Profile(folder)) as (proxy, _):
        with pytest.raises(DoorError, match="cannot be wiped"):
            proxy.control("session", what="clear")

        assert proxy.control("session", what="show")["state"] == "signed_out"
        assert not any("/session" in name for name in ring.entries)


def test_without_a_keyring_the_window_still_has_its_session_after_a_restart(
    site: PracticeSite, tmp_path: Path
) -> None:
    folder = tmp_path / "window"
    make_private(folder)
    with windowed(site, profile=Profile(folder)) as (_, window):
        browser = window.browser
        again = PaperWindow(site)
        again.browser.jar.update(browser.jar)
        again.browser.storage.update(browser.storage)
    try:
        with running(site, session=None, window=again, profile=Profile(folder)) as proxy:
            proxy.service.parts.person.owner.await_store()
            proxy.service.parts.person._go_without()
            before = proxy.control("session", what="show")
            reply = proxy.chat()
            after = proxy.control("session", what="show")
    finally:
        again.stop()

    assert (before["state"], before["by_window"], before["expires_at"]) == ("signed_in", True, None)
    assert reply.status == 200
    assert after["expires_at"] is not None


def test_tokens_that_each_say_another_number_are_of_one_person(site: PracticeSite) -> None:
    """R39"""
    site._sessions.numbers_tokens = True
    with windowed(site) as (proxy, window):
        # The window was shown again, and what it has is taken although its token has ended.
        site.expire_tokens()
        assert adopt(proxy)["account"] == "person@practice.example"
        site.expire_tokens()

        assert proxy.chat().status == 200
        assert proxy.control("session", what="show")["state"] == "signed_in"
        assert window.renewals == 2
