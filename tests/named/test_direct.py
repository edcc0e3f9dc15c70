"""A browser's session, brought to the program: its calls reach the site by name and certificate."""

import json
import subprocess
import sys
from pathlib import Path

import openai
import pytest

from tests.desktop.xfce import Xfce
from tests.named.box import Box
from tests.named.program import Program, portico
from tests.test_headless import MODULE, environ
from tests.waiting import until

pytestmark = pytest.mark.desktop
JAR = {"acw_tc": "a1", "cna": "b2", "isg": "c3", "tfstk": "d4"}


def bring(program: Program) -> None:
    """Paste a session that the site made."""
    made = program.box.site.do("session")
    told = {"token": made["token"], "cookies": {**JAR, "refresh_token": made["refresh_token"]}}
    done = subprocess.run(
        [sys.executable, *MODULE, "session", "import"], input=json.dumps(told), text=True,
        env=environ(program.home), capture_output=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_brought_session_answers(named: Box, desk: Xfce, folder: Path) -> None:
    named.site.set(page_only=False, linger_s=60.0)
    with portico(named, desk, folder / "home") as program:
        bring(program)
        said = program.says("你好 🏛️")

        assert "Portico 门廊 stands — ünder 🏛️" in said
        assert "你好 🏛️" in said
        assert named.site.heard("asked", path="/api/v2/chat/completions")
        # The stream is left at its finished frame, however long the site keeps it open.
        until(lambda: named.site.heard("reader_left", done=True))
        until(lambda: named.site.heard("chat_deleted", was="idle"))
        assert not named.site.heard("everything_deleted")
        assert not named.site.heard("mutating_whoami")
        assert not named.site.heard("bad_shape")
        with program.client() as client:
            assert "qwen-named-only" in {model.id for model in client.models.list()}


def test_a_session_that_was_brought_renews_itself(named: Box, desk: Xfce, folder: Path) -> None:
    named.site.set(page_only=False, token_life_s=20.0)
    with portico(named, desk, folder / "home") as program:
        bring(program)
        assert program.says()
        named.site.do("expire")
        assert program.says()

        assert named.site.heard("renewed")
        assert not named.site.heard("stale_refresh")
        assert not named.site.heard("refresh_without_origin")


def test_a_certificate_that_nobody_signed_ends_the_call(
    unnamed: Box, desk: Xfce, folder: Path
) -> None:
    """S117"""
    unnamed.site.set(page_only=False)
    with portico(unnamed, desk, folder / "home") as program:
        bring(program)
        with pytest.raises(openai.APIStatusError, match="certificate") as refused:
            program.says()

        assert refused.value.status_code == 502
        assert not unnamed.site.heard("asked")
