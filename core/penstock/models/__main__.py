"""`python -m penstock.models` (`main`): exits with status 1 if the bundled table of models is too old for a release,
else 0."""

from __future__ import annotations

import sys

from penstock.models.age import STALE_DAYS, age_days, staleness
from penstock.models.table import Table


def main() -> int:
    """0: the table is young enough to be released."""
    date = Table().date
    if staleness(date):
        sys.stderr.write(
            f"no release: {staleness(date)}. Look the figures of penstock/data/models up again, at the `source` of "
            f"each file, and give it a new `date`; none may be older than {STALE_DAYS} days.\n"
        )
        return 1
    sys.stdout.write(f"The table of models is {age_days(date)} days old.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
