"""The command `wrc`. Modules are imported where they are needed, so that it starts at once."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from rules.audit import Audit
    from rules.model import Report
    from rules.validate.model import Family
    from rules.validate.validation import Validation

BAD_INPUT = 2
INTERRUPTED = 130
"""What a shell says of a command that Ctrl-C ended."""

_ONE_SHOT = frozenset({"check", "audit", "validate", "explain"})
"""Commands that leave nothing to be done at the exit."""

Format = Literal["text", "json", "sarif", "github", "markdown"]

_REPO = click.option(
    "--repo", type=click.Path(path_type=Path), default=Path(), help="A work tree or a bare repository. Default: here."
)
_REV = click.option(
    "--rev", help="What to look at. Default: the working tree, or the default branch of a bare repository."
)
_FORMAT = click.option(
    "--format",
    "output",
    type=click.Choice(("text", "json", "sarif", "github", "markdown")),
    default="text",
    show_default=True,
    help="How to show the result.",
)


@click.group(no_args_is_help=False)
@click.version_option(package_name="wrc-bot", prog_name="wrc", message="%(prog)s %(version)s")
def app() -> None:
    """Reviews changes to Coder workspace templates against their written runtime contract."""


@app.command()
@_REPO
@click.option("--base", help="What to compare with. Default: the default branch.")
@click.option("--head", help="What to check. Default: the working tree.")
@_FORMAT
def check(repo: Path, base: str | None, head: str | None, output: Format) -> int:
    """Check what a change does to the contract, compared with the merge base as GitHub does for a pull request.

    Exit status: 0 nothing introduced that fails, 1 something introduced that fails, 2 bad usage or unreadable input.
    """
    from bot.local import check as check_locally  # noqa: PLC0415

    report = check_locally(repo, base, head)
    _write(_render(report, output))
    return int(report.conclusion == "failure")


@app.command()
@_REPO
@_REV
@_FORMAT
def audit(repo: Path, rev: str | None, output: Format) -> int:
    """Hold every requirement of the contract against every governed template, at one revision.

    This is a report: the exit status is 0 also where the contract is broken, and 2 for bad usage or unreadable input.
    """
    from bot.local import audit as audit_locally  # noqa: PLC0415

    _write(_render_audit(audit_locally(repo, rev), output))
    return 0


@app.command()
@_REPO
@_REV
@click.option("--strict", is_flag=True, help="Let warnings fail too.")
@click.option("--only", help="Some of openspec,contract,missions,fmt, with commas between. Default: all.")
@_FORMAT
def validate(repo: Path, rev: str | None, *, strict: bool, only: str | None, output: Format) -> int:
    """Validate the written contract's files: OpenSpec, the contract's own shape, Spec Kitty missions, terraform fmt.

    Exit status: 0 nothing that fails, 1 something that fails, 2 bad usage or unreadable input.
    """
    from bot.local import validate as validate_locally  # noqa: PLC0415

    validation = validate_locally(repo, rev, strict=strict, families=_families(only))
    _write(_render_validation(validation, output))
    return int(not validation.valid)


def _families(only: str | None) -> tuple[Family, ...]:
    from rules.validate.validation import FAMILIES  # noqa: PLC0415

    if only is None:
        return FAMILIES
    names = [name.strip() for name in only.split(",")]
    unknown = [name for name in names if name not in FAMILIES]
    if unknown:
        raise click.BadParameter(f"'{unknown[0]}' is none of {', '.join(FAMILIES)}.", param_hint="'--only'")
    return tuple(family for family in FAMILIES if family in names)


@app.command()
@click.argument("rule", metavar="[ID]", required=False)
def explain(rule: str | None) -> int:
    """Explain a rule, such as F-1, in plain words, with examples; without an ID, list the rules."""
    from bot.render.explain import render, render_catalogue  # noqa: PLC0415
    from rules.pages import find  # noqa: PLC0415

    width = shutil.get_terminal_size().columns
    if rule is None:
        _write(render_catalogue(width=width))
    else:
        _write(render(find(rule), width=width, terminal=sys.stdout.isatty(), colour=_colour()))
    return 0


@app.command()
@click.option(
    "--role",
    type=click.Choice(("all", "web", "worker")),
    help="web takes deliveries, worker works on them. Default: WRC_ROLE, or all.",
)
def serve(role: Literal["all", "web", "worker"] | None) -> int:
    """Serve the GitHub App. Settings come from the environment (WRC_…) or a file .env."""
    from bot.app import serve as run_service  # noqa: PLC0415

    return run_service(role)


@app.command()
@click.option(
    "--format",
    "output",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="How to show the result.",
)
def doctor(output: Literal["text", "json"]) -> int:
    """Look at what the service needs, and say what to do: settings, database, GitHub's side of the App, webhooks.

    Exit status: 0 all is well, 1 something is worth a look, 2 something is missing or wrong.
    """
    from bot.doctor import examine, render, render_json, status  # noqa: PLC0415

    checks = examine()
    _write(render(checks) if output == "text" else render_json(checks))
    return status(checks)


@app.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> int:
    """Copy the database to a new FILE while the service runs. To restore it, see 'Backups' in the documentation.

    Exit status: 0 the copy is there and whole, 2 it is not.
    """
    from bot.backup import back_up  # noqa: PLC0415
    from bot.settings import load_hosting  # noqa: PLC0415

    _write(back_up(load_hosting(), file) + "\n")
    return 0


@app.command()
def demo() -> int:
    """Take a sample repository and pull request through the whole service, on this machine alone."""
    from bot.sandbox.demo import run as run_demo  # noqa: PLC0415

    return run_demo()


def main() -> None:
    """Run the command line; every failure is one line on stderr."""
    one_shot = sys.argv[1:2] and sys.argv[1] in _ONE_SHOT
    if one_shot:
        # What an engine makes lives as long as its run: to look for garbage would be a tenth of the time.
        gc.disable()
    else:
        gc.set_threshold(50_000, 20, 100)
    status = run(sys.argv[1:])
    if one_shot:
        # All is closed and written: to take apart what is in memory would be a fifth of the time.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def run(args: list[str]) -> int:
    """Run `args` and return the exit status."""
    try:
        status: int = app.main(args, prog_name="wrc", standalone_mode=False)
        return status
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        return _fail(f"{error.format_message()} See 'wrc --help'.")
    except Exception as error:
        if _is_bad_input(error):
            return _fail(str(error))
        if os.environ.get("WRC_DEBUG"):
            raise
        kind = type(error).__name__
        return _fail(f"internal error: {kind}: {error} (please report, run again with WRC_DEBUG=1 for the traceback)")


def _is_bad_input(error: Exception) -> bool:
    from bot.git import GitError  # noqa: PLC0415
    from bot.settings import SettingsError  # noqa: PLC0415
    from rules.pages import UnknownRule  # noqa: PLC0415
    from rules.sources.diff import DiffError  # noqa: PLC0415

    return isinstance(error, (GitError, DiffError, SettingsError, UnknownRule))


def _fail(sentence: str) -> int:
    from bot.render.escape import plain  # noqa: PLC0415

    sys.stderr.write(f"wrc: {plain(sentence)}\n")
    return BAD_INPUT


def _render(report: Report, output: Format) -> str:
    if output == "text":
        from bot.render import text  # noqa: PLC0415

        return text.render(report, width=shutil.get_terminal_size().columns, colour=_colour())
    rendered: str = import_module(f"bot.render.{output}").render(report)
    return rendered


def _render_audit(audit: Audit, output: Format) -> str:
    if output == "text":
        from bot.render import text  # noqa: PLC0415

        return text.render_audit(audit, width=shutil.get_terminal_size().columns, colour=_colour())
    rendered: str = import_module(f"bot.render.{output}").render_audit(audit)
    return rendered


def _render_validation(validation: Validation, output: Format) -> str:
    if output == "text":
        from bot.render import text  # noqa: PLC0415

        return text.render_validation(validation, width=shutil.get_terminal_size().columns, colour=_colour())
    rendered: str = import_module(f"bot.render.{output}").render_validation(validation)
    return rendered


def _colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _write(text: str) -> None:
    """Write to stdout, whatever its encoding is; a reader that leaves early is no error."""
    try:
        sys.stdout.buffer.write(text.encode(sys.stdout.encoding or "utf-8", "replace"))
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
