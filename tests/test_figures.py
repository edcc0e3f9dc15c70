"""What the statistics tell, by the command line, while Portico runs and while it does not."""

import csv
import io
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.test_headless import MODULE, environ
from tests.test_killed import Killable, running
from tests.waiting import until
from tray_app.__main__ import main
from tray_app.core.deeds import DaySum, Deed
from tray_app.figures import fitted, today_line, turned_away_line
from tray_app.practice import PracticeSite
from tray_app.store.paths import Paths
from tray_app.store.statistics import Statistics, day_of

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder in which nothing runs."""
    monkeypatch.setenv("PORTICO_HOME", str(tmp_path))
    return tmp_path


def fill(home: Path, *deeds: Deed, practice: bool = False) -> None:
    paths = Paths(home)
    statistics = Statistics(paths.practice_statistics if practice else paths.statistics)
    for deed in deeds:
        statistics.note(deed)
    statistics.close()


def deed(ago_s: float = 0.0, key: str = "roo", outcome: str = "ok") -> Deed:
    return Deed(
        time.time() - ago_s, key, "qwen3.7-plus", outcome, 4.0, "/chat/completions", 1200, 50,
        True, 1.0, "page", 2,
    )  # fmt: skip


def test_every_day_has_a_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(home, deed(86_400 * 2), deed(86_400 * 9), deed(), deed(outcome="rate_limited"))
    codes = main(["statistics"]), main(["statistics", "--days", "1"])
    week, today = capsys.readouterr().out.split("day  ")[1:]

    assert codes == (0, 0)
    assert len(week.splitlines()) == 3
    assert today.splitlines()[1].split() == [
        day_of(time.time()), "2", "1", "2,400", "100", "1.0", "s", "4.1", "s",
    ]  # fmt: skip


def test_clients_and_models_have_lines_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(home, deed(), deed(86_400.0), deed(key="cline"), Deed(time.time(), "cline"))
    main(["statistics", "--by", "client"])
    clients = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    main(["statistics", "--by", "model"])
    models = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]

    assert clients == [["client", "requests"], ["cline", "2"], ["roo", "2"]]
    assert models == [["model", "requests"], ["(none)", "1"], ["qwen3.7-plus", "3"]]


def test_columns_stay_straight_whatever_a_client_is_called(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(home, deed(key="中文"), deed(key="a-name-that-is-longer-than-most"), deed())
    main(["statistics", "--by", "client"])
    lines = capsys.readouterr().out.splitlines()

    assert len({len(line) + (2 if "中文" in line else 0) for line in lines}) == 1
    assert fitted(["e\u0301", "é", "ab"], 2) == ["e\u0301 ", "é ", "ab"]


def test_where_nothing_was_counted_that_is_said(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["statistics"])

    assert code == 0
    assert capsys.readouterr().out.startswith("Nothing was counted since 2")
    assert list(home.iterdir()) == []


def test_practice_is_told_apart_and_shown_to_whoever_did_nothing_else(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(home, deed(key="tried"), practice=True)
    main(["statistics", "--by", "client"])
    alone = capsys.readouterr()
    fill(home, deed(key="real"))
    main(["statistics", "--by", "client"])
    own = capsys.readouterr()
    main(["--practice", "statistics", "--by", "client"])
    practice = capsys.readouterr()

    assert "tried" in alone.out
    assert alone.err == "These are of practice mode: nothing else was asked yet.\n"
    assert ("real" in own.out, "tried" in own.out, own.err) == (True, False, "")
    assert ("real" in practice.out, "tried" in practice.out, practice.err) == (False, True, "")


def test_requests_are_exported_in_a_form_that_spreadsheets_read(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(home, deed(), deed(key='=HYPERLINK("http://evil.example")'), Deed(time.time(), "a, b"))
    file = tmp_path / "requests.csv"
    code = main(["statistics", "--csv", str(file)])
    first, second, third = csv.DictReader(io.StringIO(file.read_text("utf-8")))
    main(["statistics", "--csv", "-"])

    assert code == 0
    assert first == {
        "day": first["day"], "at": first["at"], "client": "roo", "route": "/chat/completions",
        "model": "qwen3.7-plus", "outcome": "ok", "input_tokens": "1200", "output_tokens": "50",
        "estimated": "1", "first_ms": "1000", "took_ms": "4000", "transport": "page", "calls": "2",
    }  # fmt: skip
    assert first["at"].startswith("2")
    assert first["at"].endswith("Z")
    assert second["client"] == '\'=HYPERLINK("http://evil.example")'
    assert (third["client"], third["first_ms"]) == ("a, b", "")
    assert capsys.readouterr().out == file.read_text("utf-8")


def test_no_file_is_written_over(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(home, deed())
    file = tmp_path / "precious.csv"
    file.write_text("mine")
    codes = [main(["statistics", "--csv", str(path)]) for path in (file, tmp_path / "a" / "b.csv")]
    said = capsys.readouterr().err.splitlines()

    assert codes == [1, 1]
    assert file.read_text() == "mine"
    assert said[0].endswith("precious.csv is there already. Choose another name.")
    assert said[1].endswith("cannot be written: No such file or directory. Choose another place.")


def test_statistics_that_cannot_be_read_are_left_alone_and_said(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = Paths(home).statistics
    broken.write_bytes(b"nonsense" * 1000)
    code = main(["statistics"])

    assert code == 1
    assert "Start Portico" in capsys.readouterr().err
    assert broken.read_bytes() == b"nonsense" * 1000


@pytest.mark.parametrize("days", ["0", "401", "-1", "many"])
def test_days_that_make_no_sense_are_refused(days: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["statistics", "--days", days])

    assert ended.value.code == 2


def test_whoever_reads_the_beginning_alone_hears_no_complaint(home: Path) -> None:
    fill(home, *[deed()] * 3000)
    with subprocess.Popen(
        [sys.executable, *MODULE, "statistics", "--csv", "-"],
        env=environ(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        head = process.stdout.readline()
        process.stdout.close()
        complaint = process.stderr.read()

    assert head.startswith("day,at,client,")
    assert (complaint, process.returncode) == ("", 0)


@pytest.mark.parametrize(
    ("today", "line"),
    [
        (DaySum("x"), "no requests yet"),
        (DaySum("x", requests=1, output_tokens=5), "1 request, 0 tokens in and 5 out"),
        (
            DaySum("x", 1200, 2, 0, 34_567, 89, estimated=True, first_s=0.84),
            (
                "1,200 requests, 2 failed, about 34,567 tokens in and 89 out, "
                "first token after about 0.8 s"
            ),
        ),
    ],
)
def test_today_is_one_line(today: DaySum, line: str) -> None:
    assert today_line(today) == line


def asked(portico: Killable, text: str) -> None:
    with portico.connect(text) as client:
        while client.recv(65_536):
            pass


def said(home: Path, *words: str) -> str:
    return subprocess.run(
        [sys.executable, *MODULE, *words],
        env=environ(home), capture_output=True, text=True, check=True, timeout=20,
    ).stdout  # fmt: skip


def test_they_survive_a_kill_and_tell_nothing_of_what_was_asked(
    site: PracticeSite, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with running(home, site) as portico:
        portico.sign_in(site)
        key = portico.do("key", what="show")["secret"]
        asked(portico, "a secret question")
        asked(portico, "another one")
        until(lambda: len(Statistics(Paths(home).statistics).latest(9)) == 2)
        lines = said(home, "statistics", "--csv", "-").splitlines()
        portico.kill()
    everything = b"".join(file.read_bytes() for file in home.glob("statistics.db*"))

    with running(home, site) as portico:
        until(lambda: portico.do("status")["today"]["requests"] == 2)
        line = said(home, "status").split("  today      ")[1].splitlines()[0]
        again = portico.do("status")["today"]

    assert len(lines) == 3
    assert line.startswith("2 requests, ")
    assert (again["failed"], again["calls"]) == (0, 4)
    assert b"default" in everything
    for secret in (b"secret question", b"another one", key.encode(), b"127.0.0.1"):
        assert secret not in everything
    assert said(home, "statistics", "--days", "1").splitlines()[1].split()[1] == "2"


def test_how_long_single_requests_are_kept_is_in_force_at_once(
    site: PracticeSite, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with running(home, site) as portico:
        portico.sign_in(site)
        asked(portico, "Hello")
        until(lambda: len(said(home, "statistics", "--csv", "-").splitlines()) == 2)
        portico.do("settings", what="set", name="statistics_days", value="0")
        until(lambda: len(said(home, "statistics", "--csv", "-").splitlines()) == 1)
        today = portico.do("status")["today"]

    assert today["requests"] == 1


def test_what_days_and_clients_come_to_is_exported_too(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(home, deed(), deed(86_400.0, outcome="rate_limited"), deed(key="cline"))
    file = tmp_path / "clients.csv"
    codes = [
        main(["statistics", "--csv", str(file), "--by", "client"]),
        main(["statistics", "--csv", "-", "--by", "day", "--days", "1"]),
    ]
    days = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    clients = list(csv.DictReader(io.StringIO(file.read_text("utf-8"))))

    assert codes == [0, 0]
    assert [(one["client"], one["requests"], one["failed"]) for one in clients] == [
        ("cline", "1", "0"), ("roo", "2", "1"),
    ]  # fmt: skip
    assert [(one["day"], one["requests"]) for one in days] == [(day_of(time.time()), "2")]


def test_who_was_refused_is_told_in_one_line() -> None:
    told = turned_away_line(0.0, {"invalid_api_key": 1203, "unsupported_media_type": 1})

    assert re.fullmatch(r"wrong key: 1,203, not JSON: 1 \(since \d\d:\d\d\)", told)
    assert turned_away_line(0.0, {}) == ""
