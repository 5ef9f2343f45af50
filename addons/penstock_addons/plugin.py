"""The plugin through which this package registers its `commands` (`up`, `run`, `doctor`, `memory`, ...) with the
command line, and the agent tool `doctor` (`tools`). A command's module is imported when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    import typer

    from penstock.plugins.tool import Tool

__all__ = ["commands", "tools"]


@hookimpl
def tools() -> list[Tool]:
    """The agent tool `doctor`."""
    from penstock_addons.mcp.doctor_tool import DOCTOR  # a proxy loads this plugin too, and needs no tools

    return DOCTOR


@hookimpl
def commands(app: typer.Typer) -> None:
    """Register the commands that start or control a proxy. Each one's module is imported when it runs."""
    from penstock.cli.deferred import add_command, add_group  # a proxy loads this plugin too, and needs no typer

    cli = "penstock_addons.cli"
    add_command(app, "up", f"{cli}.up:up", "Start the proxy, and stay until Ctrl-C.", alone=["--serve", "--gateway"])
    add_command(
        app,
        "down",
        f"{cli}.proxy_control:down",
        "Shut the proxy down, when what is under way is done. Clients that still use it then get no answer.",
    )
    add_command(
        app,
        "pause",
        f"{cli}.proxy_control:pause",
        "Have the proxy edit nothing new. What was edited is sent on as it was, so that caches stay; budgets count on.",
    )
    add_command(app, "resume", f"{cli}.proxy_control:resume", "Have a paused proxy edit again.")
    add_command(
        app,
        "doctor",
        f"{cli}.doctor:doctor",
        "Look at everything a proxy needs, a line each, and change nothing. Ends with status 1 when something fails.",
    )
    add_command(
        app,
        "compact",
        f"{cli}.compact:compact",
        "Have the proxy compact old turns at the next request of each conversation, or of one.",
    )
    add_command(
        app,
        "demo",
        "penstock_addons.demo.command:demo",
        "Show a long coding session pass through a real proxy, between a scripted client and a scripted provider.",
    )
    add_command(
        app,
        "mcp",
        "penstock_addons.mcp.command:mcp",
        "Give an agent tools over MCP on stdin and stdout: originals of what was shortened, and the memory. `penstock "
        "run` has Claude Code and Codex start it.",
    )
    add_command(
        app,
        "whatif",
        f"{cli}.whatif:whatif",
        "Replay a recorded session under other profiles: what it would have cost, and what would have been kept.",
    )
    add_command(
        app,
        "import",
        f"{cli}.importing:import_",
        "Take past sessions of Claude Code and Codex into memory: what people said, and the agent's final answers.",
    )
    add_command(
        app,
        "reindex",  # its name before it became `memory reindex`
        f"{cli}.memory.reindex:reindex",
        "Rebuild the word index and the vectors from the record. Ctrl-C stops it, and it can be run again.",
        hidden=True,
    )
    add_group(app, "budget", f"{cli}.budget:app", "What was spent, what may be, and how to go on when it is used up.")
    add_group(app, "settings", f"{cli}.settings:app", "The settings of the running proxy; changes last for this run.")
    add_group(
        app,
        "memory",
        f"{cli}.memory:app",
        "Look at what is remembered, correct it, delete it. Of the project that the current folder belongs to, unless "
        "--project or --all says otherwise.",
    )
    gateway = f"{cli}.gateway"
    add_group(
        app,
        "keys",
        f"{gateway}.keys:app",
        "The keys with which a team asks the gateway, in place of the providers' own.",
    )
    add_group(
        app,
        "providers",
        f"{gateway}.providers:app",
        "The providers that the gateway asks, with the credentials it asks them with.",
    )
    add_group(
        app,
        "workspaces",
        f"{gateway}.workspaces:app",
        "The workspaces of the gateway: each has keys, limits and usage of its own.",
    )
    add_group(
        app,
        "quotas",
        f"{gateway}.quotas:app",
        "What keys, workspaces and models may use, and what they did use.",
    )
    add_command(
        app,
        "usage",
        f"{gateway}.usage:usage",
        "Show what was used through the gateway: this month, unless --from and --to say otherwise.",
    )
    add_group(app, "sessions", f"{cli}.sessions:app", "List the sessions in the log, name them, delete them.")
    add_command(
        app,
        "run",
        f"{cli}.run:run",
        "Run a client through the proxy: the one that is up, or one for as long as the client runs.",
        # What stands behind the client's name is the client's, with or without a `--` in front.
        settings={"allow_interspersed_args": False},
    )
