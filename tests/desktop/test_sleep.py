"""The computer sleeps and wakes: R49."""

import asyncio
from pathlib import Path

import pytest
from dbus_fast import BusType, Message

from tests.desktop.buses import private_bus
from tray_app.desktop.bus import connect
from tray_app.desktop.sleep import watch_sleep

pytestmark = pytest.mark.desktop


def signal(name: str, *, asleep: bool) -> Message:
    return Message.new_signal(
        "/org/freedesktop/login1", "org.freedesktop.login1.Manager", name, "b", [asleep]
    )


async def test_waking_is_told_and_falling_asleep_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R49"""
    woke = asyncio.Event()
    with private_bus(tmp_path, "system") as address:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        watching = asyncio.get_running_loop().create_task(watch_sleep(woke.set))
        logind = await connect(BusType.SYSTEM)
        await asyncio.sleep(0.3)
        await logind.send(signal("PrepareForSleep", asleep=True))
        await logind.send(signal("PrepareForShutdown", asleep=False))
        await asyncio.sleep(0.3)
        assert not woke.is_set()
        await logind.send(signal("PrepareForSleep", asleep=False))
        await asyncio.wait_for(woke.wait(), 5)
    watching.cancel()
    await asyncio.wait({watching})


async def test_where_nobody_tells_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await watch_sleep(lambda: None)
