"""The verdicts of an audit, each with the lines that it rests on."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from rules.audit import NOT_NEW, Audit, Verdict, audit, requirements
from rules.sources.tree import MemoryTree
from tests.rules.harness import DOCKERFILE, FIXTURES, TEMPLATE, Case, host, plant, repository

MINIMAL = host("minimal").files[TEMPLATE]
STARTUP = "scripts/templates/drupal-core/startup.sh"
BOOT_RULES = {"INV-3", "INV-4", "INV-6", "INV-7", "INV-9", "BOOT", "F-3", "F-4", "F-5", "F-8", "F-9", "F-10"}


def verdicts(found: Audit, template: str = "user-defined-web") -> Mapping[str, Verdict]:
    [audited] = [each for each in found.templates if each.name == template]
    return {verdict.id: verdict for verdict in audited.requirements}


def audited(case: Case, template: str = "user-defined-web") -> Mapping[str, Verdict]:
    return verdicts(audit(plant(case, "full").head, "r" * 40, None), template)


def line_of(tree: MemoryTree, text: str) -> int:
    [line] = [number for number, line in enumerate(tree.files[TEMPLATE].split("\n"), 1) if text in line]
    return line


def test_what_keeps_the_contract_holds_with_evidence() -> None:
    tree = host("full")
    found = verdicts(audit(tree, "r" * 40, None))
    assert list(found) == [each.id for each in requirements()]
    checked = {each.id for each in requirements() if each.check is not None or each.image_check is not None}
    assert {rule for rule, verdict in found.items() if verdict.verdict == "holds"} == checked
    sysbox = found["INV-1"].evidence
    assert ('runtime: "sysbox-runc"', TEMPLATE) in {(step.text, step.path) for step in sysbox}
    assert {step.line for step in sysbox} >= {line_of(tree, 'runtime       = "sysbox-runc"')}
    assert found["F-1"].evidence == ()


def test_a_certain_violation_breaks_the_rule_and_what_is_equally_true() -> None:
    case = Case("socket", container='volumes {\n  host_path = "/run/docker.sock"\n  container_path = "/x"\n}')
    found = audited(case)
    assert found["F-1"].verdict == found["INV-4"].verdict == "broken"
    line = line_of(plant(case, "full").head, '"/run/docker.sock"')
    assert [(step.path, step.line) for step in found["F-1"].evidence] == [(TEMPLATE, line)]
    assert found["F-2"].verdict == "holds"


def edited(old: str, new: str) -> Mapping[str, Verdict]:
    """The verdicts on the small template in which `old` stands once and is replaced."""
    assert MINIMAL.count(old) == 1
    return verdicts(audit(MemoryTree.of({TEMPLATE: MINIMAL.replace(old, new)}), "r" * 40, None))


def broken(found: Mapping[str, Verdict]) -> set[str]:
    return {rule for rule, verdict in found.items() if verdict.verdict == "broken"}


def test_what_two_requirements_ask_for_is_evidence_for_both() -> None:
    identity = MINIMAL[MINIMAL.index("    git config --global user.name") : MINIMAL.index("    echo '{ \"registry")]
    found = edited(identity, "")
    assert broken(found) == {"BOOT", "INV-9"}
    assert found["INV-9"].evidence == found["BOOT"].evidence


def test_staged_files_that_come_late_are_copied_all_the_same() -> None:
    staged = MINIMAL[
        MINIMAL.index("    if [ -d /home/coder-files ]") : MINIMAL.index("    git config --global user.name")
    ]
    late = "    ddev config global"
    text = MINIMAL.replace(staged, "").replace(late, staged + late)
    found = verdicts(audit(MemoryTree.of({TEMPLATE: text}), "r" * 40, None))
    assert broken(found) == {"BOOT"}


def test_one_cause_is_one_line_of_evidence() -> None:
    found = edited("set +e", "set -e")
    assert broken(found) == {"F-10", "BOOT"}
    assert [len(found[rule].evidence) for rule in ("F-10", "BOOT")] == [1, 1]


@pytest.mark.parametrize(
    ("start", "told"),
    [
        ("/home/coder/shop", "nothing makes `/home/coder/shop`, where the agent starts"),
        ("/home/coder", "nothing makes a folder for the user's work"),
    ],
)
def test_a_folder_that_nothing_makes_is_the_one_that_the_agent_starts_in(start: str, told: str) -> None:
    text = MINIMAL.replace("    mkdir -p /home/coder/projects\n", "").replace(
        "  env = {", f'  dir = "{start}"\n  env = {{'
    )
    found = verdicts(audit(MemoryTree.of({TEMPLATE: text}), "r" * 40, None))
    assert [step.text for step in found["BOOT"].evidence] == [f"No step for the standard directories: {told}."]


def test_the_folder_that_the_agent_starts_in_is_a_standard_directory() -> None:
    text = MINIMAL.replace("/home/coder/projects", "~/shop").replace(
        "  env = {", '  dir = "/home/coder/shop"\n  env = {'
    )
    assert broken(verdicts(audit(MemoryTree.of({TEMPLATE: text}), "r" * 40, None))) == set()


def test_what_is_forbidden_in_new_code_only_is_left_open_where_nobody_knows_what_is_new() -> None:
    found = audited(Case("hostname", boot="CODER_WORKSPACE_ID=$(hostname)"))
    assert (found["F-8"].verdict, found["INV-9"].verdict) == ("broken", "undecided")
    [step] = found["INV-9"].evidence
    assert step.text == f"{found['F-8'].evidence[0].text} {NOT_NEW}"


def test_a_question_leaves_it_open() -> None:
    found = audited(Case("network", container='network_mode = "host"'))
    assert found["F-6"].verdict == "undecided"
    assert found["F-6"].evidence


def test_what_cannot_be_known_leaves_it_open() -> None:
    found = audited(Case("variable", container="privileged = var.trusted", top='variable "trusted" {}'))
    assert found["F-2"].verdict == "undecided"
    assert "trusted" in found["F-2"].evidence[0].text


def test_a_rule_of_our_own_asks_about_its_requirement() -> None:
    found = audited(Case("eaten", boot='echo "${PORT:-80}"'))
    assert found["BOOT"].verdict == "undecided"
    assert "W-1" not in found


def test_a_template_that_cannot_be_read_leaves_all_open_but_what_is_certain() -> None:
    tree = host("full")
    text = tree.files[TEMPLATE].replace("privileged    = false", "privileged = true") + '\nresource "x" "y" {\n'
    found = verdicts(audit(MemoryTree.of({**tree.files, TEMPLATE: text}), "r" * 40, None))
    assert found["F-2"].verdict == "broken"
    assert {verdict.verdict for verdict in found.values()} == {"broken", "undecided"}
    assert all(verdict.evidence for verdict in found.values())


def test_what_could_not_be_read_is_a_sentence() -> None:
    found = verdicts(audit(MemoryTree.of({TEMPLATE: MINIMAL + "#" * 2**21}), "r" * 40, None))
    assert {step.text for each in found.values() for step in each.evidence} == {
        "could not be read: it is larger than 2 MiB"
    }


@pytest.mark.parametrize(
    ("path", "open_"),
    [
        (
            STARTUP,
            BOOT_RULES,
        ),
        ("scripts/shared/shutdown.sh", {"INV-4", "INV-6", "INV-8", "F-3", "F-4", "F-5", "F-8", "F-9"}),
    ],
)
def test_a_script_that_cannot_be_read_leaves_open_what_rests_on_it_and_says_which(path: str, open_: set[str]) -> None:
    tree = repository()
    files = {**tree.files, path: f"{tree.files[path]}\nif true; then\n"}
    found = verdicts(audit(MemoryTree.of(files, tree.links), "r" * 40, None), "drupal-core")
    assert {rule for rule, verdict in found.items() if verdict.verdict == "undecided"} == open_
    assert {step.path for rule in open_ for step in found[rule].evidence if "could not be read" in step.text} == {path}
    assert {found[rule].verdict for rule in found.keys() - open_} == {"holds"}


@pytest.mark.parametrize(
    ("text", "why"), [(None, "does not exist"), ("#" * 2**21 + "\nset -e\n", "is larger than 2 MiB")]
)
def test_a_script_that_cannot_be_known_leaves_open_what_rests_on_it_and_says_why(text: str | None, why: str) -> None:
    tree = repository()
    files = {path: each for path, each in tree.files.items() if path != STARTUP}
    files |= {STARTUP: text} if text is not None else {}
    found = verdicts(audit(MemoryTree.of(files, tree.links), "r" * 40, None), "drupal-core")
    assert {rule for rule, verdict in found.items() if verdict.verdict == "undecided"} == BOOT_RULES
    assert all(f"reads {STARTUP}, which {why}" in found[rule].evidence[0].text for rule in BOOT_RULES)


@pytest.mark.parametrize(
    "boot",
    [
        'bash -c "$(curl -fsSL https://example.com/install.sh)"',
        "[ -f ~/.shop/env ] && . ~/.shop/env",
        "[ -f /opt/shop/env ] && . /opt/shop/env",
    ],
)
def test_a_program_that_the_script_starts_is_no_part_of_it(boot: str) -> None:
    assert {verdict.verdict for verdict in audited(Case("other", boot=boot)).values()} == {"holds"}


def test_of_drift_in_a_script_that_cannot_be_known_nothing_is_said() -> None:
    case = Case("unknown", boot="${var.setup}", top='variable "setup" {}')
    items = {drift.id for drift in audit(plant(case, "full").head, "r" * 40, None).drift}
    assert items == {"D-1", "D-2", "D-3", "D-4", "D-6"}


def test_a_template_without_anything_does_not_hold_by_itself() -> None:
    tree = MemoryTree.of({"empty/template.tf": 'resource "docker_container" "workspace" {}\n'})
    found = verdicts(audit(tree, "r" * 40, None), "empty")
    assert found["INV-1"].verdict == "broken"
    assert found["F-1"].verdict == "holds"
    held = {rule for rule, verdict in found.items() if verdict.verdict == "holds"}
    assert all(rule.startswith("F-") for rule in held)
    assert all(found[rule].evidence for rule in set(found) - held)


def test_what_is_wrong_in_the_image_counts_for_every_template() -> None:
    tree = repository()
    dockerfile = tree.files[DOCKERFILE] + "RUN chown -R 1000:1000 /home/coder-files\n"
    found = audit(MemoryTree.of({**tree.files, DOCKERFILE: dockerfile}, tree.links), "r" * 40, None)
    for template in ("user-defined-web", "drupal-core", "drupal-contrib"):
        assert verdicts(found, template)["F-3"].verdict == "broken"
    assert [finding.rule for finding in found.findings].count("F-3") == 1


def test_a_template_that_is_not_governed_is_listed() -> None:
    found = audit(repository(), "r" * 40, None)
    governed = {template.name: template.governed for template in found.templates}
    assert governed == {"drupal-contrib": True, "drupal-core": True, "freeform": False, "user-defined-web": True}
    assert {verdict.verdict for verdict in verdicts(found, "freeform").values()} == {"not-applicable"}
    assert list(verdicts(found, "freeform")) == list(verdicts(found))


@pytest.mark.parametrize("files", [{}, {"README.md": "about\n"}])
def test_a_repository_without_templates(files: Mapping[str, str]) -> None:
    found = audit(MemoryTree.of(files), "r" * 40, None)
    assert (found.templates, found.findings, found.problems) == ((), (), ())


def test_long_evidence_is_cut() -> None:
    found = audited(Case("long", boot=f"git config --global user.name {'x' * 5000}"))
    assert max(len(step.text) for verdict in found.values() for step in verdict.evidence) <= 300


CONTRACT = "openspec/changes/add-it/specs/workspace-runtime/spec.md"
WRITTEN = (FIXTURES / "contract.md").read_text("utf-8")


def noted(tree: MemoryTree, contract: str) -> list[tuple[int, str]]:
    found = audit(MemoryTree.of({**tree.files, CONTRACT: contract}, tree.links), "r" * 40, None)
    assert found.contract is not None
    assert found.contract.source == "repository"
    assert {note.path for note in found.notes} <= {CONTRACT}
    return [(note.line, note.text) for note in found.notes]


def test_a_contract_that_fits_needs_no_note() -> None:
    assert noted(host("full"), WRITTEN) == []


def test_a_template_and_a_file_that_are_gone_are_noted() -> None:
    text = WRITTEN.replace("(`user-defined-web`)", "(`user-defined-web`, `drupal-seven`)")
    text = text.replace("`coder-setup` cannot", "`image/scripts/setup.sh` cannot")
    lines = text.split("\n")
    (template, gone), (item, missing) = noted(host("full"), text)
    assert gone == "The contract governs the template 'drupal-seven', which is not there."
    assert "drupal-seven" in lines[template - 1]
    assert missing == "D-3 speaks of 'image/scripts/setup.sh', which is not there."
    assert lines[item - 1].startswith("- **D-3**")


def test_an_item_that_is_not_checked_yet_is_noted() -> None:
    text = WRITTEN.replace("- F-10:", "- F-11: Loud fans.\n- F-10:")
    [(line, told)] = noted(host("full"), text)
    assert told.startswith("The contract has F-11, which is not checked yet")
    assert text.split("\n")[line - 1] == "- F-11: Loud fans."


def test_a_third_place_is_a_question_to_the_contract_too() -> None:
    block = 'volumes {\n  volume_name = "brew"\n  container_path = "/home/linuxbrew"\n}'
    tree = plant(Case("third", container=block), "full").head
    [(line, told)] = noted(tree, WRITTEN)
    assert told.startswith("“Two-Volume Persistence Model” knows no further storage, and there is some (")
    assert f"({TEMPLATE}:" in told
    assert WRITTEN.split("\n")[line - 1] == "### Requirement: Two-Volume Persistence Model"


def test_the_text_in_force_says_what_a_requirement_is_called() -> None:
    tree = host("full")
    text = WRITTEN.replace("Requirement: Host-Aware Cleanup", "Requirement: Tidy End")
    found = audit(MemoryTree.of({**tree.files, CONTRACT: text}, tree.links), "r" * 40, None)
    assert verdicts(found)["INV-8"].requirement == "Tidy End"
