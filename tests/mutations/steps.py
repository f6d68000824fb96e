"""Mutations of the boot's ten steps: one that is gone, two that are swapped, and each of them done in another way."""

from __future__ import annotations

from tests.mutations.harness import CORE_BOOT, Edit, Expected, Mutation, after, harmful, harmless

HOME = "scripts/shared/home.sh"
GIT = "scripts/shared/git.sh"
DOCKER = "scripts/shared/docker.sh"
PROFILE = "scripts/shared/profile.sh"
LIB = "scripts/shared/lib.sh"

_OWNER = 'run_step "home ownership" take_home\n'
_SKELETON = 'run_step "skeleton" seed_skeleton\n'
_SSH = 'run_step "git over ssh" session_ssh\n'
_STAGED = 'run_step "staged files" seed_staged_files\n'
_IDENTITY = 'run_step "git identity" set_git_identity\n'
_MIRROR = 'run_step "registry mirror" configure_mirror "${REGISTRY_MIRROR:-}"\n'
_DOCKERD = 'run_step "dockerd" start_docker 60\n'
_IMAGES = 'run_step "images" fetch_images\n'
_FOLDERS = 'run_step "folders" make_folders\n'
_PROFILE = 'run_step "shell profile" write_profile\n'
_REST = 'run_step "Drupal core" clone_core\n'


def gone(name: str, step: str, *finds: Expected, affects: str = "BOOT") -> Mutation:
    return harmful(f"steps: no {name}", Edit(CORE_BOOT, step, ""), finds=finds, affects=affects)


def swapped(name: str, first: str, second: str, *finds: Expected, affects: str = "BOOT") -> Mutation:
    """`second`, which follows at once, comes before `first`."""
    return harmful(f"steps: {name}", Edit(CORE_BOOT, first + second, second + first), finds=finds, affects=affects)


def otherwise(name: str, *edits: Edit, affects: str = "") -> Mutation:
    return harmless(f"steps: {name}", *edits, affects=affects)


MUTATIONS: tuple[Mutation, ...] = (
    gone("home ownership", _OWNER, Expected("BOOT", 'run_step "skeleton"'), affects="INV-3 BOOT"),
    gone("skeleton", _SKELETON, Expected("BOOT", 'run_step "git over ssh"'), affects="INV-6 BOOT"),
    gone("git over ssh", _SSH, Expected("BOOT", 'run_step "staged files"')),
    gone("staged files", _STAGED, Expected("INV-6", 'run_step "git identity"'), affects="INV-6 BOOT"),
    gone("git identity", _IDENTITY, Expected("BOOT", 'run_step "registry mirror"'), affects="INV-9 BOOT"),
    gone("registry mirror", _MIRROR, Expected("BOOT", 'run_step "dockerd"'), affects="INV-3 INV-4 BOOT"),
    gone("dockerd", _DOCKERD, Expected("INV-4", 'run_step "images"'), affects="INV-3 INV-4 BOOT"),
    gone(
        "images",
        _IMAGES,
        Expected("BOOT", _DOCKERD),
        affects="INV-7 BOOT",
    ),
    gone("folders", _FOLDERS, Expected("BOOT", 'run_step "shell profile"')),
    gone("shell profile", _PROFILE, Expected("BOOT", 'run_step "Drupal core"'), affects="INV-6 BOOT"),
    swapped("the mirror after dockerd", _MIRROR, _DOCKERD, Expected("BOOT", _MIRROR[:-1])),
    swapped("images before dockerd", _DOCKERD, _IMAGES, Expected("BOOT", _DOCKERD[:-1])),
    swapped("the skeleton before the ownership", _OWNER, _SKELETON, Expected("BOOT", _OWNER[:-1])),
    swapped("the profile before the folders", _FOLDERS, _PROFILE, Expected("BOOT", _FOLDERS[:-1])),
    harmful(
        "steps: staged files after the profile",
        Edit(CORE_BOOT, _STAGED, ""),
        after(CORE_BOOT, _PROFILE, _STAGED),
        finds=Expected("BOOT", _STAGED[:-1]),
        affects="BOOT",
    ),
    harmful(
        "steps: the boot ends where dockerd fails",
        Edit(CORE_BOOT, _DOCKERD, "start_docker 60 || exit 1\n"),
        finds=Expected("BOOT", "start_docker 60 || exit 1"),
        affects="INV-7 BOOT",
    ),
    harmful(
        "steps: the last status is the boot's",
        Edit(CORE_BOOT, 'note "ready"\nexit 0\n', 'note "ready"\nexit $?\n'),
        finds=Expected("BOOT", "exit $?"),
        affects="BOOT",
    ),
    otherwise(
        "the ownership with find",
        Edit(
            HOME,
            "  sudo chown coder:coder /home/coder\n",
            "  sudo find /home/coder -maxdepth 0 ! -user coder -exec chown coder:coder {} +\n",
        ),
        affects="INV-3",
    ),
    otherwise(
        "the skeleton with rsync",
        Edit(HOME, "    cp -rn /etc/skel/. /home/coder/\n", "    rsync -a --ignore-existing /etc/skel/ /home/coder/\n"),
        affects="INV-6",
    ),
    otherwise(
        "git over ssh in two lines",
        Edit(
            GIT,
            '  export GIT_SSH_COMMAND="$(command -v coder) gitssh --"\n',
            '  GIT_SSH_COMMAND="$(command -v coder) gitssh --"\n  export GIT_SSH_COMMAND\n',
        ),
    ),
    otherwise(
        "the staged files with cp -n",
        Edit(
            HOME,
            '    if [ ! -f "/home/coder/${name}" ] && [ -f "/home/coder-files/${name}" ]; then\n'
            '      cp "/home/coder-files/${name}" "/home/coder/${name}"\n    fi\n',
            '    cp -n "/home/coder-files/${name}" "/home/coder/${name}"\n',
        ),
        affects="INV-6",
    ),
    otherwise(
        "the identity in a loop",
        Edit(
            GIT,
            "  git config --global user.name > /dev/null || "
            'git config --global user.name "${CODER_WORKSPACE_OWNER_NAME}"\n',
            "  for key in name; do\n"
            '    git config --global "user.${key}" > /dev/null ||\n'
            '      git config --global "user.${key}" "${CODER_WORKSPACE_OWNER_NAME}"\n'
            "  done\n",
        ),
    ),
    otherwise(
        "the mirror's file made first and moved",
        Edit(
            DOCKER,
            """  printf '{ "registry-mirrors": ["%s"] }\\n' "${mirror}" """
            "| sudo tee /etc/docker/daemon.json > /dev/null\n",
            """  printf '{ "registry-mirrors": ["%s"] }\\n' "${mirror}" > /tmp/daemon.json\n"""
            "  sudo mv /tmp/daemon.json /etc/docker/daemon.json\n",
        ),
        affects="INV-3 INV-4",
    ),
    otherwise(
        "dockerd behind a look that returns",
        Edit(
            DOCKER,
            "  if ! pgrep -x dockerd > /dev/null; then\n    sudo dockerd > /tmp/dockerd.log 2>&1 &\n  fi\n",
            "  pgrep -x dockerd > /dev/null || sudo dockerd > /tmp/dockerd.log 2>&1 &\n",
        ),
    ),
    otherwise(
        "the images by docker pull",
        Edit(DOCKER, "  ddev utility download-images\n", "  docker pull ddev/ddev-webserver:latest\n"),
    ),
    otherwise(
        "the folders in a loop",
        Edit(
            CORE_BOOT,
            "  mkdir -p /home/coder/projects /home/coder/.local/bin\n",
            '  for folder in projects .local/bin; do\n    mkdir -p "${HOME}/${folder}"\n  done\n',
        ),
    ),
    otherwise(
        "the profile by printf",
        Edit(
            PROFILE,
            "  cat > /home/coder/.bash_profile <<'PROFILE'\n"
            "[ -f /etc/bash.bashrc ] && . /etc/bash.bashrc\n"
            '[ -f "$HOME/.bashrc" ] && . "$HOME/.bashrc"\n'
            '[ -n "$PS1" ] && [ -f "$HOME/WELCOME.txt" ] && cat "$HOME/WELCOME.txt"\n'
            "PROFILE\n",
            "  printf '%s\\n' '. /etc/bash.bashrc' '. ~/.bashrc' 'cat ~/WELCOME.txt' > /home/coder/.bash_profile\n",
        ),
        affects="INV-6",
    ),
    otherwise(
        "the first two in the library",
        Edit(CORE_BOOT, _OWNER + _SKELETON, "first_steps\n"),
        after(LIB, "STAGED_FILES=/home/coder-files\n", f"\nfirst_steps() {{\n  {_OWNER}  {_SKELETON}}}\n"),
    ),
    otherwise(
        "dockerd in a file that is sourced",
        Edit(CORE_BOOT, _DOCKERD, 'source "${SHARED_DIR}/daemon.sh"\n'),
        Edit("scripts/shared/daemon.sh", "", f"# shellcheck shell=bash\n{_DOCKERD}"),
    ),
    otherwise(
        "the folders in a script that is run",
        Edit(
            CORE_BOOT, "  mkdir -p /home/coder/projects /home/coder/.local/bin\n", '  bash "${SHARED_DIR}/folders.sh"\n'
        ),
        Edit(
            "scripts/shared/folders.sh",
            "",
            "#!/bin/bash\nset -e\nmkdir -p /home/coder/projects /home/coder/.local/bin\n",
        ),
    ),
)
