"""`run_proxy`: runs mitmdump in this process with Penstock's addons, for `penstock up`."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from mitmproxy.log import MitmFormatter
from mitmproxy.options import Options
from mitmproxy.tools import cmdline
from mitmproxy.tools.dump import DumpMaster
from mitmproxy.tools.main import run

from penstock.base.format import is_colour_unwanted
from penstock_addons.addons import suite_addons

__all__ = ["run_proxy"]


def run_proxy(arguments: Sequence[str], more: Sequence[object]) -> None:
    """Run mitmdump until a signal or the command `shutdown` ends it. `arguments` are mitmdump's own; `more` are addons
    added after Penstock's. Raises `SystemExit` when start-up fails; mitmproxy has then printed why."""

    class Master(DumpMaster):
        def __init__(self, opts: Options) -> None:
            super().__init__(opts)
            # Set here and not by arguments: those stand above what a person gives behind `--`, and in config.yaml.
            opts.update(flow_detail=0, termlog_verbosity="warn")
            if is_colour_unwanted():
                self.addons.get("termlog").logger.formatter = MitmFormatter(colorize=False)
            self.addons.add(*suite_addons(), *more)

    ours = sys.argv
    # mitmproxy looks there for options that it had once, to explain an error: `--port` of `penstock up` is none.
    sys.argv = ["mitmdump", *arguments]
    try:
        run(Master, cmdline.mitmdump, arguments, _filter)
    finally:
        sys.argv = ours


def _filter(arguments: Namespace) -> dict[str, Any]:
    """As mitmdump does: the arguments after all options are a filter."""
    wanted = " ".join(arguments.filter_args)
    return {name: wanted for name in ("save_stream_filter", "readfile_filter", "dumper_filter") if wanted}
