"""Several proxies on one PostgreSQL server while everything around them fails, at random and by a seed.

    python benchmarks/chaos.py [--minutes 10] [--seed 1] [--proxies 4] [--conversations 40] [--unfenced]

Real proxies (mitmdump with addons/context.py) share a PostgreSQL server that is started for this, and conversations go
through any of them with each turn. Proxies are killed with SIGKILL, and stopped for longer than a lease; the
database is restarted and frozen; the connection of a proxy to it is cut, or held up. What the provider received is
compared with the ledgers in the end. `--unfenced`: the control, in which each proxy takes the database for its own.

`not_the_ledgers`: requests whose edits are not those of the ledger at any one revision. `changed`: messages that were
sent with the same edits and other bytes. `gaps`: conversations with a revision that is missing, or there twice.
`lost_edits`: edits that were sent and are in no ledger. `unanswered`: requests that no proxy answered. The exit code is
1 when there is any of them. `older`: requests with fewer edits than one before, sent late by a proxy that stalled.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.postgres import Server, programs
from tests.road.chaos import run_chaos
from tests.road.stages import UNFENCED

from penstock.store.postgres import PostgresStore


def main() -> None:
    """Run it, and print the figures as JSON."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--proxies", type=int, default=4)
    options.add_argument("--conversations", type=int, default=40)
    options.add_argument("--unfenced", action="store_true", help="the control, which must fail")
    chosen = options.parse_args()
    found = programs()
    if found is None:
        sys.exit("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="penstock-chaos-"))
    homes = Path(tempfile.mkdtemp(prefix="penstock-chaos-"))  # the server's user owns the other one
    try:
        server = Server(found, folder)
        try:
            PostgresStore(server.url("postgres"), folder / "penstock.db").close()
            figures = run_chaos(
                server,
                "postgres",
                homes,
                seconds=chosen.minutes * 60,
                seed=chosen.seed,
                proxies=chosen.proxies,
                conversations=chosen.conversations,
                plugins={"unfenced": UNFENCED} if chosen.unfenced else {},
            )
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(homes, ignore_errors=True)
    print(json.dumps(asdict(figures), indent=1))
    sys.exit(bool(figures.bad))


if __name__ == "__main__":
    main()
