"""Menus of pystray's, made from rows; in a process of their own, since pystray needs a screen."""

import json
import os
import subprocess
import sys

CODE = """
import json
from tray_app.desktop.look import Row
from tray_app.desktop.pystray_icon import menu_of
told = []
rows = (
    Row(4),
    Row(1, "Plain"),
    Row(5), Row(6),
    Row(2, "Off", enabled=False, checked=False),
    Row(7, "More", rows=(Row(8, "Inner", checked=True),)),
)
def shown(item):
    inner = [shown(each) for each in item.submenu or ()]
    return [getattr(item, "row_id", None), item.text, item.enabled, item.checked, inner]
items = list(menu_of(rows, told.append))
items[0](None)
list(items[3].submenu)[0](None)
print(json.dumps({"items": [shown(item) for item in items], "told": told}))
"""
LINE: list[object] = [None, "- - - -", True, None, []]


def test_a_menu_shows_the_rows_and_tells_their_ids() -> None:
    environment = {**os.environ, "PYSTRAY_BACKEND": "dummy"}
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True
    )

    found = json.loads(done.stdout)

    assert found["told"] == [1, 8]
    assert found["items"] == [
        [1, "Plain", True, None, []],
        LINE,
        [2, "Off", False, False, []],
        [7, "More", True, None, [[8, "Inner", True, True, []]]],
    ]
