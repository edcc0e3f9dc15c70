"""Connections that clients keep, close, or speak the older HTTP over: R75, R76."""

import http.client
import json
import socket
import time
from typing import Any

import pytest

from tests.harness import Reply, Running, running
from tests.proxy.baseline import gives_all_back
from tests.proxy.test_relay import FAST, SHORT, broken
from tests.proxy.wire import CHAT, said
from tray_app.practice import PracticeSite, acts

CHATS = "/v1/chat/completions"


def head(proxy: Running, *headers: str, version: str = "1.1", body: bytes = CHAT) -> bytes:
    """A request for a chat with these headers, as bytes."""
    lines = [
        f"POST {CHATS} HTTP/{version}", f"Host: 127.0.0.1:{proxy.port}",
        f"Authorization: Bearer {proxy.key}", "Content-Type: application/json",
        f"Content-Length: {len(body)}", *headers,
    ]  # fmt: skip
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def asking(text: str, **more: Any) -> bytes:
    """The body of a chat."""
    message = {"role": "user", "content": text}
    return json.dumps({"model": "qwen3.7-plus", "messages": [message], **more}).encode()


class Kept:
    """One connection, over which one request follows the other."""

    def __init__(self, proxy: Running) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=20)
        self._line.connect()
        self.sock: socket.socket | None = self._line.sock
        self._told = {"Authorization": f"Bearer {proxy.key}", "Content-Type": "application/json"}

    def ask(self, body: bytes | None, path: str = CHATS) -> Reply:
        """The next answer."""
        self._line.request("GET" if body is None else "POST", path, body, self._told)
        response = self._line.getresponse()
        told = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, told, response.read())

    @property
    def is_the_same(self) -> bool:
        """Whether it was never closed and opened anew."""
        return self._line.sock is self.sock is not None

    def close(self) -> None:
        """Leave."""
        self._line.close()


@pytest.mark.slow
def test_a_thousand_requests_over_one_connection_get_their_own_answers(proxy: Running) -> None:
    """R75"""
    with gives_all_back(proxy):
        kept = Kept(proxy)
        for at in range(1000):
            if at % 20:
                told = kept.ask(None, f"/v1/models/no-such-model-{at}.")
                assert told.code == "model_not_found"
                assert f"no-such-model-{at}." in told.json()["error"]["message"]
            else:
                reply = kept.ask(asking(f"number {at}.", stream=bool(at % 40)))
                assert reply.text.endswith(f"You said: number {at}.")
        assert kept.is_the_same
        kept.close()


def test_after_an_error_the_connection_is_good_for_the_next_request(proxy: Running) -> None:
    """R75: what was refused had been read."""
    with gives_all_back(proxy):
        proxy.site.will(acts.refused("internal_error", "Internal error"))
        kept = Kept(proxy)
        statuses = [
            kept.ask(asking("one")).status,
            kept.ask(b"{broken").status,
            kept.ask(asking("two", n=2)).status,
            kept.ask(None, "/v1/nowhere").status,
            kept.ask(asking("three")).status,
        ]
        proxy.site.will(acts.say("half", finished=False, then="cut"))
        streamed = kept.ask(asking("four", stream=True))
        after = kept.ask(asking("five", stream=True))

        assert statuses == [502, 400, 400, 404, 200]
        broken(streamed, "upstream_disconnected")
        assert after.text.endswith("You said: five")
        assert kept.is_the_same
        kept.close()


@pytest.mark.parametrize("why", ["key", "path", "type", "size"])
def test_a_refusal_of_a_body_that_was_not_read_ends_the_connection(
    proxy: Running, why: str
) -> None:
    """R75: what is left of it is never taken for a request."""
    smuggled = f"GET /v1/models HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {proxy.key}\r\n\r\n"
    size = (40 << 20) if why == "size" else 200_000
    key = "wrong" if why == "key" else proxy.key
    path = "/v1/nowhere" if why == "path" else CHATS
    kind = "text/plain" if why == "type" else "application/json"
    request = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{proxy.port}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {size}\r\n\r\n{smuggled}"
    )
    with (
        gives_all_back(proxy),
        socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as sock,
    ):
        sock.sendall(request.encode())
        answer = sock.recv(65_536)
        # It need not wait for the rest of a body that does not come.
        sock.shutdown(socket.SHUT_WR)
        while piece := sock.recv(65_536):
            answer += piece

        assert answer.count(b"HTTP/1.1 ") == 1
        assert said(answer).status in {401, 404, 413, 415}
        assert (said(answer).header("Connection") or "").lower() == "close"


def test_requests_sent_at_once_are_answered_in_their_order(proxy: Running) -> None:
    """R75"""
    with gives_all_back(proxy):
        texts = [f"number {at}." for at in range(5)]
        *first, last = [asking(text, stream=at % 2 == 1) for at, text in enumerate(texts)]
        data = b"".join(head(proxy, body=body) for body in first)
        got = proxy.raw(data + head(proxy, "Connection: close", body=last), timeout_s=30.0)

        assert got.count(b"HTTP/1.1 200 OK") == 5
        places = [got.rindex(text.encode()) for text in ("number 0.", "number 2.", "number 4.")]
        assert places == sorted(places)


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_wants_no_other_request_is_left_after_its_answer(
    proxy: Running, stream: bool
) -> None:
    """R76"""
    with gives_all_back(proxy):
        got = proxy.raw(head(proxy, "Connection: close", body=asking("Hello.", stream=stream)))
        answer = said(got)

        assert answer.status == 200
        assert answer.header("Connection") == "close"
        assert (answer.header("Transfer-Encoding") == "chunked") is stream


@pytest.mark.parametrize("more", [(), ("Connection: keep-alive",)])
def test_the_older_http_gets_a_stream_that_ends_with_its_connection(
    proxy: Running, more: tuple[str, ...]
) -> None:
    """R76"""
    with gives_all_back(proxy):
        proxy.site.will(acts.say("Two ", "pieces"))
        start_s = time.monotonic()
        asked = head(proxy, *more, version="1.0", body=asking("Hello.", stream=True))
        got = proxy.raw(asked, timeout_s=30.0)
        answer = said(got)
        frames = [line for line in answer.body.split(b"\n\n") if line]

        assert got.startswith(b"HTTP/1.0 200 ")
        assert answer.header("Transfer-Encoding") is None
        assert answer.header("Content-Length") is None
        assert answer.header("Connection") in {None, "close"}
        # A connection that is kept is closed after seven and a half.
        assert time.monotonic() - start_s < 7
        assert frames[-1] == b"data: [DONE]"
        assert all(frame.startswith(b"data: ") for frame in frames)


def test_the_older_http_gets_a_whole_answer_with_its_length(proxy: Running) -> None:
    """R76"""
    with gives_all_back(proxy):
        answer = said(proxy.raw(head(proxy, version="1.0")))

        assert answer.status == 200
        assert answer.header("Content-Length") == str(len(answer.body))
        assert json.loads(answer.body)["choices"][0]["finish_reason"] == "stop"


@pytest.mark.slow
@pytest.mark.parametrize("then", ["cut", "hang"])
def test_the_older_http_is_told_of_a_break_as_well(site: PracticeSite, then: acts.Then) -> None:
    """R76: an end of the connection alone could be taken for that of the answer."""
    with running(site, limits=FAST, settings=SHORT) as proxy, gives_all_back(proxy):
        site.will(acts.say("half", finished=False, then=then))
        got = proxy.raw(head(proxy, version="1.0", body=asking("Hello.", stream=True)))
        *_, error, done = [line for line in said(got).body.split(b"\n\n") if line]

        assert done == b"data: [DONE]"
        assert json.loads(error[6:])["error"]["code"].startswith("upstream_")


ADDED = [
    ("TE: trailers",),
    ("TE: trailers, deflate;q=0.5", "Connection: TE"),
    ("Via: 1.1 somewhere", "Forwarded: for=10.0.0.1;proto=https", "X-Forwarded-For: 10.0.0.1"),
    ("X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example", "X-Real-IP: 10.0.0.1"),
    ("Cf-Connecting-Ip: 10.0.0.1", "Cdn-Loop: a", "X-Amzn-Trace-Id: Root=1-2", "Traceparent: 00"),
    ("Proxy-Connection: keep-alive", "Keep-Alive: timeout=5", "Cache-Control: no-transform"),
    ("Accept-Encoding: gzip, br, zstd", "Accept: text/event-stream", "Pragma: no-cache"),
]


@pytest.mark.slow
@pytest.mark.parametrize("added", ADDED, ids=lambda added: added[0])
@pytest.mark.parametrize("stream", [True, False])
def test_what_proxies_add_changes_nothing(
    proxy: Running, added: tuple[str, ...], stream: bool
) -> None:
    """R76"""
    with gives_all_back(proxy):
        body = asking("Hello.", stream=stream)
        plain = said(proxy.raw(head(proxy, "Connection: close", body=body)))
        through = said(proxy.raw(head(proxy, "Connection: close", *added, body=body)))

        assert (plain.status, through.status) == (200, 200)
        assert through.header("Trailer") is None
        names = [{name for name, _ in answer.headers} for answer in (plain, through)]
        assert names[0] ^ names[1] <= {"Content-Encoding", "Vary"}
    sent = proxy.site.heard_on("/api/v2/chat/completions")[-1].request
    assert "10.0.0.1" not in str(sent.headers)
