"""What tray and notices say in every state, and between them."""

import itertools
from typing import Any

import pytest

from tests.desktop.snapshots import NOW_S, facts, session, visitors
from tray_app.desktop.facts import Facts
from tray_app.desktop.look import IconName
from tray_app.desktop.state import WARN_S, decide, icon_of
from tray_app.desktop.words import LANGUAGES, Words
from tray_app.proxy.brakes import HoldStatus
from tray_app.proxy.safe import SafeStatus
from tray_app.proxy.status import NetworkStatus, QueueStatus, Run
from tray_app.proxy.visitors import Blocked

ENGLISH = Words("en")
HOLD = HoldStatus("account", 600)
FAILING = HoldStatus("network", 30)
ASKING = HoldStatus("asking", 100, "check")
ASKING_SILENT = HoldStatus("asking", 100, "silence")
BUSY = {"queue": QueueStatus(waiting=3, in_flight=2)}
STATES: list[tuple[Facts, IconName, str]] = [
    (Facts(run=Run("starting"), settings=facts().settings), "starting", "Starting…"),
    (facts(run=Run("stopped")), "stopped", "Stopped"),
    (facts(run=Run("stopping")), "starting", "Stopping…"),
    (facts(run=Run("starting", "x", "died")), "starting", "Failed, starting again…"),
    (facts(run=Run("failed", "x", "died")), "error", "Stopped after repeated failures"),
    (facts(run=Run("failed", "x", "port_taken")), "error", "Port 7936 is taken"),
    (facts(run=Run("failed", "x", "port_denied")), "error", "Port 7936 is not allowed"),
    (facts(run=Run("failed", "x", "address_gone")), "error", "The address is not there"),
    (facts(), "running", "Running on port 7936"),
    (facts(practice=True), "running", "Practice mode on port 7936"),
    (facts(status=BUSY, busy_for_s=0.5), "running",
     "Running on port 7936 · answering 2 · waiting 3"),
    (facts(status=BUSY, busy_for_s=1.0), "busy", "Running on port 7936 · answering 2 · waiting 3"),
    (facts(status={"network": NetworkStatus("192.168.1.5")}), "running",
     "Running on port 7936 · open to your network"),
    (facts(status={"hold": ASKING}), "needs_you", "Qwen asks for a person: look at its window"),
    (facts(status={"hold": ASKING_SILENT}), "needs_you",
     "Qwen answers nothing: look at its window"),
    (facts(status={"hold": HOLD}), "cooling_down", "Pausing for Qwen, 10 min left"),
    (facts(status={"hold": HoldStatus("account", 42)}), "cooling_down",
     "Pausing for Qwen, 45 s left"),
    (facts(status={"hold": FAILING}), "cooling_down", "Qwen keeps failing, next try in 30 s"),
    (facts(status={"hold": HoldStatus("network", 0)}), "cooling_down",
     "Qwen keeps failing, the next request tries again"),
    (facts(status={"session": session("signed_out")}), "signed_out", "Nobody is signed in"),
    (facts(status={"session": session("guest")}), "signed_out", "Only a guest is signed in"),
    (facts(status={"session": session("expired")}), "signed_out", "The session has ended"),
    (facts(status={"session": session("revoked")}), "signed_out", "Qwen ended the session"),
    (facts(status={"session": session("refused")}), "signed_out", "Qwen refuses the session"),
    (facts(status={"session": session("locked")}), "needs_you", "The keyring is locked"),
    (facts(status={"visitors": visitors(asking="https://a.example")}), "needs_you",
     "https://a.example wants to connect"),
]  # fmt: skip


@pytest.mark.parametrize(("known", "icon", "tip"), STATES, ids=[tip for *_, tip in STATES])
def test_every_state_has_its_icon_and_its_line(known: Facts, icon: IconName, tip: str) -> None:
    look = decide(known, ENGLISH).look

    assert (look.icon, look.tip) == (icon, tip)
    assert look.rows[0].label == tip.partition(" · answering")[0]
    assert not look.rows[0].enabled


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_can_be_said_in_every_language(language: str) -> None:
    words = Words(language)
    for known, icon, _ in STATES:
        decision = decide(known, words)
        assert decision.look.icon == icon
        assert decision.look.tip
        assert all(notice.title and notice.text for notice in decision.notices.values())


def test_from_every_state_to_every_other_the_look_is_the_states_own() -> None:
    looks = [decide(known, ENGLISH).look for known, *_ in STATES]
    for (before, *_), (after, icon, _) in itertools.permutations(STATES, 2):
        decide(before, ENGLISH)
        assert icon_of(after) == icon
    assert looks == [decide(known, ENGLISH).look for known, *_ in STATES]


@pytest.mark.parametrize(
    ("known", "about", "words"),
    [
        (facts(run=Run("failed", "", "port_taken")), "run.failed.port_taken", "Another program"),
        (facts(run=Run("failed", "", "died")), "run.failed.died", "again and again"),
        (facts(run=Run("starting", "", "died")), "run.starting.died", "started again"),
        (facts(status={"session": session("expired")}), "session.expired", "renew itself"),
        (facts(status={"session": session("revoked")}), "session.revoked", "Sign in again"),
        (facts(status={"hold": ASKING}), "check", "answer it there"),
        (facts(status={"hold": ASKING_SILENT}), "check", "answered nothing twice"),
        (facts(status={"hold": HOLD}), "hold", "chat.qwen.ai"),
        (facts(status={"hold": HoldStatus("verification", 600, "silence")}), "hold",
         "answered nothing twice"),
        (facts(status={"hold": FAILING}), "failing", "internet connection"),
        (facts(status={"hold": HoldStatus("network", 0)}), "failing", "internet connection"),
        (facts(status={"keyring": SafeStatus("locked", saved=False, note="")}), "keyring.locked",
         "Unlock"),
        (facts(status={"visitors": visitors(blocked=(Blocked("https://a.example", 1),),
                                            notices=1)}), "visitor.1", "https://a.example"),
        (facts(log_fails=True), "log", "disk is full"),
    ],
)  # fmt: skip
def test_what_a_person_should_know_is_a_notice(known: Facts, about: str, words: str) -> None:
    """R58, R61"""
    notices = decide(known, ENGLISH).notices

    assert list(notices) == [about]
    assert words in notices[about].text


@pytest.mark.parametrize(
    "known",
    [facts(), facts(status=BUSY, busy_for_s=5.0), facts(run=Run("stopped")),
     facts(status={"session": session("signed_out")}), facts(run=Run("starting"))],
)  # fmt: skip
def test_what_a_person_did_or_sees_anyway_is_none(known: Facts) -> None:
    assert decide(known, ENGLISH).notices == {}


@pytest.mark.parametrize(
    ("left_s", "renews", "is_told"),
    [(WARN_S, False, True), (1.0, False, True), (WARN_S + 1, False, False), (10.0, True, False),
     (-1.0, False, False)],
)  # fmt: skip
def test_a_session_that_ends_for_good_is_warned_of(
    left_s: float, renews: bool, is_told: bool
) -> None:
    ending = session(expires_at=NOW_S + left_s, renews=renews)
    notices = decide(facts(status={"session": ending}), ENGLISH).notices

    assert ("session.ending" in notices) is is_told


@pytest.mark.parametrize(
    ("known", "again_s"),
    [
        (facts(run=Run("stopped"), status={"session": session(expires_at=None)}), None),
        (facts(status=BUSY, busy_for_s=0.25), 0.75),
        (facts(status=BUSY, busy_for_s=2.0), 901.0),
        (facts(status={"hold": HoldStatus("account", 600)}), 1.0),
        (facts(status={"hold": HoldStatus("account", 590)}), 51.0),
        (facts(status={"hold": HoldStatus("account", 40)}), 5.0),
        (facts(status={"hold": HoldStatus("account", 2)}), 3.0),
        (facts(status={"hold": FAILING}), 5.0),
        (facts(status={"hold": HoldStatus("network", 0)}), 901.0),
        (facts(status={"visitors": visitors(pairing_s_left=90)}), 91.0),
        (facts(status={"session": session(expires_at=NOW_S + 900, renews=False)}), 600.0),
        (facts(status={"session": session(expires_at=NOW_S + 60, renews=False)}), 61.0),
    ],
)
def test_a_decision_stands_until_something_happens_or_its_time_is_over(
    known: Facts, again_s: Any
) -> None:
    assert decide(known, ENGLISH).again_s == again_s
