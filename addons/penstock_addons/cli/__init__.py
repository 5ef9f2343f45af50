"""Commands of `penstock`: those that start or control a proxy, and those that work on what it keeps (budgets, sessions,
memory, the gateway's store) or on recordings of its traffic; and what they share. Heavy packages are imported only when
a command runs. Other commands are in `penstock.cli`."""

from __future__ import annotations
