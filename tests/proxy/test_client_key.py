"""A client's key is made once, as that client needs it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.test_headless import Portico, serving
from tray_app.dialects.clients import find
from tray_app.dialects.clients.recipe import Client
from tray_app.proxy.client_key import Keyed, key_of, known_key
from tray_app.proxy.door import ask
from tray_app.store.paths import Paths


@pytest.fixture(scope="module")
def portico(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portico]:
    """One practice instance for every test here."""
    with serving(tmp_path_factory.mktemp("home")) as started:
        yield started


@pytest.fixture
def keyed(portico: Portico) -> Keyed:
    """Asks that instance."""
    door = str(Paths(Path(portico.home)).door)

    def asked(what: str, **more: str) -> Any:
        return ask(door, {"do": "key", "what": what, **more})

    return asked


def client(name: str) -> Client:
    found = find(name)
    assert found is not None
    return found


def test_a_key_is_made_once_with_the_clients_profile(portico: Portico, keyed: Keyed) -> None:
    frog = client("read-frog")

    before = known_key(frog, keyed)
    made = key_of(frog, keyed)
    (told,) = [key for key in keyed("list")["keys"] if key["name"] == "read-frog"]

    assert before is None
    assert made == known_key(frog, keyed) == key_of(frog, keyed)
    assert (told["patience_s"], told["queue"], told["reasoning"]) == (100.0, "background", "hidden")
    assert portico.chat(made)[0] == 200


def test_what_a_person_changed_about_a_key_stays(keyed: Keyed) -> None:
    roo = client("roo-code")
    made = key_of(roo, keyed)

    keyed("set", name="roo-code", field="patience_s", value="30")

    assert key_of(roo, keyed) == made
    (told,) = [key for key in keyed("list")["keys"] if key["name"] == "roo-code"]
    assert told["patience_s"] == 30.0
