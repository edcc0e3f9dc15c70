"""Talking on a bus of Linux: connections, calls with an end, and signals."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dbus_fast import BusType, DBusFastError, InvalidAddressError, Message, MessageType
from dbus_fast.aio import MessageBus

CALL_S = 5.0
_DRIVER = "org.freedesktop.DBus"
_DRIVER_PATH = "/org/freedesktop/DBus"


class BusError(Exception):
    """There is no bus, or a call over it failed."""


async def connect(kind: BusType = BusType.SESSION) -> MessageBus:
    """A connection to the session's or the system's bus; raises `BusError`.

    Whoever gets it disconnects it.
    """
    address = _beside_the_session() if kind is BusType.SESSION else None
    try:
        async with asyncio.timeout(CALL_S):
            return await MessageBus(bus_address=address, bus_type=kind).connect()
    except (OSError, ValueError, KeyError, TypeError, EOFError, InvalidAddressError) as error:
        raise BusError(f"{type(error).__name__}: {error}") from error


def _beside_the_session() -> str | None:
    """Where the bus of a login lies, for a program that was started without its address."""
    folder = os.environ.get("XDG_RUNTIME_DIR")
    if os.environ.get("DBUS_SESSION_BUS_ADDRESS") or not folder:
        return None
    place = Path(folder, "bus")
    return f"unix:path={place}" if place.is_socket() else None


async def call(
    bus: MessageBus,
    where: tuple[str, str, str],
    member: str,
    signature: str = "",
    *body: Any,
    within_s: float = CALL_S,
) -> list[Any]:
    """What a method gives back; raises `BusError`.

    Args:
        bus: A connection.
        where: The name on the bus, the path of the object, the interface.
        member: The method.
        signature: Of the arguments.
        body: The arguments.
        within_s: How long the answer may take.
    """
    destination, path, interface = where
    message = Message(destination, path, interface, member, signature=signature, body=list(body))
    try:
        async with asyncio.timeout(within_s):
            reply = await bus.call(message)
    except (OSError, EOFError, DBusFastError) as error:
        raise BusError(f"{member}: {type(error).__name__}") from error
    if reply.message_type is MessageType.ERROR:
        raise BusError(f"{member}: {reply.error_name}")
    return list(reply.body)


async def listen(bus: MessageBus, rule: str, heard: Callable[[Message], None]) -> None:
    """Hear the signals that a match rule lets through; raises `BusError`.

    Args:
        bus: A connection.
        rule: As the bus takes it, without the type.
        heard: Called for every signal of the connection; it looks for its own.
    """

    def on_message(message: Message) -> None:
        if message.message_type is MessageType.SIGNAL:
            heard(message)

    bus.add_message_handler(on_message)
    driver = (_DRIVER, _DRIVER_PATH, _DRIVER)
    await call(bus, driver, "AddMatch", "s", f"type='signal',{rule}")


async def ended(bus: MessageBus) -> None:
    """Wait until a connection is gone, however that came about."""
    with contextlib.suppress(Exception):
        await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]


async def follow_owner(bus: MessageBus, name: str, told: Callable[[bool], None]) -> None:
    """Be told whenever somebody takes a name on the bus, or it is let go; raises `BusError`."""

    def heard(message: Message) -> None:
        if message.member == "NameOwnerChanged" and message.body[0] == name:
            told(bool(message.body[2]))

    rule = f"sender='{_DRIVER}',member='NameOwnerChanged',arg0='{name}'"
    await listen(bus, rule, heard)
