"""The installer for Windows, compiled on any system that has NSIS."""

import shutil
from pathlib import Path

from . import HERE, ROOT, BuildError, moment, run, version

_PROGRAMS = ("portico.exe", "portico-cli.exe")


def installer(payload: Path, into: Path) -> Path:
    """Pack the folder that `build.spec` makes on Windows; raises `BuildError`."""
    if shutil.which("makensis") is None:
        raise BuildError("NSIS is missing. Install it: apt install nsis")
    missing = [name for name in _PROGRAMS if not (payload / name).is_file()]
    if missing:
        raise BuildError(f"{payload} has no {missing[0]}. Build it on Windows by build.spec.")
    told = {
        "VERSION": version(), "PAYLOAD": payload.absolute(), "INTO": into.absolute(),
        "ICON": ROOT / "assets" / "portico.ico",
    }  # fmt: skip
    words = [f"-D{name}={value}" for name, value in told.items()]
    run("makensis", "-V2", "-WX", *words, HERE / "windows" / "portico.nsi",
        SOURCE_DATE_EPOCH=str(moment()))  # fmt: skip
    return into
