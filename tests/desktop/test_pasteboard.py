"""The clipboards of other systems are not used on this one."""

import sys

import pytest

from tray_app.desktop.pasteboard import PasteboardError, put


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="it has one")
def test_where_there_is_none_it_says_so() -> None:
    with pytest.raises(PasteboardError):
        put({"STRING": b"x"})
