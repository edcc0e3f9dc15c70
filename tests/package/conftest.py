"""One pair of builds for all the tests here."""

import pytest

from tests.package.building import Built, build_twice


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Built, Built]:
    """Two builds of one checkout, in two places."""
    return build_twice(tmp_path_factory.mktemp("builds"))


@pytest.fixture(scope="session")
def built(builds: tuple[Built, Built]) -> Built:
    """One of them."""
    return builds[0]
