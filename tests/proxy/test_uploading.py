"""Files on their way to the store, through a whole proxy and over sockets of their own."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from tests.harness import Running, running
from tests.paper import windowed
from tests.practice.test_looks import picture
from tests.proxy.test_leaving import connect
from tests.waiting import until
from tray_app.compose import practice_session, practice_site
from tray_app.core.calls import Answer, Flow, Reply, Stamp, Stream, Upload
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.files import Attached, File
from tray_app.core.model import Choice, Prompt
from tray_app.core.site import Site
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.limits import Limits
from tray_app.proxy.uploading import Uploader
from tray_app.upstreams.qwen.flow import Chat
from tray_app.upstreams.qwen.upstream import Qwen

PICTURE = File("image", "a.png", "image/png", picture("PNG"))
PAPER = File("document", "notes.txt", "text/plain", b"First line\nsecond")
LARGE = File("image", "large.png", "image/png", picture("PNG") + b"\0" * (20 << 20))
GRANT = "/api/v2/files/getstsToken"
PARSED = "/api/v2/files/parse/status"
NEW = "/api/v2/chats/new"
STORE_HEADERS = {
    "authorization", "connection", "content-length", "content-type", "host", "x-oss-content-sha256",
    "x-oss-date", "x-oss-security-token",
}  # fmt: skip


class Attaching(Qwen):
    """Gives the site these files with every prompt."""

    def __init__(self, *given: File) -> None:
        self._given = given
        self._attached: tuple[Attached, ...] = ()

    def begin(self, prompt: Prompt, choice: Choice, stamp: Stamp) -> Flow:
        attached = []
        for file in self._given:
            end = yield from self.upload(file, stamp)
            assert isinstance(end, Reply)
            assert isinstance(end.value, Attached)
            attached.append(end.value)
        self._attached = tuple(attached)
        return (yield from super().begin(prompt, choice, stamp))

    def ask(self, prompt: Prompt, choice: Choice, chat: Chat, stamp: Stamp, site: Site) -> Stream:
        prompt = msgspec.structs.replace(prompt, files=self._attached)
        return super().ask(prompt, choice, chat, stamp, site)


@contextmanager
def attaching(
    site: PracticeSite, *given: File, limits: Limits | None = None, hurry: float = 1.0
) -> Iterator[Running]:
    with running(site, upstream=Attaching(*given), limits=limits, hurry=hurry) as proxy:
        yield proxy


def puts(site: PracticeSite) -> list[dict[str, str]]:
    """The headers of every upload that came to its end, names in lower case."""
    return [
        {name.lower(): value for name, value in heard.request.headers}
        for heard in site.heard
        if heard.host == "store"
    ]


def refusal(code: str, status: int = 403) -> acts.Act:
    return acts.Whole(f"<Error><Code>{code}</Code></Error>".encode(), status, "application/xml")


def test_pictures_and_documents_reach_the_model_in_their_order(site: PracticeSite) -> None:
    with attaching(site, PICTURE, PAPER, hurry=8.0) as proxy:
        reply = proxy.chat("Look")

        assert reply.status == 200, reply.body
        assert reply.text.endswith(
            "You said: Look\n\nYou sent: a.png, a PNG picture of 37 by 23, #123456 in its first "
            "corner; notes.txt, a document of 17 bytes that begins: First line."
        )


def test_a_file_of_twenty_mebibytes_arrives_whole(site: PracticeSite) -> None:
    with attaching(site, LARGE) as proxy:
        assert proxy.chat().status == 200

    [stored] = site.store.objects.values()
    assert (stored.data, stored.type) == (LARGE.data, "image/png")


def test_nothing_of_the_session_and_no_header_of_ours_goes_to_the_store(
    site: PracticeSite,
) -> None:
    session = practice_session(site.sign_in())
    with running(site, upstream=Attaching(PICTURE, PAPER), session=session, hurry=8.0) as proxy:
        assert proxy.chat().status == 200

    cookies = [session.cookies[name] for name in ("acw_tc", "token", "refresh_token")]
    assert len(puts(site)) == 2
    for sent in puts(site):
        assert set(sent) == STORE_HEADERS
        assert not any(one in str(sent) for one in (session.token, *cookies, proxy.key))
    lines = [heard.connection for heard in site.heard if heard.host == "store"]
    assert len(set(lines)) == 2


def test_files_go_directly_where_the_page_makes_the_calls(site: PracticeSite) -> None:
    with windowed(site, upstream=Attaching(PICTURE)) as (proxy, window):
        reply = proxy.chat()

        assert "a PNG picture" in reply.text
        assert [call.path for call in window.made if call.path == GRANT] == [GRANT]
        assert len(puts(site)) == 1
        assert set(puts(site)[0]) == STORE_HEADERS


def test_the_time_of_the_site_counts_where_this_computers_clock_is_wrong() -> None:
    site = PracticeSite(pace_s=0.0, clock=lambda: time.time() + 7 * 3600)
    site.start()
    try:
        with attaching(site, PICTURE) as proxy:
            assert proxy.chat().status == 200
    finally:
        site.stop()


def test_keys_that_have_ended_are_asked_for_anew_once(site: PracticeSite) -> None:
    """R70"""
    site.on("put", refusal("SecurityTokenExpired"))
    with attaching(site, PICTURE) as proxy:
        reply = proxy.chat()

    assert reply.status == 200
    assert len(site.heard_on(GRANT)) == 2


@pytest.mark.parametrize("act", [refusal("AccessDenied"), refusal("InternalError", 500)])
def test_a_store_that_refuses_twice_is_a_502_and_no_chat_is_made(
    site: PracticeSite, act: acts.Act
) -> None:
    """R70"""
    site.on("put", *[act] * 3)
    with attaching(site, PICTURE) as proxy:
        reply = proxy.chat()

    assert (reply.status, reply.code) == (502, "upstream_error")
    assert len(site.heard_on(GRANT)) == len(puts(site)) == 2
    assert site.heard_on(NEW) == []


def test_keys_that_the_store_never_takes_are_a_502(site: PracticeSite) -> None:
    """R70"""
    site.store.keys_life_s = -1.0
    with attaching(site, PICTURE) as proxy:
        reply = proxy.chat()

    assert (reply.status, reply.code) == (502, "upstream_error")
    assert "SecurityTokenExpired" in reply.json()["error"]["message"]


@pytest.mark.slow
def test_a_store_that_is_slow_is_waited_for(site: PracticeSite) -> None:
    """R70"""
    site.store.pace_s = 0.004
    with attaching(site, LARGE, limits=Limits(upload_stall_s=1.0)) as proxy:
        began_s = time.monotonic()
        reply = proxy.chat()

    assert reply.status == 200
    assert time.monotonic() - began_s > 1


def test_a_store_that_takes_nothing_is_given_up(site: PracticeSite) -> None:
    """R70"""
    site.store.pace_s = 60.0
    with attaching(site, LARGE, limits=Limits(upload_stall_s=1.0)) as proxy:
        began_s = time.monotonic()
        reply = proxy.chat()

    assert (reply.status, reply.code) == (504, "upstream_timeout")
    assert time.monotonic() - began_s < 10


def test_a_store_that_never_answers_is_given_up(site: PracticeSite) -> None:
    site.on("put", acts.Silence())
    with attaching(site, PICTURE, limits=Limits(upload_stall_s=1.0)) as proxy:
        reply = proxy.chat()

    assert (reply.status, reply.code) == (504, "upstream_timeout")


@pytest.mark.slow
def test_a_client_that_leaves_in_an_upload_ends_it(site: PracticeSite) -> None:
    """R4"""
    site.store.pace_s = 0.02
    with attaching(site, LARGE, LARGE) as proxy:
        with connect(proxy, stream=True):
            site.wait_until(lambda: site.store.begun == 1)
            time.sleep(0.3)
        left_s = time.monotonic()
        until(lambda: proxy.control("status")["queue"]["in_flight"] == 0)
        assert time.monotonic() - left_s < 1

        # The store still reads what it had got by then, at its own pace.
        site.wait_until(lambda: site.store.broken == 1, 15)
        time.sleep(0.3)
        assert len(site.heard_on(GRANT)) == 1
        assert site.heard_on(NEW) == []


def test_a_client_that_leaves_while_a_document_is_read_ends_the_looking(
    site: PracticeSite,
) -> None:
    """R4"""
    site.uploads.looks = 1_000_000
    with attaching(site, PAPER, PICTURE, hurry=8.0) as proxy:
        with connect(proxy, stream=False):
            site.wait_until(lambda: len(site.heard_on(PARSED)) >= 2)
        until(lambda: proxy.control("status")["queue"]["in_flight"] == 0)
        looked = len(site.heard_on(PARSED))
        proxy.let_pass(2.0)

        assert len(site.heard_on(PARSED)) == looked
        assert len(site.heard_on(GRANT)) == 1


def test_a_place_that_is_no_store_of_the_sites_gets_nothing(site: PracticeSite) -> None:
    other = PracticeSite()
    other.start()
    try:
        with attaching(site, PICTURE) as proxy:
            site.store.authority = other.store.authority
            reply = proxy.chat()

        assert (reply.status, reply.code) == (502, "protocol_changed")
        assert len(site.heard_on(GRANT)) == 1
        assert other.store.begun == 0
    finally:
        other.stop()


def test_redirects_of_the_store_are_not_followed(site: PracticeSite) -> None:
    other = PracticeSite()
    other.start()
    try:
        to = (("Location", f"http://{other.store.authority}/x"),)
        site.on("put", acts.Whole(b"", 307, headers=to))
        with attaching(site, PICTURE) as proxy:
            reply = proxy.chat()

        assert (reply.status, reply.code) == (502, "upstream_redirect")
        assert other.heard == []
    finally:
        other.stop()


def test_a_store_that_cannot_be_reached_is_no_fault_of_the_site(site: PracticeSite) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        gone = f"127.0.0.1:{nobody.getsockname()[1]}"
        site.store.authority = gone
        place = practice_site(site.origin, site.auth_origin, gone)
        with running(site, upstream=Attaching(PICTURE), place=place) as proxy:
            replies = [proxy.chat() for _ in range(6)]

            assert {(one.status, one.code) for one in replies} == {(502, "upstream_unreachable")}
            assert proxy.control("status")["hold"] is None


def test_a_proxy_of_another_kind_is_not_gone_around(site: PracticeSite) -> None:
    with pytest.raises(ProxyError) as caught:
        put(site, Upload(site.store.authority, "/x", {}, b"x"), "socks5://127.0.0.1:9")

    assert caught.value.kind is Kind.UPSTREAM_UNREACHABLE
    assert site.heard == []


def test_files_go_through_the_proxy_that_is_set(site: PracticeSite) -> None:
    between = PracticeSite()
    between.start()
    try:
        answer = put(site, Upload(site.store.authority, "/a%20b", {}, b"x"), between.origin)

        assert answer.status == 404
        assert between.heard[0].request.target == f"http://{site.store.authority}/a%20b"
        assert site.heard == []
    finally:
        between.stop()


def place(site: PracticeSite) -> Site:
    return practice_site(site.origin, site.auth_origin, site.store.authority)


def put(site: PracticeSite, upload: Upload, proxy: str | None = None) -> Answer:
    return asyncio.run(Uploader(place(site), Limits, proxy).put(upload))


def test_a_store_that_refuses_before_it_has_taken_all_is_heard(site: PracticeSite) -> None:
    """Whoever refuses early may not read on, and says so before he closes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse() -> None:
            line, _ = listening.accept()
            with line:
                line.recv(1024)
                line.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nearly")
                until(lambda: told)

        told: list[Answer] = []
        thread = threading.Thread(target=refuse)
        thread.start()
        site.store.authority = f"127.0.0.1:{listening.getsockname()[1]}"
        told.append(put(site, Upload(site.store.authority, "/x", {}, LARGE.data)))
        thread.join()

    assert (told[0].status, told[0].body) == (403, b"early")


def test_a_store_that_breaks_off_is_an_error_of_ours(site: PracticeSite) -> None:
    for act in (acts.Drop(), acts.Drop(reset=True)):
        site.on("put", act)
        with pytest.raises(ProxyError) as caught:
            put(site, Upload(site.store.authority, "/x", {}, b"x"))

        assert caught.value.kind is Kind.UPSTREAM_DISCONNECTED


def test_an_answer_of_the_store_is_bounded(site: PracticeSite) -> None:
    site.on("put", acts.Whole(b"x" * (9 << 20), 200, "application/xml"))
    with pytest.raises(ProxyError) as caught:
        put(site, Upload(site.store.authority, "/x", {}, b"x"))

    assert caught.value.kind is Kind.UPSTREAM_BAD_RESPONSE


def test_no_secret_of_an_upload_is_in_the_log(
    site: PracticeSite, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    site.on("put", refusal("AccessDenied"))
    with attaching(site, PICTURE) as proxy:
        proxy.chat()

    for sent in puts(site):
        for name in ("authorization", "x-oss-security-token"):
            assert sent[name] not in caplog.text
    assert "x-oss-signature=" not in caplog.text
