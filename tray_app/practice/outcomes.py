"""What the result of a tool says of itself: an error, a refusal, or neither.

Every client has its own words for both. A result is known by its beginning, since a file that was
read may speak of errors further down. Of a refusal a person is the cause, so nothing is tried after
it; after an error another way may do.
"""

import re

_HEAD = 500

REFUSED = (
    # On the first line. Roo Code, Qwen Code, opencode, Copilot: a person or a rule of theirs.
    r"\A[^\n]*\b(?:rejected|denied|declined|disallowed)\b",
    # Claude Code, when a person says no.
    r"\A[^\n]*\b(?:doesn't|does not|didn't|did not) (?:want|allow|approve)\b",
    # Claude Code, when nobody is there who could allow it.
    r"\A[^\n]*\b(?:haven't|hasn't|have not|has not) (?:been )?(?:granted|allowed|approved)\b",
    # A mode that only looks, a sandbox, a rule.
    r"\A[^\n]*\bnot (?:allowed|permitted)\b",
    # opencode, Kilo: a rule in a person's settings.
    r"\A[^\n]*\brule which prevents\b",
    # Qwen Code, and every client in which a key stops a call.
    r"\A[^\n]*\b(?:cancelled|canceled|aborted|interrupted) by (?:the )?user\b",
    # Roo Code: its result is an object.
    r"\A\s*\{[^}]*\"status\": ?\"(?:denied|rejected)\"",
)
"""How a refusal is told, with who tells it so."""
ERRORS = (
    # Most clients: the first word, or the second ("Tool error", "validation error").
    r"\A\W*(?:\w+[ _])?(?:error|failed|cannot|could not|unable to|invalid)\b",
    # Who runs the tools of another: the SDKs' helpers.
    r"\A\W*unknown (?:tool|function)\b",
    # The system's own words behind the name of a file or a program.
    r"\A[^\n]*\b(?:no such file|not found|does not exist|ENOENT|tool execution failed)\b",
    # Claude Code, Roo Code: in an element.
    r"<(?:tool_use_)?error>",
    # Cline and Roo Code: in an object.
    r"\"success\": ?false|\"status\": ?\"error\"",
    # Codex and Copilot: what a program ended with.
    r"\bexit(?:ed with)? code:? [1-9]",
)
"""How an error is told, with who tells it so."""

_REFUSED = re.compile("|".join(REFUSED), re.IGNORECASE)
_ERROR = re.compile("|".join(ERRORS), re.IGNORECASE)


def is_refused(result: str) -> bool:
    """Whether a person, or a rule of theirs, did not allow the call."""
    return bool(_REFUSED.search(result[:_HEAD]))


def is_error(result: str) -> bool:
    """Whether the call did not do what it was to do, a refusal being no error."""
    return not is_refused(result) and bool(_ERROR.search(result[:_HEAD]))
