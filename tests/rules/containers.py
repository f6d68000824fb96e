"""Whole workspace containers for cases that bring their own: right in all that the contract asks, but for changes."""

from __future__ import annotations

_RIGHT = {
    "count": "data.coder_workspace.me.start_count",
    "image": '"registry.example.org/workspaces/web:v2.3"',
    "name": '"coder-${data.coder_workspace.me.id}"',
    "user": '"coder"',
    "group_add": "[tostring(var.docker_gid)]",
    "runtime": '"sysbox-runc"',
    "privileged": "false",
    "security_opts": '["apparmor:unconfined", "seccomp:unconfined"]',
    "stop_signal": '"SIGINT"',
    "stop_timeout": "180",
    "destroy_grace_seconds": "60",
    "command": '["sh", "-c", coder_agent.main.init_script]',
}

_STORAGE = """
  volumes {
    container_path = "/home/coder"
    host_path      = local.host_home
    read_only      = false
  }

  mounts {
    type   = "volume"
    source = docker_volume.dind_cache.name
    target = "/var/lib/docker"
  }
"""

_INPUTS = {
    "data.coder_workspace.me.start_count": "start_count",
    "data.coder_workspace.me.id": "id",
    "coder_agent.main.init_script": "init_script",
    "var.docker_gid": "docker_gid",
    "local.host_home": "host_home",
    "docker_volume.dind_cache.name": "volume",
}
"""What a container takes from the template, and what it is called inside a module."""


def container(name: str = "workspace", *, more: str = "", note: str = "", **changes: str) -> str:
    """A container of the template. `changes` set attributes, `more` is more code in it, `note` marks its first line."""
    lines = [f"  {attribute} = {value}" for attribute, value in {**_RIGHT, **changes}.items() if value]
    return f'resource "docker_container" "{name}" {{{note}\n' + "\n".join(lines) + "\n" + _STORAGE + more + "\n}\n"


def module(*, more: str = "", **changes: str) -> str:
    """A module that has the container and takes from its caller what `call` gives."""
    text = container(more=more, **changes)
    for outside, inside in _INPUTS.items():
        text = text.replace(outside, f"var.{inside}")
    return "".join(f'variable "{inside}" {{}}\n' for inside in _INPUTS.values()) + text


def call(more: str = "") -> str:
    """A call of that module in ``modules/workspace``."""
    inputs = "\n".join(f"  {inside} = {outside}" for outside, inside in _INPUTS.items())
    return f'module "workspace" {{\n  source = "./modules/workspace"\n{inputs}\n{more}\n}}\n'
