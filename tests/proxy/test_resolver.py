"""Looking up names: it holds nobody up."""

import socket
import threading
import time
from typing import Any

import pytest

from tests.harness import QUICK, running
from tests.proxy.baseline import held
from tests.waiting import until
from tray_app.core.site import Site
from tray_app.practice import PracticeSite
from tray_app.proxy.resolver import Resolver
from tray_app.upstreams.qwen import PAGES


async def test_a_name_becomes_addresses() -> None:
    found = await Resolver().resolve("localhost", 80)

    assert {one["host"] for one in found} == {"127.0.0.1"}
    assert {(one["hostname"], one["port"]) for one in found} == {("localhost", 80)}


async def test_a_name_that_is_none_is_an_error_of_the_system() -> None:
    for name in ("no-such-name.invalid", "x" * 70 + ".invalid"):
        with pytest.raises(OSError):
            await Resolver().resolve(name, 80)


def nowhere() -> Site:
    """A site whose name is no longer known."""
    origin = "http://names.invalid:80"
    return Site(
        name="practice", chat_origin=origin, auth_origin=origin, media_hosts=(), pages=PAGES
    )


def test_a_name_that_cannot_be_looked_up_is_a_site_that_cannot_be_reached(
    site: PracticeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R11"""
    usual = socket.getaddrinfo

    def failing(host: Any, *rest: Any, **more: Any) -> Any:
        if host == "names.invalid":
            raise socket.gaierror(socket.EAI_AGAIN, "nobody answered")
        return usual(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", failing)
    with running(site, place=nowhere()) as proxy:
        before = held(proxy)
        whole, streamed = proxy.chat(), proxy.chat(stream=True)

        assert {(reply.status, reply.code) for reply in (whole, streamed)} == {
            (502, "upstream_unreachable")
        }
        assert "offline?" in whole.json()["error"]["message"]
        until(lambda: held(proxy).is_no_more_than(before))


@pytest.mark.slow
def test_a_look_up_that_hangs_does_not_hold_up_the_stop(
    site: PracticeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R11, R48"""
    answer, usual = threading.Event(), socket.getaddrinfo

    def hanging(host: Any, *rest: Any, **more: Any) -> Any:
        if host == "names.invalid":
            answer.wait(60)
            raise socket.gaierror("nobody answered")
        return usual(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    settings = QUICK.__class__(start_spacing_s=0.0, connect_timeout_s=1.0)
    try:
        with running(site, settings=settings, place=nowhere()) as proxy:
            reply = proxy.chat()
            began_s = time.monotonic()
            thread = proxy.service._thread
        took_s = time.monotonic() - began_s
    finally:
        answer.set()

    assert (reply.status, reply.code) == (504, "upstream_timeout")
    assert not thread.is_alive()
    assert took_s < 8
