"""What Portico is made of."""

import gzip
import importlib
from pathlib import Path

from tray_app.store.notices import NAME, Component, built, components, notices_file

RULE = "=" * 78
TEXT = f"""Portico, and what it brings along

MIT License
{RULE}
aiohttp 3.14.5: Apache-2.0 AND MIT

Copyright: somebody
{RULE}
OpenSSL

A text.
"""


def test_the_packages_that_are_needed_are_told_with_their_licences() -> None:
    found = {one.name: one for one in components()}

    assert {"aiohttp", "msgspec", "multidict"} <= set(found)
    assert found["msgspec"].licence == "BSD-3-Clause"
    assert all(one.version and one.licence for one in found.values())
    assert {NAME, "pytest", "mypy"}.isdisjoint(found)


def test_they_are_told_the_same_once_the_keyring_is_loaded() -> None:
    before = components()

    # It may bring another reader of metadata along, which then reads for everybody.
    importlib.import_module("keyring")

    assert components() == before


def test_a_built_portico_tells_what_is_in_its_file(tmp_path: Path) -> None:
    (tmp_path / "NOTICES.txt").write_text(TEXT)
    file = notices_file(tmp_path / "portico", tmp_path / "nowhere")

    assert components(file) == [
        Component("aiohttp", "3.14.5", "Apache-2.0 AND MIT"),
        Component("OpenSSL"),
    ]


def test_a_package_of_the_system_has_the_file_elsewhere(tmp_path: Path) -> None:
    system = tmp_path / "doc"
    system.mkdir()
    (system / "NOTICES.txt.gz").write_bytes(gzip.compress(TEXT.encode()))
    file = notices_file(tmp_path / "portico", system)

    assert file == system / "NOTICES.txt.gz"
    assert len(components(file)) == 2


def test_what_is_not_built_has_no_file() -> None:
    assert built() is None
    assert notices_file(built()) is None
