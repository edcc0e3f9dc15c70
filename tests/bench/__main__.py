"""Prints the table: `python -m tests.bench`; `short` is a quick look, `--markdown` for a README."""

import argparse
import resource
import sys

from .report import markdown, table, title
from .run import run
from .size import LONG, SHORT


def main(arguments: list[str]) -> int:
    """Measure, print, and say whether every event was answered."""
    parser = argparse.ArgumentParser("python -m tests.bench")
    parser.add_argument("size", nargs="?", choices=["long", "short"], default="long")
    parser.add_argument("--markdown", action="store_true")
    told = parser.parse_args(arguments)
    _have_sockets()
    result = run(SHORT if told.size == "short" else LONG)
    print(title())
    if told.markdown:
        print()
    print((markdown if told.markdown else table)(result.rows))
    for name, asked in result.asked.items():
        print(f"events answered, {name}: {result.answered[name]:,} of {asked:,}", file=sys.stderr)
    return int(result.asked != result.answered or not result.chat_bytes)


def _have_sockets() -> None:
    """Let this process and its children have as many sockets as the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
