"""Mutations of the templates' Terraform: container, storage, agent, apps, cleanup."""

from __future__ import annotations

from tests.mutations.harness import (
    CONTRIB,
    CORE,
    MODULE,
    WEB,
    Edit,
    Expected,
    Mutation,
    after,
    before,
    harmful,
    harmless,
    untouched,
)
from tests.rules.harness import repository

_RUNTIME = 'runtime       = "sysbox-runc"'
_DIND = (
    "  mounts {\n"
    '    type   = "volume"\n'
    "    source = docker_volume.dind_cache.name\n"
    '    target = "/var/lib/docker"\n'
    "  }\n"
)
_END = "\n  depends_on = [null_resource.workspace_cleanup]\n"
_HOME = (
    "  volumes {\n"
    '    container_path = "/home/coder"\n'
    "    host_path      = local.host_home\n"
    "    read_only      = false\n"
    "  }\n"
)
_SECOND_DIND = Edit(WEB, _DIND, "")


def _block(text: str, path: str = WEB) -> Edit:
    """A further nested block of the workspace container."""
    return before(path, _END, f"\n{text}")


_BREW_MOUNT = """
  mounts {
    type   = "volume"
    source = docker_volume.brew.name
    target = "/home/linuxbrew"
  }
"""
_BREW_VOLUME = 'resource "docker_volume" "brew" {\n  name = "brew-${local.slug}"\n}\n\n'
_BREW = (before(WEB, _END, _BREW_MOUNT), before(WEB, 'resource "docker_container" "workspace" {', _BREW_VOLUME))


def _part(path: str, header: str) -> str:
    """A block of the template, with the blank line after it."""
    text = repository().files[path]
    start = text.index(header)
    return text[start : text.index("\n}\n\n", start) + len("\n}\n\n")]


def _variable(name: str, value: str) -> str:
    return (
        'resource "coder_env" "given" {\n  agent_id = coder_agent.main.id\n'
        f'  name     = "{name}"\n  value    = {value}\n}}\n\n'
    )


MUTATIONS: tuple[Mutation, ...] = (
    # --- the host's Docker socket
    harmful(
        "socket: a volume",
        _block(
            "  volumes {\n"
            '    host_path      = "/var/run/docker.sock"\n'
            '    container_path = "/var/run/docker.sock"\n'
            "  }\n"
        ),
        finds=Expected("F-1", 'host_path      = "/var/run/docker.sock"'),
        affects="INV-5",
    ),
    harmful(
        "socket: a bind mount through a local",
        after(
            WEB,
            '  host_home      = "/coder-workspaces/${local.owner}-${local.slug}"\n',
            '  engine         = "/run/docker.sock"\n',
        ),
        _block('  mounts {\n    type   = "bind"\n    source = local.engine\n    target = "/host.sock"\n  }\n'),
        finds=Expected("F-1", '"/run/docker.sock"'),
        affects="INV-5",
    ),
    harmful(
        "socket: the folder that holds it",
        _block('  volumes {\n    host_path      = "/var/run"\n    container_path = "/host-run"\n  }\n', CORE),
        finds=Expected("F-1", 'host_path      = "/var/run"'),
        affects="INV-5",
    ),
    harmful(
        "socket: a dynamic block",
        _block(
            '  dynamic "volumes" {\n'
            '    for_each = ["/var/run/docker.sock"]\n'
            "    content {\n"
            "      host_path      = volumes.value\n"
            "      container_path = volumes.value\n"
            "    }\n"
            "  }\n"
        ),
        finds=Expected("F-1", 'for_each = ["/var/run/docker.sock"]'),
        affects="INV-5",
    ),
    harmful(
        "socket: the home's own volume points at it",
        Edit(WEB, "    host_path      = local.host_home\n", '    host_path      = "/run/docker.sock"\n'),
        finds=Expected("F-1", '"/run/docker.sock"'),
        affects="INV-5",
    ),
    harmless(
        "socket: the commented-out block gets another comment",
        Edit(WEB, "  # The workspace runs its own daemon, so nothing like this is needed:", "  # Never do this:"),
    ),
    harmless(
        "socket: the provider's own socket",
        Edit(WEB, 'default     = "unix:///var/run/docker.sock"', 'default     = "unix:///run/docker.sock"'),
    ),
    # --- privileges and the runtime
    harmful(
        "privileged: true",
        Edit(WEB, "privileged    = false", "privileged    = true"),
        finds=Expected("F-2", "privileged    = true"),
        affects="INV-1",
    ),
    harmful(
        "privileged: true in one arm",
        Edit(CORE, "privileged = false", 'privileged = var.core_branch == "11.x" ? true : false'),
        finds=Expected("F-2", "privileged = var.core_branch"),
        affects="INV-1",
    ),
    harmful(
        "privileged: through a local",
        Edit(CONTRIB, "privileged    = false", "privileged    = local.deep"),
        after(CONTRIB, '  home      = "/home/coder"\n', "  deep      = true\n"),
        finds=Expected("F-2", "deep      = true"),
        affects="INV-1",
    ),
    harmful(
        "privileged: the text of true",
        Edit(CONTRIB, "privileged    = false", 'privileged    = "true"'),
        finds=Expected("F-2", 'privileged    = "true"'),
        affects="INV-1",
    ),
    harmless("privileged: false in other words", Edit(WEB, "privileged    = false", "privileged    = !true")),
    harmful(
        "runtime: runc",
        Edit(WEB, _RUNTIME, 'runtime       = "runc"'),
        finds=Expected("INV-1", 'runtime       = "runc"'),
        affects="INV-1",
    ),
    harmful(
        "runtime: gone",
        Edit(WEB, f"  {_RUNTIME}\n", ""),
        finds=Expected("INV-1", "privileged    = false"),
        affects="INV-1",
    ),
    harmful(
        "security options: one of the two gone",
        Edit(WEB, '["apparmor:unconfined", "seccomp:unconfined"]', '["apparmor:unconfined"]'),
        finds=Expected("INV-1", '["apparmor:unconfined"]'),
        affects="INV-1",
    ),
    harmless(
        "security options: the other way round",
        Edit(WEB, '["apparmor:unconfined", "seccomp:unconfined"]', '["seccomp:unconfined", "apparmor:unconfined"]'),
        affects="INV-1",
    ),
    harmless(
        "runtime: through a local",
        Edit(WEB, _RUNTIME, "runtime       = local.runtime"),
        after(WEB, '  workspace_home = "/home/coder"\n', '  runtime        = "sysbox-runc"\n'),
    ),
    harmless(
        "runtime and security: attributes in another order",
        Edit(
            CORE,
            '  runtime    = "sysbox-runc"\n  privileged = false\n',
            '  privileged = false\n  runtime    = "sysbox-runc"\n',
        ),
    ),
    harmless(
        "security options: one a line",
        Edit(
            CONTRIB,
            '["apparmor:unconfined", "seccomp:unconfined"]',
            '[\n    "apparmor:unconfined",\n    "seccomp:unconfined",\n  ]',
        ),
    ),
    # --- the user
    harmful(
        "user: root",
        Edit(WEB, 'user        = "coder"', 'user        = "root"'),
        finds=Expected("INV-2", 'user        = "root"'),
        affects="INV-2",
    ),
    harmful(
        "user: a number",
        Edit(WEB, 'user        = "coder"', 'user        = "1000"'),
        finds=Expected("F-3", 'user        = "1000"', "warning"),
        affects="INV-2",
    ),
    harmful(
        "group: a number",
        Edit(WEB, "group_add   = [tostring(var.docker_gid)]", 'group_add   = ["988"]'),
        finds=Expected("F-3", 'group_add   = ["988"]', "warning"),
        affects="INV-2",
    ),
    harmful(
        "group: gone",
        Edit(CORE, "  group_add = [tostring(var.docker_gid)]\n", ""),
        finds=Expected("INV-2", 'user      = "coder"\n'),
        affects="INV-2",
    ),
    harmful(
        "HOME: another folder",
        Edit(
            WEB, "    HOME                        = local.workspace_home", '    HOME                        = "/root"'
        ),
        finds=Expected("INV-2", '= "/root"'),
        affects="INV-2 INV-6",
    ),
    harmless("group: as a string template", Edit(WEB, "[tostring(var.docker_gid)]", '["${var.docker_gid}"]')),
    harmless("group: another default", Edit(WEB, "  default     = 988\n", "  default     = 999\n"), affects="INV-2"),
    harmless(
        "group: its variable has another description",
        Edit(
            WEB, "Numeric id of the docker group on the host (getent group docker)", "Group of the host's docker socket"
        ),
    ),
    harmless(
        "HOME: spelled out",
        Edit(
            WEB,
            "    HOME                        = local.workspace_home",
            '    HOME                        = "/home/coder"',
        ),
    ),
    # --- published ports
    harmful(
        "ports: a block",
        _block("  ports {\n    internal = 80\n    external = 8080\n  }\n"),
        finds=Expected("F-6", "ports {"),
        affects="INV-7",
    ),
    harmful(
        "ports: dynamic, behind a variable",
        _block(
            (
                '  dynamic "ports" {\n'
                '    for_each = var.core_branch == "11.x" ? [8080] : []\n'
                "    content {\n"
                "      internal = ports.value\n"
                "    }\n"
                "  }\n"
            ),
            CORE,
        ),
        finds=Expected("F-6", 'dynamic "ports"'),
        affects="INV-7",
    ),
    harmful(
        "ports: all of them",
        Edit(
            WEB,
            '  restart               = "unless-stopped"\n',
            '  restart               = "unless-stopped"\n  publish_all_ports     = true\n',
        ),
        finds=Expected("F-6", "publish_all_ports"),
        affects="INV-7",
    ),
    harmful(
        "ports: the host's network",
        Edit(
            WEB,
            '  restart               = "unless-stopped"\n',
            '  restart               = "unless-stopped"\n  network_mode          = "host"\n',
        ),
        finds=Expected("F-6", "network_mode", "warning"),
        affects="INV-7",
    ),
    harmless(
        "ports: a bridge",
        Edit(
            WEB,
            '  restart               = "unless-stopped"\n',
            '  restart               = "unless-stopped"\n  network_mode          = "bridge"\n',
        ),
    ),
    harmless(
        "ports: a further app on another port",
        before(
            WEB,
            'module "code" {',
            (
                'resource "coder_app" "mailpit" {\n'
                "  agent_id  = coder_agent.main.id\n"
                '  slug      = "mailpit"\n'
                '  url       = "http://localhost:8025"\n'
                "  subdomain = true\n"
                "}\n\n"
            ),
        ),
        affects="INV-7",
    ),
    # --- storage
    harmful("storage: a second named volume", *_BREW, finds=Expected("F-7", "  mounts {"), affects="INV-5"),
    Mutation(
        name="storage: the mount of a second volume is gone",
        given=_BREW,
        edits=(Edit(WEB, _BREW_MOUNT, ""),),
        finds=(
            Expected("F-7", 'resource "docker_volume" "brew" {', status="preexisting"),
            Expected("F-7", "\n  }\n\n  mounts {", status="fixed"),
        ),
        affects="INV-5",
    ),
    Mutation(
        name="storage: a second volume is gone with its mount",
        given=_BREW,
        edits=(Edit(WEB, _BREW_MOUNT, ""), Edit(WEB, _BREW_VOLUME, "")),
        finds=(Expected("F-7", "\n  }\n\n  mounts {", status="fixed"),),
        affects="INV-5",
    ),
    harmful(
        "storage: a shared read-only cache",
        _block(
            "  volumes {\n"
            '    host_path      = "/srv/composer-cache"\n'
            '    container_path = "/opt/composer-cache"\n'
            "    read_only      = true\n"
            "  }\n"
        ),
        finds=Expected("F-7", "  volumes {", "warning"),
        affects="INV-5",
    ),
    harmful(
        "storage: Docker's own volume is gone",
        _SECOND_DIND,
        finds=Expected("INV-5", '#   container_path = "/var/run/docker.sock"\n  # }\n\n'),
        affects="INV-5",
    ),
    harmful(
        "storage: Docker's volume for everybody",
        Edit(CORE, 'name = "coder-${local.owner}-${local.slug}-dind-cache"', 'name = "dind-cache"'),
        finds=Expected("INV-5", 'name = "dind-cache"'),
        affects="INV-5",
    ),
    harmful(
        "storage: the home's volume somewhere else",
        Edit(WEB, 'container_path = "/home/coder"\n    host_path', 'container_path = "/home/user"\n    host_path'),
        finds=Expected("INV-5", 'container_path = "/home/user"'),
        affects="INV-5",
    ),
    harmful(
        "storage: the home for everybody",
        Edit(
            CORE,
            'host_home = "/coder-workspaces/${local.owner}-${local.slug}"',
            'host_home = "/coder-workspaces/shared"',
        ),
        finds=Expected("INV-5", '"/coder-workspaces/shared"'),
        affects="INV-5 INV-8",
    ),
    harmless(
        "storage: a tmpfs",
        _block('  tmpfs = {\n    "/scratch" = "size=1g"\n  }\n'),
    ),
    harmless(
        "storage: the two blocks swapped",
        Edit(
            CORE,
            (
                "  volumes {\n"
                "    container_path = local.home\n"
                "    host_path      = local.host_home\n"
                "    read_only      = false\n"
                "  }\n\n"
            ),
            "",
        ),
        after(
            CORE,
            _DIND,
            (
                "\n"
                "  volumes {\n"
                "    read_only      = false\n"
                "    host_path      = local.host_home\n"
                "    container_path = local.home\n"
                "  }\n"
            ),
        ),
    ),
    harmless(
        "storage: the volume's name through a local",
        Edit(WEB, 'name = "coder-${local.owner}-${local.slug}-dind-cache"', "name = local.dind_name"),
        after(
            WEB,
            '  workspace_home = "/home/coder"\n',
            '  dind_name      = "coder-${local.owner}-${local.slug}-dind-cache"\n',
        ),
    ),
    # --- stop and cleanup
    harmful(
        "stop: a shorter grace",
        Edit(WEB, "stop_timeout          = 180", "stop_timeout          = 60"),
        finds=Expected("INV-8", "stop_timeout          = 60"),
        affects="INV-8",
    ),
    harmful(
        "stop: no timeout",
        Edit(CORE, "  stop_timeout          = 180\n", ""),
        finds=Expected("INV-8", "destroy_grace_seconds"),
        affects="INV-8",
    ),
    harmful(
        "stop: another signal",
        Edit(CONTRIB, 'stop_signal           = "SIGINT"', 'stop_signal           = "SIGKILL"'),
        finds=Expected("INV-8", '"SIGKILL"'),
        affects="INV-8",
    ),
    harmful(
        "cleanup: not at destroy time",
        Edit(WEB, "    when    = destroy\n", ""),
        finds=Expected("INV-8", 'command = "sudo /usr/local/bin'),
        affects="INV-8",
    ),
    harmful(
        "cleanup: gone",
        Edit(
            CORE,
            "\n"
            "  depends_on = [null_resource.workspace_cleanup]\n"
            "}\n\n"
            'resource "null_resource" "workspace_cleanup" {\n'
            "  triggers = {\n"
            "    path = local.host_home\n"
            "  }\n\n"
            '  provisioner "local-exec" {\n    when    = destroy\n'
            "    command = \"sudo /usr/local/bin/coder-delete-workspace-dir '${self.triggers.path}'\"\n  }\n}\n",
            "}\n",
        ),
        finds=Expected("INV-8", 'target = "/var/lib/docker"\n  }\n}'),
        affects="INV-8",
    ),
    harmful(
        "cleanup: a failure is shrugged off",
        Edit(WEB, "'${self.triggers.path}'\"", "'${self.triggers.path}' || true\""),
        finds=Expected("INV-8", "|| true", "warning"),
        affects="INV-8",
    ),
    harmless("stop: the grace as a sum", Edit(WEB, "stop_timeout          = 180", "stop_timeout          = 3 * 60")),
    harmless(
        "cleanup: a comment",
        Edit(WEB, "# A deleted workspace leaves nothing on the host.", "# The host's folder goes with the workspace."),
    ),
    harmless(
        "cleanup: moved in front of the container",
        Edit(
            CORE,
            'resource "docker_container" "workspace" {\n',
            (
                'resource "null_resource" "workspace_cleanup" {\n'
                "  triggers = {\n"
                "    path = local.host_home\n"
                "  }\n\n"
                '  provisioner "local-exec" {\n'
                "    when    = destroy\n"
                "    command = \"sudo /usr/local/bin/coder-delete-workspace-dir '${self.triggers.path}'\"\n"
                "  }\n"
                "}\n\n"
                'resource "docker_container" "workspace" {\n'
            ),
        ),
        Edit(
            CORE,
            (
                "\n"
                "  depends_on = [null_resource.workspace_cleanup]\n"
                "}\n\n"
                'resource "null_resource" "workspace_cleanup" {\n'
                "  triggers = {\n"
                "    path = local.host_home\n"
                "  }\n\n"
                '  provisioner "local-exec" {\n'
                "    when    = destroy\n"
                "    command = \"sudo /usr/local/bin/coder-delete-workspace-dir '${self.triggers.path}'\"\n"
                "  }\n"
                "}\n"
            ),
            "\n  depends_on = [null_resource.workspace_cleanup]\n}\n",
        ),
    ),
    # --- who the workspace is
    harmful(
        "identity: an entry gone",
        Edit(WEB, "    CODER_WORKSPACE_OWNER_EMAIL = data.coder_workspace_owner.me.email\n", ""),
        finds=Expected("INV-9", "DOTFILES_URI                = "),
        affects="INV-9",
    ),
    harmful(
        "identity: the id is the name",
        Edit(
            CORE,
            "CODER_WORKSPACE_ID          = data.coder_workspace.me.id",
            "CODER_WORKSPACE_ID          = data.coder_workspace.me.name",
        ),
        finds=Expected("INV-9", "CODER_WORKSPACE_ID          = data.coder_workspace.me.name"),
        affects="INV-9",
    ),
    harmful(
        "identity: from the container's host name",
        Edit(
            CONTRIB,
            "CODER_WORKSPACE_NAME        = data.coder_workspace.me.name",
            "CODER_WORKSPACE_NAME        = docker_container.workspace[0].hostname",
        ),
        finds=Expected("F-8", "docker_container.workspace[0].hostname"),
        affects="INV-9",
    ),
    harmless(
        "identity: a further entry",
        after(
            WEB,
            '    DDEV_NO_INSTRUMENTATION     = "true"\n',
            '    NODE_OPTIONS                = "--max-old-space-size=4096"\n',
        ),
    ),
    harmless(
        "identity: the entries in another order",
        Edit(
            CORE,
            (
                "    CODER_WORKSPACE_ID          = data.coder_workspace.me.id\n"
                "    CODER_WORKSPACE_NAME        = data.coder_workspace.me.name\n"
            ),
            (
                "    CODER_WORKSPACE_NAME        = data.coder_workspace.me.name\n"
                "    CODER_WORKSPACE_ID          = data.coder_workspace.me.id\n"
            ),
        ),
    ),
    harmless(
        "identity: in two maps that are merged",
        Edit(
            CONTRIB,
            (
                "    CODER_WORKSPACE_OWNER_NAME  = data.coder_workspace_owner.me.name\n"
                "    CODER_WORKSPACE_OWNER_EMAIL = data.coder_workspace_owner.me.email\n"
                "  }\n"
            ),
            (
                "  }\n\n"
                "  owner_identity = {\n"
                "    CODER_WORKSPACE_OWNER_NAME  = data.coder_workspace_owner.me.name\n"
                "    CODER_WORKSPACE_OWNER_EMAIL = data.coder_workspace_owner.me.email\n"
                "  }\n"
            ),
        ),
        Edit(CONTRIB, "merge(local.identity, {", "merge(local.identity, local.owner_identity, {"),
    ),
    # --- layout, names, further resources
    harmless("layout: a blank line", Edit(WEB, 'provider "coder" {}\n', '\nprovider "coder" {}\n\n')),
    harmless(
        "layout: a comment at the container",
        Edit(
            WEB,
            "  # Sysbox is what keeps the workspace away from the host.",
            "  # privileged = true would undo what Sysbox does.",
        ),
    ),
    harmless(
        "layout: a block comment with scary words",
        before(
            WEB,
            'resource "docker_image" "workspace" {',
            '/* ports { }, privileged = true and\n   host_path = "/var/run/docker.sock" are what we never write */\n',
        ),
    ),
    harmless(
        "layout: a local renamed",
        Edit(
            WEB,
            "  slug  = lower(data.coder_workspace.me.name)\n",
            "  slug  = local.short_name\n  short_name = lower(data.coder_workspace.me.name)\n",
        ),
    ),
    harmless(
        "layout: the container is re-indented",
        Edit(
            CORE,
            '  runtime    = "sysbox-runc"\n  privileged = false\n',
            '      runtime = "sysbox-runc"\n      privileged=false\n',
        ),
    ),
    harmless(
        "layout: a validation more",
        after(
            WEB,
            '    error_message = "Leave out the slash at the end."\n  }\n',
            '\n  validation {\n    condition     = var.image_name != ""\n    error_message = "Name an image."\n  }\n',
        ),
    ),
    harmless(
        "names: another container name",
        Edit(
            WEB, 'name     = "coder-${data.coder_workspace.me.id}"', 'name     = "coder-${local.owner}-${local.slug}"'
        ),
    ),
    harmless(
        "image: another tag",
        *(Edit(path, '  default     = "v2.3"', '  default     = "v2.4"') for path in (WEB, CORE, CONTRIB)),
    ),
    harmless(
        "limits: more memory",
        Edit(WEB, "  memory     = var.memory * 1024\n", "  memory     = var.memory * 1024\n  memory_swap = -1\n"),
    ),
    harmless(
        "dashboard: an item more",
        after(
            WEB,
            '  item {\n    key   = "cores"\n    value = var.cpu\n  }\n',
            '  item {\n    key   = "ports"\n    value = "80 only"\n  }\n',
        ),
    ),
    harmless("dashboard: another icon", Edit(WEB, '"/icon/globe.svg"', '"/icon/drupal.svg"')),
    harmless(
        "dashboard: a parameter",
        before(
            WEB,
            "locals {\n  owner",
            'data "coder_parameter" "region" {\n  name    = "region"\n  type    = "string"\n  default = "eu"\n}\n\n',
        ),
    ),
    harmless(
        "agent: a metadata block",
        after(
            WEB,
            '    script       = "coder stat mem"\n    interval     = 15\n    timeout      = 2\n  }\n',
            (
                "\n"
                "  metadata {\n"
                '    display_name = "Host"\n'
                '    key          = "host"\n'
                '    script       = "hostname"\n'
                "    interval     = 60\n"
                "    timeout      = 1\n"
                "  }\n"
            ),
        ),
    ),
    harmless(
        "module: an input's default",
        Edit(MODULE, "  default     = 30\n", "  default     = 45\n"),
    ),
    harmless("module: a description", Edit(MODULE, "To be put into the agent's startup script", "Shell for the agent")),
    harmless(
        "app: another name",
        Edit(CONTRIB, '  display_name = "Drupal"\n', '  display_name = "Site"\n'),
    ),
    untouched("docs: the template's README", after("user-defined-web/README.md", "#", "#")),
    # --- variables by a resource of their own
    harmless(
        "home: its variable by coder_env",
        Edit(WEB, "    HOME                        = local.workspace_home\n", ""),
        before(WEB, 'resource "coder_app" "ddev-web" {', _variable("HOME", "local.workspace_home")),
        affects="INV-2",
    ),
    harmful(
        "home: another one by coder_env",
        before(WEB, 'resource "coder_app" "ddev-web" {', _variable("HOME", '"/root"')),
        finds=Expected("INV-2", '"/root"'),
        affects="INV-2",
    ),
    harmful(
        "identity: a variable by coder_env",
        Edit(WEB, "    CODER_WORKSPACE_OWNER_EMAIL = data.coder_workspace_owner.me.email\n", ""),
        before(
            WEB,
            'resource "coder_app" "ddev-web" {',
            _variable("CODER_WORKSPACE_OWNER_EMAIL", "data.coder_workspace_owner.me.email"),
        ),
        finds=Expected("INV-9", "value    = data.coder_workspace_owner.me.email", "warning"),
        affects="INV-9",
    ),
    # --- the home and Docker's storage by other names, or by names that nobody can see
    harmful(
        "storage: a shared cache that was read-only is not any more",
        Edit(WEB, "    read_only = true\n", "    read_only = false\n"),
        given=(
            _block(
                '  mounts {\n    type      = "bind"\n    source    = "/srv/cache"\n    target    = "/srv/cache"\n'
                "    read_only = true\n  }\n"
            ),
        ),
        finds=Expected("F-7", "    read_only = false"),
        affects="INV-5",
    ),
    harmful(
        "home: a folder for each owner",
        Edit(WEB, 'workspaces/${local.owner}-${local.slug}"\n', 'workspaces/${local.owner}/${local.slug}"\n'),
        finds=Expected("INV-5", "${local.owner}/${local.slug}"),
        affects="INV-5 INV-8",
    ),
    harmful(
        "home: the workspace before its owner",
        Edit(WEB, 'workspaces/${local.owner}-${local.slug}"\n', 'workspaces/${local.slug}-${local.owner}"\n'),
        finds=Expected("INV-5", "workspaces/${local.slug}-${local.owner}"),
        affects="INV-5 INV-8",
    ),
    harmless(
        "home: its folder by format",
        Edit(
            WEB,
            '"/coder-workspaces/${local.owner}-${local.slug}"\n',
            'format("/coder-workspaces/%s-%s", local.owner, local.slug)\n',
        ),
    ),
    harmful(
        "storage: a volume of a module elsewhere",
        after(
            WEB, "# Storage and container\n", '\nmodule "storage" {\n  source = "git::https://example.org/s.git"\n}\n'
        ),
        Edit(WEB, "source = docker_volume.dind_cache.name", "source = module.storage.volume"),
        finds=Expected("INV-5", "source = module.storage.volume", status="undecided"),
        affects="INV-5",
    ),
    harmful(
        "storage: a part of its name from a module elsewhere",
        after(WEB, "# Storage and container\n", '\nmodule "names" {\n  source = "git::https://example.org/n.git"\n}\n'),
        Edit(WEB, '"coder-${local.owner}-${local.slug}-dind-cache"', '"coder-${module.names.slug}-dind-cache"'),
        finds=Expected("INV-5", "source = docker_volume.dind_cache.name", status="undecided"),
        affects="INV-5",
    ),
    # --- what takes the home away
    harmful(
        "cleanup: made anew with every image",
        after(WEB, "    path = local.host_home\n", "    version = var.image_version\n"),
        finds=Expected("INV-8", "version = var.image_version"),
        affects="INV-8",
    ),
    harmful(
        "cleanup: made anew with a variable",
        after(WEB, "    path = local.host_home\n", "    host = var.docker_host\n"),
        finds=Expected("INV-8", "host = var.docker_host", "warning"),
        affects="INV-8",
    ),
    harmful(
        "cleanup: made anew with the container",
        after(
            WEB,
            "    path = local.host_home\n  }\n",
            "\n  lifecycle {\n    replace_triggered_by = [docker_container.workspace]\n  }\n",
        ),
        finds=Expected("INV-8", "replace_triggered_by"),
        affects="INV-8",
    ),
    harmless(
        "cleanup: keeps the workspace's id too",
        after(WEB, "    path = local.host_home\n", "    id   = data.coder_workspace.me.id\n"),
        affects="INV-8",
    ),
    # --- parts that are gone, or cannot be seen
    harmful(
        "container: gone",
        Edit(CORE, _part(CORE, 'resource "docker_container" "workspace"'), ""),
        finds=Expected("INV-1", 'resource "null_resource" "workspace_cleanup" {'),
        affects="INV-1 INV-2 INV-5 INV-8 INV-9",
    ),
    harmful(
        "container: of a module elsewhere",
        Edit(
            CORE,
            _part(CORE, 'resource "docker_container" "workspace"'),
            'module "workspace" {\n  source = "git::https://example.org/w.git"\n}\n\n',
        ),
        finds=tuple(
            Expected(rule, 'module "workspace" {', status="undecided") for rule in ("INV-1", "INV-2", "INV-5", "INV-8")
        ),
        affects="INV-1 INV-2 INV-5 INV-8 INV-9",
    ),
    harmful(
        "agent: gone",
        Edit(CORE, _part(CORE, 'resource "coder_agent" "main"'), ""),
        finds=Expected("BOOT", 'resource "docker_container" "workspace" {'),
        affects="INV-2 INV-3 INV-4 INV-6 INV-7 INV-9 BOOT",
    ),
    harmful(
        "site: of a module elsewhere",
        Edit(
            CORE,
            _part(CORE, 'resource "coder_app" "ddev-web"'),
            'module "site" {\n  source = "git::https://example.org/s.git"\n}\n\n',
        ),
        finds=Expected("INV-7", 'module "site" {', status="undecided"),
        affects="INV-7",
    ),
    Mutation(
        name="site: its block is no Terraform",
        edits=(Edit(CORE, '  slug         = "drupal"\n', "  slug         = \n"),),
        conclusion="neutral",
        breaks=True,
    ),
    Mutation(
        name="container: its block is no Terraform",
        edits=(Edit(CORE, "  privileged = false\n", "  privileged = \n"),),
        conclusion="neutral",
        breaks=True,
    ),
    harmful(
        "options: no more rights than at the start",
        Edit(WEB, '"seccomp:unconfined"]', '"seccomp:unconfined", "no-new-privileges:true"]'),
        finds=Expected("INV-1", "no-new-privileges"),
        affects="INV-1",
    ),
    harmful(
        "privileged: by default of an optional attribute",
        Edit(WEB, "privileged    = false", "privileged    = try(var.options.privileged, false)"),
        before(
            WEB,
            'resource "docker_container" "workspace" {',
            'variable "options" {\n  type    = object({ privileged = optional(bool, true) })\n  default = {}\n}\n\n',
        ),
        finds=Expected("F-2", "optional(bool, true)"),
        affects="INV-1",
    ),
    harmless(
        "boot: by a script that starts with the agent",
        Edit(CORE, '  startup_script = file("${path.module}/../scripts/templates/drupal-core/startup.sh")\n\n', ""),
        before(
            CORE,
            'resource "coder_app" "ddev-web" {',
            'resource "coder_script" "boot" {\n  agent_id     = coder_agent.main.id\n  display_name = "Boot"\n'
            "  run_on_start = true\n"
            '  script       = file("${path.module}/../scripts/templates/drupal-core/startup.sh")\n}\n\n',
        ),
    ),
)
