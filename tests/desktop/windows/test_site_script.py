"""The scripts for a page of the site: what is in them, and what comes of them."""

import json
import shutil
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.desktop.windows.site_messages import Fetch
from tray_app.desktop.windows.site_script import Look, Scripts, drained, looked
from tray_app.upstreams.qwen import SITE

SCRIPTS = Scripts(SITE, "name")
HOSTILE = ["\u2028", "</script>", "`${alert(1)}`", "\"'\\", "语🐉", "\x00\x7f", "__proto__"]
_SEEN = {
    "url": "x",
    "is_there": True,
    "stored": {},
    "check": False,
    "script": "/s",
    "is_complete": True,
    "is_wrapped": True,
}
_RUN = """
const asked = [];
const name = "name";
const location = { origin: %s };
const window = { [name]: { start: (id, call) => { asked.push([id, call]); return 1; } } };
const got = (%s);
process.stdout.write(JSON.stringify([got, asked]));
"""


def asked_by(script: str, origin: str = SITE.chat_origin) -> Any:
    """What a page is asked by a script, in an engine that is no browser."""
    if shutil.which("node") is None:
        pytest.skip("node runs the script")
    done = subprocess.run(
        ["node", "-"],
        input=_RUN % (json.dumps(origin), script),
        text=True,
        capture_output=True,
        check=True,
        timeout=20,
    )
    return json.loads(done.stdout)


@given(st.text(), st.text(), st.text() | st.none())
def test_a_script_is_ascii_whatever_is_asked(text: str, path: str, body: str | None) -> None:
    """S97"""
    script = SCRIPTS.start(Fetch("1" * 32, "POST", path, {text: text}, body, text))

    assert script.isascii()
    assert script.isprintable()
    literal = script.partition(".start(")[2].removesuffix(")")
    call_id, asked = json.loads(f"[{literal}]")
    assert call_id == "1" * 32
    assert (asked["path"], asked["body"], asked["headers"]) == (path, body, {text: text})


def test_an_engine_reads_what_was_meant() -> None:
    """S97"""
    text = "".join(HOSTILE)
    call = Fetch(text, text, text, {text: text}, text, text)

    assert asked_by(SCRIPTS.start(call)) == [
        1,
        [[text, {"method": text, "path": text, "headers": {text: text}, "body": text,
                 "bearer": text}]],
    ]  # fmt: skip


def test_scripts_do_nothing_in_a_page_that_has_not_ours() -> None:
    other = Scripts(SITE, "another")

    assert asked_by(other.start(Fetch("1", "GET", "/", {}))) == [0, []]
    assert asked_by(other.abort("1")) == [0, []]
    assert asked_by(other.drain) == ["", []]


def test_no_call_is_made_by_a_page_of_another_origin() -> None:
    """S97"""
    asked = SCRIPTS.start(Fetch("1", "GET", "/", {}))

    assert asked_by(asked)[1] != []
    assert asked_by(asked, "https://github.com") == [0, []]
    assert asked_by(SCRIPTS.install, "https://github.com") == [0, []]


def test_the_scripts_of_two_windows_have_different_names() -> None:
    assert '"n1"' in Scripts(SITE, "n1").install
    assert '"n1"' not in Scripts(SITE, "n2").install
    for script in (SCRIPTS.install, SCRIPTS.look, SCRIPTS.drain):
        assert script.isascii()
        assert "eval" not in script
        assert "new Function" not in script


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*_SEEN, "id", "text", "__proto__"]), inner)
    ),
)


@given(_JSON, st.binary())
def test_nonsense_of_a_page_is_nothing(told: object, noise: bytes) -> None:
    """S97"""
    for says in (told, json.dumps(told), noise, noise.decode(errors="replace")):
        assert looked(says) is None or isinstance(looked(says), Look)
        assert drained(says) is None or isinstance(drained(says), list)


@pytest.mark.parametrize(
    "more",
    [
        {"more": 1}, {"url": 1}, {"stored": {"a": 1}}, {"stored": []}, {"check": "yes"},
        {"is_there": 1},
        {"stored": {"a": "x" * (257 << 10)}},
    ],
)  # fmt: skip
def test_a_look_is_what_we_asked_for_or_nothing(more: dict[str, object]) -> None:
    """S97"""
    assert looked(json.dumps(_SEEN)) == Look("x", True, {}, False, "/s", True, True)
    assert looked(json.dumps(_SEEN | more)) is None


def test_a_page_cannot_nest_without_end() -> None:
    deep = "[" * 100_000

    assert drained(deep) is None
    assert looked(deep) is None
