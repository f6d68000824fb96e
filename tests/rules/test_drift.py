"""Known drift: each item in what it looks like, in what only resembles it, and in what a change does about it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from rules.audit import audit
from rules.ledger import ledger
from rules.model import Drift, Report, Sighting, Span
from rules.pages import SECTIONS
from rules.registry import KnownDrift, all_drift
from rules.sources.tree import MemoryTree
from tests.rules.harness import DOCKERFILE, TEMPLATE, compare, host, introduced

COMMANDS = "image/scripts/.ddev/commands/host"
STAGED = "/home/coder-files/.ddev/commands/host"
IDS = ("D-1", "D-2", "D-3", "D-4", "D-5", "D-6")

INSTALLS = f"mkdir -p ~/.ddev/commands/host && cp -n {STAGED}/* ~/.ddev/commands/host/"


@dataclass(frozen=True)
class Repository:
    """A repository with one template and its image. Without changes it has no drift at all.

    boot: more lines of the boot script, without those that install the host commands if `installs` is False
    image: more lines of the Dockerfile, after `copy`
    claude: CLAUDE.md, which is not there if None
    replaces: text of the template, and what takes its place
    """

    boot: str = ""
    installs: bool = True
    copy: str = "COPY scripts /home/coder-files"
    image: str = f"RUN chmod 755 {STAGED}/*"
    claude: str | None = None
    replaces: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()

    @property
    def tree(self) -> MemoryTree:
        boot = "\n".join(([INSTALLS] if self.installs else []) + [textwrap.dedent(self.boot).strip("\n")])
        template = host("minimal").files[TEMPLATE]
        template = template.replace("    exit 0\n  EOT\n", textwrap.indent(boot, "    ") + "\n    exit 0\n  EOT\n", 1)
        for old, new in self.replaces.items():
            assert template.count(old) == 1, old
            template = template.replace(old, new)
        sudoers = """\
            RUN usermod --login coder --home /home/coder --move-home ubuntu && groupmod --new-name coder ubuntu
            RUN echo 'coder ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/coder && \\
                echo 'Defaults env_keep += "DEBIAN_FRONTEND"' >> /etc/sudoers.d/coder && \\
                chmod 0440 /etc/sudoers.d/coder
            """
        lines = ["FROM ubuntu:24.04", textwrap.dedent(sudoers), self.copy, textwrap.dedent(self.image).strip("\n")]
        files = {TEMPLATE: template, DOCKERFILE: "\n".join(lines) + "\n", "image/scripts/WELCOME.txt": "Hello\n"}
        files |= {f"{COMMANDS}/{name}": "#!/bin/bash\n" for name in ("launch", "coder-routes", "coder-setup")}
        files |= {"CLAUDE.md": self.claude} if self.claude is not None else {}
        files |= self.files
        return MemoryTree.of({path: text for path, text in files.items() if path not in self.without})


def states(tree: MemoryTree) -> dict[str, str]:
    return {drift.id: drift.state for drift in audit(tree, "r" * 40, None).drift}


def test_a_repository_can_be_without_drift() -> None:
    assert states(Repository().tree) == dict.fromkeys(IDS, "absent")


def test_where_nothing_applies_nothing_is_there() -> None:
    assert states(MemoryTree.of({"README.md": "Nothing here.\n"})) == dict.fromkeys(IDS, "absent")
    without_image = Repository(installs=False, without=(DOCKERFILE,)).tree
    assert states(without_image) == dict.fromkeys(IDS, "absent")


# D-1

DESCRIBED = "- `image/scripts/.ddev/global_config.yaml` - DDEV defaults\n"
CONFIG = {"image/scripts/.ddev/global_config.yaml": "omit_containers: [ddev-router]\n"}


@pytest.mark.parametrize(
    "claude",
    [
        DESCRIBED,
        "# Layout\n\n```\n├── .ddev/global_config.yaml    # DDEV defaults\n```\n",
        "6. **DDEV config** - Copy `global_config.yaml` to `~/.ddev/`\n",
        "Edit `scripts/.ddev/global_config.yaml`.\n",
        "The boot script takes /home/coder-files/.ddev/global_config.yaml.\n",
        f"`image/scripts/.ddev/global_config.yaml` was never there.\n\nSee:\n{DESCRIBED}",
        "Do not edit `~/.ddev`, edit `image/scripts/.ddev/global_config.yaml`.\n",
    ],
)
def test_d1_is_there(claude: str) -> None:
    tree = Repository(claude=claude).tree
    [found] = [each for each in audit(tree, "r" * 40, None).drift if each.id == "D-1"]
    assert (found.state, found.path) == ("present", "CLAUDE.md")
    line = claude.splitlines()[found.line - 1]
    assert "global_config.yaml" in line
    assert "never" not in line


@pytest.mark.parametrize(
    "repository",
    [
        Repository(claude=DESCRIBED, files=CONFIG),
        Repository(claude="Set `host_webserver_port` in `~/.ddev/global_config.yaml`.\n"),
        Repository(claude="There is no longer an `image/scripts/.ddev/global_config.yaml`.\n"),
        Repository(claude="There is no `image/scripts/.ddev/global_config.yaml`.\n"),
        Repository(claude="Another project has `docker/scripts/.ddev/global_config.yaml`.\n"),
        Repository(claude="# Templates\n"),
        Repository(claude=None, files={"README.md": DESCRIBED}),
    ],
)
def test_d1_is_not_there(repository: Repository) -> None:
    assert states(repository.tree)["D-1"] == "absent"


# D-2


@pytest.mark.parametrize(
    "boot",
    [
        "",
        f"ls {STAGED}",
        f"# cp {STAGED}/launch ~/.ddev/commands/host/",
        "cp -n /home/coder-files/WELCOME.txt ~/.ddev/commands/host/",
        f"cp -n {STAGED}/launch ~/bin/launch",
        f"mkdir -p ~/.ddev/commands/host; cp {STAGED}/launch /tmp/.ddev/commands/host/launch",
        "cp -rn /home/coder-files/* ~/",
        "cp -n /home/coder-files/.ddev/* ~/.ddev/",
        "cp -n /home/coder-files/. ~/",
        f"cat > /tmp/install <<'EOF'\ncp {STAGED}/launch ~/.ddev/commands/host/\nEOF",
        "cat > ~/.ddev/commands/host/launch <<'EOF'\n#!/bin/bash\nEOF",
        "rsync -a /home/coder-files/.vscode/ ~/.vscode/",
    ],
)
def test_d2_is_there(boot: str) -> None:
    assert states(Repository(installs=False, boot=boot).tree)["D-2"] == "present"


@pytest.mark.parametrize(
    "boot",
    [
        f"cp -n {STAGED}/launch ~/.ddev/commands/host/launch",
        f"cp -n {STAGED}/coder-routes $HOME/.ddev/commands/host",
        f"cp -n -t ~/.ddev/commands/host {STAGED}/coder-*",
        "cp -rn /home/coder-files/.ddev ~/",
        "cp -an /home/coder-files/. /home/coder/",
        "cp -rn /home/coder-files/.ddev/. ~/.ddev/",
        "cp -rn /home/coder-files/.ddev/commands ~/.ddev/",
        "cp -rn /home/coder-files/.[!.]* ~/",
        "rsync -a --ignore-existing /home/coder-files/ ~/",
        "rsync -a --ignore-existing /home/coder-files/.ddev/commands ~/.ddev/",
        f"install -m 755 {STAGED}/launch ~/.ddev/commands/host/launch",
        f"ln -s {STAGED}/launch ~/.ddev/commands/host/launch",
        f"cd {STAGED} && cp -n launch ~/.ddev/commands/host/",
        f'for name in launch coder-routes; do cp -n "{STAGED}/$name" ~/.ddev/commands/host/; done'.replace(
            "$name", "$name"
        ),
        f'for f in {STAGED}/*; do [ -f "$f" ] || continue; cp -n "$f" "$HOME/.ddev/commands/host/"; done',
        f'for f in {STAGED}/*; do to=~/.ddev/commands/host/$(basename "$f"); [ -e "$to" ] || cp "$f" "$to"; done',
        "shopt -s nullglob dotglob\ncp -rn /home/coder-files/* ~/",
        f'S={STAGED}; T=~/.ddev/commands/host; for n in $(ls "$S"); do cp -n "$S/$n" "$T/$n"; done',
        f"find {STAGED} -type f -exec cp -n {{}} ~/.ddev/commands/host/ \\;",
        f'seed() {{ cp -n "$1" "$2"; }}; seed {STAGED}/launch ~/.ddev/commands/host/launch',
        "tar -C /home/coder-files -cf - . | tar -C ~ -xkf -",
        f"ls {STAGED} | xargs -I{{}} cp -n {STAGED}/{{}} ~/.ddev/commands/host/",
        f"find {STAGED} -type f -print0 | xargs -0 cp -n -t ~/.ddev/commands/host",
        f"[ -f ~/.ddev/commands/host/launch ] || cat {STAGED}/launch > ~/.ddev/commands/host/launch",
        'bash -c "cp -n ' + STAGED + '/launch /home/coder/.ddev/commands/host/"',
    ],
)
def test_d2_is_not_there(boot: str) -> None:
    assert states(Repository(installs=False, boot=boot).tree)["D-2"] == "absent"


def test_d2_is_about_user_defined_web_and_what_is_staged() -> None:
    other = Repository(installs=False).tree
    moved = {path.replace("user-defined-web/", "drupal-core/"): text for path, text in other.files.items()}
    assert states(MemoryTree.of(moved))["D-2"] == "absent"
    unstaged = Repository(installs=False, copy="COPY scripts/WELCOME.txt /home/coder-files/", image="")
    assert states(unstaged.tree)["D-2"] == "absent"


@pytest.mark.parametrize("copy", ["COPY scripts /opt/files", "ARG TO\nCOPY scripts $TO", "COPY scripts files"])
def test_d2_says_nothing_of_what_is_staged_elsewhere(copy: str) -> None:
    report = compare(Repository().tree, Repository(copy=copy, installs=False).tree)
    assert of(report, "D-2").change == "none"


def test_d2_says_nothing_of_a_script_that_cannot_be_read() -> None:
    report = compare(Repository().tree, Repository(installs=False, boot="if true; then").tree)
    assert of(report, "D-2").change == "none"


def test_d2_follows_a_sourced_file() -> None:
    library = {"image/scripts/lib.sh": f"install_commands() {{\n  cp -n {STAGED}/* ~/.ddev/commands/host/\n}}\n"}
    boot = ". /home/coder-files/lib.sh\ninstall_commands"
    assert states(Repository(installs=False, boot=boot, files=library).tree)["D-2"] == "absent"


# D-3


@pytest.mark.parametrize(
    "image",
    [
        "",
        f"RUN chmod 755 {STAGED}/launch && chmod 755 {STAGED}/coder-routes",
        f"RUN chmod 644 {STAGED}/*",
        f"RUN chmod 755 {STAGED}/* && chmod 644 {STAGED}/coder-setup",
        f"RUN chmod -R 755 {STAGED} && chmod a-x {STAGED}/coder-setup",
        f"RUN chmod 755 {STAGED}/coder-routes # and coder-setup",
        "RUN chmod -R u+rwX,go=rX /home/coder-files",
        f"RUN find {STAGED} -type f -exec chmod 644 {{}} + && find {STAGED} -type d -exec chmod 755 {{}} +",
        f"FROM ubuntu:24.04\nCOPY scripts /home/coder-files\nRUN chmod 755 {STAGED}/launch",
        f"RUN echo chmod 755 {STAGED}/coder-setup",
        f"ARG NAMES='launch coder-routes'\nRUN for n in $NAMES; do chmod 755 {STAGED}/$n; done",
        f"RUN find {STAGED} -name 'l*' -exec chmod 755 {{}} +",
        f"RUN chmod -R u=rwX,go=rX {STAGED} && chmod 0644 {STAGED}/coder-setup",
        "RUN chmod 755 /usr/local/bin/coder-setup",
        f"RUN cat > /tmp/later <<'EOF'\nchmod 755 {STAGED}/coder-setup\nEOF",
    ],
)
def test_d3_is_there(image: str) -> None:
    assert states(Repository(image=image).tree)["D-3"] == "present"


@pytest.mark.parametrize(
    ("copy", "image"),
    [
        ("", f"RUN chmod 755 {STAGED}/launch {STAGED}/coder-routes {STAGED}/coder-setup"),
        ("", f"RUN chmod 0755 {STAGED}/coder-setup"),
        ("", f"RUN chmod +x {STAGED}/coder-setup"),
        ("", f"RUN chmod a+rx,u+w {STAGED}/coder-*"),
        ("", f"RUN chmod u=rwx {STAGED}/{{launch,coder-setup}}"),
        ("", "RUN chmod -R 755 /home/coder-files"),
        ("", "RUN chmod -R 755 /home/coder-files/.ddev/*"),
        ("", f"RUN cd {STAGED} && chmod 755 coder-setup launch"),
        ("", f"WORKDIR {STAGED}\nRUN chmod 755 coder-setup"),
        ("", f"ENV HOST={STAGED}\nRUN chmod 755 $HOST/coder-setup"),
        ("", "ARG BASE=/home/coder-files/.ddev\nENV HOST=$BASE/commands/host\nRUN chmod 755 ${HOST}/coder-setup"),
        ("", f"RUN for c in launch coder-routes coder-setup; do chmod 755 {STAGED}/$c; done"),
        ("", f'RUN for c in {STAGED}/*; do chmod +x "$c"; done'),
        ("", f"RUN find {STAGED} -type f -exec chmod 755 {{}} +"),
        ("", "RUN find /home/coder-files -name 'coder-*' -exec chmod a+x {} \\;"),
        ("", f"RUN find {STAGED} -type f -print0 | xargs -0 chmod 755"),
        ("", f"RUN <<EOF\nset -e\nchmod 755 {STAGED}/coder-setup\nEOF"),
        ("", f"RUN chmod 644 /home/coder-files/WELCOME.txt && \\\n    # DDEV\n    chmod 755 {STAGED}/coder-setup"),
        ("", f"RUN sudo chmod 755 {STAGED}/coder-setup"),
        ("", f'RUN ["chmod", "755", "{STAGED}/coder-setup"]'),
        ("COPY --chmod=755 scripts /home/coder-files", ""),
        ("COPY --chown=coder:coder --chmod=0755 scripts /home/coder-files", ""),
        ("ARG TO=/home/coder-files\nCOPY scripts $TO", "RUN chmod 755 $TO/.ddev/commands/host/coder-setup"),
        ("COPY scripts/.ddev /home/coder-files/.ddev", f"RUN chmod 755 {STAGED}/*"),
        ("COPY scripts /files\nFROM ubuntu\nCOPY --from=0 /files /home/coder-files", f"RUN chmod 755 {STAGED}/*"),
        (f"COPY scripts/.ddev/commands/host/coder-* {STAGED}/", f"RUN chmod 755 {STAGED}/coder-setup"),
    ],
)  # fmt: skip
def test_d3_is_not_there(copy: str, image: str) -> None:
    tree = Repository(copy=copy or "COPY scripts /home/coder-files", image=image).tree
    assert states(tree)["D-3"] == "absent"


def test_d3_says_nothing_of_the_mode_that_another_stage_gives() -> None:
    other = "COPY scripts /files\nRUN chmod -R 755 /files\nFROM ubuntu:24.04\nCOPY --from=0 /files /home/coder-files"
    report = compare(Repository().tree, Repository(copy=other, image="").tree)
    assert of(report, "D-3").change == "none"


@pytest.mark.parametrize("path", ["image/commands", "image/rootfs/home/coder-files/.ddev/commands/host"])
def test_host_commands_are_known_by_where_the_image_has_them(path: str) -> None:
    before = Repository(installs=False, image="").tree
    files = {name.replace(COMMANDS, path): text for name, text in before.files.items()}
    copy = f"COPY commands {STAGED}" if path == "image/commands" else "COPY rootfs /"
    files[DOCKERFILE] = files[DOCKERFILE].replace("COPY scripts", f"{copy}\nCOPY scripts")
    report = compare(before, MemoryTree.of(files))
    assert [of(report, name).state for name in ("D-2", "D-3")] == ["present", "present"]


def test_host_commands_behind_links_are_known() -> None:
    before = Repository(installs=False, image="").tree
    files = {name.replace("image/scripts", "image/files"): text for name, text in before.files.items()}
    report = compare(before, MemoryTree.of(files, {"image/scripts": "files"}))
    assert [of(report, name).state for name in ("D-2", "D-3")] == ["present", "present"]


def test_d5_says_nothing_of_a_mode_that_is_not_known() -> None:
    before = Repository(boot="sudo chmod 666 /var/run/docker.sock").tree
    report = compare(before, Repository(boot='sudo chmod "$(cat /etc/mode)" /var/run/docker.sock').tree)
    assert of(report, "D-5").change == "none"


def test_d3_counts_only_what_comes_after_the_copy() -> None:
    tree = Repository(copy=f"RUN chmod 755 {STAGED}/coder-setup\nCOPY scripts /home/coder-files", image="").tree
    assert states(tree)["D-3"] == "present"


def test_d3_is_not_there_without_the_command() -> None:
    assert states(Repository(image="", without=(f"{COMMANDS}/coder-setup",)).tree)["D-3"] == "absent"


# D-4


@pytest.mark.parametrize(
    "image",
    [
        "RUN systemctl enable docker",
        "RUN systemctl enable docker.service",
        "RUN apt-get update && \\\n  # Enable Docker service\n  systemctl enable docker",
        "RUN sudo systemctl --quiet enable docker containerd",
        "ARG UNIT=docker\nRUN systemctl enable $UNIT",
        "RUN ln -s /lib/systemd/system/docker.service /etc/systemd/system/multi-user.target.wants/docker.service",
        "RUN <<EOF\nsystemctl enable docker\nEOF",
        "RUN systemctl disable docker && systemctl enable docker",
        "RUN cd /etc/systemd/system/multi-user.target.wants && ln -s /lib/systemd/system/docker.service .",
        'RUN ["bash", "-exc", "systemctl enable docker"]',
    ],
)
def test_d4_is_there(image: str) -> None:
    repository = Repository(image=f"{Repository.image}\n{image}")
    assert states(repository.tree)["D-4"] == "present"


@pytest.mark.parametrize(
    "image",
    [
        "RUN apt-get install --yes docker-ce systemd systemd-sysv",
        "# RUN systemctl enable docker",
        "RUN systemctl enable ssh",
        "RUN systemctl disable docker",
        "RUN systemctl enable docker && systemctl disable docker",
        "RUN systemctl enable docker\nRUN systemctl mask docker.service",
        "RUN systemctl enable docker && deb-systemd-helper disable docker.service",
        "RUN echo systemctl enable docker",
        "LABEL how='systemctl enable docker'",
    ],
)
def test_d4_is_not_there(image: str) -> None:
    repository = Repository(image=f"{Repository.image}\n{image}")
    assert states(repository.tree)["D-4"] == "absent"


# D-5


@pytest.mark.parametrize(
    "boot",
    [
        "sudo chmod 666 /var/run/docker.sock",
        "sudo chmod 0666 /run/docker.sock",
        "chmod 777 /var/run/docker.sock || true",
        "sudo chmod a+rw /var/run/docker.sock",
        "sudo chmod o=rw /var/run/docker.sock",
        "sudo chmod ugo+rw /var/run/docker.sock",
        "sudo chmod +rw,o+w /var/run/docker.sock",
        "sudo chmod go+rw /var/run/docker.sock",
        'SOCK=/var/run/docker.sock; MODE=666; sudo chmod $MODE "$SOCK"',
        'share() { sudo chmod "$1" /var/run/docker.sock; }; share 666',
        "sudo sh -c 'chmod 666 /var/run/docker.sock'",
        "cd /var/run && sudo chmod 666 docker.sock",
        "for i in 1 2 3; do if [ -S /var/run/docker.sock ]; then sudo chmod 666 /var/run/docker.sock; fi; done",
        "sudo find /var/run -name docker.sock -exec chmod 666 {} \\;",
        "sudo chmod 666 /var/run/docker.sock && sudo chmod 660 /etc/docker/daemon.json",
        "echo /var/run/docker.sock | xargs sudo chmod 666",
        "sudo chmod -R 777 /run/docker*",
    ],
)
def test_d5_is_there(boot: str) -> None:
    tree = Repository(boot=boot).tree
    [found] = [each for each in audit(tree, "r" * 40, None).drift if each.id == "D-5"]
    assert (found.state, found.path) == ("present", TEMPLATE)
    assert "chmod" in tree.files[TEMPLATE].split("\n")[found.line - 1]


@pytest.mark.parametrize(
    "boot",
    [
        "sudo chmod 660 /var/run/docker.sock",
        "sudo chmod g+rw /var/run/docker.sock",
        "sudo chmod o-rwx /var/run/docker.sock",
        "sudo chmod u=rw,g=rw,o= /var/run/docker.sock",
        "sudo chmod 664 /var/run/docker.sock",
        "chmod 666 /tmp/docker.log",
        "echo 'sudo chmod 666 /var/run/docker.sock'",
        "# sudo chmod 666 /var/run/docker.sock",
        "cat > /tmp/readme <<'EOF'\nchmod 666 /var/run/docker.sock\nEOF",
        "ls -l /var/run/docker.sock",
    ],
)
def test_d5_is_not_there(boot: str) -> None:
    assert states(Repository(boot=boot).tree)["D-5"] == "absent"


# D-6

VERSIONED = {
    'image         = "registry.example.org/workspaces/web:v2.3"': 'image = "example.org/web:${local.image_version}"',
}
FROM_FILE = 'locals {\n  image_version = try(trimspace(file("${path.module}/VERSION")), var.image_version)\n}\n'
VARIABLE = 'variable "image_version" {\n  type    = string\n  default = "v0.1"\n}\n'
BY_VARIABLE = "locals {\n  image_version = var.image_version\n}\n"
OWN = 'locals {\n  image_version = "v0.1"\n}\n'


def several(
    *versions: str, files: Mapping[str, str] | None = None, links: Mapping[str, str] | None = None
) -> MemoryTree:
    """A repository with a template for each of the texts that say where its image version comes from."""
    text = Repository(replaces=VERSIONED).tree.files[TEMPLATE]
    names = ("user-defined-web", "drupal-core", "drupal-contrib")
    templates = {f"{name}/template.tf": text + more for name, more in zip(names, versions, strict=False)}
    return MemoryTree.of(templates | dict(files or {}), links)


@pytest.mark.parametrize(
    "tree",
    [
        several(FROM_FILE + VARIABLE, FROM_FILE + VARIABLE, files={"VERSION": "v0.4\n"}),
        several(FROM_FILE + VARIABLE, FROM_FILE + VARIABLE.replace("v0.1", "v0.2")),
        several(BY_VARIABLE + VARIABLE, BY_VARIABLE + VARIABLE, BY_VARIABLE + VARIABLE),
        several(
            FROM_FILE + VARIABLE,
            FROM_FILE + VARIABLE,
            FROM_FILE + VARIABLE,
            files={"VERSION": "v0.4\n", "user-defined-web/VERSION": "v0.4\n"},
            links={"drupal-core/VERSION": "../VERSION"},
        ),
        several(FROM_FILE.replace("}/VERSION", "}/../VERSION") + VARIABLE, files={"VERSION": "v1\n"}),
        several(BY_VARIABLE + VARIABLE),
    ],
    ids=["file", "generated file", "variable", "copies and links", "file above", "one template"],
)
def test_d6_is_there(tree: MemoryTree) -> None:
    assert states(tree)["D-6"] == "present"


@pytest.mark.parametrize(
    "tree",
    [
        several(FROM_FILE + VARIABLE, OWN, files={"VERSION": "v0.4\n"}),
        several(OWN, OWN.replace("v0.1", "v0.2")),
        several(OWN, OWN),
        several(BY_VARIABLE + VARIABLE, BY_VARIABLE + VARIABLE.replace("v0.1", "v0.2")),
        several(FROM_FILE + VARIABLE, FROM_FILE + VARIABLE, files={"VERSION": "v1\n", "drupal-core/VERSION": "v2\n"}),
        Repository().tree,
    ],
    ids=["one pinned", "all pinned", "all pinned alike", "defaults differ", "a file of its own", "one template"],
)
def test_d6_is_not_there(tree: MemoryTree) -> None:
    assert states(tree)["D-6"] == "absent"


# What a change does

WITH: dict[str, Repository] = {
    "D-1": Repository(claude=DESCRIBED),
    "D-2": Repository(installs=False),
    "D-3": Repository(image=f"RUN chmod 755 {STAGED}/launch"),
    "D-4": Repository(image=f"{Repository.image}\nRUN systemctl enable docker"),
    "D-5": Repository(boot="sudo chmod 666 /var/run/docker.sock"),
    "D-6": Repository(replaces={":v2.3": ":${var.image_version}"}, files={"user-defined-web/v.tf": VARIABLE}),
}
WITHOUT: dict[str, Repository] = {"D-1": Repository(claude=DESCRIBED, files=CONFIG)}


def pair(item: str) -> tuple[MemoryTree, MemoryTree]:
    """A repository that has an item of drift, and the same without it."""
    return WITH[item].tree, WITHOUT.get(item, Repository()).tree


def of(report: Report, item: str) -> Drift:
    assert tuple(drift.id for drift in report.drift) == IDS
    return next(drift for drift in report.drift if drift.id == item)


@pytest.mark.parametrize("item", IDS)
def test_one_that_goes_away_is_fixed_at_its_line_of_the_base(item: str) -> None:
    present, absent = pair(item)
    where = of(compare(present, present), item)
    report = compare(present, absent)
    assert of(report, item) == Drift(item, "absent", "fixed", where.path, where.line)
    assert introduced(report) == []
    assert [drift.id for drift in report.drift if drift.change != "none"] == [item]
    assert report.conclusion in ("success", "skipped")


@pytest.mark.parametrize("item", IDS)
def test_one_that_comes_back_is_a_notice_and_fails_nothing(item: str) -> None:
    present, absent = pair(item)
    report = compare(absent, present)
    back = of(report, item)
    assert (back.state, back.change) == ("present", "reintroduced")
    [finding] = introduced(report)
    assert (finding.rule, finding.level, finding.path, finding.line) == (item, "notice", back.path, back.line)
    assert finding.citation is None or finding.citation.start
    assert report.conclusion in ("success", "skipped")


@pytest.mark.parametrize("item", IDS)
def test_one_that_stays_is_nobodys_fault(item: str) -> None:
    present, _ = pair(item)
    text = present.files[TEMPLATE]
    moved = MemoryTree.of({**present.files, TEMPLATE: "# moved\n" * 30 + text})
    report = compare(present, moved)
    assert (of(report, item).state, of(report, item).change) == ("present", "none")
    assert introduced(report) == []


def test_a_reintroduced_notice_stands_on_the_added_line() -> None:
    [finding] = introduced(compare(Repository().tree, WITH["D-5"].tree))
    assert finding.anchor is not None
    assert (
        WITH["D-5"].tree.files[TEMPLATE].split("\n")[finding.line - 1].strip() == "sudo chmod 666 /var/run/docker.sock"
    )
    assert finding.requirement == "In-Container Dockerd Lifecycle"


def test_another_way_to_enable_the_unit_is_one_finding_of_f9() -> None:
    head = Repository(image=f"{Repository.image}\nRUN systemctl enable --now docker")
    report = compare(Repository().tree, head.tree)
    assert [(finding.rule, finding.level) for finding in introduced(report)] == [("F-9", "failure")]
    assert of(report, "D-4").change == "reintroduced"


def test_the_unit_enabled_twice_is_not_back() -> None:
    head = Repository(image=f"{WITH['D-4'].image}\nRUN systemctl enable docker.service")
    report = compare(WITH["D-4"].tree, head.tree)
    assert of(report, "D-4").change == "none"
    assert introduced(report) == []


def test_no_thanks_for_taking_away_the_other_half() -> None:
    """Without a start of dockerd the unit is still enabled: nothing was repaired."""
    start = "      sudo dockerd > /tmp/dockerd.log 2>&1 &\n"
    base = WITH["D-4"]
    head = Repository(image=base.image, replaces={start: "      true\n"})
    assert of(compare(base.tree, head.tree), "D-4").change == "none"


def test_no_thanks_for_what_cannot_be_read() -> None:
    broken = MemoryTree.of({**WITH["D-5"].tree.files, TEMPLATE: 'resource "coder_agent" "main" {\n'})
    assert of(compare(WITH["D-5"].tree, broken), "D-5").change == "none"
    unseen = Repository(boot='. "$SOMETHING_ELSE"')
    assert of(compare(WITH["D-5"].tree, unseen.tree), "D-5").change == "none"


def test_a_template_that_comes_or_goes_brings_nothing_back() -> None:
    """The question whether user-defined-web copies its commands arises only where that template is."""
    tree = WITH["D-2"].tree
    other = {path.replace("user-defined-web/", "web/"): text for path, text in tree.files.items()}
    for base, head in ((tree, MemoryTree.of(other)), (MemoryTree.of(other), tree)):
        assert of(compare(base, head), "D-2").change == "none"


def test_one_template_of_two_does_not_fix_it() -> None:
    tree = WITH["D-5"].tree
    both = MemoryTree.of({**tree.files, "drupal-core/template.tf": tree.files[TEMPLATE]})
    one = MemoryTree.of({**both.files, TEMPLATE: Repository().tree.files[TEMPLATE]})
    assert of(compare(both, one), "D-5").change == "none"


@pytest.mark.parametrize(("state", "change"), [("unknown", "none"), ("absent", "fixed"), ("present", "none")])
def test_what_is_not_known_is_taken_as_it_was(state: str, change: str) -> None:
    base = [Sighting("D-5", "present", Span("a", 1, 1), "x")]
    head = [Sighting("D-5", state, Span("a", 2, 2))]  # type: ignore[arg-type]
    kept = next(each for each in ledger(base, head) if each.drift.id == "D-5")
    assert kept.drift.change == change
    assert kept.drift.state == ("absent" if state == "absent" else "present")


# Pages


@pytest.mark.parametrize("item", all_drift(), ids=lambda item: item.id)
def test_a_page_has_its_sections(item: KnownDrift) -> None:
    assert tuple(item.sections) == SECTIONS
    assert re.match(r"[A-Z`].*[.)]$", item.why)
    assert re.match(r"[A-Z`].*[.)]$", item.fix)
    assert item.title[-1].isalnum()
