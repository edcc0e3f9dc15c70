"""Each file is given once for as long as it is good, and never to another session."""

import asyncio
import contextlib
import gc
import time
import weakref
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.harness import Running
from tests.practice.test_looks import picture
from tests.proxy.strangers import fetching
from tests.waiting import WITHIN_S
from tray_app.compose import practice_session
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.files import Attached, File
from tray_app.practice import acts
from tray_app.proxy.attaching import Attacher
from tray_app.proxy.luggage import Luggage
from tray_app.proxy.session import Lane
from tray_app.upstreams.qwen import QWEN

PICTURE = File("image", "a.png", "image/png", picture("PNG"))
GRANT = "/api/v2/files/getstsToken"


@dataclass
class Bench:
    """An attacher in a running proxy, with clocks that can be moved."""

    proxy: Running
    ahead_s: float = 0.0
    asleep_s: float = 0.0
    lane: Lane = field(init=False)
    attacher: Attacher = field(init=False)

    def __post_init__(self) -> None:
        house = self.proxy.service._house
        assert house is not None
        self.lane = house.owner.lane
        self.attacher = Attacher(
            QWEN,
            house.runner,
            lambda: time.time() + self.ahead_s + self.asleep_s,
            lambda: time.monotonic() + self.ahead_s,
        )

    def give(self, *files: File, lane: Lane | None = None) -> list[Attached]:
        """All of these at once."""

        async def give() -> list[Attached]:
            giving = (self.attacher.attached(file, lane or self.lane) for file in files)
            return list(await asyncio.gather(*giving))

        given: list[Attached] = self.run(give)
        return given

    def run(self, make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        return self.proxy.service.post(make()).result(20)

    @property
    def uploads(self) -> int:
        return len([heard for heard in self.proxy.site.heard if heard.host == "store"])


@pytest.fixture
def bench(proxy: Running) -> Bench:
    return Bench(proxy)


def test_the_same_bytes_are_given_once(bench: Bench) -> None:
    first, second = bench.give(PICTURE), bench.give(PICTURE)

    assert first == second
    assert bench.uploads == 1


def test_the_same_bytes_at_once_are_given_once(bench: Bench) -> None:
    bench.proxy.site.on("put", acts.Slow(acts.Whole(b""), 0.3))

    given = bench.give(*[PICTURE] * 5)

    assert len({one.item for one in given}) == 1
    assert len(bench.proxy.site.heard_on(GRANT)) == 1


def test_other_bytes_another_name_and_another_kind_are_other_files(bench: Bench) -> None:
    data = PICTURE.data

    given = bench.give(
        PICTURE,
        File("image", "a.png", "image/png", data + b"x"),
        File("image", "b.png", "image/png", data),
        File("document", "a.png", "image/png", data),
    )

    assert len({one.item for one in given}) == bench.uploads == 4


def test_another_session_gives_it_anew(bench: Bench) -> None:
    bench.give(PICTURE)
    other = Lane(practice_session(bench.proxy.site.sign_in()))

    bench.give(PICTURE, lane=other)

    assert bench.uploads == 2


def test_what_is_good_no_longer_is_given_anew(bench: Bench) -> None:
    bench.give(PICTURE)
    bench.ahead_s = 235.0
    bench.give(PICTURE)
    assert bench.uploads == 1

    bench.ahead_s = 241.0
    bench.give(PICTURE)
    bench.give(PICTURE)

    assert bench.uploads == 2


def test_after_a_sleep_everything_is_given_anew(bench: Bench) -> None:
    bench.give(PICTURE)

    bench.asleep_s = 3600.0
    bench.give(PICTURE)
    bench.give(PICTURE)

    assert bench.uploads == 2


def test_what_the_site_says_it_does_not_have_is_given_anew(bench: Bench) -> None:
    bench.give(PICTURE)

    bench.attacher.forget(bench.lane)
    bench.give(PICTURE)

    assert bench.uploads == 2


def test_a_failure_is_not_kept(bench: Bench) -> None:
    bench.proxy.site.on("put", *[acts.Whole(b"", 500)] * 2)
    with pytest.raises(ProxyError) as caught:
        bench.give(PICTURE)
    assert caught.value.kind is Kind.UPSTREAM_ERROR

    assert bench.give(PICTURE)


def test_what_could_not_be_given_holds_on_to_no_session(bench: Bench) -> None:
    bench.proxy.site.on("put", *[acts.Whole(b"", 500)] * 2)

    async def fail() -> weakref.ref[Lane]:
        lane = Lane(bench.lane.session)
        with contextlib.suppress(ProxyError):
            await bench.attacher.attached(PICTURE, lane)
        return weakref.ref(lane)

    lane = bench.run(fail)
    gc.collect()

    assert bench.uploads == 2
    assert lane() is None


def test_a_file_that_is_there_waits_for_none_that_is_given(bench: Bench) -> None:
    bench.give(PICTURE)
    bench.proxy.site.on("put", *[acts.Silence()] * 8)
    others = [File("image", f"{number}.png", "image/png", b"x") for number in range(8)]

    async def never(_: str) -> bytes:
        raise AssertionError("Nothing was made")

    carried = Luggage(fetching(), bench.attacher, never)

    async def beside() -> tuple[Attached, ...]:
        loop = asyncio.get_running_loop()
        giving = [loop.create_task(carried.given((file,), bench.lane)) for file in others]
        await asyncio.to_thread(lambda: bench.proxy.site.wait_until(lambda: bench.uploads == 9))
        async with asyncio.timeout(WITHIN_S):
            known = await carried.given((PICTURE,), bench.lane)
        for one in giving:
            one.cancel()
        await asyncio.wait(giving)
        return known

    assert bench.run(beside) == tuple(bench.give(PICTURE))


def test_who_leaves_while_giving_spoils_it_for_nobody(bench: Bench) -> None:
    bench.proxy.site.on("put", acts.Silence())

    async def leaving() -> Attached:
        first = asyncio.get_running_loop().create_task(bench.attacher.attached(PICTURE, bench.lane))
        await asyncio.to_thread(lambda: bench.proxy.site.wait_until(lambda: bench.uploads == 1))
        second = asyncio.get_running_loop().create_task(
            bench.attacher.attached(PICTURE, bench.lane)
        )
        # It comes to wait for the first in its first turns.
        for _ in range(10):
            await asyncio.sleep(0)
        first.cancel()
        return await second

    assert isinstance(bench.run(leaving), Attached)
    assert bench.uploads == 2


def test_only_so_many_are_known_again(bench: Bench) -> None:
    files = [File("image", f"{number}.png", "image/png", b"x") for number in range(65)]
    for file in files:
        bench.give(file)

    bench.give(files[1])
    assert bench.uploads == 65
    bench.give(files[0])
    assert bench.uploads == 66
