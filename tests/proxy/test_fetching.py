"""What is fetched, how much of it, and what is said where nothing is."""

import asyncio
import gzip
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest

from tests.core.samples import SAMPLES
from tests.proxy.strangers import Names, fault, fetching, redirect, reply, room, stranger
from tests.proxy.test_transport import certificate
from tests.waiting import comes
from tray_app.core.errors import Kind
from tray_app.proxy.attachments import FILE, PICTURE
from tray_app.proxy.fetcher import AT_ONCE
from tray_app.proxy.limits import Limits

PNG = SAMPLES["png"]


async def test_what_is_too_large_is_not_read_to_its_end() -> None:
    """S89"""
    async with stranger() as public:
        public.answers["/told"] = reply(PNG.ljust(25 << 20))

        async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await public.send(writer, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                await public.send(writer, b"40000\r\n" + bytes(0x40000) + b"\r\n")

        public.answers["/endless"] = endless
        public.answers["/also"] = redirect("/told", 302, "Content-Length: 9000000000")

        for path, most in (("/told", 12 << 20), ("/also", 12 << 20), ("/endless", 32 << 20)):
            began_s, before = time.monotonic(), public.sent_bytes
            error = await fault(fetching(public), public.url(path))
            await comes(lambda: public.open == 0)

            assert error.kind is Kind.IMAGE_URL_NOT_ALLOWED
            assert public.sent_bytes - before < most
            assert time.monotonic() - began_s < 15


@pytest.mark.slow
async def test_what_does_not_come_is_not_waited_for() -> None:
    """S89"""
    async with stranger() as public:

        async def dripping(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                await public.send(
                    writer, b"HTTP/1.1 200 OK\r\n\r\n"[public.sent_bytes :][:1] or b"."
                )
                await asyncio.sleep(0.05)

        public.answers["/drips"] = dripping
        began_s = time.monotonic()

        error = await fault(fetching(public, limits=Limits(fetch_s=1.5)), public.url("/drips"))

        assert error.kind is Kind.IMAGE_URL_NOT_ALLOWED
        assert time.monotonic() - began_s < 6
        await comes(lambda: public.open == 0)


async def test_a_length_that_is_a_lie_brings_nothing_that_was_not_sent() -> None:
    """S89"""
    async with stranger() as public:
        public.answers["/more"] = reply(PNG, f"Content-Length: {len(PNG) + 1}")
        public.answers["/less"] = reply(PNG + b"more", f"Content-Length: {len(PNG)}")
        public.answers["/odd"] = reply(PNG, "Content-Length: -1")

        for path in ("/more", "/less", "/odd"):
            assert (await fault(fetching(public), public.url(path))).kind.row.status == 400


@pytest.mark.slow
async def test_what_is_packed_is_not_unpacked() -> None:
    """S89"""
    async with stranger() as public:
        bomb = gzip.compress(PNG + bytes(200 << 20))
        for coding in ("gzip", "deflate", "br"):
            public.answers[f"/{coding}"] = reply(bomb, f"Content-Encoding: {coding}")
        public.answers["/hidden"] = reply(bomb)
        public.answers["/said"] = reply(b"text", "Content-Encoding: br")

        tracemalloc.start()
        errors = [
            await fault(fetching(public), public.url(path), wish)
            for path in ("/gzip", "/deflate", "/br", "/hidden", "/said")
            for wish in (PICTURE, FILE)
        ]
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert {error.kind.row.status for error in errors} == {400}
        assert peak_bytes < 8 << 20


@pytest.mark.parametrize(
    "body",
    [b"<!doctype html><p>Hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"MZ\x90\x00", b"",
     b"<script>1</script>" + PNG, SAMPLES["pdf"], SAMPLES["tiff"], SAMPLES["mp4"], PNG[:7]],
)  # fmt: skip
async def test_what_calls_itself_a_picture_and_is_none_is_refused(body: bytes) -> None:
    """S90"""
    async with stranger() as public:
        public.answers["/p.png"] = reply(body, "Content-Type: image/png")

        error = await fault(fetching(public), public.url("/p.png"))

        assert (error.kind.row.status, error.kind.value) == (400, "image_url_not_allowed")


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp", "bmp"])
async def test_a_picture_is_one_whatever_it_calls_itself(kind: str) -> None:
    """S90"""
    async with stranger() as public:
        public.answers["/x.html?a=1"] = reply(SAMPLES[kind], "Content-Type: text/html")

        found = await fetching(public).bring(public.url("/x.html?a=1"), PICTURE, room())

        assert (found.data, found.kind.name, found.name) == (SAMPLES[kind], kind, "x.html")


async def test_nothing_of_anybody_goes_out_with_it() -> None:
    """S91"""
    async with stranger() as public:
        public.answers["/a"] = redirect("/p.png", 302, "Set-Cookie: planted=1; Path=/")
        public.answers["/p.png"] = reply(PNG, "Set-Cookie: planted=2; Path=/")
        bringing = fetching(public)

        await bringing.bring(public.url("/a"), PICTURE, room())
        await bringing.bring(public.url("/p.png"), PICTURE, room())

        heard = [head.rstrip().split("\r\n")[1:] for head in public.heard]
        told = [dict(line.split(": ", 1) for line in lines) for lines in heard]
        assert len(told) == 3
        for headers in told:
            agent = headers.pop("User-Agent")
            assert agent.startswith("Portico/")
            assert headers == {
                "Host": f"127.0.0.1:{public.port}",
                "Accept": "image/*",
                "Accept-Encoding": "identity",
                "Connection": "close",
            }


@pytest.mark.slow
async def test_every_way_to_fail_is_told_in_the_same_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """S92"""
    caplog.set_level("INFO")
    async with stranger() as public, stranger() as gone:

        async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            await reader.read()

        public.answers = {
            "/silent": silent,
            "/html": reply(b"<p>"),
            "/500": reply(PNG, status=500),
            "/206": reply(PNG, status=206),
            "/no": b"HTTP/9 what\r\n\r\n",
            "/cut": b"HTTP/1.1 200 OK\r\n",
            "/wild": reply(PNG, f"X-Planted: {'x' * (10 << 20)}"),
            "/many": reply(PNG, *["Set-Cookie: planted=1"] * 100_000),
            "/chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "/where": redirect("http://[::1"),
            "/away": redirect("http://10.0.0.1/"),
        }
        closed_port = gone.port
    async with stranger() as public_again:
        public_again.answers = public.answers
        names = Names({"inside.example": ["10.0.0.1"], "closed.example": ["127.0.0.1"]})
        limits = Limits(fetch_s=1.0)
        bringing = fetching(public_again, names=names, limits=limits)
        closed = fetching(gone, names=names, limits=limits)

        errors = [
            *[await fault(bringing, public_again.url(path)) for path in public.answers],
            await fault(bringing, public_again.url("/404")),
            await fault(bringing, "http://10.0.0.1/"),
            await fault(bringing, "http://inside.example/"),
            await fault(bringing, "http://nowhere.example/"),
            await fault(closed, f"http://closed.example:{closed_port}/"),
            await fault(bringing, "https://no address/"),
        ]

    assert {(error.kind, error.text, error.param) for error in errors} == {
        (
            Kind.IMAGE_URL_NOT_ALLOWED,
            "The picture could not be fetched. Send the picture itself.",
            "messages[0]",
        )
    }
    assert len({record.getMessage() for record in caplog.records if "fetch=" in record.msg}) > 6


async def test_the_log_has_no_path_and_no_query(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with stranger() as public:
        for address in (public.url("/planted"), "http://10.0.0.1/planted?planted=1", "planted://x"):
            await fault(fetching(public), address)

    assert "fetch=failed" in caplog.text
    assert "planted" not in caplog.text


async def test_who_leaves_stops_the_fetching() -> None:
    async with stranger() as public:

        async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            await reader.read()

        public.answers["/"] = silent
        async with asyncio.TaskGroup() as group:
            fetched = group.create_task(fetching(public).bring(public.url("/"), PICTURE, room()))
            await comes(lambda: public.open == 1)
            fetched.cancel()

        await comes(lambda: public.open == 0)


async def test_a_signed_address_goes_out_as_it_came() -> None:
    async with stranger() as public:
        signed = "/a%2Fb/x%20y.md?Sig=a%2Fb%3D&Expires=1+2&q=%C3%BC"
        public.answers[signed] = reply(b"# Title")
        public.answers["/%C3%BC?%C3%B6"] = reply(b"plain")

        found = await fetching(public).bring(public.url(signed), FILE, room())
        other = await fetching(public).bring(public.url("/ü?ö"), FILE, room())

        assert (found.data, found.name, found.kind.name) == (b"# Title", "x y.md", "md")
        assert (other.data, other.name, other.kind.name) == (b"plain", "ü", "txt")


async def test_a_certificate_that_is_not_good_brings_nothing(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path, "pictures.example")
    async with stranger(context) as public:
        public.answers["/p.png"] = reply(PNG)
        names = Names({"pictures.example": ["127.0.0.1"]})

        secure = public.url("/p.png", host="pictures.example", scheme="https")

        assert (
            await fault(fetching(public, names=names), secure)
        ).kind is Kind.IMAGE_URL_NOT_ALLOWED
        assert public.heard == []


def test_what_is_fetched_over_tls_never_leads_to_where_others_can_read_it(tmp_path: Path) -> None:
    """In a process of its own, since what is trusted is read once."""
    certificate(tmp_path, "pictures.example")
    code = (
        "import asyncio, ssl, sys\n"
        "from tests.proxy.strangers import Names, fault, fetching, redirect, reply, room\n"
        "from tests.proxy.strangers import stranger\n"
        "from tests.core.samples import SAMPLES\n"
        "from tray_app.proxy.attachments import PICTURE\n"
        "async def main():\n"
        "    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n"
        "    tls.load_cert_chain(sys.argv[1])\n"
        "    async with stranger(tls) as public, stranger() as plain:\n"
        "        url = public.url('/p.png', host='pictures.example', scheme='https')\n"
        "        public.answers = {'/p.png': reply(SAMPLES['png']),\n"
        "            '/down': redirect(plain.url('/p.png', host='pictures.example'))}\n"
        "        plain.answers = public.answers\n"
        "        names = Names({'pictures.example': ['127.0.0.1']})\n"
        "        bringing = fetching(public, plain, names=names)\n"
        "        print((await bringing.bring(url, PICTURE, room())).kind.name)\n"
        "        print((await fault(bringing, url.replace('p.png', 'down'))).kind.value)\n"
        "        print(public.connections, plain.connections)\n"
        "asyncio.run(main())\n"
    )
    pem = str(tmp_path / "pictures.example1.pem")
    done = subprocess.run(
        [sys.executable, "-c", code, pem],
        env={"SSL_CERT_FILE": pem, "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.split() == ["png", "image_url_not_allowed", "2", "0"], done.stderr


async def test_only_so_many_are_fetched_at_once() -> None:
    """S89"""
    async with stranger() as public:
        most, over = 0, asyncio.Event()

        async def slowly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal most
            most = max(most, public.open)
            await over.wait()
            await public.send(writer, reply(PNG))

        public.answers["/p.png"] = slowly
        bringing = fetching(public)
        async with asyncio.TaskGroup() as group:
            works = [
                group.create_task(bringing.bring(public.url("/p.png"), PICTURE, room()))
                for _ in range(3 * AT_ONCE)
            ]
            await comes(lambda: most >= AT_ONCE)
            # Whoever else were let in would be here some turns of the loop later.
            for _ in range(100):
                await asyncio.sleep(0)
            over.set()

        assert most == AT_ONCE
        assert {work.result().data for work in works} == {PNG}


async def test_what_is_fetched_is_in_memory_once() -> None:
    """S89"""
    async with stranger() as public:
        public.answers["/p.png"] = reply(PNG.ljust(16 << 20))
        tracemalloc.start()
        try:
            found = await fetching(public).bring(public.url("/p.png"), PICTURE, room())
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert len(found.data) == 16 << 20
        assert most < 24 << 20
