"""Who may come in: hosts, origins and keys, byte by byte."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from tests.harness import QUICK, Running, running
from tests.proxy.wire import chat, request, untouched
from tray_app.core.errors import ProxyError
from tray_app.practice import PracticeSite
from tray_app.proxy.guard import Guard
from tray_app.proxy.keys import Keys
from tray_app.store.settings import Settings

UUID = "0a1b2c3d-0000-4000-8000-00000000abcd"
EXTENSION = "chrome-extension://bpoadfkcbjbfhfodiogcnhhhpibjhbnh"
FRIENDS = [
    EXTENSION, "chrome-extension://" + "a" * 32, f"moz-extension://{UUID}",
    f"safari-web-extension://{UUID}", "extension://" + "p" * 32,
    "http://localhost:3000", "https://localhost", "http://127.0.0.1:5173", "http://[::1]:8080",
    "app://obsidian.md", "app://.", "file://", "tauri://localhost", "http://tauri.localhost",
    "capacitor://localhost", "ionic://localhost", f"vscode-webview://{UUID}",
    "vscode-file://vscode-app",
]  # fmt: skip
STRANGERS = [
    "https://evil.example", "http://localhost.evil.example", "http://localhost.evil.example:3000",
    "http://127.0.0.1.evil.example", "http://localhost@evil.example",
    "http://localhost:3000.evil.example", "https://evil.example/?http://localhost",
    "http://localhost:99999", "xchrome-extension://a", "chrome-extension://",
    "chrome-extension://a.evil/", "chrome-extension://" + "q" * 32, "javascript:",
    "moz-extension://x", "http://localhost/", "null", "*", "", "https://" + "a" * 8000,
]  # fmt: skip


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:PORT", "localhost:PORT", "LOCALHOST:PORT", "localhost", "localhost.:PORT",
     "127.0.0.1", "[::1]:PORT", "localhost:9999"],
)  # fmt: skip
def test_every_name_of_this_computer_is_ours(proxy: Running, host: str) -> None:
    """S1, S17"""
    assert request(proxy, host=host).status == 200


def test_the_other_loopback_is_ours_too(proxy: Running) -> None:
    """S2"""
    assert request(proxy, host="[::1]:PORT", address="::1").status == 200


FOREIGN = [
    pytest.param("evil.example", id="S3"), pytest.param("evil.example:PORT", id="S3 port"),
    pytest.param("localhost.evil.example", id="S6"),
    pytest.param("127.0.0.1.evil.example", id="S6b"),
    pytest.param("evil.localhost.example", id="S6c"), pytest.param("localhost.com:PORT", id="S6d"),
    pytest.param("notlocalhost", id="S6e"), pytest.param("127.0.0.1.nip.io", id="S7"),
    pytest.param("localtest.me", id="S7b"), pytest.param("localhost@evil.example", id="S8"),
    pytest.param("evil.example/#", id="S8b"), pytest.param("evil.example/?", id="S8c"),
    pytest.param("localhost/#", id="S8d"), pytest.param("localhost:PORT#", id="S8e"),
    pytest.param("localhost:PORT:80", id="S8f"), pytest.param("localhost:abc", id="S8g"),
    pytest.param("[::1", id="S8h"), pytest.param(" ", id="S9"),
    pytest.param("0.0.0.0:PORT", id="S14"),
    pytest.param("[::]:PORT", id="S14b"), pytest.param("192.168.1.5:PORT", id="S14c"),
    pytest.param("10.0.0.1", id="S14d"), pytest.param(":PORT", id="S14e"),
    pytest.param("x.local", id="S15"), pytest.param("x.internal", id="S15b"),
    pytest.param("host.docker.internal", id="S15c"), pytest.param("www.localhost", id="S15d"),
    pytest.param("127.1", id="S16"), pytest.param("2130706433", id="S16b"),
    pytest.param("0x7f.1", id="S16c"), pytest.param("0177.0.0.1", id="S16d"),
    pytest.param("[::ffff:127.0.0.1]", id="S16e"),
]  # fmt: skip


@pytest.mark.parametrize("host", FOREIGN)
def test_every_other_name_is_foreign(proxy: Running, host: str) -> None:
    """S3, S6, S7, S8, S9, S14, S15, S16"""
    answer = request(proxy, host=host)

    assert answer.status in {400, 403}
    assert not answer.is_readable_by_pages
    untouched(proxy)


@pytest.mark.parametrize(
    "line",
    ["GET /health", "GET /", "GET /nowhere", "OPTIONS /v1/models", "HEAD /v1/models",
     "POST /v1/chat/completions", "DELETE /v1/models"],
)  # fmt: skip
def test_a_foreign_host_is_refused_on_every_path(proxy: Running, line: str) -> None:
    """S4"""
    preflight = ("Origin: http://localhost:3000", "Access-Control-Request-Method: POST")
    answer = request(proxy, line, *preflight, host="evil.example")

    assert answer.status == 403
    if answer.body:
        assert answer.code == "host_not_allowed"


@pytest.mark.parametrize("key", ["right", None])
def test_a_rebound_name_gets_nowhere(proxy: Running, key: str | None) -> None:
    """S5"""
    name = "rebind.attacker.example:PORT"
    answer = request(proxy, "GET /v1/models", f"Origin: http://{name}", host=name, key=key)

    assert answer.status == 403
    untouched(proxy)


def test_a_request_without_a_proper_host_is_refused(proxy: Running) -> None:
    """S9, S10, S11, S12"""
    assert request(proxy, host=None).status == 400
    assert request(proxy, host=None, version="1.0").status == 403
    assert request(proxy, "GET /v1/models", "Host: localhost", host="localhost").status == 400
    assert request(proxy, "GET /v1/models", "Host: evil.example", host="localhost").status == 400
    assert request(proxy, "GET /v1/models", "Host:", host=None).status in {400, 403}


@pytest.mark.parametrize(
    ("line", "host"),
    [
        ("GET http://localhost:PORT/v1/models", "evil.example"),
        ("GET http://localhost:PORT/v1/models", "localhost"),
        ("GET http://evil.example/v1/models", "localhost"),
        ("GET https://localhost/v1/models", "localhost"),
    ],
)
def test_an_absolute_target_is_refused(proxy: Running, line: str, host: str) -> None:
    """S13"""
    assert request(proxy, line, host=host).status in {400, 403}


def test_a_name_is_ours_once_a_person_says_so(site: PracticeSite) -> None:
    """S15"""
    settings = QUICK.__class__(hosts=("host.docker.internal", "Box.local"))
    with running(site, settings=settings) as proxy:
        assert request(proxy, host="host.docker.internal:7936").status == 200
        assert request(proxy, host="box.LOCAL").status == 200
        assert request(proxy, host="x.box.local").status == 403
        assert request(proxy, host="box.local.evil.example").status == 403


def test_forwarding_headers_change_nothing(proxy: Running) -> None:
    """S18"""
    planted = (
        "X-Forwarded-Host: localhost", "Forwarded: host=localhost", "X-Real-IP: 127.0.0.1",
        "X-Forwarded-For: 127.0.0.1",
    )  # fmt: skip
    assert request(proxy, "GET /v1/models", *planted, host="evil.example").status == 403
    assert request(proxy, "GET /v1/models", *planted, key=None).status == 401


@pytest.mark.parametrize("origin", FRIENDS)
def test_friends_may_ask_and_read(proxy: Running, origin: str) -> None:
    """S45, S46, S47"""
    wanted = "authorization, content-type, x-api-key, x-stainless-lang, anthropic-version, bad name"
    preflight = request(
        proxy, "OPTIONS /v1/chat/completions", f"Origin: {origin}",
        "Access-Control-Request-Method: POST", f"Access-Control-Request-Headers: {wanted}",
        key=None,
    )  # fmt: skip
    good = chat(proxy, f"Origin: {origin}", "Sec-Fetch-Site: cross-site")
    keyless = chat(proxy, f"Origin: {origin}", key=None)

    assert (preflight.status, good.status, keyless.status) == (204, 200, 401)
    for answer in (preflight, good, keyless):
        assert answer.header("Access-Control-Allow-Origin") == origin
        assert answer.header("Vary") == "Origin"
    allowed = preflight.header("Access-Control-Allow-Headers") or ""
    assert "x-stainless-lang" in allowed
    assert "bad name" not in allowed
    assert int(preflight.header("Access-Control-Max-Age") or "9999") <= 600


@pytest.mark.parametrize("origin", STRANGERS)
def test_strangers_are_refused_with_the_right_key_too(proxy: Running, origin: str) -> None:
    """S43, S44, S48, S50, S51"""
    answer = chat(proxy, f"Origin: {origin}")
    preflight = request(
        proxy, "OPTIONS /v1/chat/completions", f"Origin: {origin}",
        "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization",
        key=None,
    )  # fmt: skip

    for one in (answer, preflight):
        assert one.status in ({403} if len(origin) < 5000 else {400, 403})
        assert not one.is_readable_by_pages
    if answer.status == 403:
        assert answer.code == "origin_not_allowed"
    untouched(proxy)


def test_an_approved_web_app_passes_by_its_exact_origin_alone(site: PracticeSite) -> None:
    """S49"""
    app = "https://app.example"
    with running(site, settings=QUICK.__class__(origins=(app,))) as proxy:
        assert request(proxy, "GET /v1/models", f"Origin: {app}").status == 200
        for near in (
            f"{app}.evil.com", f"{app}x", f"{app}:9999", "http://app.example", f"{app}/path",
            "https://sub.app.example", f"{app}.", "https://app", f"{app} https://evil.example",
        ):  # fmt: skip
            assert request(proxy, "GET /v1/models", f"Origin: {near}").status == 403


def test_the_opaque_origin_may_be_let_in(site: PracticeSite) -> None:
    """S50"""
    with running(site, settings=QUICK.__class__(opaque_origins=True)) as proxy:
        answer = request(proxy, "GET /v1/models", "Origin: null")
        assert answer.header("Access-Control-Allow-Origin") == "null"
        assert request(proxy, "GET /v1/models", "Origin: null", key=None).status == 401


def test_two_origins_are_refused(proxy: Running) -> None:
    """S52"""
    twice = ("Origin: http://localhost:1", "Origin: http://localhost:1")
    assert chat(proxy, *twice).status in {400, 403}
    untouched(proxy)


@pytest.mark.parametrize("place", ["cross-site", "same-site"])
@pytest.mark.parametrize("line", ["GET /v1/models", "GET /health", "GET /", "POST /v1/completions"])
def test_what_a_page_may_have_caused_is_refused(proxy: Running, place: str, line: str) -> None:
    """S53"""
    answer = request(proxy, line, f"Sec-Fetch-Site: {place}", key=None)
    assert (answer.status, answer.code) == (403, "origin_not_allowed")
    assert request(proxy, line, f"Sec-Fetch-Site: {place}", key="wrong").status in {401, 403}
    untouched(proxy)


def test_a_valid_key_outranks_what_the_browser_says_of_the_site(proxy: Running) -> None:
    """S41, S42, S53b, S54"""
    for headers in (
        (), ("Sec-Fetch-Mode: cors",), ("Sec-Fetch-Site: none",), ("Sec-Fetch-Site: same-origin",),
        ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors"),
    ):  # fmt: skip
        answer = chat(proxy, *headers)
        assert answer.status == 200
        assert not answer.is_readable_by_pages


def test_private_network_preflights_are_answered_for_friends_only(proxy: Running) -> None:
    """S58"""

    def allowed(origin: str) -> str | None:
        return request(
            proxy, "OPTIONS /v1/models", f"Origin: {origin}", "Access-Control-Request-Method: GET",
            "Access-Control-Request-Private-Network: true", key=None,
        ).header("Access-Control-Allow-Private-Network")  # fmt: skip

    assert allowed(EXTENSION) == "true"
    assert allowed("https://evil.example") is None


@pytest.mark.parametrize(
    ("address", "host", "is_ours"),
    [
        ("192.168.1.5", "192.168.1.5:7936", True), ("192.168.1.5", "192.168.1.05", False),
        ("192.168.1.5", "[192.168.1.5]", False), ("192.168.1.5", "192.168.1.50", False),
        ("192.168.1.5", "[::ffff:192.168.1.5]", False), ("fd00::5", "[fd00::5]:80", True),
        ("fd00::5", "[FD00:0:0:0::5]", True), ("fd00::5", "[fd00::6]", False),
        ("fd00::5", "fd00::5", False), ("0.0.0.0", "0.0.0.0", False), ("::", "[::]", False),
        ("", "192.168.1.5", False),
    ],
)  # fmt: skip
def test_an_address_of_the_network_is_ours_while_it_is_set(
    address: str, host: str, is_ours: bool
) -> None:
    """S14, S19"""
    headers = CIMultiDictProxy(CIMultiDict({"Host": host}))
    for guard in (
        Guard(lambda: Settings(network_host=address), Keys()),
        Guard(lambda: Settings(network_host="10.9.9.9"), Keys(), address),
    ):
        if is_ours:
            guard.check_host(headers, is_http_1_1=True)
        else:
            with pytest.raises(ProxyError):
                guard.check_host(headers, is_http_1_1=True)


def slow_host(host: str, added: tuple[str, ...]) -> bool:
    """RFC 3986's authority, read slowly: a host of the list and, maybe, a port."""
    name, port = host, ""
    if host.startswith("["):
        name, closing, port = host.partition("]")
        name += closing
        if port and not port.startswith(":"):
            return False
        port = port[1:] if port else ""
        has_port = len(host) > len(name)
    else:
        name, colon, port = host.partition(":")
        has_port = bool(colon)
    if has_port and not (port.isascii() and port.isdigit() and len(port) <= 5):
        return False
    if has_port and int(port) > 65535:
        return False
    return name.lower() in {"127.0.0.1", "localhost", "localhost.", "[::1]", *added}


hosts = st.one_of(
    st.text(max_size=20),
    st.lists(
        st.sampled_from(["localhost", "127.0.0.1", "[::1]", ".", ":", "80", "99999", "@", "evil",
                         "/", "#", "box.local", "LOCALHOST", " ", "[", "]", "\u0661", "0"]),
        max_size=5,
    ).map("".join),
)  # fmt: skip


@given(hosts)
def test_hosts_are_matched_exactly(host: str) -> None:
    """F15"""
    guard = Guard(lambda: Settings(hosts=("box.local",)), Keys())
    headers = CIMultiDictProxy(CIMultiDict({"Host": host}))
    try:
        guard.check_host(headers, is_http_1_1=True)
        ours = True
    except ProxyError:
        ours = False

    assert ours == slow_host(host, ("box.local",))


def slow_origin(origin: str) -> bool:
    """Scheme and rest compared one by one."""
    scheme, separator, rest = origin.partition("://")
    scheme, rest = scheme.lower(), rest.lower()
    if not separator:
        return False
    exact = {
        "file": {""}, "vscode-file": {"vscode-app"}, "tauri": {"localhost"},
        "capacitor": {"localhost"}, "ionic": {"localhost"},
    }  # fmt: skip
    if scheme in exact:
        return rest in exact[scheme]
    if scheme in {"http", "https"}:
        port_less = rest in {"tauri.localhost"}
        return port_less or (not rest.startswith("localhost.") and slow_host(rest, ()))
    if scheme in {"chrome-extension", "extension"}:
        return len(rest) == 32 and all(char in "abcdefghijklmnop" for char in rest)
    return False


origins = st.lists(
    st.sampled_from(["http", "https", "file", "tauri", "chrome-extension", "://", "localhost", ":1",
                     "127.0.0.1", "[::1]", ".evil", "a" * 32, "b", "@", "/", "tauri.localhost",
                     "null", "vscode-app", ":70000", " "]),
    max_size=5,
).map("".join)  # fmt: skip


@given(origins)
def test_origins_are_matched_exactly(origin: str) -> None:
    """F15"""
    guard = Guard(Settings, Keys())
    assert guard.admits(origin) == slow_origin(origin)
    assert not guard.admits(quote(origin, safe="") + "%")
