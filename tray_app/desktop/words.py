"""What people read on the screen, in their language.

What happened travels as a kind; the sentence for it is chosen here. Each language is one file of
`languages/`, and all of them have the same names; a name that begins like a code of the table of
errors is the sentence for that error. What the recipes of the apps say in English has no names: it
is looked up as it stands, in the files of `languages/steps/`.
"""

import contextlib
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import msgspec

LANGUAGES = ("en", "zh", "pt-BR", "ru")
_FOLDER = Path(__file__).parent / "languages"
_LONG = 60
_PLACE = 160
_LONGEST = 400
_MORE = "…"


class Words:
    """The words of one language.

    Args:
        language: One of `LANGUAGES`.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = _texts(language)

    def __call__(self, name: str, /, **values: object) -> str:
        """The text of this name; values are shown as `shown` shows them."""
        text = self._texts[name]
        if not values:
            return text
        return text.format_map({key: shown(str(value), _PLACE) for key, value in values.items()})

    def sentence(self, english: str) -> str:
        """What a recipe of an app says, in this language; as it stands where that is not known."""
        return _sentences(self.language).get(english, english)

    def outcome(self, code: str) -> str:
        """How a request ended, in a few words."""
        return self._texts.get(f"outcome.{code}", shown(code.replace("_", " ")))

    def why(self, code: str) -> str:
        """Why a request ended otherwise than it should, and what to do."""
        return self._texts.get(f"why.{code}") or self.outcome(code)


@cache
def _texts(language: str) -> dict[str, str]:
    return _read(_FOLDER / f"{language}.json")


@cache
def _sentences(language: str) -> dict[str, str]:
    """What recipes say, by the English of it; nothing where English is the language."""
    return {} if language == "en" else _read(_FOLDER / "steps" / f"{language}.json")


def _read(path: Path) -> dict[str, str]:
    return msgspec.json.decode(path.read_bytes(), type=dict[str, str])


def shown(text: str, longest: int = _LONG) -> str:
    """A text from elsewhere as it may be shown: one line, no marks that turn or hide others."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text[:_LONGEST])
    plain = " ".join(plain.split()) or (text and _MORE)
    return plain if len(plain) <= longest else plain[: longest - 1].rstrip() + _MORE


def chosen(setting: str, tags: Iterable[str]) -> str:
    """The language to speak.

    Args:
        setting: A language, or `system`.
        tags: What the system speaks, the best first: `pt_BR.UTF-8`, `zh-Hans-CN`.
    """
    if setting in LANGUAGES:
        return setting
    for tag in tags:
        spoken = tag.replace("_", "-").partition("-")[0].partition(".")[0].lower()
        for language in LANGUAGES:
            if language.partition("-")[0] == spoken:
                return language
        if spoken in {"c", "posix"}:
            break
    return LANGUAGES[0]


def system_tags(environ: Mapping[str, str]) -> Iterator[str]:
    """What the system speaks, the best first; may wait for another program shortly.

    The calls for Windows and macOS have not run here.
    """
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(name):
            if name == "LC_ALL" or environ[name] not in {"C", "POSIX"}:
                yield from filter(None, environ.get("LANGUAGE", "").split(":"))
            yield environ[name]
            return
    if sys.platform == "win32":
        import ctypes
        import locale

        number = ctypes.windll.kernel32.GetUserDefaultUILanguage()
        yield locale.windows_locale.get(number, "")
    elif sys.platform == "darwin":
        # The one public way without a framework.
        asked = ["/usr/bin/defaults", "read", "-g", "AppleLanguages"]
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            told = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=2)
            yield from (line.strip(' ",()\n') for line in told.stdout.splitlines() if '"' in line)
