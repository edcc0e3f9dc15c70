"""The desktop entry that starts Portico at login: its text, and what such a text says.

See: the Desktop Entry Specification, "Basic format of the file", "The Exec key", and TryExec.
"""

import re
from collections.abc import Sequence

_ENTRY = """[Desktop Entry]
Type=Application
Name=Portico
Comment=Your own Qwen Chat session as a local endpoint
TryExec={program}
Exec={command}
Icon=portico
Terminal=false
X-GNOME-Autostart-enabled=true
"""
_GROUP = "[Desktop Entry]"
_RESERVED = re.compile(r"""[\s"'\\><~|&;$*?#()`]""")
_ESCAPES = {"\\": "\\", "s": " ", "n": "\n", "t": "\t", "r": "\r"}
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)', re.DOTALL)


def written(words: Sequence[str]) -> str:
    """The desktop entry that runs a command at login, and nothing once its program is gone."""
    command = " ".join(_quoted(word) for word in words)
    return _ENTRY.format(program=_escaped(words[0]), command=command)


def _quoted(word: str) -> str:
    """A word as the key Exec wants it: a string with escapes, in which a quoted argument has its
    own."""
    text = word.replace("%", "%%")
    if _RESERVED.search(text) or not text:
        text = '"' + re.sub(r'(["`$\\])', r"\\\1", text) + '"'
    return _escaped(text)


def _escaped(text: str) -> str:
    """A text as any key wants it."""
    for letter, plain in _ESCAPES.items():
        if plain != " ":
            text = text.replace(plain, f"\\{letter}")
    return text


def read(text: str) -> list[str]:
    """The command that a desktop entry runs at login; empty where it is switched off."""
    keys = _keys(text)
    if keys.get("Hidden") == "true" or keys.get("X-GNOME-Autostart-enabled") == "false":
        return []
    command = re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), keys.get("Exec", ""))
    return [
        (plain or re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)).replace("%%", "%")
        for quoted, plain in _WORD.findall(command)
    ]


def _keys(text: str) -> dict[str, str]:
    """The keys of the group that counts; others are about other ways to start a program."""
    keys, is_ours = {}, False
    for line in text.split("\n"):
        if line.startswith("["):
            is_ours = line.strip() == _GROUP
        elif is_ours and not line.startswith("#"):
            name, _, value = line.partition("=")
            keys[name.strip()] = value.strip()
    return keys
