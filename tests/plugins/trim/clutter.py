"""`PRINTED`: real-looking outputs of many tools, each with its kind and command, to test that each kind is
recognised."""

from __future__ import annotations

__all__ = ["PRINTED", "SAID"]

_FILES = ("orchard/pick/ladder.py", "orchard/press/tank.py", "orchard/rows.py")
SAID = ("the tank was filled", "a ladder was moved to its row", "the basket is counted")


def _each(template: str, count: int = 60) -> str:
    """The template for each number: `n`, `m` a minute or a second, `f` a file, `s` a sentence, `x` a hash."""
    return "\n".join(
        template.format(n=n, m=f"{n % 60:02d}", f=_FILES[n * 3 // count], s=SAID[n % 3], x=f"{n * 7919 + 65537:07x}")
        for n in range(count)
    )


def _blocks(template: str, count: int = 12) -> str:
    return _each(template, count) + "\n"


PRINTED: dict[str, tuple[str, str, str]] = {
    "iso log": ("log", "./serve", _each("2026-01-01T10:00:{m} INFO press.tank {s}, row {n}")),
    "iso log with a zone": ("log", "docker logs press", _each("2026-01-01T10:00:{m}.123456789Z {s}, row {n}")),
    "python log": ("log", "python press.py", _each("2026-01-01 10:00:{m},123 INFO press.tank: {s}, row {n}")),
    "log in brackets": ("log", "./serve", _each("[2026-01-01 10:00:{m}.001] [info] {s}, row {n}")),
    "log of times": ("log", "./serve", _each("10:00:{m} INFO {s}, row {n}")),
    "log of dates with dashes": ("log", "./serve", _each("01-02-2026 10:00:{m} {s}, row {n}")),
    "log of go": ("log", "./serve", _each("2026/01/01 10:00:{m} {s}, row {n}")),
    "log of nginx errors": (
        "log",
        "cat error.log",
        _each("2026/01/01 10:00:{m} [warn] 71#71: *{n} {s} while reading upstream, client: 10.0.0.{n}"),
    ),
    "log of klog": ("log", "kubectl logs press", _each("I0101 10:00:{m}.000123       1 tank.go:{n}] {s}")),
    "log by level": ("log", "python press.py", _each("INFO:press.tank:{s}, row {n}")),
    "syslog": ("log", "cat /var/log/syslog", _each("Jan  1 10:00:{m} orchard pressd[41{n}]: {s}")),
    "journalctl": (
        "log",
        "journalctl -u pressd",
        "-- Logs begin at Thu 2026-01-01 --\n"
        + _each("Jan 01 10:00:{m} orchard systemd[1]: pressd.service: {s}, row {n}"),
    ),
    "compose log": ("log", "docker compose logs", _each("press-1  | 2026-01-01T10:00:{m} INFO {s}, row {n}")),
    "json log": ("JSON", "docker logs press", _each('{{"time":"2026-01-01T10:00:{m}Z","msg":"{s}","row":{n}}}')),
    "nginx access log": (
        "access log",
        "docker logs web",
        _each('10.0.0.{n} - - [01/Jan/2026:10:00:{m} +0000] "GET /rows/{n} HTTP/1.1" 200 61{n} "-" "curl/8.5.0"'),
    ),
    "kubectl get": (
        "columns",
        "kubectl get pods",
        "NAME             READY   STATUS    RESTARTS   AGE\n" + _each("press-{x}    1/1     Running   0          {n}d"),
    ),
    "docker ps": (
        "columns",
        "docker ps",
        "CONTAINER ID   IMAGE        COMMAND                STATUS       PORTS     NAMES\n"
        + _each('{x}        press:{n}      "/bin/press --row {n}"   Up {n} hours             press_{n}'),
    ),
    "ps with its header": (
        "columns",
        "ps aux",
        "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n"
        + _each("ann         41{n}  0.{m}  0.1  90{n}  43{n} ?        S    10:{m}   0:01 /bin/press --row {n}"),
    ),
    "psql": (
        "columns",
        "psql -c 'select * from rows'",
        " row | tree      | ripe\n-----+-----------+------\n" + _each(" {n}   | tree {n}    | t"),
    ),
    "mysql": (
        "columns",
        "mysql -t orchard",
        "+-----+------+\n| row | ripe |\n+-----+------+\n" + _each("| {n}   | t    |"),
    ),
    "grep -rn": ("search results", "grep -rn raise .", _each("./{f}:{n}:    ladder.raise_to(row_{n})")),
    "grep -n of one file": ("output", "grep -n raise a.py", _each("{n}:    ladder.raise_to(row_{n})")),
    "ripgrep": ("search results", "rg raise", _each("{f}:{n}:    ladder.raise_to(row_{n})")),
    "ripgrep with context": (
        "search results",
        "rg -C1 raise",
        _each("{f}-{n}-    if row:\n{f}:{n}:    ladder.raise_to(row_{n})\n--"),
    ),
    "ripgrep with headings": (
        "search results",
        "rg --heading -n raise",
        "\n\n".join(f"{file}\n" + _each("{n}:    ladder.raise_to(row_{n})", 20) for file in _FILES),
    ),
    "ripgrep with columns": ("search results", "rg --vimgrep raise", _each("{f}:{n}:5:    ladder.raise_to(row_{n})")),
    "grep on windows": ("search results", "findstr /n raise", _each("C:\\orchard\\press.py:{n}:    raise_to(row_{n})")),
    "git grep": ("search results", "git grep -n raise", _each("Makefile:{n}:\t./raise.sh {n}")),
    "grep of a log": ("search results", "grep -rn tank logs", _each("logs/{n}.log:{n}:2026-01-01 10:00:{m} {s}")),
    "tsc": ("build log", "npx tsc", _each("src/row{n}.ts({n},5): error TS2322: Type 'string' is not a 'number'.")),
    "tsc, pretty": (
        "build log",
        "npx tsc --pretty",
        _blocks("src/row{n}.ts:{n}:5 - error TS2322: Type 'string' is no 'number'.\n\n{n}     ladder = raise();\n"),
    ),
    "mypy": ("build log", "mypy .", _each("{f}:{n}: error: Argument 1 has a wrong type  [arg-type]") + "\nFound 60"),
    "ruff": ("build log", "ruff check", _each("{f}:{n}:121: E501 Line too long (13{n} > 120)")),
    "gcc": ("build log", "make", _each("press.c:{n}:9: warning: unused variable 'lid{n}' [-Wunused-variable]")),
    "go vet": ("build log", "go vet ./...", _each("./tank.go:{n}:2: lid{n} declared and not used")),
    "pytest -q": (
        "test run",
        "pytest -q",
        _blocks("......................................................... [ {n}%]", 30)
        + "=================================== FAILURES ===================================\n"
        + "_____________ test_full _____________\n\n    def test_full():\n>       assert fill() == 7\n"
        + "E       assert 3 == 7\n\ntests/test_press.py:41: AssertionError\n"
        + "=========================== short test summary info ============================\n"
        + "FAILED tests/test_press.py::test_full - assert 3 == 7\n1 failed, 2000 passed in 3.10s",
    ),
    "pytest -q without fault": (
        "test run",
        "pytest -q",
        _blocks("........................................................................ [ {n}%]", 30)
        + "2100 passed in 3s",
    ),
    "cargo build": ("build log", "cargo build", _each("   Compiling fruit-{n} v0.{n}.1")),
    "cargo test": ("test run", "cargo test", "running 60 tests\n" + _each("test pick::row_{n} ... ok")),
    "go test": ("test run", "go test -v ./...", _each("=== RUN   TestRow{n}\n--- PASS: TestRow{n} (0.00s)")),
    "go test by package": ("test run", "go test ./...", _each("ok  \torchard/row{n}\t0.0{n}s")),
    "npm install": (
        "build log",
        "npm install",
        _each("npm warn deprecated fruit-{n}@1.0.{n}: no longer supported") + "\n\nadded 412 packages in 9s",
    ),
    "npm audit": (
        "output",
        "npm audit",
        _blocks("fruit-{n}  <=1.{n}.0\nSeverity: high\nPeel is not checked\nfix available via `npm audit fix`\n"),
    ),
    "pip install": (
        "build log",
        "pip install .",
        _each("Collecting fruit-{n}\n  Downloading fruit_{n}-1.0-py3.whl (9 kB)"),
    ),
    "docker build": ("build log", "docker build .", _each("#{n} 0.41{n} Setting up fruit-{n}")),
    "ls -la": ("listing", "ls -la", "total 61\n" + _each("-rw-r--r--  1 ann ann  41{n} Jan  1 10:{m} row_{n}.py")),
    "ls -laR": (
        "listing",
        "ls -laR",
        _blocks(
            "./rows/{n}:\ntotal 12\ndrwxr-xr-x 2 ann ann 4096 Jan  1 10:{m} .\ndrwxr-xr-x 9 ann ann 9 Jan 1 10:{m} ..\n"
            "-rw-r--r-- 1 ann ann  612 Jan  1 10:{m} a-{n}.py\n-rw-r--r-- 1 ann ann   61 Jan  1 10:{m} b-{n}.py\n"
        ),
    ),
    "ls -R": ("listing", "ls -R", _blocks("./rows/{n}:\nladder_{n}.py\ntank_{n}.py\nbasket_{n}.md\nnotes_{n}.txt\n")),
    "tree": ("listing", "tree", ".\n" + _each("│   ├── row_{n}.py") + "\n\n3 directories, 60 files"),
    "find": ("listing", "find .", _each("./orchard/rows/{n}/ladder.py")),
    "find of dated files": ("listing", "find .", _each("./logs/2026-01-{m}/press-{n}-10.log")),
    "git status -s": ("output", "git status -s", _each(" M orchard/rows/{n}/ladder.py")),
    "csv": ("table", "cat trees.csv", "tree,day,kilos\n" + _each("pear-{n},2026-01-{m},{n}")),
    "csv of times": ("table", "cat trees.csv", "time,tree,kilos\n" + _each("2026-01-01T10:00:{m},pear,{n}")),
    "json": ("JSON", "curl localhost", "[" + ",".join(f'{{"row": {n}, "tree": "pear"}}' for n in range(60)) + "]"),
    "git diff": (
        "diff",
        "git diff",
        _blocks(
            "diff --git a/row{n}.py b/row{n}.py\nindex 1111111..2222222 100644\n--- a/row{n}.py\n+++ b/row{n}.py\n"
            "@@ -1,3 +1,3 @@ def pick():\n     ladder.raise_to({n})\n-    basket.put(fruit)\n+    basket.lay(fruit)"
        ),
    ),
    "git log": (
        "git log",
        "git log",
        _blocks(
            "commit {x}3f9c1e7a3f9c1e7a\nAuthor: Ann <ann@example.com>\nDate:   Thu Jan 1 10:00:00 2026\n\n    {s}\n"
        ),
    ),
    "git log --oneline": ("git log", "git log --oneline", _each("{x} Pick row {n}: {s}")),
    "git log --graph": ("git log", "git log --oneline --graph", _each("* {x} Pick row {n}: {s}")),
    "git log of dates": ("log", "git log --format=...", _each("2026-01-01 10:00:{m} +0100 {x} Pick row {n}")),
    "trace of python": (
        "stack trace",
        "python press.py",
        "Traceback (most recent call last):\n"
        + _each('  File "/home/ann/orchard/row{n}.py", line {n}, in pick\n    return self.inner_{n}(row)', 20)
        + "\nValueError: the tank is full",
    ),
    "trace of node": (
        "stack trace",
        "node press.js",
        "/home/ann/orchard/press.js:41\n    throw new Error('full')\n    ^\n\nError: full\n"
        + _each("    at Tank.fill{n} (/home/ann/orchard/row{n}.js:{n}:9)", 20),
    ),
    "trace of java": (
        "stack trace",
        "java Press",
        'Exception in thread "main" java.lang.IllegalStateException: full\n'
        + _each("\tat org.orchard.Row{n}.fill(Row{n}.java:{n})", 20),
    ),
    "trace of go": (
        "stack trace",
        "go run .",
        "panic: the tank is full\n\ngoroutine 1 [running]:\n"
        + _each("orchard/press.Fill{n}(0xc000012{n})\n\t/home/ann/orchard/row{n}.go:{n} +0x1d", 20),
    ),
    "log with a trace in it": (
        "log",
        "docker logs press",
        _each("2026-01-01 10:00:{m},123 INFO press.tank: {s}, row {n}")
        + '\nTraceback (most recent call last):\n  File "/a/press.py", line 41, in fill\nValueError: full\n'
        + _each("2026-01-01 10:01:{m},123 INFO press.tank: {s}, row {n}"),
    ),
    "ids": (
        "output",
        "./ids",
        _each("550e8400-1234-41d4-a716-4466554400{n} the tank of row {n} is ready to be picked"),
    ),
    "addresses": ("output", "./ports", _each("10.0.0.{n}:80{m}: open, answers as the tank of row {n}")),
    "hosts": ("output", "./ports", _each("localhost:80{m}: open, answers as the tank of row {n}")),
    "packages": (
        "output",
        "dpkg -l",
        _each("ii  libfruit{n}-1-2  1.{n}.0-3  amd64  a library to peel fruit of row {n}"),
    ),
    "ps": (
        "output",
        "ps aux",
        _each("ann    41{n}  0.0  0.1  612{n}  {n}44 ?  Ss   10:{m}   0:00 /usr/bin/pressd --row {n}"),
    ),
    "cron": ("output", "crontab -l", _each("{n} 4 * * * /home/ann/orchard/pick.sh --row {n} >/dev/null")),
}
"""The kind each is, the command, and what it prints."""
