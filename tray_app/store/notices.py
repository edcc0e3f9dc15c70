"""What Portico is made of: the programs that it brings along, with their licences.

A built Portico has them in a file beside it; any other reads what its packages say of themselves.
"""

import gzip
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from msgspec import Struct

NAME = "portico-tray"
_FILE = "NOTICES.txt"
_SYSTEM = Path("/usr/share/doc/portico")
_RULE = re.compile(r"^={60,}\n", re.MULTILINE)
_HEAD = re.compile(r"(?P<name>[\w.-]+)(?: (?P<version>[\w.+!-]+))?(?:: (?P<licence>.+))?")
_NEEDED = re.compile(r"(?P<name>[\w.-]+)")


class Component(Struct, frozen=True):
    """One program of others."""

    name: str
    version: str = ""
    """Empty where it is not told."""
    licence: str = ""
    """In a few words; empty where only its text tells it."""


def built() -> Path | None:
    """The program itself where it was built; None where Python runs it."""
    return Path(sys.executable) if getattr(sys, "frozen", False) else None


def notices_file(program: Path | None, system: Path = _SYSTEM) -> Path | None:
    """Where the texts of the licences are; None where there are only packages.

    Args:
        program: A built Portico; None for one that was not.
        system: Where a package of the system has them.
    """
    if program is None:
        return None
    places = (program.parent / _FILE, system / f"{_FILE}.gz")
    return next((place for place in places if place.is_file()), None)


def components(file: Path | None = None) -> list[Component]:
    """What is brought along, by name.

    Args:
        file: The texts of the licences; None for what the packages say.
    """
    found = list(_told_by(file)) if file is not None else list(_installed(NAME))
    return sorted(found, key=lambda one: one.name.lower())


def _told_by(file: Path) -> Iterator[Component]:
    data = file.read_bytes()
    text = (gzip.decompress(data) if file.suffix == ".gz" else data).decode(errors="replace")
    for part in _RULE.split(text)[1:]:
        head = _HEAD.fullmatch(part.partition("\n")[0].strip())
        if head is not None:
            yield Component(head["name"], head["version"] or "", head["licence"] or "")


def _installed(name: str) -> Iterator[Component]:
    """What this package needs, and what that needs."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        one = _plain(waiting.pop())
        if one in seen:
            continue
        seen.add(one)
        try:
            package = metadata.distribution(one)
        except metadata.PackageNotFoundError:
            continue
        waiting += _needs(package)
        if one != _plain(name):
            about = package.metadata
            yield Component(about["Name"], about["Version"], _licence(package))


def _needs(package: metadata.Distribution) -> Iterator[str]:
    for needed in package.requires or ():
        found = _NEEDED.match(needed)
        if found is not None and "extra ==" not in needed:
            yield found["name"]


def _licence(package: metadata.Distribution) -> str:
    # What is not there is None to some readers of metadata, and an error to others.
    tell = package.metadata.get_all
    told = [
        text.partition("\n")[0] for text in (tell("License-Expression") or tell("License") or ())
    ]
    rows = (row for row in tell("Classifier") or () if row.startswith("License ::"))
    return "".join(told[:1]) or ", ".join(row.rpartition(" :: ")[2] for row in rows)


def _plain(name: str) -> str:
    """A package's name, as all ways to write it have it in common."""
    return re.sub(r"[-_.]+", "-", name).lower()
