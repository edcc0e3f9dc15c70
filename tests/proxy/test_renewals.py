"""Thirty days of renewals, with everything that happens to a program in that time: R39, R64."""

import asyncio
import random
from collections import Counter

import pytest

from tests.harness import QUICK
from tests.rings import MemoryRing, keeper
from tests.waiting import comes
from tray_app.compose import practice_session, practice_site
from tray_app.core.errors import Kind, ProxyError
from tray_app.practice import PracticeSite
from tray_app.proxy.house import House, Parts
from tray_app.proxy.models import Shelf
from tray_app.proxy.person import Person
from tray_app.upstreams.qwen import QWEN

BEGIN_S = 1_790_000_000.0
DAYS = 30
MISHAPS = ("kill", "lost answer", "locked store", "renewed twice", "restart", "nothing")


class Computer:
    """A computer on which the program is started, killed and used; its clock is ours."""

    def __init__(self) -> None:
        self.now_s = BEGIN_S
        self.site = PracticeSite(clock=lambda: self.now_s)
        self.site.start()
        self.entries: dict[str, str] = {}
        self.ring = MemoryRing(self.entries)
        self.house: House

    def _make(self) -> House:
        self.ring = MemoryRing(self.entries)
        parts = Parts(
            site=practice_site(self.site.origin, self.site.auth_origin),
            upstream=QWEN,
            person=Person(keeper(self.ring, pause_s=0.005), wall_clock=lambda: self.now_s),
            settings=QUICK,
            save_settings=lambda *_: None,
            shelf=Shelf(load=lambda: None, save=lambda *_: None),
            wall_clock=lambda: self.now_s,
        )
        return House(parts, 1)

    async def start(self) -> None:
        self.house = self._make()
        await self.house.begin()

    async def sign_in(self) -> None:
        self.house.owner.try_out(practice_session(self.site.sign_in()))
        assert await self.house.owner.keep()

    async def use(self) -> None:
        """Three requests at the same moment, each making a call; one renewal serves them all."""
        before = len(self.site.heard_on("/api/v2/auths/refresh"))
        await asyncio.gather(*(self._call() for _ in range(3)))
        assert len(self.site.heard_on("/api/v2/auths/refresh")) - before <= 1

    async def _call(self) -> None:
        owner = self.house.owner
        session = await owner.current()
        try:
            await self.house.runner.reply(self.house.parts.upstream.probe())
        except ProxyError as error:
            if error.again != "renewed":
                raise
            await owner.renewed(session.token)
            await self.house.runner.reply(self.house.parts.upstream.probe())

    async def stop(self) -> None:
        await self.house.end()

    async def kill(self, dice: random.Random) -> None:
        """End the program at some step of what it does with the keyring while it renews."""
        self.now_s += 900
        self.ring.dies_after = self.ring.steps + dice.randrange(12)
        using = asyncio.get_running_loop().create_task(self.use())
        await comes(lambda: using.done() or self.ring.is_dead)
        using.cancel()
        await asyncio.wait({using})
        if self.house.owner.lane.renewing is not None:
            self.house.owner.lane.renewing.cancel()
        await self.house.transport.close()
        # What was under way when the program ended reaches the site yet, and is nobody else's.
        await asyncio.sleep(0.05)
        await self.start()


async def mishap(computer: Computer, kind: str, dice: random.Random) -> None:
    match kind:
        case "kill":
            await computer.kill(dice)
        case "lost answer":
            computer.now_s += 900
            computer.site.loses_renewals = 1
            with pytest.raises(ProxyError) as caught:
                await computer.use()
            assert caught.value.kind is Kind.UPSTREAM_DISCONNECTED
        case "locked store":
            computer.ring.is_locked = True
            for _ in range(3):
                computer.now_s += 800
                await computer.use()
            assert not computer.house.person.safe.status().saved
            computer.ring.is_locked = False
            await computer.house.person.safe.settle(5)
            assert computer.house.person.safe.status().saved
        case "renewed twice":
            computer.site.expire_tokens()
            await computer.use()
        case "restart":
            await computer.stop()
            await computer.start()
        case _:
            pass


@pytest.mark.slow
async def test_thirty_days_of_mishaps_end_signed_in() -> None:
    """R39, R64"""
    dice = random.Random(20261121)
    computer = Computer()
    seen: Counter[str] = Counter()
    try:
        await computer.start()
        await computer.sign_in()
        while computer.now_s < BEGIN_S + DAYS * 86_400:
            computer.now_s += dice.uniform(60, 28_800)
            kind = dice.choice(MISHAPS)
            seen[kind] += 1
            await mishap(computer, kind, dice)
            await computer.use()
            assert computer.house.owner.state == "signed_in", (kind, seen)
        renewals = len(computer.site.heard_on("/api/v2/auths/refresh"))
        computer.site.revoke()
        with pytest.raises(ProxyError) as caught:
            await computer.use()

        assert caught.value.kind is Kind.SESSION_ENDED
        assert computer.house.owner.state == "revoked"
        assert min(seen.values()) > 20
        assert renewals > 150
    finally:
        await computer.stop()
        computer.site.stop()
