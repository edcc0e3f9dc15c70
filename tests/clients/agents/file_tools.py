"""Tools over files, given to a client that brings none of its own."""

import pathlib


def write_file(path: str, content: str) -> str:
    """Write a file: `path` is where it goes, `content` is all of its text."""
    pathlib.Path(path).write_text(content, encoding="utf-8")
    return f"{path} was written."


def read_file(path: str) -> str:
    """Read the whole text of the file at `path`."""
    return pathlib.Path(path).read_text(encoding="utf-8")


def edit_file(path: str, old_string: str, new_string: str) -> str:
    """Change a file at `path`: `old_string`, which must be in it, becomes `new_string`."""
    text = read_file(path)
    if old_string not in text:
        return f"Error: {old_string!r} is not in {path}."
    return write_file(path, text.replace(old_string, new_string, 1))
