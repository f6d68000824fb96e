"""Which text of the contract counts, what of it is cited, and how its words reach a review."""

from __future__ import annotations

import pytest

from rules.contract import BUNDLED_URL, WrittenContract, load_contract
from rules.coverage import words_of
from rules.model import Span, Violation
from rules.registry import all_rules, entry
from rules.sources.tree import MAX_BLOB_BYTES, MemoryTree
from tests.rules.harness import FIXTURES
from tests.rules.test_deltas import ADDED, CONTRACT, DELTA, FORBIDDEN, MAIN, SPEC, _modified

URL = "https://github.com/o/r"
ARCHIVE = "openspec/changes/archive/2026-01-02-x/specs/workspace-runtime/spec.md"
CLEANUP = "Host-Aware Cleanup"
SYSBOX = "Sysbox Container Runtime"
LIST = "Forbidden Runtime Behaviors"
ALL = list(dict.fromkeys(rule.requirement for rule in all_rules() if not rule.id.startswith("W-")))
STOP, DELETE = "scenario “Stop leaves time”", "scenario “Delete removes the folder”"
CONFIGURED = WrittenContract(ADDED, "spec.md", "c" * 40, f"{URL}/blob/x/spec.md")


def _spec(*names: str) -> str:
    blocks = [f"### Requirement: {name}\nIt SHALL be.\n\n#### Scenario: S\n- **THEN** it is\n" for name in names]
    return "# x\n\n## Purpose\nx\n\n## Requirements\n\n" + "\n".join(blocks)


@pytest.mark.parametrize(
    ("files", "configured", "source", "path"),
    [
        ({MAIN: SPEC}, None, "repository", MAIN),
        ({CONTRACT: ADDED}, None, "repository", CONTRACT),
        ({MAIN: SPEC, CONTRACT: ADDED}, None, "repository", MAIN),
        ({CONTRACT: ADDED}, CONFIGURED, "repository", CONTRACT),
        ({ARCHIVE: ADDED}, CONFIGURED, "configured", "spec.md"),
        ({DELTA: _modified(FORBIDDEN)}, CONFIGURED, "configured", "spec.md"),
        ({}, WrittenContract("nothing", "x", "y", None), "bundled", "rules/contract.md"),
        ({DELTA: _modified(FORBIDDEN)}, None, "bundled", "rules/contract.md"),
        ({}, None, "bundled", "rules/contract.md"),
    ],
)
def test_which_text_counts(files: dict[str, str], configured: WrittenContract | None, source: str, path: str) -> None:
    contract = load_contract(MemoryTree.of(files), "r", URL, lambda: configured).contract
    assert (contract.source, contract.path) == (source, path)


def test_what_is_configured_is_not_read_where_the_repository_holds_the_contract() -> None:
    def configured() -> WrittenContract:
        raise AssertionError("asked for")

    assert load_contract(MemoryTree.of({MAIN: SPEC}), "r", URL, configured).contract.source == "repository"


@pytest.mark.parametrize(
    ("configured", "told"),
    [
        (WrittenContract("", "x.md", "", None, "('x.md' at main) does not exist"), "('x.md' at main) does not exist."),
        (WrittenContract("# Nothing", "x.md", "c" * 40, None), "holds no requirement in x.md."),
    ],
)
def test_what_is_configured_and_cannot_be_used_is_told(configured: WrittenContract, told: str) -> None:
    text = load_contract(MemoryTree.of({}), "r", URL, lambda: configured)
    assert text.contract.source == "bundled"
    (remark,) = text.remarks()
    assert (remark.path, remark.line) == (".github/wrc.yml", 1)
    assert remark.text == f"The contract that the configuration names {told} Until then our own summary counts."


def test_active_changes_add_to_the_main_spec() -> None:
    more = "## ADDED Requirements\n\n### Requirement: Quiet Nights\nIt SHALL be quiet.\n\n#### Scenario: S\n- x\n"
    text = load_contract(MemoryTree.of({MAIN: SPEC, DELTA: more}), "r", URL)
    assert list(text.requirements) == [SYSBOX, CLEANUP, LIST, "Quiet Nights"]
    assert text.requirements["Quiet Nights"].path == DELTA
    (remark,) = [each for each in text.remarks() if "Quiet Nights" in each.text]
    assert (remark.path, remark.line) == (DELTA, 3)


@pytest.mark.parametrize(
    ("rule", "requirement", "words", "heading", "part"),
    [
        (
            "INV-8",
            CLEANUP,
            ("docker_container.workspace/stop_timeout", "20"),
            "Stop leaves",
            "scenario “Stop leaves time”",
        ),
        (
            "INV-8",
            CLEANUP,
            ("null_resource.workspace_cleanup",),
            "Delete removes",
            "scenario “Delete removes the folder”",
        ),
        ("INV-8", CLEANUP, ("zebra",), "Requirement: Host", None),
        ("INV-1", SYSBOX, ("runtime",), "Scenario: Runtime", "scenario “Runtime”"),
        ("F-2", LIST, (), "- F-2", "“A privileged container.”"),
    ],
)
def test_a_citation_names_the_clause_that_fits(
    rule: str, requirement: str, words: tuple[str, ...], heading: str, part: str | None
) -> None:
    citation = load_contract(MemoryTree.of({CONTRACT: ADDED}), "abc", URL).cite(rule, requirement, words)
    assert citation is not None
    assert heading in ADDED.split("\n")[citation.start - 1]
    assert citation.part == part
    lines = f"L{citation.start}-L{citation.end}" if citation.end > citation.start else f"L{citation.start}"
    assert citation.url == f"{URL}/blob/abc/{CONTRACT}?plain=1#{lines}"


WHOLE = (FIXTURES / "contract.md").read_text("utf-8")
"""A contract with everything that the rules check, in our own words."""

SCRIPT = "coder_agent.main.startup_script"
CONTAINER = "docker_container.workspace"
STATED = "Requirement"
"""Where a kind of finding rests on what the requirement says before its scenarios."""

KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "INV-1": {
        "What the container declares": (
            f"{CONTAINER}/runtime | runtime=runc",
            f"{CONTAINER}/runtime | runtime missing",
            f"{CONTAINER}/privileged | privileged missing",
            f"{CONTAINER}/security_opts | security_opts lacks seccomp:unconfined",
            f"{CONTAINER}/security_opts | security_opts has no-new-privileges",
        )
    },
    "INV-2": {
        "Who the container is run as": (
            f"{CONTAINER}/user | user=root",
            f"{CONTAINER}/user | user missing",
            f"{CONTAINER}/group_add | group_add lacks var.docker_gid",
            "coder_agent.main/HOME | HOME=/home/dev",
            "image/USER | final USER root",
        ),
        "The image agrees": ("image/coder | no user coder", "image/coder's UID | uid=2000"),
    },
    "INV-3": {
        "The sudoers entry of the image": (
            "image/sudoers | no entry for coder | sudoers file",
            "image/sudoers mode | mode 644 | sudoers file",
            "image/sudoers | no env_keep | sudoers file",
            f"{SCRIPT}/sudo | mode 644 | sudoers file",
        ),
        "No prompt at boot": (
            f"{SCRIPT}/sudo | sudo reads a password | sudoers file",
            f"{SCRIPT}/sudo | sudoers file removed | sudoers file",
        ),
    },
    "INV-4": {
        "The script starts the daemon": (
            f"{SCRIPT}/dockerd | never started | start of dockerd",
            f"{SCRIPT}/dockerd | no guard | check whether dockerd runs",
            f"{SCRIPT}/dockerd | no sudo",
            f"{SCRIPT}/dockerd | log in /dev/null",
            f"{SCRIPT}/dockerd | endless wait | wait for the Docker socket",
            f"{SCRIPT}/dockerd | access before the wait",
        ),
        "A mirror comes first": (f"{SCRIPT}/dockerd | config /etc/d.json",),
        STATED: (f"{SCRIPT}/dockerd | data in /home/coder/docker", f"{SCRIPT}/dockerd | rm /var/lib/docker/*"),
    },
    "INV-5": {
        "The home": (
            f"{CONTAINER}//home/coder | no mount at /home/coder | `volumes` block",
            f"{CONTAINER}//home/coder | host_path lacks owner",
            f"{CONTAINER}//home/coder | read_only=true",
        ),
        "The storage": (
            f"{CONTAINER}//var/lib/docker | no mount at /var/lib/docker | `mounts` block",
            f"{CONTAINER}//var/lib/docker | name lacks owner",
            "docker_volume.dind_cache/count | depends on data.coder_workspace.me.start_count",
        ),
        STATED: (f"{CONTAINER}//var/lib/docker | name docker-*-*",),
    },
    "INV-6": {
        "The first start": (f"{SCRIPT}/hydration | nothing is copied", "image/staging | nothing is staged"),
        "Every later start": ("appends to the user's files | /home/coder/.bashrc gets export X=1",),
        "An image without it": ("missing staged files | exit",),
    },
    "INV-7": {
        "The router": ("boot/router | not left out | global DDEV configuration",),
        "The button": (
            "app for the site | nothing on http://localhost:80",
            "coder_app.ddev-web/healthcheck | healthcheck",
            "coder_app.ddev-web/subdomain | subdomain=false",
        ),
        STATED: ("boot/projects | ddev start --all",),
    },
    "INV-8": {
        "Stop preserves both": (
            f"{CONTAINER}/count | count missing | count",
            "removal of the host folder | destroyed on stop",
        ),
        "Delete removes the home": (
            "removal of the host folder | no coder-delete-workspace-dir",
            "removal of the host folder | not at destroy | null_resource.workspace_cleanup provisioner",
        ),
        "Stop takes its time": (
            f"{CONTAINER}/stop_timeout | stop_timeout=60",
            f"{CONTAINER}/stop_signal | stop_signal=SIGTERM",
            f"{CONTAINER}/destroy_grace_seconds | destroy_grace_seconds missing",
            "stop script | no poweroff | run_on_stop",
            "stop script | poweroff without guard | step of the stop script",
        ),
    },
    "INV-9": {
        "Variables": (
            "coder_agent.main/env | `CODER_WORKSPACE_ID` missing",
            "identity in the boot script | CODER_WORKSPACE_NAME = main",
            "identity in the boot script | git user.name = Coder",
            f"{SCRIPT}/git | git user.email missing | git user.email",
        )
    },
    "BOOT": {
        "Mirror precedes dockerd": (f"{SCRIPT} | registry mirror after dockerd",),
        "Hydration precedes the profile": (
            f"{SCRIPT} | staged files after shell profile",
            f"{SCRIPT} | does not show ~/WELCOME.txt | login shell: show ~/WELCOME.txt",
        ),
        "Whatever fails": (
            f"{SCRIPT} | no set +e | what a failure does",
            f"{SCRIPT} | exit 1",
            f"{SCRIPT} | kills itself",
            f"{SCRIPT} | pipefail",
        ),
        STATED: (
            f"{SCRIPT} | no GitSSH | boot step: GitSSH",
            f"{SCRIPT} | dockerd after image pre-pull",
            f"{SCRIPT} | registry mirror beside dockerd",
        ),
    },
    "W-1": {STATED: (f"{SCRIPT} | PORT",)},
    **{f"F-{number}": {f"- F-{number}:": ("x | y",)} for number in range(1, 11)},
    **{f"D-{number}": {f"- **D-{number}**": ("x | y",)} for number in range(1, 7)},
}
"""For each kind of finding, by its address, its evidence and what was lost: the heading or item that it rests on."""


@pytest.mark.parametrize(
    ("rule", "heading", "kind"),
    [(rule, heading, kind) for rule, parts in KINDS.items() for heading, kinds in parts.items() for kind in kinds],
)
def test_every_kind_of_finding_rests_on_the_lines_that_say_so(rule: str, heading: str, kind: str) -> None:
    address, evidence, lost = (*kind.split(" | "), None)[:3]
    assert address is not None
    assert evidence is not None
    about = Violation(rule, "t", address, evidence, Span("t/template.tf", 1, 1), "failure", "`x`", lost=lost)
    text = load_contract(MemoryTree.of({CONTRACT: WHOLE}), "abc", URL)
    name = entry(rule).requirement
    citation = text.cite(rule, name, words_of(about))
    assert citation is not None
    lines = WHOLE.split("\n")[citation.start - 1 : citation.end]
    expected = {STATED: f"### Requirement: {name}"}.get(heading, f"#### Scenario: {heading}")
    assert lines[0].startswith(heading if heading.startswith("- ") else expected)
    assert lines[-1].strip()
    assert not any(line.startswith("#") for line in lines[1:])


def test_our_own_summary_has_every_requirement_and_links_to_the_proposal() -> None:
    text = load_contract(MemoryTree.of({}), "", None)
    for rule in all_rules():
        if not rule.id.startswith("W-"):
            citation = text.cite(rule.id, rule.requirement)
            assert citation is not None
            assert citation.url == BUNDLED_URL
    assert list(text.remarks()) == []


def test_what_cannot_be_read_of_it_is_told() -> None:
    large = SPEC + "x" * MAX_BLOB_BYTES
    text = load_contract(MemoryTree.of({MAIN: large}), "r", URL, lambda: CONFIGURED)
    assert text.contract.source == "configured"
    (remark,) = [each for each in text.remarks() if each.path == MAIN]
    assert "larger than 16 MiB and is not read" in remark.text
    partly = load_contract(MemoryTree.of({MAIN: SPEC, DELTA: large}), "r", URL)
    assert partly.contract.source == "repository"
    assert [each.path for each in partly.remarks() if "is not read" in each.text] == [DELTA]


def test_a_renamed_requirement_is_known_by_its_new_name() -> None:
    renamed = f"## RENAMED Requirements\n\n- FROM: `### Requirement: {CLEANUP}`\n- TO: `### Requirement: Tidy End`\n"
    text = load_contract(MemoryTree.of({MAIN: SPEC.replace(CLEANUP, "Tidy End"), ARCHIVE: renamed}), "r", URL)
    assert text.name(CLEANUP) == "Tidy End"
    citation = text.cite("INV-8", CLEANUP, ("stop_timeout",))
    assert citation is not None
    assert citation.part == "scenario “Stop leaves time”"


@pytest.mark.parametrize("name", ALL)
def test_one_new_name_between_its_neighbours_is_that_of_the_one_that_is_missing(name: str) -> None:
    names = ["Another" if each == name else each for each in ALL]
    text = load_contract(MemoryTree.of({MAIN: _spec(*names)}), "r", URL)
    assert text.name(name) == "Another"


def test_two_new_names_are_not_guessed() -> None:
    names = [{ALL[2]: "One", ALL[3]: "Two"}.get(each, each) for each in ALL]
    text = load_contract(MemoryTree.of({MAIN: _spec(*names)}), "r", URL)
    assert text.written(ALL[2]) is None
    assert text.cite("INV-3", ALL[2]) is None
    assert any("no longer has INV-3" in each.text for each in text.remarks())


def test_an_item_that_is_new_is_told() -> None:
    more = ADDED.replace("- F-6:", "- F-11: Loud fans.\n- F-6:")
    text = load_contract(MemoryTree.of({CONTRACT: more}), "r", URL)
    (remark,) = [each for each in text.remarks() if "F-11" in each.text]
    assert "not checked yet" in remark.text
    assert more.split("\n")[remark.line - 1] == "- F-11: Loud fans."


def test_many_items_that_are_new_are_told_in_part() -> None:
    more = ADDED.replace("- F-6:", "".join(f"- F-{number}: More.\n" for number in range(11, 500)) + "- F-6:")
    told = [each.text for each in load_contract(MemoryTree.of({CONTRACT: more}), "r", URL).remarks()]
    assert len([each for each in told if "not checked yet" in each]) == 21
    assert "The contract has more that is not checked yet." in told


def test_what_the_contract_no_longer_has_is_only_asked() -> None:
    text = load_contract(MemoryTree.of({CONTRACT: ADDED.replace("- F-6: Ports that are published.\n", "")}), "r", URL)
    assert not text.asks("F-6", LIST)
    assert text.asks("F-2", LIST)


def test_duplicate_names_crlf_and_fences() -> None:
    twice = f"{ADDED}\n{FORBIDDEN.replace('privileged', 'loud')}"
    text = load_contract(MemoryTree.of({CONTRACT: f"\ufeff{twice}".replace("\n", "\r\n")}), "r", URL)
    citation = text.cite("F-2", LIST)
    assert citation is not None
    assert citation.part == "“A privileged container.”"
    fenced = load_contract(MemoryTree.of({CONTRACT: f"```\n{ADDED}```\n"}), "r", URL)
    assert fenced.contract.source == "bundled"
