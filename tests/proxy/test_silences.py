"""Empty answers, which may be a silent block: put to the person, and not told as a check."""

import pytest

from tests.paper import windowed
from tests.proxy.equals import steps
from tests.proxy.test_handoff import BRIEF, _no_spacing, asks, completions, crowd, state
from tests.waiting import until
from tray_app.practice import PracticeSite, acts

__all__ = ["_no_spacing"]


@pytest.mark.slow
def test_empty_answers_in_a_row_are_put_to_the_person(site: PracticeSite) -> None:
    """R35"""
    with windowed(site, hurry=8.0) as (proxy, window), crowd() as people:
        site.will(acts.EMPTY, acts.EMPTY)
        codes = [proxy.chat().code for _ in range(2)]
        asks(proxy)
        people.ask(proxy)
        until(lambda: steps(proxy))
        proxy.let_pass(4.0)
        asked = completions(site)
        proxy.control("resume")

        assert codes == ["upstream_empty"] * 2
        assert asked == 2
        assert people.gather()[0].status == 200
        until(lambda: window.status.state == "hidden")


@pytest.mark.slow
def test_a_silence_into_which_nobody_looked_is_not_told_as_a_check(site: PracticeSite) -> None:
    with windowed(site, limits=BRIEF) as (proxy, _):
        site.will(acts.EMPTY, acts.EMPTY)
        assert [proxy.chat().code for _ in range(2)] == ["upstream_empty"] * 2
        assert proxy.control("status")["hold"]["cause"] == "silence"
        until(lambda: state(proxy) == "holding")
        assert b"answered nothing twice" in proxy.chat().body
