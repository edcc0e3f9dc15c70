"""What a change of a client's file looks like, without anybody's secrets.

A file holds keys of other services too, and what is shown ends in bug reports.
"""

import difflib
import re

HIDDEN_KEY = "sk-portico-..."
_GONE = "..."

_NAMED = re.compile(
    r"""
    (?P<name>(?i:[\w.-]*(?:key|token|secret|password|passwd|passphrase|authorization|credentials?)))
    (?P<sign>["']?[ \t]*[:=][ \t]*)
    (?P<value>"(?:[^"\\]|\\.)*+"?|'[^']*+'?|[^\s"'\[{][^,}\#]*+)
    """,
    re.VERBOSE,
)
_NO_SECRETS = {"env_key", "api_key_name"}
"""Names of names."""
_PLAIN = re.compile(r"[-+.\d]*|true|false|null|~")
_VARIABLE = re.compile(r"\$?\{+[^{}]*\}+|\$\w+")
"""Where a client is told to look for the key."""
_LOOKS_SECRET = re.compile(
    r"(?<![\w-])sk-(?!portico-\.\.\.)[\w-]{6,}+"
    r"|\beyJ[\w-]{12,}+(?:\.[\w-]+)*|(?i:(?<=bearer )[\w.~+/=-]{6,}+)"
    r"|(?<=://)[^\s/@:\"']*+:[^\s/@\"']++(?=@)"
)


def difference(place: str, before: str, after: str) -> list[str]:
    """The lines that come and go, with a few around them; secrets are hidden in all of them."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), place, place, lineterm="")
    return [hidden(line) for line in lines]


def hidden(line: str) -> str:
    """A line of a file without what looks like a secret, by its name or by itself."""
    return _LOOKS_SECRET.sub(_instead, _NAMED.sub(_unnamed, line))


def _unnamed(found: re.Match[str]) -> str:
    value = found["value"].rstrip()
    bare = value.strip("\"'")
    if found["name"].lower() in _NO_SECRETS or _PLAIN.fullmatch(bare) or _VARIABLE.fullmatch(bare):
        return found[0]
    quote = value[0] if value[0] in "\"'" else ""
    rest = found["value"][len(value) :]
    return f"{found['name']}{found['sign']}{quote}{_short(bare)}{quote}{rest}"


def _instead(found: re.Match[str]) -> str:
    return _short(found[0])


def _short(secret: str) -> str:
    """A secret as it is shown: a key of Portico can still be told from others."""
    return HIDDEN_KEY if secret.startswith("sk-portico-") else _GONE
