"""Pictures that the site made, brought over real sockets."""

import asyncio
import re
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import msgspec
import pytest

from tests.core.samples import SAMPLES
from tests.harness import running
from tests.proxy.strangers import HOME, Stranger, Talk, redirect, reply, stranger
from tests.proxy.test_runner import Keeping
from tests.waiting import comes
from tray_app.compose import practice_site
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.site import Site
from tray_app.practice import PracticeSite
from tray_app.proxy.limits import Limits
from tray_app.proxy.media import AT_ONCE, TRIES, Media

PNG = SAMPLES["png"]
SENT = {"host", "user-agent", "accept", "accept-encoding", "connection"}
PAUSE_S = 0.05
"""Between two tries."""
SECRET = "key=eyJhbGciOiJub25lIn0.secret"


def site_of(*served: Stranger, origin: str = "http://127.0.0.1:1") -> Site:
    """A site whose pictures are at these servers."""
    hosts = tuple(f"{HOME}:{one.port}" for one in served)
    return msgspec.structs.replace(practice_site(origin, origin), media_hosts=hosts)


@asynccontextmanager
async def bringing(
    site: Site, limits: Limits | None = None, proxy: str | None = None
) -> AsyncIterator[Media]:
    used = limits or Limits(media_pause_s=PAUSE_S)
    media = Media(site, lambda: used, proxy)
    try:
        yield media
    finally:
        await media.close()


async def fault(media: Media, address: str) -> ProxyError:
    """The error that comes instead of a picture; it never has the address."""
    with pytest.raises(ProxyError) as caught:
        await media.bring(address)

    assert address not in caught.value.text or not address
    return caught.value


def one_by_one(*answers: bytes) -> Talk:
    """Answers of one path, the last one for good; an empty one ends the connection."""
    left = list(answers)

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if left[1:] else left[0])
        await writer.drain()

    return talk


def dripping(head: bytes, drops: Iterable[bytes], pause_s: float) -> Talk:
    """An answer that comes bit by bit and then no more."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        for drop in drops:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(pause_s)
        await reader.read()

    return talk


def test_a_picture_that_was_drawn_is_brought_with_nothing_of_the_session(
    site: PracticeSite,
) -> None:
    with running(site, upstream=Keeping(60.0)) as proxy:
        text = proxy.chat("A red square", model="qwen3.7-plus-draw").text
    found = re.search(r"\((http[^)\s]+)", text)
    assert found is not None, text
    place = practice_site(site.origin, site.auth_origin)
    asked, path = len(site.heard), urlsplit(found[1]).path

    async def bring() -> bytes:
        async with bringing(place) as media:
            return await media.bring(found[1])

    data = asyncio.run(bring())

    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    [heard] = [one for one in site.heard[asked:] if one.request.path == path]
    assert {name.lower() for name, _ in heard.request.headers} == SENT


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "gif"])
async def test_what_is_a_picture_by_its_bytes_is_brought(kind: str) -> None:
    async with stranger() as server, bringing(site_of(server)) as media:
        server.answers["/a%2Fb.png?key=a%3Db"] = reply(SAMPLES[kind], "Content-Type: text/html")

        assert await media.bring(server.url("/a%2Fb.png?key=a%3Db")) == SAMPLES[kind]
        names = {line.partition(":")[0].lower() for line in server.heard[0].split("\r\n")[1:-2]}
        assert names == SENT


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>not here</html>", b"<svg xmlns='http://www.w3.org/2000/svg'/>", SAMPLES["pdf"],
     SAMPLES["mp4"], b"\0" * 100],
)  # fmt: skip
async def test_what_is_no_picture_is_not_brought(body: bytes) -> None:
    async with stranger() as server, bringing(site_of(server)) as media:
        server.answers["/a.png"] = reply(body, "Content-Type: image/png")

        error = await fault(media, server.url("/a.png"))

        assert (error.kind, len(server.heard)) == (Kind.UPSTREAM_ERROR, 1)
        assert error.message == "The picture that Qwen made could not be brought"


ELSEWHERE = [
    "http://127.0.0.1:OTHER/", "http://localhost:HERE/", "http://127.0.0.1/", "ftp://SITE/",
    "http://me@SITE/", "http://SITE@127.0.0.1:OTHER/", "http://127.0.0.1:OTHER\\@SITE/",
    "http://127.0.0.1:OTHER/#SITE", "file:///etc/passwd", "data:image/png;base64,iVBORw0KGgo=",
    "http://SITE /", "http://127.1:HERE/", "http://127.0.0.1.:HERE/", "http://SITE0/", "",
]  # fmt: skip


@pytest.mark.parametrize("address", [*ELSEWHERE, "/a.png", "//SITE/", "SITE"])
async def test_only_hosts_of_the_site_are_asked(address: str) -> None:
    async with stranger() as server, stranger() as other, bringing(site_of(server)) as media:
        spelled = address.replace("SITE", f"{HOME}:{server.port}")
        spelled = spelled.replace("OTHER", str(other.port)).replace("HERE", str(server.port))

        assert (await fault(media, spelled)).kind is Kind.UPSTREAM_ERROR
        assert (server.connections, other.connections) == (0, 0)


@pytest.mark.parametrize("address", ELSEWHERE)
async def test_no_redirect_leads_to_other_hosts(address: str) -> None:
    async with stranger() as server, stranger() as other, bringing(site_of(server)) as media:
        spelled = address.replace("SITE", f"{HOME}:{server.port}")
        spelled = spelled.replace("OTHER", str(other.port)).replace("HERE", str(server.port))
        server.answers["/a"] = redirect(spelled)

        assert (await fault(media, server.url("/a"))).kind is Kind.UPSTREAM_ERROR
        assert (server.connections, other.connections) == (1, 0)


async def test_of_a_site_over_tls_nothing_is_asked_in_the_open() -> None:
    async with stranger() as server:
        site = site_of(server, origin="https://chat.example")
        async with bringing(site) as media:
            assert (await fault(media, server.url("/a.png"))).kind is Kind.UPSTREAM_ERROR

        assert server.connections == 0


async def test_three_redirects_are_followed_on_hosts_of_the_site_and_no_more() -> None:
    async with stranger() as server, stranger() as second:
        server.answers = {
            "/0": redirect("1"),
            "/1": redirect("/2", 307),
            "/2": redirect(second.url("/3")),
            "/loop": redirect("/loop"),
        }
        second.answers = {"/3": redirect(server.url("/p"), 303)}
        server.answers["/p"] = reply(PNG)
        async with bringing(site_of(server, second)) as media:
            assert await media.bring(server.url("/1")) == PNG
            for path in ("/0", "/loop"):
                assert (await fault(media, server.url(path))).kind is Kind.UPSTREAM_ERROR

        assert len(server.heard) == 3 + 3 + 4


@pytest.mark.parametrize("missing", [reply(b"", status=404), reply(b"", status=503), b""])
async def test_a_picture_that_is_not_there_yet_is_asked_for_again(missing: bytes) -> None:
    async with stranger() as server, bringing(site_of(server)) as media:
        server.answers["/a.png"] = one_by_one(*[missing] * (TRIES - 1), reply(PNG))
        began_s = time.monotonic()

        assert await media.bring(server.url("/a.png")) == PNG
        assert time.monotonic() - began_s >= PAUSE_S * (TRIES - 1)
        assert len(server.heard) == TRIES


@pytest.mark.parametrize(
    ("answer", "tries"),
    [
        (reply(b"", status=404), TRIES), (reply(b"", status=500), TRIES), (b"", TRIES),
        (reply(PNG, f"Content-Length: {len(PNG) + 1}"), TRIES), (reply(b"", status=403), 1),
        (reply(PNG, status=206), 1), (reply(b"", status=410), 1), (redirect(""), 1),
        (reply(PNG, "Content-Encoding: gzip"), 1), (b"hello\r\n\r\n", 1),
    ],
)  # fmt: skip
async def test_an_address_that_is_dead_is_an_error(answer: bytes, tries: int) -> None:
    async with stranger() as server, bringing(site_of(server)) as media:
        server.answers["/a.png"] = one_by_one(answer)

        error = await fault(media, server.url("/a.png"))

        assert (error.kind, error.kind.row.status) == (Kind.UPSTREAM_ERROR, 502)
        assert len(server.heard) == tries


async def test_a_server_that_nobody_reaches_is_tried_three_times() -> None:
    async with stranger() as server:
        address, site = server.url("/a.png"), site_of(server)
    began_s = time.monotonic()
    async with bringing(site) as media:
        assert (await fault(media, address)).kind is Kind.UPSTREAM_ERROR

    assert time.monotonic() - began_s >= PAUSE_S * (TRIES - 1)


HEAD = b"HTTP/1.1 200 Planted\r\nContent-Length: 99999\r\n\r\n"


@pytest.mark.parametrize(
    ("talk", "limits"),
    [
        (dripping(b"", [], 0), Limits(media_stall_s=0.5, media_pause_s=PAUSE_S)),
        (dripping(HEAD, [PNG], 0), Limits(media_stall_s=0.5, media_pause_s=PAUSE_S)),
        (dripping(HEAD, [b"x"] * 99, 0.1), Limits(media_s=0.8)),
        (dripping(reply(b"", status=404), [], 0), Limits(media_s=0.8)),
    ],
)
async def test_what_takes_too_long_is_given_up(talk: Talk, limits: Limits) -> None:
    async with stranger() as server, bringing(site_of(server), limits) as media:
        server.answers["/a.png"] = talk
        began_s = time.monotonic()

        error = await fault(media, server.url("/a.png"))

        assert (error.kind, error.kind.row.status) == (Kind.UPSTREAM_TIMEOUT, 504)
        assert error.message == "The picture that Qwen made could not be brought"
        assert time.monotonic() - began_s < 10
        await comes(lambda: server.open == 0)


@pytest.mark.parametrize("told", ["Content-Length: 9000001", "Connection: close"])
async def test_a_picture_that_is_too_large_is_not_read(told: str) -> None:
    limits = Limits(media_bytes=1 << 20)
    async with stranger() as server, bringing(site_of(server), limits) as media:
        head = f"HTTP/1.1 200 Planted\r\n{told}\r\n\r\n".encode()
        server.answers["/a.png"] = head + PNG + b"\0" * 9_000_000

        assert (await fault(media, server.url("/a.png"))).kind is Kind.UPSTREAM_ERROR
        await comes(lambda: server.open == 0)
        assert len(server.heard) == 1
        assert server.sent_bytes < 9_000_000


async def test_a_picture_as_large_as_may_be_is_brought() -> None:
    limits = Limits(media_bytes=len(PNG))
    async with stranger() as server, bringing(site_of(server), limits) as media:
        server.answers["/a.png"] = reply(PNG)
        server.answers["/b.png"] = reply(PNG + b"x")

        assert await media.bring(server.url("/a.png")) == PNG
        assert (await fault(media, server.url("/b.png"))).kind is Kind.UPSTREAM_ERROR


async def test_no_address_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with stranger() as server, stranger() as other, bringing(site_of(server)) as media:
        server.answers = {
            f"/good?{SECRET}": reply(PNG),
            f"/away?{SECRET}": redirect(other.url(f"/?{SECRET}")),
            f"/odd?{SECRET}": redirect(f"http://[{SECRET}"),
            f"/broken?{SECRET}": b"HTTP/1.1 what\r\n\r\n",
        }
        await media.bring(server.url(f"/good?{SECRET}"))
        for path in ("away", "odd", "broken", "gone"):
            error = await fault(media, server.url(f"/{path}?{SECRET}"))
            assert "secret" not in error.text
        await fault(media, other.url(f"/?{SECRET}"))

    assert "media=failed" in caplog.text
    assert "secret" not in caplog.text
    assert str(server.port) not in caplog.text


async def test_few_are_brought_at_the_same_time() -> None:
    async with stranger() as server, bringing(site_of(server)) as media:
        most, over = 0, asyncio.Event()

        async def slow(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal most
            most = max(most, server.open)
            await over.wait()
            await server.send(writer, reply(PNG))

        server.answers["/a.png"] = slow
        async with asyncio.TaskGroup() as group:
            works = [group.create_task(media.bring(server.url("/a.png"))) for _ in range(10)]
            await comes(lambda: most >= AT_ONCE)
            # Whoever else were let in would be here some turns of the loop later.
            for _ in range(100):
                await asyncio.sleep(0)
            over.set()

        assert [work.result() for work in works] == [PNG] * 10
        assert most == AT_ONCE


async def test_who_leaves_ends_it() -> None:
    async with stranger() as server, bringing(site_of(server)) as media:
        server.answers["/a.png"] = dripping(HEAD, [PNG], 0)
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(media.bring(server.url("/a.png")))
            await comes(lambda: server.open == 1)
            waiting.cancel()

        await comes(lambda: server.open == 0)


@pytest.mark.parametrize("head", [b"", HEAD])
async def test_nothing_is_brought_any_more_once_it_is_closed(head: bytes) -> None:
    async with stranger() as server, bringing(site_of(server)) as media:
        server.answers["/a.png"] = dripping(head, [], 0)
        async with asyncio.TaskGroup() as tasks:
            waiting = [
                tasks.create_task(fault(media, server.url("/a.png"))) for _ in range(AT_ONCE + 1)
            ]
            await comes(lambda: len(server.heard) == AT_ONCE)
            began_s = time.monotonic()
            await media.close()

        assert {one.result().kind for one in waiting} == {Kind.SERVER_STOPPING}
        # Nobody waits until they stall.
        assert time.monotonic() - began_s < 10
        assert (await fault(media, server.url("/a.png"))).kind is Kind.SERVER_STOPPING
        assert server.connections == AT_ONCE


async def test_pictures_come_through_the_proxy_that_is_set() -> None:
    async with stranger() as server, stranger() as between:
        between.answers["/a.png?key=1"] = reply(PNG)
        async with bringing(site_of(server), proxy=between.url("")) as media:
            assert await media.bring(server.url("/a.png?key=1")) == PNG

        assert between.heard[0].startswith(f"GET {server.url('/a.png?key=1')} HTTP/1.1\r\n")
        assert server.connections == 0


async def test_a_proxy_of_another_kind_is_not_gone_around() -> None:
    async with stranger() as server, bringing(site_of(server), proxy="socks5://x:9") as media:
        error = await fault(media, server.url("/a.png"))

        assert error.kind is Kind.UPSTREAM_UNREACHABLE
        assert "outbound_proxy" in error.text
        assert server.connections == 0


async def test_a_picture_is_in_memory_once() -> None:
    async with stranger() as server, bringing(site_of(server)) as media:
        server.answers["/a.png"] = reply(PNG.ljust(16 << 20))
        tracemalloc.start()
        try:
            found = await media.bring(server.url("/a.png"))
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert len(found) == 16 << 20
    assert most < 24 << 20
