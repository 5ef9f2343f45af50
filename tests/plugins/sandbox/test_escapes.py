"""Code in the sandbox gets nothing of this machine but its programs, and no more time, memory, disk and processes than
it may have."""

from __future__ import annotations

import os
import socket
import uuid
from pathlib import Path

import pytest

from tests.plugins.sandbox.conftest import Execute


def test_no_files(execute: Execute, tmp_path: Path) -> None:
    """Neither those of the user nor those of the system; and what it may read it cannot write."""
    (tmp_path / "secret.txt").write_text("canary")
    looked = f"cat {tmp_path}/secret.txt /etc/passwd /etc/shadow /root/.bashrc; ls /home /root /var /etc/ssh /sys /run"
    outcome = execute("bash", looked)
    assert "canary" not in outcome.output
    assert outcome.output.count("No such file or directory") == len(looked.replace(";", " ").split()) - 2
    for place in ("/x", "/usr/x", "/etc/x", "/dev/x", "/code/x", "/proc/sys/kernel/hostname", "/usr/bin/env"):
        assert execute("bash", f"echo x > {place}").exit_code != 0, place


def test_a_folder_that_may_be_read_cannot_be_written(execute: Execute, states_at: Path) -> None:
    shown = states_at / "shown"
    shown.mkdir(mode=0o755)
    (shown / "notes.txt").write_text("seven kilns")
    (shown / "notes.txt").chmod(0o666)
    outcome = execute("bash", f"cat {shown}/notes.txt; echo more >> {shown}/notes.txt", read=[str(shown)])
    assert outcome.output.startswith("seven kilns")
    assert "Read-only file system" in outcome.output
    assert (shown / "notes.txt").read_text() == "seven kilns"


def test_no_network(execute: Execute) -> None:
    """Not to a server on this machine, whether by TCP or by a socket with an abstract name."""
    name = f"\0penstock-{uuid.uuid4()}"
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as local:
        local.bind(name)
        local.listen()
        code = f"""
import socket
places = [(socket.AF_INET, {tcp.getsockname()!r}), (socket.AF_UNIX, {name!r}), (socket.AF_INET, ("192.0.2.1", 80))]
for family, address in places:
    try:
        socket.socket(family).connect(address)
        print("connected")
    except OSError as e:
        print(type(e).__name__)
print(open("/proc/net/dev").read().count(":"), "devices")
"""
        outcome = execute("python", code)
    assert "connected" not in outcome.output
    assert outcome.output.endswith("1 devices\n")  # its own loopback


def test_no_environment_but_what_is_allowed(execute: Execute, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary-1")
    monkeypatch.setenv("COLOUR", "green")
    looked = "env; tr '\\0' '\\n' < /proc/1/environ; tr '\\0' '\\n' < /proc/self/environ"
    outcome = execute("bash", looked)
    assert "canary" not in outcome.output
    assert "green" not in outcome.output
    allowed = execute("bash", looked, environment=["COLOUR"])
    assert "COLOUR=green" in allowed.output
    assert "canary" not in allowed.output


def test_no_other_process_is_seen_or_signalled(execute: Execute) -> None:
    outcome = execute("bash", f"ls -d /proc/[0-9]* | wc -l; kill -9 {os.getpid()}; kill -9 -1; kill -9 1; echo there")
    assert int(outcome.output.split()[0]) < 8
    assert "there" in outcome.output or outcome.exit_code != 0


def test_no_rights_can_be_had(execute: Execute) -> None:
    """No capability, no namespace in which it would have some, no setuid program, no device."""
    code = """
grep -E 'Cap(Eff|Prm|Inh)|NoNewPrivs' /proc/self/status
unshare -U true && echo escaped
mount -t tmpfs none /tmp && echo escaped
mknod /tmp/disk b 254 0 && echo escaped
chroot /usr /bin/true && echo escaped
su -c true && echo escaped
ls /dev/kmsg /dev/mem /dev/vda /dev/sda 2>/dev/null && echo escaped
exit 0
"""
    outcome = execute("bash", code)
    assert "escaped" not in outcome.output
    assert outcome.output.count("0000000000000000") == 3
    assert "NoNewPrivs:\t1" in outcome.output


def test_no_memory_that_nothing_counts(execute: Execute) -> None:
    """Files in memory and segments of System V belong to no process, so that no limit holds for them."""
    code = """
import ctypes, os, platform
libc = ctypes.CDLL(None, use_errno=True)
try:
    os.memfd_create("x")
    print("escaped")
except PermissionError:
    print("refused")
for call in (lambda: libc.shmget(0, 1 << 20, 0o1600), lambda: libc.syscall(425, 8, ctypes.create_string_buffer(256))):
    print("refused" if call() == -1 and ctypes.get_errno() == 1 else "escaped")
"""
    outcome = execute("python", code)
    assert outcome.output.split() == ["refused"] * 3


def test_a_link_in_a_working_directory_leads_nowhere(execute: Execute, states_at: Path) -> None:
    """Not in the sandbox, and not when the directory is deleted."""
    kept = states_at / "kept.txt"
    kept.write_text("canary")
    execute("bash", f"ln -s {kept} link; ln -s / root; ln -s {states_at} all", state="links")
    assert "canary" not in execute("bash", "cat link; cat root/etc/passwd; ls all", state="links").output
    assert kept.read_text() == "canary"


def test_no_keys_are_pressed_on_the_users_terminal(execute: Execute) -> None:
    """It has no terminal that it could type into."""
    code = """
import fcntl, termios
try:
    fcntl.ioctl(open("/dev/tty"), termios.TIOCSTI, b"x")
except OSError as e:
    print(e.errno)
"""
    assert execute("python", code).output.strip().isdigit()


@pytest.mark.slow
class TestLimits:
    """Each ends the run, with all its processes, and says which it was."""

    def test_time(self, execute: Execute) -> None:
        outcome = execute("bash", "setsid sleep 600 & sleep 600 & sleep 600", wall_s=1)
        assert outcome.ended == "it took longer than 1 s"
        assert outcome.exit_code is None

    def test_what_it_leaves_behind_ends_with_it(self, execute: Execute) -> None:
        """The answer does not wait for a process in the background."""
        mark = f"7{uuid.uuid4().int % 10**8}"
        outcome = execute("bash", f"setsid sleep {mark} & echo done")
        assert outcome.output == "done\n"
        lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
        assert not any(mark.encode() in line for line in lines)

    def test_memory_of_one_process(self, execute: Execute) -> None:
        assert "MemoryError" in execute("python", "x = bytearray(1 << 30)").output

    def test_memory_of_several(self, execute: Execute) -> None:
        code = """
import os, time
for _ in range(8):
    if not os.fork():
        held = b"x" * (90 << 20)
        time.sleep(60)
os.wait()
"""
        assert execute("python", code).ended == "its processes hold more than 256 MB"

    @pytest.mark.parametrize("language", ["javascript", "java"])
    def test_memory_of_engines_that_reserve_more_than_they_use(self, execute: Execute, language: str) -> None:
        """They start, and do not get more than others."""
        code = {
            "javascript": "const all = []; for (;;) all.push(new Array(100000).fill(Math.random()))",
            "java": "class Main { public static void main(String[] a) { var all = new java.util.ArrayList<long[]>();"
            " for (;;) all.add(new long[100000]); } }",
        }[language]
        outcome = execute(language, code)
        assert outcome.ended or outcome.exit_code != 0

    def test_processes(self, execute: Execute) -> None:
        """A fork bomb is refused its processes by the kernel, and this machine goes on."""
        outcome = execute("bash", "bomb() { bomb | bomb & }; bomb; sleep 1; exit 3", processes=32)
        assert "Resource temporarily unavailable" in outcome.output
        assert outcome.ended == "" or "longer than" in outcome.ended

    def test_disk(self, execute: Execute) -> None:
        """In memory by the size of the file system, on disk by looking."""
        filled = execute("bash", "for n in 1 2 3; do head -c 7000000 /dev/zero > /tmp/$n; done; du -sm /tmp")
        assert "No space left on device" in filled.output
        looped = "n=0; while :; do n=$((n+1)); head -c 1000000 /dev/zero > f$n; sleep 0.01; done"
        assert "working directory has more than 8 MB" in execute("bash", looped, state="full").ended
        files = "for i in $(seq 1 200); do mkdir d$i; (cd d$i; touch $(seq 1 200)); done; sleep 5"
        assert "10,000 files" in execute("bash", files, state="many", disk_mb=512).ended

    def test_output(self, execute: Execute) -> None:
        outcome = execute("bash", "yes")
        assert outcome.ended == "its output is longer than 5 MB"
        assert len(outcome.output) == 5_000_000
