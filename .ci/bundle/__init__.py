"""How the app is built and packed; `.ci/package` is the command."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
DIST = ROOT / "dist"
BUILD = ROOT / "build"
PROGRAM = DIST / "portico"


class BuildError(Exception):
    """Nothing can be built; its text is one sentence and one action."""


def version() -> str:
    """The version that the product says of itself."""
    told = (ROOT / "tray_app" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', told, re.MULTILINE)
    if found is None:
        raise BuildError("tray_app/__init__.py names no version. Write it there.")
    return found[1]


def maintainer() -> str:
    """Who makes it, with an address only where pyproject.toml tells one."""
    author = _project()["authors"][0]
    return f"{author['name']} <{author['email']}>" if "email" in author else str(author["name"])


def homepage() -> str:
    """Its page, as pyproject.toml tells it; empty where it tells none."""
    return str(_project().get("urls", {}).get("Homepage", ""))


def _project() -> dict[str, Any]:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project: dict[str, Any] = told["project"]
    return project


def moment(environ: Mapping[str, str] = os.environ) -> int:
    """The second that every file is dated: SOURCE_DATE_EPOCH, else that of the last commit."""
    told = environ.get("SOURCE_DATE_EPOCH")
    if not told:
        asked = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
        told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    if not told.isdecimal():
        raise BuildError("This is no git checkout. Set SOURCE_DATE_EPOCH to the release's second.")
    return int(told)


def run(*words: str | Path, **more: str) -> str:
    """What a program prints; raises `BuildError` where it is missing, or fails after its words."""
    try:
        done = subprocess.run(
            [str(word) for word in words], env={**os.environ, **more}, cwd=ROOT,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise BuildError(f"{words[0]} is missing. Install what has it.") from error
    if done.returncode:
        sys.stderr.write("\n".join(done.stdout.splitlines()[-20:]) + "\n")
        raise BuildError(
            f"{Path(words[0]).name} ended with {done.returncode}. Its words are above."
        )
    return done.stdout
