"""One line for each request, for people and for scripts."""

import json
import logging
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from tests.harness import QUICK, Running, running
from tests.proxy import wire
from tests.waiting import until
from tray_app.core.deeds import LEFT, Deed
from tray_app.core.errors import Kind, ProxyError
from tray_app.practice import PracticeSite, acts
from tray_app.practice.answers import WORDS
from tray_app.proxy.logbook import Entry, Logbook

FIELDS = [
    "status", "outcome", "took", "first", "in", "out", "speed", "as", "client", "model", "calls",
    "way", "method", "route", "request",
]  # fmt: skip
SLOW = {"silence", "slow", "long", "challenge-page", "modal", "navigation", "held"}
"""These take their time, or Portico does after them."""
QUESTION = "what-nobody-but-the-two-of-us-may-read"


class Book:
    """The lines that were written, the oldest first."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog

    @property
    def lines(self) -> list[str]:
        return [
            record.getMessage()
            for record in self._caplog.records
            if record.name == "tray_app.access"
        ]

    def next(self, count: int = 1) -> list[dict[str, str]]:
        """The next so many lines as their fields; a client has its answer before its line."""
        until(lambda: len(self.lines) >= count)
        assert len(self.lines) == count
        found = [fields(line) for line in self.lines]
        self._caplog.clear()
        return found


def fields(line: str) -> dict[str, str]:
    """A line taken apart, as a script would."""
    head, _, why = line.partition(" why=")
    told = dict(word.split("=", 1) for word in head.split())
    return {**told, "why": why} if why else told


@pytest.fixture
def book(caplog: pytest.LogCaptureFixture) -> Book:
    caplog.set_level("INFO")
    return Book(caplog)


def test_an_answer_is_one_line_with_all_there_is_to_know(proxy: Running, book: Book) -> None:
    proxy.site.will(acts.say("first ", "and ", "last", pace_s=0.1))
    reply = proxy.chat(QUESTION, stream=True)
    [line] = book.next()

    assert list(line) == FIELDS
    assert line["request"] == reply.headers["x-request-id"]
    expected = {
        "status": "200", "outcome": "ok", "as": "stream", "client": "default",
        "model": "qwen3.7-plus", "way": "direct", "method": "POST", "route": "/chat/completions",
    }  # fmt: skip
    assert {name: line[name] for name in expected} == expected
    assert float(line["took"].removesuffix("s")) >= float(line["first"].removesuffix("s")) > 0
    assert int(line["in"].lstrip("~")) > 0
    assert int(line["out"].lstrip("~")) > 0
    assert line["speed"].endswith("/s")
    assert int(line["calls"]) >= 2


def test_a_whole_answer_says_so_and_what_is_guessed_is_marked(proxy: Running, book: Book) -> None:
    proxy.site.will(acts.say("Hello there", usage=False))
    proxy.chat()
    [line] = book.next()

    assert line["as"] == "whole"
    assert line["in"].startswith("~")
    assert line["out"].startswith("~")


def test_the_columns_of_lines_stand_below_each_other(proxy: Running, book: Book) -> None:
    for stream in (False, True):
        proxy.site.will(acts.say("one ", "two", pace_s=0.05))
        proxy.chat(stream=stream)
    proxy.chat(model="nope")
    proxy.ask("GET", "/v1/models")
    until(lambda: len(book.lines) == 4)

    assert len({line.index(" client=") for line in book.lines}) == 1
    assert len({line.index(" took=") for line in book.lines}) == 1


def test_what_failed_says_why_in_the_words_of_its_client(proxy: Running, book: Book) -> None:
    reply = proxy.chat(model="nope")
    [line] = book.next()

    assert (line["status"], line["outcome"], line["model"]) == ("404", "model_not_found", "nope")
    assert line["why"] == json.dumps(reply.json()["error"]["message"])


def test_a_field_is_named_and_what_it_held_is_not(proxy: Running, book: Book) -> None:
    reply = proxy.chat(messages=[{"role": QUESTION, "content": "x"}])
    [line] = book.next()

    assert QUESTION in reply.json()["error"]["message"]
    assert line["why"] == (
        '"Invalid request (messages[0].role). Change the field that is named."'
    )  # fmt: skip


def test_a_broken_answer_is_a_failure_though_its_status_was_good(
    proxy: Running, book: Book
) -> None:
    reply = proxy.chat("practice: cut", stream=True)
    [line] = book.next()

    assert line["status"] == "200"
    assert line["outcome"] == reply.error["code"]
    assert reply.error["message"] in line["why"]


def test_a_client_that_leaves_is_a_line_as_well(proxy: Running, book: Book) -> None:
    proxy.site.will(acts.say("begin ", *("more " for _ in range(200)), pace_s=0.2))
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=30) as sock:
        body = wire.CHAT.replace(b'"messages"', b'"stream":true,"messages"')
        sock.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
            + f"Authorization: Bearer {proxy.key}\r\n".encode()
            + f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        came = b""
        while b"begin" not in came:
            came += sock.recv(65536)
    [line] = book.next()

    assert (line["status"], line["outcome"]) == ("-", LEFT)
    assert line["first"] != "-"


def _are_there(proxy: Running, number: int) -> None:
    until(lambda: len(proxy.service.status.live) == number)


@pytest.mark.slow
def test_whoever_is_turned_away_in_the_queue_is_a_line(site: PracticeSite, book: Book) -> None:
    site.will(acts.say("a", "b", pace_s=0.2))
    with running(site, settings=replace(QUICK, parallel_answers=1, queue_size=1)) as proxy:
        with ThreadPoolExecutor(2) as pool:
            for number in (1, 2):
                pool.submit(proxy.chat)
                _are_there(proxy, number)
            until(lambda: proxy.service.status.queue.waiting == 1)
            assert proxy.chat().status == 429
        lines = book.next(3)

    assert [line["outcome"] for line in lines] == ["queue_full", "ok", "ok"]
    assert lines[0]["calls"] == "0"


def test_no_line_holds_what_was_asked_or_answered(proxy: Running, book: Book) -> None:
    for stream in (True, False):
        proxy.site.will(acts.say(f"{QUESTION}-answered"))
        proxy.chat(QUESTION, stream=stream)
    for word in sorted(WORDS.keys() - SLOW, key="challenge".__eq__):
        proxy.chat(f"practice: {word} {QUESTION}", messages=[
            {"role": "system", "content": QUESTION},
            {"role": "user", "content": f"practice: {word}"},
        ])  # fmt: skip
        proxy.control("resume")
    until(lambda: len(book.lines) == 2 + len(WORDS.keys() - SLOW))

    assert [line for line in book.lines if QUESTION in line] == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_whether_it_runs_is_asked_all_the_time_and_no_line(
    proxy: Running, book: Book, method: str
) -> None:
    proxy.ask(method, "/health", key=None)
    proxy.ask("GET", "/v1/models")
    [line] = book.next()

    assert line["route"] == "/models"
    assert (line["client"], line["first"], line["in"]) == ("default", "-", "-")


@pytest.mark.slow
def test_ten_thousand_wrong_keys_are_a_few_lines_with_their_number(
    proxy: Running, book: Book
) -> None:
    """S30"""
    wrong = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk-wrong\r\n\r\n"
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as sock:
        for _ in range(100):
            sock.sendall(wrong * 100)
            came = b""
            while came.count(b"HTTP/1.1 401") < 100:
                came += sock.recv(1 << 20)
    assert proxy.ask("GET", "/v1/models").status == 200
    until(lambda: book.lines[-1].startswith("status=200"))

    assert len(book.lines) <= 20
    lines = [fields(line) for line in book.lines[:-1]]
    assert {line["outcome"] for line in lines} == {"invalid_api_key"}
    assert sum(1 + int(line.get("untold", 0)) for line in lines) == 10_000


def written(caplog: pytest.LogCaptureFixture, *times_s: float) -> list[str]:
    """The lines of strangers who came at these times."""
    moments = iter(times_s)
    book = Logbook(lambda: next(moments))
    refused = ProxyError(Kind.INVALID_API_KEY)
    for _ in times_s:
        book.end(Entry("id", "GET", "/models", 0.0), 401, refused)
    return Book(caplog).lines


def test_strangers_are_told_at_least_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    lines = written(caplog, *(float(number) for number in range(250)))

    told = [fields(line).get("untold") for line in lines]
    assert told == [None] * 5 + ["4", "59", "29", "59", "59"]


def test_strangers_are_told_one_by_one_again_after_a_quiet_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    lines = written(caplog, *[0.0] * 8, *[70.0] * 6)

    assert [fields(line).get("untold") for line in lines] == [None] * 5 + ["3"] + [None] * 4


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("My laptop", '"My laptop"'), ("a=b", '"a=b"'), ("квен", "квен"), ("", "-"),
        ("x status=200", '"x status=200"'), ("a\nb", '"a\\nb"'), ("n" * 50, f"{'n' * 39}…"),
    ],
    ids=ascii,
)  # fmt: skip
def test_no_name_passes_for_another_field(
    caplog: pytest.LogCaptureFixture, name: str, told: str
) -> None:
    caplog.set_level("INFO")
    entry = Entry("id", "POST", "/chat/completions", 0.0)
    entry.client, entry.deed = name, Deed(0.0, name, asked=name)
    Logbook(lambda: 1.0).end(entry, 200)

    [line] = Book(caplog).lines
    assert f" client={told} " in line
    assert f" model={told} " in line


class _Keeping(logging.Handler):
    def __init__(self, kept: list[logging.LogRecord]) -> None:
        super().__init__()
        self.emit = kept.append  # type: ignore[method-assign,assignment]


def test_a_line_costs_whoever_answers_next_to_nothing() -> None:
    """The line is put together elsewhere, so a thousand of them are little work."""
    log = logging.getLogger("tray_app.access")
    kept: list[logging.LogRecord] = []
    handler = _Keeping(kept)
    before, log.propagate = log.propagate, False
    log.addHandler(handler)
    log.setLevel("INFO")
    entry = Entry("id", "POST", "/chat/completions", 0.0)
    entry.client, entry.deed = "roo", Deed(0.0, "roo", "m", output_tokens=5, first_s=1.0)
    book = Logbook(lambda: 1.0)
    try:
        began_s = time.process_time()
        for _ in range(10_000):
            book.end(entry, 200)
        took_s = time.process_time() - began_s
    finally:
        log.removeHandler(handler)
        log.propagate = before
        log.setLevel("NOTSET")

    assert len(kept) == 10_000
    assert took_s < 2


def test_at_debug_every_call_wait_and_new_try_is_told_with_its_request(
    proxy: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "tray_app")
    proxy.chat()
    until(lambda: Book(caplog).lines)
    caplog.clear()
    proxy.site.expire_tokens()
    reply = proxy.chat(QUESTION)
    until(lambda: Book(caplog).lines)

    wanted = reply.headers["x-request-id"]
    told = [record.getMessage() for record in caplog.records]
    own = [line for line in told if line.endswith(f"request={wanted}")]
    calls = [line.partition(" bytes=")[0] for line in own if line.startswith("call=")]
    assert calls.count("call=POST /api/v2/chats/new") == 2
    assert "call=POST /api/v2/chat/completions" in calls
    assert any(line.startswith("turn=granted waited=") for line in own)
    assert any(line.startswith("again=renewed ") for line in own)
    assert [line for line in told if QUESTION in line] == []
