"""Whether the site can be reached: real sockets, certificates and proxies, all on loopback."""

import socket
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.outbound import outbound
from tests.proxy.test_transport import certificate
from tests.waiting import until
from tray_app.practice import PracticeSite
from tray_app.proxy.reach import UnreachedError, reach


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PracticeSite]:
    """A site with a certificate for localhost that this computer trusts."""
    context, _ = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "localhost1.pem"))
    site = PracticeSite(tls=context)
    site.start()
    yield site
    stop(site)


def port_of(site: PracticeSite) -> int:
    return int(site.origin.rpartition(":")[2])


def stop(site: PracticeSite) -> None:
    """Stop it once its loop has seen the end of every line that was there."""
    lines = psutil.Process().net_connections
    listens, port = psutil.CONN_LISTEN, port_of(site)
    until(lambda: all(one.status == listens or one.laddr[1] != port for one in lines("tcp")))
    site.stop()


def test_a_handshake_is_all_that_is_done(secure: PracticeSite) -> None:
    reach(f"https://localhost:{port_of(secure)}", None)

    assert secure.heard == []


def test_it_goes_through_the_proxy_that_is_set(secure: PracticeSite) -> None:
    with outbound(port_of(secure)) as proxy:
        reach("https://localhost", proxy.address.replace("//", "//me:p%40ss@"))

    [head] = proxy.heads
    named = b64encode(b"me:p@ss").decode()
    assert head == (
        f"CONNECT localhost:443 HTTP/1.1\nHost: localhost:443\nProxy-Authorization: Basic {named}"
    )
    assert secure.heard == []


def test_a_site_without_a_certificate_is_connected_to_and_told_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        reach(f"http://127.0.0.1:{server.getsockname()[1]}", None)
        line, _ = server.accept()
        with line:
            assert line.recv(1) == b""


@pytest.mark.parametrize(("name", "days"), [("localhost", -1), ("elsewhere", 1)])
def test_a_certificate_that_is_not_good_is_told(tmp_path: Path, name: str, days: int) -> None:
    context, _ = certificate(tmp_path, name, days=days)
    site = PracticeSite(tls=context)
    site.start()
    try:
        with pytest.raises(UnreachedError, match="certificate of Qwen is not trusted"):
            reach(f"https://localhost:{port_of(site)}", None)
        with outbound(port_of(site)) as proxy, pytest.raises(UnreachedError, match="clock"):
            reach("https://localhost", proxy.address)
    finally:
        stop(site)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 407 Who are you\r\n\r\n", "wants a name and a password. Set HTTPS_PROXY"),
        (b"HTTP/1.1 403 No\r\nX: y\r\n\r\n", "answers 403. Look at the setting outbound_proxy"),
        (b"SSH-2.0-nothing\r\n\r\n", "does not answer as a proxy"),
        (b"", "does not answer as a proxy"),
        (b"x" * (1 << 17), "does not answer as a proxy"),
    ],
)
def test_a_proxy_that_gives_no_line_is_told(answer: bytes, said: str) -> None:
    with outbound(answer=answer) as proxy:
        with pytest.raises(UnreachedError) as told:
            reach("https://localhost", proxy.address)

        assert f"the proxy 127.0.0.1:{proxy.port} " in str(told.value)
    assert said in str(told.value)


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_whoever_refuses_is_told_apart() -> None:
    port = closed_port()

    with pytest.raises(UnreachedError, match=r"^127.0.0.1:\d+ cannot .*Check the internet"):
        reach(f"https://127.0.0.1:{port}", None)
    with pytest.raises(UnreachedError, match=r"^the proxy 127.0.0.1:\d+ cannot .*outbound_proxy"):
        reach("https://localhost", f"http://127.0.0.1:{port}")
    with pytest.raises(UnreachedError, match=r"the name nobody.invalid cannot be looked up"):
        reach("https://nobody.invalid", None)
    with pytest.raises(UnreachedError, match=r"the name nobody.invalid of the proxy cannot"):
        reach("https://localhost", "http://nobody.invalid:1")
    with pytest.raises(UnreachedError, match="speaks socks5"):
        reach("https://localhost", "socks5://127.0.0.1:1")


@pytest.mark.slow
def test_whoever_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(UnreachedError, match="Qwen does not finish the handshake"):
            reach(f"https://127.0.0.1:{port}", None, 1.5)
        with pytest.raises(UnreachedError, match="does not answer as a proxy"):
            reach("https://localhost", f"http://127.0.0.1:{port}", 1.5)


def test_a_proxy_that_is_secured_itself_gives_a_line(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path, "localhost")
    with outbound(tls=context) as proxy, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(tmp_path / "localhost1.pem"))

        reach("https://localhost", f"https://localhost:{proxy.port}")

    assert len(proxy.heads) == 1


def test_a_proxy_that_should_speak_safely_and_does_not_is_told() -> None:
    with outbound(answer=b"no") as plain, pytest.raises(UnreachedError, match="the proxy breaks"):
        reach("https://localhost", plain.address.replace("http:", "https:"))
