"""Every language says everything, and nothing that comes from elsewhere is more than text: S94."""

import ast
import re
import string
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tray_app.desktop
from tray_app.core.deeds import LEFT
from tray_app.core.errors import Kind
from tray_app.desktop.words import LANGUAGES, Words, chosen, shown, system_tags
from tray_app.dialects.clients import CLIENTS, recommended
from tray_app.dialects.clients.recipe import Offer, usual_values
from tray_app.upstreams import UPSTREAMS

ROOM = Path(tray_app.desktop.__file__).parent


def texts(language: str) -> dict[str, str]:
    data = (ROOM / "languages" / f"{language}.json").read_bytes()
    return msgspec.json.decode(data, type=dict[str, str])


def sentences(language: str) -> dict[str, str]:
    data = (ROOM / "languages" / "steps" / f"{language}.json").read_bytes()
    return msgspec.json.decode(data, type=dict[str, str])


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_things_about_the_same_values(language: str) -> None:
    english, other = texts("en"), texts(language)

    assert list(other) == list(english)
    assert {name: fields(text) for name, text in other.items()} == {
        name: fields(text) for name, text in english.items()
    }
    assert all(other.values())


def test_every_error_has_words_for_the_menu() -> None:
    codes = {kind.value for kind in Kind} | {LEFT}

    assert codes == {
        name.removeprefix("outcome.") for name in texts("en") if name.startswith("outcome.")
    }
    assert codes == {name.removeprefix("why.") for name in texts("en") if name.startswith("why.")}
    assert Words("ru").outcome("queue_full") == "очередь заполнена"
    assert Words("en").outcome("some_new_code") == "some new code"


def test_every_name_that_the_code_says_is_there_and_none_is_left_over() -> None:
    said: set[str] = set()
    patterns: set[str] = set()
    for path in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                said.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [
                    re.escape(str(one.value)) if isinstance(one, ast.Constant) else ".+"
                    for one in node.values
                ]
                patterns.add("".join(parts))
    for name in texts("en"):
        assert name in said or any(
            re.fullmatch(pattern, name) for pattern in patterns if pattern.count("\\.")
        ), name


def said_by_recipes() -> set[str]:
    """Every sentence of ours that the window shows of any app, and the labels that are ours."""
    models = UPSTREAMS[0].built_in_models()
    said: set[str] = set()
    for client in CLIENTS:
        offer = Offer("http://127.0.0.1:7936/v1", "sk-x", recommended(client, models), models)
        setup = client.setup(offer)
        said |= {*setup.steps, *(need.why for need in setup.needs)}
        said |= {client.note, client.unreachable}
        said |= {value.label for value in usual_values(offer)}
    return said - {""}


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_what_recipes_say_is_in_every_language_and_nothing_is_left_over(
    language: str, system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)

    said = said_by_recipes()

    assert set(sentences(language)) == said
    assert all(Words(language).sentence(one) not in {"", one} for one in said)
    assert all(Words("en").sentence(one) == one for one in said)


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_names_commands_and_files_stay_as_they_are(language: str) -> None:
    """A capital within a sentence is a name's; the first word of one may be any word."""
    name_or_file = r"(?<=[\w,:;] )[A-Z][\w-]*|[a-z]*[/._][\w./]*\w"
    command = r"llm [a-z ]*[a-z](?=,)"
    kept = re.compile(f"{command}|{name_or_file}")
    ordinary = {"AI"}
    lost = [
        (english, name)
        for english, other in sentences(language).items()
        for name in kept.findall(english)
        if name not in other and name not in ordinary
    ]

    assert lost == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_window_sends_anybody_to_a_terminal_for_what_portico_does(language: str) -> None:
    told = {**texts(language), **({} if language == "en" else sentences(language))}
    command = re.compile(
        r"\b(?:portico (?:connect|doctor|key|models|resume|session|settings|status)|apt install)\b"
    )

    assert [text for pair in told.items() for text in pair if command.search(text)] == []


def test_what_no_recipe_says_stays_as_it_stands() -> None:
    assert Words("zh").sentence("Max output tokens") == "Max output tokens"
    assert Words("ru").sentence("") == ""


@given(st.text(max_size=500))
def test_a_text_from_elsewhere_is_one_short_printable_line(text: str) -> None:
    """S94"""
    line = shown(text)

    assert line.isprintable()
    assert len(line) <= 60


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("one\r\ntwo", "one two"),
        ("\x1b[31mred", "[31mred"),
        ("abc\u202egnp.exe", "abc gnp.exe"),
        ("{0.__class__}", "{0.__class__}"),
    ],
)
def test_marks_that_turn_or_hide_others_are_gone(text: str, line: str) -> None:
    """S94"""
    assert shown(text) == line
    assert line in Words("en")("ask.pair.text", origin=text)


@pytest.mark.parametrize(
    ("setting", "tags", "language"),
    [
        ("system", ["zh_CN.UTF-8"], "zh"),
        ("system", ["zh-Hant-TW"], "zh"),
        ("system", ["pt_PT.UTF-8"], "pt-BR"),
        ("system", ["ru"], "ru"),
        ("system", ["de_DE.UTF-8", "ru_RU"], "ru"),
        ("system", ["fr_FR.UTF-8"], "en"),
        ("system", ["C.UTF-8", "ru_RU"], "en"),
        ("system", [], "en"),
        ("pt-BR", ["ru"], "pt-BR"),
    ],
)
def test_the_language_is_the_persons_then_the_systems(
    setting: str, tags: list[str], language: str
) -> None:
    assert chosen(setting, tags) == language


@pytest.mark.parametrize(
    ("environ", "tags"),
    [
        ({"LANG": "pt_BR.UTF-8"}, ["pt_BR.UTF-8"]),
        ({"LANG": "en_US", "LC_ALL": "ru_RU.UTF-8"}, ["ru_RU.UTF-8"]),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "zh_CN:en"}, ["zh_CN", "en", "en_US.UTF-8"]),
        ({"LANG": "C", "LANGUAGE": "zh_CN"}, ["C"]),
    ],
)
@pytest.mark.skipif("sys.platform in {'win32', 'darwin'}")
def test_the_system_says_what_it_speaks(environ: dict[str, str], tags: list[str]) -> None:
    assert list(system_tags(environ)) == tags
