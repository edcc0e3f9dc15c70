"""Windows: child processes that draw the view they are sent and report what was pressed.

The parent decides everything and has all the words; a window knows neither settings nor secrets.
They talk in lines of JSON on the child's pipes. Nothing outside this folder touches a web engine,
and nothing in it does before a child needs one.
"""

from typing import Literal, get_args

PaneName = Literal["connect", "settings", "activity", "models", "about"]
"""A window with a list at its side, drawn from the parts of `parts`."""
PANES: tuple[PaneName, ...] = get_args(PaneName)
WindowName = Literal["status", "question", "connect", "settings", "activity", "models", "about"]
NAMES: tuple[WindowName, ...] = get_args(WindowName)
SITE = "site"
"""The window of the site itself, which draws nothing of ours."""
