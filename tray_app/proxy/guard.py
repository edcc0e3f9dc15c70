"""Who may talk to us: hosts, origins, keys, and the headers that answers carry for browsers.

Nothing here reads a body or knows a route. The order of the checks is `server`'s; each check is
exact, because a check by prefix or by likeness is the classic hole. How browsers and extensions
look was measured: 2026-11-21, Chromium 156 and Firefox 153.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping

from multidict import CIMultiDictProxy

from tray_app.core.errors import Kind, ProxyError
from tray_app.store.settings import Settings

from .keys import Keys, LocalKey

Headers = CIMultiDictProxy[str]

_PORT = r"(?::(?:[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?"
_LOOPBACK = r"(?:127\.0\.0\.1|localhost|\[::1\])"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_HOST = re.compile(rf"(?:{_LOOPBACK}|localhost\.){_PORT}", re.IGNORECASE | re.ASCII)
_HOST_WITH_PORT = re.compile(rf"([a-z0-9._-]+|\[[0-9a-f:.]+\]){_PORT}", re.IGNORECASE | re.ASCII)
_ORIGIN = re.compile(
    rf"https?://{_LOOPBACK}{_PORT}"
    r"|https?://tauri\.localhost"
    r"|(?:tauri|capacitor|ionic)://localhost"
    r"|app://(?:\.|[a-z0-9][a-z0-9.-]*)"
    r"|file://"
    r"|vscode-file://vscode-app"
    rf"|vscode-webview://(?:{_UUID}|[a-z0-9]+)"
    r"|(?:chrome-extension|extension)://[a-p]{32}"
    rf"|(?:moz-extension|safari-web-extension)://{_UUID}",
    re.IGNORECASE | re.ASCII,
)
_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_METHODS = "GET, HEAD, POST, OPTIONS"
_MAX_AGE_S = 600

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "Portico",
}
"""Headers of every answer."""
_FROM_NO_PROGRAM = ("Origin", "Sec-Fetch-Site", "Forwarded", "X-Forwarded-For", "Via")
"""What browsers send, and servers that pass on what came to them from wherever."""


class Guard:
    """The checks of the door, under settings and keys that may change at any time.

    Args:
        settings: Those in force.
        keys: Likewise.
        host: The address that is listened on instead of what the settings say.
    """

    def __init__(
        self, settings: Callable[[], Settings], keys: Keys, host: str | None = None
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._host = host

    def check_target(self, target: str) -> None:
        """Refuse every form of request target but a path."""
        if not target.startswith("/"):
            raise ProxyError(Kind.HOST_NOT_ALLOWED, "Portico is no forward proxy")

    def check_host(self, headers: Headers, *, is_http_1_1: bool) -> None:
        """Refuse a name that is not ours: the defence against rebound DNS names."""
        hosts = headers.getall("Host", [])
        if not hosts and is_http_1_1:
            raise ProxyError(Kind.INVALID_REQUEST, "The request has no Host header", param="Host")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            raise ProxyError(Kind.HOST_NOT_ALLOWED, "This host name is not one of Portico's")

    def _is_ours(self, host: str) -> bool:
        if _HOST.fullmatch(host):
            return True
        named = _HOST_WITH_PORT.fullmatch(host)
        if named is None:
            return False
        settings, name = self._settings(), named[1].lower()
        address = settings.network_host if self._host is None else self._host
        return name in {known.lower() for known in settings.hosts} or _is_named(address, name)

    def origin(
        self, headers: Headers, turned_away: Callable[[str], bool] = lambda _: False
    ) -> str | None:
        """The origin of a browser's request, if it has one and it may come in.

        Args:
            headers: The request's.
            turned_away: Told an origin that may not come in; returns whether the person is asked.
        """
        origins = headers.getall("Origin", [])
        if not origins:
            return None
        if len(origins) == 1 and self.admits(origins[0]):
            return origins[0]
        if len(origins) == 1 and turned_away(origins[0]):
            raise ProxyError(
                Kind.ORIGIN_NOT_ALLOWED,
                "Portico asks its person about this web page; try again after the answer",
            )
        raise ProxyError(Kind.ORIGIN_NOT_ALLOWED, "Portico takes no requests from this web page")

    def admits(self, origin: str) -> bool:
        """Whether requests of this origin may come in, given a valid key."""
        settings = self._settings()
        if origin == "null":
            return bool(settings.opaque_origins)
        return bool(_ORIGIN.fullmatch(origin)) or origin in settings.origins

    def key(self, headers: Headers, *, is_here: bool, is_keyless: bool) -> LocalKey:
        """The key of a request; raises `ProxyError` with one text for all that is wrong.

        A key in a header outranks `Sec-Fetch-Site`, because no page can set one without a preflight
        that is refused, and extensions send all its values. Without a key a request that a page may
        have caused is not even told that a key is wanted.

        Args:
            headers: The request's.
            is_here: Whether it came from this computer; from elsewhere the key must be one for it.
            is_keyless: Whether a program of this computer needs none at the moment.
        """
        presented = _presented(headers)
        key = self._known(presented)
        if key is not None and (is_here or key.profile.network):
            self._keys.used(key.name)
            return key
        if not (is_here and is_keyless):
            self.check_unkeyed(headers)
        elif not presented and not any(name in headers for name in _FROM_NO_PROGRAM):
            return self._keys.default()
        raise _no_key(presented)

    def _known(self, presented: list[bytes]) -> LocalKey | None:
        """The one key that every secret of a request is, if it is."""
        found = {secret: self._keys.match(secret) for secret in presented}
        names = {key.name if key else None for key in found.values()}
        return next(iter(found.values())) if len(names) == 1 else None

    def check_unkeyed(self, headers: Headers) -> None:
        """Refuse what a page of another site may have caused: pictures, scripts, forms, links."""
        if headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"} and "Origin" not in headers:
            raise ProxyError(
                Kind.ORIGIN_NOT_ALLOWED,
                "Portico takes no requests from web pages, and none from elsewhere without its key",
            )

    def preflight(self, origin: str, headers: Headers) -> dict[str, str]:
        """What a browser is told before it sends a request of an admitted origin."""
        wanted = [
            name
            for raw in headers.get("Access-Control-Request-Headers", "").split(",")
            if _TOKEN.fullmatch(name := raw.strip())
        ]
        told = {
            **cors(origin),
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Max-Age": str(_MAX_AGE_S),
        }
        if wanted:
            told["Access-Control-Allow-Headers"] = ", ".join(wanted)
        if headers.get("Access-Control-Request-Private-Network") == "true":
            told["Access-Control-Allow-Private-Network"] = "true"
        return told


def _is_named(address: str, name: str) -> bool:
    """Whether a host's name is this address, however an IPv6 one is spelled; never a wildcard."""
    try:
        ours = ipaddress.ip_address(address)
        theirs = ipaddress.ip_address(name[1:-1] if name.startswith("[") else name)
    except ValueError:
        return False
    is_bracketed = name.startswith("[")
    return ours == theirs and not ours.is_unspecified and is_bracketed == (ours.version == 6)


def cors(origin: str | None) -> dict[str, str]:
    """What lets a page of an admitted origin read an answer."""
    if origin is None:
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": "x-request-id, retry-after, x-portico-ignored",
        "Vary": "Origin",
    }


def refusal_headers(error: ProxyError) -> dict[str, str]:
    """What an error says in headers: when to ask again, and whether at all."""
    row = error.row
    told: dict[str, str] = {}
    if error.wait_s is not None:
        told["Retry-After"] = str(error.wait_s)
    if row.hopeless:
        told["x-should-retry"] = "false"
    if error.kind is Kind.INVALID_API_KEY:
        told["WWW-Authenticate"] = "Bearer"
    return told


def _presented(headers: Headers) -> list[bytes]:
    """Every secret that the request's headers present, whatever is wrong with them."""
    found: list[str] = []
    for value in headers.getall("Authorization", []):
        scheme, _, secret = value.partition(" ")
        found.append(secret.strip() if scheme.lower() == "bearer" else "")
    for name in ("x-api-key", "api-key"):
        found += headers.getall(name, [])
    if len(headers.getall("Authorization", [])) > 1:
        found.append("")
    return [secret.encode("utf-8", "surrogateescape") for secret in found]


def _no_key(presented: list[bytes]) -> ProxyError:
    texts = [secret.decode("utf-8", "replace") for secret in presented]
    if any(_JWT.fullmatch(text) for text in texts):
        return ProxyError(
            Kind.INVALID_API_KEY,
            "This is a token of Qwen's site, and copied tokens no longer work there",
        )
    return ProxyError(Kind.INVALID_API_KEY, "The key is missing or wrong")


def client_request_id(headers: Mapping[str, str]) -> str | None:
    """The id a client gave its request, if it is one that may be repeated to it."""
    given = headers.get("x-request-id") or headers.get("x-client-request-id")
    return given if given and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", given) else None
