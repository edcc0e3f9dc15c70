"""Opening a folder with the program that the desktop has for it."""

import sys
from pathlib import Path

import pytest

from tests.desktop.remote import until
from tray_app.desktop.opening import OpeningError, open_folder, without_bundle

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="openers differ")


def test_the_desktops_opener_gets_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    opener = tmp_path / "xdg-open"
    opener.write_text(f'#!/bin/sh\nprintf "%s|" "$#" "$1" > {told}.new; mv {told}.new {told}\n')
    opener.chmod(0o755)
    folder = tmp_path / "a b; touch nothing"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    open_folder(folder)

    assert until(told.exists)
    assert told.read_text() == f"1|{folder}|"


def test_without_an_opener_or_a_folder_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(OpeningError):
        open_folder(tmp_path)
    with pytest.raises(OpeningError):
        open_folder(tmp_path / "missing")


def test_a_frozen_programs_libraries_are_not_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"LD_LIBRARY_PATH": "/bundle", "LD_LIBRARY_PATH_ORIG": "/theirs", "A": "b"}
    unfrozen = without_bundle(environ)
    monkeypatch.setattr(sys, "frozen", True, raising=False)

    assert unfrozen == environ
    assert without_bundle(environ) == {"LD_LIBRARY_PATH": "/theirs", "A": "b"}
    assert without_bundle({"LD_LIBRARY_PATH": "/bundle"}) == {}
