"""What goes out and what comes back on the direct transport: S115 to S119."""

import asyncio
import datetime
import ipaddress
import json
import os
import socket
import ssl
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.harness import QUICK, Running, running
from tests.proxy.baseline import house_of
from tests.waiting import until
from tray_app.compose import practice_site
from tray_app.core.calls import Call
from tray_app.practice import PracticeSite, acts
from tray_app.proxy import house
from tray_app.proxy.foreign import NoConnectionError
from tray_app.proxy.limits import Limits
from tray_app.proxy.moment import Clocks
from tray_app.proxy.transport import DirectTransport
from tray_app.upstreams.qwen import QWEN

ALLOWED = {
    "accept", "accept-encoding", "accept-language", "authorization", "content-type", "cookie",
    "origin", "referer", "user-agent", "source", "version", "timezone", "x-request-id",
    "x-accel-buffering", "x-request-origin",
}  # fmt: skip
FRAMING = {"host", "content-length", "connection", "transfer-encoding"}


def test_only_our_own_headers_go_out(proxy: Running) -> None:
    """S116"""
    planted = {
        "Cookie": "planted=1", "Origin": "http://localhost:3000", "Referer": "http://planted/",
        "X-Forwarded-For": "1.2.3.4", "X-Planted": "planted", "User-Agent": "planted/1",
        "sec-ch-ua": "planted", "version": "planted", "x-request-id": "planted",
    }  # fmt: skip
    reply = proxy.chat(headers=planted)
    proxy.site.wait_until(lambda: proxy.site.deleted)

    assert reply.status == 200
    for heard in proxy.site.heard:
        sent = {name.lower(): value for name, value in heard.request.headers}
        assert set(sent) <= ALLOWED | FRAMING
        assert "planted" not in str(sent)
        assert proxy.key not in str(sent)
        assert sent["user-agent"].startswith("Portico/")
        assert sent["source"] == "web"
    completion = proxy.site.heard_on("/api/v2/chat/completions")[0].request
    assert completion.header("accept-encoding") == "identity"
    assert completion.header("x-accel-buffering") == "no"
    assert (completion.header("referer") or "").endswith(completion.target.split("=")[1])


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("route", ["new", "completions"])
def test_redirects_are_not_followed(proxy: Running, status: int, route: str) -> None:
    """S115"""
    other = PracticeSite()
    other.start()
    try:
        away = acts.Whole(b"", status, headers=(("Location", f"{other.origin}/api/models"),))
        proxy.site.on(route, away)

        reply = proxy.chat()

        assert (reply.status, reply.code) == (502, "upstream_redirect")
        assert "location" not in reply.headers
        assert other.heard == []
    finally:
        other.stop()


@pytest.mark.parametrize(
    "planted", ["api_base", "base_url", "user_config", "extra_body", "proxy", "headers", "chat_url"]
)
def test_no_field_of_a_body_moves_the_upstream(proxy: Running, planted: str) -> None:
    """S118"""
    other = PracticeSite()
    other.start()
    try:
        value: object = {"base_url": other.origin} if planted == "extra_body" else other.origin
        message = {"role": "user", "content": "Hello"}
        body = {"model": "qwen3.7-plus", "messages": [message], planted: value}
        reply = proxy.ask("POST", "/v1/chat/completions", body)

        assert reply.status == 200
        assert planted in reply.headers["x-portico-ignored"]
        assert other.heard == []
        assert not any(other.origin.encode() in heard.request.body for heard in proxy.site.heard)
    finally:
        other.stop()


def test_wild_headers_of_an_answer_go_nowhere(proxy: Running) -> None:
    """S119"""
    cookies = b"".join(b"Set-Cookie: c%d=planted\r\n" % number for number in range(1000))
    proxy.site.will(
        acts.Raw(
            b"",
            head=b"HTTP/1.1 200 Planted Reason\r\nContent-Type: text/event-stream\r\n"
            b"X-Planted: 1\r\nContent-Length: 0\r\n\r\n",
        ),
        acts.Raw(b"", head=b"HTTP/1.1 200 OK\r\n" + cookies + b"Content-Length: 0\r\n\r\n"),
        acts.Raw(b"", head=b"HTTP/1.1 200 OK\r\nX-Big: " + b"x" * (10 << 20) + b"\r\n\r\n"),
    )
    replies = [proxy.chat() for _ in range(3)]

    assert all(reply.status in {502, 503} for reply in replies)
    assert not any("planted" in str(reply.headers).lower() for reply in replies)
    proxy.control("resume")
    proxy.chat()
    sent = proxy.site.heard[-1].request.header("cookie") or ""
    assert len(sent) < 8000


def test_cookies_that_the_site_sets_are_sent_back(proxy: Running) -> None:
    proxy.chat()
    proxy.site.wait_until(lambda: proxy.site.deleted)

    news, completion = (
        proxy.site.heard_on(path)[0].request
        for path in ("/api/v2/chats/new", "/api/v2/chat/completions")
    )
    assert news.cookies["acw_tc"] != completion.cookies["acw_tc"]
    assert {**news.cookies, "acw_tc": ""} == {**completion.cookies, "acw_tc": ""}


def test_cookies_that_cannot_be_kept_are_left_out(proxy: Running) -> None:
    odd = acts.value({"success": True, "data": {"id": "c1"}}, Set_Cookie='odd="caf\xe9"; Path=/')
    proxy.site.on("new", odd)
    proxy.chat()

    assert proxy.chat().status == 200
    assert "odd" not in proxy.site.heard[-1].request.cookies


def test_calls_go_through_the_proxy_that_is_set(site: PracticeSite) -> None:
    other = PracticeSite()
    other.start()
    try:
        settings = QUICK.__class__(outbound_proxy=other.origin, start_spacing_s=0)
        with running(site, settings=settings) as proxy:
            proxy.chat()

        assert site.heard == []
        asked = [heard.request.target for heard in other.heard]
        assert f"{site.origin}/api/v2/chats/new" in asked
    finally:
        other.stop()


def test_a_proxy_of_another_kind_is_not_gone_around(
    site: PracticeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house, "outbound_proxy", lambda *_: "socks5://127.0.0.1:9")
    with running(site) as proxy:
        reply = proxy.chat()

    assert (reply.status, reply.code) == (502, "upstream_unreachable")
    assert "socks5" in reply.json()["error"]["message"]
    assert site.heard == []


def tidied(proxy: Running) -> None:
    """Wait until whatever tidied up has given its connection back."""
    proxy.site.wait_until(lambda: not proxy.site.chats)
    proxy.service.post(house_of(proxy).tasks.finish(100.0)).result(30)


def test_a_connection_that_died_in_the_pool_costs_nobody_an_answer(proxy: Running) -> None:
    """R12"""
    assert proxy.chat().status == 200
    tidied(proxy)
    new = acts.Drop()
    proxy.site.on("new", new)

    reply = proxy.chat()

    assert reply.status == 200
    assert len(proxy.site.heard_on("/api/v2/chats/new")) == 3


def test_a_connection_that_the_site_closed_unseen_is_replaced_once(calm: Running) -> None:
    """R12"""
    site = calm.site
    assert calm.chat().status == 200
    site.wait_until(lambda: not site.chats)
    known = {heard.connection for heard in site.heard}
    asked = len(site.heard)

    async def ask() -> object:
        inside = house_of(calm)
        # Whatever tidied up has given its connection back.
        await inside.tasks.finish(5.0)
        # The loop does not turn in between, so nobody here can have seen the end of it.
        until(lambda: len(site._idle) == len(site._serving))
        site.close_idle()
        return await inside.runner.reply(inside.parts.upstream.probe())

    assert calm.service.post(ask()).result(10)
    direct = house_of(calm).transport.direct
    assert isinstance(direct, DirectTransport)
    assert direct._single is not None
    probe = next(iter(house_of(calm).parts.upstream.probe()))
    assert isinstance(probe, Call)
    [heard] = [one for one in site.heard[asked:] if one.request.path == probe.path]
    assert heard.connection not in known


@pytest.mark.parametrize("route", ["new", "completions"])
def test_a_call_is_made_twice_at_most_and_only_where_no_byte_came_back(
    proxy: Running, route: str
) -> None:
    """R12"""
    site = proxy.site
    path = {"new": "/api/v2/chats/new", "completions": "/api/v2/chat/completions"}[route]
    assert proxy.chat("one").status == 200
    tidied(proxy)
    site.on(route, acts.Drop())
    assert proxy.chat("two").status == 200
    silent = [heard.request.body for heard in site.heard if heard.request.path == path][1:]
    tidied(proxy)
    site.on(route, acts.Raw(b"", head=b"HTTP/1.1 200"))
    begun = proxy.chat("three", stream=True)
    after = [heard.request.body for heard in site.heard if heard.request.path == path]

    assert len(silent) == 2
    assert silent[0] == silent[1]
    assert (begun.status, begun.code) == (502, "upstream_disconnected")
    assert len(after) == 1 + 2 + 1


@pytest.mark.parametrize("reset", [False, True])
def test_a_site_that_closes_without_a_byte_is_asked_twice_at_most(
    proxy: Running, reset: bool
) -> None:
    """R12, R19"""
    proxy.site.will(*[acts.Drop(reset=reset)] * 3)

    reply = proxy.chat(stream=True)

    assert (reply.status, reply.code) == (502, "upstream_disconnected")
    assert len(proxy.site.heard_on("/api/v2/chat/completions")) == 2


def test_a_fresh_connection_that_breaks_is_not_tried_again(site: PracticeSite) -> None:
    """R13"""
    with running(site) as proxy:
        site.on("new", acts.Drop())
        reply = proxy.chat()

        assert (reply.status, reply.code) == (502, "upstream_disconnected")
        assert len(site.heard_on("/api/v2/chats/new")) == 1


def test_an_upstream_that_is_not_there_is_said_to_be_so() -> None:
    """R10"""
    site = PracticeSite()
    site.start()
    with running(site) as proxy:
        site.stop()
        reply = proxy.chat()

    assert (reply.status, reply.code) == (502, "upstream_unreachable")
    assert "offline?" in reply.json()["error"]["message"]


def certificate(
    folder: Path, name: str, *, days: int = 1, issuer: tuple[x509.Certificate, object] | None = None
) -> tuple[ssl.SSLContext, tuple[x509.Certificate, object]]:
    """A certificate for `name` as a server's context, signed by `issuer` or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    signed_by, signing_key = issuer or (None, key)
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == "localhost":
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signed_by.subject if signed_by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=9))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=name == "ca", path_length=None), critical=True)
        .sign(signing_key, hashes.SHA256())  # type: ignore[arg-type]
    )
    pem = folder / f"{name}{days}.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context, (made, key)


@pytest.mark.parametrize(("name", "days"), [("localhost", 1), ("localhost", -1), ("elsewhere", 1)])
def test_a_certificate_that_is_not_good_ends_the_call(tmp_path: Path, name: str, days: int) -> None:
    """S117"""
    context, _ = certificate(tmp_path, name, days=days)
    site = PracticeSite(tls=context)
    site.start()
    try:
        with running(site) as proxy:
            reply = proxy.chat()

        assert (reply.status, reply.code) == (502, "upstream_unreachable")
        assert "certificate" in reply.json()["error"]["message"]
        assert site.heard == []
    finally:
        site.stop()


def test_a_certificate_that_this_computer_trusts_is_good(tmp_path: Path) -> None:
    """S117"""
    context, _ = certificate(tmp_path, "localhost")
    site = PracticeSite(tls=context, pace_s=0.0)
    site.start()
    code = (
        "import json, sys; from types import SimpleNamespace; from tests.harness import running\n"
        "told = json.load(sys.stdin)\n"
        "store = SimpleNamespace(authority='')\n"
        "site = SimpleNamespace(**told, store=store, sign_in=lambda: told['session'])\n"
        "with running(site) as proxy: print(proxy.chat().status)"
    )
    told = {
        "origin": site.origin,
        "auth_origin": site.auth_origin,
        "session": site.sign_in(),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(told),
            env={**os.environ, "SSL_CERT_FILE": str(tmp_path / "localhost1.pem")},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        site.stop()

    assert done.stdout.strip() == "200", done.stderr


async def test_a_call_that_is_made_again_and_finds_no_way_says_so() -> None:
    """R16: whether it had a connection is asked of the second one."""
    with ExitStack() as stack:

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for _ in range(2):
                await reader.readuntil(b"\r\n\r\n")
                if server.sockets:
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    # The next one finds a connection that was kept, and a wall behind it.
                    listening = server.sockets[0].dup()
                    stack.enter_context(listening)
                    server.close()
                    for _ in range(4):
                        sock = stack.enter_context(socket.socket())
                        sock.setblocking(False)
                        sock.connect_ex(("127.0.0.1", port))
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1)
        port = server.sockets[0].getsockname()[1]
        place = practice_site(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}")
        limits = Limits(connect_s=1.0)
        clocks = Clocks(time.time, time.monotonic)
        direct = DirectTransport(place, QWEN, lambda: limits, clocks)
        call = Call("GET", "/")
        first = await direct.call(call, None, lambda _: None)
        with pytest.raises(NoConnectionError):
            await direct.call(call, None, lambda _: None)
        await direct.close()

    assert first.status == 200
