"""When there is a child of the site's window, what is known of it, and what its profile is."""

import asyncio
import signal
import stat
from pathlib import Path

import pytest

from tests.desktop.site_windows import QUICK, call, host, sign_in_shown
from tests.desktop.windows.site_child import SECRET
from tests.waiting import comes
from tray_app.core.errors import Kind, ProxyError
from tray_app.desktop.child_process import MISSES
from tray_app.proxy.window import WindowStatus


@pytest.mark.slow
async def test_an_idle_window_is_closed_and_comes_back_when_it_is_needed(tmp_path: Path) -> None:
    async with host(tmp_path / "p", idle_s=0.5) as here:
        await here.window.ready()
        await comes(lambda: here.window.status.state == "closed")
        await comes(lambda: not here.children())
        assert here.heard[-1] == "Leave"

        assert await here.get("/x?text=a") == b"a"


@pytest.mark.slow
async def test_nothing_is_asked_of_a_window_that_nobody_needs(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        await here.window.ready()
        await asyncio.sleep(QUICK.ping_s * 2)
        before = here.heard

        await asyncio.sleep(QUICK.ping_s * (MISSES + 2))

        assert here.heard == before


@pytest.mark.slow
@pytest.mark.parametrize("way", ["shown", "calling"])
async def test_a_window_that_is_needed_is_looked_after_and_never_closed(
    tmp_path: Path, way: str
) -> None:
    async with host(tmp_path / "p", idle_s=0.2) as here:
        if way == "shown":
            here.window.show()
            await comes(lambda: here.window.status.state == "shown")
            await asyncio.sleep(1.0)
            assert here.window.status.state == "shown"
            here.window.hide()
        else:
            async with here.window.fetch(call("/x?text=a&open=1"), lambda: 20.0):
                await asyncio.sleep(1.0)
                assert here.window.status.state == "hidden"
        assert "Ping" in here.heard

        await comes(lambda: here.window.status.state == "closed")


@pytest.mark.slow
async def test_a_window_can_be_shown_and_hidden_at_any_time(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        here.window.show("/c/1")
        await comes(lambda: here.window.status.state == "shown")
        await comes(lambda: here.window.news.url.endswith("/c/1"))
        here.window.hide()
        await comes(lambda: here.window.status.state == "hidden")
        assert await here.get("/x?text=a") == b"a"
        here.window.show()
        here.window.show("/auth")
        await comes(lambda: here.window.news.url.endswith("/auth"))

        heard = [line for line in here.heard if line != "Ping"]
        assert heard == [
            "Begin /c/1",
            "Hide",
            "Fetch /x?text=a",
            "Reveal Portico at https://chat.qwen.ai/c/1",
            "Visit /auth",
            "Reveal Portico at https://chat.qwen.ai/auth",
        ]
        assert here.states == ["opening", "shown", "hidden", "shown"]


@pytest.mark.slow
async def test_signing_in_shows_its_page_wherever_the_window_is(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        await sign_in_shown(here.window)
        assert here.window.status.state == "shown"
        assert here.heard[0] == "Begin /auth"
        here.window.show("/")

        await sign_in_shown(here.window)

        await comes(lambda: "Visit /auth" in here.heard)


@pytest.mark.slow
async def test_what_the_person_and_the_page_do_is_news(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        await sign_in_shown(here.window)

        await here.get("/closed")

        assert here.window.news.hidden_by_person == 1
        assert here.window.status.state != "shown"
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(here.get("/modal"))
            await comes(lambda: here.window.news.check)
            asking.cancel()
        await here.window.close()
        assert not here.window.news.check
        assert here.window.news.hidden_by_person == 1


@pytest.mark.slow
async def test_who_does_not_follow_any_more_is_told_nothing(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        told: list[str] = []

        def fail() -> None:
            raise ValueError("a follower's own fault")

        leave = here.window.follow(lambda: told.append("a"))
        here.window.follow(fail)
        await here.window.ready()
        leave()
        before = len(told)
        assert before

        await here.window.close()

        assert len(told) == before
        assert here.states[-1] == "closed"


@pytest.mark.slow
async def test_a_session_is_renewed_by_the_page(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        assert await here.window.renew(lambda stored: stored["state"] == "0") == {"state": "0"}
        assert "Renew" not in here.heard

        assert await here.window.renew(lambda stored: stored["state"] == "1") == {"state": "1"}

        assert here.heard.count("Renew") == 1


@pytest.mark.slow
async def test_a_page_that_did_not_renew_when_it_was_loaded_is_asked_once(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        told = await here.window.renew(lambda stored: stored.get("state") == "1")

        assert told == {"state": "1"}
        assert here.heard.count("Renew") == 1


@pytest.mark.slow
async def test_a_page_that_cannot_renew_is_a_timeout(tmp_path: Path) -> None:
    async with host(tmp_path / "p", "stale") as here:
        with pytest.raises(ProxyError) as caught:
            await here.window.renew(lambda stored: stored.get("state") == "1")

        assert caught.value.kind is Kind.UPSTREAM_TIMEOUT
        assert here.window.status.state == "hidden"


@pytest.mark.slow
async def test_whoever_is_signed_out_is_told_so_at_once(tmp_path: Path) -> None:
    async with host(tmp_path / "p", "signed_out") as here:
        told = await here.window.renew(lambda _: False)

        assert told == {"state": "0"}
        assert "Renew" not in here.heard


@pytest.mark.slow
async def test_the_cookies_that_renew_the_session_and_those_of_others_are_kept_back(
    tmp_path: Path,
) -> None:
    """S99"""
    async with host(tmp_path / "p") as here:
        told = await asyncio.gather(here.window.cookies(), here.window.cookies())

        assert [[cookie.name for cookie in jar] for jar in told] == [["acw_tc"], ["acw_tc"]]


async def test_a_missing_engine_is_said_and_not_looked_for_at_each_call(tmp_path: Path) -> None:
    async with host(tmp_path / "p", "no_webkit") as here:
        for _ in range(2):
            with pytest.raises(ProxyError, match="WebKitGTK") as caught:
                await here.window.ready()
            assert caught.value.kind is Kind.WINDOW_CLOSED
            assert here.window.status == WindowStatus("absent", "no_webkit")
            await comes(lambda: not here.children())
        assert len([line for line in here.heard if line.startswith("Begin")]) == 1

        here.window.show("/auth")

        await comes(lambda: sum(line.startswith("Begin") for line in here.heard) == 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("dies", Kind.WINDOW_CLOSED),
        ("silent", Kind.WINDOW_STUCK),
        ("unloaded", Kind.WINDOW_STUCK),
    ],
)
async def test_a_window_that_does_not_come_about_is_no_window(
    tmp_path: Path, word: str, kind: Kind
) -> None:
    async with host(tmp_path / "p", word) as here:
        told = await asyncio.gather(
            *(here.window.ready() for _ in range(3)), return_exceptions=True
        )

        assert [getattr(error, "kind", None) for error in told] == [kind] * 3
        await comes(lambda: not here.children())
        assert here.window.status == WindowStatus("closed")


async def test_a_program_that_is_not_there_is_no_window(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        here.window._keeper._words = ["/nowhere/portico"]

        with pytest.raises(ProxyError) as caught:
            await here.window.ready()

        assert caught.value.kind is Kind.WINDOW_CLOSED


@pytest.mark.slow
async def test_a_child_that_does_not_leave_is_ended(tmp_path: Path) -> None:
    async with host(tmp_path / "p", "lingers") as here:
        await here.window.ready()

        await here.window.close()

        assert here.children() == []


@pytest.mark.slow
async def test_a_stopped_child_is_ended_too(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        await here.window.ready()
        here.children()[0].send_signal(signal.SIGSTOP)

        await here.window.close()

        assert here.children() == []


@pytest.mark.slow
async def test_closing_and_asking_at_once_gives_a_new_window(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        await here.window.ready()

        _, text = await asyncio.gather(here.window.close(), here.get("/x?text=a"))

        assert text == b"a"
        assert len(here.children()) == 1


@pytest.mark.slow
async def test_a_window_that_ended_for_good_stays_away(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        await here.window.ready()
        await here.window.end()

        with pytest.raises(ProxyError):
            await here.window.ready()


@pytest.mark.slow
async def test_the_profile_is_for_nobody_else(tmp_path: Path) -> None:
    """S103"""
    profile = tmp_path / "a" / "p"
    async with host(profile) as here:
        await here.window.ready()
        await here.window.close()

        assert stat.S_IMODE(profile.stat().st_mode) == 0o700
        assert stat.S_IMODE((profile / "cookies").stat().st_mode) == 0o600


@pytest.mark.parametrize("planted", ["p", "p/cookies"])
async def test_a_planted_link_is_refused_and_left_alone(tmp_path: Path, planted: str) -> None:
    """S104"""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    if planted != "p":
        (tmp_path / "p").mkdir()
    (tmp_path / planted).symlink_to(elsewhere)
    async with host(tmp_path / "p") as here:
        with pytest.raises(ProxyError) as caught:
            await here.window.ready()

        assert caught.value.kind is Kind.WINDOW_CLOSED
        assert "Move it away" in caught.value.text
        assert here.children() == []
        assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o755
        assert list(elsewhere.iterdir()) == []


@pytest.mark.slow
async def test_forgetting_leaves_nothing_of_the_session(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """S113"""
    caplog.set_level("DEBUG")
    profile = tmp_path / "p"
    async with host(profile) as here:
        await here.window.ready()
        (profile / "storage").mkdir()
        (profile / "storage" / "deep").write_text(SECRET)
        assert here.window.news.stored

        await here.window.forget()

        assert list(profile.iterdir()) == []
        assert stat.S_IMODE(profile.stat().st_mode) == 0o700
        assert here.window.news.stored == {}
        assert SECRET not in caplog.text
        await here.window.ready()
