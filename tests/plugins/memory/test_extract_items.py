"""What is remembered of a conversation: a person's words, final answers, what was done; clean, and each once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from penstock.memory.items import Item, Kind
from penstock.memory.service import MemoryService
from penstock.testing import assistant, call, conversation, profile_of, results, user
from tests.plugins.memory.talks import FACT, Talk
from tests.shapes import REMINDER

SECRETS = {
    "an api key": "sk-ant-api03-" + "aB3dE6gH9" * 4,
    "a github token": "ghp_" + "Zz19Yy28Xx37Ww46Vv55Uu64Tt73Ss82Rr",
    "an aws key": "AKIA" + "QWERTYUIOP123456",
    "a password": "hunter2-correct-horse",
    "a url's password": "tr0ub4dor-and-3",
    "a jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    "a private key": "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7",
}
SAID = {
    "a password": "password = {}",
    "a url's password": "postgres://walrus:{}@db.internal/shop",
    "a private key": "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
}


def kept(memory_service: MemoryService, project: str = "/srv/shop") -> list[Item]:
    return list(reversed(memory_service.open().newest(project)))


def test_words_and_final_answers_are_kept_in_order(memory_service: MemoryService) -> None:
    """With their time, place and session; what the agent says between two calls is not an answer."""
    with Talk(memory_service, session="11111111-0000-4000-8000-000000000000") as talk:
        talk.ask("Why is the total wrong?", "It is rounded twice.", calls=[(call("Read", file_path="a.py"), "x = 1")])
        talk.ask("Then round it once, please.", "Rounded once now, in cart.py.")
    items = kept(memory_service)
    assert [(i.role, i.text) for i in items] == [
        ("user", "Why is the total wrong?"),
        ("assistant", "It is rounded twice."),
        ("user", "Then round it once, please."),
        ("assistant", "Rounded once now, in cart.py."),
    ]
    assert [i.seq for i in items] == sorted(i.seq for i in items)
    assert {i.session for i in items} == {"11111111-0000-4000-8000-000000000000"}
    assert all(i.at and i.expires_at and i.tags for i in items)


def test_what_was_done_is_told_in_lines(memory_service: MemoryService) -> None:
    """Files that were changed, and commands that failed and did not go well later."""
    with Talk(memory_service) as talk:
        talk.send(user("Make the tests pass, please."))
        for does, gives, failed in (
            (call("Edit", file_path="shop/cart.py", old_string="a", new_string="b"), "ok", False),
            (call("Bash", command="make test"), "test_total: assert 1 == 2\nerror: one failed", True),
            (call("Bash", command="make lint"), "E501 line too long", True),
            (call("Bash", command="make lint"), "all well", False),
        ):
            talk.session.reply(does)
            talk.send(assistant(does), results(gives, failed=failed))
        talk.answer("The tests pass but for one.")
    done = [i for i in kept(memory_service) if i.role == "tool"]
    assert [i.text for i in done] == [
        "Files changed: shop/cart.py\nFailed: make test. It printed:\n> error: one failed",
    ]
    assert done[0].kind is Kind.LOG


def test_an_earlier_history_is_taken_in_at_the_first_request(memory_service: MemoryService) -> None:
    """A session that began past the proxy, or before its restart; once, whatever comes after."""
    turns = [
        user(FACT),
        assistant("Noted, port 6543."),
        user("What else is there?"),
        assistant("Nothing else, no."),
    ]
    with Talk(memory_service) as talk:
        talk.turns = list(turns)
        talk.ask("Now write the manual.", "The manual is written.")
        talk.session.restart()
        talk.ask("And print it out.", "It is printed out.")
    texts = [item.text for item in kept(memory_service)]
    assert texts[:4] == [FACT, "Noted, port 6543.", "What else is there?", "Nothing else, no."]
    assert len(texts) == len(set(texts)) == 8


def test_a_retry_and_a_resume_add_nothing(memory_service: MemoryService) -> None:
    """The same words twice are one memory."""
    with Talk(memory_service) as talk:
        body = talk.send(user(FACT))
        talk.answer("Noted, port 6543.")
        talk.session.send(body)
        talk.session.reply("Noted, port 6543.")
    with Talk(memory_service) as talk:  # resumed, under another id
        talk.turns = [user(FACT), assistant("Noted, port 6543.")]
        talk.ask("Go on from there, please.", "I go on from there.")
    assert len(kept(memory_service)) == 4


def test_a_result_that_the_client_clears_later_adds_nothing(memory_service: MemoryService) -> None:
    """The turns after it are not read again, and what the agent does now is not said of one of them."""
    with Talk(memory_service) as talk:
        read, edit = call("Read", file_path="a.py"), call("Edit", file_path="a.py", old_string="a", new_string="b")
        talk.ask("Change the first file.", "The first is changed.", calls=[(read, "x = 1"), (edit, "ok")])
        talk.send(user("Now change the second file."))
        for name in ("b.py", "c.py"):
            edit = call("Edit", file_path=name, old_string="a", new_string="b")
            talk.session.reply(edit)
            talk.turns[2] = results("[cleared]") if name == "c.py" else talk.turns[2]
            talk.send(assistant(edit), results("ok"))
        talk.answer("The second is changed.")
    done = [item.text for item in kept(memory_service) if item.role == "tool"]
    assert done == ["Files changed: a.py", "Files changed: b.py, c.py"]


def test_a_turn_that_failed_is_not_half_remembered(memory_service: MemoryService) -> None:
    """Nothing is kept before an answer came; with the next that comes, what was said is."""
    with Talk(memory_service) as talk:
        talk.send(user(FACT))
        assert memory_service.drain()
        assert memory_service.open().projects() == {}
        talk.send(user("Are you there? Answer, please."))
        talk.answer("Here I am again.")
    assert FACT in [item.text for item in kept(memory_service)]


def test_what_a_client_wraps_is_left_out(memory_service: MemoryService) -> None:
    """P13: reminders, commands, their output, the system prompt, summaries, examples; of wrapped words the words."""
    with Talk(memory_service) as talk:
        talk.turns = [
            user("Change get_factorial() to use math.factorial"),
            assistant("I did as in the example."),
            user("<command-name>/clear</command-name>\n<command-message>clear</command-message>"),
            assistant("No answer was asked for."),
            user(REMINDER, "Where do the invoices go?"),
            assistant("They go to the accountant."),
            user("This session is being continued from a previous conversation that ran out of context. Long."),
            assistant("I go on with the invoices."),
            user("<command-name>/compact</command-name>\n<command-args>Keep what is of walruses.</command-args>"),
            assistant("It is compacted."),
            user("/compact keep what is of walruses"),
            assistant("It is compacted once more."),
            user("<user-prompt-submit-hook>walruses on main</user-prompt-submit-hook>\nWhere do the receipts go?"),
            assistant("They go to the archive."),
            user("Who reads the receipts?\n<SYSTEM-REMINDER>\nMind the walruses"),
            assistant("Nobody reads them."),
            user("What does the <system-reminder> tag do in a prompt?"),
            assistant("It wraps a notice."),
            user("yes"),
            assistant("ok"),
        ]
        talk.ask(f"Send them by mail, then.\n{REMINDER}", "They are sent by mail.")
    texts = "\n".join(item.text for item in kept(memory_service))
    for words in (
        "Where do the invoices go?",
        "Where do the receipts go?",
        "Who reads the receipts?",
        "What does the <system-reminder> tag do in a prompt?",
    ):
        assert words in [item.text for item in kept(memory_service)]
    assert "Send them by mail, then." in texts
    for junk in (
        "walruses",
        "SYSTEM-REMINDER",
        "short answers",
        "get_factorial",
        "/clear",
        "continued from",
        "coding agent",
        "env",
    ):
        assert junk not in texts
    assert not {"yes", "ok"} & {item.text for item in kept(memory_service)}


@pytest.mark.parametrize("apart", [False, True])
def test_of_a_command_what_was_given_to_it_is_kept(memory_service: MemoryService, apart: bool) -> None:
    """Claude Code puts the text of a slash command behind it, as if the person had said that."""
    called = "<command-name>/plan</command-name>\n<command-args>Add a watermark to the invoices.</command-args>"
    stands_for = "# Create a plan\n\nThink hard about every step of the work, and list them."
    with Talk(memory_service) as talk:
        talk.send(*([user(called), user(stands_for)] if apart else [user(called, stands_for)]))
        talk.answer("Here is the plan.")
        talk.ask("Good, begin with it.", "I begin with it.")
    texts = [item.text for item in kept(memory_service)]
    assert "Add a watermark to the invoices." in texts
    assert not any("Create a plan" in text for text in texts)


def test_no_note_of_ours_comes_back(memory_service: MemoryService) -> None:
    """P13: where an agent quotes it, or a person pastes it, it is known by its id and taken out."""
    with Talk(memory_service) as talk:
        talk.ask(FACT, "Noted, port 6543.")
    with Talk(memory_service) as talk:
        sent = talk.ask("On which port does the staging database listen?", "On 6543, as you said once.").decode()
        begin = sent.index("[Memory m-")
        note = sent[begin : sent.index("]", sent.index("[end of m-")) + 1].replace("\\n", "\n")
        talk.ask(f"What does this mean: {note} and why is it there?", f"It says: {note} which is what I was told.")
    texts = [item.text for item in kept(memory_service)]
    assert "What does this mean:  and why is it there?" in texts
    assert not any("[Memory" in text or "[end of" in text for text in texts)


@pytest.mark.parametrize("what", SECRETS)
def test_no_secret_is_in_the_files(open_memory_service: Callable[[], MemoryService], tmp_path: Path, what: str) -> None:
    """P6, P13: in a person's words, an answer, a command that failed; the bytes of every file are looked through."""
    memory_service, secret = open_memory_service(), SECRETS[what]
    said = SAID.get(what, "Use {} from now on.").format(secret)
    with Talk(memory_service) as talk:
        does = call("Bash", command="curl the-service")
        talk.send(user(f"For the deployment: {said}"))
        talk.session.reply(does)
        talk.send(assistant(does), results(f"error: denied for {said}", failed=True))
        talk.answer(f"I used {said} as you asked me to.")
        tags = [event.payload["tags"] for event in talk.tagged()]
    assert "deployment" in str(kept(memory_service))
    assert secret not in str(tags)
    memory_service.close()
    files = [file for file in (tmp_path / "memory").rglob("*") if file.is_file()]
    assert any(file.name == "memory.db" for file in files)
    for file in files:
        assert secret.encode() not in file.read_bytes(), file


def test_pasted_material_is_typed(memory_service: MemoryService) -> None:
    """A diff, a log and a document are cut in other ways than talk."""
    pasted = {
        Kind.DIFF: "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-old = 1\n+new = 1",
        Kind.LOG: "\n".join(f"2031-02-03 10:00:0{n} ERROR the till does not answer" for n in range(8)),
        Kind.DOCUMENT: "# Manual\n\nOf the till.\n\n## Paper\n\nIt takes paper of 80 mm.",
        Kind.CHAT: "Look at what the till did this morning.",
    }
    with Talk(memory_service) as talk:
        for text in pasted.values():
            talk.ask(text)
    kinds = {item.text: item.kind for item in kept(memory_service) if item.role == "user"}
    assert kinds == {text: kind for kind, text in pasted.items()}


def test_one_message_is_kept_up_to_a_length(memory_service: MemoryService) -> None:
    """A setting."""
    with Talk(memory_service, profile=profile_of('stages = ["memory"]\n[stage.memory]\nchars = 300')) as talk:
        talk.ask("word " * 1000)
    assert sum(len(item.text) for item in kept(memory_service) if item.role == "user") <= 300


@pytest.mark.parametrize("order", ["penstock budget raise", "/penstock: Budget raise $2.50."])
def test_an_order_to_penstock_is_no_memory(memory_service: MemoryService, order: str) -> None:
    """It is for the proxy, and tells nobody anything later."""
    with Talk(memory_service) as talk:
        talk.ask(FACT)
        talk.ask(order)
    assert [item.text for item in kept(memory_service) if item.role == "user"] == [FACT]


def test_client_calls_teach_nothing(memory_service: MemoryService) -> None:
    """P9: titles, counts, quota checks and compactions."""
    with Talk(memory_service) as talk:
        for body, path in (
            (conversation(user(FACT), system="You are a title generator."), ""),
            (conversation(user(FACT), max_tokens=1), ""),
            (conversation(user("Your task is to create a detailed summary of this conversation."), system="x"), ""),
        ):
            talk.session.send(body, path=path)
            talk.session.reply("Some title or other")
        talk.session.send(conversation(user(FACT)), path="/v1/messages/count_tokens")
        assert memory_service.drain()
    assert memory_service.open().projects() == {}
