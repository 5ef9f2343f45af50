"""What the hook command reads before it asks the proxy."""

from __future__ import annotations

import io
import json
import os
import socket
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from penstock.control import hook_client
from penstock.control.hook_client import ANNOUNCED_VARIABLE, _with_whole_output, main

ANSWER = b'HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{"output": {"a": 1}}'


def test_only_a_regular_file_is_read_as_the_whole_output() -> None:
    """A device may have no end."""
    given = json.dumps({"tool_response": {"persistedOutputPath": os.devnull, "stdout": "the beginning"}}).encode()
    assert json.loads(_with_whole_output(given))["tool_response"]["stdout"] == "the beginning"


@pytest.mark.parametrize("is_dripping", [False, True])
def test_an_answer_that_drips_holds_the_client_no_longer_than_one_that_does_not_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], is_dripping: bool
) -> None:
    """Each byte comes in time, the whole does not."""
    left = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            for part in [ANSWER[n : n + 1] for n in range(len(ANSWER))] if is_dripping else [ANSWER]:
                left.wait(0.02 if is_dripping else 0)
                connection.send(part)

    server = threading.Thread(target=serve)
    server.start()
    proxy = {"host": "127.0.0.1", "port": listener.getsockname()[1], "store": str(tmp_path / "penstock.db")}
    (tmp_path / "proxy.json").write_text(json.dumps(proxy))
    (tmp_path / "control-key").write_bytes(b"key")
    monkeypatch.setenv(ANNOUNCED_VARIABLE, str(tmp_path / "proxy.json"))
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"{}")))
    if is_dripping:
        monkeypatch.setattr(hook_client, "_WAIT_S", 0.3)
    assert main(["pre-tool-use"]) == 0
    said = capsys.readouterr().out
    left.set()
    server.join()
    listener.close()
    assert said == ("" if is_dripping else '{"a": 1}')
