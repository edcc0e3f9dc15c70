"""The door as a whole: routes, methods, and what every answer carries."""

import json
import socket
from pathlib import Path

import pytest

from tests.harness import Running, running
from tests.proxy.wire import CHAT, chat, first, request, said, untouched
from tray_app.core.redact import Redactor
from tray_app.practice import PracticeSite
from tray_app.proxy.limits import Limits
from tray_app.store.logs import start_logging, stop_logging

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


@pytest.mark.parametrize("line", ["CONNECT evil:443", "TRACE /", "OPTIONS *"])
def test_portico_is_no_forward_proxy(proxy: Running, line: str) -> None:
    """S20"""
    answer = request(proxy, line, "X-Planted: planted")

    assert answer.status in {403, 404, 405}
    assert b"planted" not in answer.body


ROUTES = [
    "/", "/health", "/models", "/models/qwen3.7-plus", "/chat/completions", "/completions",
    "/v1/models", "/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/messages",
    "/api/tags", "/api/chat", "/nowhere",
]  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_every_route_but_health_and_the_greeting_wants_the_key(proxy: Running, method: str) -> None:
    """S34, S36, S37"""
    for route in ROUTES:
        answer = request(proxy, f"{method} {route}", key=None)
        is_open = route in {"/", "/health"} and method in {"GET", "HEAD"}
        assert answer.status == 200 if is_open else answer.status in {401, 403, 404, 405}
        if not is_open and answer.body:
            assert answer.code in {"invalid_api_key", "host_not_allowed"}
    untouched(proxy)


@pytest.mark.parametrize(
    "path",
    ["//v1/models", "/v1//models", "/V1/models", "/v1/models/", "/v1/./models",
     "/health/../v1/models", "/v1%2fmodels", "/v1/models%00", "/v1/models;x", "/v1/models?x#",
     "\\v1\\models", "/health/x", "//health/../v1/models"],
)  # fmt: skip
def test_no_spelling_of_a_path_gets_around_the_key(proxy: Running, path: str) -> None:
    """S35"""
    assert request(proxy, f"GET {path}", key=None).status != 200


def test_no_other_method_gets_around_it_either(proxy: Running) -> None:
    """S36"""
    override = "X-HTTP-Method-Override: GET"
    assert request(proxy, "POST /v1/models", override, key=None).status == 401
    assert request(proxy, "POST /v1/models", override).status == 405
    assert request(proxy, "POST /v1/models?_method=GET").status == 405
    head = request(proxy, "HEAD /v1/models")
    assert (head.status, head.body) == (200, b"")


def test_sloppy_paths_are_understood_with_the_key(proxy: Running) -> None:
    for path in (
        "//v1/models", "/v1//models", "/v1/models/", "/models", "/v1/models?x=1", "/v1/v1/models",
    ):  # fmt: skip
        assert request(proxy, f"GET {path}").status == 200


def test_a_wrong_method_is_told_the_right_one(proxy: Running) -> None:
    answer = request(proxy, "GET /v1/chat/completions")

    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert answer.header("Allow") == "POST"


def test_health_says_that_it_is_well_and_nothing_else(proxy: Running) -> None:
    """S38"""
    answer = request(proxy, "GET /health", key=None)
    greeting = request(proxy, "GET /", key=None)

    assert json.loads(answer.body) == {"status": "ok"}
    assert not answer.is_readable_by_pages
    assert greeting.status == 200
    assert (greeting.header("Content-Type") or "").startswith("text/plain")


def test_a_large_body_is_not_read_without_a_key(proxy: Running) -> None:
    """S33"""
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: application/json\r\nContent-Length: {20 << 20}\r\n"
    )
    for more in ("\r\n", "Expect: 100-continue\r\n\r\n"):
        # Nothing of the body was sent, so none of it was waited for.
        refused = first(proxy, f"{head}{more}".encode())
        assert (refused.status, refused.header("Connection")) == (401, "close")
    untouched(proxy)


def test_with_a_key_a_client_that_asks_first_is_told_to_go_on(proxy: Running) -> None:
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Authorization: Bearer {proxy.key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(CHAT)}\r\nExpect: 100-continue\r\n\r\n"
    )
    answer = proxy.raw(head.encode() + CHAT)

    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    "more", [(), ("Origin: https://evil.example",), ("Origin: http://localhost:1",)]
)
def test_there_are_no_web_sockets(proxy: Running, more: tuple[str, ...]) -> None:
    """S59"""
    upgrade = (
        "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGVzdGluZ3Rlc3Rpbmc=",
    )  # fmt: skip
    for path in ("/", "/v1/models", "/v1/chat/completions", "/nowhere"):
        assert request(proxy, f"GET {path}", *upgrade, *more).status in {400, 404, 426}


def test_there_is_no_script_padding(proxy: Running) -> None:
    """S60"""
    answer = request(proxy, "GET /v1/models?callback=x")

    assert answer.header("Content-Type") == "application/json"
    assert json.loads(answer.body)["object"] == "list"


def test_every_kind_of_answer_carries_what_it_must(proxy: Running) -> None:
    """S57, S61"""
    answers = [
        chat(proxy), chat(proxy, key=None), chat(proxy, "Origin: https://evil.example"),
        request(proxy, "GET /v1/models"), request(proxy, "GET /nowhere"), request(proxy, "GET /"),
        request(proxy, host=None), request(proxy, "GET /v1/models", "Bad Header: x"),
        request(proxy, "POST /v1/chat/completions", "Content-Type: text/plain", body=b"x"),
        said(proxy.raw(b"\x16\x03\x01\x02\x00")), said(proxy.raw(b"rubbish\r\n\r\n")),
    ]  # fmt: skip

    assert [one.status for one in answers] == [
        200, 401, 403, 200, 404, 200, 400, 400, 415, 400, 400,
    ]  # fmt: skip


def test_a_request_has_an_id_of_ours_and_may_have_one_of_its_own(proxy: Running) -> None:
    ours = request(proxy, "GET /v1/models", "x-request-id: mine_1-2")
    long = request(proxy, "GET /v1/models", f"x-request-id: {'x' * 65}")

    assert ours.header("x-request-id") not in {None, "mine_1-2"}
    assert ours.header("x-client-request-id") == "mine_1-2"
    assert long.header("x-client-request-id") is None


def test_what_the_site_has_nothing_for_is_a_501(proxy: Running) -> None:
    answer = request(proxy, "POST /v1/embeddings", "Content-Type: application/json", body=b"{}")

    assert (answer.status, answer.code) == (501, "not_supported")
    assert answer.header("x-should-retry") == "false"


def test_no_more_connections_than_the_limit_are_kept(site: PracticeSite) -> None:
    limits = Limits(connections=2, surplus_connections=0, idle_connection_s=60.0)
    with running(site, limits=limits) as proxy:
        address = ("127.0.0.1", proxy.port)
        socks = [socket.create_connection(address, timeout=20) for _ in range(4)]
        dropped = [_is_dropped(sock) for sock in socks[2:]]
        for sock in socks:
            sock.close()

        assert dropped == [True, True]


def _is_dropped(sock: socket.socket) -> bool:
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_bug_of_ours_is_told_by_its_id_alone_and_the_log_hides_what_is_secret(
    site: PracticeSite, tmp_path: Path
) -> None:
    """S78"""
    canary = "canary-of-a-session-7f3a9c"

    def broken() -> float:
        raise RuntimeError(f"no clock for {canary}, Authorization: Bearer {canary}")

    start_logging(tmp_path, "info", Redactor([canary]))
    try:
        with running(site, wall_clock=broken, session=None) as proxy:
            answer = request(proxy, "GET /v1/models")
    finally:
        stop_logging()
    number = answer.header("x-request-id") or "?"
    lines = (tmp_path / "portico.log").read_text("utf-8").splitlines()
    told = [line for line in lines if number in line and "bug" in line]

    assert (answer.status, answer.code) == (500, "internal_error")
    assert set(json.loads(answer.body)) == {"error"}
    assert number in json.loads(answer.body)["error"]["message"]
    whole = repr(answer)
    assert not [word for word in ("Traceback", ".py", "File", "clock", canary) if word in whole]
    assert len(told) == 1
    assert all(word in told[0] for word in ("Traceback", "RuntimeError", "no clock for"))
    assert canary not in "".join(lines)


def test_a_picture_at_our_own_address_is_not_fetched(proxy: Running) -> None:
    """S24b"""
    url = f"http://127.0.0.1:{proxy.port}/v1/models?key={proxy.key}"
    part = {"type": "image_url", "image_url": {"url": url}}
    before = proxy.control("key", what="list")["keys"][0]["last_used_s"]
    reply = proxy.ask(
        "POST",
        "/v1/chat/completions",
        {"model": "qwen3.7-plus", "messages": [{"role": "user", "content": [part]}]},
    )

    assert before is None
    assert (reply.status, reply.code) == (400, "image_url_not_allowed")
    assert proxy.key not in reply.body.decode()
    # To know the model, the list may have been asked for meanwhile, and nothing else.
    assert {heard.request.path for heard in proxy.site.heard} <= {"/api/models"}


@pytest.mark.parametrize(
    "path",
    [
        "/../settings.json", "/v1/../../etc/passwd", "/a/../b", "/..\\etc", "/a\\..\\..\\b",
        "/%2e%2e/settings.json", "/%252e%252e/x", "//etc/passwd", "/C:", "/C:rel",
        "/\\\\srv\\share", "/v1/models/..%2f..%2fsettings.json", "/assets/portico.png",
        "/door.sock", "/logs/portico.log", "/CON", "/x::$DATA", "/1.0..2.0", "/foo..bar", "/%00",
    ],
)  # fmt: skip
def test_no_path_leads_to_a_file(proxy: Running, path: str) -> None:
    """S93"""
    reply = proxy.raw(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {proxy.key}\r\n"
        "Connection: close\r\n\r\n".encode()
    )

    assert reply.split(b" ", 2)[1] in {b"400", b"404"}
    assert b"root:" not in reply
