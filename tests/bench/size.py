"""How much of everything is measured: enough to be trusted, or to be done soon."""

from dataclasses import dataclass

from .ring import Load


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    rounds: int
    paced: Load
    bursts: Load
    flood: Load
    wholes: int
    """So many times sixteen."""
    open: tuple[int, ...]
    trips: int
    histories: int
    leavers: int
    pure_rounds: int
    starts: int
    idle_s: float


LONG = Size(
    rounds=3,
    paced=Load(50, 200, 0.02, 1),
    bursts=Load(10, 4000, 0.002, 8),
    flood=Load(10, 4000, 0.0, 8),
    wholes=6,
    open=(100, 1000),
    trips=60,
    histories=10,
    leavers=11,
    pure_rounds=3,
    starts=5,
    idle_s=20.0,
)
SHORT = Size(
    rounds=1,
    paced=Load(10, 50, 0.02, 1),
    bursts=Load(4, 400, 0.002, 8),
    flood=Load(4, 800, 0.0, 8),
    wholes=1,
    open=(20, 40),
    trips=5,
    histories=1,
    leavers=2,
    pure_rounds=1,
    starts=1,
    idle_s=0.5,
)
