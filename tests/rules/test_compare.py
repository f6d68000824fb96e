"""Whole repositories, base against head: who is blamed, what is affected, and what a broken file costs."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from msgspec import structs

from rules.model import Finding, Report
from rules.sources.tree import MemoryTree
from tests.rules.harness import Case, compare, host, introduced, plant, repository

WEB, CORE, CONTRIB = (f"{name}/template.tf" for name in ("user-defined-web", "drupal-core", "drupal-contrib"))
LIB = "scripts/shared/lib.sh"
BOOT = "scripts/templates/drupal-core/startup.sh"
DOCKERFILE = "image/Dockerfile"
DAEMON = "shared/modules/docker_daemon/main.tf"
BEGIN = "    sudo chown coder:coder /home/coder\n"
OWN, OTHER = "    sudo chown %s ~/one\n", "    sudo chown %s ~/two\n"
CONTAINER = 'resource "docker_container" "workspace" {\n'

SOCKET = """
  volumes {
    container_path = "/d.sock"
    host_path      = "/var/run/docker.sock"
  }
"""
RUN_FOLDER = """
  volumes {
    container_path = "/host-run"
    host_path      = "/run"
  }
"""


def written(tree: MemoryTree, files: dict[str, str | None]) -> MemoryTree:
    """The tree with files written, or taken away where the text is None."""
    kept = {path: text for path, text in tree.files.items() if path not in files}
    return structs.replace(tree, files={**kept, **{path: text for path, text in files.items() if text is not None}})


def swapped(tree: MemoryTree, path: str, old: str, new: str) -> MemoryTree:
    text = tree.files[path]
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {path}"
    return written(tree, {path: text.replace(old, new)})


def minimal() -> MemoryTree:
    return host("minimal")


def in_container(tree: MemoryTree, path: str, code: str) -> MemoryTree:
    return swapped(tree, path, CONTAINER, CONTAINER + code)


def line_of(tree: MemoryTree, path: str, text: str) -> int:
    [number] = [n for n, line in enumerate(tree.files[path].split("\n"), 1) if text in line]
    return number


def said(findings: list[Finding]) -> list[tuple[str, str, int]]:
    return [(f.rule, f.path, f.line) for f in findings]


def with_status(report: Report, status: str) -> list[Finding]:
    return [f for f in report.findings if f.status == status]


def affected(report: Report) -> dict[str, set[tuple[str, str | None, str | None]]]:
    return {a.id: {(c.what, c.before, c.after) for c in a.changes} for a in report.affected}


# The fixture itself


def test_the_repository_of_the_fixtures_is_clean() -> None:
    report = compare(MemoryTree.of({}), repository())
    assert (report.findings, report.undecided, report.problems) == ((), (), ())
    assert report.governed == ("drupal-contrib", "drupal-core", "user-defined-web")


@pytest.mark.parametrize("template", ["drupal-contrib", "drupal-core", "user-defined-web"])
def test_the_boot_steps_are_seen_in_order_in_every_wiring(template: str) -> None:
    kept = {p: t for p, t in repository().files.items() if p.startswith((f"{template}/", "scripts/", "shared/"))}
    links = {p: t for p, t in repository().links.items() if p.startswith(f"{template}/")}
    report = compare(MemoryTree.of({}), MemoryTree.of(kept, links))
    steps = "home ownership → skeleton → GitSSH → staged files → git identity → registry mirror → dockerd"
    order = f"{steps} → image pre-pull → directories → shell profile"
    assert ("order of the boot steps", None, order) in affected(report)["BOOT"]


# Who is blamed


def test_a_new_template_folder_is_governed() -> None:
    base = repository()
    text = base.files[CORE].replace("privileged = false", "privileged = true")
    head = written(base, {"drupal-recipes/template.tf": text})
    report = compare(base, head)
    assert said(introduced(report)) == [
        ("F-2", "drupal-recipes/template.tf", line_of(head, "drupal-recipes/template.tf", "privileged = true"))
    ]
    assert introduced(report)[0].template == "drupal-recipes"
    assert "drupal-recipes" in report.governed
    assert report.conclusion == "failure"


def test_a_folder_that_a_template_calls_is_a_part_of_it() -> None:
    base = repository()
    call = '\nmodule "cache" {\n  source = "../parts/cache"\n}\n'
    cache = 'resource "docker_container" "cache" {\n  name  = "cache"\n  image = "redis:7"\n}\n'
    head = written(base, {WEB: base.files[WEB] + call, "parts/cache/main.tf": cache})
    report = compare(base, head)
    assert report.governed == ("drupal-contrib", "drupal-core", "user-defined-web")
    assert said(introduced(report)) == []


def test_a_template_that_becomes_a_module_is_still_one() -> None:
    base = repository()
    text = base.files[CORE].replace("${path.module}/..", "${path.module}/../..")
    variables = dict(re.findall(r'^variable "(\w+)" \{\n(.*?)^}', text, re.MULTILINE | re.DOTALL))
    root = "".join(f'variable "{name}" {{\n{body}}}\n' for name, body in variables.items())
    inputs = "".join(f"  {name} = var.{name}\n" for name in variables)
    root += f'module "workspace" {{\n  source = "../parts/workspace"\n{inputs}}}\n'
    moved = written(base, {CORE: root, "parts/workspace/main.tf": text})
    assert (compare(base, moved).findings, compare(base, moved).affected) == ((), ())
    report = compare(base, swapped(moved, "parts/workspace/main.tf", "privileged = false", "privileged = true"))
    assert [(f.rule, f.template, f.path) for f in introduced(report)] == [
        ("F-2", "drupal-core", "parts/workspace/main.tf")
    ]


def test_a_file_behind_a_link_is_told_by_its_own_path() -> None:
    base = repository()
    linked = structs.replace(
        written(
            base, {WEB: None, "parts/web.tf": base.files[WEB].replace("privileged    = false", "privileged = true")}
        ),
        links={**base.links, WEB: "../parts/web.tf"},
    )
    assert [(f.rule, f.path) for f in introduced(compare(base, linked))] == [("F-2", "parts/web.tf")]


@pytest.mark.parametrize("name", ["override.tf.json", "terraform.tfvars.json", "local.auto.tfvars.json"])
def test_a_form_of_terraform_that_is_not_read_leaves_the_question_open(name: str) -> None:
    base = repository()
    text = '{"resource": {"docker_container": {"workspace": {"privileged": true}}}}\n'
    report = compare(base, written(base, {f"user-defined-web/{name}": text}))
    assert report.conclusion == "neutral"
    assert [problem.path for problem in report.problems] == [f"user-defined-web/{name}"]


def test_a_template_folder_that_goes_takes_its_findings_along() -> None:
    base = in_container(repository(), CORE, SOCKET)
    report = compare(base, written(base, {CORE: None}))
    assert [(f.rule, f.status) for f in report.findings] == [("F-1", "fixed")]
    assert report.conclusion == "success"


def test_a_renamed_template_is_not_blamed_for_what_it_had() -> None:
    base = in_container(repository(), CORE, SOCKET)
    head = written(base, {CORE: None, "drupal-next/template.tf": base.files[CORE] + "\n# renamed\n"})
    report = compare(base, head)
    assert [(f.rule, f.status, f.path) for f in report.findings] == [("F-1", "preexisting", "drupal-next/template.tf")]
    assert report.affected == ()
    assert report.conclusion == "success"


def test_a_template_that_is_rewritten_under_another_name_is_not_blamed_for_what_it_had() -> None:
    base = in_container(repository(), CORE, SOCKET)
    rewritten = "\n".join(
        f"{line}  # {number}" if "=" in line and "<<" not in line and "EOT" not in line else line
        for number, line in enumerate(base.files[CORE].split("\n"))
    )
    head = written(base, {CORE: None, "drupal-next/template.tf": rewritten})
    assert not [f for f in introduced(compare(base, head)) if f.rule == "F-1"]


def test_a_renamed_template_is_blamed_for_what_it_adds() -> None:
    base = in_container(repository(), CORE, SOCKET)
    text = base.files[CORE].replace("privileged = false", "privileged = true")
    report = compare(base, written(base, {CORE: None, "drupal-next/template.tf": text}))
    assert [f.rule for f in introduced(report)] == ["F-2"]


def test_a_block_that_moves_to_another_file_is_not_blamed() -> None:
    base = in_container(repository(), CORE, SOCKET)
    text = base.files[CORE]
    start = text.index(CONTAINER)
    end = text.index("\n}\n", start) + 3
    head = written(base, {CORE: text[:start] + text[end:], "drupal-core/container.tf": text[start:end]})
    report = compare(base, head)
    assert [(f.rule, f.status, f.path) for f in report.findings] == [("F-1", "preexisting", "drupal-core/container.tf")]
    assert report.affected == ()


def test_a_container_that_moves_to_a_module_is_not_blamed() -> None:
    base = in_container(repository(), CORE, SOCKET)
    text = base.files[CORE]
    start = text.index(CONTAINER)
    end = text.index("\n}\n", start) + 3
    names = {
        "data.coder_workspace.me.start_count": "var.start_count",
        "docker_image.workspace.image_id": "var.image",
        "data.coder_workspace.me.id": "var.id",
        "coder_agent.main.init_script": "var.init_script",
        "coder_agent.main.token": "var.token",
        "docker_volume.dind_cache.name": "var.volume",
        "var.docker_gid": "var.gid",
        "local.slug": "var.slug",
        "local.owner": "var.owner",
        "local.home": "var.home",
        "local.host_home": "var.host_home",
    }
    block = text[start:end].replace("  depends_on = [null_resource.workspace_cleanup]\n", "")
    pattern = re.compile("|".join(rf"{re.escape(name)}\b(?!_)" for name in names))
    module = pattern.sub(lambda match: names[match.group()], block)
    call = 'module "workspace" {\n  source = "./modules/workspace"\n'
    for outer, inner in names.items():
        module = f'variable "{inner.removeprefix("var.")}" {{}}\n' + module
        call += f"  {inner.removeprefix('var.')} = {outer}\n"
    head = written(
        base, {CORE: text[:start] + text[end:] + call + "}\n", "drupal-core/modules/workspace/main.tf": module}
    )
    report = compare(base, head)
    assert [(f.rule, f.status, f.path) for f in report.findings] == [
        ("F-1", "preexisting", "drupal-core/modules/workspace/main.tf")
    ]
    assert report.undecided == ()


def test_a_second_socket_beside_an_old_one() -> None:
    base = in_container(repository(), WEB, SOCKET)
    head = in_container(base, WEB, RUN_FOLDER)
    report = compare(base, head)
    assert said(introduced(report)) == [("F-1", WEB, line_of(head, WEB, '"/run"'))]
    assert said(with_status(report, "preexisting")) == [("F-1", WEB, _own_socket(head))]


def _own_socket(tree: MemoryTree) -> int:
    """The line of the mount that the tests add, not of the one in the template's comment."""
    lines = tree.files[WEB].split("\n")
    return lines.index('    host_path      = "/var/run/docker.sock"') + 1


def test_the_same_socket_a_second_time() -> None:
    base = in_container(repository(), WEB, SOCKET)
    head = in_container(base, WEB, SOCKET.replace("/d.sock", "/e.sock"))
    report = compare(base, head)
    added = head.files[WEB].split("\n").index('    container_path = "/e.sock"') + 2
    assert said(introduced(report)) == [("F-1", WEB, added)]
    assert len(with_status(report, "preexisting")) == 1


@pytest.mark.parametrize("value", ['"/run"', "local.run"])
def test_one_goes_and_another_of_its_kind_comes_in_its_place(value: str) -> None:
    base = in_container(repository(), WEB, SOCKET)
    head = in_container(repository(), WEB, RUN_FOLDER.replace('"/run"', value))
    head = swapped(head, WEB, CONTAINER, 'locals {\n  run = "/run"\n}\n\n' + CONTAINER)
    report = compare(base, head)
    assert [(f.rule, f.status) for f in report.findings] == [("F-1", "introduced")]
    assert report.conclusion == "failure"


def test_one_goes_and_another_of_its_kind_comes_elsewhere() -> None:
    base = in_container(repository(), WEB, SOCKET)
    user = '  user        = "coder"\n'
    head = swapped(repository(), WEB, user, f"{user}{RUN_FOLDER}")
    report = compare(base, head)
    assert said(introduced(report)) == [("F-1", WEB, line_of(head, WEB, '"/run"'))]
    assert len(with_status(report, "fixed")) == 1
    assert report.conclusion == "failure"


@pytest.mark.parametrize("line", ["install -m 644 /etc/vimrc ~/.vimrc", "cat /etc/vimrc > ~/.vimrc"])
def test_a_file_that_another_program_overwrites_is_no_new_finding(line: str) -> None:
    report = compare(_booting("cp /etc/vimrc ~/.vimrc"), _booting(line))
    assert [(finding.rule, finding.status) for finding in report.findings] == [("F-5", "preexisting")]
    report = compare(_booting("cp /etc/vimrc ~/.vimrc"), _booting("rm ~/.vimrc"))
    assert [finding.status for finding in report.findings] == ["introduced"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sudo chown 1000:1000 ~/one", "sudo chown -R 1000:1000 ~/one || true"),
        ("sudo systemctl start docker", "sudo systemctl --no-block start docker"),
        ("ddev start one two", "ddev start -y one two"),
        ("git config --global --add safe.directory '*'", 'nice git config --global --add safe.directory "*"'),
    ],
)
def test_a_line_that_gets_an_option_is_no_new_finding(old: str, new: str) -> None:
    report = compare(_booting(old), _booting(new))
    assert [finding.status for finding in report.findings] == ["preexisting"]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("stop_timeout          = 180", "stop_timeout = 60"), ("subdomain = true", "subdomain = false")],
)
def test_a_value_in_quotes_is_no_new_finding(right: str, wrong: str) -> None:
    quoted = re.sub(r"(\w+)$", r'"\1"', wrong)
    report = compare(swapped(minimal(), WEB, right, wrong), swapped(minimal(), WEB, right, quoted))
    assert [finding.status for finding in report.findings] == ["preexisting"]


def test_a_setting_by_another_variable_is_no_new_finding() -> None:
    def settable(name: str) -> MemoryTree:
        tree = swapped(minimal(), WEB, "privileged    = false", f"privileged    = var.{name}")
        return swapped(tree, WEB, CONTAINER, f'variable "{name}" {{\n  default = false\n}}\n\n{CONTAINER}')

    report = compare(settable("debug"), settable("elevated"))
    assert [(finding.rule, finding.status) for finding in report.findings] == [("F-2", "preexisting")]


def test_a_further_place_that_is_mounted_elsewhere_is_no_new_one() -> None:
    mount = '  volumes {\n    container_path = "%s"\n    host_path      = "/srv/brew"\n  }\n'
    base, head = (in_container(minimal(), WEB, mount % target) for target in ("/home/linuxbrew", "/opt/brew"))
    assert [(finding.rule, finding.status) for finding in compare(base, head).findings] == [("F-7", "preexisting")]


def test_who_mounts_a_volume_that_is_the_socket_is_blamed_for_the_mount() -> None:
    volume = 'resource "docker_volume" "run" {\n  driver_opts = { o = "bind", device = "/var/run/docker.sock" }\n}\n'
    base = swapped(minimal(), WEB, CONTAINER, volume + CONTAINER)
    mount = (
        '  mounts {\n    type   = "volume"\n    source = docker_volume.run.name\n    target = "/run/docker.sock"\n  }\n'
    )
    head = in_container(base, WEB, mount)
    [finding] = introduced(compare(base, head))
    assert (finding.rule, finding.line) == ("F-1", line_of(head, WEB, "docker_volume.run.name") - 2)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('"docker_container" "workspace"', '"docker_container" "main"', id="the block has another name"),
        pytest.param(r"(?m)^  (?=\w+ += )", "    ", id="the attributes are indented anew"),
        pytest.param(r"(?m)^(  )(stop_signal) +=", r"\1# How it stops.\n\1\2 =", id="the line above is rewritten"),
    ],
)
def test_what_is_taken_away_is_told_where_it_was_whatever_else_is_rewritten(old: str, new: str) -> None:
    before, header, container = minimal().files[WEB].partition(CONTAINER)
    rewritten = re.sub(old, new, header + container)
    head = written(minimal(), {WEB: before + re.sub(r"(?m)^ +stop_timeout .*\n", "", rewritten)})
    [finding] = introduced(compare(minimal(), head))
    assert (finding.rule, finding.line) == ("INV-8", line_of(head, WEB, "destroy_grace_seconds"))


def test_what_is_taken_away_from_a_block_that_moves_is_told_where_the_block_is() -> None:
    text = minimal().files[WEB]
    start = text.index(CONTAINER)
    end = text.index("\n}\n", start) + 3
    block = re.sub(r"(?m)^ +stop_timeout .*\n", "", text[start:end])
    head = written(minimal(), {WEB: text[:start] + text[end:], "user-defined-web/container.tf": block})
    [finding] = introduced(compare(minimal(), head))
    assert (finding.rule, finding.path) == ("INV-8", "user-defined-web/container.tf")


def test_what_is_fixed_is_said() -> None:
    base = swapped(repository(), CONTRIB, "privileged    = false", "privileged    = true")
    report = compare(base, repository())
    assert [(f.rule, f.status, f.path) for f in report.findings] == [("F-2", "fixed", CONTRIB)]
    assert report.conclusion == "success"


def test_what_may_still_be_so_is_not_called_fixed() -> None:
    """What cannot be seen any more may do what the script lacks, or not."""
    base = swapped(minimal(), WEB, "    ddev config global --omit-containers=ddev-router\n", "")
    head = swapped(base, WEB, BEGIN, f'{BEGIN}    eval "$SETUP"\n')
    report = compare(base, head)
    assert report.findings == ()
    assert {each.rule for each in report.undecided} == {"F-10", "INV-7"}


def test_what_may_stand_where_the_head_keeps_it_from_us_is_not_called_fixed() -> None:
    base = swapped(repository(), BOOT, "\nexit 0\n", "\ncp /etc/motd ~/.bashrc\nexit 0\n")
    report = compare(base, swapped(base, CORE, "drupal-core/startup.sh", "drupal-core/boot.sh"))
    assert with_status(report, "fixed") == []
    assert report.conclusion == "neutral"


def test_what_turns_worse_is_not_called_fixed() -> None:
    """Without `privileged = false` INV-1 is broken; `privileged = true` in its place repairs nothing."""
    base = swapped(repository(), WEB, "  privileged    = false\n", "")
    head = swapped(repository(), WEB, "privileged    = false", "privileged    = true")
    report = compare(base, head)
    assert [(f.rule, f.status) for f in report.findings] == [("F-2", "introduced")]


def test_of_equal_ones_that_on_the_line_which_went_is_called_fixed() -> None:
    base = swapped(minimal(), WEB, BEGIN, f"{BEGIN}    cd /one || exit 1\n    cd /two || exit 1\n")
    head = swapped(base, WEB, "cd /one || exit 1", "cd /one")
    assert [f.line for f in with_status(compare(base, head), "fixed")] == [line_of(base, WEB, "cd /one")]


def test_what_is_worse_elsewhere_and_was_before_hides_no_repair() -> None:
    base = swapped(minimal(), WEB, BEGIN, f"{BEGIN}    sed -i s/a/b/ ~/.vimrc\n    cp /etc/motd ~/.motd\n")
    report = compare(base, swapped(base, WEB, "    sed -i s/a/b/ ~/.vimrc\n", ""))
    assert [f.line for f in with_status(report, "fixed")] == [line_of(base, WEB, "sed -i s/a/b/")]


ONE_BREAK, BOTH_TOLD = {"introduced": 1}, {"introduced": 1, "fixed": 1}


@pytest.mark.parametrize(
    ("path", "right", "base", "head", "expected"),
    [
        pytest.param(WEB, '"coder"\n', '"1000"\n', '"1001"\n', ONE_BREAK, id="a user"),
        pytest.param(DOCKERFILE, "chmod 0440", "chmod 0444", "chmod 0644", ONE_BREAK, id="a mode"),
        pytest.param(WEB, BEGIN, f"{BEGIN}{OWN % 1000}", f"{BEGIN}{OWN % 1001}", ONE_BREAK, id="a command's number"),
        pytest.param(
            WEB, BEGIN, f"{BEGIN}{OWN % 1000}", f"{BEGIN}    # As root.\n{OWN % 1001}", ONE_BREAK, id="with a comment"
        ),
        pytest.param(
            WEB,
            BEGIN,
            f"{BEGIN}{OWN % 1000}    date\n    id\n",
            f"{BEGIN}    date\n    id\n{OWN % 1001}",
            BOTH_TOLD,
            id="another place",
        ),
        pytest.param(
            WEB,
            BEGIN,
            f"{BEGIN}{OWN % 1000}{OTHER % 'coder'}",
            f"{BEGIN}{OWN % 'coder'}{OTHER % 1001}",
            BOTH_TOLD,
            id="the line below",
        ),
        pytest.param(
            WEB,
            BEGIN,
            f"{BEGIN}{OWN % 1000}{OTHER % 'coder'}",
            f"{BEGIN}{OWN % 'coder'}    date\n{OTHER % 1001}",
            BOTH_TOLD,
            id="two lines below",
        ),
        pytest.param(
            WEB,
            BEGIN,
            f"{BEGIN}    cp -u /etc/vimrc ~/.vimrc\n    date\n    id\n",
            f"{BEGIN}    date\n    id\n    cp /etc/wgetrc ~/.wgetrc\n",
            BOTH_TOLD,
            id="a question, and a failure elsewhere",
        ),
    ],
)
def test_a_wrong_value_that_becomes_another_is_not_called_fixed(
    path: str, right: str, base: str, head: str, expected: dict[str, int]
) -> None:
    tree = repository() if path == DOCKERFILE else minimal()
    report = compare(*(swapped(tree, path, right, value) for value in (base, head)))
    assert Counter(finding.status for finding in report.findings) == expected
    assert len({finding.rule for finding in report.findings}) == 1


RENAMED = {
    "docker_container.workspace": "docker_container.main",
    "coder_agent.main": "coder_agent.dev",
    "null_resource.workspace_cleanup": "null_resource.home_cleanup",
    "docker_volume.dind_cache": "docker_volume.docker_data",
}


def _renamed(tree: MemoryTree) -> MemoryTree:
    text = tree.files[WEB]
    for old, new in RENAMED.items():
        header = 'resource "{}" "{}"'
        text = text.replace(header.format(*old.split(".")), header.format(*new.split("."))).replace(old, new)
    return written(tree, {WEB: text})


def test_who_renames_resources_is_not_blamed_for_what_is_wrong_with_them() -> None:
    base = in_container(swapped(minimal(), WEB, BEGIN, ""), WEB, SOCKET)
    base = swapped(base, WEB, "privileged    = false", "privileged    = true")
    report = compare(base, _renamed(base))
    assert sorted((f.rule, f.status) for f in report.findings) == [
        ("BOOT", "preexisting"),
        ("F-1", "preexisting"),
        ("F-2", "preexisting"),
    ]
    changed = ("removal of the host folder", "null_resource.workspace_cleanup", "null_resource.home_cleanup")
    assert affected(report) == {"INV-8": {changed}}
    assert report.conclusion == "success"


def test_another_resource_of_the_same_kind_is_not_the_old_one_renamed() -> None:
    sidecar = 'resource "docker_container" "%s" {\n  image = "%s"\n  command = [coder_agent.main.token]\n%s}\n'
    privileged = "  privileged = true\n"
    base = swapped(minimal(), WEB, CONTAINER, sidecar % ("cache", "redis:7", privileged) + CONTAINER)
    search = sidecar % ("search", "opensearch:2", f'  memory = 4096\n  user = "coder"\n{privileged}')
    head = swapped(minimal(), WEB, CONTAINER, search + CONTAINER)
    assert Counter((f.rule, f.status) for f in compare(base, head).findings if f.rule == "F-2") == {
        ("F-2", "introduced"): 1,
        ("F-2", "fixed"): 1,
    }


def test_a_value_that_goes_through_a_local_is_not_a_new_one() -> None:
    base = in_container(repository(), CORE, SOCKET)
    head = swapped(base, CORE, 'host_path      = "/var/run/docker.sock"', "host_path      = local.docker_socket")
    head = swapped(head, CORE, "locals {\n", 'locals {\n  docker_socket = "/var/run/docker.sock"\n')
    report = compare(base, head)
    assert [(f.rule, f.status) for f in report.findings] == [("F-1", "preexisting")]


def test_a_shared_script_is_one_finding_for_all_templates() -> None:
    """The library that three templates source is one line to change, so it is said once."""
    names = ("drupal-contrib", "drupal-core", "user-defined-web")
    base = written(repository(), {f"{name}/template.tf": repository().files[CORE] for name in names})
    head = swapped(base, LIB, "set +e", "set -euo pipefail")
    report = compare(base, head)
    assert said(introduced(report)) == [("F-10", LIB, line_of(head, LIB, "set -euo"))]
    [finding] = introduced(report)
    assert finding.template.split(", ") == list(names)
    assert finding.suggestion is not None
    assert (finding.suggestion.path, finding.suggestion.text) == (LIB, "set +e")


# What takes `set -e` back

SOURCED = 'source "${SHARED_DIR}/lib.sh"\n'
BACK = "set +e  # the library is strict\n"


def strict(text: str) -> MemoryTree:
    """Drupal core's boot script sources a library that is strict, in this way."""
    return swapped(swapped(repository(), LIB, "set +e\n", "set -euo pipefail\n"), BOOT, SOURCED, text)


@pytest.mark.parametrize(
    ("base", "head", "line"),
    [
        (SOURCED + BACK + "umask 022\n", SOURCED + "umask 022\n", "umask 022"),
        (SOURCED + BACK + "umask 022\n", SOURCED + "set +x\numask 022\n", "umask 022"),
        (SOURCED + BACK, BACK + SOURCED, SOURCED.strip()),
    ],
    ids=["gone", "another option", "too early"],
)
def test_the_boot_stops_at_failures_where_nothing_takes_set_e_back_any_more(base: str, head: str, line: str) -> None:
    after = strict(head)
    report = compare(strict(base), after)
    assert [(f.rule, f.level, f.path, f.line) for f in introduced(report)] == [
        ("BOOT", "failure", BOOT, line_of(after, BOOT, line))
    ]
    [finding] = introduced(report)
    assert finding.related == ("F-10",)
    assert "`set -euo pipefail`" in finding.message
    assert [f.rule for f in with_status(report, "preexisting")] == ["F-10"]
    assert report.conclusion == "failure"


def test_a_trap_that_ends_the_boot_does_not_hide_that_set_plus_e_goes() -> None:
    trap = "trap 'exit 1' ERR\n"
    base = swapped(repository(), LIB, "set +e\n", f"set +e\n{trap}")
    report = compare(base, swapped(repository(), LIB, "set +e\n", trap))
    assert [(f.rule, f.level, f.path) for f in introduced(report)] == [("BOOT", "warning", LIB)]


@pytest.mark.parametrize("text", [SOURCED, SOURCED + BACK], ids=["in force", "taken back"])
def test_set_e_and_what_takes_it_back_are_one_finding(text: str) -> None:
    report = compare(repository(), strict(text))
    assert said(introduced(report)) == [("F-10", LIB, line_of(strict(text), LIB, "set -euo"))]
    assert [f.rule for f in compare(strict(text), strict(text)).findings] == ["F-10"]
    assert [f.rule for f in with_status(compare(strict(text), repository()), "fixed")] == ["F-10"]


# What is better than it was, and what is missing in several places

RUNS_ON_STOP = "  run_on_stop  = true\n"
GUARD = "    if [ ! -S /var/run/docker.sock ]; then\n"


def stopping(how: str) -> MemoryTree:
    """The web template, whose stop script powers DDEV off with a look at the socket, without one, or not at all."""
    tree = minimal()
    if how == "guarded":
        return tree
    if how == "nothing":
        return swapped(tree, WEB, RUNS_ON_STOP, "  run_on_stop  = false\n")
    return swapped(tree, WEB, GUARD, '    if [ ! -d "$HOME" ]; then\n')


@pytest.mark.parametrize(
    ("base", "head", "expected"),
    [
        ("nothing", "unguarded", {"fixed": 1, "preexisting": 1}),
        ("nothing", "guarded", {"fixed": 1}),
        ("unguarded", "guarded", {"fixed": 1}),
        ("unguarded", "nothing", {"introduced": 1}),
        ("guarded", "nothing", {"introduced": 1}),
        ("guarded", "unguarded", {"introduced": 1}),
    ],
)
def test_a_poweroff_without_a_guard_is_better_than_none(base: str, head: str, expected: dict[str, int]) -> None:
    report = compare(stopping(base), stopping(head))
    assert {f.rule for f in report.findings} == {"INV-8"}
    assert Counter(f.status for f in report.findings) == expected


def test_an_agent_that_runs_nothing_any_more_is_one_finding() -> None:
    text = minimal().files[WEB]
    start = text.index("  startup_script = <<-EOT\n")
    end = text.index("  EOT\n", start) + len("  EOT\n")
    head = written(minimal(), {WEB: text[:start] + text[end:]})
    [finding] = introduced(compare(minimal(), head))
    assert (finding.rule, finding.level) == ("BOOT", "failure")
    script = 'resource "coder_script" "boot" {\n  run_on_start = true\n  script = file("boot.sh")\n}\n'
    assert introduced(compare(minimal(), swapped(head, WEB, CONTAINER, script + CONTAINER))) == []


def test_a_container_that_goes_makes_no_new_volume() -> None:
    text = minimal().files[WEB]
    start = text.index(CONTAINER)
    head = written(minimal(), {WEB: text[:start] + text[text.index("\n}\n", start) + 3 :]})
    assert "F-7" not in {finding.rule for finding in introduced(compare(minimal(), head))}


def test_an_early_exit_that_becomes_a_quiet_one_is_no_new_one() -> None:
    chown = "    sudo chown coder:coder /home/coder\n"
    loud, quiet = (swapped(minimal(), WEB, chown, f"{chown}    cd /home/coder || exit {n}\n") for n in (1, 0))
    assert [finding.rule for finding in introduced(compare(minimal(), loud))] == ["BOOT"]
    assert introduced(compare(loud, quiet)) == []
    assert [finding.message for finding in introduced(compare(quiet, loud))] == [
        finding.message for finding in introduced(compare(minimal(), loud))
    ]


def test_one_entry_of_the_agents_env_is_not_repaired_by_the_loss_of_the_others() -> None:
    text = minimal().files[WEB]
    entries = re.findall(r"^    CODER_WORKSPACE_\w+ += .*\n", text, re.MULTILINE)
    assert len(entries) == 4
    base = swapped(minimal(), WEB, entries[3], "")
    report = compare(base, swapped(base, WEB, "".join(entries[:3]), ""))
    assert sorted((f.rule, f.status) for f in report.findings) == [("INV-9", "introduced"), ("INV-9", "preexisting")]
    [finding] = introduced(report)
    assert (
        finding.message == "Missing here: `CODER_WORKSPACE_ID`, `CODER_WORKSPACE_NAME`, `CODER_WORKSPACE_OWNER_NAME`."
    )


@pytest.mark.parametrize(
    "lines",
    [
        "base64 -d <<< Y3AgYQ== > /tmp/boot; bash /tmp/boot",
        "echo Y3AgYQ== | base64 -d | gunzip | sudo tee /tmp/boot > /dev/null\nchmod +x /tmp/boot\n/tmp/boot",
        "base64 -d <<< Y3AgYQ== | bash",
        'eval "$(base64 -d <<< Y3AgYQ==)"',
    ],
)
def test_a_boot_script_that_unpacks_itself_is_not_blamed_for_what_nobody_can_read(lines: str) -> None:
    base = minimal()
    text = base.files[WEB]
    start = text.index("    #!/bin/bash\n") + len("    #!/bin/bash\n")
    end = text.index("  EOT\n", start)
    script = "".join(f"    {line}\n" for line in lines.split("\n"))
    report = compare(base, written(base, {WEB: text[:start] + script + text[end:]}))
    assert introduced(report) == []
    assert {"BOOT", "INV-4"} <= {undecided.rule for undecided in report.undecided}


_TWICE = "cp /etc/vimrc ~/.vimrc; git config --global user.name bot\n"
_ONCE = "cp /etc/vimrc ~/.vimrc; true\n"


def _booting(line: str) -> MemoryTree:
    return plant(Case("a line", boot=line), "minimal").head


def test_what_a_log_line_says_enforces_nothing() -> None:
    log = 'log() {{ echo "$1" >> ~/status.txt; }}\nlog {}\n'
    assert compare(_booting(log.format("ready")), _booting(log.format("done"))).affected == ()


def test_two_causes_on_one_line_are_one_finding_that_names_both() -> None:
    [finding] = introduced(compare(minimal(), _booting(_TWICE)))
    assert (finding.rule, finding.related) == ("F-5", ("INV-9", "INV-6"))
    assert "~/.vimrc" in finding.message
    assert "user.name" in finding.message


def test_a_failure_leads_before_a_warning_whatever_their_rules() -> None:
    boot = "cp -u /etc/vimrc ~/.vimrc; git config --global user.name bot\n"
    [finding] = introduced(compare(minimal(), _booting(boot)))
    assert (finding.rule, finding.level) == ("INV-9", "failure")
    assert "F-5" in finding.related


def test_what_comes_on_the_line_of_a_finding_changes_no_other_status() -> None:
    report = compare(_booting(_ONCE), _booting(_TWICE))
    assert Counter((f.rule, f.status) for f in report.findings) == {
        ("F-5", "preexisting"): 1,
        ("INV-9", "introduced"): 1,
    }
    report = compare(_booting(_TWICE), _booting(_ONCE))
    assert Counter((f.rule, f.status) for f in report.findings) == {("F-5", "preexisting"): 1, ("INV-9", "fixed"): 1}


def test_a_finding_is_the_same_with_and_without_another_on_its_line_but_not_what_is_accepted() -> None:
    [alone], [both] = (introduced(compare(minimal(), _booting(line))) for line in (_ONCE, _TWICE))
    assert both.fingerprint != alone.fingerprint
    assert both.fingerprint.startswith(alone.fingerprint)


def test_what_a_new_template_lacks_of_one_requirement_is_one_finding_in_boot_order() -> None:
    text = minimal().files[WEB]
    for gone in ("    sudo chown coder:coder /home/coder\n", "    ddev utility download-images\n"):
        text = text.replace(gone, "")
    text = re.sub(r"    git config --global .*\n|    echo '\{ \"registry.*\n", "", text)
    base = MemoryTree.of({"README.md": ""})
    report = compare(base, written(base, {WEB: text}))
    [finding] = introduced(report)
    assert finding.rule == "BOOT"
    assert finding.message == "Missing here: home ownership, git identity, registry mirror, image pre-pull."
    fixes = finding.fix.split("\n")
    assert [bool(re.search(r"`[^`]+`\.?$|`,", fix)) for fix in fixes] == [True] * 4
    more = text.replace("    mkdir -p /home/coder/projects\n", "")
    [longer] = introduced(compare(base, written(base, {WEB: more})))
    assert longer.fingerprint != finding.fingerprint
    assert longer.fingerprint.split("-")[0] == finding.fingerprint.split("-")[0]


# Broken files

BROKEN = "  privileged = = true\n"


@pytest.mark.parametrize("broken", [BROKEN, '  privileged = \\"true\\"\n'], ids=["syntax", "escaped quotes"])
def test_a_broken_file_at_the_head_is_said_where_it_is(broken: str) -> None:
    base = repository()
    head = in_container(base, CORE, broken)
    report = compare(base, head)
    [problem] = report.problems
    assert (problem.path, problem.line, problem.side) == (CORE, line_of(head, CORE, broken.strip()), "head")
    assert problem.introduced
    assert introduced(report) == []
    assert report.conclusion == "neutral"


def test_the_rest_of_a_broken_file_is_judged() -> None:
    base = repository()
    head = swapped(base, CORE, 'variable "docker_gid" {\n', 'variable "docker_gid" {\n  = 3\n')
    head = in_container(head, CORE, SOCKET)
    report = compare(base, head)
    assert [f.rule for f in introduced(report)] == ["F-1"]
    assert [problem.path for problem in report.problems] == [CORE]
    assert report.conclusion == "failure"


def test_a_broken_file_does_not_look_as_if_everything_was_removed() -> None:
    report = compare(repository(), in_container(repository(), CORE, BROKEN))
    assert report.affected == ()


def test_a_broken_file_does_not_look_as_if_something_was_fixed() -> None:
    base = in_container(repository(), CORE, SOCKET)
    report = compare(base, in_container(base, CORE, BROKEN))
    assert report.findings == ()
    assert report.conclusion == "neutral"


def test_what_still_can_be_read_of_a_broken_file_is_compared() -> None:
    head = swapped(repository(), CORE, 'variable "docker_gid" {\n', 'variable "docker_gid" {\n  = 3\n')
    head = swapped(head, CORE, "stop_timeout          = 180", "stop_timeout          = 60")
    assert ("stop_timeout", "180", "60") in affected(compare(repository(), head))["INV-8"]


def test_other_templates_are_judged_beside_a_broken_one() -> None:
    base = repository()
    head = in_container(in_container(base, CORE, BROKEN), WEB, RUN_FOLDER)
    assert said(introduced(compare(base, head))) == [("F-1", WEB, line_of(head, WEB, '"/run"'))]


def test_who_repairs_a_file_is_not_blamed_for_what_it_hid() -> None:
    base = in_container(in_container(repository(), CORE, SOCKET), CORE, BROKEN)
    head = swapped(base, CORE, BROKEN, "")
    report = compare(base, head)
    assert [(f.rule, f.status) for f in report.findings] == [("F-1", "preexisting")]
    assert [(problem.side, problem.introduced) for problem in report.problems] == [("base", False)]
    assert report.affected == ()
    assert report.conclusion == "success"


def test_who_repairs_a_file_is_blamed_for_what_he_adds() -> None:
    base = in_container(repository(), CORE, BROKEN)
    head = in_container(repository(), CORE, SOCKET)
    report = compare(base, head)
    assert [(f.rule, f.status) for f in report.findings] == [("F-1", "introduced")]


def test_a_boot_script_that_bash_cannot_read() -> None:
    path = "scripts/shared/home.sh"
    head = swapped(repository(), path, "    return 0\n  fi\n  sudo chown", "    return 0\n  sudo chown")
    report = compare(repository(), head)
    assert {(problem.path, problem.introduced) for problem in report.problems} == {(path, True)}
    assert introduced(report) == []
    assert report.conclusion == "neutral"


# What is not touched


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("README.md", "# Something else\n"),
        ("docs/privileged.md", "privileged = true\n"),
        ("freeform/template.tf", 'resource "docker_container" "workspace" {\n  privileged = true\n}\n'),
        ("user-defined-web/README.md", 'volumes { host_path = "/var/run/docker.sock" }\n'),
        ("scripts/unused.sh", "set -e\n"),
    ],
)
def test_what_is_not_governed_is_skipped(path: str, text: str) -> None:
    report = compare(repository(), written(repository(), {path: text}))
    assert (report.findings, report.affected, report.problems) == ((), (), ())
    assert report.conclusion == "skipped"


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (WEB, "  runtime       = ", "\n  # under Sysbox\n  runtime       =   "),
        (WEB, "    set +e\n", "    set +e   # go on\n\n"),
        (CORE, "  stop_timeout          = 180\n", "  stop_timeout = 180 // seconds\n"),
        (LIB, "set +e\n", "\n# never stop\nset +e\n"),
        (DAEMON, "    if ! pgrep", "    # once\n    if ! pgrep"),
        (DOCKERFILE, "USER coder", "# no root\nUSER coder"),
        (DOCKERFILE, "    groupmod --new-name", "      groupmod   --new-name"),
    ],
)
def test_comments_and_blanks_affect_nothing(path: str, old: str, new: str) -> None:
    report = compare(repository(), swapped(repository(), path, old, new))
    assert (report.findings, report.affected, report.undecided, report.problems) == ((), (), (), ())
    assert report.conclusion == "success"


def test_a_changed_file_of_settings_is_told_by_what_it_says() -> None:
    path = "image/scripts/.ddev/global_config.yaml"
    base = written(repository(), {path: "# DDEV\nomit_containers: [ddev-router]\n"})
    remarked = compare(base, written(base, {path: "# of DDEV\n\nomit_containers: [ddev-router]\n"}))
    assert affected(remarked) == {}
    changed = compare(base, written(base, {path: "omit_containers: []\nuse_dns: false\n"}))
    what = "global_config.yaml in the image"
    assert affected(changed)["INV-7"] == {
        (what, "omit_containers: [ddev-router]", "omit_containers: []; use_dns: false")
    }


def test_a_staged_file_that_takes_the_router_in_is_told_where_it_says_so() -> None:
    copying = "mkdir -p ~/.ddev\n    cp -f /home/coder-files/.ddev/global_config.yaml ~/.ddev/global_config.yaml\n"
    end = "    fi\n    exit 0\n  EOT\n\n  metadata {"
    base = swapped(repository(), WEB, end, end.replace("    exit", f"    {copying}    exit"))
    path = "image/scripts/.ddev/global_config.yaml"
    head = written(base, {path: "# with its router\nomit_containers: []\n"})
    assert [(f.rule, f.path, f.line) for f in introduced(compare(base, head))] == [("INV-7", path, 2)]


def test_windows_line_ends_affect_nothing() -> None:
    text = repository().files[CORE].replace("\n", "\r\n")
    report = compare(repository(), written(repository(), {CORE: text}))
    assert (report.findings, report.affected, report.undecided, report.problems) == ((), (), (), ())


# What is affected, before and after

Changes = dict[str, set[tuple[str, str | None, str | None]]]


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        pytest.param(
            WEB,
            "stop_timeout          = 180",
            "stop_timeout          = 60",
            {"INV-8": {("stop_timeout", "180", "60")}},
            id="stop_timeout",
        ),
        pytest.param(
            CORE, '"SIGINT"', '"SIGTERM"', {"INV-8": {("stop_signal", '"SIGINT"', '"SIGTERM"')}}, id="stop_signal"
        ),
        pytest.param(
            WEB,
            "  default     = 988",
            "  default     = 999",
            {"INV-2": {("group_add", '["988" (var.docker_gid)]', '["999" (var.docker_gid)]')}},
            id="the default of docker_gid",
        ),
        pytest.param(
            WEB, 'user        = "coder"', 'user        = "root"', {"INV-2": {("user", '"coder"', '"root"')}}, id="user"
        ),
        pytest.param(
            CORE,
            'url          = "http://localhost:80"',
            'url          = "http://localhost:8080"',
            {
                "INV-7": {
                    ("ddev-web url", '"http://localhost:80"', '"http://localhost:8080"'),
                    ("app for the site", "there", None),
                }
            },
            id="url of the app",
        ),
        pytest.param(
            WEB,
            "    CODER_WORKSPACE_ID          = data.coder_workspace.me.id\n",
            "",
            {"INV-9": {("CODER_WORKSPACE_ID in the agent's env", "data.coder_workspace.me.id", None)}},
            id="identity in the environment",
        ),
        pytest.param(
            CONTRIB,
            "    CODER_WORKSPACE_NAME        = data.coder_workspace.me.name\n",
            '    CODER_WORKSPACE_NAME        = "fixed"\n',
            {"INV-9": {("CODER_WORKSPACE_NAME in the agent's env", "data.coder_workspace.me.name", '"fixed"')}},
            id="identity in a merged local",
        ),
        pytest.param(
            CONTRIB,
            "    git config --global user.name ",
            "    git config --global user.name\n    git config --global user.name ",
            {},
            id="a look at the identity",
        ),
        pytest.param(
            WEB,
            'security_opts = ["apparmor:unconfined", "seccomp:unconfined"]',
            'security_opts = ["seccomp:unconfined", "apparmor:unconfined"]',
            {
                "INV-1": {
                    (
                        "security_opts",
                        '["apparmor:unconfined", "seccomp:unconfined"]',
                        '["seccomp:unconfined", "apparmor:unconfined"]',
                    )
                }
            },
            id="order of security_opts",
        ),
    ],
)
def test_what_a_change_affects(path: str, old: str, new: str, expected: Changes) -> None:
    report = compare(repository(), swapped(repository(), path, old, new))
    assert affected(report) == expected


def test_what_came_stands_beside_what_it_is_like() -> None:
    base = swapped(minimal(), WEB, BEGIN, BEGIN + "    echo 'export A=1' >> ~/.bashrc\n")
    function = '    append() {\n      "$@" >> ~/.bashrc\n    }\n'
    more = f"    sed -i 's/x/y/' ~/.bashrc\n{function}    append echo 'export A=2'\n"
    what = "writing /home/coder/.bashrc"
    assert affected(compare(base, swapped(minimal(), WEB, BEGIN, BEGIN + more)))["INV-6"] == {
        (what, None, "sed -i 's/x/y/' ~/.bashrc"),
        (what, "echo 'export A=1' >> ~/.bashrc", "echo export A=2 >> ~/.bashrc"),
    }


@pytest.mark.parametrize(
    ("path", "old", "new", "requirement", "what"),
    [
        pytest.param(
            WEB,
            '  mounts {\n    type   = "volume"',
            '  mounts {\n    read_only = true\n    type   = "volume"',
            "INV-5",
            "`mounts` block",
            id="mounts",
        ),
        pytest.param(
            WEB, "    read_only      = false", "    read_only      = true", "INV-5", "`volumes` block", id="volumes"
        ),
        pytest.param(
            WEB,
            "      sudo dockerd > /tmp/dockerd.log",
            "      sudo dockerd --debug > /tmp/dockerd.log",
            "INV-4",
            "start of dockerd",
            id="dockerd",
        ),
        pytest.param(
            DAEMON,
            "if ! pgrep -x dockerd > /dev/null; then",
            "if true; then",
            "INV-4",
            "check whether dockerd runs",
            id="guard in a module",
        ),
        pytest.param(
            "scripts/shared/docker.sh",
            "sudo chmod 660",
            "sudo chmod 600",
            "INV-4",
            "access to the Docker socket",
            id="socket in a sourced script",
        ),
        pytest.param(
            "scripts/templates/drupal-core/startup.sh",
            'run_step "skeleton" seed_skeleton\nrun_step "git over ssh" session_ssh\n',
            'run_step "git over ssh" session_ssh\nrun_step "skeleton" seed_skeleton\n',
            "BOOT",
            "order of the boot steps",
            id="order of the steps",
        ),
        pytest.param(DOCKERFILE, "chmod 0440", "chmod 0444", "INV-3", "sudoers file", id="mode of sudoers"),
        pytest.param(
            DOCKERFILE,
            "usermod --login coder --home",
            "usermod --login dev --home",
            "INV-2",
            "usermod in the image",
            id="name of the user",
        ),
        pytest.param(
            DOCKERFILE,
            "COPY scripts /home/coder-files",
            "COPY scripts/ /home/coder-files/x",
            "INV-6",
            "staging of /home/coder-files",
            id="staging",
        ),
        pytest.param(
            CONTRIB,
            "      if [ ! -f /home/coder/WELCOME.txt ] && [ -f /home/coder-files/WELCOME.txt ]; then\n",
            "      if [ -f /home/coder-files/WELCOME.txt ]; then\n",
            "INV-6",
            "copying from /home/coder-files",
            id="guard of a copy",
        ),
        pytest.param(
            "drupal-contrib/prewarm.sh",
            " --omit-containers=ddev-router",
            "",
            "INV-7",
            "global DDEV configuration",
            id="router",
        ),
        pytest.param(
            "scripts/shared/shutdown.sh",
            "timeout 150 ddev poweroff",
            "timeout 5 ddev poweroff",
            "INV-8",
            "step of the stop script",
            id="poweroff",
        ),
        pytest.param(
            CORE,
            "sudo /usr/local/bin/coder-delete-workspace-dir",
            "sudo rm -rf",
            "INV-8",
            "null_resource.workspace_cleanup provisioner",
            id="cleanup",
        ),
        pytest.param(
            "scripts/shared/git.sh",
            '"${CODER_WORKSPACE_OWNER_EMAIL}"',
            '"nobody@example.com"',
            "INV-9",
            "git user.email",
            id="git identity",
        ),
    ],
)
def test_which_requirement_a_change_affects(path: str, old: str, new: str, requirement: str, what: str) -> None:
    report = compare(repository(), swapped(repository(), path, old, new))
    assert list(affected(report)) == [requirement]
    changes = [change for change in report.affected[0].changes if change.what == what]
    assert changes
    assert all(change.before != change.after for change in changes)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        pytest.param(
            "timeout 60 bash -c 'until [ -S /var/run/docker.sock ]; do sleep 1; done'",
            ("wait for the Docker socket", None, "[ -S /var/run/docker.sock ], until `timeout` ends it"),
            id="wait that timeout ends",
        ),
        pytest.param(
            "ln -s ~/.dotfiles/vimrc ~/.vimrc",
            ("writing /home/coder/.vimrc", None, "ln -s ~/.dotfiles/vimrc ~/.vimrc"),
            id="link to a file in the home",
        ),
    ],
)
def test_how_a_change_is_told(code: str, change: tuple[str, str | None, str]) -> None:
    base = repository()
    report = compare(
        base, swapped(base, "scripts/templates/drupal-core/startup.sh", "\nexit 0\n", f"\n{code}\nexit 0\n")
    )
    assert change in {each for changes in affected(report).values() for each in changes}


def test_another_spelling_of_a_command_affects_nothing() -> None:
    old = '[ ! -f "/home/coder/${name}" ] && [ -f "/home/coder-files/${name}" ]'
    new = '[[ ! -f "$HOME/$name" && -f /home/coder-files/$name ]]'
    assert affected(compare(repository(), swapped(repository(), "scripts/shared/home.sh", old, new))) == {}


def test_a_local_in_between_affects_nothing() -> None:
    hostname = '  hostname = "${%s}"\n'
    base = swapped(repository(), WEB, hostname % "local.slug}-${local.owner", hostname % "data.coder_workspace.me.name")
    head = swapped(base, WEB, hostname % "data.coder_workspace.me.name", hostname % "local.who")
    head = written(head, {WEB: f"{head.files[WEB]}\nlocals {{\n  who = data.coder_workspace.me.name\n}}\n"})
    assert affected(compare(base, head)) == {}


def test_what_changes_only_its_condition_is_told_as_one_change() -> None:
    guard = "if [ -S /var/run/docker.sock ]; then\n  timeout 150 ddev poweroff"
    head = swapped(repository(), "scripts/shared/shutdown.sh", guard, "if true; then\n  timeout 150 ddev poweroff")
    told = [(before, after) for _, before, after in affected(compare(repository(), head))["INV-8"]]
    assert ("timeout 150 ddev poweroff  [if [ -S /var/run/docker.sock ]]", "timeout 150 ddev poweroff") in told
