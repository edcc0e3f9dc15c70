"""A plugin for openai-python's own tests: their made-up key becomes the one that Portico made."""

import os
import sys


def pytest_sessionstart() -> None:
    conftest = sys.modules["tests.conftest"]
    for name in ("api_key", "admin_api_key"):
        setattr(conftest, name, os.environ["PORTICO_SUITE_KEY"])
