"""The tray of Linux on a real panel, in storms and over losses."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from tests.desktop.buses import private_bus
from tests.desktop.remote import Remote
from tests.desktop.xfce import Xfce
from tests.waiting import WITHIN_S, comes, until
from tray_app.desktop.look import Look, Row
from tray_app.desktop.sni import SniTray

pytestmark = pytest.mark.desktop

LOOK = Look("running", "Portico", "one", (Row(1, "Row"), Row(2, "More", rows=(Row(3, "Deep"),))))


@pytest.fixture(autouse=True)
def _swept() -> Iterator[None]:
    """What the library leaves of calls on a dead bus is told as it is swept: in no other test."""
    yield
    gc.collect()


@pytest.fixture
def xfce(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Xfce]:
    desktop = Xfce(tmp_path)
    desktop.start(panel=True)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", desktop.environment["DBUS_SESSION_BUS_ADDRESS"])
    yield desktop
    desktop.stop()


@asynccontextmanager
async def on_panel(hosted: list[bool], pressed: list[int]) -> AsyncIterator[SniTray]:
    tray = SniTray(pressed.append, hosted.append)
    tray.show(LOOK)
    task = asyncio.get_running_loop().create_task(tray.run())
    try:
        yield tray
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_a_storm_of_looks_ends_with_the_last_and_the_panel_lives(xfce: Xfce) -> None:
    hosted: list[bool] = []
    pressed: list[int] = []
    remote = Remote(xfce.environment["DBUS_SESSION_BUS_ADDRESS"])
    async with on_panel(hosted, pressed) as tray:
        await comes(lambda: hosted == [True])
        for number in range(3000):
            rows = (Row(1, f"Row {number}"), *(Row(10 + i, "x") for i in range(number % 7)))
            icon = "busy" if number % 2 else "running"
            tray.show(msgspec.structs.replace(LOOK, tip=f"{number}", rows=rows, icon=icon))
            if number % 10 == 0:
                await asyncio.sleep(0)
        await asyncio.to_thread(until, lambda: remote.tip() == "2999")
        labels = await asyncio.to_thread(remote.labels)
        await asyncio.to_thread(remote.activate)
        await asyncio.to_thread(remote.click, "Row 2999")

        assert labels == ["Row 2999", *["x"] * (2999 % 7)]
        assert pressed == [0, 1]
        assert await asyncio.to_thread(xfce.is_panel_alive)


async def test_a_panel_that_goes_is_noticed_and_one_that_comes_shows_it(xfce: Xfce) -> None:
    hosted: list[bool] = []
    async with on_panel(hosted, []):
        await comes(lambda: hosted == [True])
        await asyncio.to_thread(xfce.stop_panel)
        await comes(lambda: hosted == [True, False])
        await asyncio.to_thread(xfce.start_panel)
        await comes(lambda: hosted == [True, False, True])


async def test_without_a_bus_it_waits_for_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hosted: list[bool] = []
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path / 'session'}")
    async with on_panel(hosted, []):
        await comes(lambda: hosted == [False])
        with private_bus(tmp_path) as address:
            await is_on(address)


@pytest.mark.parametrize("turns", range(20))
async def test_it_ends_in_the_moment_in_which_its_bus_dies(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, turns: int
) -> None:
    """As at the end of a login; how far it is by then differs."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path / 'session'}")
    async with asyncio.timeout(WITHIN_S), AsyncExitStack() as stack:
        with private_bus(tmp_path) as address:
            await stack.enter_async_context(on_panel([], []))
            await is_on(address)
            for _ in range(turns):
                await asyncio.sleep(0)


async def is_on(address: str) -> None:
    """Wait until a tray is on this bus."""
    remote = Remote(address)

    def there() -> bool:
        [names] = remote.call(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ListNames"
        )
        return any(name.startswith("org.kde.StatusNotifierItem-") for name in names)

    await asyncio.to_thread(until, there)
