"""Mutations of how the site is reached, of what reads a heredoc's text, and of further scripts of the agent."""

from __future__ import annotations

from tests.mutations.harness import CONTRIB, WEB, Edit, Expected, Mutation, before, harmful, harmless

CORE_SHUTDOWN = "scripts/shared/shutdown.sh"

_APP = '  url          = "http://localhost:80"\n  subdomain    = true\n'
_HEALTH = '  healthcheck {\n    url       = "http://localhost:80"\n    interval  = 10\n    threshold = 30\n  }\n'
_SCRIPT = 'resource "coder_script" "ddev_shutdown" {'


def script(text: str, name: str = "tools") -> Edit:
    return before(
        WEB,
        _SCRIPT,
        f'resource "coder_script" "{name}" {{\n  agent_id     = coder_agent.main.id\n  display_name = "Tools"\n'
        f"  run_on_start = true\n  script       = <<-EOT\n{text}  EOT\n}}\n\n",
    )


MUTATIONS: tuple[Mutation, ...] = (
    harmful(
        "app: another port",
        Edit(WEB, _APP, _APP.replace(":80", ":8080")),
        finds=Expected("INV-7", 'url          = "http://localhost:8080"'),
        affects="INV-7",
    ),
    harmful(
        "app: under a path",
        Edit(WEB, _APP, _APP.replace("true", "false")),
        finds=Expected("INV-7", "subdomain    = false"),
        affects="INV-7",
    ),
    harmful(
        "app: no healthcheck",
        Edit(WEB, "\n" + _HEALTH, ""),
        finds=Expected("INV-7", "  order        = 1\n}"),
        affects="INV-7",
    ),
    harmful(
        "app: a healthcheck of another port",
        Edit(WEB, _HEALTH, _HEALTH.replace(":80", ":8025")),
        finds=Expected("INV-7", 'url       = "http://localhost:8025"'),
        affects="INV-7",
    ),
    harmful(
        "router: not left out",
        Edit(WEB, "ddev config global --omit-containers=ddev-router --inst", "ddev config global --inst"),
        finds=Expected("INV-7", "ddev config global --instrumentation"),
        affects="INV-7",
    ),
    harmful(
        "router: let in again",
        before(CONTRIB, "    mkdir -p /home/coder/projects\n", '    ddev config global --omit-containers=""\n'),
        finds=Expected("INV-7", '--omit-containers=""'),
        affects="INV-7",
    ),
    harmless(
        "app: the address put together",
        Edit(WEB, _APP, _APP.replace('"http://localhost:80"', 'format("http://%s:%d", "localhost", 80)')),
    ),
    harmless("app: its order", Edit(WEB, "  order        = 1\n", "  order        = 2\n")),
    harmless(
        "app: one for mail besides",
        before(
            WEB,
            'module "code" {',
            'resource "coder_app" "mail" {\n  agent_id = coder_agent.main.id\n  slug     = "mail"\n'
            '  url      = "http://localhost:8025"\n}\n\n',
        ),
        affects="INV-7",
    ),
    harmless(
        "app: the healthcheck asks more often", Edit(WEB, _HEALTH, _HEALTH.replace("= 10", "= 5")), affects="INV-7"
    ),
    harmless(
        "router: left out with another container",
        Edit(WEB, "--omit-containers=ddev-router", "--omit-containers=ddev-router,ddev-ssh-agent"),
        affects="INV-7",
    ),
    # what Terraform and bash take out of a text
    harmful(
        "text: a length that Terraform would take",
        before(CONTRIB, "    mkdir -p /home/coder/projects\n", '    [ "${#PROJECT}" -gt 0 ] && echo named\n'),
        finds=Expected("W-1", "${#PROJECT}", "warning"),
    ),
    harmful(
        "text: a default that Terraform would take",
        before(CONTRIB, "    mkdir -p /home/coder/projects\n", '    echo "${PROJECT:-none}"\n'),
        finds=Expected("W-1", "${PROJECT:-none}", "warning"),
    ),
    Mutation(
        name="text: a line at the margin of an indented heredoc",
        edits=(before(CONTRIB, "    mkdir -p /home/coder/projects\n", "# folders\n"),),
        finds=(Expected("W-2", "# folders", "warning"),),
        breaks=True,
        must_find=True,
    ),
    harmless(
        "text: escaped, in braces",
        before(CONTRIB, "    mkdir -p /home/coder/projects\n", '    echo "$${PROJECT:-none}"\n'),
    ),
    harmless(
        "text: a value of Terraform",
        before(CONTRIB, "    mkdir -p /home/coder/projects\n", '    echo "${local.owner}"\n'),
    ),
    harmless(
        "text: a line at the margin where all is at the margin",
        before(WEB, "    # --- extras, none of which", "# extras\n"),
    ),
    # further scripts of the agent
    harmful(
        "script: numbers in a coder_script",
        script("    #!/bin/bash\n    sudo install -d -o 1000 -g 1000 /srv/tools\n"),
        finds=Expected("F-3", "sudo install -d -o 1000"),
    ),
    harmful(
        "script: systemctl in a coder_script",
        script("    sudo systemctl restart docker\n"),
        finds=Expected("F-9", "systemctl restart docker"),
    ),
    harmful(
        "script: the transport in a coder_script",
        script("    echo \"export GIT_SSH_COMMAND='coder gitssh --'\" >> ~/.profile\n"),
        finds=Expected("F-4", "GIT_SSH_COMMAND='coder"),
    ),
    harmful(
        "script: the stop does not look for the socket",
        Edit(CORE_SHUTDOWN, "if [ -S /var/run/docker.sock ]; then\n  timeout", "if true; then\n  timeout"),
        finds=Expected("INV-8", "timeout 150 ddev poweroff"),
        affects="INV-8",
    ),
    harmless("script: strict in a coder_script", script("    #!/bin/bash\n    set -euo pipefail\n    coder version\n")),
    harmless(
        "script: the stop looks in another way",
        Edit(CORE_SHUTDOWN, "if [ -S /var/run/docker.sock ]; then\n", "if test -S /var/run/docker.sock; then\n"),
    ),
    harmless(
        "script: the stop takes less time",
        Edit(CORE_SHUTDOWN, "timeout 150 ddev poweroff", "timeout 120 ddev poweroff"),
        affects="INV-8",
    ),
)
