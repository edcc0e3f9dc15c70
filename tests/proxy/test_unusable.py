"""What is said of a session that is of no use."""

import pytest

from tray_app.core.errors import Kind
from tray_app.proxy.unusable import unusable


@pytest.mark.parametrize(
    ("state", "kind", "word"),
    [
        ("signed_out", Kind.NOT_SIGNED_IN, "Nobody is signed in"),
        ("locked", Kind.CREDENTIAL_STORE_LOCKED, "keyring"),
        ("guest", Kind.GUEST_SESSION, "guest"),
        ("expired", Kind.SESSION_ENDED, "refresh_token"),
        ("revoked", Kind.SESSION_ENDED, "ended the session"),
        ("refused", Kind.SESSION_ENDED, "does not take"),
        ("windowless", Kind.NOT_SIGNED_IN, "portico doctor"),
    ],
)
def test_each_reason_is_one_sentence_and_one_action(state: str, kind: Kind, word: str) -> None:
    error = unusable(state)

    assert error.kind is kind
    assert word in error.text
    assert error.text.endswith(kind.row.advice)
