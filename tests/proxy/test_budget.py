"""The bytes of all bodies together."""

import asyncio
import base64
import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.core.samples import SAMPLES
from tests.harness import Reply, Running, running
from tests.proxy.strangers import HOME, Names, reply, stranger
from tests.waiting import until
from tray_app.core.errors import Kind, ProxyError
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.budget import Budget
from tray_app.proxy.fetcher import Internet
from tray_app.proxy.limits import Limits

MIB = 1 << 20
TEN = Limits(bodies_bytes=10 * MIB, body_s=30.0)


def head(proxy: Running, *headers: str) -> bytes:
    lines = (
        "POST /v1/chat/completions HTTP/1.1", f"Host: 127.0.0.1:{proxy.port}",
        f"Authorization: Bearer {proxy.key}", "Content-Type: application/json", *headers,
    )  # fmt: skip
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def first(proxy: Running, data: bytes) -> bytes:
    """What comes first after these bytes, of which nobody waits for more."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as sock:
        sock.sendall(data)
        return sock.recv(16)


@contextmanager
def sending(proxy: Running, size: int) -> Iterator[socket.socket]:
    """A client that has announced a body and sends none of it."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as sock:
        sock.sendall(head(proxy, f"Content-Length: {size}", "Expect: 100-continue"))
        assert sock.recv(100).startswith(b"HTTP/1.1 100 ")
        yield sock


def large(proxy: Running) -> Reply:
    """A chat of 4 MiB, most of which is a label that changes nothing."""
    return proxy.chat(metadata={"label": "x" * (4 * MIB)})


def refused(reply: Reply) -> None:
    assert (reply.status, reply.code) == (429, "queue_full")
    assert 1 <= int(reply.headers["retry-after"]) <= 59
    assert reply.json()["error"]["message"] == (
        "Other requests fill the 10 MiB that all bodies together may have. Wait and ask again."
    )


def test_what_all_bodies_may_hold_is_never_passed(site: PracticeSite) -> None:
    """R68"""
    with running(site, limits=TEN) as proxy, sending(proxy, 4 * MIB), sending(proxy, 4 * MIB):
        start_s = time.monotonic()
        refused(large(proxy))
        unsaid = first(proxy, head(proxy, f"Content-Length: {4 * MIB}"))
        chunks = (b"%x\r\n" % MIB + b" " * MIB + b"\r\n") * 3 + b"0\r\n\r\n"
        untold = first(proxy, head(proxy, "Transfer-Encoding: chunked") + chunks)

        assert b" 429 " in unsaid
        assert b" 429 " in untold
        assert time.monotonic() - start_s < 20
        assert proxy.chat("small").status == 200


def test_a_client_that_leaves_gives_back_what_it_held(site: PracticeSite) -> None:
    """R68"""
    with running(site, limits=TEN) as proxy:
        with sending(proxy, 4 * MIB), sending(proxy, 4 * MIB):
            refused(large(proxy))

        assert until(lambda: large(proxy).status == 200)


@pytest.mark.slow
def test_a_body_that_does_not_come_gives_back_what_it_held(site: PracticeSite) -> None:
    """R68"""
    limits = Limits(bodies_bytes=10 * MIB, body_s=1.0)
    with running(site, limits=limits) as proxy, ExitStack() as all_of_them:
        slow = [all_of_them.enter_context(sending(proxy, 4 * MIB)) for _ in range(2)]
        refused(large(proxy))
        answers = [sock.recv(100) for sock in slow]

        assert all(answer.startswith(b"HTTP/1.1 408 ") for answer in answers)
        assert large(proxy).status == 200


def test_a_body_counts_until_its_answer_is_over(site: PracticeSite) -> None:
    """R68"""
    body = json.dumps(
        {"model": "qwen3.7-plus", "messages": [{"role": "user", "content": "Hello"}],
         "metadata": {"label": "x" * (8 * MIB)}, "stream": True}
    ).encode()  # fmt: skip
    with running(site, limits=TEN) as proxy:
        site.will(acts.say("one ", finished=False, then="hang"))
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as sock:
            sock.sendall(head(proxy, f"Content-Length: {len(body)}") + body)
            assert sock.recv(100).startswith(b"HTTP/1.1 200 ")
            refused(large(proxy))

        assert until(lambda: large(proxy).status == 200)
        proxy.check_sound()


def test_small_bodies_have_room_of_their_own_and_no_more() -> None:
    budget = Budget(lambda: TEN)
    with ExitStack() as held:
        shares = [held.enter_context(budget.sharing()) for _ in range(5)]
        shares[0].reach(9 * MIB)
        shares[0].reach(8 * MIB)
        with pytest.raises(ProxyError):
            shares[1].reach(MIB + 1)
        shares[1].reach(MIB // 2)
        shares[2].reach(MIB // 2)
        with pytest.raises(ProxyError) as caught:
            shares[3].reach(1)

        assert caught.value.kind is Kind.QUEUE_FULL
        assert [share.size for share in shares] == [9 * MIB, MIB // 2, MIB // 2, 0, 0]
    with budget.sharing() as share:
        share.reach(9 * MIB)


def test_what_is_handed_over_is_held_until_it_is_given_back() -> None:
    """R68"""
    budget = Budget(lambda: TEN)
    with budget.sharing() as share:
        share.reach(4 * MIB)
        share.unpacked(MIB)
        other = share.hand_over()
        assert (share.size, other.size) == (0, 4 * MIB)
        share.reach(MIB)
    other.reach(3 * MIB)
    other.let_go()

    assert other.size == 3 * MIB
    with budget.sharing() as late:
        with pytest.raises(ProxyError):
            late.reach(7 * MIB)
        other.give_back()
        late.reach(9 * MIB)


def test_a_share_counts_all_of_its_parts_and_gives_them_back() -> None:
    """R68"""
    budget = Budget(lambda: TEN)
    with budget.sharing() as other:
        with budget.sharing() as share:
            share.reach(4 * MIB)
            parts = [share.part(), share.part()]
            for part in parts:
                part.reach(MIB)
                part.reach(2 * MIB)
            with pytest.raises(ProxyError):
                parts[0].reach(4 * MIB)
            assert (share.size, parts[0].size) == (8 * MIB, 2 * MIB)
            share.unpacked(3 * MIB)
            share.unpacked(3 * MIB)
            share.let_go()
            share.let_go()
            assert share.size == 4 * MIB
            other.reach(5 * MIB)
            with pytest.raises(ProxyError):
                other.reach(6 * MIB)
        other.reach(9 * MIB)


async def test_what_a_small_body_names_counts_as_well(site: PracticeSite) -> None:
    """R68"""
    async with stranger() as public:
        picture = reply(SAMPLES["png"].ljust(4 * MIB))
        public.answers = {f"/{number}.png": picture for number in range(3)}

        def may_connect(host: str, port: int) -> bool:
            return (host, port) == (HOME, public.port)

        internet = Internet(Names(), may_connect)
        with running(site, limits=TEN, internet=internet) as proxy:

            def asked(pictures: int) -> Reply:
                content = [
                    {"type": "image_url", "image_url": {"url": public.url(f"/{number}.png")}}
                    for number in range(pictures)
                ]
                return proxy.chat(messages=[{"role": "user", "content": content}])

            refused(await asyncio.to_thread(asked, 3))
            assert (await asyncio.to_thread(asked, 1)).status == 200
            assert (await asyncio.to_thread(asked, 2)).status == 200
            proxy.check_sound()


def test_a_body_counts_no_more_than_what_was_unpacked_from_it(site: PracticeSite) -> None:
    """R68"""
    data = base64.b64encode(SAMPLES["png"].ljust(3 * MIB)).decode()
    part = {"type": "image_url", "image_url": {"url": f"data:;base64,{data}"}}
    body = json.dumps(
        {"model": "qwen3.7-plus", "messages": [{"role": "user", "content": [part]}], "stream": True}
    ).encode()
    with running(site, limits=TEN) as proxy:
        site.will(acts.say("one ", finished=False, then="hang"))
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as sock:
            sock.sendall(head(proxy, f"Content-Length: {len(body)}") + body)
            assert sock.recv(100).startswith(b"HTTP/1.1 200 ")
            assert large(proxy).status == 200
