"""How clients are pointed at Portico: each one's own names, places and numbers.

Sources: what the clients write and read themselves, their code, or their guides, as of 2026-11.
"""

from difflib import get_close_matches

from tray_app.core.model import ModelInfo
from tray_app.dialects import DIALECTS

from .agents import AGENTS
from .apps import APPS
from .editors import ANY, EDITORS
from .recipe import Client

CLIENTS: tuple[Client, ...] = (
    *sorted((*EDITORS, *AGENTS, *APPS), key=lambda client: client.label.lower()),
    ANY,
)


def is_served(client: Client) -> bool:
    """Whether this Portico speaks what a client needs."""
    return any(client.speaks in dialect.paths for dialect in DIALECTS)


def find(name: str) -> Client | None:
    """The client of this name, as it is written on the command line or in a list."""
    wanted = _plain(name)
    return next((one for one in CLIENTS if wanted in {_plain(one.id), _plain(one.label)}), None)


def near(name: str) -> list[str]:
    """The names of clients that may be meant."""
    known = {_plain(spelled): one.id for one in CLIENTS for spelled in (one.id, one.label)}
    wanted = _plain(name)
    found = [known[one] for one in get_close_matches(wanted, known, n=4, cutoff=0.5)]
    found += [one_id for spelled, one_id in known.items() if len(wanted) > 2 and wanted in spelled]
    return list(dict.fromkeys(found))[:4]


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def recommended(client: Client, models: tuple[ModelInfo, ...]) -> str:
    """The model that a client should begin with.

    One that answers without thinking first; that sees as well, where the client may send pictures.
    """
    quick = [model for model in models if not model.thinking_forced] or list(models)
    if client.kind == "translator":
        light = [one for one in quick if "flash" in one.id or "turbo" in one.id]
        return (light or quick)[0].id
    return ([model for model in quick if model.vision] or quick)[0].id
