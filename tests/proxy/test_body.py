"""Bodies of requests: their type, their size, their pace."""

import gzip
import json
import time
import tracemalloc
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest

from tests.busy import PEAK, Busy, most_grown
from tests.core.samples import SAMPLES
from tests.harness import Running, running
from tests.proxy.wire import CHAT, chat, first, request, said, untouched
from tests.waiting import until
from tray_app.practice import PracticeSite
from tray_app.proxy.limits import Limits

POST = "POST /v1/chat/completions"


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
     "application/json5", "text/json", "application/jsonp", "json", "", "\xff\xc2\x80",
     "application/json\xff", "application/json; charset=\xc2\x80\xff"],
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
             b'{"n":NaN}', b'{"n":Infinity}', b'{"model":"m"}x', b" ", b'{"n":-1e999x}',
             b'{"model":"\xed\xa0\x80"}', b'\xff\xfe{\x00}\x00', b'{"n":1,}', b"{'n':1}"],
)  # fmt: skip
def test_what_is_no_proper_json_is_a_400_quickly(proxy: Running, body: bytes) -> None:
    """S74"""
    start_s = time.monotonic()
    answer = request(proxy, POST, "Content-Type: application/json", body=body)

    assert (answer.status, answer.code) == (400, "invalid_request")
    assert json.loads(answer.body)["error"]["message"].startswith(("The body", "n: "))
    # What is promised is a tenth of a second; a busy machine may sit for a moment.
    assert time.monotonic() - start_s < 5
    untouched(proxy)


def test_a_body_that_is_too_large_is_refused_before_it_is_read(site: PracticeSite) -> None:
    with running(site, limits=Limits(body_bytes=10_000)) as proxy:
        told = request(proxy, POST, "Content-Type: application/json", body=b" " * 10_001)
        head = (
            f"{POST} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {proxy.key}\r\n"
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        ).encode()
        untold = first(proxy, head + b"4000\r\n" + b" " * 0x4000 + b"\r\n0\r\n\r\n")

        assert (told.status, told.code) == (413, "request_too_large")
        assert (untold.status, untold.code) == (413, "request_too_large")


def test_a_body_that_does_not_come_is_not_waited_for(site: PracticeSite) -> None:
    with running(site, limits=Limits(body_s=0.5)) as proxy:
        head = (
            f"{POST} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {proxy.key}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
        answer = first(proxy, head.encode())

        assert (answer.status, answer.code) == (408, "request_timeout")


def test_a_body_that_drips_is_not_waited_for(site: PracticeSite) -> None:
    with running(site, limits=Limits(body_grace_s=0.0, body_bytes_per_s=1 << 40)) as proxy:
        assert proxy.chat().code == "request_timeout"


BOMB = gzip.compress(bytes(16 << 20)) * 64
"""1 GiB in members of a file."""


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "deflate", "br", "zstd", "gzip, gzip", "bogus"])
@pytest.mark.parametrize(
    "body", [gzip.compress(CHAT), b"rubbish", BOMB], ids=["good", "bad", "bomb"]
)
def test_a_packed_body_is_not_taken_whatever_is_in_it(
    proxy: Running, coding: str, body: bytes
) -> None:
    """S73"""
    typed = ("Content-Type: application/json", f"Content-Encoding: {coding}")
    tracemalloc.start()
    try:
        with most_grown() if PEAK.exists() else nullcontext(int) as grown:
            answer = request(proxy, POST, *typed, body=body)
            _, most = tracemalloc.get_traced_memory()
            resident = grown()
    finally:
        tracemalloc.stop()

    assert (answer.status, answer.code) == (415, "unsupported_media_type")
    assert b"not taken. Send it without Content-Encoding." in answer.body
    assert b"Content-Type" not in answer.body
    assert most < 16 << 20
    assert resident < 64 << 20
    untouched(proxy)


def test_a_body_that_says_to_be_no_packed_one_is_taken(proxy: Running) -> None:
    assert chat(proxy, "Content-Type: application/json", "Content-Encoding: identity").status == 200


def picture(at: int) -> dict[str, Any]:
    """One that is like no other."""
    data = b64encode(SAMPLES["png"] + b"%d" % at).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}


HELLO = {"role": "user", "content": "Hello"}
SEEN = {"role": "assistant", "content": "Seen."}
PICTURES = [picture(at) for at in range(10_000)]
SHOWN = [said for one in PICTURES for said in ({"role": "user", "content": [one]}, SEEN)]
HUGE: dict[str, tuple[dict[str, Any], int]] = {
    "messages and a fault": ({"messages": [*[HELLO] * 99_999, {"role": "nobody"}]}, 400),
    "images": ({"messages": [{"role": "user", "content": PICTURES}]}, 400),
    "images of old": ({"messages": [*SHOWN, HELLO]}, 200),
    "string": ({"user": "x" * (20 << 20)}, 200),
}


@dataclass
class Went:
    """How a huge body went, told by the processor time of the proxy's threads."""

    status: int
    taken_s: float
    """Until the site heard of it, or until it was refused."""
    longest_wait_s: float
    """Of whatever else came to the loop meanwhile."""


def went(site: PracticeSite, more: dict[str, Any], *, closely: bool = False) -> Went:
    body = json.dumps({**json.loads(CHAT), **more}).encode()
    served: list[int] = []

    def knock() -> None:
        served.append(proxy.ask("GET", "/health", key=None).status)

    # Nothing goes on in a thread beside before somebody else was served.
    busy = Busy(knock, closely=closely)
    with running(site, new_loop=busy.new_loop) as proxy, ThreadPoolExecutor(1) as beside:
        assert proxy.chat().status == 200
        # Otherwise the end of that chat would be what the site hears of.
        site.wait_until(lambda: not site.chats)
        heard = len(site.heard)
        busy.forget()
        asking = beside.submit(proxy.ask, "POST", "/v1/chat/completions", body)
        until(lambda: asking.done() or len(site.heard) > heard, 60)
        taken_s = busy.spent_s
        answer = asking.result()
    assert set(served) == {200}
    return Went(answer.status, taken_s, busy.longest_wait_s)


@pytest.mark.slow
@pytest.mark.parametrize("name", HUGE)
def test_a_huge_body_is_taken_or_refused_soon(site: PracticeSite, name: str) -> None:
    """S76"""
    more, status = HUGE[name]

    found = went(site, more)

    assert found.status == status
    assert found.taken_s < 1
    assert found.longest_wait_s < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("name", HUGE)
def test_what_is_done_with_a_huge_body_holds_nobody_up(site: PracticeSite, name: str) -> None:
    """S76"""
    more, status = HUGE[name]

    found = went(site, more, closely=True)

    assert found.status == status
    assert found.longest_wait_s < 0.2


@pytest.mark.slow
def test_a_hundred_thousand_messages_are_answered(site: PracticeSite) -> None:
    """S76"""
    found = went(site, {"messages": [HELLO] * 100_000})

    assert found.status == 200
    # To make a document of them takes most of the second that they may take, or of two where a
    # processor is shared.
    assert found.taken_s < 4
    assert found.longest_wait_s < 0.2


@pytest.mark.slow
def test_what_is_done_with_thousands_of_messages_holds_nobody_up(site: PracticeSite) -> None:
    """S76"""
    found = went(site, {"messages": [HELLO] * 20_000}, closely=True)

    assert found.status == 200
    # To look closely at five times as many would take a quarter of a minute; a part of the wait
    # is the same for any number.
    assert found.longest_wait_s < 0.1


@pytest.mark.slow
def test_what_is_drawn_after_thousands_of_messages_holds_nobody_up(site: PracticeSite) -> None:
    """S76"""
    blank = {"role": "user", "content": " "}
    more = {"model": "qwen3.7-plus-draw", "messages": [blank] * 5_000 + [HELLO]}

    found = went(site, more, closely=True)

    assert found.status == 200
    assert found.longest_wait_s < 0.2


def test_a_body_is_the_same_however_it_is_cut(proxy: Running) -> None:
    typed = ("Content-Type: application/json", "Transfer-Encoding: chunked")
    pieces = b"".join(b"%x\r\n%c\r\n" % (1, byte) for byte in CHAT) + b"0\r\n\r\n"
    head = f"{POST} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {proxy.key}\r\n"
    asked = "\r\n".join([*typed, "Connection: close", "", ""])

    assert said(proxy.raw((head + asked).encode() + pieces)).status == 200
    assert proxy.site.heard
