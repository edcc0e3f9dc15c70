"""Forms as they come over a socket: whole, and as they should not be."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from tray_app.core.errors import ProxyError
from tray_app.core.files import FormField
from tray_app.proxy.body import FORM, JSON, check_type
from tray_app.proxy.budget import Budget
from tray_app.proxy.limits import Limits
from tray_app.proxy.multipart import MAX_FIELDS, MAX_NAME_CHARS, read_form

TYPE = "multipart/form-data; boundary=cut"
END = b"--cut--\r\n"
USUAL = Limits()


@dataclass
class Taker:
    """A server that takes forms, and keeps them."""

    limits: Limits
    port: int = 0
    forms: list[tuple[FormField, ...]] = field(default_factory=list)

    async def take(self, request: web.BaseRequest) -> web.Response:
        try:
            check_type(request, JSON, FORM)
            with Budget(lambda: self.limits).sharing() as share:
                self.forms.append(await read_form(request, self.limits, share))
        except ProxyError as error:
            return web.Response(status=error.kind.row.status, text=error.text)
        return web.Response(text="taken")

    async def said(self, form: bytes, kind: str = TYPE, length: str = "") -> tuple[int, str]:
        """What is answered to these bytes, which may be less or more than was announced."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        framing = length or f"Content-Length: {len(form)}"
        head = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n{framing}\r\n\r\n"
        writer.write(head.encode() + form)
        try:
            answered = await reader.readuntil(b"\r\n\r\n")
            text = await reader.read(1000)
        finally:
            writer.close()
        return int(answered.split()[1]), text.decode()


@asynccontextmanager
async def taking(limits: Limits = USUAL) -> AsyncIterator[Taker]:
    """Such a server on a free port."""
    taker = Taker(limits)
    server = web.Server(taker.take, access_log=None)
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    taker.port = listener.sockets[0].getsockname()[1]
    try:
        yield taker
    finally:
        listener.close()
        await server.shutdown(0.1)


def one(name: str, data: bytes, *more: str, file: str = "") -> bytes:
    named = f'Content-Disposition: form-data; name="{name}"{file}'
    return "\r\n".join(["--cut", named, *more, "", ""]).encode() + data + b"\r\n"


async def refused(form: bytes, kind: str = TYPE) -> str:
    async with taking() as taker:
        status, text = await taker.said(form, kind)
    assert (status, taker.forms) == (400, [])
    return text


async def test_a_form_is_read_whole_and_in_order() -> None:
    picture = bytes(range(256)) * 4000
    form = b"".join(
        [one("model", b"q\r\n--cu"),
         one("image[]", picture, "Content-Type: image/png", file='; filename="ä b.png"'),
         one("image[]", b"", file="; filename*=UTF-8''%e2%82%ac.png"),
         one("as it is", b"YWJj", "Content-Transfer-Encoding: 8Bit"), END]
    )  # fmt: skip

    async with taking() as taker:
        assert await taker.said(form) == (200, "taken")
        assert await taker.said(b"before\r\n" + form + b"after\r\n") == (200, "taken")

    assert taker.forms == 2 * [
        (
            FormField("model", b"q\r\n--cu"),
            FormField("image[]", picture, "ä b.png"),
            FormField("image[]", b"", "€.png"),
            FormField("as it is", b"YWJj"),
        )
    ]


async def test_another_type_is_told_which_are_taken() -> None:
    async with taking() as taker:
        status, text = await taker.said(b"x", "multipart/mixed; boundary=cut")

    assert status == 415
    assert "takes application/json or multipart/form-data" in text


@pytest.mark.parametrize(
    "form", [b"", b"no form at all", one("a", b"1"), one("a", b"1") + b"--cut", b"--cut\r\n",
             b"--cut\r\nno header\r\n\r\n1\r\n--cut--\r\n", b"\xff" * 300_000,
             one("a", b"1", "Content-Transfer-Encoding: bogus") + END,
             one("a", b"1", "X: " + "x" * 9000) + END],
)  # fmt: skip
async def test_a_form_that_is_broken_is_refused(form: bytes) -> None:
    assert await refused(form)


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=" + "x" * 71])
async def test_a_form_without_a_proper_boundary_is_refused(boundary: str) -> None:
    assert await refused(one("a", b"1") + END, f"multipart/form-data{boundary}")


@pytest.mark.parametrize(
    "named", ["", "Content-Disposition: form-data", 'Content-Disposition: file; name="a"',
              "Content-Disposition: ;;;", "Content-Disposition: form-data; name*=bogus''%ff",
              'Content-Disposition: form-data; name=""'],
)  # fmt: skip
async def test_a_field_without_a_name_is_refused(named: str) -> None:
    assert await refused(f"--cut\r\n{named}\r\n\r\n1\r\n--cut--\r\n".encode())


async def test_a_form_has_only_so_many_fields_and_short_names() -> None:
    fields = [one(f"f{at}", b"1") for at in range(MAX_FIELDS)]

    async with taking() as taker:
        assert (await taker.said(b"".join([*fields, END])))[0] == 200
        assert (await taker.said(one("n" * MAX_NAME_CHARS, b"1") + END))[0] == 200
    assert "more than 64 fields" in await refused(b"".join([*fields, one("more", b"1"), END]))
    assert "more than 200 characters" in await refused(one("n" * 201, b"1") + END)


@pytest.mark.parametrize("how", ["base64", "quoted-printable", "bogus", ""])
async def test_a_field_that_is_packed_is_refused(how: str) -> None:
    form = one("a", b"YWJj", f"Content-Transfer-Encoding: {how}") + END

    assert "a field with a Content-Transfer-Encoding" in await refused(form)


@pytest.mark.parametrize("line", [b"\r\n", b"x\r\n", b"x" * 4000 + b"\n"])
async def test_much_before_the_first_field_is_refused(line: bytes) -> None:
    few = b"".join([line * (8000 // len(line)), one("a", b"1"), END])

    async with taking() as taker:
        assert (await taker.said(few))[0] == 200
    assert "8 KiB before its fields" in await refused(line * (16_000 // len(line)) + few)


async def test_a_form_in_a_form_is_refused() -> None:
    inner = b'--in\r\nContent-Disposition: form-data; name="b"\r\n\r\n1\r\n--in--\r\n'
    form = one("a", inner, "Content-Type: multipart/mixed; boundary=in") + END

    assert "another form in it" in await refused(form)


@pytest.mark.slow
async def test_a_form_may_be_as_large_and_as_slow_as_any_body() -> None:
    chunked = "Transfer-Encoding: chunked"
    endless = one("a", b"1" * 200_000)
    after = one("a", b"1") + END + b" " * 200_000
    announced = f"Content-Length: {len(endless)}"

    async with taking(Limits(body_bytes=100_000, body_s=1.0)) as taker:
        for form in (endless, after):
            data = b"%x\r\n" % len(form) + form
            assert (await taker.said(data, length=chunked))[0] == 413
        assert (await taker.said(b"", length=announced))[0] == 413
        assert (await taker.said(one("a", b"1"), length="Content-Length: 5000"))[0] == 408
        assert taker.forms == []


async def test_a_form_has_its_share_of_what_all_bodies_may_hold() -> None:
    async with taking(Limits(bodies_bytes=1_000_000)) as taker:
        assert (await taker.said(one("a", b"1" * 2_000_000) + END))[0] == 429
        assert (await taker.said(one("a", b"1" * 800_000) + END))[0] == 200
