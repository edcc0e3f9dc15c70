"""What clients attach comes here as its bytes say, or the field is named that has it."""

import asyncio
import base64

import pytest

from tests.core.samples import SAMPLES
from tests.proxy.strangers import Names, fault, fetching, reply, room, stranger
from tests.waiting import comes
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.kinds import KINDS
from tray_app.proxy.attachments import FILE, PICTURE
from tray_app.proxy.limits import Limits


def packed(data: bytes, told: str = "image/png") -> str:
    return f"data:{told};base64,{base64.b64encode(data).decode()}"


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp", "bmp"])
async def test_a_picture_in_its_address_is_what_its_bytes_say(kind: str) -> None:
    """S92b"""
    found = await fetching().bring(
        packed(SAMPLES[kind], "text/html"), PICTURE, room(), name="a.txt"
    )

    assert (found.data, found.kind, found.name) == (SAMPLES[kind], KINDS[kind], "a.txt")


@pytest.mark.parametrize(
    "data", [b"<!doctype html>", b"<svg/>", b"MZ\x90\x00", SAMPLES["pdf"], SAMPLES["avif"]]
)
async def test_what_is_no_picture_is_refused_whatever_it_is_called(data: bytes) -> None:
    """S90, S92b"""
    error = await fault(fetching(), packed(data))

    assert (error.kind, error.kind.row.status) == (Kind.FILE_REJECTED, 400)
    assert error.param == "messages[0]"
    said = "The picture is of a kind that is not taken. Send a PNG, JPEG, WebP, GIF or BMP."
    assert error.text == said


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("data:image/png;base64,AAA", "is no proper base64"),
        ("data:image/png;base64,", "is empty"),
        ("data:text/html,<p>", "is a data URL without base64"),
        (packed(bytes(30 << 20)), "is larger than 20 MiB"),
    ],
    ids=["bad", "empty", "bare", "large"],
)
async def test_an_address_that_holds_nothing_good_is_a_400(address: str, why: str) -> None:
    """S92b"""
    error = await fault(fetching(), address)

    assert (error.kind.row.status, error.message) == (400, f"The picture {why}")


@pytest.mark.parametrize("address", ["AAAA", "/9j/4AAQSkZJRg==", "a/b.png", "//host/a.png"])
async def test_what_is_no_address_at_all_is_told_so(address: str) -> None:
    error = await fault(fetching(), address)

    assert error.kind is Kind.IMAGE_URL_NOT_ALLOWED
    assert error.message == "The picture's address begins with neither data: nor https://"


async def test_a_file_is_taken_bare_as_well() -> None:
    bringing = fetching(limits=Limits(file_bytes=1 << 20))
    bare = base64.b64encode(b"a,b\n1,2\n").decode()

    table = await bringing.unpack(bare, FILE, room(), name="t.csv")

    assert (table.data, table.kind.mime) == (b"a,b\n1,2\n", "text/csv")
    for wrong in ("?", base64.b64encode(bytes(9)).decode(), "A" * (2 << 20)):
        with pytest.raises(ProxyError) as raised:
            await bringing.unpack(wrong, FILE, room(), param="file")
        assert (raised.value.kind, raised.value.param) == (Kind.FILE_REJECTED, "file")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
async def test_a_text_in_another_encoding_is_told_why_it_is_refused(encoding: str) -> None:
    data = "Größe;Maß\n".encode(encoding)
    with pytest.raises(ProxyError) as raised:
        await fetching().take(data, FILE, name="Maße.CSV", param="file")

    said = "The file is called a text, and is none in UTF-8. Send another file."
    assert (raised.value.text, raised.value.param) == (said, "file")


async def test_a_file_by_its_address_has_the_name_that_the_client_gives_it() -> None:
    async with stranger() as public:
        public.answers["/x"] = reply(b"print()")
        public.answers["/y"] = reply(b"\x7fELF\x02\x01\x01\x00")
        bringing = fetching(public, names=Names())

        found = await bringing.bring(public.url("/x"), FILE, room(), name="x.py")
        error = await fault(bringing, public.url("/y"), FILE)

        assert (found.kind.name, found.name) == ("py", "x.py")
        assert (error.kind, error.message) == (Kind.FILE_REJECTED, "The file could not be fetched")
        assert "Accept: */*" in public.heard[0]


async def test_what_is_fetched_has_its_place_in_the_share_of_its_request() -> None:
    """R68"""
    picture = SAMPLES["png"].ljust(4 << 20)
    async with stranger() as public:

        async def untold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await public.send(writer, b"HTTP/1.1 200 OK\r\n\r\n" + picture)

        public.answers = {"/told": reply(picture), "/untold": untold}
        bringing = fetching(public)

        for path in ("/told", "/untold"):
            share = room(6 << 20)
            share.reach(1 << 20)
            found = await bringing.bring(public.url(path), PICTURE, share)
            assert (len(found.data), share.size) == (4 << 20, 5 << 20)
            with pytest.raises(ProxyError) as raised:
                await bringing.bring(public.url(path), PICTURE, share)
            assert raised.value.kind is Kind.QUEUE_FULL


async def test_what_has_no_place_is_not_fetched_to_its_end() -> None:
    """R68"""
    async with stranger() as public:
        public.answers["/p.png"] = reply(SAMPLES["png"].ljust(19 << 20))

        with pytest.raises(ProxyError):
            await fetching(public).bring(public.url("/p.png"), PICTURE, room(16 << 20))
        await comes(lambda: public.open == 0)

        assert public.sent_bytes < 12 << 20


async def test_what_is_unpacked_counts_beside_its_body_until_that_is_let_go() -> None:
    """R68"""
    bare = base64.b64encode(b"a,b\n" * 300_000).decode()
    share = room(4 << 20)
    share.reach(len(bare) + 1000)

    table = await fetching().unpack(bare, FILE, share)

    assert len(table.data) == 1_200_000
    assert share.size == len(bare) + 1000 + 1_200_000
    with pytest.raises(ProxyError) as raised:
        await fetching().bring(packed(table.data), FILE, share)
    assert raised.value.kind is Kind.QUEUE_FULL
    share.let_go()
    assert share.size == 1000 + 1_200_000
    assert (await fetching().bring(packed(table.data), FILE, share)).kind.name == "txt"


async def test_others_run_while_a_large_text_is_looked_at() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    text = "größer als\n".encode() * 5_000_000
    async with asyncio.TaskGroup() as group:
        beside = group.create_task(others())
        await asyncio.sleep(0)
        before = turns
        found = await fetching(limits=Limits(file_bytes=100 << 20)).take(text, FILE, name="a.md")
        beside.cancel()

    assert found.kind.name == "md"
    assert turns - before > 4
