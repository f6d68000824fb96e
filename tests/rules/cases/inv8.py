"""INV-8: stopping keeps the data and is orderly, deleting removes the home from the host."""

from tests.rules.harness import Case

RULE = "INV-8"

_COMMAND = """    command = "sudo /usr/local/bin/coder-delete-workspace-dir '${self.triggers.path}'"\n"""
_PROVISIONER = f"""  provisioner "local-exec" {{
    when    = destroy
{_COMMAND}  }}
"""
_TRIGGERS = "  triggers = {\n    path = local.host_home\n  }\n"
_POWEROFF = '    timeout 150 ddev poweroff || echo "ddev poweroff did not finish"\n'
_GUARD = "    if [ ! -S /var/run/docker.sock ]; then\n      exit 0\n    fi\n"


def _command(text: str) -> dict[str, str]:
    """Another command in the destroy provisioner."""
    return {_COMMAND: f"    command = {text}\n"}


BAD = (
    Case(
        "a value that the provisioner may not ask for",
        replaces=_command("\"sudo /usr/local/bin/coder-delete-workspace-dir '${local.host_home}'\" # !INV-8"),
    ),
    Case("less time to stop", container="stop_timeout = 60 # !INV-8", fixed="stop_timeout = 180"),
    Case("one second less", container="stop_timeout = 179 # !INV-8", fixed="stop_timeout = 180"),
    Case("less time as a string", container='stop_timeout = "30" # !INV-8', fixed="stop_timeout = 180"),
    Case(
        "less time by way of a local and arithmetic",
        top="""
            locals {
              minutes = 2
              grace   = local.minutes * 60 # !INV-8
            }
        """,
        container="stop_timeout = local.grace # >INV-8",
    ),
    Case(
        "less time by the default of a variable",
        top="""
            variable "stop_seconds" {
              type    = number
              default = 10 # !INV-8
            }
        """,
        container="stop_timeout = var.stop_seconds",
    ),
    Case(
        "one arm of a conditional",
        top='data "coder_parameter" "fast" {\n  name = "fast"\n  type = "bool"\n}',
        container="stop_timeout = data.coder_parameter.fast.value ? 20 : 180 # !INV-8",
    ),
    Case("no time to stop set", lacks={"stop_timeout": "!INV-8"}),
    Case("a time to stop that is null", container="stop_timeout = null # !INV-8"),
    Case("another signal", container='stop_signal = "SIGTERM" # !INV-8', fixed='stop_signal = "SIGINT"'),
    Case("the signal that nobody can handle", container='stop_signal = "SIGKILL" # !INV-8'),
    Case("no signal", lacks={"stop_signal": "!INV-8"}),
    Case("less grace", container="destroy_grace_seconds = 5 # !INV-8", fixed="destroy_grace_seconds = 60"),
    Case("no grace", lacks={"destroy_grace_seconds": "!INV-8"}),
    Case("a container that outlives its workspace", lacks={"count": "!INV-8"}),
    Case("a fixed number of containers", container="count = 1 # !INV-8"),
    Case("no provisioner", replaces={_TRIGGERS + "\n" + _PROVISIONER + "}\n": _TRIGGERS + "} # !INV-8\n"}),
    Case(
        "no cleanup at all",
        replaces={
            'resource "null_resource" "workspace_cleanup" {\n' + _TRIGGERS + "\n" + _PROVISIONER + "}": "# !INV-8",
            "  depends_on = [null_resource.workspace_cleanup]\n": "",
        },
        on=("minimal",),
    ),
    Case(
        "cleanup when the workspace is made",
        replaces={"    when    = destroy\n" + _COMMAND: _COMMAND.rstrip("\n") + " # !INV-8\n"},
    ),
    Case(
        "the helper without sudo",
        replaces=_command('"/usr/local/bin/coder-delete-workspace-dir ${self.triggers.path}" # !INV-8'),
    ),
    Case("rm in place of the helper", replaces=_command('"sudo rm -rf ${self.triggers.path}" # !INV-8')),
    Case("a command that only says so", replaces=_command("\"echo 'would remove ${self.triggers.path}'\" # !INV-8")),
    Case(
        "a folder too high",
        replaces=_command('"sudo /usr/local/bin/coder-delete-workspace-dir /coder-workspaces" # !INV-8'),
    ),
    Case(
        "the folder of another home",
        replaces={
            "    path = local.host_home\n": '    path = "/coder-workspaces/${local.slug}" # !INV-8\n',
            _COMMAND: _COMMAND.rstrip("\n") + " # >INV-8\n",
        },
    ),
    Case(
        "a failure that is ignored",
        replaces={_COMMAND: _COMMAND + "    on_failure = continue # !INV-8 warning\n"},
    ),
    *(
        Case(
            f"a failure that is ignored, {name}",
            replaces={_COMMAND: _COMMAND.rstrip("\n")[:-1] + f'{after}" # !INV-8 warning\n'},
        )
        for name, after in (("by true", " || true"), ("by words", " || echo 'not removed'"), ("at the end", "; exit 0"))
    ),
    Case(
        "cleanup on every stop",
        replaces={_TRIGGERS: "  count = data.coder_workspace.me.start_count # !INV-8\n" + _TRIGGERS},
    ),
    Case(
        "cleanup on every apply",
        replaces={_TRIGGERS: "  triggers = {\n    path = local.host_home\n    at   = timestamp() # !INV-8\n  }\n"},
    ),
    Case(
        "a stop script that does not run on stop",
        replaces={"  run_on_stop  = true\n": "  run_on_stop  = false # !INV-8\n"},
    ),
    Case(
        "a stop script that starts instead",
        replaces={
            "  run_on_stop  = true\n  timeout      = 170": "  run_on_start = true\n  timeout      = 170 # !INV-8",
        },
        on=("full",),
    ),
    Case("no poweroff", replaces={_POWEROFF + "    exit 0\n": "    exit 0 # !INV-8\n"}),
    Case(
        "a poweroff that is commented out",
        replaces={_POWEROFF: "    # timeout 150 ddev poweroff # !INV-8\n"},
    ),
    Case("another command of ddev", replaces={_POWEROFF: "    ddev list # !INV-8\n"}),
    Case(
        "poweroff without a guard",
        replaces={_GUARD + _POWEROFF: _POWEROFF.rstrip("\n") + " # !INV-8\n"},
        on=("minimal",),
    ),
    Case(
        "poweroff with the guard turned round",
        replaces={
            "    if [ ! -S /var/run/docker.sock ]; then\n": "    if [ -S /var/run/docker.sock ]; then # !INV-8\n",
        },
        on=("minimal",),
    ),
    Case("volumes removed", replaces={_POWEROFF: _POWEROFF + "    docker volume prune -af # !INV-8\n"}),
    Case("volumes perhaps removed", replaces={_POWEROFF: _POWEROFF + "    docker volume prune -f # !INV-8 warning\n"}),
    Case(
        "volumes perhaps removed with the rest",
        replaces={_POWEROFF: _POWEROFF + "    sudo docker system prune -af --volumes # !INV-8 warning\n"},
    ),
    Case(
        "all volumes removed by name",
        replaces={_POWEROFF: _POWEROFF + "    docker volume rm $(docker volume ls -q) # !INV-8\n"},
    ),
    Case("projects removed", replaces={_POWEROFF: _POWEROFF + "    ddev delete --all -Oy # !INV-8\n"}),
    Case("projects removed to a copy", replaces={_POWEROFF: _POWEROFF + "    ddev delete --all -y # !INV-8 warning\n"}),
    Case("stopped without data", replaces={_POWEROFF: _POWEROFF + "    ddev stop --all -RO # !INV-8\n"}),
    Case(
        "Docker's own folder", replaces={_POWEROFF: _POWEROFF + "    sudo rm -rf /var/lib/docker/volumes/* # !INV-8\n"}
    ),
    Case(
        "projects removed where somebody says so",
        replaces={_POWEROFF: _POWEROFF + '    [ "$RESET" = 1 ] && ddev delete --all -Oy # !INV-8 warning\n'},
    ),
    Case("poweroff cut short", replaces={_POWEROFF: "    timeout -k 2 5 ddev poweroff # !INV-8 warning\n"}),
    Case("poweroff left in the background", replaces={_POWEROFF: "    ddev poweroff & # !INV-8\n"}),
)

GOOD = (
    Case(
        "what nobody misses",
        replaces={
            _POWEROFF: _POWEROFF
            + "    docker image prune -f\n    docker system prune -f\n    ddev delete images -y\n    ddev stop --all\n"
            + "    docker volume rm ddev-global-cache\n    rm -rf /tmp/docker\n"
        },
    ),
    Case("poweroff with a little more time", replaces={_POWEROFF: "    timeout 2m ddev poweroff\n"}),
    Case(
        "the folder by a variable of the provisioner",
        replaces={
            "    command = \"sudo /usr/local/bin/coder-delete-workspace-dir '${self.triggers.path}'\"\n": (
                '    command = "sudo /usr/local/bin/coder-delete-workspace-dir \\"$FOLDER\\""\n'
                "    environment = { FOLDER = self.triggers.path }\n"
            )
        },
    ),
    Case("a failure that is told", replaces={_COMMAND: _COMMAND.rstrip("\n")[:-1] + ' || exit 1"\n'}),
    Case("more time", container="stop_timeout = 300"),
    Case("more grace", container="destroy_grace_seconds = 120"),
    Case("the same time, computed", top="locals { minutes = 3 }", container="stop_timeout = local.minutes * 60"),
    Case("the same signal by its short name", container='stop_signal = "INT"'),
    Case(
        "a variable that is long enough by default",
        top='variable "stop_seconds" {\n  default = 240\n}',
        container="stop_timeout = max(180, var.stop_seconds)",
    ),
    Case("a longer comment", replaces={_PROVISIONER: "  # Only the helper may remove folders there.\n" + _PROVISIONER}),
    Case(
        "the path without quotes",
        replaces=_command('"sudo /usr/local/bin/coder-delete-workspace-dir ${self.triggers.path}"'),
    ),
    Case(
        "the helper found by the path", replaces=_command('"sudo -n coder-delete-workspace-dir ${self.triggers.path}"')
    ),
    Case(
        "a script around the helper",
        replaces=_command(
            """<<-EOC
      dir='${self.triggers.path}'
      if [ -d "$dir" ]; then
        sudo /usr/local/bin/coder-delete-workspace-dir "$dir"
      fi
    EOC"""
        ),
    ),
    Case(
        "terraform_data in place of null_resource",
        replaces={
            'resource "null_resource" "workspace_cleanup"': 'resource "terraform_data" "workspace_cleanup"',
            _TRIGGERS: "  input = local.host_home\n",
            "${self.triggers.path}": "${self.input}",
            "depends_on = [null_resource.": "depends_on = [terraform_data.",
        },
    ),
    Case(
        "the same path put together again",
        replaces={
            "    path = local.host_home\n": (
                '    path = "/coder-workspaces/${lower(data.coder_workspace_owner.me.name)}'
                '-${lower(data.coder_workspace.me.name)}"\n'
            )
        },
    ),
    Case(
        "a guard around the poweroff",
        replaces={
            _GUARD + _POWEROFF: "    if [ -S /var/run/docker.sock ]; then\n      ddev poweroff || true\n    fi\n"
        },
        on=("minimal",),
    ),
    Case(
        "a guard that asks Docker itself",
        replaces={_GUARD + _POWEROFF: "    docker info > /dev/null 2>&1 && ddev poweroff\n"},
        on=("minimal",),
    ),
    Case(
        "a guard that waits a little first",
        replaces={
            _GUARD: "    for i in 1 2 3; do\n      [ -S /var/run/docker.sock ] && break\n      sleep 1\n    done\n"
            "    [ -S /var/run/docker.sock ] || exit 0\n"
        },
        on=("minimal",),
    ),
    Case(
        "poweroff in the background, waited for",
        replaces={_POWEROFF: "    ddev poweroff &\n    wait $!\n"},
    ),
    Case(
        "another script that runs on start",
        top="""
            resource "coder_script" "greeting" {
              agent_id     = coder_agent.main.id
              display_name = "Greeting"
              run_on_start = true
              script       = "echo hello"
            }
        """,
    ),
    Case(
        "another resource with a provisioner",
        top="""
            resource "null_resource" "note" {
              provisioner "local-exec" {
                command = "logger workspace made"
              }
            }
        """,
    ),
)

UNDECIDED = (
    Case(
        "a cleanup that is said when the template is pushed",
        replaces=_command("var.cleanup"),
        top='variable "cleanup" { # ?INV-8\n  type = string\n}',
    ),
    Case(
        "a cleanup that may be in a module from elsewhere",
        replaces={_TRIGGERS + "\n" + _PROVISIONER + "}\n": _TRIGGERS + "}\n"},
        top='module "cleanup" { # ?INV-8\n  source = "git::https://example.org/cleanup.git"\n}',
    ),
    Case(
        "a time that is set when the template is pushed",
        top='variable "stop_seconds" { type = number }',
        container="stop_timeout = var.stop_seconds # ?INV-8",
    ),
)
