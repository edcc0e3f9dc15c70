"""What is sent to helpers: over a real proxy, with its real log and the real doctor."""

import logging
import platform
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tests.desktop.desks import Office, ask, office
from tray_app import __version__
from tray_app.core.redact import Redactor
from tray_app.desktop.diagnostics import LOG_LINES, diagnostics, scrub_kept
from tray_app.practice import PracticeSite
from tray_app.store.logs import start_logging, stop_logging
from tray_app.store.notices import Component
from tray_app.store.reports import write_report

pytestmark = pytest.mark.slow

PARTS = (Component("aiohttp", "3.14.5", "Apache-2.0"),)
CANARY = "canary-7f3a9b1c5d2e"


@pytest.fixture
def at_work(site: PracticeSite, tmp_path: Path) -> Iterator[Office]:
    (tmp_path / "logs").mkdir(mode=0o700)
    with office(site, tmp_path) as started:
        yield started


def gathered(at_work: Office) -> str:
    return diagnostics(at_work.instance, at_work.home, PARTS)


def part(text: str, title: str) -> str:
    """What stands under this title."""
    return text.partition(f"## {title}")[2].partition("\n## ")[0]


def test_it_has_versions_settings_and_what_the_doctor_found(at_work: Office) -> None:
    """S109"""
    text = gathered(at_work)

    versions = part(text, "Versions")
    assert f"Portico {__version__}" in versions
    assert f"Python {platform.python_version()}, {ssl.OPENSSL_VERSION}" in versions
    assert "aiohttp 3.14.5" in versions
    assert "parallel_answers: 2" in part(text, "Settings")
    assert 'state: "running"' in part(text, "Status")
    assert "ok    http: aiohttp" in part(text, "Doctor")
    assert "outbound_proxy: system\n" in text
    assert "aliases: 0\n" in text
    assert part(text, "Faults").strip() == "(none)"


def test_faults_of_the_program_itself_are_in_it(at_work: Office) -> None:
    """S108, S109"""
    path = write_report(at_work.home / "logs", "KeyError\n  tray_app/x.py:1 f\n", datetime.now(UTC))

    assert f"{path.name}:\nKeyError\n  tray_app/x.py:1 f\n" in part(gathered(at_work), "Faults")


def test_no_secret_and_no_name_is_in_it(at_work: Office, site: PracticeSite) -> None:
    """S109"""
    person = at_work.instance.supervisor.parts.person
    ask(at_work, site)
    session = person.owner.session
    assert session is not None
    log = at_work.home / "logs" / "portico.log"
    leaks = [*session.secrets(), person.keys.get("default").secret, session.account]
    for name, value in (
        ("origins", '["https://private.example"]'),
        ("outbound_proxy", "http://proxy.private.example:3128"),
        ("aliases", '{"private.example-*": "qwen3.7-plus", "private.example": "qwen3.7-plus"}'),
    ):
        at_work.instance.carry_out("settings", what="set", name=name, value=value).result(10)
    write_report(
        log.parent, "\n".join(f"report with {leak} in it" for leak in leaks), datetime.now(UTC)
    )
    log.write_text("\n".join(f"line with {leak} in it" for leak in leaks) + f"\n{Path.home()}/x\n")
    log.chmod(0o600)

    text = gathered(at_work)

    assert "line with [redacted] in it" in text
    for leak in (*leaks, "private.example", str(at_work.home), f"{Path.home()}/x"):
        assert leak not in text, leak
    assert "report with [redacted] in it" in part(text, "Faults")
    assert "origins: (left out)" in text
    assert "outbound_proxy: set\n" in text
    assert "aliases: 2\n" in text
    assert "~/x" in text


def test_what_was_asked_loses_its_secrets_and_no_words(at_work: Office) -> None:
    """S122"""
    person = at_work.instance.supervisor.parts.person
    session, key = person.owner.session, person.keys.get("default").secret
    assert session is not None
    person.owner.lane.session = msgspec.structs.replace(session, account="practice")
    text = f'This is practice mode, with "token": "half\nand {key[:20]}\n{key[20:]} after it.'

    told = scrub_kept(text, at_work.instance, at_work.home)

    assert told == (
        'This is practice mode, with "token": "[redacted]\nand [redacted] after it.'
    )  # fmt: skip
    person.owner.lane.session = msgspec.structs.replace(session, account="ana@site.example")
    hidden = scrub_kept("I am ana@site.example", at_work.instance, at_work.home)
    assert hidden == "I am [redacted]"


def test_the_names_that_people_give_their_keys_are_not_in_it(at_work: Office) -> None:
    """S109"""
    log = at_work.home / "logs" / "portico.log"
    log.unlink(missing_ok=True)
    names = r'"Anna\'s \"old\" laptop"', "annas-laptop", "-"
    log.write_text("".join(f"x client={name} model=m\n" for name in names))
    log.chmod(0o600)

    told = part(gathered(at_work), f"Log, last {LOG_LINES} lines")

    assert "nna" not in told
    left_out = "x client=(left out) model=m\n"
    assert f"{left_out}{left_out}x client=- model=m" in told


def test_the_last_lines_of_the_log_are_in_it_and_no_more(at_work: Office) -> None:
    """S109"""
    start_logging(at_work.home / "logs", "info", Redactor())
    for number in range(LOG_LINES + 20):
        logging.getLogger("portico.test").info("line=%d key=%s", number, "x" * (number == 3) * 9999)
    stop_logging()

    log = part(gathered(at_work), f"Log, last {LOG_LINES} lines").strip().splitlines()

    assert len(log) == LOG_LINES
    assert f"line={LOG_LINES + 19} " in f"{log[-1]} "
    assert "line=19 " not in "\n".join(log)


def test_a_log_that_was_just_begun_anew_is_told_with_the_one_before(at_work: Office) -> None:
    logs = at_work.home / "logs"
    (logs / "portico.log.1").write_text("older\n")
    (logs / "portico.log").write_text("newer\n")

    told = part(gathered(at_work), f"Log, last {LOG_LINES} lines").split()

    assert told == ["older", "newer"]


def test_it_is_never_too_long_for_a_window(at_work: Office) -> None:
    (at_work.home / "logs" / "portico.log").write_text(("ф" * 5_000 + "\n") * LOG_LINES)

    text = gathered(at_work)

    assert 250_000 < len(text) < 330_000


def test_what_cannot_be_read_is_told_and_the_rest_is_there(at_work: Office) -> None:
    (at_work.home / "logs" / "portico.log").mkdir()

    text = gathered(at_work)

    assert "portico.log cannot be read" in text
    assert "## Doctor" in text
