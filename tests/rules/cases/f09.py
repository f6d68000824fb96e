"""F-9: dockerd is started by the boot script, never by systemd."""

from tests.rules.harness import Case, Code

RULE = "F-9"

BAD = (
    Case("what xargs is fed", boot="echo docker | xargs sudo systemctl start # !F-9"),
    Case("systemctl start", boot="true\nsudo systemctl start docker # !F-9", fixed="true"),
    Case("systemctl start of the service", boot="sudo systemctl start docker.service # !F-9"),
    Case("the socket", boot="sudo systemctl enable --now docker.socket # !F-9"),
    Case("systemctl enable", boot="sudo systemctl enable docker # !F-9"),
    Case("systemctl with options", boot="sudo systemctl --no-block --quiet restart containerd docker # !F-9"),
    Case("systemctl with a path", boot="sudo /usr/bin/systemctl start docker || true # !F-9"),
    Case("service", boot="sudo service docker start # !F-9"),
    Case("the init script", boot="sudo /etc/init.d/docker start # !F-9"),
    Case("invoke-rc.d", boot="sudo invoke-rc.d docker start # !F-9"),
    Case("openrc", boot="sudo rc-service docker start # !F-9"),
    Case("update-rc.d", boot="sudo update-rc.d docker defaults # !F-9"),
    Case("systemd-run", boot="sudo systemd-run --unit=dockerd /usr/bin/dockerd # !F-9"),
    Case(
        "a link by hand",
        boot="sudo ln -sf /lib/systemd/system/docker.service /etc/systemd/system/multi-user.target.wants/ # !F-9",
    ),
    Case(
        "through variables",
        boot="""
            unit=docker # >F-9
            verb=start
            sudo systemctl "$verb" "$unit" # !F-9
        """,
    ),
    Case(
        "through a function",
        boot="""
            start_service() {
              sudo systemctl start "$1"
            }
            start_service docker # !F-9
        """,
    ),
    Case("where the daemon is missing", boot="pgrep -x dockerd > /dev/null || sudo service docker start # !F-9"),
    Case(
        "if systemd runs",
        boot="""
            if command -v systemctl > /dev/null; then
              sudo systemctl start docker # !F-9
            fi
        """,
        fixed="",
    ),
    Case("in another shell", boot="sudo sh -c 'service docker start' # !F-9"),
    Case("handed on", boot="echo docker | xargs -n 1 true; echo x | xargs sudo systemctl start docker # !F-9"),
    Case(
        "in the stead of a start by hand",
        before=Code(boot="pgrep -x dockerd > /dev/null || sudo dockerd > /tmp/dockerd.log 2>&1 &"),
        boot="pgrep -x dockerd > /dev/null || sudo systemctl start docker # !F-9",
    ),
    Case(
        "in a script that runs at the start",
        top="""
            resource "coder_script" "docker" {
              agent_id     = coder_agent.main.id
              run_on_start = true
              script       = "sudo systemctl start docker" # !F-9
            }
        """,
    ),
    Case("the boot script as an init system", boot="[ -d /run/systemd/system ] || exec sudo /sbin/init # !F-9"),
    Case(
        "an init system as the entrypoint",
        container='entrypoint = ["/sbin/init"] # !F-9',
    ),
    Case(
        "an init system behind another program",
        container='entrypoint = ["/usr/bin/tini", "--", "/lib/systemd/systemd"] # !F-9',
    ),
    Case(
        "an init system in a local",
        top='locals {\n  first = "/usr/sbin/init" # !F-9\n}',
        container="entrypoint = [local.first] # >F-9",
    ),
    Case(
        "an init system at the end of the command",
        container='command = ["sh", "-c", "${coder_agent.main.init_script} & exec /sbin/init"] # !F-9',
    ),
    Case("the image's command", on=("full",), image='CMD ["/sbin/init"] # !F-9'),
    Case("the image's entrypoint", on=("full",), image="ENTRYPOINT /lib/systemd/systemd --system # !F-9"),
    Case("a start in the image's build", on=("full",), image="RUN sudo service docker start && docker info # !F-9"),
    Case("the socket in the image's build", on=("full",), image="RUN sudo systemctl enable docker.socket # !F-9"),
    Case(
        "in a host command",
        on=("full",),
        files={"../image/scripts/.ddev/commands/host/up": "#!/bin/bash\nsudo systemctl restart docker # !F-9\n"},
    ),
    Case(
        "when the dashboard asks",
        agent="""
            metadata {
              key      = "docker"
              interval = 60
              timeout  = 5
              script   = "sudo systemctl start docker" # !F-9
            }
        """,
    ),
    Case("the init script by a shell", boot="sudo sh /etc/init.d/docker start # !F-9"),
    Case("the image's command by a shell", on=("full",), image='CMD ["sh", "-c", "exec /sbin/init"] # !F-9'),
    Case("the image's command that starts it", on=("full",), image="CMD service docker start && sleep infinity # !F-9"),
    Case("beside process 1", boot="sudo nsenter -t 1 -m systemctl start docker # !F-9"),
    Case("in the same root", boot="sudo chroot / service docker start # !F-9"),
)

GOOD = (
    Case("what xargs is fed elsewhere", boot="echo ssh | xargs sudo systemctl start"),
    Case("by hand", boot="pgrep -x dockerd > /dev/null || sudo dockerd > /tmp/dockerd.log 2>&1 &"),
    Case("asking", boot="systemctl status docker || true\nsystemctl is-active docker\nservice docker status"),
    Case("switching off", boot="sudo systemctl disable --now docker\nsudo systemctl mask docker.socket"),
    Case("stopping", boot="sudo systemctl stop docker\nsudo service docker stop\nsudo /etc/init.d/docker stop"),
    Case("another service", boot="sudo service ssh start\nsudo systemctl start cron"),
    Case("a name that only begins so", boot="sudo systemctl start docker-cleanup.timer"),
    Case("a message", boot="echo 'systemctl start docker does not work here'\n# sudo systemctl start docker"),
    Case("looking at the init system", boot="ls -l /sbin/init\n[ -x /sbin/init ] && /lib/systemd/systemd --version"),
    Case("a small init that reaps", container="init = true"),
    Case("tini", container='entrypoint = ["/usr/bin/tini", "--"]'),
    Case("a script called init", boot="cd /tmp && ddev config --auto\nnpm init -y\ngit init\nterraform init"),
    Case("docker's own start", boot="docker start some-container\ndocker compose start docker"),
    Case(
        "the packages of systemd", on=("full",), image="RUN sudo apt-get install --yes systemd systemd-sysv docker-ce"
    ),
    Case(
        "the unit enabled in the image, which is known drift",
        on=("full",),
        image="RUN sudo systemctl enable docker # !D-4 notice",
    ),
    Case("a command that another one takes the place of", on=("full",), image='CMD ["/sbin/init"]\nCMD ["bash"]'),
    Case("the image's own shell", on=("full",), image='CMD ["/bin/bash"]'),
    Case(
        "a file for another machine",
        boot="cat > /tmp/setup-host.sh <<< 'systemctl start docker'",
    ),
    Case(
        "a command on the host",
        top="""
            resource "null_resource" "host" {
              provisioner "local-exec" {
                command = "systemctl is-active docker"
              }
            }
        """,
    ),
    Case(
        "what the dashboard shows",
        agent="""
            metadata {
              key      = "docker"
              interval = 60
              timeout  = 5
              script   = <<-EOS
                set -e
                systemctl status docker
              EOS
            }
        """,
    ),
    Case("the init script's state by a shell", boot="sudo sh /etc/init.d/docker status"),
    Case(
        "the state of it in the image's command",
        on=("full",),
        image='CMD ["sh", "-c", "service docker status; sleep infinity"]',
    ),
    Case("the image's entry", on=("full",), image='ENTRYPOINT ["bash", "-lc"]'),
    Case("beside process 1, asked", boot="sudo nsenter -t 1 -m systemctl status docker"),
)
