"""INV-4: dockerd inside the workspace, started by the boot script as a daemon should be."""

from tests.rules.harness import Case, HostName

RULE = "INV-4"

GUARD = "    if ! pgrep -x dockerd > /dev/null; then\n"
RUN = "      sudo dockerd > /tmp/dockerd.log 2>&1 &\n"
START = GUARD + RUN + "    fi\n"
LOOP = "    for second in $(seq 1 60); do\n"
READY = "      if [ -S /var/run/docker.sock ]; then\n"
_MIRROR = (
    """    echo '{ "registry-mirrors": ["http://mirror:5000"] }' | sudo tee /etc/docker/daemon.json > /dev/null\n"""
)
ACCESS = "        sudo chgrp docker /var/run/docker.sock\n        sudo chmod 660 /var/run/docker.sock\n"
WAIT = LOOP + READY + ACCESS + "        break\n      fi\n      sleep 1\n    done\n"
USABLE = "    sudo chmod 660 /var/run/docker.sock\n"
_ELSEWHERE = 'DOCKER_HOST = "tcp://10.0.0.1:2375"'
MINIMAL: tuple[HostName, ...] = ("minimal",)


def _start(text: str, **more: str) -> dict[str, str]:
    """Another start of the daemon, with its guard."""
    return {GUARD + RUN: text, **more}


def _run(text: str) -> dict[str, str]:
    """Another command that starts the daemon."""
    return {RUN: f"      {text}\n"}


def _wait(text: str) -> dict[str, str]:
    """Another wait for the daemon."""
    return {WAIT: text}


BAD = (
    Case("a second one without blanks", boot='try() {\n  "$@"\n}\ntry sudo dockerd>/tmp/dockerd.log 2>&1 & # !INV-4'),
    Case(
        "a socket elsewhere",
        replaces=_run("sudo dockerd -H unix:///tmp/docker.sock > /tmp/dockerd.log 2>&1 & # !INV-4"),
    ),
    Case(
        "access for nobody in the group",
        replaces={ACCESS: ACCESS.replace("660 /var/run/docker.sock", "600 /var/run/docker.sock # !INV-4")},
        on=MINIMAL,
    ),
    Case("another daemon", boot="export DOCKER_HOST=tcp://build.example.org:2375 # !INV-4 warning"),
    Case(
        "another daemon by the agent's env",
        replaces={"    CODER_WORKSPACE_ID ": f"    {_ELSEWHERE} # !INV-4 warning\n    CODER_WORKSPACE_ID "},
    ),
    Case("a second one, by a function", boot='try() {\n  "$@"\n}\ntry sudo dockerd > /tmp/dockerd.log 2>&1 & # !INV-4'),
    *(
        Case(f"taken away: {undoing}", boot=f"true\n{undoing} # !INV-4", fixed="true")
        for undoing in (
            "sudo pkill -x dockerd",
            "sudo rm -f /var/run/docker.sock",
            "sudo chmod 600 /var/run/docker.sock",
        )
    ),
    Case("taken away in a subshell", boot="( sudo pkill -x dockerd ) 2>&1 | tee /tmp/log # !INV-4", on=MINIMAL),
    # never started
    Case("no start", replaces={START + LOOP: "    :\n" + LOOP.rstrip() + " # !INV-4\n"}, on=MINIMAL),
    Case(
        "a start that is commented out",
        replaces={RUN + "    fi\n": "      # sudo dockerd > /tmp/dockerd.log 2>&1 & # !INV-4\n      :\n    fi\n"},
    ),
    Case("a start in dead code", replaces={GUARD: "    if false; then\n", RUN: RUN.rstrip() + " # !INV-4\n"}),
    Case(
        "a function that nobody calls",
        replaces={START: f"    start() {{\n{RUN.rstrip()} # !INV-4\n    }}\n"},
        on=MINIMAL,
    ),
    Case(
        "only its version",
        replaces={RUN: "      sudo dockerd --version > /tmp/dockerd.log 2>&1 & # !INV-4\n"},
    ),
    # guard
    Case("no guard", replaces=_start("    if true; then\n" + RUN.rstrip() + " # !INV-4\n"), on=MINIMAL),
    Case(
        "a second start without guard",
        boot="sudo dockerd > /tmp/dockerd.log 2>&1 & # !INV-4",
        fixed="pgrep -x dockerd > /dev/null || sudo dockerd > /tmp/dockerd.log 2>&1 &",
    ),
    Case(
        "a guard for another program",
        replaces={GUARD: "    if ! pgrep -x containerd > /dev/null; then # !INV-4\n"},
        on=MINIMAL,
    ),
    Case(
        "a guard that never finds it",
        replaces={GUARD: "    if ! pgrep -x docker > /dev/null; then # !INV-4\n"},
        on=MINIMAL,
    ),
    Case(
        "the wrong way round",
        replaces={GUARD: "    if pgrep -x dockerd > /dev/null; then\n", RUN: RUN.rstrip() + " # !INV-4\n"},
    ),
    Case(
        "a flag that says the opposite",
        replaces={
            GUARD: "    running=0\n    pgrep -x dockerd > /dev/null && running=1\n    if [ $running -eq 1 ]; then\n",
            RUN: RUN.rstrip() + " # !INV-4\n",
        },
    ),
    Case(
        "a guard that looks for the program",
        replaces={GUARD: "    if command -v dockerd > /dev/null; then # !INV-4\n"},
        on=MINIMAL,
    ),
    Case(
        "killed first",
        replaces={GUARD: "    sudo pkill -x dockerd\n    if true; then\n", RUN: RUN.rstrip() + " # !INV-4\n"},
        on=MINIMAL,
    ),
    Case(
        "a guard with a way round",
        replaces={GUARD: '    if ! pgrep -x dockerd > /dev/null || [ "$FORCE" = 1 ]; then # !INV-4 warning\n'},
        on=MINIMAL,
    ),
    # how it runs
    Case("no sudo", replaces=_run("dockerd > /tmp/dockerd.log 2>&1 & # !INV-4")),
    Case("sudo as another user", replaces=_run("sudo -u coder dockerd > /tmp/dockerd.log 2>&1 & # !INV-4")),
    Case(
        "an empty sudo",
        replaces={GUARD: "    SUDO=\n" + GUARD, RUN: "      $SUDO dockerd > /tmp/dockerd.log 2>&1 & # !INV-4\n"},
    ),
    Case("in the foreground", replaces=_run("sudo dockerd > /tmp/dockerd.log 2>&1 # !INV-4")),
    Case("nohup and no ampersand", replaces=_run("sudo nohup dockerd > /tmp/dockerd.log 2>&1 # !INV-4")),
    Case("killed after a while", replaces=_run("sudo timeout 3600 dockerd > /tmp/dockerd.log 2>&1 & # !INV-4")),
    Case(
        "everything wrong",
        boot="dockerd # !INV-4",
        fixed="pgrep -x dockerd > /dev/null || sudo dockerd > /tmp/dockerd.log 2>&1 &",
    ),
    # log
    Case("no log", replaces=_run("sudo dockerd & # !INV-4")),
    Case("log thrown away", replaces=_run("sudo dockerd > /dev/null 2>&1 & # !INV-4")),
    Case("another file", replaces=_run("sudo dockerd > /var/log/dockerd.log 2>&1 & # !INV-4")),
    Case(
        "another file by a variable",
        replaces={GUARD: "    log=/home/coder/docker.log\n" + GUARD, RUN: '      sudo dockerd &> "$log" & # !INV-4\n'},
    ),
    Case("standard error left out", replaces=_run("sudo dockerd > /tmp/dockerd.log & # !INV-4")),
    Case("redirections in the wrong order", replaces=_run("sudo dockerd 2>&1 > /tmp/dockerd.log & # !INV-4")),
    Case("a group with another log", replaces=_run("{ sudo dockerd; } > /tmp/other.log 2>&1 & # !INV-4")),
    Case("bash -c with another log", replaces=_run("sudo bash -c 'dockerd > /root/d.log 2>&1' & # !INV-4")),
    # storage and socket
    Case(
        "another storage",
        replaces=_run("sudo dockerd --data-root /home/coder/docker > /tmp/dockerd.log 2>&1 & # !INV-4"),
    ),
    Case("another storage, short", replaces=_run("sudo dockerd -g /mnt/docker > /tmp/dockerd.log 2>&1 & # !INV-4")),
    Case("another socket", replaces=_run("sudo dockerd -H tcp://127.0.0.1:2375 > /tmp/dockerd.log 2>&1 & # !INV-4")),
    Case(
        "another configuration",
        replaces=_run("sudo dockerd --config-file /home/coder/d.json > /tmp/dockerd.log 2>&1 & # !INV-4 warning"),
    ),
    Case(
        "another storage in the configuration",
        replaces={
            _MIRROR: """    echo '{ "data-root": "/d", "registry-mirrors": [] }' | """
            "sudo tee /etc/docker/daemon.json # !INV-4\n"
        },
        on=MINIMAL,
    ),
    Case(
        "another storage in a heredoc",
        replaces={
            '      "log-driver": "json-file",\n': '      "data-root": "/tmp/docker", # !INV-4\n'
            '      "log-driver": "json-file",\n'
        },
        on=("full",),
    ),
    Case("storage thrown away", boot="sudo rm -rf /var/lib/docker/* # !INV-4"),
    # wait
    Case("no wait", replaces={WAIT + "\n": f"{USABLE.rstrip()} # !INV-4\n\n"}, on=MINIMAL),
    Case("a nap is no wait", replaces={WAIT + "\n": f"    sleep 10\n{USABLE.rstrip()} # !INV-4\n\n"}, on=MINIMAL),
    Case(
        "until without end",
        replaces=_wait("    until [ -S /var/run/docker.sock ]; do # !INV-4\n      sleep 1\n    done\n" + USABLE),
        on=MINIMAL,
    ),
    Case(
        "while without end",
        replaces=_wait("    while ! sudo docker info > /dev/null 2>&1; do sleep 1; done # !INV-4\n" + USABLE),
        on=MINIMAL,
    ),
    Case(
        "while true",
        replaces=_wait(
            "    while true; do # !INV-4\n      [ -S /var/run/docker.sock ] && break\n      sleep 1\n    done\n"
            + USABLE
        ),
        on=MINIMAL,
    ),
    Case(
        "counted and not compared",
        replaces=_wait(
            "    n=0\n    until [ -S /var/run/docker.sock ]; do # !INV-4\n      n=$((n + 1))\n"
            '      echo "$n"\n      sleep 1\n    done\n' + USABLE
        ),
        on=MINIMAL,
    ),
    Case(
        "compared and not counted",
        replaces=_wait(
            "    n=0\n"
            "    while [ ! -S /var/run/docker.sock ] && [ $n -lt 30 ]; do # !INV-4\n"
            "      sleep 1\n"
            "    done\n" + USABLE
        ),
        on=MINIMAL,
    ),
    Case(
        "one or the other",
        replaces=_wait(
            "    n=0\n"
            "    while [ ! -S /var/run/docker.sock ] || [ $n -lt 30 ]; do # !INV-4\n"
            "      n=$((n + 1))\n"
            "      sleep 1\n"
            "    done\n" + USABLE
        ),
        on=MINIMAL,
    ),
    Case(
        "set back in every round",
        replaces=_wait(
            "    until [ -S /var/run/docker.sock ]; do # !INV-4\n"
            "      n=0\n"
            "      n=$((n + 1))\n"
            "      [ $n -gt 30 ] && break\n"
            "      sleep 1\n"
            "    done\n" + USABLE
        ),
        on=MINIMAL,
    ),
    Case(
        "for without end",
        replaces=_wait(
            "    for ((;;)); do # !INV-4\n      [ -S /var/run/docker.sock ] && break\n      sleep 1\n    done\n"
            + USABLE
        ),
        on=MINIMAL,
    ),
    Case(
        "an endless loop around a short one",
        replaces=_wait(
            "    while :; do # !INV-4\n"
            "      for n in 1 2 3; do\n"
            "        [ -S /var/run/docker.sock ] && break 2\n"
            "        sleep 1\n"
            "      done\n"
            "    done\n" + USABLE
        ),
        on=MINIMAL,
    ),
    Case(
        "a timeout of nothing",
        replaces=_wait(
            "    timeout 0 bash -c 'until [ -S /var/run/docker.sock ]; do sleep 1; done' # !INV-4\n" + USABLE
        ),
        on=MINIMAL,
    ),
    Case(
        "in a function",
        replaces=_wait(
            "    wait_docker() {\n"
            "      until docker info > /dev/null 2>&1; do # !INV-4\n"
            "        sleep 1\n"
            "      done\n"
            "    }\n"
            "    wait_docker\n" + USABLE
        ),
        on=MINIMAL,
    ),
    # access
    Case("no access", replaces={ACCESS + "        break\n": "        break # !INV-4 warning\n"}, on=MINIMAL),
    Case(
        "access before the start",
        replaces={ACCESS: "        :\n", GUARD: USABLE.rstrip() + " # !INV-4\n" + GUARD},
        on=MINIMAL,
    ),
    Case(
        "access before the wait",
        replaces={ACCESS: "        :\n", LOOP: USABLE.rstrip() + " # !INV-4\n" + LOOP},
        on=MINIMAL,
    ),
    Case("closed for all", replaces={ACCESS: "        sudo chmod 600 /var/run/docker.sock # !INV-4\n"}, on=MINIMAL),
    Case(
        "opened, and closed again",
        replaces={ACCESS: f"{ACCESS}        sudo chmod 600 /var/run/docker.sock # !INV-4\n"},
        on=MINIMAL,
    ),
    Case(
        "given to root", replaces={ACCESS: "        sudo chown root:root /var/run/docker.sock # !INV-4\n"}, on=MINIMAL
    ),
)

_HEREDOC_START = '    eval "sudo dockerd > /tmp/dockerd.log 2>&1 &"\n'

GOOD = (
    Case("its own daemon by name", boot="export DOCKER_HOST=unix:///var/run/docker.sock"),
    *(
        Case(f"a look, and its status: {look}", replaces=_start(f"    {look}\n" + RUN), on=MINIMAL)
        for look in (
            "pgrep -x dockerd > /dev/null\n    if [ $? -ne 0 ]; then",
            'pgrep -x dockerd > /dev/null\n    running=$?\n    echo looked\n    if [[ "$running" != 0 ]]; then',
        )
    ),
    Case("a daemon that reads its configuration again", boot="sudo pkill -HUP dockerd || true"),
    Case("the socket as it is", boot="sudo chmod 660 /var/run/docker.sock\nsudo rm -f /var/run/docker.pid"),
    Case("a daemon that is wanted by nobody", boot='[ -n "$NO_DOCKER" ] && sudo pkill dockerd'),
    Case("sudo in the background", on=MINIMAL, replaces=_run("sudo -b dockerd > /tmp/dockerd.log 2>&1")),
    Case("pidof", replaces={GUARD: "    if ! pidof dockerd > /dev/null; then\n"}),
    Case("pgrep of the whole line", replaces={GUARD: "    if ! pgrep -f /usr/bin/dockerd > /dev/null; then\n"}),
    Case("the socket as a guard", replaces={GUARD: "    if [ ! -S /var/run/docker.sock ]; then\n"}),
    Case("docker info as a guard", replaces={GUARD: "    if ! docker info > /dev/null 2>&1; then\n"}),
    Case("an empty answer as a guard", replaces={GUARD: '    if [ -z "$(pgrep -x dockerd)" ]; then\n'}),
    Case("an answer kept in a variable", replaces={GUARD: '    pid=$(pgrep -x dockerd)\n    if [ -z "$pid" ]; then\n'}),
    Case("a count as a guard", replaces={GUARD: '    if [ "$(pgrep -xc dockerd)" -eq 0 ]; then\n'}),
    Case(
        "a flag as a guard",
        replaces={
            GUARD: '    running=no\n    pgrep -x dockerd > /dev/null && running=yes\n    if [ "$running" = no ]; then\n'
        },
    ),
    Case(
        "a function as a guard",
        replaces={GUARD: "    docker_runs() { pgrep -x dockerd > /dev/null; }\n    if ! docker_runs; then\n"},
    ),
    Case(
        "a function that says the opposite",
        replaces={GUARD: "    docker_down() { ! pgrep -x dockerd > /dev/null; }\n    if docker_down; then\n"},
    ),
    Case(
        "two looks in a group",
        replaces={GUARD: "    if ! { [ -S /var/run/docker.sock ] && docker info > /dev/null; }; then\n"},
        on=MINIMAL,
    ),
    Case("a count by arithmetic", replaces={GUARD: "    if (( $(pgrep -xc dockerd) == 0 )); then\n"}, on=MINIMAL),
    Case(
        "the status of the look",
        replaces={GUARD: "    pgrep -x dockerd > /dev/null\n    if [ $? -ne 0 ]; then\n"},
        on=MINIMAL,
    ),
    Case("a look for ever in the background", boot="( while sleep 300; do docker ps > /tmp/ps.txt; done ) &"),
    Case("ps and grep", replaces={GUARD: "    if ! ps -e | grep -q '[d]ockerd'; then\n"}),
    Case(
        "the other arm",
        replaces={GUARD: "    if pgrep -x dockerd > /dev/null; then\n      echo 'Docker runs'\n    else\n"},
    ),
    Case(
        "a chain",
        replaces={START: "    pgrep -x dockerd > /dev/null || sudo dockerd > /tmp/dockerd.log 2>&1 &\n"},
        on=MINIMAL,
    ),
    Case("appended log", replaces=_run("sudo dockerd >> /tmp/dockerd.log 2>&1 &")),
    Case("both at once", replaces=_run("sudo dockerd &> /tmp/dockerd.log &")),
    Case(
        "log by a variable",
        replaces={GUARD: "    log=/tmp/dockerd.log\n" + GUARD, RUN: '      sudo dockerd > "$log" 2>&1 &\n'},
    ),
    Case("log through tee", replaces=_run("sudo dockerd 2>&1 | tee /tmp/dockerd.log > /dev/null &")),
    Case("a group with the log", replaces=_run("{ sudo dockerd; } > /tmp/dockerd.log 2>&1 &")),
    Case("bash -c", replaces=_run("sudo bash -c 'dockerd > /tmp/dockerd.log 2>&1' &")),
    Case("nohup", replaces=_run("sudo nohup dockerd > /tmp/dockerd.log 2>&1 &")),
    Case(
        "setsid and env", replaces=_run("sudo env DOCKER_RAMDISK=1 setsid /usr/bin/dockerd > /tmp/dockerd.log 2>&1 &")
    ),
    Case("a subshell in the background", replaces=_run("( sudo dockerd > /tmp/dockerd.log 2>&1 ) &")),
    Case("eval", replaces={RUN: _HEREDOC_START}),
    Case(
        "sudo where there is one",
        replaces={
            GUARD: '    if command -v sudo > /dev/null; then SUDO=sudo; else SUDO=""; fi\n' + GUARD,
            RUN: "      $SUDO dockerd > /tmp/dockerd.log 2>&1 &\n",
        },
    ),
    Case("the same storage said", replaces=_run("sudo dockerd --data-root=/var/lib/docker > /tmp/dockerd.log 2>&1 &")),
    Case(
        "one more socket",
        replaces=_run("sudo dockerd -H unix:///var/run/docker.sock -H tcp://127.0.0.1:2375 > /tmp/dockerd.log 2>&1 &"),
    ),
    Case(
        "other options",
        replaces=_run("sudo dockerd --storage-driver overlay2 --log-level warn > /tmp/dockerd.log 2>&1 &"),
    ),
    Case(
        "a counted while",
        replaces=_wait(
            "    n=0\n"
            "    while [ ! -S /var/run/docker.sock ] && [ $n -lt 30 ]; do\n"
            "      sleep 1\n"
            "      n=$((n + 1))\n"
            "    done\n" + USABLE
        ),
        on=MINIMAL,
    ),
    Case(
        "arithmetic",
        replaces=_wait(
            "    n=0\n    while [ ! -S /var/run/docker.sock ] && (( n++ < 30 )); do sleep 1; done\n" + USABLE
        ),
        on=MINIMAL,
    ),
    Case(
        "counted down",
        replaces=_wait(
            "    tries=30\n"
            "    until docker info > /dev/null 2>&1; do\n"
            "      tries=$((tries - 1))\n"
            '      if [ "$tries" -le 0 ]; then\n'
            "        echo 'no Docker'\n"
            "        break\n"
            "      fi\n"
            "      sleep 1\n"
            "    done\n" + USABLE
        ),
        on=MINIMAL,
    ),
    Case(
        "the clock",
        replaces=_wait(
            "    end=$((SECONDS + 60))\n"
            "    while [ ! -S /var/run/docker.sock ] && [ $SECONDS -lt $end ]; do sleep 1; done\n" + USABLE
        ),
        on=MINIMAL,
    ),
    Case(
        "timeout",
        replaces=_wait("    timeout 60 bash -c 'until [ -S /var/run/docker.sock ]; do sleep 1; done'\n" + USABLE),
        on=MINIMAL,
    ),
    Case(
        "a for of C",
        replaces=_wait(
            "    for ((n = 0; n < 60; n++)); do\n"
            "      [ -S /var/run/docker.sock ] && break\n"
            "      sleep 1\n"
            "    done\n" + USABLE
        ),
        on=MINIMAL,
    ),
    Case(
        "a retry function",
        replaces=_wait(
            '    again() {\n      local left=30\n      until "$@"; do\n        left=$((left - 1))\n'
            "        [ $left -gt 0 ] || return 1\n        sleep 1\n      done\n    }\n    again sudo docker info\n"
            + USABLE
        ),
        on=MINIMAL,
    ),
    Case(
        "read by lines",
        replaces=_wait(
            "    seq 1 30 | while read -r n; do\n"
            "      [ -S /var/run/docker.sock ] && break\n"
            "      sleep 1\n"
            "    done\n" + USABLE
        ),
        on=MINIMAL,
    ),
    Case("660 alone", replaces={ACCESS: "        sudo chmod 660 /var/run/docker.sock\n"}, on=MINIMAL),
    Case("letters", replaces={ACCESS: "        sudo chmod g+rw /var/run/docker.sock\n"}, on=MINIMAL),
    Case("the owner", replaces={ACCESS: "        sudo chown coder /run/docker.sock\n"}, on=MINIMAL),
    Case("an access list", replaces={ACCESS: "        sudo setfacl -m u:coder:rw /var/run/docker.sock\n"}, on=MINIMAL),
    Case(
        "the daemon gives it to the group",
        replaces={ACCESS: "        :\n", RUN: "      sudo dockerd --group docker > /tmp/dockerd.log 2>&1 &\n"},
        on=MINIMAL,
    ),
    Case("stale files", replaces={GUARD: GUARD + "      sudo rm -f /var/run/docker.pid\n"}, on=MINIMAL),
    Case(
        "other commands of Docker",
        boot="docker ps -a\ndocker volume prune -f\npgrep -x dockerd > /dev/null && echo 'Docker runs'",
    ),
    Case(
        "a start that the script only writes down",
        boot="if [ ! -f ~/.local/bin/docker-up ]; then\n  cat > ~/.local/bin/docker-up <<'UP'\nsudo dockerd\nUP\nfi",
        on=MINIMAL,
    ),
    Case("a start that it only speaks of", boot="echo 'run: sudo dockerd &'"),
    Case("another folder of the same name", boot="rm -rf /tmp/var/lib/docker /home/coder/.cache/docker"),
)

UNDECIDED = (
    Case(
        "a log that is not known",
        replaces={GUARD: GUARD, RUN: '      sudo dockerd > "$DOCKERD_LOG" 2>&1 & # ?INV-4\n'},
    ),
)
