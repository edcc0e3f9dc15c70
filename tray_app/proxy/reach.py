"""Whether the site can be reached from here: one connection with its handshake, and nothing asked.

It goes the way that calls go, through the proxy that is set; nobody signs in, and nothing is sent
but what opens the connection.
"""

import base64
import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from urllib.parse import SplitResult, unquote, urlsplit

WITHIN_S = 5.0
_HEAD_BYTES = 64 << 10
_ONLINE = "Check the internet connection."
_PROXY = "Look at the setting outbound_proxy, or at this system's proxy."


class UnreachedError(Exception):
    """The site cannot be reached; its text is one sentence and one action."""


def reach(origin: str, proxy: str | None, within_s: float = WITHIN_S) -> None:
    """Connect once and close; blocks, and raises `UnreachedError`.

    Args:
        origin: Of the site.
        proxy: The HTTP proxy to go through; None for a direct way.
        within_s: How long each step may take.
    """
    site = urlsplit(origin)
    host, port = _address(site)
    with contextlib.ExitStack() as stack:
        if proxy is None:
            line = stack.enter_context(_connected(host, port, within_s, _ONLINE))
        else:
            line = stack.enter_context(_through(urlsplit(proxy), (host, port), within_s))
        # A line inside a secured one cannot be secured again this way: that it is given is enough.
        if site.scheme == "https" and not isinstance(line, ssl.SSLSocket):
            stack.enter_context(_secured(line, host, "Qwen", _ONLINE))


def _address(url: SplitResult) -> tuple[str, int]:
    return url.hostname or "", url.port or (443 if url.scheme == "https" else 80)


@contextlib.contextmanager
def _connected(
    host: str, port: int, within_s: float, action: str, what: str = ""
) -> Iterator[socket.socket]:
    try:
        line = _connected_to(_looked_up(host, port, within_s), port, within_s)
    except socket.gaierror:
        name = f"{host} of the proxy" if what else host
        raise UnreachedError(f"the name {name} cannot be looked up. {action}") from None
    except TimeoutError:
        raise UnreachedError(
            f"nobody answers at {what}{host}:{port} within {within_s:g} s. {action}"
        ) from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UnreachedError(
            f"{what}{host}:{port} cannot be connected to ({why}). {action}"
        ) from None
    with line:
        yield line


def _connected_to(addresses: list[str], port: int, within_s: float) -> socket.socket:
    """A line to the first address that takes one: a name may have one that leads nowhere here."""
    for address in addresses[:-1]:
        with contextlib.suppress(OSError):
            return socket.create_connection((address, port), within_s)
    return socket.create_connection((addresses[-1], port), within_s)


def _looked_up(host: str, port: int, within_s: float) -> list[str]:
    """The addresses of a name; raises `OSError`, and in time: a look-up may take minutes."""
    found: Future[list[str]] = Future()

    def look() -> None:
        try:
            told = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.set_result([str(address[0]) for *_, address in told])
        except OSError as error:
            found.set_exception(error)

    threading.Thread(target=look, name="look-up", daemon=True).start()
    return found.result(within_s)


@contextlib.contextmanager
def _through(
    proxy: SplitResult, target: tuple[str, int], within_s: float
) -> Iterator[socket.socket]:
    """A line to the target through a proxy."""
    if proxy.scheme not in {"http", "https"}:
        raise UnreachedError(f"the proxy speaks {proxy.scheme}, which Portico does not. {_PROXY}")
    host, port = _address(proxy)
    whose = f"the proxy {host}:{port} "
    with contextlib.ExitStack() as stack:
        line = stack.enter_context(_connected(host, port, within_s, _PROXY, "the proxy "))
        if proxy.scheme == "https":
            line = stack.enter_context(_secured(line, host, "the proxy", _PROXY))
        try:
            line.sendall(_asking(proxy, target))
            status = _status(line)
        except OSError:
            raise UnreachedError(f"{whose}does not answer as a proxy. {_PROXY}") from None
        if status == 407:
            raise UnreachedError(f"{whose}wants a name and a password. Set HTTPS_PROXY with them.")
        if status != 200:
            told = f"answers {status}" if status else "does not answer as a proxy"
            raise UnreachedError(f"{whose}{told}. {_PROXY}")
        yield line


def _asking(proxy: SplitResult, target: tuple[str, int]) -> bytes:
    """What asks a proxy for a line."""
    place = f"{target[0]}:{target[1]}"
    lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
    if proxy.username is not None:
        named = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(named.encode()).decode()}")
    return "\r\n".join([*lines, "", ""]).encode()


def _status(line: socket.socket) -> int:
    """The status of a proxy's answer, read to the end of its head; 0 where it is none."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        # One at a time: what comes after the head is the target's.
        byte = line.recv(1)
        if not byte or len(head) > _HEAD_BYTES:
            return 0
        head += byte
    words = head.split(None, 2)
    is_http = len(words) > 1 and words[0].startswith(b"HTTP/") and words[1].isdigit()
    return int(words[1]) if is_http else 0


@contextlib.contextmanager
def _secured(line: socket.socket, host: str, who: str, action: str) -> Iterator[ssl.SSLSocket]:
    try:
        secured = ssl.create_default_context().wrap_socket(line, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        raise UnreachedError(
            f"the certificate of {who} is not trusted ({error.verify_message}). Something between "
            "reads along, as virus scanners do, or this computer's clock is wrong: look at both."
        ) from None
    except TimeoutError:
        raise UnreachedError(f"{who} does not finish the handshake. {action}") from None
    except OSError:
        raise UnreachedError(
            f"the connection to {who} breaks off in its handshake. {action}"
        ) from None
    with secured:
        yield secured
