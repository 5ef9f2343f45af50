"""Everything the description of the API allows, and some that it does not, is asked of the service."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import positive_data_acceptance

from penstock.contexts.contexts import Contexts
from penstock_service.app import create_app
from penstock_service.http.route_dependencies import Parts
from tests.service.conftest import TOKEN
from tests.service.proxy.conftest import write_log

pytestmark = pytest.mark.slow

STATEFUL = [positive_data_acceptance]
"""Asks that a call that is well described succeeds: here that hangs on what is there."""
FEW, MANY = 4, 25
"""Examples for each of the calls."""
PARTS = 8
HEADERS = {"authorization": f"Bearer {TOKEN}", "host": "localhost"}


@schemathesis.serializer("application/x-ndjson")
def _lines(_context: Any, value: Any) -> bytes:
    """The body of an import: it has no serializer of its own."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("described")
    write_log(folder / "penstock.db")
    contexts = Contexts(folder / "contexts.db")
    app = create_app(Parts(contexts, folder / "penstock.db"), TOKEN)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, headers=HEADERS)
    streams = ["/v1/changes", "/events", "/dashboard/events"]
    yield schema.exclude(path=streams, method="GET")  # their answers do not end
    app.state.parts.replays.close()
    app.state.memory.close()
    app.state.jobs.close()  # schemathesis starts an application and does not end it
    contexts.close()


def ask_everything(described: Any, examples: int, part: int = 0, parts: int = 1) -> list[str]:
    """Ask each call of a part of the description so many times; their names."""
    asked = []
    for number, one in enumerate(described.get_all_operations()):
        operation = one.ok()
        if number % parts != part:
            continue
        asked.append(operation.label)

        @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
        @given(case=operation.as_strategy())
        def holds(case: Any) -> None:
            answer = case.call(headers=HEADERS, timeout=60)
            is_no_fault = answer.status_code == 503 and "proxy" in case.operation.tags  # none is up
            excluded = [*STATEFUL, not_a_server_error] if is_no_fault else STATEFUL
            case.validate_response(answer, headers=HEADERS, excluded_checks=excluded)

        holds()
    return asked


def test_no_call_fails_and_every_answer_is_as_described(described: Any) -> None:
    """Whatever is asked: no status of 500 or more, and the body that the description names for that status."""
    assert len(ask_everything(described, FEW)) >= 80


@pytest.mark.parametrize("part", range(PARTS))
def test_no_call_fails_however_often_it_is_asked(described: Any, part: int) -> None:
    assert len(ask_everything(described, MANY, part, PARTS)) >= 10


def test_the_description_names_every_call(described: Any) -> None:
    paths = set(described.raw_schema["paths"])
    assert {"/v1/contexts", "/v1/contexts/{key}", "/v1/batch", "/v1/search", "/api/context/store"} <= paths
