"""BOOT: ten steps in their order, a script that goes on and ends well."""

from tests.rules.harness import Case, Code, HostName

RULE = "BOOT"
MINIMAL: tuple[HostName, ...] = ("minimal",)

OWNER = "    sudo chown coder:coder /home/coder\n\n"
SKELETON = "    if [ ! -f /home/coder/.bashrc ]; then\n      cp -rn /etc/skel/. /home/coder/\n    fi\n\n"
SSH = '    export GIT_SSH_COMMAND="$(command -v coder) gitssh --"\n\n'
STAGED = (
    "    if [ -d /home/coder-files ]; then\n      cp -n /home/coder-files/WELCOME.txt /home/coder/\n    else\n"
    '      echo "warning: /home/coder-files is missing"\n    fi\n\n'
)
NAME = '    git config --global user.name "$CODER_WORKSPACE_OWNER_NAME"\n'
MAIL = '    git config --global user.email "$CODER_WORKSPACE_OWNER_EMAIL"\n\n'
MIRROR = (
    """    echo '{ "registry-mirrors": ["http://mirror:5000"] }' | sudo tee /etc/docker/daemon.json > /dev/null\n"""
)
GUARD = "\n    if ! pgrep -x dockerd > /dev/null; then\n"
OMIT = "    ddev config global --omit-containers=ddev-router\n"
IMAGES = "    ddev utility download-images\n"
FOLDERS = "\n    mkdir -p /home/coder/projects\n"
PROFILE_TEST = "\n    if [ ! -f /home/coder/.bash_profile ]; then\n"
PROFILE = "    . /etc/bash.bashrc\n"
RC = '    . "$HOME/.bashrc"\n'
WELCOME = '    cat "$HOME/WELCOME.txt"\n'
END = "    PROFILE\n    fi\n    exit 0\n"
WRITTEN = (
    "    if [ ! -f /home/coder/.bash_profile ]; then\n      cat > /home/coder/.bash_profile <<'PROFILE'{mark}\n"
    + PROFILE
    + RC
    + WELCOME
    + "    PROFILE\n    fi\n"
)


def _at(line: str, marks: str = "!BOOT") -> str:
    """A line with a marker."""
    ending = line[len(line.rstrip("\n")) :]
    return f"{line.rstrip(chr(10))} # {marks}{ending}"


def _image(lines: str) -> Code:
    text = """FROM ubuntu:24.04
RUN usermod --login coder --home /home/coder --move-home ubuntu
RUN echo 'coder ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/coder && \\
    echo 'Defaults env_keep += "DEBIAN_FRONTEND"' >> /etc/sudoers.d/coder && \\
    chmod 0440 /etc/sudoers.d/coder
COPY scripts /home/coder-files
"""
    files = {"../image/Dockerfile": f"{text}{lines}USER coder\n", "../image/scripts/WELCOME.txt": "Welcome.\n"}
    return Code(files={**files, "../image/daemon.json": '{ "registry-mirrors": ["http://mirror:5000"] }\n'})


_CONFIGURED = '{ "registry-mirrors": ["http://mirror:5000"] }'
_END_MARKED = {
    "../image/Dockerfile": _image("").files["../image/Dockerfile"].replace("USER coder", "USER coder # !BOOT")
}
_DAEMON = "    if ! pgrep -x dockerd > /dev/null; then\n      sudo dockerd > /tmp/dockerd.log 2>&1 & # !BOOT\n    fi\n"

BAD = (
    Case(
        "folders of programs only",
        replaces={FOLDERS + PROFILE_TEST: "\n    mkdir -p ~/.cache ~/bin\n # !BOOT" + PROFILE_TEST},
        on=MINIMAL,
    ),
    # steps that are gone
    Case(
        "no session key",
        replaces={
            SSH + "    if [ -d": "    if [ -d",
            "/home/coder-files ]; then\n": "/home/coder-files ]; then # !BOOT\n",
        },
        on=MINIMAL,
    ),
    Case("no mirror", replaces={MIRROR + GUARD: " # !BOOT" + GUARD}, on=MINIMAL),
    *(
        Case(
            f"no mirror in the image any more, which had it by {name}",
            before=Code(files=_image(how).files, replaces={MIRROR: ""}),
            files={**_image("").files, **now},
            replaces={MIRROR: ""},
            on=MINIMAL,
        )
        for name, how, now in (
            ("printf", f"RUN printf '{_CONFIGURED}' > /etc/docker/daemon.json\n", _END_MARKED),
            ("a copy", "COPY daemon.json /etc/docker/daemon.json\n", _END_MARKED),
            (
                "a file",
                "COPY daemon.json /etc/docker/daemon.json\n",
                {**_image("COPY daemon.json /etc/docker/daemon.json\n").files, "../image/daemon.json": "{} # !BOOT\n"},
            ),
        )
    ),
    Case("no folders", replaces={FOLDERS + PROFILE_TEST: _at(PROFILE_TEST)}, on=MINIMAL),
    Case(
        "folders of a function that nobody calls",
        replaces={FOLDERS: "\n    folders() { mkdir -p /home/coder/projects; } # !BOOT\n"},
        on=MINIMAL,
    ),
    Case("no owner", replaces={OWNER + SKELETON: SKELETON.replace("then\n", "then # !BOOT\n", 1)}, on=MINIMAL),
    Case("no skeleton", replaces={SKELETON + SSH: _at(SSH)}, on=MINIMAL),
    Case("no identity", replaces={NAME + MAIL + MIRROR: _at(MIRROR)}, on=MINIMAL),
    Case("no images", replaces={IMAGES + FOLDERS: FOLDERS.lstrip("\n").rstrip() + " # !BOOT\n"}, on=MINIMAL),
    Case(
        "images only spoken of",
        replaces={IMAGES + FOLDERS: "    echo 'run: ddev utility download-images' # !BOOT\n" + FOLDERS.lstrip("\n")},
        on=MINIMAL,
    ),
    Case(
        "nothing for login shells",
        replaces={
            PROFILE_TEST
            + "      cat > /home/coder/.bash_profile <<'PROFILE'\n"
            + PROFILE
            + RC
            + WELCOME
            + END: "    exit 0 # !BOOT\n"
        },
        on=MINIMAL,
    ),
    Case(
        "a transport that is gone with its shell",
        replaces={SSH: "    (\n" + SSH.rstrip() + " # !BOOT\n    )\n"},
        on=MINIMAL,
    ),
    Case(
        "a daemon without a mirror",
        replaces={MIRROR: "    echo '{ \"debug\": true }' | sudo tee /etc/docker/daemon.json > /dev/null # !BOOT\n"},
        on=MINIMAL,
    ),
    Case("the owner beside the boot", replaces={OWNER: OWNER.rstrip("\n") + " & # !BOOT\n\n"}, on=MINIMAL),
    Case("a last word that fails", boot="trap 'rm -f /tmp/lock; exit 1' EXIT # !BOOT"),
    Case(
        "an exit behind a loop that may return",
        boot="""
            wait_long() {
              for n in $(seq 1 9); do
                [ -e /tmp/ready ] && return 0
                sleep 1
              done
              exit 1
            }
            wait_long # !BOOT
        """,
    ),
    # swapped
    Case("mirror after the daemon", replaces={MIRROR: "", FOLDERS: _at(MIRROR, "!BOOT") + FOLDERS}, on=MINIMAL),
    Case("the configuration again, too late", boot=_at(MIRROR).strip()),
    Case(
        "copied over, too late",
        boot=f"echo '{_CONFIGURED}' > /tmp/daemon.json\nsudo cp /tmp/daemon.json /etc/docker/daemon.json # !BOOT",
    ),
    Case(
        "images before the daemon", replaces={IMAGES: "", MIRROR: IMAGES.rstrip() + " # !BOOT\n" + MIRROR}, on=MINIMAL
    ),
    Case(
        "docker pull before the daemon",
        replaces={IMAGES: "", MIRROR: "    docker pull ddev/ddev-webserver:v1.24 # !BOOT\n" + MIRROR},
        on=MINIMAL,
    ),
    Case("skeleton before the owner", replaces={OWNER: "", SKELETON: SKELETON + _at(OWNER)}, on=MINIMAL),
    Case("identity after the images", replaces={NAME + MAIL: "", IMAGES: IMAGES + _at(NAME) + MAIL}, on=MINIMAL),
    Case(
        "folders before the images",
        replaces={FOLDERS: "", OMIT: "    mkdir -p /home/coder/projects # !BOOT\n" + OMIT},
        on=MINIMAL,
    ),
    # the end
    Case("a failure ends it", boot="cd /home/coder/projects || exit 1 # !BOOT"),
    Case("another status at the end", boot="exit 3 # !BOOT", on=MINIMAL),
    Case("a status by a variable", boot="FAILED=1\nexit $FAILED # !BOOT", on=MINIMAL),
    Case("the last status", boot='ddev list\nexit "$?" # !BOOT', on=MINIMAL),
    Case(
        "out in the middle", replaces={OMIT: "    [ -S /var/run/docker.sock ] || exit 0 # !BOOT\n" + OMIT}, on=MINIMAL
    ),
    Case("out for good", replaces={IMAGES: "    exit 0 # !BOOT\n" + IMAGES}, on=MINIMAL),
    Case(
        "a function that gives up",
        boot='die() {\n  echo "$1"\n  exit 1 # >BOOT\n}\ncommand -v ddev > /dev/null || die "no ddev" # !BOOT',
    ),
    Case(
        "all of it in a function",
        boot="work() {\n  cd /home/coder/projects || exit 1 # !BOOT\n}\nwork # >BOOT",
        on=MINIMAL,
    ),
    Case("exec", boot="exec sleep infinity # !BOOT", on=MINIMAL),
    # options
    Case("unset variables", boot="set -u # !BOOT warning"),
    Case("unset variables, long", boot="set -o nounset # !BOOT warning"),
    Case("pipefail", boot="set -o pipefail # !BOOT warning"),
    Case("a variable that must be set", boot=': "$${MIRROR:?no mirror}" # !BOOT warning'),
    Case("nothing runs", boot="set -n # !BOOT"),
    Case(
        "no set +e",
        replaces={
            "    set +e\n\n    sudo": "    sudo",
            "chown coder:coder /home/coder\n": "chown coder:coder /home/coder # !BOOT warning\n",
        },
        on=MINIMAL,
    ),
    Case(
        "a daemon that is started before the mirror is known",
        replaces={MIRROR: _DAEMON + MIRROR},
        on=MINIMAL,
    ),
    # the login shell
    Case("no system settings", replaces={PROFILE + RC: _at(RC)}, on=MINIMAL),
    Case("no settings of the user", replaces={RC + WELCOME: _at(WELCOME)}, on=MINIMAL),
    Case("no welcome", replaces={WELCOME + "    PROFILE\n": "    PROFILE # !BOOT\n"}, on=MINIMAL),
    Case(
        "a welcome that is only looked for",
        replaces={WELCOME: '    [ -f "$HOME/WELCOME.txt" ] # !BOOT\n'},
        on=MINIMAL,
    ),
)

GOOD = (
    Case(
        "more steps by name than fit in a glance",
        replaces={
            FOLDERS: "\n    step_9() { mkdir -p /home/coder/projects; }\n"
            "    for n in 1 2 3 4 5 6 7 8 9; do\n      step_$n\n    done\n"
        },
        on=MINIMAL,
    ),
    Case("a transport that is there already", boot=': "$${GIT_SSH_COMMAND:=ssh}"\nexport GIT_SSH_COMMAND'),
    Case("the folder of the project", replaces={FOLDERS: '\n    mkdir -p ~/"$${PROJECT_NAME}"\n'}, on=MINIMAL),
    Case(
        "a transport that is kept",
        replaces={
            SSH: '    : "$${GIT_SSH_COMMAND:=$(command -v coder) gitssh --}"\n    export GIT_SSH_COMMAND\n\n',
        },
        on=MINIMAL,
    ),
    Case(
        "a mirror by python",
        replaces={
            MIRROR: "    sudo python3 - <<'PY'\n    import json\n    mirrors = {'registry-mirrors': ['http://mirror']}\n"
            "    json.dump(mirrors, open('/etc/docker/daemon.json', 'w'))\n    PY\n"
        },
        on=MINIMAL,
    ),
    Case("a folder for work under another name", replaces={FOLDERS: "\n    mkdir -p ~/workspace\n"}, on=MINIMAL),
    Case(
        "the owner with the folder",
        replaces={OWNER: "    sudo install -d -o coder -g coder /home/coder\n\n"},
        on=MINIMAL,
    ),
    Case(
        "the identity in a loop over what is cut apart",
        replaces={
            NAME + MAIL: '    for pair in "user.name=$CODER_WORKSPACE_OWNER_NAME" '
            '"user.email=$CODER_WORKSPACE_OWNER_EMAIL"; do\n'
            '      git config --global "$${pair%%=*}" "$${pair#*=}"\n    done\n\n'
        },
        on=MINIMAL,
    ),
    Case(
        "the folder alone is not the owner's",
        replaces={OWNER: "    sudo install -d /home/coder\n" + OWNER},
        on=MINIMAL,
    ),
    Case("copied later too", boot="cp -n /home/coder-files/.gitconfig /home/coder/.gitconfig"),
    Case(
        "a folder early",
        replaces={MIRROR: "    mkdir -p /home/coder/projects /home/coder/.ddev\n" + MIRROR},
        on=MINIMAL,
    ),
    Case("images in the background", replaces={IMAGES: "    ddev utility download-images &\n"}, on=MINIMAL),
    Case(
        "a function for a step",
        replaces={OWNER: "    take() { sudo chown -R coder:coder /home/coder; }\n    take\n\n"},
        on=MINIMAL,
    ),
    Case(
        "owned only if needed",
        replaces={OWNER: '    [ "$(stat -c %U /home/coder)" = coder ] || sudo chown coder: "$HOME"\n\n'},
        on=MINIMAL,
    ),
    Case(
        "another way to the skeleton",
        replaces={SKELETON: "    rsync -a --ignore-existing /etc/skel/ ~/\n\n"},
        on=MINIMAL,
    ),
    Case(
        "the skeleton file by file",
        replaces={
            SKELETON: '    for f in .bashrc .profile; do\n      [ -e "$HOME/$f" ] || cp "/etc/skel/$f" "$HOME/$f"\n'
            "    done\n\n"
        },
        on=MINIMAL,
    ),
    Case("images by hand", replaces={IMAGES: "    docker pull ddev/ddev-webserver:v1.24\n"}, on=MINIMAL),
    *(
        Case(
            f"a mirror that the image brings, by {name}",
            before=_image(how),
            files=_image(how).files,
            replaces={MIRROR: ""},
            on=MINIMAL,
        )
        for name, how in (
            (
                "printf",
                """RUN printf '{"registry-mirrors": ["%s"]}' http://m > /etc/docker/daemon.json\n""",
            ),
            ("tee", """RUN echo '{"registry-mirrors": ["http://m"]}' | tee /etc/docker/daemon.json\n"""),
            ("a copy", "COPY daemon.json /etc/docker/daemon.json\n"),
        )
    ),
    Case(
        "another writer of the mirror",
        replaces={
            MIRROR: """    printf '%s' '{ "registry-mirrors": ["http://mirror:5000"] }' > /tmp/d.json\n"""
            "    sudo install -m 644 /tmp/d.json /etc/docker/daemon.json\n"
        },
        on=MINIMAL,
    ),
    Case(
        "a mirror in a heredoc of a shell",
        replaces={MIRROR: """    sudo sh -c 'cat /tmp/daemon.json > /etc/docker/daemon.json'\n"""},
        on=MINIMAL,
    ),
    Case("an exit of a subshell", boot="( cd /home/coder/projects || exit 1; ls )"),
    Case("an exit of another shell", boot="bash -c 'exit 3' || echo 'failed'"),
    Case("a return of a function", boot="step() { cd /nowhere || return 1; }\nstep || echo 'going on'"),
    Case("an exit in a file", boot="if [ ! -f ~/.local/bin/x ]; then\n  printf 'exit 1\\n' > ~/.local/bin/x\nfi"),
    Case("early out at the very end", boot='if [ -n "$CODER_WORKSPACE_NAME" ]; then\n  echo ready\n  exit 0\nfi'),
    Case("options of a subshell", boot="( set -u; set -o pipefail; ls | head -n 1 )"),
    Case("other options", boot="set +u\nset -x\nset +x\nshopt -s nullglob"),
    Case("a word about exit", boot='echo "exit 1 would end the boot"'),
    Case("a default value", boot='echo "$${MIRROR:-none}"'),
    Case("options that nobody knows", boot="set $(cat /tmp/options) # ?F-10"),
    Case("an option with e", replaces={"    set +e\n": "    set +eux\n"}, on=MINIMAL),
    Case("the long option", replaces={"    set +e\n": "    set +o errexit\n"}, on=MINIMAL),
    Case(
        "a profile in parts",
        replaces={
            WELCOME + "    PROFILE\n    fi\n": "    PROFILE\n"
            "    fi\n"
            "    grep -q WELCOME ~/.bash_profile || echo 'cat ~/WELCOME.txt' >> ~/.bash_profile\n"
        },
        on=MINIMAL,
    ),
    Case(
        "a profile with conditions",
        replaces={PROFILE + RC: '    for f in /etc/bash.bashrc ~/.bashrc; do [ -f "$f" ] && . "$f"; done\n'},
        on=MINIMAL,
    ),
    Case("a new order of words", replaces={NAME + MAIL: MAIL.rstrip() + "\n" + NAME + "\n"}, on=MINIMAL),
)
