"""What the tests of windows begin with."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.desktop.screen import Screen, screen_in
from tests.desktop.windows.siting import SiteChild, opened, sign_in, site_of
from tests.desktop.windows.window_child import Child
from tray_app.practice import PracticeSite


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    with screen_in(tmp_path_factory.mktemp("screen")) as started:
        yield started


@pytest.fixture(scope="module")
def dark_screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    with screen_in(tmp_path_factory.mktemp("dark"), GTK_THEME="Adwaita:dark") as started:
        yield started


@pytest.fixture
def children() -> Iterator[list[Child]]:
    started: list[Child] = []
    yield started
    for child in started:
        child.stop()


@pytest.fixture
def practice() -> Iterator[PracticeSite]:
    site = PracticeSite(pace_s=0.02)
    site.page_only = True
    site.start()
    yield site
    site.stop()


@pytest.fixture
def start(
    screen: Screen, practice: PracticeSite, tmp_path: Path
) -> Iterator[Callable[..., SiteChild]]:
    """Opens a window of the practice site; all of one test have the same profile."""
    started: list[SiteChild] = []

    def begin(path: str = "/auth", **more: object) -> SiteChild:
        child = SiteChild(screen, site_of(practice), tmp_path / "profile", path, **more)  # type: ignore[arg-type]
        started.append(child)
        return child

    yield begin
    for child in started:
        child.stop()


@pytest.fixture
def child(start: Callable[..., SiteChild]) -> SiteChild:
    """A window in which somebody is signed in."""
    signed_in = opened(start())
    sign_in(signed_in)
    return signed_in
