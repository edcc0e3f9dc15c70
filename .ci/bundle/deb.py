"""The package for Debian, Ubuntu and what descends from them."""

import gzip
import os
import re
import shutil
import struct
import textwrap
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

from . import BUILD, HERE, ROOT, BuildError, homepage, maintainer, moment, run, version
from .frozen import size_bytes

APP_ID = "io.github.portico_tray.Portico"
_TEXTS = HERE / "debian"
_HOME = Path("usr/lib/portico")
_GLIBC = re.compile(rb"GLIBC_2\.(\d+)\b")
_ICON = "usr/share/icons/hicolor/{size}x{size}/apps/portico.png"
_ICON_SIZES = {16, 24, 32, 48, 64, 128, 256}


def deb(program: Path, into: Path) -> Path:
    """Pack the folder; the same folder gives the same bytes."""
    root = BUILD / "deb"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(program, root / _HOME, symlinks=True)
    (root / _HOME / "_internal" / "LICENSE").unlink()
    (root / _HOME / "NOTICES.txt").unlink()
    _link(root / "usr/bin/portico", "../lib/portico/portico")
    for name, data in _texts(program):
        _write(root / name, data)
    for size, data in _icons():
        _write(root / _ICON.format(size=size), data)
    _write(root / "DEBIAN/control", _control(root, into).encode())
    _write(root / "DEBIAN/md5sums", _sums(root).encode())
    _settle(root)
    run("dpkg-deb", "--root-owner-group", "-Zxz", "-z6", "--build", root, into,
        SOURCE_DATE_EPOCH=str(moment()))  # fmt: skip
    return into


def architecture() -> str:
    """What Debian calls this computer's kind."""
    return run("dpkg", "--print-architecture").strip()


def _texts(program: Path) -> Iterator[tuple[str, bytes]]:
    """The small files beside the program."""
    share = "usr/share"
    entry = _text("portico.desktop")
    yield f"{share}/applications/{APP_ID}.desktop", entry.encode()
    yield f"{share}/metainfo/{APP_ID}.metainfo.xml", _text("metainfo.xml").encode()
    yield f"{share}/man/man1/portico.1.gz", _zipped(_text("portico.1").encode())
    yield f"{share}/lintian/overrides/portico", _text("overrides").encode()
    notices = (program / "NOTICES.txt").read_bytes()
    yield f"{share}/doc/portico/NOTICES.txt.gz", _zipped(notices)
    yield f"{share}/doc/portico/copyright", _text("copyright").encode()
    yield f"{share}/doc/portico/changelog.gz", _zipped(_changelog().encode())


def _text(name: str) -> str:
    """A text of the package, with what differs between releases put in.

    A line about what is not known is left out.
    """
    values = {
        "VERSION": version(),
        "DATE": run("date", "-u", f"-d@{moment()}", "+%Y-%m-%d").strip(),
        "MAINTAINER": maintainer(),
        "HOMEPAGE": homepage(),
    }
    told = (_TEXTS / name).read_text(encoding="utf-8")
    for mark, value in values.items():
        if not value:
            told = re.sub(f".*@{mark}@.*\n", "", told)
        told = told.replace(f"@{mark}@", value)
    return told


def _changelog() -> str:
    """Debian's own form; what changed stands in CHANGELOG.md."""
    date = formatdate(moment(), usegmt=True).replace("GMT", "+0000")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    lines = re.findall(r"^- (.+(?:\n  .+)*)", changes, re.MULTILINE)
    told = "\n".join(
        textwrap.fill(line, 78, initial_indent="  * ", subsequent_indent="    ") for line in lines
    )
    # The form wants the brackets of an address, be there none.
    who = maintainer() if maintainer().endswith(">") else f"{maintainer()} <>"
    return f"portico ({version()}) stable; urgency=medium\n\n{told}\n\n -- {who}  {date}\n"


def _icons() -> Iterator[tuple[int, bytes]]:
    """The app's icon in the sizes that themes have, out of the drawn one."""
    data = (ROOT / "assets" / "portico.ico").read_bytes()
    (count,) = struct.unpack_from("<4xH", data)
    for number in range(count):
        width, length, start = struct.unpack_from("<B7xII", data, 6 + 16 * number)
        if (size := width or 256) in _ICON_SIZES:
            yield size, data[start : start + length]


def _control(root: Path, into: Path) -> str:
    """What the package says of itself."""
    told = _text("control")
    values = {
        "ARCHITECTURE": into.stem.rpartition("_")[2],
        "GLIBC": f"2.{_glibc(root)}",
        "KILOBYTES": str(-(-size_bytes(root) // 1024)),
    }
    for mark, value in values.items():
        told = told.replace(f"@{mark}@", value)
    return told


def _glibc(root: Path) -> int:
    """The oldest C library that everything in the folder runs on: 2.this."""
    needed = [
        int(found)
        for path in (root / _HOME).rglob("*")
        if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"
        for found in _GLIBC.findall(path.read_bytes())
    ]
    if not needed:
        raise BuildError("No program is in the folder. Build it first.")
    return max(needed)


def _sums(root: Path) -> str:
    files = sorted(
        str(path.relative_to(root))
        for path in (root / "usr").rglob("*")
        if path.is_file() and not path.is_symlink()
    )
    told: list[str] = run("md5sum", *(root / name for name in files)).splitlines()
    return "".join(f"{line.split()[0]}  {name}\n" for line, name in zip(told, files, strict=True))


def _zipped(data: bytes) -> bytes:
    return gzip.compress(data, 9, mtime=0)


def _link(path: Path, to: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(to)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _settle(root: Path) -> None:
    """Everything may be read by all, and is of one moment."""
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            runs = path.is_dir() or path == root / _HOME / "portico"
            path.chmod(0o755 if runs else 0o644)
        os.utime(path, (moment(), moment()), follow_symlinks=False)
