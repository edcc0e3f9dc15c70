"""What came of requests, in sizes and times alone, and what the requests of a day come to."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from .errors import ProxyError

OK = "ok"
LEFT = "client_left"
"""The outcome where the client went away; any other but `OK` is the code of an error."""
_STEPS = 4
"""So many steps of a time double it: a median is told within a tenth."""


class Deed(Struct):
    """One request."""

    at_s: float
    """Unix seconds at which it came."""
    key: str
    model: str = ""
    """Empty for one that did not get so far."""
    outcome: str = OK
    took_s: float = 0.0
    route: str = ""
    """Where it came, without prefix and without `/v1`."""
    input_tokens: int = 0
    output_tokens: int = 0
    estimated: bool = False
    """The tokens were guessed from sizes."""
    first_s: float | None = None
    """How long its first token took; None where none came."""
    transport: str = ""
    """Who made its last call to the site: `page` or `direct`; empty where none was made."""
    calls: int = 0
    """So many calls to the site were made for it; a file's way to the store is none."""
    asked: str = ""
    """The beginning of the model's name that the client wrote; in memory alone, as what follows."""
    streams: bool | None = None
    """Whether the answer is wanted as it comes; None where the request was not understood."""
    why: str = ""
    """What went wrong and what to do, as the client was told; empty where nothing did."""
    param: str = ""
    """The field of the request that is at fault."""
    request: str = ""
    """The id under which the client was answered."""

    def fail(self, error: ProxyError) -> None:
        """Note what went wrong."""
        self.outcome, self.why, self.param = error.kind.value, error.text, error.param or ""


class DaySum(Struct, frozen=True):
    """What the requests of one day come to, or those of a client or model."""

    day: str
    """By the calendar of this computer, as 2026-11-21; or the client or model that is summed up."""
    requests: int = 0
    failed: int = 0
    """Without those whose client went away."""
    left: int = 0
    """Those whose client went away."""
    input_tokens: int = 0
    output_tokens: int = 0
    estimated: bool = False
    """Some of the tokens were guessed from sizes."""
    calls: int = 0
    first_s: float | None = None
    """How long first tokens took, about the median; None where none came."""
    took_s: float | None = None
    """The same for whole answers that ended well."""


class Tally(Struct):
    """The requests of one day, counted so that two tallies can be added."""

    outcomes: Counter[str] = field(default_factory=Counter)
    input_tokens: int = 0
    output_tokens: int = 0
    estimated: int = 0
    """Of so many requests the tokens were guessed."""
    calls: int = 0
    first: Counter[int] = field(default_factory=Counter)
    """How many first tokens took how many steps of time."""
    took: Counter[int] = field(default_factory=Counter)
    """The same for whole answers that ended well."""

    def add(self, deed: Deed) -> None:
        """Count one more request."""
        self.outcomes[deed.outcome] += 1
        self.input_tokens += deed.input_tokens
        self.output_tokens += deed.output_tokens
        self.estimated += deed.estimated
        self.calls += deed.calls
        if deed.first_s is not None:
            self.first[step_of(deed.first_s)] += 1
        if deed.outcome == OK:
            self.took[step_of(deed.took_s)] += 1

    def merge(self, other: "Tally") -> None:
        """Count what another tally counted as well."""
        self.outcomes.update(other.outcomes)
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.estimated += other.estimated
        self.calls += other.calls
        self.first.update(other.first)
        self.took.update(other.took)

    def sum_of(self, day: str) -> DaySum:
        """What it comes to."""
        requests, left = self.outcomes.total(), self.outcomes[LEFT]
        return DaySum(
            day,
            requests=requests,
            failed=requests - self.outcomes[OK] - left,
            left=left,
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            estimated=self.estimated > 0,
            calls=self.calls,
            first_s=median_s(self.first),
            took_s=median_s(self.took),
        )


def tallied(named: Iterable[tuple[str, Deed]]) -> dict[str, Tally]:
    """Requests, each with the name under which it is counted, as a tally of each name."""
    found: dict[str, Tally] = {}
    for name, deed in named:
        found.setdefault(name, Tally()).add(deed)
    return found


def step_of(time_s: float) -> int:
    """The step that a time falls into; 0 is a millisecond and less."""
    return round(_STEPS * math.log2(max(1.0, time_s * 1000)))


def median_s(steps: Mapping[int, int]) -> float | None:
    """About the middle one of times that were counted by their steps; None where there are none."""
    left = (sum(steps.values()) + 1) // 2
    for step in sorted(steps):
        left -= steps[step]
        if left <= 0 < steps[step]:
            return round(math.exp2(step / _STEPS) / 1000, 3)
    return None
