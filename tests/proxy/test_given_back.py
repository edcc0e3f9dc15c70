"""Files and pictures that come to nothing, and that nothing is left of them: R4, R70, R71."""

import json
import socket
from collections.abc import Callable, Iterator

import pytest

from tests.harness import Running, running
from tests.practice.test_looks import picture
from tests.proxy.baseline import gives_all_back
from tests.proxy.test_answering import PARSED, drawn, looks
from tests.proxy.test_preparing import GRANT, asked, paper, part
from tests.waiting import until
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.limits import Limits

HURRY = 8.0
LARGE = part(picture("PNG") + b"\0" * (12 << 20))
PICTURE = part(picture("PNG"))
PAPER = paper("First line\nsecond")
REFUSED = acts.Whole(b"<Error><Code>AccessDenied</Code></Error>", 403, "application/xml")
ASKS = {"model": "qwen3.7-plus"}


@pytest.fixture
def brief(site: PracticeSite) -> Iterator[Running]:
    """A proxy that gives up after five real seconds, and on the store after one and a half."""
    limits = Limits(whole_s=40.0, upload_stall_s=12.0)
    with running(site, hurry=HURRY, limits=limits) as proxy:
        yield proxy


def slow_store(site: PracticeSite) -> None:
    site.store.pace_s = 0.05


def unread(site: PracticeSite) -> None:
    site.uploads.looks = 1_000_000


def nothing(_: PracticeSite) -> None:
    """The picture that is asked for says what happens."""


def asking(*given: object) -> dict[str, object]:
    return {**ASKS, "messages": [{"role": "user", "content": list(given)}]}


CHAT, DRAW = "/v1/chat/completions", "/v1/images/generations"


@pytest.mark.parametrize(
    ("happens", "path", "body", "is_there"),
    [
        pytest.param(slow_store, CHAT, asking(LARGE), lambda site: site.store.begun, id="upload"),
        pytest.param(unread, CHAT, asking(PAPER), lambda site: len(site.heard_on(PARSED)) > 1,
                     id="reading"),
        pytest.param(nothing, DRAW, {"prompt": "practice: picture-never"},
                     lambda site: looks(site) > 1, id="drawing"),
    ],
)  # fmt: skip
def test_of_a_client_that_leaves_meanwhile_nothing_is_left(
    brief: Running,
    happens: Callable[[PracticeSite], None],
    path: str,
    body: dict[str, object],
    is_there: Callable[[PracticeSite], object],
) -> None:
    """R4, R71"""
    site, data = brief.site, json.dumps(body).encode()
    with gives_all_back(brief):
        happens(site)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {brief.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", brief.port), timeout=20) as sock:
            sock.sendall(head.encode() + data)
            site.wait_until(lambda: is_there(site), 15)
        until(lambda: brief.control("status")["queue"] == {"waiting": 0, "in_flight": 0})
        before = len(site.heard_on(PARSED)), looks(site), len(site.heard_on(GRANT))
        site.store.pace_s = 0.0

    assert (len(site.heard_on(PARSED)), looks(site), len(site.heard_on(GRANT))) == before


@pytest.mark.parametrize(
    ("given", "happens", "status"),
    [
        pytest.param(PICTURE, lambda site: site.on("put", *[REFUSED] * 2), 502, id="refused"),
        pytest.param(PICTURE, lambda site: site.on("put", acts.Silence()), 504, id="silent"),
        pytest.param(PICTURE, lambda site: site.on("put", acts.Drop(reset=True)), 502, id="reset"),
        pytest.param(
            LARGE,
            lambda site: setattr(site.store, "pace_s", 4.5),
            504,
            id="stuck",
            marks=pytest.mark.slow,
        ),
        pytest.param(PAPER, unread, 504, id="never read", marks=pytest.mark.slow),
    ],
)
def test_of_a_file_that_cannot_be_given_nothing_is_left(
    brief: Running, given: dict[str, object], happens: Callable[[PracticeSite], None], status: int
) -> None:
    """R70"""
    with gives_all_back(brief):
        happens(brief.site)
        assert asked(brief, "Look", given).status == status
        brief.site.store.pace_s = 0.0


@pytest.mark.parametrize(
    ("word", "status"),
    [
        pytest.param("picture-never", 504, marks=pytest.mark.slow),
        pytest.param("picture-error", 504, marks=pytest.mark.slow),
        ("picture-dead", 502),
    ],
)
def test_of_a_picture_that_does_not_come_nothing_is_left(
    brief: Running, word: str, status: int
) -> None:
    """R71"""
    with gives_all_back(brief):
        reply = drawn(brief, f"practice: {word}", response_format="b64_json")
        looked = looks(brief.site)
        # That of a picture is kept for a day.
        brief.site.chats.clear()

    assert reply.status == status
    assert looks(brief.site) == looked
