"""A context that is chosen when it is entered."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")


class Deferred(AbstractAsyncContextManager[T]):
    """Enters the context that `choose` finds, and leaves no frame of its own open meanwhile.

    A generator would hold one as long as an answer takes, for each of those that are open.
    """

    __slots__ = ("_choose", "_chosen")
    _chosen: AbstractAsyncContextManager[T]

    def __init__(self, choose: Callable[[], Awaitable[AbstractAsyncContextManager[T]]]) -> None:
        self._choose = choose

    async def __aenter__(self) -> T:
        self._chosen = await self._choose()
        # What it was chosen by may be large.
        del self._choose
        return await self._chosen.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return await self._chosen.__aexit__(kind, error, trace)
