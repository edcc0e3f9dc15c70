"""The table of promises and what cites them; `python -m tests.promises` brings it up to date."""

import ast
import re
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).parent
TABLE = TESTS / "CONTRACT.md"
_CITED = re.compile(r"\b([SRFP]\d{1,3}b?)\b")
_ROW = re.compile(r"^\| ([SRFP]\d+b?) \| (.*?) \|(?: (.*?) \|)?$", re.MULTILINE)
_MOST = 3
"""So many files are named for a promise; those that show it most often."""


def cited() -> dict[str, dict[str, int]]:
    """Every row that the docstring of a test names, with the files and how many tests they have."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_test = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if is_test and node.name.startswith("test_"):  # type: ignore[attr-defined]
                for row in set(_CITED.findall(ast.get_docstring(node) or "")):  # type: ignore[arg-type]
                    found[row][path.relative_to(TESTS).as_posix()] += 1
    return found


def promised() -> dict[str, str]:
    """Every row of the table, with where it says that it is shown."""
    return {row: where or "" for row, _, where in _ROW.findall(TABLE.read_text(encoding="utf-8"))}


def where(files: dict[str, int]) -> str:
    """The files in words for the table."""
    names = sorted(files, key=lambda name: (-files[name], name))
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(f"`{name}`" for name in names[:_MOST]) + more


def main() -> None:
    """Write the table anew, each row with the tests that it has now."""
    shown = cited()
    text = TABLE.read_text(encoding="utf-8")
    text = _ROW.sub(lambda row: f"| {row[1]} | {row[2]} | {where(shown.get(row[1], {}))} |", text)
    TABLE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
