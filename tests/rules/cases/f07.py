"""F-7: no further storage that outlives a workspace."""

from tests.rules.harness import Case, Code

RULE = "F-7"

_VOLUME = 'resource "docker_volume" "brew" {\n  name = "coder-${local.owner}-${local.slug}-brew"\n}'
_MOUNT = """
    mounts {
      type   = "volume"
      source = docker_volume.brew.name
      target = "/home/linuxbrew"
    }
"""
_BIND = """
    volumes {
      container_path = "/home/linuxbrew"
      host_path      = "/srv/brew/${local.owner}-${local.slug}"
    }
"""


def _marked(snippet: str, mark: str = "!F-7") -> str:
    """The snippet with a marker on its first line."""
    first, _, rest = snippet.strip("\n").partition("\n")
    return f"{first} # {mark}\n{rest}"


def _cleanup(command: str, path: str, when: str = "destroy") -> str:
    return f"""
        resource "null_resource" "brew" {{
          triggers = {{
            path = {path}
          }}
          provisioner "local-exec" {{
            when    = {when}
            command = "{command}"
          }}
        }}
    """


_BREW = '"/srv/brew/${local.owner}-${local.slug}"'

BAD = (
    Case("a host folder", container=_marked(_BIND), fixed=""),
    Case("a volume and its mount", top=_VOLUME, container=_marked(_MOUNT)),
    Case("a volume by name", container=_marked(_MOUNT.replace("docker_volume.brew.name", '"brew"')), fixed=""),
    Case("a volume by a volumes block", container=_marked(_BIND.replace("host_path     ", "volume_name   "))),
    Case(
        "a volume without a name",
        container="""
            volumes { # !F-7
              container_path = "/srv/data"
            }
        """,
    ),
    Case(
        "the volumes of another container",
        container='volumes { # !F-7\n  from_container = "other"\n  container_path = "/x"\n}',
    ),
    Case(
        "a bind by a mounts block",
        container=_marked(_MOUNT.replace('"volume"', '"bind"').replace("docker_volume.brew.name", _BREW)),
    ),
    Case(
        "a dynamic block over a list",
        top='locals { caches = ["/srv/npm"] } # >F-7',
        container="""
            dynamic "volumes" { # !F-7
              for_each = local.caches
              content {
                container_path = volumes.value
                host_path      = volumes.value
              }
            }
        """,
    ),
    Case(
        "a further element of a list that another change brought",
        before=Code(
            container="""
                dynamic "volumes" { # =F-7
                  for_each = toset(["/srv/npm"])
                  content {
                    container_path = volumes.value
                    host_path      = volumes.value
                  }
                }
            """
        ),
        container="""
            dynamic "volumes" { # =F-7
              for_each = toset(["/srv/npm", "/srv/pip"]) # !F-7
              content {
                container_path = volumes.value
                host_path      = volumes.value
              }
            }
        """,
    ),
    Case(
        "a mount that the user can ask for",
        top='data "coder_parameter" "brew" {\n  name = "brew"\n  type = "bool"\n}',
        container="""
            dynamic "volumes" { # !F-7
              for_each = data.coder_parameter.brew.value ? ["/srv/brew"] : []
              content {
                container_path = volumes.value
                host_path      = volumes.value
              }
            }
        """,
    ),
    Case(
        "mounts that a variable can add",
        top='variable "extra" {\n  type    = list(string)\n  default = []\n}',
        container="""
            dynamic "volumes" { # !F-7 warning
              for_each = var.extra
              content {
                container_path = volumes.value
                host_path      = volumes.value # ?F-1
              }
            }
        """,
    ),
    Case("a volume that nothing mounts", top=_marked(_VOLUME)),
    Case(
        "the mount of a volume that was there",
        before=Code(top=_marked(_VOLUME, "=F-7")),
        top=_VOLUME,
        container=_marked(_MOUNT),
    ),
    Case(
        "a second home",
        container=_marked('volumes {\n  container_path = "/home/coder"\n  host_path      = "/srv/more"\n}'),
    ),
    Case("a folder in the home", container=_marked(_BIND.replace("/home/linuxbrew", "/home/coder/.cache"))),
    Case(
        "a read-only folder",
        container=_marked(_BIND.replace("host_path ", "read_only      = true\nhost_path "), "!F-7 warning"),
    ),
    Case(
        "a cleanup of another folder",
        top=_cleanup("sudo rm -rf '${self.triggers.path}'", '"/srv/cache/${local.owner}"'),
        container=_marked(_BIND),
    ),
    Case(
        "a command that removes nothing", top=_cleanup("echo '${self.triggers.path}'", _BREW), container=_marked(_BIND)
    ),
    Case(
        "a cleanup that runs too early",
        top=_cleanup("sudo rm -rf '${self.triggers.path}'", _BREW).replace("            when    = destroy\n", ""),
        container=_marked(_BIND),
    ),
)

GOOD = (
    Case("memory", container='mounts {\n  type   = "tmpfs"\n  target = "/scratch"\n}'),
    Case("memory by an attribute", container='tmpfs = { "/scratch" = "size=1g" }'),
    Case(
        "a dynamic block over nothing",
        container="""
            dynamic "volumes" {
              for_each = []
              content {
                container_path = "/x"
                host_path      = "/x"
              }
            }
        """,
    ),
    Case("a block that is commented out", container='# volumes {\n#   host_path = "/srv/brew"\n# }\ntmpfs = {}'),
    Case("a volume of no container", top='resource "docker_volume" "old" {\n  count = 0\n  name  = "old"\n}'),
    Case(
        "volumes in a compose file",
        boot="""
        if [ ! -f /home/coder/compose.yaml ]; then
          printf 'services:\\n  db:\\n    volumes:\\n      - data:/data\\n' > /home/coder/compose.yaml
        fi
    """,
    ),
    Case("docker run in the workspace", boot="docker run --rm -v /tmp:/x alpine true"),
    Case("a file that is put in", container='upload {\n  file    = "/etc/motd"\n  content = "hello"\n}'),
    Case("the labels of a volume", top='locals { volumes = ["/srv/brew"] }'),
)

UNDECIDED = (
    Case(
        "blocks over what only a push tells",
        top='variable "extra" { type = list(string) }',
        container="""
            dynamic "volumes" { # ?F-7
              for_each = var.extra
              content {
                container_path = volumes.key
                host_path      = "/srv/brew"
              }
            }
        """,
    ),
)
