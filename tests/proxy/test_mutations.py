"""Requests of real clients with some of their bytes changed: F22."""

import http.client
import io
import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dialects.captures import Capture, captures
from tests.harness import QUICK, Running, running
from tray_app.practice import PracticeSite

RECORDED = captures()
ALIASES = {"*": "qwen3.7-plus"}


@pytest.fixture(scope="module")
def live() -> Iterator[Running]:
    """One proxy for all examples."""
    site = PracticeSite(pace_s=0.0)
    site.start()
    quick = QUICK.__class__(start_spacing_s=0.0, aliases=ALIASES)
    with running(site, settings=quick) as proxy:
        yield proxy
    site.stop()


class _Socket:
    """What came, as something that an HTTP client reads."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._data)


def request_of(capture: Capture, key: str | None, port: int) -> bytes:
    """The bytes of a recorded request, which ends its connection; without a key for None."""
    body = json.dumps({**capture.body, "stream": False}).encode()
    kept = {
        name: value
        for name, value in capture.headers.items()
        if name.lower() not in {"host", "authorization", "content-length", "connection"}
    }
    head = {**kept, "Host": f"127.0.0.1:{port}", "Content-Length": str(len(body))}
    head["Connection"] = "close"
    if key is not None:
        head["Authorization"] = f"Bearer {key}"
    lines = [f"{name}: {value}" for name, value in head.items()]
    return "\r\n".join(["POST /v1/chat/completions HTTP/1.1", *lines, "", ""]).encode() + body


def changed(data: bytes, changes: list[tuple[float, str, bytes]]) -> bytes:
    """The bytes after some changes, each at a share of their length."""
    for share, kind, new in changes:
        at = int(share * len(data))
        match kind:
            case "put":
                data = data[:at] + new + data[at:]
            case "replace":
                data = data[:at] + new + data[at + len(new) :]
            case "drop":
                data = data[:at] + data[at + len(new) :]
            case _:
                data = data[:at] + data[at:][: len(data) // 2] * 2
    return data


# Most of the bytes are body, and most of what matters is at the beginning.
PLACES = st.one_of(st.floats(0, 0.03), st.floats(0, 0.999))
CHANGES = st.lists(
    st.tuples(
        PLACES,
        st.sampled_from(["put", "replace", "drop", "double"]),
        st.one_of(
            st.binary(min_size=1, max_size=8),
            st.sampled_from([b"\r\n", b"\r\n\r\n", b"\x00", b'"', b"{", b"[", b"\xff", b"0"]),
        ),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(capture=st.sampled_from(RECORDED), changes=CHANGES, with_key=st.booleans())
def test_any_request_gets_a_well_formed_answer_or_none_and_no_good_one_without_a_key(
    live: Running, capture: Capture, changes: list[tuple[float, str, bytes]], with_key: bool
) -> None:
    """F22"""
    sent = changed(request_of(capture, live.key if with_key else None, live.port), changes)

    came = live.raw(sent, timeout_s=0.5)

    if not came:
        return
    response = http.client.HTTPResponse(_Socket(came), method="POST")  # type: ignore[arg-type]
    response.begin()
    body = response.read()
    assert 100 <= response.status < 600
    assert response.status < 500 or response.status in {501, 502, 503}
    if response.status != 204:
        assert json.loads(body)
    if not with_key:
        assert response.status >= 400
    if response.status >= 400:
        assert json.loads(body)["error"]["message"]


def test_the_proxy_answers_as_before_after_all_of_it(live: Running) -> None:
    """F22"""
    live.control("resume")
    assert live.chat("hello").status == 200
