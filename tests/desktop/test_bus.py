"""Talking on a bus that is there, and on one that is not."""

import asyncio
from pathlib import Path

import pytest
from dbus_fast import BusType

from tests.desktop.buses import private_bus
from tests.waiting import comes
from tray_app.desktop.bus import BusError, call, connect, ended, follow_owner

DRIVER = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
NAME = "org.example.Somebody"


@pytest.mark.parametrize("address", ["unix:path=/nowhere", "nonsense", "tcp:host=127.0.0.1,port=1"])
async def test_a_bus_that_is_not_there_is_one_error(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)

    for kind in (BusType.SESSION, BusType.SYSTEM):
        with pytest.raises(BusError):
            await connect(kind)


@pytest.mark.desktop
async def test_calls_are_answered_or_fail_and_names_are_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[bool] = []
    with private_bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        ours, theirs = await connect(), await connect()
        await follow_owner(ours, NAME, told.append)
        [features] = await call(ours, DRIVER, "ListNames")
        await theirs.request_name(NAME)
        theirs.disconnect()
        await comes(lambda: told == [True, False])
        with pytest.raises(BusError, match="Nonsense"):
            await call(ours, DRIVER, "Nonsense")

    assert DRIVER[0] in features
    async with asyncio.timeout(5):
        await ended(ours)
    with pytest.raises(BusError):
        await call(ours, DRIVER, "ListNames")


@pytest.mark.desktop
async def test_a_bus_is_found_beside_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with private_bus(tmp_path) as address:
        (tmp_path / "session").rename(tmp_path / "bus")
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
        bus = await connect()
        bus.disconnect()

    assert address
