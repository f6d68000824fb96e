"""INV-6: the home is filled without overwriting what is there."""

from tests.rules.harness import Case, Code

RULE = "INV-6"

_STAGED = "COPY scripts /home/coder-files\n"


_RIGHT = """RUN usermod --login coder --home /home/coder --move-home ubuntu
RUN echo 'coder ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/coder && \\
    echo 'Defaults env_keep += "DEBIAN_FRONTEND"' >> /etc/sudoers.d/coder && \\
    chmod 0440 /etc/sudoers.d/coder
"""


def _image(lines: str) -> Code:
    text = f"FROM ubuntu:24.04\n{_RIGHT}{lines}USER coder\n"
    return Code(files={"../image/Dockerfile": text, "../image/scripts/WELCOME.txt": "Welcome.\n"})


def _staging(name: str, lines: str) -> Case:
    return Case(name, before=_image(_STAGED), files=_image(lines).files)


_WARNING = '    else\n      echo "warning: /home/coder-files is missing"\n    fi\n'
_LOOK = "    if [ -d /home/coder-files ]; then\n"

BAD = (
    Case(
        "a look at a file, of a shell that is fed",
        on=("minimal",),
        boot="""
            echo 'grep -q X=1 ~/.bashrc && echo X=1 >> ~/.bashrc' | bash # !INV-6
            printf '%s\\n' ~/.zshrc | while read -r file; do
              grep -q EDITOR= "$file" || echo LANG=C >> "$file" # !INV-6
            done
        """,
    ),
    Case("counted elsewhere", boot='n=$(grep -c A=b ~/.profile)\n[ "$n" -eq 0 ] && echo A=b >> ~/.bashrc # !INV-6'),
    Case("counted and there", boot="(( $(grep -c A=b ~/.bashrc) )) && echo A=b >> ~/.bashrc # !INV-6"),
    Case("what a function prints", boot='say() { echo "A=1"; echo "B=1"; }\nsay >> ~/.bashrc # !INV-6'),
    Case(
        "what a group prints in a substitution", boot="out=$({ echo A=1; } 2>&1 >> ~/.bashrc) # !INV-6", on=("minimal",)
    ),
    Case("no word on what is missing", on=("minimal",), replaces={_WARNING: "    fi # !INV-6 warning\n"}),
    Case(
        "no word on what is missing, in another form",
        on=("minimal",),
        before=Code(replaces={_LOOK: "    if true; then\n"}),
        replaces={_LOOK: "    if [ -f /home/coder-files/WELCOME.txt ]; then # !INV-6 warning\n", _WARNING: "    fi\n"},
    ),
    Case("python", boot="python3 -c \"open('/home/coder/.bashrc', 'a').write('X=1')\" # !INV-6"),
    _staging("staged elsewhere", "COPY scripts /opt/coder-files # !INV-6\n"),
    _staging(
        "staged in a stage that the image is not made of",
        "COPY scripts /home/coder-files # !INV-6\nFROM ubuntu:24.04\n" + _RIGHT,
    ),
    Case(
        "what the session had from the image, in a stage that it is not made of",
        before=_image(f"ENV PATH=/opt/bin:$PATH\n{_STAGED}"),
        files=_image(f"ENV PATH=/opt/bin:$PATH\nFROM ubuntu:24.04\n{_RIGHT}{_STAGED}").files,
        boot='echo "$PATH" | grep -q /opt/bin || echo "PATH=x" >> ~/.bashrc # !INV-6 warning',
    ),
    _staging("staged where the home is mounted over it", "COPY --chown=coder:coder scripts /home/coder # !INV-6\n"),
    Case(
        "an append",
        boot="echo 'export LANG=C.UTF-8' >> ~/.bashrc # !INV-6",
        fixed="grep -qxF 'export LANG=C.UTF-8' ~/.bashrc || echo 'export LANG=C.UTF-8' >> ~/.bashrc",
    ),
    Case(
        "another word is looked for", boot="grep -q alias ~/.bashrc || echo 'export EDITOR=vim' >> ~/.bashrc # !INV-6"
    ),
    Case("an append of two words", boot="echo export EDITOR=vim >> /home/coder/.profile # !INV-6"),
    Case("printf", boot='printf "alias ll=ls\\n" >> "$HOME/.bash_aliases" # !INV-6'),
    Case("tee", boot="echo 'alias ll=ls' | tee -a ~/.bash_aliases > /dev/null # !INV-6"),
    Case("a file to another", boot="cat /home/coder-files/aliases >> ~/.bash_aliases # !INV-6"),
    Case(
        "a heredoc",
        on=("minimal",),
        boot="""
            cat >> ~/.bashrc <<'RC' # !INV-6
            export LANG=C.UTF-8
            RC
        """,
    ),
    Case(
        "a group",
        boot="""
            {
              echo "# coder"
              echo "export LANG=C.UTF-8"
            } >> ~/.bashrc # !INV-6
        """,
    ),
    Case("behind another look", boot='[ -n "$LANG" ] && echo "export X=1" >> ~/.bashrc # !INV-6'),
    Case("where the file is there", boot='[ -f ~/.bashrc ] && echo "export X=1" >> ~/.bashrc # !INV-6'),
    Case("where the line is there", boot="grep -q X=1 ~/.bashrc && echo 'export X=1' >> ~/.bashrc # !INV-6"),
    Case("in a loop", boot="for rc in .bashrc .zshrc; do\n  echo 'export X=1' >> ~/$rc # !INV-6\ndone"),
    Case(
        "through a function",
        boot="""
            add() {
              echo "$1" >> ~/.bashrc # !INV-6
            }
            add 'export X=1'
        """,
    ),
    Case("through variables", boot='rc="$HOME/.bashrc"\nline="export X=1"\necho "$line" >> "$rc" # !INV-6'),
    Case("sed", boot="sed -i '$ a export X=1' ~/.bashrc # !INV-6"),
    Case("in another shell", boot="bash -c 'echo export X=1 >> ~/.bashrc' # !INV-6"),
    Case("not a dotfile", boot="echo 'see the docs' >> ~/NOTES.md # !INV-6"),
    Case("a list of git's", boot="git config --global --add safe.directory '*' # !INV-6 warning"),
    Case(
        "a guard that is gone",
        before=Code(boot="grep -q X=1 ~/.bashrc || echo 'export X=1' >> ~/.bashrc"),
        boot="echo 'export X=1' >> ~/.bashrc # !INV-6",
    ),
    Case(
        "begun somewhere else",
        boot="""
            [ -f ~/.hello ] || echo one > ~/.hello
            echo two >> ~/.hello # !INV-6
        """,
    ),
    Case("an exit where nothing is staged", boot="[ -d /home/coder-files ] || exit 1 # !INV-6"),
    Case(
        "an exit in a branch",
        boot="""
            if [ ! -d /home/coder-files ]; then
              echo "no files" >&2
              exit 0 # !INV-6
            fi
        """,
    ),
    Case("an exit where a copy fails", boot="cp -n /home/coder-files/.gitconfig ~/ || exit 1 # !INV-6"),
    Case("an exit where nothing can be entered", boot="cd /home/coder-files || exit 1 # !INV-6"),
    Case(
        "an exit in a function",
        boot="""
            die() {
              echo "$1" >&2
              exit 1 # !INV-6
            }
            test -d /home/coder-files || die "no staged files"
        """,
    ),
    Case(
        "nothing is taken of what is staged",
        on=("full",),
        replaces={
            '      cp "$source" "$target"\n': '      : "$source" "$target" # !INV-6\n',
            "        cp -n /home/coder-files/.ddev/commands/host/* /home/coder/.ddev/commands/host/\n": "",
        },
    ),
    Case(
        "at the start",
        top="""
            resource "coder_script" "arrive" {
              agent_id     = coder_agent.main.id
              run_on_start = true
              script       = "echo 'export X=1' >> /home/coder/.bashrc" # !INV-6
            }
        """,
    ),
    Case(
        "something else is taken out before",
        boot="sed -i '/^alias old=/d' ~/.bashrc\necho 'export SIZE=1' >> ~/.bashrc  # !INV-6",
    ),
    Case("grep in another file", boot="grep -q foo ~/.zshrc || echo foo >> ~/.bashrc # !INV-6"),
    Case("a descriptor", boot="exec 4>> ~/.bashrc\necho X=1 >&4 # !INV-6\nexec 4>&-"),
    Case(
        "a look at the variable",
        boot="""
            true
            if ! echo "$PATH" | grep -q /opt/bin; then
              echo "PATH=x" >> ~/.bashrc # !INV-6 warning
            fi
        """,
        fixed="""
            true
            if ! echo "$PATH" | grep -q /opt/bin; then
              grep -qxF "PATH=x" ~/.bashrc || echo "PATH=x" >> ~/.bashrc
            fi
        """,
    ),
    *(
        Case(
            f"a look at the shell: {look.split(chr(10))[0]}",
            boot=look if "!INV" in look else f"{look} # !INV-6 warning",
        )
        for look in (
            'grep -q /opt/bin <<< "$PATH" || echo "PATH=x" >> ~/.bashrc',
            'env | grep -q "^EDITOR=" || echo "EDITOR=vim" >> ~/.bashrc',
            'case ":$PATH:" in\n  *:/opt/bin:*) ;;\n  *) echo "PATH=x" >> ~/.bashrc # !INV-6 warning\n  ;;\nesac',
            '[[ "$PATH" == */opt/bin* ]] || echo "PATH=x" >> ~/.bashrc',
        )
    ),
)

GOOD = (
    Case("counted", boot='n=$(grep -c A=b ~/.bashrc)\nif [ "$n" -eq 0 ]; then echo A=b >> ~/.bashrc; fi'),
    Case("counted by arithmetic", boot="(( $(grep -c A=b ~/.bashrc) )) || echo A=b >> ~/.bashrc"),
    Case("the status of a look", boot="grep -q A=b ~/.bashrc\n[ $? -eq 0 ] || echo A=b >> ~/.bashrc"),
    Case(
        "looked for from the folder above the home",
        boot="cd /home\ngrep -q LANG= coder/.bashrc || echo 'export LANG=C' >> coder/.bashrc",
    ),
    Case(
        "the word on what is missing comes first",
        on=("minimal",),
        replaces={
            _LOOK: f"    [ -d /home/coder-files ] || echo 'no staged files' >&2\n{_LOOK}",
            _WARNING: "    fi\n",
        },
    ),
    Case(
        "a function says what is missing",
        on=("minimal",),
        replaces={
            _LOOK: f'    warn() {{\n      printf "%s\\n" "$1"\n    }}\n{_LOOK}',
            _WARNING: _WARNING.replace('echo "warning: ', 'warn "').replace("    fi", "    fi"),
        },
    ),
    Case(
        "cp says it",
        on=("minimal",),
        replaces={_LOOK: "    {\n", _WARNING: "    }\n"},
    ),
    Case(
        "a marker that is appended too",
        boot="grep -q '# ddev' ~/.bashrc || { echo '# ddev'; echo 'alias d=ddev'; } >> ~/.bashrc",
    ),
    Case("a list of patterns", boot="grep -qf /etc/lines ~/.bashrc || echo 'alias d=ddev' >> ~/.bashrc"),
    Case("a word about what is there", boot="grep -q foo ~/.bashrc && echo there || echo foo >> ~/.bashrc"),
    _staging("staged file by file", "COPY scripts/WELCOME.txt /home/coder-files/WELCOME.txt\n"),
    _staging("staged by a copy that is linked", 'COPY --link ["scripts", "/home/coder-files"]\n'),
    _staging(
        "staged from another stage",
        f"COPY scripts /files\nWORKDIR /src\nFROM ubuntu:24.04\n{_RIGHT}COPY --from=0 /files home/coder-files\n",
    ),
    _staging("staged by a command", "COPY scripts /tmp/scripts\nRUN cp -r /tmp/scripts /home/coder-files\n"),
    _staging("staged in a place that the build is told", "ARG STAGE\nCOPY scripts $STAGE\n"),
    Case(
        "taken out before it is put in",
        boot="""
            for name in EDITOR PAGER; do
              sed -i "/^export $name=/d" ~/.bashrc || true
              echo "export $name=vim" >> ~/.bashrc
            done
        """,
    ),
    Case(
        "python after a look", boot="grep -q X ~/.bashrc || python3 -c \"open('/home/coder/.bashrc', 'a').write('X')\""
    ),
    Case("a folder of the build", on=("full",), image="WORKDIR /home\nCOPY scripts coder-files\nWORKDIR /home/coder"),
    Case("grep before", boot="grep -q X=1 ~/.bashrc || echo 'export X=1' >> ~/.bashrc"),
    Case("grep before a descriptor", boot="exec 4>> ~/.bashrc\ngrep -q X=1 ~/.bashrc || echo X=1 >&4"),
    Case("grep in an if", boot="if ! grep -qxF 'X=1' ~/.bashrc 2> /dev/null; then\n  echo 'X=1' >> ~/.bashrc\nfi"),
    *(
        Case(f"what the session has for sure: {look}", boot=f'export PATH="$HOME/.npm/bin:$PATH"\n{look}')
        for look in (
            'echo "$PATH" | grep -q "$HOME/.npm/bin" || echo "PATH=x" >> ~/.bashrc',
            'case ":$PATH:" in\n  *:/home/coder/.npm/bin:*) ;;\n  *) echo "PATH=x" >> ~/.bashrc ;;\nesac',
            '[[ "$PATH" == *"$HOME/.npm/bin"* ]] || echo "PATH=x" >> ~/.bashrc',
        )
    ),
    Case(
        "what the session has from the stage that the image is built on",
        files={
            "../image/Dockerfile": "FROM ubuntu:24.04 AS base\nENV PATH /opt/bin:$PATH\nFROM base\n"
            + _image(_STAGED).files["../image/Dockerfile"].removeprefix("FROM ubuntu:24.04\n")
        },
        boot='echo "$PATH" | grep -q /opt/bin || echo "PATH=x" >> ~/.bashrc',
    ),
    Case(
        "what the session has from the image",
        on=("full",),
        image="ENV PATH=/opt/bin:$PATH",
        boot='echo "$PATH" | grep -q /opt/bin || echo "PATH=x" >> ~/.bashrc',
    ),
    Case("grep in the text of the file", boot='cat ~/.bashrc | grep -q X=1 || echo "X=1" >> ~/.bashrc'),
    Case("grep in what was read", boot='has=$(< ~/.bashrc)\ngrep -q X=1 <<< "$has" || echo "X=1" >> ~/.bashrc'),
    Case("a pattern", boot='case "$(cat ~/.bashrc)" in\n  *X=1*) ;;\n  *) echo "X=1" >> ~/.bashrc ;;\nesac'),
    Case("a pattern in brackets", boot='[[ "$(< ~/.bashrc)" == *X=1* ]] || echo "X=1" >> ~/.bashrc'),
    Case("where there is no file", boot="[ -f ~/.zshrc ] || echo '# yours' >> ~/.zshrc"),
    Case("a function that looks", boot='add() {\n  grep -qxF "$1" "$2" || echo "$1" >> "$2"\n}\nadd X=1 ~/.bashrc'),
    Case(
        "a function that says whether",
        boot='has() {\n  grep -qxF "$1" ~/.bashrc\n}\nif ! has X=1; then\n  echo X=1 >> ~/.bashrc\nfi',
    ),
    Case("a file that was begun before", boot="echo one > ~/SETUP_STATUS.txt\necho two >> ~/SETUP_STATUS.txt"),
    Case(
        "a file that was begun under the same look",
        boot="if [ ! -f ~/.hello ]; then\n  echo one > ~/.hello\n  echo two >> ~/.hello\nfi",
    ),
    Case("a key that is not known", boot="ssh-keygen -F git.org || ssh-keyscan git.org >> ~/.ssh/known_hosts"),
    Case("logs", boot='echo started >> ~/boot.log\necho x >> "$HOME/.cache/boot"\ntrue 2>> ~/.errors'),
    Case("elsewhere", boot="echo x >> /tmp/y\necho 127.0.0.1 | sudo tee -a /etc/hosts"),
    Case("a first start", boot="if [ ! -e ~/.set-up ]; then\n  echo X=1 >> ~/.bashrc\n  touch ~/.set-up\nfi"),
    Case("a warning where nothing is staged", boot='[ -d /home/coder-files ] || echo "warning: nothing is staged"'),
    Case("an exit for another reason", boot="[ -d /srv/other ] || exit 0"),
    Case("an exit of a subshell", boot="( cd /home/coder-files || exit 1; ls )"),
    Case("git's own settings", boot="git config --global pull.rebase true"),
    Case(
        "another way to look",
        before=Code(boot="if ! grep -q X=1 ~/.bashrc; then\n  echo 'export X=1' >> ~/.bashrc\nfi"),
        boot="grep -q X=1 ~/.bashrc || echo 'export X=1' >> ~/.bashrc",
    ),
    Case("counted first", boot='if [ "$(grep -c foo ~/.bashrc)" -eq 0 ]; then echo foo >> ~/.bashrc; fi'),
)
