"""Bringing a session to a running proxy."""

import json
import threading

import pytest

from tests.harness import Reply, Running, running
from tests.rings import MemoryRing, keeper
from tests.waiting import until
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.door import DoorError
from tray_app.proxy.keys import make_secret


def pasted(site: PracticeSite, **more: object) -> str:
    signed_in = site.sign_in()
    told = {"token": signed_in["token"], "cookies": signed_in["cookies"], **more}
    return json.dumps(told)


def test_a_session_is_brought_used_shown_and_cleared(site: PracticeSite) -> None:
    with running(site, session=None) as proxy:
        before = proxy.chat().code
        said = proxy.control("session", what="import", text=pasted(site))["said"]
        answer = proxy.chat()
        shown = proxy.control("session", what="show")
        cleared = proxy.control("session", what="clear")
        after = proxy.chat().code

        assert said[-1] == "Qwen takes it: person@practice.example."
        assert answer.status == 200
        assert shown["state"] == "signed_in"
        assert (before, cleared["had"], after) == ("not_signed_in", True, "not_signed_in")
        site.wait_until(lambda: site.heard_on("/api/v2/users/user/settings"))


def test_cookies_alone_are_enough_when_they_can_renew(site: PracticeSite) -> None:
    with running(site, session=None) as proxy:
        said = proxy.control("session", what="import", text=pasted(site, token=""))["said"]

        assert said[-1] == "Qwen takes it: person@practice.example."
        assert proxy.chat().status == 200


def test_a_session_that_is_refused_changes_nothing(proxy: Running) -> None:
    stale = pasted(proxy.site, cookies={"acw_tc": "1"})
    proxy.site.expire_tokens()
    proxy.control("session", what="clear")
    with pytest.raises(DoorError, match="It was not taken"):
        proxy.control("session", what="import", text=stale)
    with pytest.raises(DoorError, match="no session"):
        proxy.control("session", what="import", text="hello")

    assert proxy.control("session", what="show")["state"] == "signed_out"


def test_a_token_alone_that_is_refused_is_not_said_to_be_good(site: PracticeSite) -> None:
    token = site.sign_in()["token"]
    with (
        running(site, session=None) as proxy,
        pytest.raises(DoorError, match="It was not taken: Qwen does not take the access") as told,
    ):
        proxy.control("session", what="import", text=token)

    assert "Found an access token that ends in " in str(told.value)
    assert "is good" not in str(told.value)
    assert "is over" not in str(told.value)


def test_a_session_that_cannot_be_checked_is_kept_and_that_is_said(site: PracticeSite) -> None:
    with running(site, session=None) as proxy:
        site.on("settings", acts.CHALLENGE)
        said = proxy.control("session", what="import", text=pasted(site))["said"]

        assert "could not be checked" in said[-1]
        assert proxy.chat().status == 200


def test_a_session_that_was_brought_is_there_after_a_restart(site: PracticeSite) -> None:
    """R64"""
    ring = MemoryRing()
    with running(site, session=None, keeper=keeper(ring)) as proxy:
        told = proxy.control("session", what="import", text=pasted(site))
        assert told["kept"]
    with running(site, session=None, keeper=keeper(ring)) as proxy:
        shown = proxy.control("session", what="show")
        key = proxy.control("key", what="show")["secret"]

        assert shown["state"] == "signed_in"
        assert shown["account"] == "person@practice.example"
        assert proxy.chat(key=key).status == 200


def test_signing_out_ends_what_runs_and_leaves_nothing(site: PracticeSite) -> None:
    """S113"""
    ring = MemoryRing()
    with running(site, session=None, keeper=keeper(ring)) as proxy:
        proxy.key = proxy.control("key", what="show")["secret"]
        text = pasted(site)
        proxy.control("session", what="import", text=text)
        site.will(acts.say("one ", "two", pace_s=5.0))
        replies: list[Reply] = []
        thread = threading.Thread(target=lambda: replies.append(proxy.chat(stream=True)))
        thread.start()
        site.wait_until(lambda: site.open_streams == 1)
        told = proxy.control("session", what="clear")
        thread.join()
        site.wait_until(lambda: not site.chats)
        connections = {heard.connection for heard in site.heard}
        after = proxy.chat().code
        proxy.control("session", what="import", text=pasted(site))
        again = {heard.connection for heard in site.heard} - connections

        assert told["had"]
        assert told["kept"]
        assert b'"not_signed_in"' in replies[0].body
        assert after == "not_signed_in"
        assert again
        kept = str(ring.entries)
        assert json.loads(text)["cookies"]["cna"] not in kept
        proxy.control("session", what="clear")
        assert not any("/session" in name for name in ring.entries)


def test_a_guest_is_not_signed_in(site: PracticeSite) -> None:
    with running(site) as proxy:
        site.account = {"is_guest": True}
        with pytest.raises(DoorError, match="guest"):
            proxy.control("session", what="import", text=pasted(site))

        assert proxy.control("session", what="show")["state"] == "signed_in"


def test_a_refused_session_is_not_kept_either(site: PracticeSite) -> None:
    ring = MemoryRing()
    with running(site, session=None, keeper=keeper(ring)) as proxy:
        good = pasted(site)
        proxy.control("session", what="import", text=good)
        before = dict(ring.entries)
        with pytest.raises(DoorError):
            proxy.control(
                "session", what="import", text='{"token": "x", "cookies": {"acw_tc": "1"}}'
            )

        assert ring.entries == before


@pytest.mark.slow
def test_two_sessions_and_two_keys_do_not_mix(site: PracticeSite) -> None:
    """S121"""
    with running(site) as proxy:
        other = proxy.control("key", what="new", name="other")["secret"]
        site.will(acts.say("of the ", "first", pace_s=0.4), acts.say("of the second"))
        replies: list[Reply] = []
        thread = threading.Thread(target=lambda: replies.append(proxy.chat("mine")))
        thread.start()
        site.wait_until(lambda: site.open_streams == 1)
        first = site.heard_on("/api/v2/chat/completions")[0].request
        text = json.loads(pasted(site))
        proxy.control("session", what="import", text=json.dumps(text))
        second_reply = proxy.chat("theirs", key=other)
        thread.join()
        site.wait_until(lambda: not site.chats)

        assert replies[0].text == "of the first"
        assert second_reply.text == "of the second"
        deleted = [one.request for one in site.heard if one.request.method == "DELETE"]
        by_chat = {one.path.rsplit("/")[-1]: one.cookies["cna"] for one in deleted}
        for heard in site.heard_on("/api/v2/chat/completions"):
            sent = heard.request
            chat_id = sent.target.partition("chat_id=")[2]
            assert by_chat[chat_id] == sent.cookies["cna"]
        cookies = {one.request.cookies["cna"] for one in site.heard_on("/api/v2/chat/completions")}
        assert cookies == {first.cookies["cna"], text["cookies"]["cna"]}


def test_the_state_of_the_keyring_is_told(site: PracticeSite) -> None:
    """R64"""
    ring = MemoryRing()
    ring.is_locked = True
    with running(site, session=None, keeper=keeper(ring)) as proxy:
        told = proxy.control("status")
        imported = proxy.control("session", what="import", text=pasted(site))

        assert told["keyring"]["state"] == "locked"
        assert told["session"]["state"] == "locked"
        assert not imported["kept"]
        assert "Unlock it" in imported["note"]
        refused = proxy.chat(key=make_secret())
        assert (refused.status, refused.code) == (503, "credential_store_locked")
        assert 1 <= int(refused.headers["retry-after"]) <= 59
        ring.is_locked = False
        ready = {"state": "ready", "saved": True, "note": ""}
        until(lambda: proxy.control("status")["keyring"] == ready)
        assert "/session" in str(ring.entries)


def test_two_imports_at_once_do_not_get_into_each_other(site: PracticeSite) -> None:
    ring = MemoryRing()
    with running(site, session=None, keeper=keeper(ring)) as proxy:
        good = pasted(site)
        answer = acts.value({"success": True, "data": {"email": "person@practice.example"}})
        site.on("settings", acts.Slow(answer, 0.3))
        told: list[object] = []

        def bring() -> None:
            told.append(proxy.control("session", what="import", text=good))

        thread = threading.Thread(target=bring)
        thread.start()
        site.wait_until(lambda: site.heard_on("/api/v2/users/user/settings"))
        with pytest.raises(DoorError):
            proxy.control(
                "session", what="import", text='{"token": "x", "cookies": {"acw_tc": "1"}}'
            )
        thread.join()
        sent = json.loads(good)
        assert proxy.control("session", what="show")["state"] == "signed_in"
        assert proxy.control("session", what="show")["account"] == "person@practice.example"
        assert sent["cookies"]["cna"] in str(ring.entries)


def test_a_token_that_cannot_stand_in_a_header_is_refused(site: PracticeSite) -> None:
    with running(site) as proxy:
        for token in ("a\nb", "a b", "kaf\u00e9"):
            with pytest.raises(DoorError, match="odd characters"):
                proxy.control(
                    "session",
                    what="import",
                    text=json.dumps({"token": token, "cookies": {"refresh_token": "x"}}),
                )
        told = proxy.control("session", what="import", text=pasted(site) + "\n")

        assert told["said"][-1].startswith("Qwen takes it")
        assert proxy.chat().status == 200


@pytest.mark.slow
def test_a_session_that_is_tried_out_is_nobody_s_yet(site: PracticeSite) -> None:
    with running(site, session=None) as proxy:
        site.on("settings", acts.Slow(acts.refused("Forbidden", "suspended", 403), 1.5))
        failed: list[DoorError] = []

        def bring() -> None:
            with pytest.raises(DoorError) as error:
                proxy.control("session", what="import", text=pasted(site))
            failed.append(error.value)

        thread = threading.Thread(target=bring)
        thread.start()
        site.wait_until(lambda: site.heard_on("/api/v2/users/user/settings"))
        state, code = proxy.control("status")["session"]["state"], proxy.chat().code
        is_tried = thread.is_alive()
        thread.join()

        assert is_tried
        assert (state, code) == ("signed_out", "not_signed_in")
        assert "was not taken" in str(failed[0])
        assert not site.heard_on("/api/v2/chats/new")
