"""F-1: no host Docker socket in the workspace."""

from tests.rules.containers import call, container, module
from tests.rules.harness import Case, Code

RULE = "F-1"

_MOUNT = """
  volumes {
    container_path = "/srv/host"
    host_path      = var.host_path
  }
"""
_HOST_PATH = """
variable "host_path" {
  default = "/srv/nothing"
}
"""

_SOCKET_VOLUME = """
    resource "docker_volume" "run" {
      name        = "run"
      driver_opts = { o = "bind", type = "none", device = DEVICE
    }
"""
_SOCKET_MOUNT = """
    mounts {
      type   = "volume"
      source = docker_volume.run.name
      target = "/var/run/docker.sock"
    }
"""

BAD = (
    Case(
        "a volumes block with the socket",
        container="""
            volumes {
              host_path      = "/var/run/docker.sock" # !F-1
              container_path = "/var/run/docker.sock"
            }
        """,
        fixed="",
    ),
    Case(
        "a bind mount of the socket",
        container="""
            mounts {
              type   = "bind"
              source = "/var/run/docker.sock" # !F-1
              target = "/srv/docker.sock"
            }
        """,
    ),
    Case(
        "the socket under /run",
        container="""
            volumes {
              container_path = "/srv/docker.sock"
              host_path      = "/run/docker.sock" # !F-1
              read_only      = true
            }
        """,
    ),
    Case(
        "the folder that holds the socket, with a slash at its end",
        container="""
            volumes {
              container_path = "/host-run"
              host_path      = "/var/run/" # !F-1
            }
        """,
    ),
    Case(
        "the whole host",
        container="""
            mounts {
              type      = "bind"
              source    = "/" # !F-1
              target    = "/host"
              read_only = true
            }
        """,
    ),
    Case(
        "a path that takes a detour",
        container="""
            volumes {
              container_path = "/srv/d.sock"
              host_path      = "//var/run/../run/./docker.sock" # !F-1
            }
        """,
    ),
    Case(
        "a chain of locals",
        top="""
            locals {
              run_dir = "/var/run/docker.sock" # !F-1
            }
            locals {
              chosen = local.run_dir # >F-1
            }
        """,
        container="""
            volumes {
              container_path = "/srv/d.sock"
              host_path      = local.chosen # >F-1
            }
        """,
    ),
    Case(
        "the default of a variable",
        top="""
            variable "extra_mount" {
              type    = string
              default = "/var/run/docker.sock" # !F-1
            }
        """,
        container="""
            volumes {
              container_path = "/srv/extra"
              host_path      = var.extra_mount # >F-1
            }
        """,
    ),
    Case(
        "a path put together in a string",
        top="""
            variable "run_dir" {
              default = "/var/run" # >F-1
            }
        """,
        container="""
            volumes {
              container_path = "/srv/extra"
              host_path      = "${var.run_dir}/docker.sock" # !F-1
            }
        """,
    ),
    Case(
        "a socket in a folder that is not known",
        top="""
            variable "socket_dir" {
              type = string
            }
        """,
        container="""
            volumes {
              container_path = "/srv/extra"
              host_path      = "${var.socket_dir}/docker.sock" # !F-1
            }
        """,
    ),
    Case(
        "one arm of a conditional",
        top="""
            data "coder_parameter" "docker" {
              name    = "docker"
              type    = "bool"
              default = "false"
            }
        """,
        container="""
            volumes {
              container_path = "/srv/extra"
              host_path      = data.coder_parameter.docker.value ? "/var/run/docker.sock" : "/srv/empty" # !F-1
            }
        """,
    ),
    Case(
        "one option of what the user of the workspace can choose",
        top="""
            data "coder_parameter" "share" {
              name = "share"
              option {
                name  = "Nothing"
                value = "/srv/empty"
              }
              option {
                name  = "Docker of the host"
                value = "/var/run/docker.sock" # !F-1
              }
            }
        """,
        container="""
            volumes {
              container_path = "/srv/extra"
              host_path      = data.coder_parameter.share.value
            }
        """,
    ),
    Case(
        "a dynamic block over a list",
        container="""
            dynamic "volumes" { # !F-7
              for_each = [
                "/srv/cache",
                "/var/run/docker.sock", # !F-1
              ]
              content {
                container_path = "/mnt${volumes.value}"
                host_path      = volumes.value
              }
            }
        """,
    ),
    Case(
        "a dynamic block with its own iterator over objects in a local",
        top="""
            locals {
              binds = {
                cache = { from = "/srv/cache", to = "/cache" }
                tools = {
                  from = "/run/docker.sock" # !F-1
                  to   = "/tools"
                }
              }
            }
        """,
        container="""
            dynamic "mounts" { # !F-7
              for_each = local.binds # >F-1
              iterator = bind
              content {
                type   = "bind"
                source = bind.value.from
                target = bind.value["to"]
              }
            }
        """,
    ),
    Case(
        "a dynamic block over what a for expression leaves",
        top="""
            locals {
              paths = ["/srv/cache", "/var/run/docker.sock", ""] # !F-1
              used  = [for path in local.paths : path if path != ""]
            }
        """,
        container="""
            dynamic "volumes" { # !F-7
              for_each = toset(local.used)
              content {
                container_path = "/mnt/${basename(volumes.key)}"
                host_path      = volumes.key
              }
            }
        """,
    ),
    Case(
        "a dynamic block that a choice of the user brings",
        top="""
            data "coder_parameter" "docker" {
              name = "docker"
              type = "bool"
            }
        """,
        container="""
            dynamic "volumes" {
              for_each = data.coder_parameter.docker.value ? [1] : []
              content {
                container_path = "/srv/d.sock"
                host_path      = "/var/run/docker.sock" # !F-1
              }
            }
        """,
    ),
    Case(
        "a dynamic block that is empty unless a variable is set",
        top="""
            variable "share_docker" {
              type    = list(string)
              default = []
            }
        """,
        container="""
            dynamic "volumes" {
              for_each = var.share_docker
              content {
                container_path = "/srv/${volumes.value}"
                host_path      = "/var/run/docker.sock" # !F-1 warning
              }
            }
        """,
    ),
    Case(
        "the container in a local module, the path from its caller",
        moves_container=True,
        top=call('host_path = "/var/run/docker.sock" # !F-1'),
        files={
            "modules/workspace/main.tf": _HOST_PATH
            + module(more=_MOUNT.replace("var.host_path", "var.host_path # >F-1"))
        },
    ),
    Case(
        "the container in a local module, the path from the module's default",
        moves_container=True,
        top=call(),
        files={
            "modules/workspace/main.tf": _HOST_PATH.replace('"/srv/nothing"', '"/var/run/docker.sock" # !F-1')
            + module(more=_MOUNT)
        },
    ),
    Case(
        "the output of a local module",
        top="""
            module "paths" {
              source = "./modules/paths"
            }
        """,
        files={
            "modules/paths/main.tf": """
                locals {
                  name = "docker.sock"
                }
                output "extra" {
                  value = join("/", ["", "var", "run", local.name]) # !F-1
                }
            """
        },
        container="""
            volumes {
              container_path = "/srv/extra"
              host_path      = module.paths.extra # >F-1
            }
        """,
    ),
    Case(
        "a module that is called once for each of a list",
        moves_container=True,
        top=call("""
            for_each  = { a = "/run" } # !F-1
            host_path = each.value # >F-1
        """),
        files={"modules/workspace/main.tf": _HOST_PATH + module(more=_MOUNT)},
    ),
    Case(
        "a named volume that is a bind mount in disguise",
        top="""
            resource "docker_volume" "run" {
              name   = "run"
              driver = "local"
              driver_opts = {
                type   = "none"
                o      = "bind"
                device = "/var/run" # !F-1
              }
            }
        """,
        container="""
            mounts {
              type   = "volume"
              source = docker_volume.run.name
              target = "/host-run"
            }
        """,
    ),
    Case(
        "a volume name that is a path",
        container="""
            volumes {
              volume_name    = "/var/run/docker.sock" # !F-1
              container_path = "/srv/d.sock"
            }
        """,
    ),
    Case(
        "docker run in a provisioner",
        top="""
            resource "null_resource" "helper" {
              provisioner "local-exec" {
                command = "docker run -d -v /var/run/docker.sock:/var/run/docker.sock helper" # !F-1
              }
            }
        """,
    ),
    Case(
        "docker run as the program that a data source asks",
        top="""
            data "external" "helper" {
              program = ["docker", "run", "-v", "${local.socket}:/var/run/docker.sock", "helper"] # !F-1
            }

            locals {
              socket = "/var/run/docker.sock"
            }
        """,
    ),
    Case(
        "docker run in a file that a data source asks",
        top="""
            data "external" "helper" {
              program = ["bash", "${path.module}/ask.sh"]
            }
        """,
        files={"ask.sh": "docker run -v /var/run/docker.sock:/run/docker.sock helper # !F-1\n"},
    ),
    Case(
        "docker run --mount in a provisioner, over several lines and variables",
        top="""
            resource "terraform_data" "helper" {
              provisioner "local-exec" {
                command = <<-EOC
                  SOCKET=/run/docker.sock
                  sudo docker --log-level=error run --detach \\ # >F-1
                    --mount "type=bind,src=$SOCKET,dst=/d.sock" \\ # !F-1
                    helper
                EOC
              }
            }
        """,
    ),
    Case(
        "docker run in a provisioner with its options in a variable",
        top="""
            resource "null_resource" "helper" {
              provisioner "local-exec" {
                command = <<-EOC
                  if [ -n "$DEBUG" ]; then
                    OPTIONS="--rm -v/var/run:/host-run"
                  else
                    OPTIONS="--rm"
                  fi
                  docker run $OPTIONS helper # !F-1
                EOC
              }
            }
        """,
    ),
    Case(
        "one of two lines of a remote-exec",
        top="""
            resource "null_resource" "helper" {
              provisioner "remote-exec" {
                inline = [
                  "docker pull helper",
                  "docker create --volume=/var/run:/host-run:ro helper", # !F-1
                ]
              }
            }
        """,
    ),
    Case(
        "an override file",
        files={
            "override.tf": """
                resource "docker_container" "workspace" {
                  volumes { # !INV-5
                    container_path = "/srv/d.sock"
                    host_path      = "/var/run/docker.sock" # !F-1
                  }
                }
            """
        },
    ),
    Case(
        "terraform.tfvars",
        before=Code(top='variable "extra" { default = "/srv/extra" }'),
        top='variable "extra" { default = "/srv/extra" }',
        container="""
            volumes {
              container_path = "/srv/extra"
              host_path      = var.extra # >F-1
            }
        """,
        files={"terraform.tfvars": 'extra = "/var/run/docker.sock" # !F-1'},
    ),
    Case(
        "a tfvars file that is read by itself",
        top='variable "extra" { type = string }',
        container="""
            volumes {
              container_path = "/srv/extra"
              host_path      = var.extra
            }
        """,
        files={"local.auto.tfvars": 'extra = "/run" # !F-1'},
    ),
    Case(
        "of two tfvars files, the one that is read last",
        top='variable "extra" { type = string }',
        container="""
            volumes {
              container_path = "/srv/extra"
              host_path      = var.extra
            }
        """,
        files={"local.auto.tfvars": 'extra = "/run" # !F-1', "terraform.tfvars": 'extra = "/srv/extra"'},
    ),
    Case(
        "a path out of JSON",
        container="""
            volumes {
              container_path = "/srv/extra"
              host_path      = jsondecode("{\\"path\\": \\"/var/run/docker.sock\\"}").path # !F-1
            }
        """,
    ),
    Case(
        "merge and lookup",
        top="""
            locals {
              usual = { cache = "/srv/cache" }
              extra = { cache = "/var/run/docker.sock" } # !F-1
              all   = merge(local.usual, local.extra)
            }
        """,
        container="""
            volumes {
              container_path = "/srv/extra"
              host_path      = lookup(local.all, "cache", "/srv/empty")
            }
        """,
    ),
    Case(
        "format, replace and lower",
        container="""
            volumes {
              container_path = "/srv/extra"
              host_path      = format("/%s/%s", replace("var-run", "-", "/"), lower("DOCKER.SOCK")) # !F-1
            }
        """,
    ),
    Case(
        "try and coalesce",
        top="""
            locals {
              settings = {}
            }
        """,
        container="""
            volumes {
              container_path = "/srv/extra"
              host_path      = coalesce("", try(local.settings.path, "/var/run/docker.sock")) # !F-1
            }
        """,
    ),
    Case(
        "an index into concatenated lists",
        top="""
            locals {
              paths = concat(["/srv/a"], ["/var/run/docker.sock"]) # !F-1
            }
        """,
        container="""
            volumes {
              container_path = "/srv/extra"
              host_path      = element(local.paths, 1)
            }
        """,
    ),
    Case(
        "a splat over objects",
        top="""
            locals {
              binds = [
                { path = "/srv/a" },
                { path = "/run" }, # !F-1
              ]
            }
        """,
        container="""
            dynamic "volumes" { # !F-7
              for_each = local.binds[*].path
              content {
                container_path = "/mnt${volumes.value}"
                host_path      = volumes.value
              }
            }
        """,
    ),
    Case(
        "a heredoc as the value",
        container="""
            volumes {
              container_path = "/srv/extra"
              host_path = trimspace(<<-PATH # !F-1
                /var/run/docker.sock
              PATH
              )
            }
        """,
    ),
    Case(
        "something else of the host in the socket's place",
        container="""
            volumes {
              host_path      = "/srv/proxy/d.sock"
              container_path = "/var/run/docker.sock" # !F-1
            }
        """,
    ),
    Case(
        "a second container that runs the agent",
        top=container(
            "second",
            more="""
            volumes {
              host_path      = "/var/run/docker.sock" # !F-1
              container_path = "/d.sock"
            }
            """,
        ),
    ),
    Case(
        "a container for each of a map",
        moves_container=True,
        top=container(
            count="",
            for_each="""data.coder_workspace.me.start_count == 0 ? {} : {
                main = "/var/run/docker.sock" # !F-1
              }""",
            more="""
            volumes {
              host_path      = each.value
              container_path = "/d.sock"
            }
            """,
        ),
    ),
    Case(
        "Windows line ends",
        container="""
            volumes {
              container_path = "/d.sock"
              host_path      = "/var/run/docker.sock" # !F-1
            }
        """,
        newline="\r\n",
        fixed="",
    ),
    Case(
        "a volume that is the socket, where the socket belongs",
        top=_SOCKET_VOLUME.replace("DEVICE", '"/var/run/docker.sock" } # !F-1'),
        container=_SOCKET_MOUNT,
    ),
    Case(
        "no newline at the end of the file",
        top="""
            resource "docker_volume" "run" {
              name        = "run"
              driver_opts = { o = "bind", device = "/run" } # !F-1
            }
        """,
        final_newline=False,
    ),
    Case(
        "two sockets in one container are two findings",
        container="""
            volumes {
              container_path = "/a.sock"
              host_path      = "/var/run/docker.sock" # !F-1
            }
            volumes {
              container_path = "/b"
              host_path      = "/run" # !F-1
            }
        """,
        fixed="",
    ),
)

GOOD = (
    Case(
        "a folder of the host that holds no socket",
        container="""
            volumes { # !F-7 warning
              container_path = "/srv/cache"
              host_path      = "/srv/cache"
              read_only      = true
            }
        """,
    ),
    Case(
        "a folder below /var/run",
        container="""
            volumes { # !F-7
              container_path = "/srv/cache"
              host_path      = "/var/run/workspace-cache"
            }
        """,
    ),
    Case(
        "a file whose name only begins like the socket's",
        container="""
            volumes { # !F-7
              container_path = "/srv/notes"
              host_path      = "/srv/docker.sock.txt"
            }
        """,
    ),
    Case(
        "a block that is commented out",
        container="""
            # volumes {
            #   host_path      = "/var/run/docker.sock"
            #   container_path = "/var/run/docker.sock"
            # }
            // mounts { source = "/var/run/docker.sock" }
        """,
    ),
    Case(
        "a block inside a long comment",
        container="""
            /*
            volumes {
              host_path      = "/var/run/docker.sock"
              container_path = "/var/run/docker.sock"
            }
            */
        """,
    ),
    Case(
        "the provider's own connection",
        top="""
            provider "docker" {
              alias = "second"
              host  = "unix:///var/run/docker.sock"
            }
        """,
    ),
    Case(
        "a description and a local that nothing uses",
        top="""
            variable "note" {
              description = "Never mount /var/run/docker.sock into a workspace."
              default     = "/var/run/docker.sock"
            }
            locals {
              forbidden = ["/var/run/docker.sock", "/run"]
            }
        """,
    ),
    Case(
        "docker run with the socket inside the workspace",
        boot="""
            docker run -d -v /var/run/docker.sock:/var/run/docker.sock portainer/portainer-ce
            docker run --mount type=bind,src=/var/run/docker.sock,dst=/d.sock watcher
        """,
    ),
    Case(
        "a compose file that the boot script writes",
        boot="""
            mkdir -p /home/coder/.cache/tools
            cat > /home/coder/.cache/tools/compose.yaml <<'YAML'
            services:
              proxy:
                volumes:
                  - /var/run/docker.sock:/tmp/docker.sock:ro
            YAML
        """,
        on=("minimal",),  # the full one keeps its indentation, where the YAML would not end
    ),
    Case(
        "a sidecar that is no workspace",
        top="""
            resource "docker_container" "proxy" {
              image = "traefik:3"
              name  = "proxy"
              volumes {
                host_path      = "/var/run/docker.sock"
                container_path = "/var/run/docker.sock"
                read_only      = true
              }
            }
        """,
    ),
    Case(
        "a dynamic block over an empty list",
        container="""
            dynamic "volumes" {
              for_each = []
              content {
                container_path = "/d.sock"
                host_path      = "/var/run/docker.sock"
              }
            }
        """,
    ),
    Case(
        "the arm that can never be",
        container="""
            volumes { # !F-7
              container_path = "/srv/cache"
              host_path      = 1 == 2 ? "/var/run/docker.sock" : "/srv/cache"
            }
        """,
    ),
    Case(
        "a temporary file system over /run",
        container="""
            mounts {
              type   = "tmpfs"
              target = "/run"
            }
        """,
    ),
    Case(
        "a named volume whose name is known only later",
        top="""
            resource "docker_volume" "more" {
              name_prefix = "more"
            }
        """,
        container="""
            mounts { # !F-7
              type   = "volume"
              source = docker_volume.more.id
              target = "/srv/more"
            }
        """,
    ),
    Case(
        "a container that does not exist",
        top="""
            resource "docker_container" "old" {
              count   = 0
              image   = "old"
              name    = "old"
              command = ["sh", "-c", coder_agent.main.init_script]
              volumes {
                host_path      = "/var/run/docker.sock"
                container_path = "/var/run/docker.sock"
              }
            }
        """,
    ),
    Case(
        "other commands of a provisioner that name the socket",
        top="""
            resource "null_resource" "check" {
              provisioner "local-exec" {
                command = <<-EOC
                  test -S /var/run/docker.sock || echo "never docker run -v /var/run/docker.sock:/x"
                  docker -H unix:///var/run/docker.sock ps
                  docker run --rm -v /srv/data:/var/run/docker.sock.d alpine true
                EOC
              }
            }
        """,
    ),
    Case(
        "an input of a module from a registry",
        top="""
            module "tools" {
              source = "registry.coder.com/coder/tools/coder"
              socket = "/var/run/docker.sock"
            }
        """,
    ),
    Case(
        "a stop script that asks the daemon of the workspace",
        top="""
            resource "coder_script" "more" {
              agent_id     = coder_agent.main.id
              display_name = "More"
              run_on_start = true
              script       = "curl --unix-socket /var/run/docker.sock http://localhost/version"
            }
        """,
    ),
)

UNDECIDED = (
    Case(
        "a path that is set when the template is pushed",
        top='variable "extra" { type = string }',
        container="""
            volumes { # !F-7
              container_path = "/srv/extra"
              host_path      = var.extra # ?F-1
            }
        """,
    ),
    Case(
        "a path that the user enters",
        top="""
            data "coder_parameter" "path" {
              name = "path"
            }
        """,
        container="""
            volumes { # !F-7
              container_path = "/srv/extra"
              host_path      = "/${data.coder_parameter.path.value}" # ?F-1
            }
        """,
    ),
    Case(
        "a dynamic block over what only an apply can tell",
        top="""
            data "external" "mounts" {
              program = ["list-mounts"]
            }
        """,
        container="""
            dynamic "volumes" {
              for_each = jsondecode(data.external.mounts.result.paths)
              content {
                container_path = "/mnt/${volumes.key}"
                host_path      = volumes.value # ?F-1
              }
            }
        """,
    ),
    Case(
        "the socket in a block that may not exist",
        top='variable "names" { type = list(string) }',
        container="""
            dynamic "volumes" { # ?F-1
              for_each = var.names
              content {
                container_path = "/mnt/${volumes.value}"
                host_path      = "/var/run/docker.sock"
              }
            }
        """,
    ),
    Case(
        "the output of a module outside the repository",
        top="""
            module "paths" {
              source = "registry.example.org/paths/docker"
            }
        """,
        container="""
            mounts { # !F-7
              type   = "bind"
              source = module.paths.extra # ?F-1
              target = "/srv/extra"
            }
        """,
    ),
)
