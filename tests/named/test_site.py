"""The stand-in itself, with a browser that knows nothing of Portico: it must be good, to judge."""

from pathlib import Path

import pytest

from tests.desktop.xfce import Xfce
from tests.named.box import Box
from tests.named.conftest import environment_of
from tests.named.person import Person
from tests.named.site.world import CHAT
from tests.waiting import until

pytestmark = pytest.mark.desktop


VISITOR = Path(__file__).with_name("visitor.py")


def visits(box: Box, desk: Xfce, path: str = "/auth") -> int:
    words = ["/usr/bin/python3", str(VISITOR), f"https://{CHAT}{path}"]
    return box.start(words, environment_of(desk), box.folder / "visitor.log")


def test_a_browser_signs_in_and_renews_by_a_load(named: Box, desk: Xfce, person: Person) -> None:
    visits(named, desk)
    person.signs_in("wrong")
    person.sees("incorrect")
    assert named.site.heard("wrong_password")
    person.signs_in()
    person.sees("Signed in")
    assert named.site.heard("signed_in", user="ada@example.org")
    named.site.set(renew_below_s=1000.0)
    named.site.do("forget")
    person.eyes.keys("F5")
    until(lambda: named.site.heard("renewed"))
    person.sees("Signed in")

    assert not named.site.heard("stale_refresh")


def test_a_browser_comes_back_from_the_other_company(
    named: Box, desk: Xfce, person: Person
) -> None:
    visits(named, desk)
    person.clicks("Continue with GitHub")
    person.clicks("Authorize")
    person.sees("Signed in")

    assert named.site.heard("signed_in", user="ada@git.example")


def test_a_browser_refuses_a_certificate_that_nobody_signed(
    unnamed: Box, desk: Xfce, person: Person
) -> None:
    """S117"""
    visits(unnamed, desk)
    until(lambda: person.title("A visitor"), 30)
    person.sees("certificate")

    assert unnamed.site.told()["log"] == []


def test_the_page_answers_a_check_by_a_click(named: Box, desk: Xfce, person: Person) -> None:
    named.site.set(challenge="html")
    visits(named, desk)
    person.clicks("Slide to verify")
    until(lambda: named.site.heard("answered"))
    person.sees("Email")

    assert not named.site.heard("forged_answer")


def test_a_check_over_the_page_is_answered_in_its_frame(
    named: Box, desk: Xfce, person: Person
) -> None:
    visits(named, desk)
    person.signs_in()
    person.sees("Signed in")
    named.site.set(challenge="modal", asks_on_load=False, wrap_after_s=0.0)
    person.eyes.keys("F5")
    person.fills("Message", "Hello")
    person.eyes.keys("Return")
    person.clicks("Slide to verify")
    person.sees_none("Slide to verify")
    until(lambda: named.site.heard("asked", path="/api/v2/chats/new", marked=True)[1:])

    assert [one["by"] for one in named.site.heard("while_challenged")] == ["person"]
