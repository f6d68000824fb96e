"""F-3: users and groups are called by their names."""

from tests.rules.harness import Case, Code

RULE = "F-3"

BAD = (
    Case(
        "what an unquoted heredoc leaves to the other shell",
        on=("minimal",),
        boot="""
            bash <<X
            OWNER=1000
            chown \\$OWNER /srv # !F-3
            X
        """,
    ),
    Case(
        "chown by numbers",
        boot="sudo chown -R 1000:1000 /home/coder/projects # !F-3",
        fixed="sudo chown -R coder:coder /home/coder/projects",
    ),
    Case(
        "chown of a user only", boot="chown 1000 /home/coder/projects # !F-3", fixed="chown coder /home/coder/projects"
    ),
    Case("chown of a group only", boot="sudo chown :988 /var/run/docker.sock # !F-3"),
    Case("a name and a number", boot="sudo chown coder:988 /var/run/docker.sock # !F-3"),
    Case(
        "in quotes",
        boot='sudo chown "1000:1000" "$HOME/projects" # !F-3',
        fixed='sudo chown "coder:coder" "$HOME/projects"',
    ),
    Case(
        "the old dot",
        boot="sudo chown 1000.1000 /home/coder/projects # !F-3",
        fixed="sudo chown coder:coder /home/coder/projects",
    ),
    Case("with a sign, so that no name is looked up", boot="sudo chown +1000:+1000 /home/coder # !F-3"),
    Case("as root by number", boot="sudo chown 0:0 /etc/docker # !F-3", fixed="sudo chown root:root /etc/docker"),
    Case("from one to another", boot="sudo chown --from=root --recursive 1000 /home/coder/.cache # !F-3"),
    Case("chgrp", boot="sudo chgrp 988 /var/run/docker.sock # !F-3"),
    Case("looked for", boot="sudo find /home/coder -uid 1001 -exec chown coder {} + # !F-3 warning"),
    Case("looked for as no name", boot="find /home/coder ! -user 1000 -print0 | xargs -0 ls # !F-3 warning"),
    Case(
        "through variables",
        boot="""
            OWNER=1000 # >F-3
            GROUP=$OWNER
            sudo chown "$OWNER:$GROUP" /home/coder/projects # !F-3
        """,
    ),
    Case("through a default", boot='sudo chown "$${PUID:-1000}" /home/coder/projects # !F-3'),
    Case(
        "through a function",
        boot="""
            own() {
              sudo chown -R "$1" "$2"
            }
            own 1000:1000 /home/coder/projects # !F-3
        """,
    ),
    Case(
        "in one branch of two",
        boot="""
            owner=coder
            if [ -d /home/coder/old ]; then
              owner=1000
            fi
            sudo chown "$owner" /home/coder/projects # !F-3
        """,
    ),
    Case(
        "through Terraform", top="locals {\n  uid = 1000\n}", boot="sudo chown ${local.uid} /home/coder/projects # !F-3"
    ),
    Case("behind find -exec", boot="sudo find /home/coder -user root -exec chown 1000:1000 {} + # !F-3"),
    Case("behind find and xargs", boot="find /home/coder/projects -print0 | xargs -0 -n 50 sudo chown 1000 # !F-3"),
    Case(
        "in a loop",
        boot="""
            for folder in projects .cache; do
              sudo chown 1000:1000 "/home/coder/$folder" # !F-3
            done
        """,
    ),
    Case("in another shell", boot="sudo bash -c 'chown 1000:1000 /home/coder/projects' # !F-3"),
    Case(
        "in another shell's heredoc",
        on=("minimal",),
        boot="""
            sudo bash <<'AS_ROOT'
            chown 1000:1000 /home/coder/projects # !F-3
            AS_ROOT
        """,
    ),
    Case(
        "install",
        boot="sudo install -o 1000 -g 1000 -m 0755 /tmp/tool /usr/local/bin/tool # !F-3",
        fixed="sudo install -o coder -g coder -m 0755 /tmp/tool /usr/local/bin/tool",
    ),
    Case("install with the number in the same word", boot="sudo install -o1000 -d /home/coder/projects # !F-3"),
    Case("install in long words", boot="sudo install --owner=1000 --mode=0755 /tmp/a /usr/local/bin/a # !F-3"),
    Case("a group made anew", boot="sudo groupadd -g 988 docker-host # !F-3"),
    Case("a group changed", boot="sudo groupmod --gid 988 docker # !F-3"),
    Case("a user changed", boot="true\nsudo usermod -u 1000 coder # !F-3", fixed="true"),
    Case("a user into a group by its number", boot="sudo usermod -aG 988 coder # !F-3"),
    Case("sudo as a number", boot="sudo -u '#1000' touch /home/coder/projects/x # !F-3"),
    Case("setpriv", boot="sudo setpriv --reuid=1000 --regid=1000 --clear-groups true # !F-3"),
    Case("gosu", boot="gosu 1000:1000 true # !F-3"),
    Case(
        "an account written by hand",
        boot="echo 'helper:x:1000:1000::/home/helper:/bin/bash' | sudo tee -a /etc/passwd # !F-3",
    ),
    Case("rsync", boot="rsync -a --chown=1000:1000 /opt/seed/ /tmp/seed/ # !F-3"),
    Case(
        "a container of one's own",
        boot='docker run --rm --user 1000:1000 -v "$PWD:/w" alpine true # !F-3 warning',
        fixed='docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/w" alpine true',
    ),
    Case("only the number is new", before=Code(boot="sudo chown coder /tmp/x"), boot="sudo chown 1000 /tmp/x # !F-3"),
    Case(
        "two lines are two findings",
        boot="""
            sudo chown 1000 /tmp/a # !F-3
            sudo chown 1000 /tmp/b # !F-3
        """,
    ),
    Case(
        "in a file that becomes part of boot",
        boot='${file("${path.module}/own.sh")}',
        files={"own.sh": "sudo chown 1000:1000 /home/coder/projects # !F-3\n"},
    ),
    Case(
        "in a script that runs at the stop",
        top="""
            resource "coder_script" "leave" {
              agent_id    = coder_agent.main.id
              run_on_stop = true
              script      = <<-EOT
                sudo chown -R 1000:1000 /home/coder/projects # !F-3
              EOT
            }
        """,
    ),
    Case(
        "in a script that runs at the start",
        top="""
            resource "coder_script" "arrive" {
              agent_id     = coder_agent.main.id
              run_on_start = true
              script       = "sudo chown -R 1000:1000 /home/coder/projects" # !F-3
            }
        """,
    ),
    Case(
        "in what the container starts with",
        container='command = ["sh", "-c", "sudo chown 1000 /home/coder; ${coder_agent.main.init_script}"] # !F-3',
    ),
    Case("the user of the container", container='user = "1000" # !F-3 warning'),
    Case("the user and group of the container", container='user = "1000:1000" # !F-3 warning', fixed='user = "coder"'),
    Case("the user as a number", container="user = 1000 # !F-3 warning"),
    Case(
        "the host's group as a number",
        container='group_add = ["988"] # !F-3 warning',
        fixed="group_add = [tostring(var.docker_gid)]",
    ),
    Case("the host's group converted", container="group_add = [tostring(988)] # !F-3 warning"),
    Case(
        "the host's group in a local",
        top='locals {\n  docker_group = "988" # !F-3 warning\n}',
        container="group_add = [local.docker_group] # >F-3",
    ),
    Case(
        "one more group than the variable's",
        container="""
            group_add = [
              tostring(var.docker_gid),
              "44", # !F-3 warning
            ]
        """,
    ),
    Case(
        "in the image's build",
        on=("full",),
        image="RUN chown -R 1000:1000 /home/coder-files # !F-3",
        fixed="RUN chown -R coder:coder /home/coder-files",
    ),
    Case(
        "on a line of its own in the image's build",
        on=("full",),
        image="""
            RUN mkdir -p /opt/tools && \\
                chown -R 1000:1000 /opt/tools # !F-3
        """,
    ),
    Case(
        "copied in the image's build",
        on=("full",),
        image="COPY --chown=1000:1000 scripts /opt/scripts # !F-3",
        fixed="COPY --chown=coder:coder scripts /opt/scripts",
    ),
    Case("python", boot="sudo python3 -c 'import os; os.chown(\"/srv\", 1000, 1000)' # !F-3"),
    Case("perl", boot="sudo perl -e 'chown 1000, 1000, \"/srv\"' # !F-3"),
    Case("the user of the image", on=("full",), image="USER 1000 # !F-3", fixed="USER coder"),
    Case(
        "the user of the image, by a variable",
        on=("full",),
        image="ARG WUID=1000\nENV OWNER=$WUID\nUSER ${OWNER}:${OWNER} # !F-3",
    ),
    Case("root as the user of the image", on=("full",), image="USER 0 # !F-3"),
    Case(
        "a copy that belongs to a variable",
        on=("full",),
        image="ARG WUID=1000\nCOPY --chown=$WUID:$WUID scripts /opt/scripts # !F-3",
    ),
    Case("in a list of words", on=("full",), image='RUN ["chown", "1000:1000", "/opt"] # !F-3'),
    Case("through an argument of the build", on=("full",), image="ARG OWNER=1000\nRUN chown $OWNER /opt # !F-3"),
    Case("the docker group in the image", on=("full",), image="RUN groupadd -g 988 docker # !F-3"),
    Case("another user in the image", on=("full",), image="RUN useradd -u 1500 helper # !F-3 warning"),
    Case(
        "in a host command",
        on=("full",),
        files={"../image/scripts/.ddev/commands/host/mine": "#!/bin/bash\nsudo chown -R 1000:1000 . # !F-3\n"},
    ),
    Case("an access list by number", boot="sudo setfacl -m u:1000:rw /srv/cache # !F-3"),
    Case("a mount", boot="sudo mount -t tmpfs -o size=1g,uid=1000 tmpfs /mnt # !F-3"),
    Case("a file system in memory", container='tmpfs = {\n  "/scratch" = "uid=1000,gid=1000" # !F-3 warning\n}'),
    Case(
        "a cache of the build",
        on=("full",),
        image="RUN --mount=type=cache,target=/cache,uid=1000 true # !F-3 warning",
    ),
    Case("a group for one command", boot="sg 988 -c 'docker ps' # !F-3"),
    Case("inside a container of one's own", boot="docker exec -u 1000 tools true # !F-3 warning"),
    Case(
        "on the host",
        top="""
            resource "null_resource" "prepare" {
              provisioner "local-exec" {
                command = "sudo chown 1000:1000 /coder-workspaces/x" # !F-3 warning
              }
            }
        """,
    ),
)

GOOD = (
    Case("the group of this host", files={"terraform.tfvars": "docker_gid = 1000\n"}),
    Case("python with names", boot='sudo python3 -c \'shutil.chown("/srv", "coder"); os.chown("/x", -1, -1)\''),
    Case("names", boot="sudo chown -R coder:coder /home/coder/projects"),
    Case("a name without its group", boot="sudo chgrp docker /var/run/docker.sock"),
    Case("modes", boot="chmod 0755 /tmp/x\nsudo chmod 440 /etc/sudoers.d/x\nsudo install -m 0644 /tmp/a /tmp/b"),
    Case("whoever runs it", boot='sudo chown "$(id -u):$(id -g)" /home/coder/projects'),
    Case("root's files by number", boot="find /home/coder -uid 0 -o -gid 0 | head -n 1000"),
    Case("looked for by name", boot="find /home/coder -user coder -size +1000 -mtime -1000"),
    Case("whoever is root", boot='if [ "$(id -u)" -eq 0 ]; then echo root; fi\n[ "$(id -u)" = 1000 ] || echo other'),
    Case("the owner of another file", boot="sudo chown --reference=/home/coder /home/coder/projects"),
    Case("a port, a time and a size", boot="timeout 1000 nc -z localhost 1000; sleep 1; truncate -s 1000 /tmp/x"),
    Case("the variable for the host's group", container="group_add = [tostring(var.docker_gid)]"),
    Case("the variable in another spelling", container='group_add = ["${var.docker_gid}"]'),
    Case("the user by its name", container='user = "coder"'),
    Case("a folder called 1000", boot="sudo chown coder /tmp/1000\nsudo chown coder:coder 1000"),
    Case("a number in a message", boot="echo 'use chown 1000:1000 if you must'\n# chown 1000:1000 /home/coder"),
    Case(
        "a number in a file that is written for the user",
        on=("minimal",),
        boot="""
            cat > /tmp/README <<'TEXT'
            chown 1000:1000 /home/coder
            TEXT
        """,
    ),
    Case("searching by number", boot="find /tmp -uid 0 -print\nfind /tmp -mtime +7 -print"),
    Case("sudo as a name", boot="sudo -u coder true\nsudo -u root -g docker true"),
    Case("a container that runs as whoever asks", boot='docker run --rm --user "$(id -u):$(id -g)" alpine true'),
    Case("a name that ends in a number", boot="sudo chown user1:team2 /tmp/x"),
    Case("the user that the image sets up", on=("full",), image="RUN useradd -m -u 1000 -s /bin/bash coder"),
    Case(
        "the same with a check",
        on=("full",),
        image="""
            RUN if id -u ubuntu > /dev/null 2>&1; then \\
                  usermod -l coder -u 1000 ubuntu; \\
                fi
        """,
    ),
    Case(
        "a copy that belongs to a name", on=("full",), image="COPY --chown=coder:coder --chmod=755 scripts /opt/scripts"
    ),
    Case("memory and cpus", container="memory = 1000\ncpu_shares = 1000"),
    Case("an access list by name", boot="sudo setfacl -m u:coder:rw,d:g:docker:r /srv/cache"),
    Case("a mount of whoever asks", boot='sudo mount -t tmpfs -o "uid=$(id -u),size=1000" tmpfs /mnt'),
    Case("a file system in memory of nobody", container='tmpfs = { "/scratch" = "size=1000m,mode=1777" }'),
    Case(
        "a cache of the build of nobody",
        on=("full",),
        image="RUN --mount=type=cache,target=/cache,sharing=locked true",
    ),
    Case("a group for one command by its name", boot="sg docker -c 'docker ps'"),
    Case(
        "on the host by a variable",
        top="""
            resource "null_resource" "prepare" {
              provisioner "local-exec" {
                command     = "sudo chown $OWNER /coder-workspaces/x"
                environment = { OWNER = data.coder_workspace_owner.me.name }
              }
            }
        """,
    ),
)
