"""Soaks Portico: `python -m tests.soak 2m`, `10m` or `1h`; exits with 1 where R74 is broken."""

import argparse
import random
import re
import sys

from .report import grown, table
from .run import run

_SECONDS = {"s": 1, "m": 60, "h": 3600}


def duration(text: str) -> float:
    """Seconds of a time such as `90s`, `2m` or `1h`; raises `ValueError` for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if found is None:
        raise ValueError(text)
    return float(found[1]) * _SECONDS[found[2]]


def main(words: list[str]) -> int:
    """Soak, print the table, and say whether the row holds."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("duration", type=duration, nargs="?", default=120.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--kinds", action="store_true", help="what it holds more than before")
    told = parser.parse_args(words)
    print(f"seed {told.seed}", flush=True)
    result = run(told.duration, told.seed, lambda line: print(line, flush=True), kinds=told.kinds)
    print(table(result))
    if told.kinds:
        print(grown(result))
    return int(bool(result.broken()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
