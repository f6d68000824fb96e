"""The change that is measured: a template and a Dockerfile, with what breaks the contract and what only looks so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.gitrepo import Repo

FIXTURE = Path(__file__).parents[2] / "tests" / "fixtures" / "repository"
TEMPLATE = "user-defined-web/template.tf"
DOCKERFILE = "image/Dockerfile"


@dataclass(frozen=True)
class Plant:
    """A violation: `rule` is found on the `lines` lines that begin with the first one that has `sign`."""

    rule: str
    sign: str
    path: str = TEMPLATE
    lines: int = 1


PLANTS = (
    Plant("F-1", 'host_path      = "/var/run/docker.sock" # planted'),
    Plant("F-2", "privileged    = true"),
    Plant("F-3", 'user        = "1000:1000"'),
    Plant("F-4", "GIT_SSH_COMMAND=$GIT_SSH_COMMAND"),
    Plant("F-5", "cp -f /home/coder-files/.vscode/settings.json"),
    Plant("F-6", "  ports {", lines=4),
    Plant("F-7", "mounts { # planted", lines=5),
    Plant("F-8", 'git config --global user.name "$(hostname)"'),
    Plant("F-9", "    sudo systemctl start docker"),
    Plant("F-10", "set -e # planted"),
    Plant("F-3", "RUN chown -R 1000:1000 /home/coder-files", DOCKERFILE),
    # The same, said another way.
    Plant("F-1", "${local.planted_run}/docker.sock"),
    Plant("F-4", "printf 'export %s=%s"),
    Plant("F-5", 'install -m 644 /home/coder-files/.gitconfig "$PLANTED_TO"'),
    Plant("F-8", "PLANTED_NAME=$(cat /etc/hostname)", lines=2),
    Plant("F-9", "planted_unit start docker"),
)

_SCRIPT = """\
    set -e # planted
    echo "export GIT_SSH_COMMAND=$GIT_SSH_COMMAND" >> ~/.bashrc
    cp -f /home/coder-files/.vscode/settings.json ~/.vscode/settings.json
    git config --global user.name "$(hostname)"
    sudo systemctl start docker
    PLANTED_RC="$HOME/.profile"
    printf 'export %s=%s\\n' GIT_SSH_COMMAND "$GIT_SSH_COMMAND" >> "$PLANTED_RC"
    PLANTED_TO="/home/coder/.gitconfig"
    install -m 644 /home/coder-files/.gitconfig "$PLANTED_TO"
    PLANTED_NAME=$(cat /etc/hostname)
    git config --global user.email "$PLANTED_NAME@example.com"
    planted_unit() { sudo service "$2" "$1"; }
    planted_unit start docker
"""

_HARMLESS = """\
    # GIT_SSH_COMMAND=x >> ~/.bashrc, systemctl start docker: neither belongs here
    [ -e ~/.tool-versions ] || cp /home/coder-files/.tool-versions ~/.tool-versions
    ( set -e; cd /tmp && true )
    sed -i '/export GIT_SSH_COMMAND=/d' ~/.bashrc || true
    echo "never run: sudo systemctl start docker"
"""

_BLOCKS = """\
  volumes {
    container_path = "/var/run/docker.sock"
    host_path      = "/var/run/docker.sock" # planted
  }

  ports {
    internal = 80
    external = 8080
  }

  volumes {
    container_path = "/run-of-the-host"
    host_path      = "${local.planted_run}/docker.sock"
  }

  mounts { # planted
    type   = "volume"
    source = "extra"
    target = "/srv/extra"
  }

  depends_on = [null_resource.workspace_cleanup]
"""


@dataclass(frozen=True)
class Sample:
    """A repository with a change in it: `base` and `head` are commits, `folder` is the head's work tree."""

    folder: Path
    base: str
    head: str
    changed: tuple[str, ...]

    def lines(self, plant: Plant) -> range:
        lines = (self.folder / plant.path).read_text().split("\n")
        first = next(number for number, line in enumerate(lines, 1) if plant.sign in line)
        return range(first, first + plant.lines)


def fixture() -> dict[str, str]:
    return {
        path.relative_to(FIXTURE).as_posix(): path.read_text() for path in sorted(FIXTURE.rglob("*")) if path.is_file()
    }


def planted(template: str) -> str:
    """The template with what `PLANTS` lists in it."""
    text = template
    before_last_exit = text.index("    exit 0\n  EOT\n")
    text = text[:before_last_exit] + _HARMLESS + _SCRIPT + text[before_last_exit:]
    text += '\nlocals {\n  planted_run    = "/var/run"\n}\n'
    for old, new in (
        ("  privileged    = false\n", "  privileged    = true\n"),
        ('  user        = "coder"\n', '  user        = "1000:1000"\n'),
        ("  depends_on = [null_resource.workspace_cleanup]\n", _BLOCKS),
    ):
        if text.count(old) != 1:
            raise ValueError(f"the template has {text.count(old)} times {old!r}")
        text = text.replace(old, new)
    return text


def planted_sample(folder: Path) -> Sample:
    """The fixtures' repository with a branch that breaks the contract in two files, and has look-alikes."""
    files = fixture()
    image = files[DOCKERFILE].replace("RUN chown -R coder:coder", "RUN chown -R 1000:1000")
    return commit(folder, files, {TEMPLATE: planted(files[TEMPLATE]), DOCKERFILE: image})


def commit(folder: Path, files: Mapping[str, str], changes: Mapping[str, str]) -> Sample:
    repo = Repo(folder)
    base = repo.commit(files)
    return Sample(folder, base, repo.commit(changes), tuple(changes))


def several(folder: Path, templates: int, unrelated: int) -> Sample:
    """A repository of eight real-sized templates of which `templates` change, among `unrelated` other files."""
    files = fixture()
    text = files[TEMPLATE]
    names = [f"web-{number}/template.tf" for number in range(8)]
    files |= dict.fromkeys(names, text)
    files |= {f"docs/{number // 100}/{number}.md": f"# Page {number}\n" for number in range(unrelated)}
    return commit(folder, files, {name: planted(text) for name in names[:templates]})
