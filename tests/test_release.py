"""What a release is built from, and what it finds of other releases."""

import ast
import json
import re
import sqlite3
import tomllib
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tests.harness import running
from tests.ports import free_port
from tests.rings import MemoryRing, keeper
from tests.test_headless import Portico, serving
from tests.test_house import MODULES, ROOT
from tray_app.core.session import Session, from_text, to_text
from tray_app.practice import PracticeSite
from tray_app.proxy.keys import keys_from_text
from tray_app.proxy.safe import KEYS
from tray_app.store.ledger import STEPS, open_ledger
from tray_app.store.settings_file import VERSION
from tray_app.store.vault import Vault

LOCK = (ROOT / ".ci" / "bundle" / "lock.txt").read_text(encoding="utf-8")
PINNED = re.compile(r"^([a-z0-9-]+)==(\S+)(?: ; (.+?))? \\$", re.MULTILINE)


def numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def test_every_library_of_the_app_is_locked_at_or_above_its_floor() -> None:
    """P1"""
    locked = {found[1]: found[2] for found in PINNED.finditer(LOCK)}
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [re.split(r">=|;", line) for line in told["project"]["dependencies"]]

    low = [
        name
        for name, floor, *_ in wanted
        if numbers(locked.get(name, "0")) < numbers(floor.strip())
    ]
    assert low == []


def test_every_locked_library_has_digests_and_the_lock_is_for_every_system() -> None:
    """P1"""
    entries = re.split(r"\n(?=[a-z])", LOCK.strip())

    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert [entry for entry in entries if not PINNED.match(entry)] == []
    for system in ("linux", "win32", "darwin"):
        assert f"sys_platform == '{system}'" in LOCK


def test_nothing_of_the_product_is_checked_by_what_an_optimized_build_leaves_out() -> None:
    """P11"""
    asserting = [
        str(path.relative_to(ROOT))
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assert)
    ]
    assert asserting == []
    assert "optimize" not in (ROOT / "build.spec").read_text(encoding="utf-8")


def test_settings_of_an_older_version_are_taken_over_and_kept_as_they_were(tmp_path: Path) -> None:
    """R72"""
    tmp_path.chmod(0o700)
    old = json.dumps({"port": 8123, "gone_since_then": [1]}).encode()
    (tmp_path / "settings.json").write_bytes(old)
    portico = Portico(tmp_path, free_port())

    assert portico.say("settings", "get", "port") == "8123"
    portico.say("settings", "set", "queue_size", "16")

    told = json.loads((tmp_path / "settings.json").read_bytes())
    assert told["version"] == VERSION
    assert (told["port"], told["queue_size"], told["gone_since_then"]) == (8123, 16, [1])
    assert (tmp_path / "settings.json.bak").read_bytes() == old


def test_settings_of_a_newer_version_are_used_and_not_touched(tmp_path: Path) -> None:
    """R72"""
    tmp_path.chmod(0o700)
    new = json.dumps({"version": VERSION + 1, "port": 8123, "from_tomorrow": 1}).encode()
    (tmp_path / "settings.json").write_bytes(new)
    portico = Portico(tmp_path, free_port())

    assert portico.say("settings", "get", "port") == "8123"
    refused = portico.run("settings", "set", "queue_size", "16")

    assert refused.returncode == 1
    assert "newer Portico" in refused.stderr
    assert (tmp_path / "settings.json").read_bytes() == new


@pytest.mark.parametrize("more", [{}, {"from_tomorrow": {"a": 1}}])
def test_a_session_that_another_version_kept_is_taken(more: dict[str, object]) -> None:
    """R72"""
    session = Session("token", {"a": "b"}, account="me@example.com")
    told = {**json.loads(to_text(session)), **more}
    least = {name: told[name] for name in ("token", "cookies")}

    assert from_text(json.dumps(told)) == session
    assert from_text(json.dumps(least)) == msgspec.structs.replace(session, account="")


@pytest.mark.parametrize("more", [{}, {"from_tomorrow": {"a": 1}}])
def test_local_keys_that_another_version_kept_are_in_force(
    site: PracticeSite, more: dict[str, object]
) -> None:
    """R72"""
    ring = MemoryRing()
    told = {"name": "roo", "secret": f"sk-portico-{'a' * 32}", "profile": more or [1], **more}
    Vault(ring, "Test").save(KEYS, json.dumps([told]))

    with running(site, keeper=keeper(ring)) as proxy:
        proxy.service.post(proxy.service.parts.person.begin()).result(10)
        reply = proxy.chat(key=told["secret"])
        proxy.control("key", what="new", name="later")
    kept = Vault(ring, "Test").load(KEYS) or ""

    assert reply.status == 200
    assert [key.secret for key in keys_from_text(kept) if key.name == "roo"] == [told["secret"]]
    assert any(key.name == "later" for key in keys_from_text(kept))


@pytest.mark.slow
def test_statistics_of_a_newer_version_are_kept_aside_as_they_are_and_stop_nothing(
    tmp_path: Path,
) -> None:
    """R72"""
    with serving(tmp_path) as portico:
        portico.chat(portico.say("key", "show"))
    file = tmp_path / "practice-statistics.db"
    with closing(sqlite3.connect(file)) as newer:
        newer.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
        newer.execute("ALTER TABLE deeds ADD COLUMN from_tomorrow TEXT NOT NULL DEFAULT ''")
        newer.commit()
        newer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = file.read_bytes()

    with serving(tmp_path) as portico:
        status, _ = portico.chat(portico.say("key", "show"))
        told = json.loads(portico.say("status", "--json"))["today"]

    assert status == 200
    assert told["requests"] == 1
    [kept] = tmp_path.glob("practice-statistics.db.kept-*")
    assert kept.read_bytes() == before


@pytest.mark.slow
def test_statistics_of_an_older_version_are_taken_over(tmp_path: Path) -> None:
    """R72"""
    with serving(tmp_path) as portico:
        portico.chat(portico.say("key", "show"))
    file = tmp_path / "practice-statistics.db"
    later = "ALTER TABLE deeds ADD COLUMN from_tomorrow TEXT NOT NULL DEFAULT ''"

    ledger = open_ledger(file, lambda: datetime.now(UTC), lambda *_: None, (*STEPS, later))
    ledger.close()

    with closing(sqlite3.connect(file)) as read:
        assert read.execute("SELECT model, from_tomorrow FROM deeds").fetchall() == [
            ("qwen3.7-plus", "")
        ]
