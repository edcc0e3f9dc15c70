"""The house keeps its own rules: what a tool can check is checked here."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tray_app
from tests.promises import cited, promised, where
from tray_app.dialects import DIALECTS
from tray_app.practice.forms import FORMS
from tray_app.practice.shapes import SHAPES
from tray_app.store.settings import explain

ROOT = Path(__file__).parent.parent
PRODUCT = ROOT / "tray_app"
TESTS = ROOT / "tests"
MODULES = sorted(PRODUCT.rglob("*.py"))
FILE_LINES = 400


def named(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def does_something(path: Path) -> bool:
    """Whether any function of a module has a body; protocols and plain values have none."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(
        not isinstance(line, ast.Expr)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for line in node.body
    )


def test_every_module_has_a_test_of_its_own() -> None:
    missing = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if path.name != "__init__.py"
        and does_something(path)
        and not (TESTS / path.relative_to(PRODUCT))
        .with_name(f"test_{path.name.removeprefix('__').replace('__.py', '.py')}")
        .exists()
    ]
    assert missing == []


@pytest.mark.parametrize("folder", [PRODUCT, TESTS], ids=["product", "tests"])
def test_no_file_is_too_long_to_be_read(folder: Path) -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in folder.rglob("*.py")
    }
    assert {name: lines for name, lines in lengths.items() if lines > FILE_LINES} == {}


def test_nothing_is_mocked() -> None:
    mocking = [
        str(path)
        for path in TESTS.rglob("*.py")
        if path != Path(__file__)
        and re.search(r"unittest\.mock|MagicMock|setattr\(.?.?tray_app", path.read_text("utf-8"))
    ]
    assert mocking == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs a fork")
def test_every_module_can_be_imported_alone() -> None:
    # Each in a process that has loaded none of ours; what all of them need is loaded once.
    code = (
        "import aiohttp.web, asyncio, jsonschema, msgspec, os, sys\n"
        "for name in sys.argv[1:]:\n"
        "    child = os.fork()\n"
        "    if child:\n"
        "        os.waitpid(child, 0)[1] and print(name)\n"
        "    else:\n"
        "        __import__(name)\n"
        "        os._exit(0)\n"
    )
    names = [named(path) for path in MODULES if path.name != "__main__.py"]
    words = [sys.executable, "-W", "error", "-c", code, *names]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr


def test_the_command_line_loads_no_more_than_it_needs() -> None:
    code = (
        "import sys, tray_app.commands; "
        "sys.exit(any(name in sys.modules for name in ('aiohttp', 'keyring', 'PIL', 'jsonschema')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_map_names_every_room() -> None:
    rooms = [path.name for path in PRODUCT.iterdir() if (path / "__init__.py").exists()]
    files = [path.stem for path in PRODUCT.glob("*.py") if path.stem != "__init__"]
    shown = tray_app.__doc__ or ""
    assert [name for name in rooms + files if f"    {name} " not in shown] == []


def test_every_promise_is_shown_and_everything_shown_is_promised() -> None:
    """The table tells where; `python -m tests.promises` brings it up to date."""
    assert promised() == {row: where(files) for row, files in cited().items()}


def test_the_readme_tells_every_setting_and_endpoint() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    settings = [f"| `{field.name}` |" for field in explain()]
    endpoints = [f"/v1{path}`" for dialect in DIALECTS for path in dialect.paths]
    assert [name for name in settings + endpoints if name not in readme] == []


def test_the_readme_tells_every_form_of_practice_mode() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [f"| {one.number or ''} | `{one.name}` | {one.what} |" for one in FORMS.values()]
    shapes = [f"`practice: json {name}`" for name in SHAPES]
    assert [row for row in rows + shapes if row.replace("|  |", "| |") not in readme] == []


def test_no_path_of_any_machine_is_written_down() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    odd = [
        name
        for name in listed
        if name.endswith((".py", ".md", ".toml", "run"))
        and re.search(r"(?<!\w)/(?:root|work|farm)/", (ROOT / name).read_text("utf-8"))
    ]
    assert odd == []


def test_whoever_catches_everything_says_why() -> None:
    """What is raised again is caught by nobody."""
    broad = [
        (path, node)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and isinstance(node.type, ast.Name)
        and node.type.id in {"Exception", "BaseException"}
        and not isinstance(node.body[-1], ast.Raise)
    ]
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, node in broad
        if not re.search(
            r"# (?:noqa: BLE001  )?[a-z].{8}", path.read_text("utf-8").splitlines()[node.lineno - 1]
        )
    ]
    assert broad != []
    assert silent == []
