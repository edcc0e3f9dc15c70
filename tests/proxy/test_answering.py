"""Files that are given with a prompt, pictures that come of one, and tries, in a whole proxy."""

import base64
import contextlib
import http.client
import json
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.harness import QUICK, Reply, Running, running
from tests.held import Later
from tests.practice.test_looks import picture
from tests.proxy.test_leaving import connect
from tests.proxy.test_preparing import ASK, GRANT, asked, heard, paper, part
from tests.proxy.test_relay import broken
from tests.waiting import WITHIN_S, until
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.fetcher import Internet
from tray_app.proxy.limits import Limits

PNG = picture("PNG")
PICTURE = part(PNG)
PARSED = "/api/v2/files/parse/status"
DRAWS = "qwen3.7-plus-draw"


def drawn(proxy: Running, prompt: str = "a red square", **more: Any) -> Reply:
    return proxy.ask("POST", "/v1/images/generations", {"prompt": prompt, **more})


def looks(site: PracticeSite) -> int:
    """How often the site was asked what is in a chat."""
    return sum(
        heard.request.method == "GET" and "/api/v2/chats/" in heard.request.path
        for heard in site.heard
    )


def test_a_picture_in_ten_turns_is_given_once(proxy: Running) -> None:
    messages: list[dict[str, Any]] = []
    for turn in range(10):
        messages.append({"role": "user", "content": [PICTURE] if not turn else f"Turn {turn}"})
        reply = proxy.chat(messages=messages)
        assert "a PNG picture of 37 by 23" in reply.text
        messages.append({"role": "assistant", "content": reply.text})

    assert len(proxy.site.heard_on(GRANT)) == 1
    proxy.check_sound()


def test_a_file_that_the_site_has_lost_is_given_anew(proxy: Running) -> None:
    site = proxy.site
    assert asked(proxy, "one", PICTURE).status == 200
    site.will(acts.refused("Bad_Request", "The file is not exist"))
    found = asked(proxy, "two", PICTURE)
    gone = acts.refused("Bad_Request", "Invalid file information!")
    site.will(gone, gone)
    lost = asked(proxy, "three", PICTURE)

    assert found.status == 200
    assert (lost.status, lost.code) == (502, "upstream_error")
    assert "Qwen lost a file" in lost.body.decode()
    # Once when it was new, once for each that was lost, and none was asked for a third time.
    assert len(site.heard_on(GRANT)) == 3
    assert len(site.heard_on(ASK)) == 5


def test_an_allowance_of_files_that_ends_in_the_turn_holds_up_no_model(proxy: Running) -> None:
    site = proxy.site
    assert asked(proxy, "one", PICTURE).status == 200
    site.will(acts.refused("Bad_Request", "The file is not exist"))
    site.on("grant", acts.refused("RateLimited", "daily usage limit", num=7))
    first, again = asked(proxy, "two", PICTURE), asked(proxy, "three", PICTURE)

    assert [first.code, again.code, proxy.chat().status] == ["daily_limit", "daily_limit", 200]
    assert len(site.heard_on(GRANT)) == 2


def test_as_many_pictures_are_made_as_are_wanted(proxy: Running) -> None:
    reply = drawn(proxy, n=3, size="16:9")

    urls = [one["url"] for one in reply.json()["data"]]
    assert len(set(urls)) == 3
    assert len(proxy.site.heard_on(ASK)) == 3
    assert {heard.request.json()["size"] for heard in proxy.site.heard_on(ASK)} == {"16:9"}


def test_two_pictures_of_one_answer_are_two(proxy: Running) -> None:
    reply = drawn(proxy, "practice: pictures 2", n=2, response_format="b64_json")

    pictures = [base64.b64decode(one["b64_json"]) for one in reply.json()["data"]]
    assert len(set(pictures)) == 2
    assert all(data.startswith(b"\x89PNG") for data in pictures)
    assert len(proxy.site.heard_on(ASK)) == 1


def test_whoever_is_refused_a_picture_is_not_refused_it_four_times(proxy: Running) -> None:
    reply = drawn(proxy, "practice: picture-refused", n=4)

    assert (reply.status, reply.code) == (400, "content_filter")
    assert "I cannot draw that" in reply.body.decode()
    assert len(proxy.site.heard_on(ASK)) == 1


def test_a_form_brings_pictures_to_draw_after(proxy: Running) -> None:
    fields = [
        ('name="prompt"', b"a red square"),
        ('name="n"', b"1"),
        ('name="image[]"; filename="a.png"', picture("PNG")),
        ('name="image[]"; filename="b.png"', picture("PNG", size=(3, 3))),
    ]
    body = b"".join(
        f"--cut\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + data + b"\r\n"
        for head, data in fields
    )
    reply = proxy.ask(
        "POST",
        "/v1/images/edits",
        body + b"--cut--\r\n",
        {"Content-Type": "multipart/form-data; boundary=cut"},
    )

    assert reply.status == 200, reply.body
    message = heard(proxy.site)
    assert [item["name"] for item in message["files"]] == ["a.png", "b.png"]
    assert message["chat_type"] == "image_edit"
    refused = proxy.ask(
        "POST", "/v1/chat/completions", b"", {"Content-Type": "multipart/form-data"}
    )
    assert refused.code == "unsupported_media_type"


def test_a_picture_that_comes_late_is_found_in_its_chat(proxy: Running) -> None:
    chat = proxy.chat("practice: picture-late 2", model=DRAWS, stream=True)
    made = drawn(proxy, "practice: picture-late 1", response_format="b64_json")

    assert re.search(r"!\[image\]\(http[^)]+\.png\?key=", chat.text)
    assert chat.frames[-1] == "[DONE]"
    assert base64.b64decode(made.json()["data"][0]["b64_json"]).startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.parametrize("word", ["picture-never", "picture-error"])
def test_a_picture_that_never_comes_is_a_504(site: PracticeSite, word: str) -> None:
    """R71"""
    limits = Limits(whole_s=6.0, tick_s=0.1, commit_s=0.5)
    with running(site, hurry=8.0, limits=limits) as proxy:
        whole = drawn(proxy, f"practice: {word}")
        streamed = proxy.chat(f"practice: {word}", model=DRAWS, stream=True)
        asked_for = looks(site)
        proxy.let_pass(8.0)

        assert (whole.status, whole.code) == (504, "upstream_timeout")
        broken(streamed, "upstream_timeout")
        assert looks(site) == asked_for
        proxy.check_sound()


def test_a_picture_whose_address_is_dead_is_an_error(proxy: Running) -> None:
    """R71"""
    reply = drawn(proxy, "practice: picture-dead", response_format="b64_json")

    assert (reply.status, reply.code) == (502, "upstream_error")
    assert "could not be brought" in reply.body.decode()


@pytest.mark.slow
def test_a_client_that_leaves_ends_the_looking_for_its_picture(proxy: Running) -> None:
    """R4, R71"""
    site = proxy.site
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=20)
    body = json.dumps({"prompt": "practice: picture-never"})
    headers = {"Authorization": f"Bearer {proxy.key}", "Content-Type": "application/json"}
    connection.request("POST", "/v1/images/generations", body, headers)
    site.wait_until(lambda: looks(site) == 2)
    assert connection.sock is not None
    connection.sock.shutdown(socket.SHUT_RDWR)
    connection.close()
    until(lambda: proxy.control("status")["queue"]["in_flight"] == 0)
    asked_for = looks(site)
    proxy.let_pass(12.0)

    assert looks(site) == asked_for
    proxy.check_sound()


@pytest.mark.slow
def test_comments_keep_a_client_that_waits_for_a_picture(site: PracticeSite) -> None:
    with running(site, limits=Limits(commit_s=0.3, heartbeat_s=0.5, tick_s=0.1)) as proxy:
        reply = proxy.chat("practice: picture-slow 3", model=DRAWS, stream=True)

    assert reply.body.count(b": ") >= 3
    assert "![image](" in reply.text


def test_the_chat_of_a_picture_is_kept_and_its_picture_lives(proxy: Running) -> None:
    url = drawn(proxy).json()["data"][0]["url"]
    proxy.chat("Nothing is drawn here")
    proxy.site.wait_until(lambda: len(proxy.site.deleted) == 1)

    connection = http.client.HTTPConnection(url.split("/")[2], timeout=5)
    connection.request("GET", "/" + url.split("/", 3)[3])
    assert connection.getresponse().status == 200
    connection.close()
    assert len(proxy.site.chats) == 1


def test_pictures_are_drawn_one_after_the_other(site: PracticeSite) -> None:
    settings = QUICK.__class__(start_spacing_s=0.0, parallel_answers=1)
    with running(site, settings=settings) as proxy:
        assert len(drawn(proxy, n=2).json()["data"]) == 2


def test_pictures_that_are_there_are_not_lost_for_those_that_are_not(site: PracticeSite) -> None:
    spaced = QUICK.__class__(start_spacing_s=60.0)
    with running(site, settings=spaced) as proxy, ThreadPoolExecutor(1) as pool:
        coming = pool.submit(drawn, proxy, "a red square", n=3)
        site.wait_until(lambda: len(site.heard_on(ASK)) == 1)
        site.will(acts.refused("RateLimited", "daily usage limit", num=7))
        # The second is not asked for before it is said what comes of it.
        proxy.control("settings", what="set", name="start_spacing_s", value="0")
        reply = coming.result(20)

    assert reply.status == 200
    assert len(reply.json()["data"]) == 1
    assert reply.headers["x-portico-ignored"] == "n"
    assert len(site.heard_on(ASK)) == 2


def test_an_allowance_of_pictures_holds_up_neither_chats_nor_models_that_have_one(
    proxy: Running,
) -> None:
    used_up = drawn(proxy, "practice: limit 3")
    model = proxy.site.heard_on(ASK)[0].request.json()["model"]
    named = drawn(proxy, model=model)
    unnamed = drawn(proxy)
    chat = proxy.chat(model=str(model))

    assert [used_up.code, named.code] == ["daily_limit", "daily_limit"]
    assert unnamed.status == 200
    assert proxy.site.heard_on(ASK)[1].request.json()["model"] != model
    assert chat.status == 200


@pytest.mark.slow
def test_whoever_waits_for_a_late_picture_keeps_nobody_waiting(site: PracticeSite) -> None:
    settings = QUICK.__class__(start_spacing_s=0.0, parallel_answers=1)
    limits = Limits(whole_s=6.0, tick_s=0.1)
    with (
        running(site, settings=settings, limits=limits, hurry=8.0) as proxy,
        ThreadPoolExecutor(1) as pool,
    ):
        coming = pool.submit(drawn, proxy, "practice: picture-never")
        site.wait_until(lambda: looks(site) >= 1)
        began_s = time.monotonic()

        assert proxy.chat().status == 200
        assert time.monotonic() - began_s < 3
        assert coming.result(20).status == 504


@pytest.mark.slow
def test_whoever_has_a_document_read_keeps_nobody_waiting(site: PracticeSite) -> None:
    site.uploads.looks = 1_000_000
    settings = QUICK.__class__(start_spacing_s=0.0, parallel_answers=1)
    limits = Limits(whole_s=6.0, tick_s=0.1)
    with (
        running(site, settings=settings, limits=limits, hurry=8.0) as proxy,
        ThreadPoolExecutor(2) as pool,
    ):
        coming = [pool.submit(asked, proxy, "Read this", paper("Slow")) for _ in range(2)]
        site.wait_until(lambda: len(site.heard_on(PARSED)) >= 2)
        began_s = time.monotonic()

        assert proxy.chat().status == 200
        assert time.monotonic() - began_s < 3
        # Where the first is over before the other, that gives it anew.
        assert len(site.heard_on(GRANT)) == 1
        assert {reply.result(20).status for reply in coming} == {504}


class Slowly:
    """A server of a stranger, whose picture takes its time, or comes when it may."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.asked = threading.Event()
        self.may = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def part(self) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.port}/a.png"
        return {"type": "image_url", "image_url": {"url": url}}

    def internet(self) -> Internet:
        """As if this server were a public one."""
        return Internet(may_connect=lambda _, port: port == self.port)

    def _serve(self) -> None:
        while True:
            line, _ = self._server.accept()
            threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line: socket.socket) -> None:
        with line, contextlib.suppress(OSError):
            line.recv(65_536)
            self.asked.set()
            self.may.wait(self._after_s)
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(PNG) + PNG)


@pytest.mark.slow
def test_comments_keep_a_client_whose_picture_is_slow(site: PracticeSite) -> None:
    slowly = Slowly(1.5)
    limits = Limits(commit_s=0.3, heartbeat_s=0.3, tick_s=0.1)
    with running(site, limits=limits, internet=slowly.internet()) as proxy:
        reply = asked(proxy, "What is this?", slowly.part, stream=True)

    assert "a PNG picture of 37 by 23" in reply.text
    assert reply.body.index(b": ") < reply.body.index(b"data: ")


@pytest.mark.parametrize("stream", [True, False])
def test_a_stop_while_a_picture_is_fetched_is_told(site: PracticeSite, stream: bool) -> None:
    slowly = Slowly(60)
    limits = Limits(drain_s=0.3, last_words_s=10.0, fetch_s=60.0)
    internet = slowly.internet()
    with running(site, internet=internet, limits=limits) as proxy, ThreadPoolExecutor(1) as pool:
        coming = pool.submit(asked, proxy, "What is this?", slowly.part, stream=stream)
        assert slowly.asked.wait(WITHIN_S)
        proxy.service.stop()
        reply = coming.result(20)
        slowly.may.set()

    assert (reply.status, reply.code) == (503, "server_stopping")


def test_what_was_asked_before_a_sign_out_does_not_go_out_under_the_next_session(
    site: PracticeSite,
) -> None:
    slowly = Slowly(60)
    with running(site, internet=slowly.internet()) as proxy, ThreadPoolExecutor(1) as pool:
        coming = pool.submit(asked, proxy, "What is this?", slowly.part)
        assert slowly.asked.wait(WITHIN_S)
        proxy.control("session", what="clear")
        slowly.may.set()
        reply = coming.result(20)

    assert (reply.status, reply.code) == (401, "not_signed_in")
    assert site.heard_on(ASK) == []


def test_no_session_is_renewed_for_a_prompt_once_the_site_asks_for_a_person(
    site: PracticeSite,
) -> None:
    """R35"""
    comes = threading.Event()
    with running(site) as proxy, ThreadPoolExecutor() as clients:
        site.on("new", Later(acts.EXPIRED, comes), acts.CHALLENGE)
        first = clients.submit(proxy.chat)
        until(lambda: site.heard_on("/api/v2/chats/new"))
        assert proxy.chat().code == "verification_needed"
        comes.set()

        assert first.result().code == "cooling_down"
        assert not site.heard_on("/api/v2/auths/refresh")


def test_nothing_is_given_for_whom_the_queue_has_no_place(site: PracticeSite) -> None:
    settings = QUICK.__class__(start_spacing_s=0.0, parallel_answers=1, queue_size=1)
    site.will(acts.Silence())
    with (
        running(site, settings=settings, limits=Limits(drain_s=0.1)) as proxy,
        connect(proxy, stream=False),
        connect(proxy, stream=False),
    ):
        until(lambda: proxy.control("status")["queue"]["waiting"] == 1)
        reply = asked(proxy, "What is this?", PICTURE)

    assert (reply.status, reply.code) == (429, "queue_full")
    assert site.heard_on(GRANT) == []
