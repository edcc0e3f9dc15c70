"""Reading JSON whose types may change without notice: what is of another type counts as unsaid."""

from typing import Any

_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def text_of(value: object) -> str:
    """A text; empty for all else."""
    return value if isinstance(value, str) else ""


def table_of(value: object) -> dict[str, Any]:
    """An object; empty for all else."""
    return value if isinstance(value, dict) else {}


def entries_of(value: object) -> list[tuple[str, Any]]:
    """What is in an object, by its names, or in a list, by empty ones; nothing for all else."""
    if isinstance(value, dict):
        return list(value.items())
    return [("", one) for one in value] if isinstance(value, list) else []


def number_of(value: object) -> int:
    """A number that counts something, however it is written as a number; 0 for all else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return max(value, 0) if isinstance(value, int) and not isinstance(value, bool) else 0


def flag_of(value: object) -> bool | None:
    """Yes or no, as a number or in letters too; None for all else."""
    if isinstance(value, bool | int | float):
        return bool(value)
    return _FLAGS.get(value.lower()) if isinstance(value, str) else None
