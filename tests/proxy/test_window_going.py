"""When the window goes while its page makes calls, or the proxy while it asks: R40, R65."""

import time
from collections.abc import Callable

import pytest

from tests.harness import running
from tests.paper import PaperWindow, windowed
from tests.proxy.equals import steps
from tests.proxy.test_handoff import asks, crowd
from tests.waiting import until
from tray_app.practice import PracticeSite, acts


@pytest.mark.slow
def test_a_proxy_that_asks_is_stopped_in_time_and_its_session_goes_on(site: PracticeSite) -> None:
    """R40"""
    site.page_only = True
    window = PaperWindow(site)
    window.sign_in()
    with crowd() as people:
        with running(site, session=None, window=window) as proxy:
            proxy.control("session", what="adopt")
            site.challenge("modal")
            for stream in (True, False, False):
                people.ask(proxy, stream=stream)
            asks(proxy)
            began_s = time.monotonic()
            parts = proxy.service.parts
        assert time.monotonic() - began_s < 5
    codes = [reply.code if reply.status != 200 else "" for reply in people.replies]
    assert set(codes) == {"server_stopping"}
    window.answer()
    with running(site, session=parts.person.owner.session, window=window) as proxy:
        assert proxy.control("session", what="show")["by_window"]
        assert proxy.chat().status == 200
    window.stop()


def ends(kind: str) -> Callable[[PaperWindow], None]:
    def end(window: PaperWindow) -> None:
        if kind == "closed":
            window.die()
        else:
            window.go("/")

    end.__name__ = kind
    return end


@pytest.mark.slow
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize(
    ("end", "code"), [(ends("closed"), "window_closed"), (ends("left"), "upstream_disconnected")]
)
def test_a_window_that_goes_ends_what_its_page_was_asked(
    site: PracticeSite, end: Callable[[PaperWindow], None], code: str, stream: bool
) -> None:
    """R65"""
    with windowed(site) as (proxy, window):
        token = proxy.service.parts.person.owner.session
        with crowd() as people:
            site.will(acts.say("begun ", finished=False, then="hang"))
            people.ask(proxy, stream=stream)
            site.wait_until(lambda: site.open_streams == 1)
            until(lambda: steps(proxy) == ["answering"])
            end(window)
            began_s = time.monotonic()
            [reply] = people.gather()

        assert time.monotonic() - began_s < 2
        assert (reply.error["code"] if stream else reply.code) == code
        # It comes back by itself, with the same session.
        assert proxy.chat().status == 200
        assert proxy.service.parts.person.owner.session == token
