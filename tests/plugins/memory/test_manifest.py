"""The note on what is known, at the first prompt of a conversation: short, dated, and of the account's own projects."""

from __future__ import annotations

import json
import re

import pytest

from penstock.memory import Item, MemoryService, learned_project
from penstock.testing import Session, conversation, profile_of, user
from tests.plugins.memory.talks import FACT, Talk, plugins_of

MANIFEST = 'stages = ["envelope", "memory"]\n[stage.memory]\nmanifest = true\n'
HEAD = b"what is known before this conversation"
PLEASE = "Please write a haiku about a lighthouse."


def note_in(sent: bytes) -> str:
    found = re.search(r"what is known before this conversation, (.*?)\\n\[end", sent.decode())
    assert found is not None, sent
    return found[1]


def test_the_first_prompt_says_what_is_known(memory_service: MemoryService) -> None:
    """Dated; with numbers and other projects. Later prompts get none, and it stays as it was."""
    with Talk(memory_service) as talk:
        talk.ask(FACT)
    memory_service.open().add([Item(learned_project("/srv/shop"), "When `a` fails with `b`: run `c`", role="fix")])
    with Talk(memory_service, folder="/srv/kiln") as talk:
        talk.ask("The kiln runs at 900 degrees, and the vents stay shut.")
    with Talk(memory_service, profile=profile_of(MANIFEST), at=1_900_500_000) as talk:
        first = talk.ask(PLEASE)
        later = talk.ask("Now one about the harbour.")
    said = note_in(first)
    assert said.startswith("2030-03-23]")
    assert "Of this project 2 memories from 1 session, the newest from 2030-03-17." in said
    assert "1 pattern learned from its turns." in said
    assert "Other projects remembered, each apart: kiln (2)." in said
    assert later.count(HEAD) == 1
    assert note_in(later) == said


def test_other_agents_and_the_tools_are_named(memory_service: MemoryService) -> None:
    """What other programs asked of the project, and what of Penstock's the request offers."""
    memory_service.open().add([Item("/srv/shop", "We fire on Tuesdays.", "s")])
    system = "You are a coding agent.\n<env>\n  Working directory: /srv/shop\n</env>"
    with Session(plugins=plugins_of(), memory=memory_service, profile=profile_of(MANIFEST)) as session:
        for client in ("codex_cli_rs/1", "claude-cli/2"):
            body = json.loads(conversation(user(f"{PLEASE} {client}"), system=system))
            tools = [{"name": "mcp__penstock__recall", "input_schema": {"type": "object"}}]
            headers = {"user-agent": client, "x-session-id": f"00000000-0000-4000-8000-{client[:4]}"}
            sent = session.send(json.dumps({**body, "tools": tools}).encode(), headers)
            session.reply("Done.")
    assert "Other agents that work here: codex. Tools for it: recall." in note_in(sent)


@pytest.mark.parametrize("more", ["manifest = false", ""])
def test_it_is_off_unless_a_person_asks_for_it(memory_service: MemoryService, more: str) -> None:
    with Talk(memory_service) as talk:
        talk.ask(FACT)
    profile = profile_of(f'stages = ["envelope", "memory"]\n[stage.memory]\n{more}\n')
    with Talk(memory_service, profile=profile) as talk:
        assert HEAD not in talk.ask(PLEASE)


def test_nothing_of_another_account_is_named(memory_service: MemoryService) -> None:
    """P13: neither its projects nor how much it has of this one."""
    with Talk(memory_service, folder="/srv/secret", headers={"authorization": "Bearer of-ada"}) as talk:
        talk.ask(FACT)
    with Talk(memory_service, headers={"authorization": "Bearer of-ada"}) as talk:
        talk.ask(FACT)
    mallory = {"authorization": "Bearer of-mallory"}
    with Talk(memory_service, headers=mallory) as talk:
        talk.ask("The kiln runs at 900 degrees, and the vents stay shut.")
    with Talk(memory_service, headers=mallory, profile=profile_of(MANIFEST)) as talk:
        said = note_in(talk.ask(PLEASE))
    assert "secret" not in said
    assert "Other projects" not in said
    assert "Of this project 2 memories" in said


def test_what_an_account_learned_in_a_project_of_another_is_its_own(memory_service: MemoryService) -> None:
    """It is said with the project, and no pattern is taken for another project."""
    memory = memory_service.open()
    for bearer in ("of-ada", "of-mallory"):
        with Talk(memory_service, headers={"authorization": f"Bearer {bearer}"}) as talk:
            talk.ask(FACT)
        account = max(memory.catalog.counts(), key=lambda one: memory.projects()[one.name]).owner
        for project in ("/srv/shop", "/srv/kiln"):
            memory.add([Item(learned_project(project), f"Instead of `npm`: `{bearer}`")], owner=account)
    with Talk(memory_service, headers={"authorization": "Bearer of-mallory"}, profile=profile_of(MANIFEST)) as talk:
        said = note_in(talk.ask(PLEASE))
    assert "1 pattern learned from its turns." in said
    assert "Other projects" not in said


def test_a_project_that_no_account_has_used_is_named_to_none(memory_service: MemoryService) -> None:
    """P13: it may be that of a gateway's workspace, whose names are its own."""
    memory_service.open().add([Item("acme", "We fire on Tuesdays.", "s")])
    with Talk(memory_service) as talk:
        talk.ask(FACT)
    with Talk(memory_service, profile=profile_of(MANIFEST)) as talk:
        assert "acme" not in note_in(talk.ask(PLEASE))


def test_it_fits_its_tokens(memory_service: MemoryService) -> None:
    """The end is left out, whole sentences at a time."""
    for n in range(30):
        memory_service.open().add([Item(f"/srv/project-with-a-long-name-{n}", "We fire on Tuesdays.", "s")])
    with Talk(memory_service) as talk:
        talk.ask(FACT)
    with Talk(memory_service, profile=profile_of(MANIFEST + "manifest_tokens = 60\n")) as talk:
        said = note_in(talk.ask(PLEASE))
    assert "Of this project" in said
    assert "Other projects" not in said


def test_nothing_is_said_where_nothing_is_known(memory_service: MemoryService) -> None:
    with Talk(memory_service, profile=profile_of(MANIFEST)) as talk:
        assert b"Of this project" not in talk.ask(PLEASE)
