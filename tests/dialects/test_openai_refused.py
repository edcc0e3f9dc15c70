"""What is honestly refused."""

import pytest

from tray_app.dialects.openai_refused import refusal_of


@pytest.mark.parametrize(
    "path",
    [
        "/embeddings", "/audio/speech", "/files/x", "/moderations", "/images/variations",
        "/images/variations/", "/videos", "/video/generations", "/fine_tuning/jobs/x/events",
    ],
)  # fmt: skip
def test_what_the_site_has_nothing_for_is_a_501(path: str) -> None:
    refused = refusal_of(path)
    assert refused is not None
    assert refused.kind.row.status == 501


def test_other_paths_are_none_of_it() -> None:
    assert refusal_of("/embedding") is None
    assert refusal_of("/") is None
    assert refusal_of("/images") is None
    assert refusal_of("/images/variation") is None


def test_what_is_refused_below_a_path_leaves_the_path_itself() -> None:
    refused = refusal_of("/images/variations")
    assert refused is not None
    assert "/v1/images/edits" in refused.text
    assert refusal_of("/images/generations") is None
