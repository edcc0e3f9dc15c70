"""The licences of everything that the app brings along, as one text."""

import json
from pathlib import Path

from . import ROOT, run

_LIST = """
import importlib.metadata as found, json
print(json.dumps([
    [one.metadata["Name"], one.version,
     one.metadata["License-Expression"] or one.metadata["License"] or "",
     [row for row in one.metadata.get_all("Classifier") or [] if row.startswith("License ::")],
     [str(one.locate_file(path)) for path in one.files or []
      if any(word in path.name.lower() for word in ("licen", "copying", "notice"))
      and ("dist-info" in str(path) or "egg-info" in str(path))]]
    for one in found.distributions()
]))
"""
_TOOLS = {
    "altgraph", "pip", "pycparser", "pyinstaller-hooks-contrib", "setuptools", "packaging",
    "macholib", "pefile", "pygobject",
}  # fmt: skip
"""What only builds, and what the system lends."""
_BESIDE = {
    "Python": "/usr/share/doc/python3.11/copyright",
    "OpenSSL": "/usr/share/doc/libssl3/copyright",
    "PyGObject": "/usr/share/doc/python3-gi/copyright",
}
"""What the system that it is built on lends, and where that says its licence."""
_RULE = "=" * 78


def notices(tools: Path) -> str:
    """The text, from the environment that the app is built in."""
    known = json.loads(run(tools / "bin" / "python", "-c", _LIST))
    parts = [(ROOT / "LICENSE").read_text(encoding="utf-8")]
    for name, version, licence, rows, files in sorted(known, key=lambda one: str(one[0]).lower()):
        if name.lower() not in _TOOLS:
            short = (licence.split("\n")[0] if licence else "") or ", ".join(
                row.rpartition(" :: ")[2] for row in rows
            )
            parts.append(_part(f"{name} {version}", short, files))
    parts += [_part(name, "", [path]) for name, path in _BESIDE.items()]
    head = "Portico, and what it brings along\n\n"
    return head + f"\n{_RULE}\n".join(parts)


def _part(title: str, licence: str, files: list[str]) -> str:
    texts = [
        Path(file).read_text(encoding="utf-8", errors="replace").strip()
        for file in sorted(files)
        if Path(file).is_file()
    ]
    line = f"{title}: {licence}" if licence else title
    return line + "\n\n" + "\n\n".join(texts) + "\n"
