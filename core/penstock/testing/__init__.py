"""For the tests of plugins: conversations quick to write, a draft to try a stage on, a session to play it in.

Nothing here needs pytest. What breaks a promise raises `PromiseBroken`, an `AssertionError`, so that a test of any kind
fails by it. Fixtures for pytest are in `penstock.testing.fixtures`:

    pytest_plugins = ["penstock.testing.fixtures"]  # in conftest.py
"""

from __future__ import annotations

from penstock.base.clock import ManualClock
from penstock.testing.answers import Answer, FakeProvider, answer
from penstock.testing.bodies import conversation, dialect_of, path_of
from penstock.testing.checks import PromiseBroken, check_prefix, check_rewrite
from penstock.testing.drafts import Result, draft_for, profile_of, run_stage
from penstock.testing.session import Session
from penstock.testing.translations import check_translation
from penstock.testing.turns import Call, Turn, assistant, call, results, user

__all__ = [
    "Answer",
    "Call",
    "FakeProvider",
    "ManualClock",
    "PromiseBroken",
    "Result",
    "Session",
    "Turn",
    "answer",
    "assistant",
    "call",
    "check_prefix",
    "check_rewrite",
    "check_translation",
    "conversation",
    "dialect_of",
    "draft_for",
    "path_of",
    "profile_of",
    "results",
    "run_stage",
    "user",
]
