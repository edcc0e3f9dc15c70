"""The list of models: the site's for an hour, else the last good one, else the built-in one."""

import asyncio
import logging
from collections.abc import Callable
from fnmatch import fnmatchcase

import msgspec

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import Choice, ModelInfo, Prompt, Variant
from tray_app.core.ports import Upstream
from tray_app.core.variants import join, split

from .runner import Runner
from .tasks import Tasks

_log = logging.getLogger(__name__)

FRESH_S = 3600.0
_RETRY_S = 60.0
"""How soon a list that could not be had is asked for again."""
_FIRST_RETRY_S = 20.0
"""The same where there is none yet: too rarely for that alone to open the breaker."""
_AGAIN_S = 5.0
"""How soon a person may have it asked for again."""


class Shelf(msgspec.Struct, frozen=True):
    """Where the last good list is kept between runs."""

    load: Callable[[], tuple[bytes, float] | None]
    """The list and the unix second it is of."""
    save: Callable[[bytes, float], None]


class Models:
    """The models on offer; used from one event loop."""

    def __init__(
        self,
        upstream: Upstream,
        runner: Runner,
        shelf: Shelf,
        wall_clock: Callable[[], float],
        tasks: Tasks,
    ) -> None:
        self._upstream = upstream
        self._runner = runner
        self._shelf = shelf
        self._clock = wall_clock
        self._tasks = tasks
        self._one_at_a_time = asyncio.Lock()
        self._models: tuple[ModelInfo, ...] = ()
        self._of_s: float | None = None
        self._tried_s = 0.0
        self._fault: ProxyError | None = None
        self._shelf_read = False

    @property
    def age_s(self) -> int | None:
        """How old the list on offer is; None for the built-in one."""
        return None if self._of_s is None else max(0, int(self._clock() - self._of_s))

    async def current(self) -> tuple[ModelInfo, ...]:
        """The models, freshly asked for if their hour is over; never empty, never an error."""
        is_none_known = self._of_s is None and self._one_at_a_time.locked()
        if self._is_due() or is_none_known:
            await self._brought()
        return self.known()

    async def renewed(self) -> tuple[ModelInfo, ...]:
        """The models, asked for anew unless that was tried a moment ago.

        Raises `ProxyError` where that failed, also a moment ago.
        """
        async with self._one_at_a_time:
            if abs(self._clock() - self._tried_s) >= _AGAIN_S:
                await self._ask()
            elif self._fault is not None:
                raise self._fault.copy()
        return self.known()

    def known(self) -> tuple[ModelInfo, ...]:
        """The models as far as they are known, without asking anybody."""
        return self._models or self._upstream.built_in_models()

    def find(self, name: str, aliases: dict[str, str]) -> ModelInfo | None:
        """The model that goes by this name, with or without suffixes."""
        try:
            return self._choose(Prompt(model=name, messages=()), aliases).model
        except ProxyError:
            return None

    def why_unknown(self, name: str) -> ProxyError | None:
        """Why nobody knows of a name that is not built in; None where the site told its list."""
        if self._of_s is not None or self._fault is None:
            return None
        error = self._fault.copy()
        said = error.message or error.row.title
        error.message = f"Whether Qwen has a model {name!r} is not known yet: {said}"
        return error

    async def choose(
        self,
        prompt: Prompt,
        aliases: dict[str, str],
        may: Callable[[ModelInfo], bool] = lambda _: True,
    ) -> Choice:
        """The model and features a prompt asks for, of those that may; raises `ProxyError`.

        A list that is at hand is good enough for a name that it holds, so nobody waits for a newer
        one; for a name it does not hold a newer one is worth the wait. Where the site has not told
        any list, nobody knows that it has no such model: why it did not is the error then.
        """
        await self._take_from_shelf()
        try:
            choice = self._choose(prompt, aliases, may)
        except ProxyError:
            is_on_its_way = self._one_at_a_time.locked() and not self._is_fresh()
            if self._is_due() or is_on_its_way:
                await self._brought()
            why = self.why_unknown(prompt.model)
            if why is not None and self.find(prompt.model, aliases) is None:
                raise why from None
            return self._choose(prompt, aliases, may)
        if self._is_due() and self._runner.breaker.is_closed:
            # Where only one may try, that is the prompt, for which somebody waits.
            self._tasks.spawn(self.current(), "models")
        return choice

    def _choose(
        self,
        prompt: Prompt,
        aliases: dict[str, str],
        may: Callable[[ModelInfo], bool] = lambda _: True,
    ) -> Choice:
        models = tuple(filter(may, self.known()))
        try:
            return self._upstream.choose(prompt, models)
        except ProxyError as unknown:
            meant = _meant(prompt.model, aliases)
            if unknown.kind is not Kind.MODEL_NOT_FOUND or meant is None:
                raise
        return self._upstream.choose(msgspec.structs.replace(prompt, model=meant), models)

    def _is_due(self) -> bool:
        pause_s = _FIRST_RETRY_S if self._of_s is None else _RETRY_S
        return not self._is_fresh() and abs(self._clock() - self._tried_s) >= pause_s

    def _is_fresh(self) -> bool:
        return self._of_s is not None and 0 <= self._clock() - self._of_s < FRESH_S

    async def _brought(self) -> None:
        """Have a newer list, if one is due; one that is on its way to somebody else will do."""
        async with self._one_at_a_time:
            if self._is_due():
                await self._refresh()

    async def _refresh(self) -> None:
        await self._take_from_shelf()
        if not self._is_due():
            return
        try:
            await self._ask()
        except ProxyError as error:
            if error.kind is Kind.BREAKER_OPEN:
                # Nobody was asked, so the next one need not wait.
                self._tried_s = 0.0
            _log.info("models=kept kind=%s", error.kind.value)

    async def _ask(self) -> None:
        """Ask for the list and keep it; raises `ProxyError`, and remembers it."""
        self._tried_s, self._fault = self._clock(), None
        try:
            data, models = await self._read()
        except ProxyError as error:
            self._fault = error.copy()
            raise
        except asyncio.CancelledError:
            # Who asked has left, and whoever waits for the same asks next.
            self._tried_s = 0.0
            raise
        self._models, self._of_s = models, self._clock()
        await asyncio.to_thread(self._shelf.save, data, self._of_s)

    async def _read(self) -> tuple[bytes, tuple[ModelInfo, ...]]:
        """The site's list, as it came and as it is understood; raises `ProxyError`."""
        data = await self._runner.reply(self._upstream.list_models())
        models = self._upstream.read_models(data) if isinstance(data, bytes) else ()
        if not models or not isinstance(data, bytes):
            raise ProxyError(
                Kind.UPSTREAM_BAD_RESPONSE, "Qwen's list of models is empty or cannot be read"
            )
        return data, models

    async def _take_from_shelf(self) -> None:
        """Know the list of the last run, once."""
        if self._shelf_read:
            return
        self._shelf_read = True
        found = await asyncio.to_thread(self._shelf.load)
        if found is not None and self._of_s is None:
            data, of_s = found
            models = self._upstream.read_models(data)
            if models:
                self._models, self._of_s = models, of_s


def _meant(name: str, aliases: dict[str, str]) -> str | None:
    """What a person's aliases make of a name, its suffixes kept; the first pattern counts."""
    if name in aliases:
        return aliases[name]
    base, variant = split(name)
    for pattern, target in aliases.items():
        if fnmatchcase(base.lower(), pattern.lower()):
            own_base, own = split(target)
            both = Variant(
                thinking=own.thinking or variant.thinking,
                search=own.search or variant.search,
                draw=own.draw or variant.draw,
            )
            return join(own_base, both)
    return None
