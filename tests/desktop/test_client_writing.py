"""A client's files, written from a window."""

import json
import sys
from pathlib import Path

import pytest

from tray_app.desktop.client_writing import ClientWriting
from tray_app.dialects.clients import find, recommended
from tray_app.dialects.clients.recipe import Client, Offer
from tray_app.store import StoreError
from tray_app.upstreams import UPSTREAMS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="places are those of POSIX")
MODELS = UPSTREAMS[0].built_in_models()


def known(name: str) -> Client:
    client = find(name)
    assert client is not None
    return client


def offer_for(client: Client) -> Offer:
    return Offer("http://127.0.0.1:7936/v1", "sk-x", recommended(client, MODELS), MODELS)


def test_files_are_written_shown_and_put_back(tmp_path: Path) -> None:
    client = known("opencode")
    offer = offer_for(client)
    writing = ClientWriting(client, {"HOME": str(tmp_path)})
    path = tmp_path / ".config/opencode/opencode.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"theme": "dark"}')

    changes = writing.changes(offer)
    before = writing.is_undoable()
    first, second = writing.write(offer), writing.write(offer)
    written = json.loads(path.read_text())
    undoable = writing.is_undoable()
    writing.undo()

    assert writing.places() == ("~/.config/opencode/opencode.json",)
    assert "+++" in changes
    assert '"apiKey": "..."' in changes
    assert "sk-x" not in changes
    assert (before, undoable) == (False, True)
    assert (first, second) == (True, False)
    assert written["theme"] == "dark"
    assert written["provider"]["portico"]["options"]["apiKey"] == "sk-x"
    assert path.read_text() == '{"theme": "dark"}'


def test_a_file_that_makes_no_sense_is_left_alone(tmp_path: Path) -> None:
    client = known("opencode")
    writing = ClientWriting(client, {"HOME": str(tmp_path)})
    path = tmp_path / ".config/opencode/opencode.json"
    path.parent.mkdir(parents=True)
    path.write_text("{ this is no JSON")

    with pytest.raises(StoreError, match="cannot be changed safely"):
        writing.check(offer_for(client))
    with pytest.raises(StoreError, match="cannot be changed safely"):
        writing.write(offer_for(client))
    assert path.read_text() == "{ this is no JSON"


def test_undoing_twice_changes_nothing_more(tmp_path: Path) -> None:
    client = known("roo-code")
    writing = ClientWriting(client, {"HOME": str(tmp_path)})
    writing.write(offer_for(client))

    writing.undo()
    writing.undo()

    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
