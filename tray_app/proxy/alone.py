"""Commands of the control door where no proxy runs: its parts are put together for one command."""

import asyncio
from typing import Any

from .control import Control
from .door import NoKeyringError
from .house import House, Parts
from .safe import PATIENCE_S, Safe


def alone(parts: Parts, name: str, message: dict[str, Any]) -> tuple[object, Parts]:
    """Carry out a command in a loop of its own; blocks.

    Returns:
        What the command gives back, and the parts with the settings that it may have changed.

    Raises:
        DoorError: It could not be carried out.
    """
    return asyncio.run(_alone(parts, name, message))


def carry_out(parts: Parts, name: str, message: dict[str, Any]) -> object:
    """Carry out a command in a process that ends with it; blocks.

    Whoever calls this holds the instance lock.

    Raises:
        DoorError: It could not be carried out.
        NoKeyringError: What it is about can be neither read nor kept.
    """
    answer, _ = asyncio.run(_alone(parts, name, message, must_keep=True))
    return answer


async def _alone(
    parts: Parts, name: str, message: dict[str, Any], *, must_keep: bool = False
) -> tuple[object, Parts]:
    house = House(parts, parts.settings.port)
    await house.person.begin(PATIENCE_S, invites=not must_keep)
    try:
        if must_keep:
            await _check_keeping(house.person.safe)
        answer = await Control(house).commands()[name](message)
        if must_keep:
            await _check_keeping(house.person.safe)
        return answer, house.parts
    finally:
        await house.end()


async def _check_keeping(safe: Safe) -> None:
    """Raise `NoKeyringError` where what is done now would be lost with this process."""
    await safe.settle(PATIENCE_S)
    status = safe.status()
    if not status.saved or status.state != "ready":
        raise NoKeyringError(f"{safe.trouble} {_ALONE[status.state]}")


_LASTS = "Keys and sessions last only while Portico runs: start it with portico --headless first."
_ALONE = {
    "memory": _LASTS,
    "ready": "Try again in a moment.",
    "slow": "Try again in a moment.",
    "locked": "Unlock it and try again.",
    "absent": _LASTS,
    "failing": _LASTS,
}
