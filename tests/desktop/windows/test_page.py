"""The documents of the windows, as text."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import tray_app.desktop.windows.page as pages
from tray_app.desktop.windows import NAMES, PANES, WindowName
from tray_app.desktop.windows.page import page

UI = Path(pages.__file__).parent / "ui"
NONCE = "c29tZXRoaW5nIHJhbmRvbQ"
SCRIPTS = ("page.js", "pane.js", "table.js", "place.js")
STYLES = ("page.css", "pane.css", "table.css")
SCRIPT = "".join((UI / name).read_text(encoding="utf-8") for name in SCRIPTS)
STYLE = "".join((UI / name).read_text(encoding="utf-8") for name in STYLES)


class Elements(HTMLParser):
    """Every element of a document, with its attributes."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.all if name == tag]


@pytest.fixture(params=NAMES)
def elements(request: pytest.FixtureRequest) -> Elements:
    name: WindowName = request.param
    return Elements(page(name, NONCE))


def test_a_page_may_run_and_style_itself_and_nothing_else(elements: Elements) -> None:
    """S95"""
    policies = [meta["content"] for meta in elements.named("meta") if "http-equiv" in meta]

    allowed = (
        f"default-src 'none'; script-src 'nonce-{NONCE}'; style-src 'nonce-{NONCE}'; "
        "img-src data:; connect-src 'none'; base-uri 'none'; form-action 'none'"
    )
    assert policies == [allowed]


def test_the_policy_comes_before_everything_that_it_rules(elements: Elements) -> None:
    order = [tag for tag, _ in elements.all]

    assert order[:3] == ["html", "head", "meta"]
    assert order.index("style") > 3


def test_there_is_one_style_and_one_script_with_the_nonce(elements: Elements) -> None:
    assert elements.named("style") == [{"nonce": NONCE}]
    assert elements.named("script") == [{"type": "module", "nonce": NONCE}]


def test_nothing_is_loaded_and_nothing_runs_from_an_attribute(elements: Elements) -> None:
    """S95"""
    names = {name for _, attributes in elements.all for name in attributes}

    assert not [name for name in names if name.startswith("on")]
    assert names.isdisjoint({"src", "href", "style", "action", "srcset", "data"})
    assert {tag for tag, _ in elements.all}.isdisjoint({"a", "link", "iframe", "form", "base"})


def test_a_page_has_no_words_of_its_own() -> None:
    files = ["pane" if name in PANES else name for name in NAMES]
    bodies = [(UI / f"{name}.html").read_text(encoding="utf-8") for name in files]

    assert [re.sub(r"<[^>]*>|\s", "", body) for body in bodies] == ["" for _ in NAMES]


def test_the_script_sets_text_and_never_markup() -> None:
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|"
        r"cssText|setAttribute\(.style|fetch\(|XMLHttpRequest|import\(|location"
    )

    assert re.findall(forbidden, SCRIPT) == []
    assert "textContent" in SCRIPT


def test_the_style_loads_nothing() -> None:
    assert re.findall(r"url\(|@import|@font-face", STYLE) == []


def test_the_parts_cannot_end_the_elements_that_they_are_in() -> None:
    assert "</" not in SCRIPT
    assert "</" not in STYLE
