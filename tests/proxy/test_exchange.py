"""The client's side of an answer: R77."""

from tests.harness import running
from tests.proxy.test_relay import broken
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.limits import Limits


def test_the_head_waits_for_the_answer_and_then_the_client_is_kept_waiting(
    site: PracticeSite,
) -> None:
    """R77"""
    with running(site, limits=Limits(commit_s=0.5, heartbeat_s=0.3, tick_s=0.05)) as proxy:
        site.will(acts.Slow(acts.say("late"), 1.5), acts.say("soon"))
        late = proxy.chat(stream=True)
        soon = proxy.chat(stream=True)

        assert late.text == "late"
        assert late.body.startswith(b": keep-alive\n\n: keep-alive\n\n")
        assert late.body.count(b": keep-alive") <= 5
        assert b": keep-alive" not in soon.body


def test_an_error_has_a_status_before_the_head_and_a_frame_after_it(site: PracticeSite) -> None:
    """R77"""
    with running(site, limits=Limits(commit_s=0.4, tick_s=0.05)) as proxy:
        site.will(acts.Slow(acts.CHALLENGE, 0.1))
        early = proxy.chat(stream=True)
        proxy.control("resume")
        site.will(acts.Slow(acts.CHALLENGE, 0.9))
        late = proxy.chat(stream=True)

        assert (early.status, early.code) == (503, "verification_needed")
        broken(late, "verification_needed")
