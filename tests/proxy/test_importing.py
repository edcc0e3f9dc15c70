"""Bringing a session to a running proxy."""

import json

import pytest

from tests.harness import Running, running
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.door import DoorError


def pasted(site: PracticeSite, **more: object) -> str:
    signed_in = site.sign_in()
    told = {"token": signed_in["token"], "cookies": signed_in["cookies"], **more}
    return json.dumps(told)


def test_a_session_is_brought_used_shown_and_cleared(site: PracticeSite) -> None:
    with running(site, session=None) as proxy:
        before = proxy.chat().code
        said = proxy.control("session", what="import", text=pasted(site))
        answer = proxy.chat()
        shown = proxy.control("session", what="show")
        cleared = proxy.control("session", what="clear")
        after = proxy.chat().code

        assert said[-1] == "Qwen takes it."
        assert answer.status == 200
        assert shown["state"] == "signed_in"
        assert (before, cleared, after) == ("not_signed_in", True, "not_signed_in")
        site.wait_until(lambda: site.heard_on("/api/v2/users/user/settings"))


def test_cookies_alone_are_enough_when_they_can_renew(site: PracticeSite) -> None:
    with running(site, session=None) as proxy:
        said = proxy.control("session", what="import", text=pasted(site, token=""))

        assert said[-1] == "Qwen takes it."
        assert proxy.chat().status == 200


def test_a_session_that_is_refused_changes_nothing(proxy: Running) -> None:
    stale = pasted(proxy.site, cookies={"acw_tc": "1"})
    proxy.site.expire_tokens()
    proxy.control("session", what="clear")
    with pytest.raises(DoorError, match="does not take it"):
        proxy.control("session", what="import", text=stale)
    with pytest.raises(DoorError, match="no session"):
        proxy.control("session", what="import", text="hello")

    assert proxy.control("session", what="show")["state"] == "signed_out"


def test_a_session_that_cannot_be_checked_is_kept_and_that_is_said(site: PracticeSite) -> None:
    with running(site, session=None) as proxy:
        site.on("settings", acts.CHALLENGE)
        said = proxy.control("session", what="import", text=pasted(site))

        assert "could not be checked" in said[-1]
        assert proxy.chat().status == 200
