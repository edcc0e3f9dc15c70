"""The portable folder, as one file that unpacks anywhere in a home."""

import gzip
import tarfile
from pathlib import Path

from . import moment

_READ_ME = """Portico {version}, unpacked anywhere and run from there:

    ./portico               in the tray; --headless without a screen
    ./portico --practice    with a stand-in of the site: no account needed
    ./portico --self-test   says what works on this computer
    ./portico --help        says the rest

Its windows need the system's web engine: on Debian and Ubuntu
apt install gir1.2-gtk-3.0 gir1.2-webkit2-4.1 libgirepository-1.0-1. To remove Portico, sign out in
its menu, switch off its start at login, quit it, and delete this folder and ~/.local/share/portico.
"""


def tarball(program: Path, version: str, into: Path) -> Path:
    """Pack the folder under a name with its version; the same folder gives the same bytes."""
    top = into.name.removesuffix(".tar.gz")
    (program / "README.txt").write_text(_READ_ME.format(version=version), encoding="utf-8")
    with (
        into.open("wb") as raw,
        gzip.GzipFile("", "wb", 9, raw, mtime=moment()) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.GNU_FORMAT) as packed,
    ):
        for path in [program, *sorted(program.rglob("*"))]:
            entry = packed.gettarinfo(path, str(Path(top, path.relative_to(program))))
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = "root"
            entry.mtime = moment()
            entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
            if entry.isfile():
                with path.open("rb") as data:
                    packed.addfile(entry, data)
            else:
                packed.addfile(entry)
    (program / "README.txt").unlink()
    return into
