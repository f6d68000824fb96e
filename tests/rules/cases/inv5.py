"""INV-5: exactly two places stay: the home on the host and Docker's volume."""

from tests.rules.harness import Case

RULE = "INV-5"

_HOME = """  volumes {
    container_path = "/home/coder"
    host_path      = local.host_home
    read_only      = false
  }
"""
_DOCKER = """  mounts {
    type   = "volume"
    source = docker_volume.dind_cache.name
    target = "/var/lib/docker"
  }
"""
_LABELS = '  dynamic "labels" {\n    for_each = local.labels\n'
_FIRST, *_ATTRIBUTES = _DOCKER.splitlines()[:-1]
_NAME = '  name = "coder-${local.owner}-${local.slug}-dind-cache"\n'


def _home(line: str, instead_of: str) -> dict[str, str]:
    return {_HOME: _HOME.replace(instead_of, line)}


def _docker(line: str, instead_of: str) -> dict[str, str]:
    return {_DOCKER: _DOCKER.replace(instead_of, line)}


def _path(value: str) -> dict[str, str]:
    return _home(f"host_path      = {value}", "host_path      = local.host_home")


def _name(value: str) -> dict[str, str]:
    return {_NAME: f"  name = {value}\n"}


BAD = (
    Case(
        "no home",
        replaces={_HOME + "\n" + _DOCKER: _DOCKER.replace("mounts {", "mounts { # !INV-5")},
        on=("minimal",),
    ),
    Case(
        "a home that is commented out",
        replaces={
            _HOME + "\n" + _DOCKER: "".join(f"  # {each}\n" for each in _HOME.splitlines()).replace(
                "volumes {", "volumes { # !INV-5"
            )
            + _DOCKER
        },
        on=("minimal",),
    ),
    Case("a home at another place", replaces=_home('"/home/dev" # !INV-5', '"/home/coder"')),
    Case("a home one folder down", replaces=_home('"/home/coder/work" # !INV-5', '"/home/coder"')),
    Case("a read-only home", replaces=_home("read_only      = true # !INV-5", "read_only      = false")),
    Case(
        "a home that can be read-only",
        top='data "coder_parameter" "frozen" { # !INV-5\n  name = "frozen"\n  type = "bool"\n}',
        replaces=_home("read_only      = data.coder_parameter.frozen.value # >INV-5", "read_only      = false"),
    ),
    Case("a home in another folder of the host", replaces=_path('"/srv/homes/${local.owner}-${local.slug}" # !INV-5')),
    Case(
        "another folder by way of locals",
        top="""
            locals {
              root   = "/data/homes"
              folder = "${local.root}/${local.owner}-${local.slug}" # !INV-5
            }
        """,
        replaces=_path("local.folder # >INV-5"),
    ),
    Case("a home for all workspaces of an owner", replaces=_path('"/coder-workspaces/${local.owner}" # !INV-5')),
    Case("a home for the workspaces of one name", replaces=_path('"/coder-workspaces/shared-${local.slug}" # !INV-5')),
    Case(
        "a home in a volume",
        replaces=_home(
            'volume_name    = "home-${local.owner}-${local.slug}" # !INV-5', "host_path      = local.host_home"
        ),
    ),
    Case(
        "a home that one can leave out",
        top='data "coder_parameter" "keep" {\n  name = "keep"\n  type = "bool"\n}',
        replaces={
            _HOME: """  dynamic "volumes" { # !INV-5
    for_each = data.coder_parameter.keep.value ? [1] : []
    content {
      container_path = "/home/coder"
      host_path      = local.host_home
    }
  }
"""
        },
    ),
    Case(
        "no Docker storage",
        replaces={_DOCKER + "\n" + _LABELS: _LABELS.replace("{\n", "{ # !INV-5\n", 1)},
        on=("full",),
    ),
    Case("Docker's storage elsewhere", replaces=_docker('"/var/lib/containerd" # !INV-5', '"/var/lib/docker"')),
    Case("Docker's storage in memory", replaces=_docker('type   = "tmpfs" # !INV-5', 'type   = "volume"')),
    Case("Docker's storage on the host", replaces=_docker('type   = "bind" # !INV-5', 'type   = "volume"')),
    Case(
        "a volume for everybody",
        replaces=_docker('source = "dind-cache" # !INV-5', "source = docker_volume.dind_cache.name"),
    ),
    Case("a name without the owner", replaces=_name('"coder-${local.slug}-dind-cache" # !INV-5')),
    Case("a name without the workspace", replaces=_name('"coder-${local.owner}-dind-cache" # !INV-5')),
    Case(
        "a name without either, by way of a local",
        top='locals { cache = "coder-dind-cache" } # !INV-5',
        replaces=_name("local.cache # >INV-5"),
    ),
    Case("another name", replaces=_name('"docker-${local.owner}-${local.slug}" # !INV-5 warning')),
    Case(
        "a volume that goes when the workspace stops",
        replaces={_NAME: "  count = data.coder_workspace.me.start_count # !INV-5\n" + _NAME},
    ),
    Case(
        "a volume for each start",
        replaces=_name('"coder-${local.owner}-${local.slug}-${timestamp()}-dind-cache" # !INV-5'),
    ),
    Case(
        "read-only storage",
        replaces=_docker('target = "/var/lib/docker"\n    read_only = true # !INV-5', 'target = "/var/lib/docker"'),
    ),
)

GOOD = (
    Case(
        "the owner by way of a resource that keeps it",
        top='resource "terraform_data" "owner" {\n  input = local.owner\n}',
        replaces=_path('"/coder-workspaces/${terraform_data.owner.output}-${local.slug}"'),
    ),
    Case(
        "the path out of what a function gives",
        replaces=_path('"/coder-workspaces/${merge({ who = { owner = local.owner } }, {}).who.owner}-${local.slug}"'),
    ),
    Case(
        "the path written out",
        replaces=_path(
            '"/coder-workspaces/${lower(data.coder_workspace_owner.me.name)}-${lower(data.coder_workspace.me.name)}"'
        ),
    ),
    Case("the path by format()", replaces=_path('format("/coder-workspaces/%s-%s", local.owner, local.slug)')),
    Case(
        "the path from the default of a variable",
        top='variable "root" {\n  default = "/coder-workspaces"\n}',
        replaces=_path('"${var.root}/${local.owner}-${local.slug}"'),
    ),
    Case("no word on read_only", replaces=_home("", "    read_only      = false\n")),
    Case("a slash at the end", replaces=_home('"/home/coder/"', '"/home/coder"')),
    Case("the name by join()", replaces=_name('join("-", ["coder", local.owner, local.slug, "dind-cache"])')),
    Case("the name in small letters", replaces=_name('lower("coder-${local.owner}-${local.slug}-dind-cache")')),
    Case(
        "the volume by its new name",
        replaces={
            'resource "docker_volume" "dind_cache"': 'resource "docker_volume" "docker_storage"',
            "docker_volume.dind_cache.name": "docker_volume.docker_storage.name",
        },
    ),
    Case(
        "the mount in another order",
        replaces={_DOCKER: "\n".join((_FIRST, *_ATTRIBUTES[::-1], "  }")) + "\n"},
    ),
    Case("the home below Docker's storage", replaces={_HOME + "\n": ""}, container=_HOME),
    Case("memory at /tmp", container='tmpfs = { "/tmp" = "size=1g" }'),
    Case(
        "the home as a dynamic block that always is",
        replaces={
            _HOME: """  dynamic "volumes" {
    for_each = { "/home/coder" = local.host_home }
    content {
      container_path = volumes.key
      host_path      = volumes.value
    }
  }
"""
        },
    ),
)

UNDECIDED = (
    Case("a name that only Terraform can work out", replaces=_name('sha1("${local.owner}-${local.slug}") # ?INV-5')),
)
