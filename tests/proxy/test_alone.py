"""Commands where no proxy runs."""

import pytest

from tests.proxy.test_supervisor import parts_on
from tray_app.practice import PracticeSite
from tray_app.proxy.alone import alone, carry_out
from tray_app.proxy.door import DoorError, NoKeyringError


def test_what_a_command_changes_is_given_back(site: PracticeSite) -> None:
    parts = parts_on(site)
    change = {"what": "set", "name": "queue_size", "value": "7"}
    restart, changed = alone(parts, "settings", change)
    made, _ = alone(changed, "key", {"what": "new", "name": "roo"})
    shown, _ = alone(changed, "key", {"what": "show", "name": "roo"})

    assert restart is False
    assert changed.settings.queue_size == 7
    assert isinstance(made, dict)
    assert isinstance(shown, dict)
    assert shown["secret"] == made["secret"]
    with pytest.raises(DoorError, match="no setting"):
        alone(parts, "settings", {"what": "set", "name": "none", "value": "1"})


def test_what_would_be_lost_with_the_process_is_refused(site: PracticeSite) -> None:
    with pytest.raises(NoKeyringError, match="last only while Portico runs"):
        carry_out(parts_on(site), "key", {"what": "new", "name": "roo"})
