"""Bodies of requests: their type, their size, their pace."""

import gzip
import time

import pytest

from tests.harness import Running, running
from tests.proxy.wire import CHAT, chat, request, said, untouched
from tray_app.practice import PracticeSite
from tray_app.proxy.limits import Limits

POST = "POST /v1/chat/completions"


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
     "application/json5", "text/json", "application/jsonp", "json"],
)  # fmt: skip
def test_only_json_is_taken(proxy: Running, kind: str) -> None:
    """S55, S56"""
    answer = chat(proxy, f"Content-Type: {kind}")

    assert (answer.status, answer.code) == (415, "unsupported_media_type")
    assert b"Content-Type" in answer.body
    assert chat(proxy, f"Content-Type: {kind}", key=None).status == 401
    untouched(proxy)


def test_a_type_that_is_missing_or_doubled_is_refused(proxy: Running) -> None:
    """S56"""
    twice = ("Content-Type: application/json", "Content-Type: application/json")
    assert request(proxy, POST, body=CHAT).status == 415
    assert request(proxy, POST, *twice, body=CHAT).status == 400
    untouched(proxy)


@pytest.mark.parametrize(
    "kind", ["application/json", "APPLICATION/JSON", "application/json; charset=utf-8",
             'application/json; charset="UTF-8"', "application/json;odata=verbose"],
)  # fmt: skip
def test_json_may_spell_its_type_as_it_likes(proxy: Running, kind: str) -> None:
    """S56"""
    assert chat(proxy, f"Content-Type: {kind}").status == 200


@pytest.mark.parametrize("charset", ["utf-16", "latin-1", "bogus"])
def test_another_charset_is_refused(proxy: Running, charset: str) -> None:
    """S74"""
    assert chat(proxy, f"Content-Type: application/json; charset={charset}").status == 400


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 100_000, b'{"n":' + b"9" * 5000 + b"}",
             b'{"n":NaN}', b'{"n":Infinity}', b'{"model":"m"}x', b" "],
)  # fmt: skip
def test_what_is_no_proper_json_is_a_400_quickly(proxy: Running, body: bytes) -> None:
    """S74"""
    start_s = time.monotonic()
    answer = request(proxy, POST, "Content-Type: application/json", body=body)

    assert (answer.status, answer.code) == (400, "invalid_request")
    assert time.monotonic() - start_s < 1
    untouched(proxy)


def test_a_body_that_is_too_large_is_refused_before_it_is_read(site: PracticeSite) -> None:
    with running(site, limits=Limits(body_bytes=10_000)) as proxy:
        told = request(proxy, POST, "Content-Type: application/json", body=b" " * 10_001)
        head = (
            f"{POST} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {proxy.key}\r\n"
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        ).encode()
        untold = said(proxy.raw(head + b"4000\r\n" + b" " * 0x4000 + b"\r\n0\r\n\r\n"))

        assert (told.status, told.code) == (413, "request_too_large")
        assert (untold.status, untold.code) == (413, "request_too_large")


def test_a_body_that_does_not_come_is_not_waited_for(site: PracticeSite) -> None:
    with running(site, limits=Limits(body_s=0.5)) as proxy:
        head = (
            f"{POST} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {proxy.key}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
        answer = said(proxy.raw(head.encode()))

        assert (answer.status, answer.code) == (408, "request_timeout")


def test_a_body_that_drips_is_not_waited_for(site: PracticeSite) -> None:
    with running(site, limits=Limits(body_grace_s=0.0, body_bytes_per_s=1 << 40)) as proxy:
        assert proxy.chat().code == "request_timeout"


def test_a_compressed_body_is_taken_and_rubbish_is_not(proxy: Running) -> None:
    packed = gzip.compress(CHAT)
    typed = ("Content-Type: application/json", "Content-Encoding: gzip")

    assert request(proxy, POST, *typed, body=packed).status == 200
    assert request(proxy, POST, *typed, body=b"rubbish").status == 400
    assert request(proxy, POST, *typed, body=packed[:-10]).status == 400
