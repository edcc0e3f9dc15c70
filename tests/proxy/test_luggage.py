"""Files on their way: all at once, in order, and with a name that says what they are."""

import asyncio
import base64
import gc
import json
import time
import tracemalloc

import pytest

from tests.core.samples import SAMPLES
from tests.harness import Running
from tests.proxy.strangers import fetching, reply, room, stranger
from tests.proxy.test_preparing import asked, paper
from tests.waiting import comes
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import FilePart
from tray_app.practice import acts
from tray_app.proxy.attaching import Attacher
from tray_app.proxy.attachments import Attachments
from tray_app.proxy.luggage import Luggage
from tray_app.upstreams.qwen import QWEN


def luggage(proxy: Running, attachments: Attachments | None = None) -> Luggage:
    house = proxy.service._house
    assert house is not None
    attacher = Attacher(QWEN, house.runner, time.time, time.monotonic)

    async def never(_: str) -> bytes:
        raise AssertionError("Nothing was made")

    return Luggage(attachments or fetching(), attacher, never)


def packed(data: bytes, name: str = "") -> FilePart:
    return FilePart(base64.b64encode(data).decode(), "file", "file", name=name, is_bare=True)


@pytest.mark.parametrize(
    ("name", "kind", "known"),
    [
        ("", "png", "image.png"),
        ("report v1.2", "pdf", "report v1.2.pdf"),
        ("notes.txt", "png", "notes.txt.png"),
        ("photo.JPG", "jpeg", "photo.JPG"),
        ("plan", "pdf", "plan.pdf"),
        ("plan.PDF", "pdf", "plan.PDF"),
        ("a.b/plan", "pdf", "a.b/plan.pdf"),
        (".", "pdf", "..pdf"),
    ],
)
async def test_a_name_says_what_kind_of_file_it_is(
    proxy: Running, name: str, kind: str, known: str
) -> None:
    [file] = await luggage(proxy).brought((packed(SAMPLES[kind], name),), room())

    assert file.name == known


async def test_files_come_in_the_order_of_the_prompt_and_in_every_form(proxy: Running) -> None:
    async with stranger() as public:
        brought = asyncio.Event()

        async def last(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await brought.wait()
            writer.write(reply(SAMPLES["png"]))

        async def first(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(reply(SAMPLES["png"]))
            brought.set()

        public.answers |= {"/first.png": last, "/fifth.png": first}
        parts = (
            FilePart(public.url("/first.png"), "picture", "a"),
            packed(SAMPLES["pdf"], "second.pdf"),
            FilePart("", "picture", "c", name="third.gif", data=SAMPLES["gif"]),
            FilePart("data:audio/wav;base64," + packed(SAMPLES["wav"]).source, "audio", "d"),
            FilePart(public.url("/fifth.png"), "picture", "e"),
        )
        files = await luggage(proxy, fetching(public)).brought(parts, room())

    names = ["first.png", "second.pdf", "third.gif", "audio.wav", "fifth.png"]
    assert [file.name for file in files] == names
    assert [file.kind for file in files] == ["image", "document", "image", "audio", "image"]


async def test_the_first_that_cannot_be_brought_ends_the_others(proxy: Running) -> None:
    left = asyncio.Event()

    begun = asyncio.Event()

    async def never(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        begun.set()
        await reader.read()
        left.set()

    async def gone(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await begun.wait()
        writer.write(reply(b"", status=404))

    async with stranger() as public:
        public.answers["/slow.png"] = never
        public.answers["/gone.mp4"] = gone
        parts = (
            FilePart(public.url("/slow.png"), "picture", "a"),
            FilePart(public.url("/gone.mp4"), "video", "b"),
        )
        with pytest.raises(ProxyError) as raised:
            await luggage(proxy, fetching(public)).brought(parts, room())

        assert (raised.value.kind, raised.value.param) == (Kind.FILE_REJECTED, "b")
        await asyncio.wait_for(left.wait(), 5)


@pytest.mark.parametrize("code", ["data_inspection_failed", "Bad_Request"])
def test_a_file_that_the_site_refuses_is_named_by_its_field(proxy: Running, code: str) -> None:
    proxy.site.on("parse", acts.refused(code, "Invalid file information!"))
    told = asked(proxy, "Read it", paper("of this"))

    assert told.status == 400
    assert json.loads(told.body)["error"]["param"] == "messages[0].content[1].file"
    assert "notes.txt. Send another file." in told.body.decode()


async def test_what_came_beside_what_did_not_is_in_memory_no_more(proxy: Running) -> None:
    carried = luggage(proxy)
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for _ in range(3):
            with pytest.raises(ProxyError) as raised:
                parts = packed(b"a,b\n" * 500_000), packed(bytes(1 << 20))
                await carried.brought(parts, room())
            assert raised.value.kind is Kind.FILE_REJECTED
            del raised, parts
        most = tracemalloc.get_traced_memory()[1]
        # A file may still be looked at beside the loop when its neighbour fails.
        await comes(lambda: tracemalloc.get_traced_memory()[0] < 1 << 20)
    finally:
        tracemalloc.stop()
        gc.enable()

    assert most > 1 << 20
