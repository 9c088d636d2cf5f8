"""Every configuration that both programs can have, in both pairs of roles; and the page of it."""

from __future__ import annotations

import pytest

from tests.interop.configurations import CONFIGURATIONS, Configuration
from tests.interop.matrix import ROLES, Matrix, run
from tests.interop.page import PAGE, with_matrix

# The first test waits for the encounters of them all.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def matrix(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    """What those of the tests that were asked for need."""
    asked_for = [
        item.callspec.params.get("configuration")
        for item in request.session.items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
    ]
    tests_the_page = any(
        item.name == test_the_page_is_what_was_seen.__name__ for item in request.session.items
    )
    wanted = [item for item in CONFIGURATIONS if tests_the_page or item in asked_for]
    return run(wanted, tmp_path_factory.mktemp("encounters"))


@pytest.mark.parametrize("kinds", ROLES, ids=lambda kinds: f"{kinds[0]}-is-better")
@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=Configuration.name)
def test_they_get_along(
    matrix: Matrix, configuration: Configuration, kinds: tuple[str, str]
) -> None:
    outcome = matrix[configuration, kinds]
    assert not any(outcome.values()), "\n".join(
        f"{check.value}: {what}" for check, what in outcome.items() if what
    )


def test_the_page_is_what_was_seen(matrix: Matrix) -> None:
    page = PAGE.read_text()

    assert page == with_matrix(page, matrix), "run `make interop` and look at what has changed"
