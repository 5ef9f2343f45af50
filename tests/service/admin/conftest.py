"""Fixtures: a service with two teams, and browsers that are logged in to its admin pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.service.admin.browser import Browser
from tests.service.conftest import TOKEN, Service, running
from tests.service.gateway.conftest import lister
from tests.service.gateway.teams import Team, make_team

__all__ = ["lister"]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, quick_profile: Path) -> Iterator[Service]:
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("PENSTOCK_PROFILE", str(quick_profile))
        with running(tmp_path_factory.mktemp("pages") / "contexts.db") as up:
            yield up


@pytest.fixture(scope="module")
def teams(service: Service) -> tuple[Team, Team]:
    first, second = (("alder", "kestrel"), ("birch", "plover"))
    return make_team(service, *first, has_memory=False), make_team(service, *second, has_memory=False)


@pytest.fixture
def browse(service: Service) -> Iterator[Callable[[str], Browser]]:
    """Makes browsers, logged in with a key."""
    with ExitStack() as stack:

        def browse(key: str) -> Browser:
            browser = stack.enter_context(closing(Browser(service)))
            assert browser.login(key).headers["location"] == "/admin"
            return browser

        yield browse


@pytest.fixture
def owner(browse: Callable[[str], Browser]) -> Browser:
    return browse(TOKEN)
