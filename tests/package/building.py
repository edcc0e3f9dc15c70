"""Builds the checkout, in two places at once."""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.test_house import ROOT

_EPOCH = "1790000000"
_TOOLS = ("dpkg-deb", "lintian", "desktop-file-validate", "appstreamcli", "strip", "objdump")


@dataclass(frozen=True)
class Built:
    """What one build left."""

    dist: Path

    @property
    def program(self) -> Path:
        """The program in its folder."""
        return self.dist / "portico" / "portico"

    @property
    def deb(self) -> Path:
        """The package."""
        return self._one("*.deb")

    @property
    def archive(self) -> Path:
        """The portable archive."""
        return self._one("*.tar.gz")

    @property
    def listed(self) -> str:
        """Every file with its digest."""
        return self._one("*.files").read_text(encoding="utf-8")

    def _one(self, pattern: str) -> Path:
        [found] = self.dist.glob(pattern)
        return found


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def build_twice(folder: Path) -> tuple[Built, Built]:
    """Two builds of this checkout, as if on two computers: each in a copy, with its own tools."""
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    assert not missing, f"{missing} missing: the marker `package` in pyproject.toml says more"
    places = [folder / "one", folder / "another place"]
    started = [_start(place, folder / f"{place.name}.log") for place in places]
    try:
        for place, process in zip(places, started, strict=True):
            assert process.wait(900) == 0, (folder / f"{place.name}.log").read_text()
    finally:
        for process in started:
            process.kill()
            process.wait()
    one, other = (Built(place / "dist") for place in places)
    return one, other


def _start(place: Path, log: Path) -> "subprocess.Popen[bytes]":
    copy(place)
    with log.open("wb") as told:
        return subprocess.Popen(
            [sys.executable, str(place / ".ci" / "package")],
            env={**os.environ, "SOURCE_DATE_EPOCH": _EPOCH}, stdout=told, stderr=told,
        )  # fmt: skip


def copy(place: Path) -> None:
    """What git would commit of the checkout."""
    asked = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)
