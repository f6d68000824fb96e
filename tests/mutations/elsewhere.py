"""Mutations outside of the governed code, of the free template, and of whole templates."""

from __future__ import annotations

from tests.mutations.harness import CONTRIB, CORE, MODULE, WEB, Edit, Mutation, after, before, harmless, untouched

FREEFORM = "freeform/template.tf"

MUTATIONS: tuple[Mutation, ...] = (
    untouched(
        "docs: a new page", Edit("docs/usage.md", "", "# Usage\n\n`privileged = true` and `set -e` are forbidden.\n")
    ),
    untouched("docs: the repository's README", Edit("README.md", "A small repository", "A small, made-up repository")),
    untouched("freeform: privileged", Edit(FREEFORM, "privileged = false", "privileged = true")),
    untouched("freeform: another port", Edit(FREEFORM, "    external = 8080\n", "    external = 9090\n")),
    untouched(
        "freeform: the host's socket",
        after(
            FREEFORM,
            "    external = 8080\n  }\n",
            (
                "\n"
                "  volumes {\n"
                '    host_path      = "/var/run/docker.sock"\n'
                '    container_path = "/var/run/docker.sock"\n'
                "  }\n"
            ),
        ),
    ),
    untouched(
        "freeform: its boot",
        Edit(
            FREEFORM,
            "    sudo dockerd > /tmp/dockerd.log 2>&1 &\n",
            "    set -e\n    sudo systemctl start docker\n    cp /etc/skel/.bashrc ~/.bashrc\n",
        ),
    ),
    untouched(
        "workflow: a check in CI",
        Edit(
            ".github/workflows/check.yml",
            "",
            (
                "on: push\n"
                "jobs:\n"
                "  fmt:\n"
                "    runs-on: ubuntu-24.04\n"
                "    steps:\n"
                "      - run: terraform fmt -check -recursive\n"
            ),
        ),
    ),
    untouched(
        "tests: a script that is nobody's boot",
        Edit(
            "tests/smoke.sh",
            "",
            "#!/bin/bash\nset -euo pipefail\nsudo systemctl start docker\ncp /etc/skel/.bashrc ~/.bashrc\n",
        ),
    ),
    untouched(
        "host: a script for the Coder host",
        Edit("host/setup.sh", "", "#!/bin/bash\nset -e\nusermod -u 1000 coder\nsystemctl enable --now docker\n"),
    ),
    harmless(
        "template: a README of its own",
        Edit("drupal-core/variables.tf", "", 'variable "unused" {\n  type    = string\n  default = ""\n}\n'),
    ),
    harmless(
        "template: its variables move to another file",
        Edit(
            CORE,
            (
                'variable "docker_gid" {\n'
                '  description = "Numeric id of the docker group on the host"\n'
                "  type        = number\n"
                "  default     = 988\n"
                "}\n\n"
            ),
            "",
        ),
        Edit(
            "drupal-core/variables.tf",
            "",
            (
                'variable "docker_gid" {\n'
                '  description = "Numeric id of the docker group on the host"\n'
                "  type        = number\n"
                "  default     = 988\n"
                "}\n"
            ),
        ),
    ),
    harmless(
        "template: an output",
        before(
            CONTRIB,
            'resource "coder_app" "ddev-web" {',
            'output "image" {\n  value = docker_image.workspace.name\n}\n\n',
        ),
    ),
    harmless(
        "module: a variable more",
        before(MODULE, 'output "startup_script" {', 'variable "unused" {\n  type    = bool\n  default = false\n}\n\n'),
    ),
    harmless("template: a provider's version", Edit(WEB, 'version = "~> 3.0"', 'version = "~> 3.6"')),
)
