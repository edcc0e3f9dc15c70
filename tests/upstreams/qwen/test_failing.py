"""Errors in the site's stream: whose they are, and without what an answer can go on."""

import contextlib
import gc
from weakref import ref

import pytest

from tray_app.core.errors import Kind, ProxyError
from tray_app.upstreams.qwen.decode import QwenDecoder
from tray_app.upstreams.qwen.drawing import DrawingDecoder

from .frames import created, data, decode, delta, finished
from .test_decode import failure, text_of


def test_an_error_may_be_the_first_that_is_heard_of_an_answer() -> None:
    """R36"""
    error = {"code": "internal_error", "details": "Allocated quota exceeded"}
    first = data({"error": error, "response_id": "r1"})
    of_another = data({"error": error, "response_id": "r2"})

    assert failure(first).kind is Kind.RATE_LIMITED
    assert text_of(decode(created(), of_another, delta("x"), finished())) == "x"


def test_an_answer_goes_on_without_a_tool_of_the_sites_own_that_failed() -> None:
    broken = delta("", "web_search", status="error", role="function", extra={"error": "no room"})

    assert text_of(decode(created(), broken, delta("x"), finished())) == "x"
    assert "no room" in str(failure(created(), broken))
    assert failure(created(), broken, finished()).kind is Kind.UPSTREAM_ERROR
    assert failure(created(), broken, delta("x")).kind is Kind.UPSTREAM_TRUNCATED


@pytest.mark.parametrize("phase", ["image_gen", "image_gen_tool"])
def test_a_tool_that_was_to_draw_and_may_not_is_an_error_whatever_is_said_then(phase: str) -> None:
    used_up = {"error": {"code": "RateLimited", "details": "Daily limit", "num": 5}}
    broken = delta("", phase, status="error", role="function", extra=used_up)
    sorry = delta("Sorry, I cannot draw today."), finished()

    assert failure(created(), broken, *sorry).kind is Kind.DAILY_LIMIT
    drawing = DrawingDecoder()
    drawing.open(200, {})
    with pytest.raises(ProxyError) as caught:
        drawing.feed(b"".join((created(), broken, *sorry)), lambda _: None)
    assert caught.value.kind is Kind.DAILY_LIMIT


def test_what_a_tool_of_the_sites_own_says_is_not_the_sites_word() -> None:
    said = {"error": "401 Unauthorized"}
    broken = delta("", "fetch_page", status="error", role="function", extra=said)
    found = failure(created(), broken, finished())

    assert (found.kind, found.again) == (Kind.UPSTREAM_ERROR, None)


def test_an_error_that_was_read_holds_nothing_of_the_answer() -> None:
    decoder = QwenDecoder()
    decoder.open(200, {})
    gone = ref(decoder)
    gc.disable()
    try:
        with contextlib.suppress(ProxyError):
            decoder.feed(data({"error": {"code": "x", "details": "y"}}), lambda _: None)
        del decoder
        assert gone() is None
    finally:
        gc.enable()
