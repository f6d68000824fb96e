"""F-4: GIT_SSH_COMMAND is set for the session, never written to a dotfile."""

from tests.rules.harness import Case, Code

RULE = "F-4"

BAD = (
    Case(
        "what a function prints",
        boot="""
            say() { echo "export GIT_SSH_COMMAND=x"; } # !F-4
            say | tee -a ~/.bashrc > /dev/null
        """,
    ),
    Case(
        "what a function prints, by redirection",
        boot="""
            say() { echo "export GIT_SSH_COMMAND=x"; } # !F-4
            say >> ~/.bashrc
        """,
    ),
    Case(
        "a file that the image's build writes in place",
        on=("full",),
        image="COPY <<EOF /etc/skel/.bashrc\nexport GIT_SSH_COMMAND=x # !F-4\nEOF",
    ),
    Case(
        "settings of every shell, from the image",
        on=("full",),
        image="COPY git.sh /etc/profile.d/git.sh",
        files={"../image/git.sh": "export GIT_SSH_COMMAND=x # !F-4 warning\n"},
    ),
    Case(
        "echo",
        boot="""
            true
            echo 'export GIT_SSH_COMMAND="coder gitssh --"' >> ~/.profile_session # !F-4
        """,
        fixed="true",
    ),
    Case(
        "echo where the line is missing",
        boot="""grep -q GIT_SSH ~/.bashrc || echo "export GIT_SSH_COMMAND='$GIT_SSH_COMMAND'" >> ~/.bashrc # !F-4""",
    ),
    Case(
        "printf",
        boot="""grep -q GIT_SSH ~/.bashrc || printf 'export GIT_SSH_COMMAND=%s\\n' "$X" >> "$HOME/.bashrc" # !F-4""",
    ),
    Case(
        "printf that puts the name together",
        boot="grep -q SSH ~/.profile || printf 'export %s=%q\\n' GIT_SSH_COMMAND ssh >> /home/coder/.profile # !F-4",
    ),
    Case(
        "tee",
        boot="grep -q GIT_SSH ~/.bashrc || echo \"export GIT_SSH_COMMAND='x'\" | tee -a ~/.bashrc > /dev/null # !F-4",
    ),
    Case(
        "sudo tee",
        boot="grep -q GIT_SSH ~/.zshrc || echo GIT_SSH_COMMAND=ssh | sudo tee -a /home/coder/.zshrc # !F-4",
    ),
    Case(
        "a heredoc",
        on=("minimal",),
        boot="""
            if ! grep -q GIT_SSH ~/.bashrc; then
              cat >> ~/.bashrc <<'RC' # >F-4
            # git
            export GIT_SSH_COMMAND="coder gitssh --" # !F-4
            RC
            fi
        """,
    ),
    Case(
        "a heredoc into tee",
        on=("minimal",),
        boot="""
            grep -q GIT_SSH ~/.bashrc || tee -a ~/.bashrc > /dev/null <<RC # >F-4
            export GIT_SSH_COMMAND="$GIT_SSH_COMMAND" # !F-4
            RC
        """,
    ),
    Case(
        "a heredoc with a pipe",
        on=("minimal",),
        boot="""
            grep -q GIT_SSH ~/.bashrc || cat <<RC | tee -a ~/.bashrc # >F-4
            export GIT_SSH_COMMAND=ssh # !F-4
            RC
        """,
    ),
    Case("a here-string", boot="grep -q SSH ~/.bashrc || tee -a ~/.bashrc <<< 'export GIT_SSH_COMMAND=ssh' # !F-4"),
    Case(
        "through a variable",
        boot="""
            entry="export GIT_SSH_COMMAND='coder gitssh'" # >F-4
            grep -q GIT_SSH ~/.bashrc || echo "$entry" >> ~/.bashrc # !F-4
        """,
    ),
    Case(
        "the name in a variable",
        boot="""
            name=GIT_SSH_COMMAND
            grep -q "$name" ~/.bashrc || echo "export $name=ssh" >> ~/.bashrc # !F-4
        """,
    ),
    Case(
        "the file in a variable",
        boot="""
            rc="$HOME/.bashrc"
            grep -q GIT_SSH "$rc" || echo "export GIT_SSH_COMMAND=ssh" >> "$rc" # !F-4
        """,
    ),
    Case(
        "through a function",
        boot="""
            remember() {
              grep -qxF "$1" ~/.bashrc || echo "$1" >> ~/.bashrc
            }
            remember 'export GIT_SSH_COMMAND="coder gitssh --"' # !F-4
        """,
    ),
    Case(
        "through a function with names of its own",
        boot="""
            remember() {
              local text="$1" file="$2"
              grep -qxF "$text" "$file" || printf '%s\\n' "$text" >> "$file"
            }
            remember 'export EDITOR=vim' ~/.bashrc
            remember 'export GIT_SSH_COMMAND=ssh' ~/.bashrc # !F-4
        """,
    ),
    Case(
        "in a group",
        boot="""
            grep -q GIT_SSH ~/.bashrc || {
              echo "# git"
              echo "export GIT_SSH_COMMAND=ssh" # !F-4
            } >> ~/.bashrc
        """,
    ),
    Case("in a group with nothing around it", boot="{ echo; echo 'export GIT_SSH_COMMAND=x'; } >> ~/.bashrc # !F-4"),
    Case("over a whole file", boot="echo GIT_SSH_COMMAND=ssh > ~/.ssh/environment # !F-4"),
    Case(
        "in a loop over files",
        boot="""
            for rc in .bashrc .profile; do
              grep -q GIT_SSH ~/$rc || echo 'export GIT_SSH_COMMAND=ssh' >> ~/$rc # !F-4
            done
        """,
    ),
    Case("sed that appends", boot="sed -i '$ a export GIT_SSH_COMMAND=ssh' ~/.bashrc # !F-4"),
    Case(
        "sed that replaces",
        boot='grep -q x ~/.bashrc || sed -i "s|^# git$|export GIT_SSH_COMMAND=ssh|" ~/.bashrc # !F-4',
    ),
    Case("git's own setting", boot='git config --global core.sshCommand "$GIT_SSH_COMMAND" # !F-4'),
    Case("git's own setting without a scope", boot="git config core.sshCommand 'coder gitssh --' # !F-4"),
    Case("git's own setting, the new way", boot="git config set --global core.sshcommand ssh # !F-4"),
    Case("git's own setting in a file", boot="git config --file ~/.gitconfig core.sshCommand ssh # !F-4"),
    Case(
        "git's own setting by hand",
        boot="grep -q ssh ~/.gitconfig || printf '[core]\\n\\tsshCommand = ssh\\n' >> ~/.gitconfig # !F-4",
    ),
    Case("declare -p", boot="grep -q SSH ~/.profile || declare -p GIT_SSH_COMMAND >> ~/.profile # !F-4"),
    Case("env and grep", boot="grep -q SSH ~/.profile || env | grep GIT_SSH_COMMAND >> ~/.profile # !F-4"),
    Case("everything there is", boot="[ -f ~/.env ] || env > ~/.env # !F-4 warning"),
    Case("everything that is exported", boot="[ -f ~/.session ] || export -p > ~/.session # !F-4 warning"),
    Case(
        "by way of a temporary file",
        boot="""
            echo 'export GIT_SSH_COMMAND=ssh' > /tmp/git-env # !F-4
            grep -q GIT_SSH ~/.bashrc || cat /tmp/git-env >> ~/.bashrc
        """,
    ),
    Case("for every user's next home", boot="echo 'export GIT_SSH_COMMAND=ssh' | sudo tee -a /etc/skel/.bashrc # !F-4"),
    Case(
        "for everybody, which is no dotfile",
        boot="echo 'export GIT_SSH_COMMAND=ssh' | sudo tee /etc/profile.d/git.sh # !F-4 warning",
    ),
    Case("in another shell", boot="grep -q SSH ~/.bashrc || bash -c 'echo GIT_SSH_COMMAND=ssh >> ~/.bashrc' # !F-4"),
    Case(
        "in a configuration of another shell",
        boot="grep -q SSH ~/.config/fish/a || echo 'set -gx GIT_SSH_COMMAND ssh' >> ~/.config/fish/a # !F-4",
    ),
    Case(
        "in Python",
        boot="""python3 -c 'open("/home/coder/.bashrc", "a").write("export GIT_SSH_COMMAND=ssh")' # !F-4""",
    ),
    Case(
        "the deletion turned around",
        before=Code(boot="sed -i '/GIT_SSH_COMMAND=/d' ~/.bashrc"),
        boot="grep -q GIT_SSH ~/.bashrc || echo 'GIT_SSH_COMMAND=ssh' >> ~/.bashrc # !F-4",
    ),
    Case(
        "at the stop",
        top="""
            resource "coder_script" "leave" {
              agent_id    = coder_agent.main.id
              run_on_stop = true
              script      = "[ -f ~/.env ] || echo GIT_SSH_COMMAND=ssh > ~/.env" # !F-4
            }
        """,
    ),
    Case(
        "in the image's build",
        on=("full",),
        image="RUN echo 'export GIT_SSH_COMMAND=ssh' >> /home/coder/.bashrc # !F-4",
    ),
    Case(
        "in a host command",
        on=("full",),
        files={
            "../image/scripts/.ddev/commands/host/mine": """
                #!/bin/bash
                echo 'export GIT_SSH_COMMAND=ssh' >> ~/.bashrc # !F-4
            """
        },
    ),
    Case(
        "in a dotfile that the image stages",
        on=("full",),
        files={"../image/scripts/.bashrc": "# settings\nexport GIT_SSH_COMMAND=ssh # !F-4\n"},
    ),
    Case("a section with a tab", boot="echo -e '[core]\\n\\tsshCommand = x' >> ~/.gitconfig # !F-4"),
    Case(
        "asked for by the dashboard",
        agent="""
            metadata {
              key      = "transport"
              interval = 60
              timeout  = 5
              script   = "echo export GIT_SSH_COMMAND=ssh >> ~/.bashrc" # !F-4
            }
        """,
    ),
    Case(
        "uploaded into the container",
        container="""
            upload {
              file    = "/home/coder/.profile"
              content = <<-EOC
                # of ${data.coder_workspace.me.name}
                export GIT_SSH_COMMAND="${coder_agent.main.id}" # !F-4
              EOC
            }
        """,
    ),
    Case(
        "uploaded from a file",
        container="""
            upload {
              file   = "/home/coder/.gitconfig"
              source = "${path.module}/gitconfig"
            }
        """,
        files={"gitconfig": "[core]\n  sshCommand = ssh # !F-4\n"},
    ),
    Case(
        "uploaded in another form",
        container="""
            upload {
              file           = "/home/coder/.gitconfig"
              content_base64 = filebase64("${path.module}/gitconfig")
            }
        """,
        files={"gitconfig": "[core]\n  pager = less\n  sshCommand = ssh # !F-4\n"},
    ),
    Case(
        "uploaded for every session",
        container="""
            upload {
              file    = "/etc/profile.d/git.sh"
              content = "export GIT_SSH_COMMAND=ssh" # !F-4 warning
            }
        """,
    ),
    Case("env and a prefix", boot="env | grep ^GIT_ >> ~/.bashrc # !F-4"),
    Case("what is exported and a word", boot="export -p | grep -iE 'ssh|gpg' >> ~/.profile # !F-4"),
    Case("set and sed", boot="set | sed -n '/^GIT_SSH/p' >> ~/.bashrc # !F-4"),
    Case("everything but a word", boot="env | grep -v TOKEN > ~/.env # !F-4 warning"),
    Case("into install", boot="echo 'export GIT_SSH_COMMAND=ssh' | install -m 644 /dev/stdin ~/.bashrc # !F-4"),
    Case("out of a process", boot="cp <(echo 'export GIT_SSH_COMMAND=ssh') ~/.bashrc # !F-4"),
    Case("into a process", boot="echo 'export GIT_SSH_COMMAND=ssh' > >(tee -a ~/.bashrc) # !F-4"),
    Case("tee into a process", boot="echo 'export GIT_SSH_COMMAND=ssh' | tee >(cat >> ~/.bashrc) # !F-4"),
    Case("ed", boot="printf '%s\\n' '$a' 'export GIT_SSH_COMMAND=ssh' . wq | ed -s ~/.bashrc # !F-4"),
    Case(
        "ed with a heredoc",
        on=("minimal",),
        boot="ed -s ~/.bashrc <<'ED'\n$a\nexport GIT_SSH_COMMAND=ssh # !F-4\n.\nwq\nED",
    ),
    Case("vim", boot="vim -es -c 'normal Goexport GIT_SSH_COMMAND=ssh' -c wq ~/.bashrc # !F-4"),
    Case("perl in place", boot="perl -pi -e 'print qq(export GIT_SSH_COMMAND=x\\n) if $. == 1' ~/.bashrc # !F-4"),
    Case("dd with a tilde", boot="echo 'export GIT_SSH_COMMAND=ssh' | dd of=~/.bashrc # !F-4"),
    Case("decoded", boot="echo ZXhwb3J0IEdJVF9TU0hfQ09NTUFORD14Cg== | base64 -d >> ~/.bashrc # !F-4"),
    Case(
        "by a number",
        boot="grep -q SSH ~/.bashrc || exec 3>> ~/.bashrc\necho 'export GIT_SSH_COMMAND=ssh' >&3 # !F-4",
    ),
    Case(
        "from a file that is read",
        boot="""
            echo 'export GIT_SSH_COMMAND=ssh' > /tmp/setting # !F-4
            grep -q SSH ~/.bashrc || tee -a ~/.bashrc < /tmp/setting
        """,
    ),
    Case(
        "a link to it",
        boot="echo 'export GIT_SSH_COMMAND=ssh' > /tmp/setting\nln -s /tmp/setting ~/.bashrc.d/git.sh # !F-4",
    ),
    Case(
        "an editor's settings",
        boot='[ -f ~/.vscode/x.json ] || echo \'{"env": {"GIT_SSH_COMMAND": "ssh"}}\' > ~/.vscode/x.json # !F-4',
    ),
    Case("printed by python", boot="python3 -c \"print('export GIT_SSH_COMMAND=ssh')\" >> ~/.bashrc # !F-4"),
    Case("printed by awk", boot="awk 'BEGIN { print \"export GIT_SSH_COMMAND=ssh\" }' >> ~/.bashrc # !F-4"),
    Case("xargs", boot="echo ~/.bashrc ~/.profile | xargs -n1 sed -i '1i export GIT_SSH_COMMAND=ssh' # !F-4"),
)

GOOD = (
    Case(
        "a file in place that unsets it", on=("full",), image="COPY <<EOF /etc/skel/.bashrc\nunset GIT_SSH_COMMAND\nEOF"
    ),
    Case("for the session", boot='export GIT_SSH_COMMAND="$(command -v coder) gitssh --"'),
    Case("for one command", boot="GIT_SSH_COMMAND=ssh git fetch\ngit -c core.sshCommand=ssh fetch"),
    Case("taken out of a dotfile", boot="sed -i '/export GIT_SSH_COMMAND=/d' ~/.bashrc || true"),
    Case("taken out of git's settings", boot="git config --global --unset core.sshCommand"),
    Case("read from git's settings", boot="git config --global core.sshCommand\ngit config --get core.sshCommand"),
    Case("told on the terminal", boot='echo "GIT_SSH_COMMAND=$GIT_SSH_COMMAND is set"'),
    Case("told in a log", boot='echo "GIT_SSH_COMMAND=$GIT_SSH_COMMAND" >> /tmp/startup.log'),
    Case(
        "a comment about it in a dotfile",
        boot="grep -q wrapper ~/.bashrc || echo '# the wrapper sets GIT_SSH_COMMAND=… itself' >> ~/.bashrc",
    ),
    Case("another setting", boot="grep -q EDITOR ~/.bashrc || echo 'export EDITOR=vim' >> ~/.bashrc"),
    Case("taken away in a dotfile", boot="grep -q unset ~/.bashrc || echo 'unset GIT_SSH_COMMAND' >> ~/.bashrc"),
    Case("looked for in a dotfile", boot="grep -q 'GIT_SSH_COMMAND=' ~/.bashrc && echo stale"),
    Case("another setting of git's", boot='git config --global core.excludesfile "$HOME/.gitignore_global"'),
    Case("for a while", boot="echo 'export GIT_SSH_COMMAND=ssh' > /tmp/session-env"),
    Case("commented out", boot="# echo 'export GIT_SSH_COMMAND=ssh' >> ~/.bashrc"),
    Case("a host in the settings of ssh", boot="[ -f ~/.ssh/config ] || echo 'Host git' > ~/.ssh/config"),
    Case("the environment without it", boot="[ -f ~/.env ] || env | grep -v GIT_SSH_COMMAND > ~/.env"),
    Case(
        "in a host command, for the session",
        on=("full",),
        files={"../image/scripts/.ddev/commands/host/mine": "#!/bin/bash\nexport GIT_SSH_COMMAND=ssh\ngit fetch\n"},
    ),
    Case(
        "uploaded to where no session reads it",
        container='upload {\n  file    = "/opt/example"\n  content = "export GIT_SSH_COMMAND=ssh"\n}',
    ),
    Case("env and another word", boot="[ -f ~/.env ] || env | grep ^DDEV_ > ~/.env"),
    Case("env and not git", boot="[ -f ~/.env ] || env | grep -vi git > ~/.env"),
    Case("env without git's lines", boot="[ -f ~/.env ] || env | sed '/^GIT_/d' > ~/.env"),
    Case("the shell's options", boot="[ -f ~/.options ] || set -o > ~/.options"),
    Case("all output into a log", boot='exec > >(tee -a /tmp/boot.log) 2>&1\necho "export GIT_SSH_COMMAND=ssh"'),
    Case(
        "awk that leaves it out",
        boot="[ -f ~/.env ] || awk '!/export GIT_SSH_COMMAND=/ { print }' /etc/environment > ~/.env",
    ),
    Case("decoded into something else", boot="[ -f ~/.netrc ] || echo bWFjaGluZQ== | base64 -d > ~/.netrc"),
    Case(
        "an uploaded program that sets it for itself",
        container="""
            upload {
              file    = "/home/coder/.local/share/Trash/run"
              content = "#!/bin/sh\nexport GIT_SSH_COMMAND=ssh\n"
            }
        """,
    ),
)

UNDECIDED = (
    Case(
        "into a file that nobody knows",
        boot="""echo 'export GIT_SSH_COMMAND=ssh' >> "$(find_rc)" # ?F-4""",
    ),
)
