"""F-8: the host name is not who the workspace is."""

from tests.rules.harness import Case, Code

RULE = "F-8"

BAD = (
    Case(
        "taken apart into an array, on a condition",
        boot='[[ -d /srv ]] && IFS=- read -ra parts <<< "$HOSTNAME" # !F-8\nCODER_WORKSPACE_NAME="$${parts[0]}"',
    ),
    Case("read from a command", boot="IFS=- read -r WORKSPACE_NAME WORKSPACE_OWNER < <(hostname) # !F-8"),
    Case("printenv", boot='git config --global user.name "$(printenv HOSTNAME)" # !F-8'),
    Case(
        "through a file",
        boot='hostname > /tmp/h # !F-8\ngit config --global user.name "$(cat /tmp/h)" # >F-8',
    ),
    Case(
        "through a file that is cut and read",
        boot="""
            hostname | cut -d- -f1 | tee /tmp/h > /dev/null # !F-8
            read -r CODER_WORKSPACE_NAME < /tmp/h # >F-8
        """,
    ),
    Case(
        "printed into a file",
        boot='echo "$HOSTNAME" > /tmp/h # !F-8\nCODER_WORKSPACE_NAME=$(</tmp/h) # >F-8',
    ),
    Case(
        "handed to a function, which stays what it is",
        boot="""
            try() {
              "$@"
            }
            try git config --global user.name "$(hostname)" # !F-8
        """,
    ),
    Case(
        "a default that git is given too",
        boot=': "$${CODER_WORKSPACE_NAME:=$HOSTNAME}" # !F-8\ngit config --global user.name "$CODER_WORKSPACE_NAME"',
    ),
    Case("the name", boot="CODER_WORKSPACE_NAME=$(hostname) # !F-8"),
    Case("cut out of it", boot="true\nexport CODER_WORKSPACE_ID=$(hostname | cut -d- -f1) # !F-8", fixed="true"),
    Case("under another name", boot="OWNER=$(hostname) # !F-8", fixed='OWNER="$CODER_WORKSPACE_OWNER_NAME"'),
    Case("as a fallback", boot='CODER_WORKSPACE_NAME="$${CODER_WORKSPACE_NAME:-$(hostname -s)}" # !F-8'),
    Case(
        "where the variable is empty",
        boot="""
            if [ -z "$CODER_WORKSPACE_OWNER_NAME" ]; then
              CODER_WORKSPACE_OWNER_NAME=$(hostname | sed 's/.*-//') # !F-8
            fi
        """,
    ),
    Case("the variable of bash", boot='WORKSPACE_NAME="$${HOSTNAME%%-*}" # !F-8'),
    Case("uname", boot="OWNER=$(uname -n | awk -F- '{ print $2 }') # !F-8"),
    Case("uname in long words", boot="WORKSPACE=$(uname --nodename) # !F-8"),
    Case("the file", boot="WORKSPACE_ID=$(cat /etc/hostname) # !F-8"),
    Case("the file without a program", boot="WORKSPACE_ID=$(</etc/hostname) # !F-8"),
    Case("the file cut by sed", boot="PROJECT_NAME=$(sed 's/-.*//' /etc/hostname) # !F-8"),
    Case("the kernel's file", boot="WS_NAME=$(head -n1 /proc/sys/kernel/hostname) # !F-8"),
    Case("hostnamectl", boot="WORKSPACE=$(hostnamectl --static) # !F-8"),
    Case("Python", boot="WORKSPACE=$(python3 -c 'import socket; print(socket.gethostname())') # !F-8"),
    Case(
        "through variables",
        boot="""
            whole=$(hostname) # !F-8
            part="$${whole#*-}" # >F-8
            export CODER_WORKSPACE_OWNER_NAME="$part" # >F-8
        """,
    ),
    Case(
        "through a function",
        boot="""
            who() {
              hostname | cut -d- -f2 # !F-8
            }
            CODER_WORKSPACE_OWNER_NAME=$(who) # >F-8
        """,
    ),
    Case("read from the file", boot="read -r WORKSPACE_NAME < /etc/hostname # !F-8"),
    Case(
        "taken apart by read",
        boot="""
            IFS=- read -r first rest <<< "$(hostname)" # !F-8
            CODER_WORKSPACE_NAME="$first" # >F-8
        """,
    ),
    Case(
        "taken apart into an array",
        boot="""
            IFS=- read -ra parts <<< "$HOSTNAME" # !F-8
            CODER_WORKSPACE_OWNER_NAME="$${parts[1]}" # >F-8
        """,
    ),
    Case("git's name", boot='git config --global user.name "$(hostname)" # !F-8'),
    Case("git's address", boot='git config --global user.email "$USER@$(hostname)" # !F-8'),
    Case("the author of commits", boot='export GIT_AUTHOR_NAME="$HOSTNAME" # !F-8'),
    Case("DDEV's project", boot='ddev config --auto --project-name="$(hostname)" # !F-8'),
    Case("DDEV's project in two words", boot='ddev config --project-name "$HOSTNAME" --docroot web # !F-8'),
    Case("for one command", boot="CODER_WORKSPACE_NAME=$(hostname) ddev describe # !F-8"),
    Case("set where it is used", boot=': "$${CODER_WORKSPACE_NAME:=$(hostname)}" # !F-8'),
    Case("declared in one string", boot='export "CODER_WORKSPACE_ID=$(hostname)" # !F-8'),
    Case("with printf -v", boot='printf -v WORKSPACE_NAME "%s" "$HOSTNAME" # !F-8'),
    Case(
        "kept for later sessions",
        boot='grep -q NAME ~/.bashrc || echo "export CODER_WORKSPACE_NAME=$(hostname)" >> ~/.bashrc # !F-8',
    ),
    Case(
        "computed in later sessions",
        boot="grep -q NAME ~/.bashrc || echo 'export CODER_WORKSPACE_NAME=$(hostname)' >> ~/.bashrc # !F-8",
    ),
    Case(
        "three reads for one name are one finding",
        boot="""
            CODER_WORKSPACE_NAME=$(hostname) # !F-8
            [ -n "$CODER_WORKSPACE_NAME" ] || CODER_WORKSPACE_NAME=$(uname -n)
            [ -n "$CODER_WORKSPACE_NAME" ] || CODER_WORKSPACE_NAME=$(cat /etc/hostname)
        """,
    ),
    Case(
        "three names are three findings",
        boot="""
            CODER_WORKSPACE_ID=$(hostname) # !F-8
            CODER_WORKSPACE_NAME=$(hostname | cut -d- -f1) # !F-8
            CODER_WORKSPACE_OWNER_NAME=$(hostname | cut -d- -f2) # !F-8
        """,
    ),
    Case(
        "three names from one read",
        boot="""
            host=$(hostname)
            CODER_WORKSPACE_ID="$host" # !F-8
            CODER_WORKSPACE_NAME="$${host%-*}" # !F-8
            CODER_WORKSPACE_OWNER_NAME="$${host##*-}" # !F-8
        """,
    ),
    Case(
        "one more read than there was",
        before=Code(boot="CODER_WORKSPACE_NAME=$(hostname)"),
        boot="""
            CODER_WORKSPACE_NAME=$(hostname) # =F-8
            ${file("${path.module}/more.sh")}
        """,
        files={"more.sh": "CODER_WORKSPACE_NAME=$(uname -n) # !F-8\n"},
    ),
    Case(
        "the variable that the agent sets is not used any more",
        before=Code(boot='ddev config --project-name="$CODER_WORKSPACE_NAME"'),
        boot='ddev config --project-name="$(hostname | cut -d- -f1)" # !F-8',
    ),
    Case(
        "what comes out of a name that is wrong is not told again",
        boot="""
            CODER_WORKSPACE_NAME=$(hostname) # !F-8
            PROJECT_NAME="$CODER_WORKSPACE_NAME-site"
        """,
    ),
    Case(
        "at the stop",
        top="""
            resource "coder_script" "leave" {
              agent_id    = coder_agent.main.id
              run_on_stop = true
              script      = "WORKSPACE_NAME=$(hostname) true" # !F-8
            }
        """,
    ),
    Case(
        "in a host command",
        on=("full",),
        files={"../image/scripts/.ddev/commands/host/who": '#!/bin/bash\nWORKSPACE="${HOSTNAME%-*}" # !F-8\n'},
    ),
    Case(
        "two names of one read",
        boot='IFS=- read -r WORKSPACE_NAME OWNER_NAME <<< "$HOSTNAME" # !F-8',
    ),
    Case(
        "for the dashboard",
        agent="""
            metadata {
              key      = "name"
              interval = 60
              timeout  = 5
              script   = "CODER_WORKSPACE_NAME=$(hostname) ddev describe" # !F-8
            }
        """,
    ),
    Case(
        "by coder_env",
        top="""
            resource "coder_env" "name" {
              agent_id = coder_agent.main.id
              name     = "CODER_WORKSPACE_NAME"
              value    = docker_container.workspace[0].hostname # !F-8
            }
        """,
    ),
    Case(
        "in an author's address by coder_env",
        top="""
            resource "coder_env" "address" {
              agent_id = coder_agent.main.id
              name     = "GIT_AUTHOR_EMAIL"
              value    = "me@${docker_container.workspace[0].hostname}" # !F-8
            }
        """,
    ),
    Case("for one command by env", boot="env CODER_WORKSPACE_NAME=$(hostname) ddev describe # !F-8"),
    Case("for one command by sudo", boot='sudo CODER_WORKSPACE_NAME="$(hostname)" /usr/local/bin/report # !F-8'),
    Case(
        "matched by a pattern",
        boot="""
            if [[ "$(hostname)" =~ ^(.*)-(.*)$ ]]; then # !F-8
              CODER_WORKSPACE_NAME="$${BASH_REMATCH[1]}"
            fi
        """,
    ),
    Case("cut out of a here-string", boot='CODER_WORKSPACE_NAME=$(sed "s/-.*//" <<< "$HOSTNAME") # !F-8'),
)

GOOD = (
    Case("a file for a log line", boot='hostname > /tmp/h\necho "on $(cat /tmp/h)"\nWORKSPACE_NAME=$(cat /tmp/w)'),
    Case("the container's own attribute", container='hostname = "web-${data.coder_workspace.me.name}"'),
    Case("an address", boot='curl -fs "http://$(hostname):80/" || true\nnc -z "$HOSTNAME" 80'),
    Case("an address in a variable", boot='BASE_URL="http://$(hostname):8080"\nHOST_IP=$(hostname -I | cut -d" " -f1)'),
    Case("an address that looks like a name", boot="CODER_WORKSPACE_IP=$(hostname -i)"),
    Case("a log line", boot='echo "Workspace name: $(hostname)"\nprintf "on %s\\n" "$HOSTNAME" >> /tmp/boot.log'),
    Case("a variable for a log line", boot='HOST_LABEL=$(hostname)\necho "$HOST_LABEL started"'),
    Case("the prompt", boot="grep -q PS1 ~/.bashrc || echo 'PS1=\"\\u@\\h:\\w$ \"' >> ~/.bashrc"),
    Case("setting the host name", boot='sudo hostname "$CODER_WORKSPACE_NAME"\nsudo hostnamectl set-hostname web'),
    Case(
        "an entry of /etc/hosts",
        boot='grep -q "$HOSTNAME" /etc/hosts || echo "127.0.1.1 $HOSTNAME" | sudo tee -a /etc/hosts',
    ),
    Case("the kernel", boot='KERNEL=$(uname -r)\nWORKSPACE_NAME="web-$(uname -m)"'),
    Case("the environment", boot='WORKSPACE_NAME="$CODER_WORKSPACE_NAME"\nPROJECT_NAME="$${CODER_WORKSPACE_NAME,,}"'),
    Case("git from the environment", boot='git config --global user.name "$CODER_WORKSPACE_OWNER_NAME"'),
    Case("the name of the folder", boot='PROJECT_NAME=$(basename "$PWD")\nddev config --project-name="$PROJECT_NAME"'),
    Case("the host of an address", boot='CODER_HOSTNAME=$(echo "$CODER_AGENT_URL" | cut -d/ -f3)'),
    Case("a comment", boot="# CODER_WORKSPACE_NAME=$(hostname)\necho 'CODER_WORKSPACE_NAME=$(hostname)'"),
    Case("the name of a log file", boot='BOOT_LOG="/tmp/boot-$(hostname).log"'),
    Case(
        "what the dashboard shows",
        agent="""
            metadata {
              key      = "host"
              interval = 60
              timeout  = 5
              script   = "hostname"
            }
        """,
    ),
    Case(
        "another variable by coder_env",
        top="""
            resource "coder_env" "host" {
              agent_id = coder_agent.main.id
              name     = "MAIL_HOST"
              value    = docker_container.workspace[0].hostname
            }
        """,
    ),
    Case("another variable for one command", boot='env MAIL_HOST="$(hostname)" /usr/local/bin/report'),
    Case(
        "matched by a pattern for a log",
        boot='if [[ "$(hostname)" =~ ^web-(.*)$ ]]; then\n  echo "$${BASH_REMATCH[1]}"\nfi',
    ),
    Case("a text about it", boot='BANNER=$(sed "s/x/y/" <<< "on $HOSTNAME")\necho "$BANNER"'),
)
