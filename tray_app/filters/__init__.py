"""What happens to any answer on its way out, whoever asked and whoever answered.

A filter is called with an event and hands on what becomes of it by calling what comes after, so
that a chain keeps no lists and costs next to nothing for an event that passes.
"""

from collections.abc import Callable

from tray_app.core.model import Event
from tray_app.core.ports import Profile

from .citations import Citing
from .reasoning import Hiding, Tagging

Emit = Callable[[Event], None]


def chain(profile: Profile, emit: Emit) -> Emit:
    """Every filter of an answer for a client of this profile, ending in `emit`."""
    cited = Citing(emit, linked=profile.citations == "links")
    if profile.reasoning == "think":
        return Tagging(cited)
    return Hiding(cited) if profile.reasoning == "hidden" else cited
