"""The folder with the program: an environment of locked libraries, PyInstaller, and a check."""

import ast
import hashlib
import shutil
from pathlib import Path

from . import BUILD, HERE, PROGRAM, ROOT, BuildError, moment, run
from .notices import notices

_LOCK = HERE / "lock.txt"
_GI = "/usr/lib/python3/dist-packages"
_LOADED_UNASKED = ("sitecustomize", "usercustomize")
_LIMIT_BYTES = 60_000_000
_SHARED = "import sysconfig; print(sysconfig.get_config_var('Py_ENABLE_SHARED'))"


def build(python: Path) -> Path:
    """Build the folder anew; raises `BuildError`.

    Args:
        python: Debian's own, which has a shared library.
    """
    tools = _environment(python)
    shutil.rmtree(PROGRAM, ignore_errors=True)
    run(
        tools / "bin" / "pyinstaller", "--noconfirm", "--clean", "--log-level", "WARN",
        "--workpath", BUILD / "work", "--distpath", PROGRAM.parent, ROOT / "build.spec",
        SOURCE_DATE_EPOCH=str(moment()), PYTHONHASHSEED="0",
        # Two builds at once must not share what is kept of stripped libraries.
        PYINSTALLER_CONFIG_DIR=str(BUILD / "kept"),
    )  # fmt: skip
    (PROGRAM / "NOTICES.txt").write_text(notices(tools), encoding="utf-8")
    _check()
    return PROGRAM


def contents(folder: Path) -> str:
    """Every file of a folder with its digest, to be held against those of another build."""
    lines = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_symlink():
            lines.append(f"{'link to ' + str(path.readlink()):<64}  {name}")
        elif path.is_file():
            lines.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}")
    return "\n".join(lines) + "\n"


def size_bytes(folder: Path) -> int:
    """How much is in a folder."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files)


def _environment(python: Path) -> Path:
    """An environment with exactly what the lock says; made once for each lock."""
    if run(python, "-c", _SHARED).strip() != "1":
        raise BuildError(
            f"{python} has no shared library. Build with /usr/bin/python3 and libpython3."
        )
    mark = hashlib.sha256(_LOCK.read_bytes() + run(python, "-VV").encode()).hexdigest()[:12]
    place = BUILD / f"tools-{mark}"
    if (place / "done").exists():
        return place
    shutil.rmtree(place, ignore_errors=True)
    run(python, "-m", "venv", place)
    _install(place)
    _link_gi(place)
    (place / "done").touch()
    return place


def _install(place: Path) -> None:
    """Install by the lock's digests; only what has no wheel is built here, by a locked builder."""
    pip = (place / "bin" / "pip", "--disable-pip-version-check", "--no-cache-dir", "install", "-q")
    locked = ("--no-deps", "--require-hashes", "--only-binary", ":all:")
    builder = BUILD / "builder.txt"
    builder.write_text(_entry("setuptools"), encoding="utf-8")
    run(*pip, *locked, "-r", builder)
    source = ("--no-binary", "proxy-tools", "--use-pep517", "--no-build-isolation")
    run(*pip, *locked, *source, "-r", _LOCK, SOURCE_DATE_EPOCH=str(moment()))


def _entry(name: str) -> str:
    """What the lock says of one library."""
    lines = _LOCK.read_text(encoding="utf-8").split("\n")
    start = next(at for at, line in enumerate(lines) if line.startswith(f"{name}=="))
    end = next(at for at in range(start + 1, len(lines)) if not lines[at].startswith(" "))
    return (
        "\n".join(line for line in lines[start:end] if "# via" not in line).rstrip("\\ \n") + "\n"
    )


def _link_gi(place: Path) -> None:
    """Lend the system's PyGObject, which belongs to its libraries and is in no lock of ours."""
    found = [*Path(_GI).glob("gi"), *Path(_GI).glob("PyGObject-*")]
    if len(found) < 2:
        raise BuildError("PyGObject is missing. Install it: apt install python3-gi")
    packages = next((place / "lib").glob("python3.*")) / "site-packages"
    for one in found:
        (packages / one.name).symlink_to(one)


def _check() -> None:
    """Nothing is in the folder that would run unasked, and it is not too large."""
    table = BUILD / "work" / "build" / "PYZ-00.toc"
    modules = {entry[0] for entry in ast.literal_eval(table.read_text(encoding="utf-8"))[1]}
    odd = [*PROGRAM.rglob("*.pth"), *(name for name in _LOADED_UNASKED if name in modules)]
    if odd:
        raise BuildError(f"{odd} would run unasked. Leave it out in build.spec.")
    if (size := size_bytes(PROGRAM)) > _LIMIT_BYTES:
        raise BuildError(f"The folder has {size / 1e6:.0f} MB. Leave something out in build.spec.")
