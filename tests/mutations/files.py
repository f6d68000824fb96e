"""Mutations of the boot script that is a file of its own, of the library that it sources, and of its helper files."""

from __future__ import annotations

from tests.mutations.harness import CORE, CORE_BOOT, Edit, Expected, Mutation, after, before, harmful, harmless
from tests.rules.harness import repository

LIB = "scripts/shared/lib.sh"
HOME = "scripts/shared/home.sh"
GIT = "scripts/shared/git.sh"
DOCKER = "scripts/shared/docker.sh"
PROFILE = "scripts/shared/profile.sh"
SHUTDOWN = "scripts/shared/shutdown.sh"

_READY = 'note "ready"\n'
_BOOT_LINE = '  startup_script = file("${path.module}/../scripts/templates/drupal-core/startup.sh")\n'
_TEMPLATE_LINE = (
    '  startup_script = templatefile("${path.module}/../scripts/templates/drupal-core/startup.sh.tftpl", {\n'
    "    owner = data.coder_workspace_owner.me.name\n"
    '    seed  = "/home/coder-files"\n'
    "  })\n"
)
_SEED = (
    '    if [ ! -f "/home/coder/${name}" ] && [ -f "/home/coder-files/${name}" ]; then\n'
    '      cp "/home/coder-files/${name}" "/home/coder/${name}"\n'
    "    fi\n"
)
_EDITOR = (
    Edit(CORE_BOOT, "for helper in home git docker profile; do", "for helper in home git docker profile editor; do"),
    after(CORE_BOOT, 'run_step "staged files" seed_staged_files\n', 'run_step "editor" seed_editor\n'),
)
_TPL = "scripts/templates/drupal-core/startup.sh.tftpl"
_TPL_TEXT = """\
#!/bin/bash
set +e
echo "workspace of ${owner} starts"
if [ "$(stat -c %U /home/coder)" != "coder" ]; then
  sudo chown coder:coder /home/coder
fi
if [ ! -f /home/coder/.bashrc ]; then
  cp -rn /etc/skel/. /home/coder/
fi
export GIT_SSH_COMMAND="$(command -v coder) gitssh --"
for name in WELCOME.txt .gitignore_global; do
  [ -f "/home/coder/$${name}" ] || cp "${seed}/$${name}" "/home/coder/$${name}"
done
git config --global user.name "$${CODER_WORKSPACE_OWNER_NAME}"
git config --global user.email "$${CODER_WORKSPACE_OWNER_EMAIL}"
sudo mkdir -p /etc/docker
echo '{ "registry-mirrors": [] }' | sudo tee /etc/docker/daemon.json > /dev/null
if ! pgrep -x dockerd > /dev/null; then
  sudo dockerd > /tmp/dockerd.log 2>&1 &
fi
for second in $(seq 1 60); do
  if [ -S /var/run/docker.sock ]; then
    sudo chgrp docker /var/run/docker.sock
    sudo chmod 660 /var/run/docker.sock
    break
  fi
  sleep 1
done
ddev config global --omit-containers=ddev-router
ddev utility download-images
mkdir -p /home/coder/projects
if [ ! -f /home/coder/.bash_profile ]; then
  cat > /home/coder/.bash_profile <<'PROFILE'
. /etc/bash.bashrc
. "$HOME/.bashrc"
[ -f "$HOME/WELCOME.txt" ] && cat "$HOME/WELCOME.txt"
PROFILE
fi
exit 0
"""
_TEMPLATED = (Edit(CORE, _BOOT_LINE, _TEMPLATE_LINE), Edit(_TPL, "", _TPL_TEXT))


def core(text: str) -> Edit:
    """Lines at the end of the boot script."""
    return before(CORE_BOOT, _READY, text)


MUTATIONS: tuple[Mutation, ...] = (
    # --- the boot script's own file
    harmful(
        "file: a copy without a look",
        core("cp /home/coder-files/WELCOME.txt ~/WELCOME.txt\n"),
        finds=Expected("F-5", "cp /home/coder-files"),
        affects="INV-6",
    ),
    harmful(
        "file: set -e at its head",
        after(CORE_BOOT, "#!/bin/bash\n", "set -euo pipefail\n"),
        finds=Expected("F-10", "set -euo pipefail"),
        affects="BOOT",
    ),
    harmful(
        "file: -e in the shebang line",
        Edit(CORE_BOOT, "#!/bin/bash\n", "#!/usr/bin/env -S bash -e\n"),
        finds=Expected("F-10", "bash -e"),
    ),
    harmful(
        "file: the host name as the project's",
        Edit(
            CORE_BOOT,
            "ddev config --project-type=drupal11",
            'ddev config --project-name="$(hostname)" --project-type=drupal11',
        ),
        finds=Expected("F-8", "$(hostname)"),
        affects="INV-9",
    ),
    harmful(
        "file: the guard of the profile's note is gone",
        Edit(
            CORE_BOOT,
            '  if [ ! -f "${file}" ]; then\n    printf \'%s\\n\' "${INSTALL_PROFILE}" > "${file}"\n  fi\n',
            "  printf '%s\\n' \"${INSTALL_PROFILE}\" > /home/coder/.install-profile\n",
        ),
        finds=Expected("F-5", "> /home/coder/.install-profile"),
        affects="INV-6",
    ),
    harmful(
        "file: append in a function",
        core('aliases() {\n  echo "alias ll=\'ls -l\'" >> "$1"\n}\naliases ~/.bash_aliases\n'),
        finds=Expected("INV-6", "alias ll="),
        affects="INV-6",
    ),
    harmful(
        "file: chown by number in a step",
        core('run_step "cache" sudo chown -R 1000 /srv/cache\n'),
        finds=Expected("F-3", "chown -R 1000"),
    ),
    harmful(
        "file: service docker start as a step",
        core('run_step "docker" sudo service docker start\n'),
        finds=Expected("F-9", "service docker start"),
        affects="INV-3",
    ),
    harmful(
        "file: git's transport written down",
        core('git config --global core.sshCommand "$GIT_SSH_COMMAND"\n'),
        finds=Expected("F-4", "core.sshCommand"),
    ),
    harmless(
        "file: its comment",
        Edit(
            CORE_BOOT,
            "# Boot of the Drupal core workspace.\n",
            "# Boot of the Drupal core workspace: set -e and hostname are not for it.\n",
        ),
    ),
    harmless(
        "file: another branch of the guard",
        core(
            "if [ -f ~/.npmrc ]; then\n"
            '  note "npm is set up"\n'
            "elif [ -f /home/coder-files/npmrc ]; then\n"
            "  cp /home/coder-files/npmrc ~/.npmrc\n"
            "fi\n"
        ),
        affects="INV-6",
    ),
    harmless("file: a step more", core('run_step "fonts" fc-cache -f\n')),
    harmless(
        "file: a step with its own strictness",
        core('( set -e; cd /home/coder/projects/drupal; composer install ) || note "no packages"\n'),
    ),
    harmless(
        "file: quotes",
        Edit(CORE_BOOT, "local target=/home/coder/projects/drupal", 'local target="/home/coder/projects/drupal"'),
    ),
    harmless(
        "file: with test instead of [",
        Edit(CORE_BOOT, 'if [ -d "${target}/.git" ]; then', 'if test -d "${target}/.git"; then'),
    ),
    harmless(
        "file: re-indented",
        Edit(
            CORE_BOOT,
            "make_folders() {\n  mkdir -p /home/coder/projects /home/coder/.local/bin\n}\n",
            (
                "make_folders()\n"
                "{\n"
                "        mkdir -p \\\n"
                "          /home/coder/projects \\\n"
                "          /home/coder/.local/bin\n"
                "}\n"
            ),
        ),
    ),
    harmless(
        "file: a message with the scary words",
        core('note "cp -f, set -e, chown 1000:1000, systemctl start docker: none of it is here"\n'),
    ),
    harmless("file: host name in a message", core('note "host $(hostname)"\n')),
    harmless(
        "file: a script for the user",
        core(
            "if [ ! -e ~/bin/fresh ]; then\n"
            "  mkdir -p ~/bin\n"
            "  cat > ~/bin/fresh <<'EOF'\n"
            "#!/bin/bash\n"
            "set -e\n"
            "rm -rf ~/.config\n"
            "EOF\n"
            "fi\n"
        ),
        affects="INV-6",
    ),
    harmless(
        "file: renamed",
        Edit(CORE_BOOT, to="scripts/templates/drupal-core/boot.sh"),
        Edit(CORE, "drupal-core/startup.sh", "drupal-core/boot.sh"),
    ),
    harmless(
        "file: the steps' order written in a loop",
        Edit(
            CORE_BOOT,
            'run_step "folders" make_folders\nrun_step "shell profile" write_profile\n',
            'for step in make_folders write_profile; do\n  run_step "${step}" "${step}"\ndone\n',
        ),
    ),
    # --- the library
    harmful(
        "library: set -e instead of set +e",
        Edit(LIB, "set +e\n", "set -euo pipefail\n"),
        finds=Expected("F-10", "set -euo pipefail"),
        affects="BOOT",
    ),
    harmful(
        "library: a trap that ends the boot",
        after(LIB, "set +e\n", "trap 'note \"line ${LINENO} failed\"; exit 1' ERR\n"),
        finds=Expected("F-10", "trap 'note"),
        affects="BOOT",
    ),
    harmful(
        "library: a trap through a function",
        after(LIB, "set +e\n", "\non_error() {\n  exit 1\n}\ntrap on_error ERR\n"),
        finds=Expected("F-10", "trap on_error ERR"),
        affects="BOOT",
    ),
    harmless(
        "library: a function that nobody calls",
        after(LIB, "STAGED_FILES=/home/coder-files\n", "\nstrict() {\n  set -e\n}\n"),
    ),
    harmless(
        "library: another name for the log",
        Edit(LIB, 'LOG_FILE="/tmp/boot-$(date +%Y%m%d).log"', 'LOG_FILE="/tmp/start-$(date +%Y%m%d).log"'),
    ),
    harmless(
        "library: its comment",
        Edit(
            LIB, "# What every boot script uses. Sourced, never run.\n", "# Sourced by every boot script, never run.\n"
        ),
    ),
    # --- helper files
    harmful(
        "helper: the guard of the copies is gone",
        Edit(
            HOME,
            '    if [ ! -f "/home/coder/${name}" ] && [ -f "/home/coder-files/${name}" ]; then\n',
            '    if [ -f "/home/coder-files/${name}" ]; then\n',
        ),
        finds=Expected("F-5", 'cp "/home/coder-files/${name}"'),
        affects="INV-6",
    ),
    harmful(
        "helper: the ownership by numbers",
        Edit(HOME, "  sudo chown coder:coder /home/coder\n", "  sudo chown 1000:1000 /home/coder\n"),
        finds=Expected("F-3", "sudo chown 1000:1000"),
    ),
    harmful(
        "helper: the profile is written at every start",
        Edit(PROFILE, "  if [ -f /home/coder/.bash_profile ]; then\n    return 0\n  fi\n", ""),
        finds=Expected("F-5", "cat > /home/coder/.bash_profile"),
        affects="INV-6",
    ),
    harmful(
        "helper: the transport in the profile",
        Edit(
            PROFILE,
            '[ -f "$HOME/.bashrc" ] && . "$HOME/.bashrc"\n',
            '[ -f "$HOME/.bashrc" ] && . "$HOME/.bashrc"\nexport GIT_SSH_COMMAND=\'coder gitssh --\'\n',
        ),
        finds=Expected("F-4", "export GIT_SSH_COMMAND"),
    ),
    harmful(
        "helper: git's name from the host",
        Edit(
            GIT,
            'git config --global user.name "${CODER_WORKSPACE_OWNER_NAME}"',
            'git config --global user.name "$(hostname -s)"',
        ),
        finds=Expected("F-8", "hostname -s"),
        affects="INV-9",
    ),
    harmful(
        "helper: an address for everybody",
        Edit(
            GIT,
            'git config --global user.email "${CODER_WORKSPACE_OWNER_EMAIL}"',
            'git config --global user.email "dev@example.org"',
        ),
        finds=Expected("INV-9", "dev@example.org"),
        affects="INV-9",
    ),
    harmful(
        "helper: systemctl instead of dockerd",
        core("sudo systemctl enable --now docker\n"),
        finds=Expected("F-9", "systemctl enable --now docker"),
        affects="INV-3",
    ),
    harmful(
        "helper: a new one that copies",
        *_EDITOR,
        Edit(
            "scripts/shared/editor.sh",
            "",
            "seed_editor() {\n  cp /home/coder-files/.vscode/settings.json /home/coder/.vscode/settings.json\n}\n",
        ),
        finds=Expected("F-5", "cp /home/coder-files/.vscode", path="scripts/shared/editor.sh"),
        affects="INV-6",
    ),
    harmless(
        "helper: a new one that looks",
        *_EDITOR,
        Edit(
            "scripts/shared/editor.sh",
            "",
            (
                "seed_editor() {\n"
                "  mkdir -p /home/coder/.vscode\n"
                "  cp -n /home/coder-files/.vscode/settings.json /home/coder/.vscode/settings.json\n"
                "}\n"
            ),
        ),
        affects="INV-6",
    ),
    harmless(
        "helper: the guard as two ifs",
        Edit(
            HOME,
            _SEED,
            (
                '    if [ ! -f "/home/coder/${name}" ]; then\n'
                '      if [ -f "/home/coder-files/${name}" ]; then\n'
                '        cp "/home/coder-files/${name}" "/home/coder/${name}"\n'
                "      fi\n"
                "    fi\n"
            ),
        ),
    ),
    harmless(
        "helper: the guard with continue",
        Edit(
            HOME,
            _SEED,
            (
                '    [ -f "/home/coder/${name}" ] && continue\n'
                '    [ -f "/home/coder-files/${name}" ] || continue\n'
                '    cp "/home/coder-files/${name}" "/home/coder/${name}"\n'
            ),
        ),
    ),
    harmless(
        "helper: a file more for the home",
        Edit(
            HOME,
            "for name in WELCOME.txt .gitignore_global; do",
            "for name in WELCOME.txt .gitignore_global .vscode/settings.json; do",
        ),
    ),
    harmless(
        "helper: a comment",
        Edit(
            GIT,
            "# Git: transport for this session, and the name that commits carry.\n",
            "# Git: GIT_SSH_COMMAND >> ~/.bashrc is what this does not do.\n",
        ),
    ),
    harmless(
        "helper: sourced with a dot",
        Edit(CORE_BOOT, 'source "${SHARED_DIR}/${helper}.sh"', '. "${SHARED_DIR}/${helper}.sh"'),
    ),
    harmless(
        "helper: one of them moves into the library",
        Edit(PROFILE, new=None),
        Edit(CORE_BOOT, "for helper in home git docker profile; do", "for helper in home git docker; do"),
        after(
            LIB,
            "STAGED_FILES=/home/coder-files\n",
            (
                "\n"
                "write_profile() {\n"
                "  if [ -f /home/coder/.bash_profile ]; then\n"
                "    return 0\n"
                "  fi\n"
                "  cat > /home/coder/.bash_profile <<'PROFILE'\n"
                "[ -f /etc/bash.bashrc ] && . /etc/bash.bashrc\n"
                '[ -f "$HOME/.bashrc" ] && . "$HOME/.bashrc"\n'
                '[ -n "$PS1" ] && [ -f "$HOME/WELCOME.txt" ] && cat "$HOME/WELCOME.txt"\n'
                "PROFILE\n"
                "}\n"
            ),
        ),
    ),
    harmless(
        "helper: the shutdown says more",
        Edit(SHUTDOWN, 'echo "ddev poweroff did not finish"', 'echo "ddev poweroff did not finish in time"'),
    ),
    # --- templatefile()
    harmless(
        "templatefile: the boot script becomes one",
        Edit(CORE, _BOOT_LINE, _BOOT_LINE.replace('file("', 'templatefile("').replace('.sh")', '.sh.tftpl", {})')),
        Edit(CORE_BOOT, new=None),
        Edit(_TPL, "", repository().files[CORE_BOOT].replace("${", "$${")),
    ),
    harmful(
        "templatefile: a copy without a look",
        Edit(
            _TPL,
            '  [ -f "/home/coder/$${name}" ] || cp "${seed}/$${name}" "/home/coder/$${name}"\n',
            '  cp "${seed}/$${name}" "/home/coder/$${name}"\n',
        ),
        given=_TEMPLATED,
        finds=Expected("F-5", 'cp "${seed}/'),
        affects="INV-6",
    ),
    harmful(
        "templatefile: errexit by a parameter",
        Edit(_TPL, "set +e\n", "set ${mode}\n"),
        after(CORE, '    seed  = "/home/coder-files"\n', '    mode  = "-e"\n'),
        given=_TEMPLATED,
        finds=Expected("F-10", "set ${mode}"),
        affects="BOOT",
    ),
    harmful(
        "templatefile: a number by a parameter",
        Edit(_TPL, "  sudo chown coder:coder /home/coder\n", "  sudo chown ${uid} /home/coder\n"),
        after(CORE, '    seed  = "/home/coder-files"\n', "    uid   = 1000\n"),
        given=_TEMPLATED,
        finds=Expected("F-3", "sudo chown ${uid}"),
    ),
    harmful(
        "templatefile: the host name",
        Edit(_TPL, 'user.name "$${CODER_WORKSPACE_OWNER_NAME}"', 'user.name "$${HOSTNAME}"'),
        given=_TEMPLATED,
        finds=Expected("F-8", "HOSTNAME"),
        affects="INV-9",
    ),
    harmless(
        "templatefile: a parameter more",
        Edit(_TPL, 'echo "workspace of ${owner} starts"', 'echo "workspace of ${owner} starts ${what}"'),
        after(CORE, '    seed  = "/home/coder-files"\n', '    what  = "Drupal"\n'),
        given=_TEMPLATED,
    ),
    harmless(
        "templatefile: a directive around a message",
        Edit(
            _TPL,
            'echo "workspace of ${owner} starts"\n',
            '%{ if owner != "" }\necho "workspace of ${owner} starts"\n%{ endif }\n',
        ),
        given=_TEMPLATED,
    ),
    Mutation(
        name="templatefile: a directive beside what was wrong before",
        edits=(
            Edit(
                _TPL,
                'echo "workspace of ${owner} starts"\n',
                '%{ if owner != "" }\necho "workspace of ${owner} starts"\n%{ endif }\n',
            ),
        ),
        finds=(
            Expected("F-5", "cp /etc/vimrc", status="preexisting"),
            Expected("INV-9", "user.name bot", status="preexisting"),
        ),
        given=(
            *_TEMPLATED,
            Edit(
                _TPL,
                'echo "workspace of ${owner} starts"\n',
                'cp /etc/vimrc ~/.vimrc\ngit config --global user.name bot\necho "workspace of ${owner} starts"\n',
            ),
        ),
    ),
)
