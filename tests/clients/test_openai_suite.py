"""openai-python's own tests of chat completions, from its source distribution, against Portico."""

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.clients.conftest import CACHE, Live

pytestmark = pytest.mark.clients

VERSION = "3.52.0"


@pytest.fixture(scope="session")
def suite() -> Path:
    """The unpacked source distribution."""
    folder = CACHE / f"openai-{VERSION}"
    if not (folder / "tests").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", "openai",
             "--dest", str(CACHE), f"openai=={VERSION}"],
            check=True,
        )  # fmt: skip
        with tarfile.open(CACHE / f"openai-{VERSION}.tar.gz") as archive:
            archive.extractall(CACHE, filter="data")
    return folder


def test_their_own_tests_pass(live: Live, suite: Path) -> None:
    live.portico("settings", "set", "aliases", '{"*": "qwen3.7-plus"}')
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-o", "addopts=", "-p", "suite_key", "-q",
             "tests/api_resources/chat/test_completions.py", "-k", "create and not path"],
            cwd=suite,
            env={
                **os.environ,
                "TEST_API_BASE_URL": live.base_url,
                "PORTICO_SUITE_KEY": live.key,
                "PYTHONPATH": str(Path(__file__).parent),
            },
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
    finally:
        live.portico("settings", "set", "aliases", "{}")

    passed = re.search(r"(\d+) passed", done.stdout)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert passed is not None
    assert int(passed[1]) >= 40
