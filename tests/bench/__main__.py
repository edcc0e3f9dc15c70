"""Prints the table: `python -m tests.bench`, or with `short` a quick look."""

import sys

from .report import table, title
from .run import LONG, SHORT, run


def main(arguments: list[str]) -> int:
    """Measure, print, and say whether every event was answered."""
    result = run(SHORT if arguments == ["short"] else LONG)
    print(title())
    print(table(result.rows))
    for name, asked in result.asked.items():
        print(f"events answered, {name}: {result.answered[name]:,} of {asked:,}")
    return int(result.asked != result.answered or not result.chat_bytes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
