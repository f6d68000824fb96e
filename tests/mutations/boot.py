"""Mutations of inline boot scripts: one written out, one with a module's output and a file in it."""

from __future__ import annotations

import textwrap

from tests.mutations.harness import CONTRIB, MODULE, WEB, Edit, Expected, Mutation, after, before, harmful, harmless

PREWARM = "drupal-contrib/prewarm.sh"

_EXTRAS = "    # --- extras, none of which a workspace needs"
_FOLDERS = "    mkdir -p /home/coder/projects\n"


def web(text: str) -> Edit:
    """Lines of the web template's boot script, before its extras."""
    return before(WEB, _EXTRAS, textwrap.indent(textwrap.dedent(text).lstrip("\n"), "    "))


def contrib(text: str) -> Edit:
    return before(CONTRIB, _FOLDERS, textwrap.indent(textwrap.dedent(text).lstrip("\n"), "    "))


_GUARDED_CONTRIB = """\
      if [ ! -f /home/coder/WELCOME.txt ] && [ -f /home/coder-files/WELCOME.txt ]; then
        cp /home/coder-files/WELCOME.txt /home/coder/WELCOME.txt
      fi
"""

MUTATIONS: tuple[Mutation, ...] = (
    # --- the user's files: F-5
    harmful(
        "home: a copy without a look",
        web("cp /home/coder-files/WELCOME.txt /home/coder/WELCOME.txt\n"),
        finds=Expected("F-5", "cp /home/coder-files/WELCOME.txt"),
        affects="INV-6",
    ),
    harmful(
        "home: a copy that looks at its source only",
        web("[ -f /home/coder-files/WELCOME.txt ] && cp /home/coder-files/WELCOME.txt ~/WELCOME.txt\n"),
        finds=Expected("F-5", "cp /home/coder-files/WELCOME.txt"),
        affects="INV-6",
    ),
    harmful(
        "home: the guard of the staged files is gone",
        Edit(WEB, '      if [ -e "$target" ]; then\n        return 0\n      fi\n', ""),
        finds=Expected("F-5", 'cp "$source" "$target"'),
        affects="INV-6",
    ),
    harmful(
        "home: the guard is about another file",
        Edit(CONTRIB, "[ ! -f /home/coder/WELCOME.txt ]", "[ ! -f /home/coder/.welcome ]"),
        finds=Expected("F-5", "cp /home/coder-files/WELCOME.txt"),
        affects="INV-6",
    ),
    harmful(
        "home: cp -n loses its n",
        Edit(WEB, "cp -n /home/coder-files/.ddev", "cp /home/coder-files/.ddev"),
        finds=Expected("F-5", "cp /home/coder-files/.ddev", "warning"),
        affects="INV-6",
    ),
    harmful(
        "home: the skeleton loses its guard and its n",
        Edit(
            WEB,
            "    if [ ! -f /home/coder/.bashrc ]; then\n      cp -rn /etc/skel/. /home/coder/\n    fi\n",
            "    cp -r /etc/skel/. /home/coder/\n",
        ),
        finds=Expected("F-5", "cp -r /etc/skel/."),
        affects="INV-6",
    ),
    harmful(
        "home: rsync over it",
        web("rsync -a /home/coder-files/ /home/coder/\n"),
        finds=Expected("F-5", "rsync -a"),
        affects="INV-6",
    ),
    harmful(
        "home: a redirection",
        web("echo 'set -o vi' > $HOME/.inputrc\n"),
        finds=Expected("F-5", ".inputrc"),
        affects="INV-6",
    ),
    harmful(
        "home: tee in a function called with the file",
        web('settings() {\n  echo "{}" | tee "$1" > /dev/null\n}\nsettings "$HOME/.vscode/settings.json"\n'),
        finds=Expected("F-5", "tee"),
        affects="INV-6",
    ),
    harmful(
        "home: a link by force",
        web("ln -sf /home/coder-files/.gitignore_global ~/.gitignore_global\n"),
        finds=Expected("F-5", "ln -sf"),
        affects="INV-6",
    ),
    harmful(
        "home: rm of the user's settings",
        contrib("rm -rf /home/coder/.config/JetBrains\n"),
        finds=Expected("F-5", "rm -rf /home/coder/.config"),
        affects="INV-6",
    ),
    harmful(
        "home: mv over the profile, in a loop",
        contrib('for rc in .bashrc .profile; do\n  mv "/tmp/$rc" "/home/coder/$rc"\ndone\n'),
        finds=Expected("F-5", 'mv "/tmp/$rc"'),
        affects="INV-6",
    ),
    harmful(
        "home: the profile loses its guard",
        Edit(WEB, "    if [ ! -f /home/coder/.bash_profile ]; then\n      cat >", "    if true; then\n      cat >"),
        finds=Expected("F-5", "cat > /home/coder/.bash_profile"),
        affects="INV-6",
    ),
    harmful(
        "home: in the image's pre-warm file",
        before(
            PREWARM, "  ddev utility download-images", "  cp /home/coder-files/.gitignore_global ~/.gitignore_global\n"
        ),
        finds=Expected("F-5", "cp /home/coder-files/.gitignore_global"),
        affects="INV-6",
    ),
    harmful(
        "home: in the module's script",
        before(MODULE, "    if ! pgrep -x dockerd", "    cp /etc/docker/config.json /home/coder/.docker/config.json\n"),
        finds=Expected("F-5", "cp /etc/docker/config.json"),
        affects="INV-6",
    ),
    harmful(
        "home: in a shutdown script",
        Edit(
            MODULE,
            '      ddev poweroff || echo "ddev poweroff failed"\n',
            '      ddev poweroff || echo "ddev poweroff failed"\n      cp /etc/skel/.bashrc /home/coder/.bashrc\n',
        ),
        finds=Expected("F-5", "cp /etc/skel/.bashrc"),
        affects="INV-8",
    ),
    harmful(
        "home: in a new coder_script",
        before(
            WEB,
            'resource "coder_script" "ddev_shutdown" {',
            (
                'resource "coder_script" "tools" {\n'
                "  agent_id     = coder_agent.main.id\n"
                '  display_name = "Tools"\n'
                "  run_on_start = true\n"
                "  script       = <<-EOT\n"
                "    #!/bin/bash\n"
                "    install -m 644 /opt/tools/npmrc /home/coder/.npmrc\n"
                "  EOT\n"
                "}\n\n"
            ),
        ),
        finds=Expected("F-5", "install -m 644"),
    ),
    harmless("home: guarded with test", web("test -e ~/.inputrc || echo 'set -o vi' > ~/.inputrc\n"), affects="INV-6"),
    harmless(
        "home: guarded with [[ ]]",
        web('if [[ ! -e "$HOME/.npmrc" ]]; then\n  cp /home/coder-files/npmrc "$HOME/.npmrc"\nfi\n'),
        affects="INV-6",
    ),
    harmless("home: guarded with ||", web("[ -f ~/.npmrc ] || cp /home/coder-files/npmrc ~/.npmrc\n"), affects="INV-6"),
    harmless(
        "home: guarded with an early return",
        web("npm_settings() {\n  [ -f ~/.npmrc ] && return\n  cp /home/coder-files/npmrc ~/.npmrc\n}\nnpm_settings\n"),
        affects="INV-6",
    ),
    harmless(
        "home: rsync that spares", web("rsync -a --ignore-existing /home/coder-files/ /home/coder/\n"), affects="INV-6"
    ),
    harmless("home: a cache", web("rm -rf /home/coder/.cache/composer\n"), affects="INV-6"),
    harmless("home: a log", web('echo started > "$HOME/boot.log"\n'), affects="INV-6"),
    harmless("home: a file outside of it", web("cp /home/coder-files/WELCOME.txt /tmp/WELCOME.txt\n"), affects="INV-6"),
    harmless(
        "home: the guard as one line",
        Edit(
            CONTRIB,
            _GUARDED_CONTRIB,
            "      [ ! -f /home/coder/WELCOME.txt ] && [ -f /home/coder-files/WELCOME.txt ] && \\\n"
            "        cp /home/coder-files/WELCOME.txt /home/coder/WELCOME.txt\n",
        ),
    ),
    harmless(
        "home: the guard as cp -n",
        Edit(CONTRIB, _GUARDED_CONTRIB, "      cp -n /home/coder-files/WELCOME.txt /home/coder/WELCOME.txt\n"),
        affects="INV-6",
    ),
    harmless(
        "home: the guard moves into a function",
        Edit(
            CONTRIB,
            _GUARDED_CONTRIB,
            (
                "      welcome() {\n"
                "        if [ ! -f /home/coder/WELCOME.txt ] && [ -f /home/coder-files/WELCOME.txt ]; then\n"
                "          cp /home/coder-files/WELCOME.txt /home/coder/WELCOME.txt\n"
                "        fi\n"
                "      }\n"
                "      welcome\n"
            ),
        ),
    ),
    harmless(
        "home: the guard asks the other way round",
        Edit(
            WEB,
            (
                '      if [ -e "$target" ]; then\n'
                "        return 0\n"
                "      fi\n"
                '      mkdir -p "$(dirname "$target")"\n'
                '      cp "$source" "$target"\n'
            ),
            (
                '      if [ ! -e "$target" ]; then\n'
                '        mkdir -p "$(dirname "$target")"\n'
                '        cp "$source" "$target"\n'
                "      fi\n"
            ),
        ),
    ),
    harmless(
        "home: a script for the user that copies",
        contrib(
            "if [ ! -f /home/coder/.local/bin/reset ]; then\n"
            "  cat > /home/coder/.local/bin/reset <<'RESET'\n"
            "#!/bin/bash\n"
            "set -e\n"
            "cp /etc/skel/.bashrc ~/.bashrc\n"
            "RESET\n"
            "fi\n"
        ),
        affects="INV-6",
    ),
    harmless("home: a log line about it", web('say "cp -f /etc/skel/.bashrc ~/.bashrc gives you a fresh one"\n')),
    harmless("home: a comment about it", web("# cp /home/coder-files/WELCOME.txt ~/WELCOME.txt would overwrite it\n")),
    # --- appends: INV-6
    harmful(
        "append: without a look",
        web("echo 'export LANG=C.UTF-8' >> ~/.bashrc\n"),
        finds=Expected("INV-6", "export LANG"),
        affects="INV-6",
    ),
    harmful(
        "append: the helper loses its look",
        Edit(
            WEB,
            """      grep -qxF "$line" "$file" || printf '%s\\n' "$line" >> "$file"\n""",
            """      printf '%s\\n' "$line" >> "$file"\n""",
        ),
        finds=Expected("INV-6", """printf '%s\\n' "$line" >> "$file"\n"""[:-1]),
        affects="INV-6",
    ),
    harmful(
        "append: a look for another line",
        web("grep -q LANG ~/.profile || echo 'export LANG=C.UTF-8' >> ~/.bashrc\n"),
        finds=Expected("INV-6", "export LANG"),
        affects="INV-6",
    ),
    harmful(
        "append: a heredoc through tee",
        contrib("tee -a /home/coder/.profile > /dev/null <<'MORE'\nexport CI=1\nMORE\n"),
        finds=Expected("INV-6", "tee -a"),
        affects="INV-6",
    ),
    harmless(
        "append: grep first",
        web("grep -qxF 'export LANG=C.UTF-8' ~/.bashrc || echo 'export LANG=C.UTF-8' >> ~/.bashrc\n"),
        affects="INV-6",
    ),
    harmless(
        "append: through the helper",
        after(
            WEB,
            "    add_line 'export EDITOR=nano' /home/coder/.bashrc\n",
            "    add_line 'export LANG=C.UTF-8' /home/coder/.bashrc\n",
        ),
        affects="INV-6",
    ),
    harmless("append: to a log", web('date >> "/tmp/boot-$(date +%s).log"\n')),
    # --- git over ssh: F-4
    harmful(
        "ssh: written down by echo",
        web("echo \"export GIT_SSH_COMMAND='coder gitssh --'\" >> ~/.bashrc\n"),
        finds=Expected("F-4", "GIT_SSH_COMMAND='coder"),
        affects="INV-6",
    ),
    harmful(
        "ssh: written down by the helper",
        after(
            WEB,
            "    add_line 'export EDITOR=nano' /home/coder/.bashrc\n",
            "    add_line 'export GIT_SSH_COMMAND=\"coder gitssh --\"' /home/coder/.bashrc\n",
        ),
        finds=Expected("F-4", "add_line 'export GIT_SSH_COMMAND="),
        affects="INV-6",
    ),
    harmful(
        "ssh: git's own setting",
        web('git config --global core.sshCommand "coder gitssh --"\n'),
        finds=Expected("F-4", "core.sshCommand"),
    ),
    harmful(
        "ssh: in the profile's heredoc",
        Edit(
            WEB,
            "# Written once, at the first start. It is yours from then on.\n",
            'export GIT_SSH_COMMAND="coder gitssh --"\n',
        ),
        finds=Expected("F-4", "export GIT_SSH_COMMAND="),
    ),
    harmful(
        "ssh: through a variable and printf",
        contrib(
            "setting='export GIT_SSH_COMMAND=\"coder gitssh --\"'\n"
            "grep -q GIT_SSH ~/.profile || printf '%s\\n' \"$setting\" >> ~/.profile\n"
        ),
        finds=Expected("F-4", "printf '%s"),
        affects="INV-6",
    ),
    harmless("ssh: exported once more", web('export GIT_SSH_COMMAND="coder gitssh --"\n')),
    harmless(
        "ssh: the sweep reads one file more",
        Edit(
            WEB, "for rc in .bashrc .profile .bash_profile; do", "for rc in .bashrc .profile .bash_profile .zshrc; do"
        ),
    ),
    harmless("ssh: told on the terminal", web('echo "GIT_SSH_COMMAND=$GIT_SSH_COMMAND"\n')),
    harmless("ssh: unset", web("git config --global --unset core.sshCommand\n")),
    # --- numbers: F-3
    harmful(
        "ids: chown by numbers",
        Edit(CONTRIB, "      sudo chown coder:coder /home/coder\n", "      sudo chown 1000:1000 /home/coder\n"),
        finds=Expected("F-3", "sudo chown 1000:1000"),
    ),
    harmful(
        "ids: install -o, through a variable",
        web('OWNER_ID=1000\nsudo install -d -o "$OWNER_ID" -g "$OWNER_ID" /srv/cache\n'),
        finds=Expected("F-3", "sudo install -d"),
        affects="INV-3",
    ),
    harmful(
        "ids: the socket's group",
        Edit(MODULE, "sudo chgrp docker /var/run/docker.sock", "sudo chgrp 988 /var/run/docker.sock"),
        finds=Expected("F-3", "sudo chgrp 988"),
        affects="INV-4",
    ),
    harmless("ids: by names from id", web('sudo chown -R "$(id -un):$(id -gn)" /srv/cache\n')),
    harmless(
        "ids: modes are no ids",
        web("chmod 0750 /home/coder/projects\nsudo install -d -m 1777 /srv/cache\n"),
        affects="INV-3",
    ),
    harmless("ids: a number in a message", web('echo "your user id is 1000, chown 1000:1000 is never needed"\n')),
    # --- the host name: F-8
    harmful(
        "name: from hostname",
        web("WORKSPACE_NAME=$(hostname | cut -d- -f1)\n"),
        finds=Expected("F-8", "$(hostname"),
        affects="INV-9",
    ),
    harmful(
        "name: git's from HOSTNAME",
        Edit(
            CONTRIB,
            'git config --global user.name "$${CODER_WORKSPACE_OWNER_NAME}"',
            'git config --global user.name "$${HOSTNAME%%-*}"',
        ),
        finds=Expected("F-8", "HOSTNAME"),
        affects="INV-9",
    ),
    harmful(
        "name: DDEV's project",
        web('cd ~/projects/site && ddev config --project-name="$(uname -n)" --project-type=php\n'),
        finds=Expected("F-8", "uname -n"),
        affects="INV-9",
    ),
    harmless("name: the host name in the log", web('say "running on $(hostname)"\n')),
    harmless("name: its address", web("ADDRESS=$(hostname -I | cut -d' ' -f1)\n")),
    harmful(
        "git: a name for everybody",
        Edit(CONTRIB, 'user.name "$${CODER_WORKSPACE_OWNER_NAME}"', 'user.name "Coder"'),
        finds=Expected("INV-9", 'user.name "Coder"'),
        affects="INV-9",
    ),
    harmful(
        "git: the address is gone",
        Edit(CONTRIB, '    git config --global user.email "$${CODER_WORKSPACE_OWNER_EMAIL}"\n', ""),
        finds=Expected("INV-9", 'user.name "$${CODER_WORKSPACE_OWNER_NAME}"\n'),
        affects="INV-9",
    ),
    harmless(
        "git: without braces",
        Edit(CONTRIB, 'user.email "$${CODER_WORKSPACE_OWNER_EMAIL}"', 'user.email "$CODER_WORKSPACE_OWNER_EMAIL"'),
    ),
    harmless(
        "git: a setting more",
        after(WEB, "    git config --global init.defaultBranch main\n", "    git config --global pull.rebase true\n"),
    ),
    # --- dockerd: F-9
    harmful(
        "dockerd: systemctl",
        Edit(WEB, "      sudo dockerd > /tmp/dockerd.log 2>&1 &\n", "      sudo systemctl start docker\n"),
        finds=(Expected("F-9", "sudo systemctl start docker"),),
        affects="INV-3 INV-4 BOOT",
    ),
    harmful(
        "dockerd: service, in a wrapper",
        contrib('bash -c "sudo service docker start"\n'),
        finds=Expected("F-9", "service docker start"),
        affects="INV-3",
    ),
    harmful(
        "dockerd: an init as the container's command",
        Edit(
            WEB,
            '  command = ["sh", "-c", coder_agent.main.init_script]\n',
            '  entrypoint = ["/sbin/init"]\n  command = ["sh", "-c", coder_agent.main.init_script]\n',
        ),
        finds=Expected("F-9", '["/sbin/init"]'),
    ),
    harmless("dockerd: the unit's state in the log", web("systemctl status docker || true\n")),
    harmless("dockerd: another unit", web("sudo systemctl restart cron\n"), affects="INV-3"),
    harmless("dockerd: told how not to", web('say "never run systemctl start docker here"\n')),
    # --- how a failure ends: F-10
    harmful(
        "errexit: at the head",
        Edit(CONTRIB, "    #!/bin/bash\n    set +e\n", "    #!/bin/bash\n    set -euo pipefail\n"),
        finds=Expected("F-10", "set -euo pipefail"),
        affects="BOOT",
    ),
    harmful(
        "errexit: in the shebang",
        Edit(CONTRIB, "    #!/bin/bash\n    set +e\n", "    #!/bin/bash -e\n    set +e\n"),
        finds=Expected("F-10", "#!/bin/bash -e"),
    ),
    harmful(
        "errexit: in the module's script",
        before(MODULE, "    if ! pgrep -x dockerd", "    set -o errexit\n"),
        finds=Expected("F-10", "set -o errexit"),
        affects="BOOT",
    ),
    harmful(
        "errexit: a trap that ends it",
        web("trap 'echo failed; exit 1' ERR\n"),
        finds=Expected("F-10", "trap 'echo failed"),
        affects="BOOT",
    ),
    harmless("errexit: in a subshell", web("(\n  set -e\n  cd /home/coder/projects\n  ls\n)\n")),
    harmless("errexit: in another bash", web("bash -ec 'cd /home/coder/projects && ls'\n")),
    harmless("errexit: a trap that tells", web("trap 'echo \"line $LINENO failed\"' ERR\n"), affects="BOOT"),
    harmless("errexit: words about it", web('say "set -e is off"\n')),
    # --- the shape of the script
    harmless("script: a comment", before(WEB, '    step "skeleton"\n', "    # what /etc/skel brings\n")),
    harmless(
        "script: its head comment",
        Edit(
            WEB,
            "# Boot of the web workspace. Every step can be repeated, none stops the ones after it.",
            "# set -e is missing on purpose: no step stops the ones after it.",
        ),
    ),
    harmless(
        "script: a variable renamed",
        Edit(WEB, "    STAGED=/home/coder-files\n", '    STAGED_FILES=/home/coder-files\n    STAGED="$STAGED_FILES"\n'),
    ),
    harmless(
        "script: a helper more",
        before(WEB, "    # Copies a staged file into the home", '    is_set() {\n      [ -n "$1" ]\n    }\n\n'),
    ),
    harmless(
        "script: a message", Edit(WEB, 'say "Workspace of $${OWNER_LABEL} starts"', 'say "Hello $${OWNER_LABEL}"')
    ),
    harmless(
        "script: quotes",
        Edit(CONTRIB, 'echo "warning: /home/coder-files is missing"', "echo 'warning: /home/coder-files is missing'"),
    ),
    harmless("script: a step more", web('step "fonts"\nfc-cache -f > /dev/null 2>&1\ndone_step\n')),
    harmless(
        "script: the tunnel check waits longer",
        Edit(WEB, "-m 3 -w '%%{http_code}' http://localhost:80/", "-m 5 -w '%%{http_code}' http://localhost:80/"),
    ),
    harmless(
        "script: a folder more",
        Edit(
            WEB,
            "mkdir -p /home/coder/projects /home/coder/.local/bin /home/coder/.cache\n",
            "mkdir -p /home/coder/projects /home/coder/.local/bin /home/coder/.cache /home/coder/.config\n",
        ),
    ),
    harmless(
        "script: a loop over fewer names",
        Edit(WEB, "for port in 5000 5001; do", "for port in 5000; do"),
        affects="INV-4",
    ),
    harmful(
        "script: an expansion that Terraform takes",
        Edit(CONTRIB, 'echo "could not clone $${PROJECT}, going on"', 'echo "could not clone ${PROJECT}, going on"'),
        finds=Expected("W-1", "could not clone ${PROJECT}", "warning"),
    ),
)
