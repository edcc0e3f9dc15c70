"""Three exceptions at the door, over real sockets: pages, programs without a key, other devices."""

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from tests.harness import QUICK, Running, running
from tests.proxy.wire import Said, chat, request, untouched
from tests.waiting import until
from tray_app.practice import PracticeSite
from tray_app.proxy.limits import Limits
from tray_app.proxy.visitors import KEPT, Visitors

APP = "https://app.example"
OTHER = "https://other.example"
DEVICE = "127.0.0.2"
"""Stands for this computer's address in a network: it is none of the proxy's two loopbacks."""


@pytest.fixture
def visitors(proxy: Running) -> Visitors:
    return proxy.service.parts.person.visitors


@pytest.fixture
def opened(site: PracticeSite) -> Iterator[Running]:
    """A proxy that other devices can reach."""
    with running(site, settings=QUICK.__class__(network_host=DEVICE, hosts=("pc.lan",))) as proxy:
        yield proxy


def device_key(proxy: Running, name: str = "phone") -> str:
    secret: str = proxy.control("key", what="new", name=name)["secret"]
    proxy.control("key", what="set", name=name, field="network", value="yes")
    return secret


def from_device(proxy: Running, key: str | None, host: str = f"{DEVICE}:PORT", *more: str) -> Said:
    return request(proxy, "GET /v1/models", *more, host=host, key=key, address=DEVICE)


def test_another_device_needs_a_key_that_is_made_for_it(opened: Running) -> None:
    """S19"""
    key = device_key(opened)
    here, wrong = from_device(opened, "right"), from_device(opened, "sk-wrong")

    for host in (f"{DEVICE}:PORT", DEVICE, f"{DEVICE}:9", "pc.lan", "PC.LAN:PORT"):
        assert from_device(opened, key, host).status == 200
    assert (here.status, wrong.status) == (401, 401)
    assert here.body == wrong.body
    assert from_device(opened, None).status == 401
    opened.control("key", what="set", name="phone", field="network", value="no")
    assert from_device(opened, key).status == 401
    assert request(opened, "GET /v1/models", key=key).status == 200


@pytest.mark.parametrize(
    "host",
    ["127.0.0.3:PORT", "192.168.1.5:PORT", f"{DEVICE}.evil.example", "x.pc.lan", "evil.example",
     "[127.0.0.2]:PORT", "127.0.0.02", "[::ffff:127.0.0.2]", "0.0.0.0", "2130706434"],
)  # fmt: skip
def test_in_the_network_every_name_that_was_not_set_is_foreign(opened: Running, host: str) -> None:
    """S19"""
    answer = from_device(opened, device_key(opened), host)

    assert (answer.status, answer.code) == (403, "host_not_allowed")
    assert request(opened, "GET /v1/models", host=host).status == 403


def test_both_loopbacks_stay_as_they_are_beside_the_network(opened: Running) -> None:
    network = opened.service.status.network

    assert chat(opened).status == 200
    assert request(opened, host="[::1]:PORT", address="::1").status == 200
    assert network.address == DEVICE
    assert network.endpoint == f"http://{DEVICE}:{opened.port}/v1"
    assert network.note == ""


def test_the_network_is_let_in_no_longer_by_an_address_that_is_unset(opened: Running) -> None:
    key = device_key(opened)
    assert opened.control("settings", what="set", name="network_host", value="") is True
    assert from_device(opened, key).status == 403


def test_an_address_of_the_command_line_follows_the_same_rule(site: PracticeSite) -> None:
    """S19"""
    with running(site, host=DEVICE) as proxy:
        key = device_key(proxy)

        assert from_device(proxy, key).status == 200
        assert from_device(proxy, "right").status == 401
        assert from_device(proxy, key, "127.0.0.3").status == 403
        assert proxy.base_url == f"http://{DEVICE}:{proxy.port}/v1"


def test_where_every_address_is_open_each_connection_is_looked_at(site: PracticeSite) -> None:
    """S14, S19"""
    settings = QUICK.__class__(hosts=("pc.lan",))
    with running(site, host="0.0.0.0", settings=settings) as proxy:
        key = device_key(proxy)

        assert request(proxy).status == 200
        assert from_device(proxy, key, "pc.lan").status == 200
        assert from_device(proxy, "right", "pc.lan").status == 401
        assert from_device(proxy, key, "0.0.0.0:PORT").status == 403
        assert from_device(proxy, key).status == 403
        assert proxy.service.status.network.address == "0.0.0.0"


def test_other_devices_neither_fill_the_list_nor_ask(opened: Running) -> None:
    visitors = opened.service.parts.person.visitors
    visitors.open_pairing()
    answer = from_device(opened, device_key(opened), f"{DEVICE}:PORT", f"Origin: {APP}")

    assert (answer.status, answer.code) == (403, "origin_not_allowed")
    assert visitors.status().blocked == ()
    assert visitors.status().asking is None


def is_closed(sock: socket.socket) -> bool:
    """Whether the other side has closed this; waits for that no longer than the socket's time."""
    try:
        return sock.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


def test_other_devices_cannot_take_every_connection(site: PracticeSite) -> None:
    limits = Limits(
        connections=3, device_connections=2, surplus_connections=0, idle_connection_s=60.0
    )
    settings = QUICK.__class__(network_host=DEVICE)
    with running(site, settings=settings, limits=limits) as proxy:
        theirs = [socket.create_connection((DEVICE, proxy.port), timeout=20) for _ in range(8)]
        assert all(is_closed(sock) for sock in theirs[2:])
        own = [socket.create_connection(("127.0.0.1", proxy.port), timeout=2) for _ in range(2)]
        served = chat(proxy).status
        for sock in theirs + own:
            sock.close()
        key = device_key(proxy)
        # A connection that was closed here may count there for a moment.
        until_s = time.monotonic() + 10
        later = 0
        while later != 200 and time.monotonic() < until_s:
            with contextlib.suppress(ConnectionError, IndexError):
                later = from_device(proxy, key).status

    assert (served, later) == (200, 200)


@pytest.mark.slow
def test_another_device_that_asks_for_nothing_is_not_waited_for(site: PracticeSite) -> None:
    """Neither is one that never ends its question; one that asked may take its time."""
    settings = QUICK.__class__(network_host=DEVICE)
    question = f"GET /health HTTP/1.1\r\nHost: {DEVICE}\r\n".encode()
    with running(site, settings=settings, limits=Limits(device_head_s=1.0)) as proxy:
        where = (DEVICE, proxy.port)
        silent, slow, good = (socket.create_connection(where, timeout=10) for _ in range(3))
        own = socket.create_connection(("127.0.0.1", proxy.port), timeout=2)
        slow.sendall(question)
        good.sendall(question + b"\r\n")
        assert good.recv(65536).startswith(b"HTTP/1.1 200")
        assert is_closed(silent)
        assert is_closed(slow)
        for sock in (good, own):
            sock.sendall(question.replace(DEVICE.encode(), b"localhost") + b"\r\n")
            assert sock.recv(65536).startswith(b"HTTP/1.1 200")
        for sock in (silent, slow, good, own):
            sock.close()


BROWSERS: list[tuple[str, ...]] = [
    ("Origin: http://localhost:3000",), ("Origin: chrome-extension://" + "a" * 32,),
    ("Sec-Fetch-Site: none",), ("Sec-Fetch-Site: same-origin",), ("Sec-Fetch-Site: same-site",),
    ("Sec-Fetch-Site: cross-site",),
    ("Origin: http://localhost:3000", "Sec-Fetch-Site: same-site"),
]  # fmt: skip
FORWARDED: list[tuple[str, ...]] = [
    ("Forwarded: for=192.168.1.9",), ("X-Forwarded-For: 127.0.0.1",), ("Via: 1.1 front",),
    ("x-forwarded-for:",),
]  # fmt: skip


def test_without_a_key_programs_are_served_while_the_person_says_so(
    proxy: Running, visitors: Visitors
) -> None:
    """S39"""
    before = chat(proxy, key=None).status
    visitors.serve_keyless(True)
    during = chat(proxy, key=None)
    models = request(proxy, "GET /v1/models", "Sec-Fetch-Mode: cors", key=None)
    visitors.serve_keyless(False)

    assert (before, during.status, models.status, chat(proxy, key=None).status) == (
        401, 200, 200, 401,
    )  # fmt: skip
    assert not during.is_readable_by_pages
    assert until(lambda: proxy.service.status.recent[0].key) == "default"


@pytest.mark.parametrize("headers", BROWSERS + FORWARDED)
def test_without_a_key_no_browser_is_served_and_nobody_by_way_of_another_server(
    proxy: Running, visitors: Visitors, headers: tuple[str, ...]
) -> None:
    """S39"""
    visitors.serve_keyless(True)
    refused = chat(proxy, *headers, key=None)

    assert (refused.status, refused.code) == (401, "invalid_api_key")
    untouched(proxy)
    assert chat(proxy, *headers).status == 200


def test_without_a_key_web_pages_and_foreign_names_are_refused_as_ever(
    proxy: Running, visitors: Visitors
) -> None:
    """S5, S43, S50"""
    visitors.serve_keyless(True)
    assert chat(proxy, f"Origin: {APP}", key=None).status == 403
    assert chat(proxy, "Origin: null", key=None).status == 403
    assert request(proxy, host="evil.example", key=None).status == 403
    untouched(proxy)


@pytest.mark.parametrize(
    "header",
    ["Authorization: Bearer sk-wrong", "Authorization: Bearer", "Authorization: Basic eDp5",
     "x-api-key: wrong", "api-key:"],
)  # fmt: skip
def test_a_wrong_key_is_wrong_in_keyless_mode_too(
    proxy: Running, visitors: Visitors, header: str
) -> None:
    """S22, S39"""
    visitors.serve_keyless(True)
    assert chat(proxy, header, key=None).status == 401
    untouched(proxy)


def test_without_a_key_the_default_client_and_its_profile_are_meant(
    proxy: Running, visitors: Visitors
) -> None:
    visitors.serve_keyless(True)
    proxy.control("key", what="set", name="default", field="reasoning", value="hidden")
    hidden = proxy.chat(key=None, model="qwen3.7-plus-thinking")
    proxy.control("key", what="set", name="default", field="reasoning", value="both")
    shown = proxy.chat(key=None, model="qwen3.7-plus-thinking")
    proxy.control("key", what="revoke", name="default")

    assert not hidden.reasoning
    assert shown.reasoning
    assert proxy.chat(key=None).status == 200


def test_other_devices_need_a_key_in_keyless_mode_too(opened: Running) -> None:
    """S19, S39"""
    opened.service.parts.person.visitors.serve_keyless(True)
    assert from_device(opened, None).status == 401
    assert request(opened, "GET /v1/models", key=None).status == 200


def test_the_keyless_mode_outlives_a_restart_of_the_proxy_but_no_process(
    proxy: Running, visitors: Visitors
) -> None:
    """S39"""
    visitors.serve_keyless(True)
    visitors.turned_away(APP)
    parts = proxy.service.parts

    assert proxy.control("status")["visitors"]["keyless"] is True
    assert parts.person.__class__(None).visitors.status().keyless is False
    assert not any("keyless" in name for name in parts.settings.__struct_fields__)


def preflight(proxy: Running, origin: str) -> Said:
    return request(
        proxy, "OPTIONS /v1/chat/completions", f"Origin: {origin}",
        "Access-Control-Request-Method: POST", key=None,
    )  # fmt: skip


def test_a_web_app_is_asked_about_approved_and_let_in_by_its_exact_origin(
    proxy: Running, visitors: Visitors
) -> None:
    """S44, S49"""
    assert "try again" not in preflight(proxy, APP).body.decode()
    visitors.open_pairing()
    asked = preflight(proxy, APP)
    status = proxy.control("status")["visitors"]
    assert (asked.status, asked.code) == (403, "origin_not_allowed")
    assert not asked.is_readable_by_pages
    assert "asks its person" in asked.body.decode()
    assert "try again" in asked.body.decode()
    assert status["asking"] == APP
    assert 1 <= status["pairing_s_left"] <= 120
    assert list(status["blocked"]) == [{"origin": APP, "count": 2}]

    visitors.answer(APP, True)
    proxy.control("settings", what="set", name="origins", value=f'["{APP}"]')
    assert preflight(proxy, APP).status == 204
    assert chat(proxy, f"Origin: {APP}").status == 200
    assert chat(proxy, f"Origin: {APP}", key=None).status == 401
    for near in (
        f"{APP}.evil.com", f"{APP}x", f"{APP}:9999", "http://app.example", f"{APP}/path",
        "https://sub.app.example", f"{APP}.", "https://app", f"{APP} {OTHER}",
    ):  # fmt: skip
        assert chat(proxy, f"Origin: {near}").status == 403
    proxy.control("settings", what="set", name="origins", value="[]")
    assert preflight(proxy, APP).status == 403


def test_an_origin_that_was_refused_is_told_no_hope(proxy: Running, visitors: Visitors) -> None:
    visitors.open_pairing()
    preflight(proxy, APP)
    visitors.answer(APP, False)
    assert "try again" not in preflight(proxy, APP).body.decode()


def test_what_the_setting_admits_is_asked_about_no_longer(
    proxy: Running, visitors: Visitors
) -> None:
    visitors.open_pairing()
    preflight(proxy, APP)
    proxy.control("settings", what="set", name="origins", value=f'["{APP}"]')

    assert (visitors.status().asking, visitors.status().blocked) == (None, ())


@pytest.mark.parametrize("is_open", [False, True])
def test_a_thousand_pages_are_one_notice_or_one_question(calm: Running, is_open: bool) -> None:
    """S62"""
    visitors = calm.service.parts.person.visitors
    if is_open:
        visitors.open_pairing()
    for number in range(1000):
        assert preflight(calm, f"https://{number}.example").status == 403

    status = visitors.status()
    assert status.asking == ("https://0.example" if is_open else None)
    assert status.notices == (0 if is_open else 1)
    assert [one.origin for one in status.blocked] == [
        f"https://{number}.example" for number in range(999, 999 - KEPT, -1)
    ]
    assert chat(calm).status == 200
