"""Commands of the control door where no proxy runs: its parts are put together for one command."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from .control import Control
from .door import DoorError, NoKeyringError
from .house import House, Parts
from .safe import PATIENCE_S, Safe

LIMIT_S = 45.0
"""How long a command may take."""

Began = Callable[[asyncio.Task[Any]], None]


def alone(
    parts: Parts, name: str, message: dict[str, Any], began: Began = lambda _: None
) -> tuple[object, Parts]:
    """Carry out a command in a loop of its own; blocks.

    Args:
        began: Called in that loop with the task, which may be cancelled there.

    Returns:
        What the command gives back, and the parts with the settings that it may have changed.

    Raises:
        DoorError: It could not be carried out.
        asyncio.CancelledError: The task was cancelled.
    """

    async def carry(house: House) -> object:
        await house.person.begin(PATIENCE_S)
        return await Control(house).commands()[name](message)

    return asyncio.run(_alone(parts, carry, began))


def carry_out(parts: Parts, name: str, message: dict[str, Any]) -> object:
    """Carry out a command in a process that ends with it; blocks.

    Whoever calls this holds the instance lock.

    Raises:
        DoorError: It could not be carried out.
        NoKeyringError: What it is about can be neither read nor kept.
    """

    async def carry(house: House) -> object:
        await house.person.begin(PATIENCE_S, invites=False)
        await _check_keeping(house.person.safe)
        answer = await Control(house).commands()[name](message)
        await _check_keeping(house.person.safe)
        return answer

    answer, _ = asyncio.run(_alone(parts, carry))
    return answer


async def _alone(
    parts: Parts,
    carry: Callable[[House], Coroutine[Any, Any, object]],
    began: Began = lambda _: None,
) -> tuple[object, Parts]:
    house = House(parts, parts.settings.port)
    # Who cancels it must not take along what is tidied up and kept after it.
    doing = asyncio.get_running_loop().create_task(carry(house), name="command")
    began(doing)
    try:
        return await asyncio.wait_for(doing, LIMIT_S), house.parts
    except TimeoutError:
        raise DoorError("This took too long, so Portico gave it up. Try again.") from None
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
