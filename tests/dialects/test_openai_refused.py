"""What is honestly refused."""

import pytest

from tray_app.dialects.openai_refused import refusal_of


@pytest.mark.parametrize("path", ["/embeddings", "/audio/speech", "/files/x", "/moderations"])
def test_what_the_site_has_nothing_for_is_a_501(path: str) -> None:
    refused = refusal_of(path)
    assert refused is not None
    assert refused.kind.row.status == 501


def test_other_paths_are_none_of_it() -> None:
    assert refusal_of("/embedding") is None
    assert refusal_of("/") is None
