"""Signing in by the window, as a person does, and what is true from then on."""

import stat
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.desktop.xfce import Xfce
from tests.named.box import Box, box
from tests.named.conftest import keyring
from tests.named.person import Person
from tests.named.program import Program, portico
from tests.waiting import until

pytestmark = pytest.mark.desktop
SITE = "https://chat.qwen.ai"


@pytest.fixture
def program(named: Box, desk: Xfce, folder: Path) -> Iterator[Program]:
    with portico(named, desk, folder / "home") as started:
        yield started


def opens(program: Program, person: Person, *, first: bool = True) -> None:
    """From the menu to the site's form; what its terms say is told once."""
    program.tray.click("Sign in")
    if first:
        person.sees("Qwen's terms")
        assert not program.box.site.heard("asked", path="/auth"), "the site was opened too early"
        person.clicks("I understand")
    person.sees("Welcome to Qwen")


def signs_in(program: Program, person: Person) -> None:
    """The whole of it."""
    opens(program, person)
    person.signs_in()
    program.is_in("signed_in")


def test_a_person_signs_in_and_a_client_is_answered(program: Program, person: Person) -> None:
    opens(program, person)
    [title] = person.title("chat.qwen.ai")
    with pytest.raises(openai.AuthenticationError):
        program.says()
    before = program.box.site.heard("completion")
    person.signs_in()
    program.is_in("signed_in")
    person.sees_none("How can I help you")
    said = program.says("你好 🏛️ </script> `${x}`")
    site = program.box.site

    assert SITE in title
    assert not before
    assert "Portico 门廊 stands — ünder 🏛️" in said
    assert "你好 🏛️ </script> `${x}`" in said
    assert site.heard("answered_whole")
    until(lambda: site.heard("reader_left", done=True))
    until(lambda: site.heard("chat_deleted", was="idle"))
    for wrong in ("too_early", "copied_mark", "bad_shape", "everything_deleted", "not_from_page",
                  "mutating_whoami", "stale_refresh", "bare_jar"):  # fmt: skip
        assert not site.heard(wrong), wrong
    agents = {one["agent"] for one in site.heard("asked", path="/api/v2/chat/completions")}
    assert all("Mozilla" in agent and "Portico" not in agent for agent in agents)


@pytest.mark.parametrize("kept", [keyring, nullcontext], ids=["keyring", "no keyring"])
def test_a_restart_keeps_the_sign_in(
    named: Box, desk: Xfce, folder: Path, person: Person, kept: Any
) -> None:
    with kept(desk) if kept is keyring else kept():
        with portico(named, desk, folder / "home") as first:
            signs_in(first, person)
            assert first.says()
            first.quit()
        with portico(named, desk, folder / "home") as second:
            assert second.says()
            second.kill()
        with portico(named, desk, folder / "home") as third:
            assert third.says()

    assert len(named.site.heard("signed_in")) == 1
    assert not named.site.heard("stale_refresh")


def test_a_token_that_ends_is_renewed_by_the_page(program: Program, person: Person) -> None:
    site = program.box.site
    site.set(token_life_s=30.0, renew_below_s=25.0)
    signs_in(program, person)
    # Near its end, and after it.
    for pause_s in (0.0, 18.0, 35.0):
        time.sleep(pause_s)
        assert program.says()

    assert site.heard("renewed")
    assert not site.heard("stale_refresh")
    assert len(site.heard("signed_in")) == 1


def test_a_token_that_ended_early_is_renewed_by_the_page(program: Program, person: Person) -> None:
    site = program.box.site
    signs_in(program, person)
    for _ in range(2):
        assert program.says()
        site.do("expire")
    assert program.says()

    assert len(site.heard("renewed")) == 2
    assert not site.heard("stale_refresh")


@pytest.mark.parametrize("below_s", [5.0, 0.0], ids=["near the end", "after the end"])
def test_a_page_that_renews_late_ends_no_session(
    program: Program, person: Person, below_s: float
) -> None:
    site = program.box.site
    site.set(token_life_s=25.0, renew_below_s=below_s)
    signs_in(program, person)
    for _ in range(4):
        time.sleep(8)
        assert program.says()

    assert program.status()["session"]["state"] == "signed_in"
    assert len(site.heard("completion")) == 4


def test_an_answer_that_runs_is_not_ended_by_a_renewal(program: Program, person: Person) -> None:
    site = program.box.site
    site.set(token_life_s=30.0, renew_below_s=25.0)
    signs_in(program, person)
    site.set(pace_s=0.5, words=100)
    said = program.says("at length", within_s=150)

    assert " 99" in said
    assert len(site.heard("completion")) == 1
    site.set(pace_s=0.0)
    assert program.says()


@pytest.mark.parametrize("status", [200, 401])
def test_a_session_that_the_site_ended_is_said(
    program: Program, person: Person, status: int
) -> None:  # fmt: skip
    site = program.box.site
    signs_in(program, person)
    assert program.says()
    site.set(expired_status=status)
    site.do("revoke")
    site.do("expire")
    with pytest.raises(openai.AuthenticationError) as refused:
        program.says()
    refusals = len(site.heard("refresh_refused"))

    assert refused.value.code in {"session_ended", "not_signed_in"}
    until(lambda: program.status()["session"]["state"] != "signed_in")
    assert refusals <= 2
    opens(program, person, first=False)
    person.signs_in()
    program.is_in("signed_in")
    assert program.says()


def test_another_company_signs_in_by_a_whole_page(program: Program, person: Person) -> None:
    opens(program, person)
    person.clicks("Continue with GitHub")
    person.sees("Authorize Qwen Chat")
    planted = program.status()["session"]["state"]
    elsewhere = person.title("github.com")
    person.clicks("Authorize")
    program.is_in("signed_in")

    assert planted != "signed_in"
    assert elsewhere
    assert program.says()


def test_a_popup_ends_nothing(program: Program, person: Person) -> None:
    opens(program, person)
    person.clicks("Terms", "link")
    time.sleep(2)
    person.clicks("Continue with Google")
    # It comes in place, where nobody can sign in by it; the menu leads back.
    person.sees_none("Welcome to Qwen")
    program.tray.click("Sign in")
    person.sees("Welcome to Qwen")
    person.signs_in()
    program.is_in("signed_in")

    assert program.says()


def test_a_window_that_was_closed_comes_again(program: Program, person: Person) -> None:
    opens(program, person)
    person.closes("chat.qwen.ai")
    person.sees_none("Welcome to Qwen")
    assert program.status()["session"]["state"] != "signed_in"
    opens(program, person, first=False)
    person.signs_in()
    program.is_in("signed_in")

    assert program.says()


def test_signing_out_leaves_nothing_behind(program: Program, person: Person) -> None:
    """S113"""
    signs_in(program, person)
    assert program.says()
    secrets = program.box.site.told()["secrets"]
    program.tray.click("Sign out")
    person.clicks("Sign out")
    program.is_in("signed_out")
    with pytest.raises(openai.AuthenticationError) as refused:
        program.says()
    kept = {path: path.read_bytes() for path in program.home.rglob("*") if path.is_file()}
    found = [path for path, told in kept.items() for one in secrets if one.encode() in told]

    assert refused.value.code == "not_signed_in"
    assert found == []


def test_the_session_is_where_only_the_person_can_read_it(
    program: Program, person: Person
) -> None:  # fmt: skip
    signs_in(program, person)
    assert program.says()
    secrets = program.box.site.told()["secrets"]
    told = [str([*one.cmdline(), *one.environ().values()]) for one in program.family()]
    log = program.log()
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in program.home.rglob("*")}
    cookies = [path for path in modes if path.name == "cookies"]
    above = [path.parent for path in cookies]

    assert cookies
    assert {oct(modes[path]) for path in cookies} == {"0o600"}
    assert {oct(modes[path]) for path in above} == {"0o700"}
    assert [one for one in secrets if one in log] == []
    assert [one for one in secrets if any(one in words for words in told)] == []


def test_a_computer_that_looks_offline_reaches_the_site(
    desk: Xfce, folder: Path, person: Person
) -> None:
    (folder / "off").mkdir()
    with box(folder / "off", online=False) as off, portico(off, desk, folder / "home") as program:
        signs_in(program, person)

        assert program.says()


def test_a_front_that_is_newer_is_spoken_to_in_its_version(
    program: Program, person: Person
) -> None:  # fmt: skip
    program.box.site.set(fe_version="0.3.47", pushes=False, guest_first=False, same_site="None")
    signs_in(program, person)
    assert program.says()

    asked = program.box.site.heard("asked", path="/api/v2/chat/completions")
    assert [one["version"] for one in asked] == ["0.3.47"]


@pytest.mark.parametrize("kind", ["bind", "proxy"])
def test_a_page_whose_fetch_looks_like_the_browser_s_is_waited_for(
    program: Program, person: Person, kind: str
) -> None:
    site = program.box.site
    site.set(wrapped_as=kind, wrap_after_s=2.5)
    signs_in(program, person)
    assert program.says()
    site.do("expire")
    assert program.says()

    assert not site.heard("too_early")
    assert not site.heard("copied_mark")


@pytest.mark.parametrize("expired", [False, True], ids=["token good", "token over"])
def test_who_only_looks_at_the_form_stays_signed_in(
    program: Program, person: Person, *, expired: bool
) -> None:
    site = program.box.site
    signs_in(program, person)
    assert program.says()
    if expired:
        site.do("expire")
    opens(program, person, first=False)
    if person.title("chat.qwen.ai"):
        person.closes("chat.qwen.ai")
    time.sleep(4)
    site.do("expire")
    assert program.says()
    assert program.says()

    assert len(site.heard("signed_in")) == 1
    assert site.heard("renewed")
    assert program.status()["session"]["state"] == "signed_in"
