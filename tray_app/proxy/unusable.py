"""Why a session is of no use, in words."""

from tray_app.core.errors import Kind, ProxyError

_WHY: dict[str, tuple[Kind, str]] = {
    "signed_out": (Kind.NOT_SIGNED_IN, "Nobody is signed in to Qwen Chat"),
    "locked": (
        Kind.CREDENTIAL_STORE_LOCKED,
        "The system's keyring, where the session is kept, is locked or does not answer",
    ),
    "guest": (Kind.GUEST_SESSION, "This session is a guest's: nobody was signed in"),
    "expired": (
        Kind.SESSION_ENDED,
        "Qwen does not take the access token, and the session brought no refresh_token to renew it",
    ),
    "revoked": (
        Kind.SESSION_ENDED,
        "Qwen ended the session: it was signed out, or another program renewed it",
    ),
    "refused": (Kind.SESSION_ENDED, "Qwen does not take this session, renewed as it is"),
    "windowless": (
        Kind.NOT_SIGNED_IN,
        "You signed in by Portico's window, and there is none here (`portico doctor` says why)",
    ),
}
"""By the state of a session: what clients and people are told."""


def unusable(state: str) -> ProxyError:
    """The error that a session in this state is."""
    kind, sentence = _WHY[state]
    return ProxyError(kind, sentence)
