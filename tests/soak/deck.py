"""What happens next: every family has its share, and what touches others keeps its distance."""

import random
from collections import deque
from collections.abc import Iterable

from .cases import CASES, Case

SHARE = 0.1
"""Of the requests that each family of faults gets."""
_GOOD = "good"
_FAILURES = 4
"""So many failures of the way to the site in `_WITHIN_S` leave the network breaker closed."""
_WITHIN_S = 75.0


class Deck:
    """Deals cases, each family's in a random order and all of them before any comes again."""

    def __init__(self, chance: random.Random, cases: Iterable[Case] = CASES) -> None:
        self._chance = chance
        self._families: dict[str, list[Case]] = {}
        for case in cases:
            self._families.setdefault(case.family, []).append(case)
        self._left: dict[str, list[Case]] = {name: [] for name in self._families}
        self._coming: list[str] = []
        """The families of the next few requests."""
        self._dealt_s: dict[str, float] = {}
        self._failures: deque[float] = deque()

    @property
    def first(self) -> Case:
        """What is met before anything is counted."""
        return self._families[_GOOD][0]

    def next(self, now_s: float) -> Case:
        """What the request that begins now is to meet."""
        if not self._coming:
            faulty = [name for name in self._families if name != _GOOD]
            self._coming = [*faulty, *[_GOOD] * (round(1 / SHARE) - len(faulty))]
            self._chance.shuffle(self._coming)
        return self._of(self._coming.pop(), now_s) or self._of(_GOOD, now_s) or self.first

    def _of(self, family: str, now_s: float) -> Case | None:
        left = self._left[family]
        if not left:
            left += self._chance.sample(self._families[family], len(self._families[family]))
        for at, case in enumerate(left):
            if self._may(case, now_s):
                self._dealt_s[case.family if family == "checks" else case.name] = now_s
                self._failures.extend([now_s] * case.failures)
                return left.pop(at)
        return None

    def _may(self, case: Case, now_s: float) -> bool:
        """Whether a case is far enough from what it must not meet."""
        name = case.family if case.family == "checks" else case.name
        if case.gap_s and now_s - self._dealt_s.get(name, -case.gap_s) < case.gap_s:
            return False
        while self._failures and now_s - self._failures[0] > _WITHIN_S:
            self._failures.popleft()
        return not case.failures or len(self._failures) + case.failures <= _FAILURES
