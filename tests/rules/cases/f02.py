"""F-2: the workspace container is not privileged."""

from tests.rules.containers import call, container, module
from tests.rules.harness import Case, Code

RULE = "F-2"

_TRUSTED = """
variable "trusted" {
  type    = bool
  default = false
}
"""
_MODULE = _TRUSTED + module(privileged="var.trusted")

BAD = (
    Case(
        "the literal",
        container="privileged = true # !F-2",
        fixed="privileged = false",
    ),
    Case(
        "the word as a string",
        container='privileged = "true" # !F-2',
        fixed="privileged = false",
    ),
    Case(
        "a chain of locals",
        top="""
            locals {
              elevated = true # !F-2
              debug    = local.elevated # >F-2
            }
        """,
        container="privileged = local.debug # >F-2",
    ),
    Case(
        "the default of a variable",
        top="""
            variable "elevated" {
              type    = bool
              default = true # !F-2
            }
        """,
        container="privileged = var.elevated # >F-2",
    ),
    Case(
        "a variable that is false unless it is set",
        top="""
            variable "elevated" {
              type    = bool
              default = false
            }
        """,
        container="privileged = var.elevated # !F-2 warning",
        fixed="privileged = false",
    ),
    Case(
        "a variable that is asked in a condition",
        top="""
            variable "mode" {
              default = "safe"
            }
        """,
        container='privileged = var.mode == "debug" # !F-2 warning',
    ),
    Case(
        "one arm of a conditional that a variable decides",
        top="""
            variable "mode" {
              default = "safe"
            }
        """,
        container='privileged = var.mode == "debug" ? true : false # !F-2',
    ),
    Case(
        "what the user of the workspace can tick",
        top="""
            data "coder_parameter" "debug" { # !F-2
              name    = "debug"
              type    = "bool"
              default = "false"
            }
        """,
        container="privileged = data.coder_parameter.debug.value",
    ),
    Case(
        "one option of what the user can choose, compared",
        top="""
            data "coder_parameter" "mode" {
              name = "mode"
              option {
                name  = "Usual"
                value = "usual"
              }
              option {
                name  = "Debug"
                value = "debug"
              }
            }
        """,
        container='privileged = data.coder_parameter.mode.value == "debug" # !F-2',
    ),
    Case(
        "a table of modes",
        top="""
            locals {
              modes = {
                usual = { privileged = "false" }
                debug = { privileged = "true" } # !F-2
              }
            }
        """,
        container='privileged = tobool(lookup(local.modes["debug"], "privileged", "false"))',
    ),
    Case(
        "a key of a table that is not known",
        top="""
            data "coder_parameter" "mode" {
              name = "mode"
            }
            locals {
              modes = {
                usual = false
                debug = true # !F-2
              }
            }
        """,
        container="privileged = local.modes[data.coder_parameter.mode.value]",
    ),
    Case(
        "a double negation",
        container="privileged = !(1 > 2) # !F-2",
        fixed="privileged = false",
    ),
    Case(
        "or with something unknown",
        top='variable "x" { type = bool }',
        container="privileged = var.x || length([1]) > 0 # !F-2",
    ),
    Case(
        "contains, on a list that the template has",
        top="""
            locals {
              features = concat(["gpu"], ["debug"])
            }
        """,
        container='privileged = contains(local.features, "debug") # !F-2',
    ),
    Case(
        "jsondecode of a file",
        files={"settings.json": '{ "container": { "privileged": true } }'},
        container='privileged = jsondecode(file("${path.module}/settings.json")).container.privileged # !F-2',
    ),
    Case(
        "try with an attribute that is not there",
        top="""
            locals {
              settings = { name = "x" }
            }
        """,
        container="privileged = try(local.settings.privileged, true) # !F-2",
    ),
    Case(
        "merged defaults",
        top="""
            locals {
              defaults = { privileged = false }
              changes = {
                privileged = true # !F-2
              }
            }
        """,
        container="privileged = merge(local.defaults, local.changes).privileged",
    ),
    Case(
        "any of a for expression",
        top="""
            locals {
              users = [{ name = "a", root = false }, { name = "b", root = true }]
            }
        """,
        container="privileged = anytrue([for user in local.users : user.root]) # !F-2",
    ),
    Case(
        "the container in a local module, the value from its caller",
        moves_container=True,
        top=call("trusted = true # !F-2"),
        files={"modules/workspace/main.tf": _TRUSTED + module(privileged="var.trusted # >F-2")},
    ),
    Case(
        "the container in a local module, the value from the module's default",
        moves_container=True,
        top=call(),
        files={"modules/workspace/main.tf": _MODULE.replace("default = false", "default = true # !F-2")},
    ),
    Case(
        "the container in a module behind a link",
        moves_container=True,
        top=call(),
        files={"../shared/modules/workspace/main.tf": _TRUSTED + module(privileged="!var.trusted # !F-2")},
        links={"modules/workspace": "../../shared/modules/workspace"},
    ),
    Case(
        "the output of a local module",
        top="""
            module "mode" {
              source = "./mode"
              name   = "debug"
            }
        """,
        files={
            "mode/main.tf": """
                variable "name" {}
                output "privileged" {
                  value = var.name == "debug" # !F-2
                }
            """
        },
        container="privileged = module.mode.privileged # >F-2",
    ),
    Case(
        "an override file",
        files={
            "container_override.tf": """
                resource "docker_container" "workspace" {
                  privileged = true # !F-2
                }
            """
        },
    ),
    Case(
        "terraform.tfvars",
        before=Code(top='variable "elevated" { default = false }'),
        top='variable "elevated" { default = false }',
        container="privileged = var.elevated",
        files={"terraform.tfvars": "elevated = true # !F-2"},
    ),
    Case(
        "a container for each of a map of objects",
        moves_container=True,
        top="""
locals {
  containers = {
    main = { privileged = false }
    more = { privileged = true } # !F-2
  }
}
"""
        + container(
            count="",
            for_each="data.coder_workspace.me.start_count > 0 ? local.containers : {}",
            privileged="each.value.privileged",
        ),
    ),
    Case(
        "the instances of a count",
        moves_container=True,
        top=container(
            count="2 * data.coder_workspace.me.start_count",
            privileged="[false, true][count.index] # !F-2",
        ),
    ),
    Case(
        "an attribute over several lines",
        container="""
            privileged = (
              1 == 1
              ? true # !F-2
              : false
            )
        """,
    ),
    Case(
        "docker run in a program that a data source asks, by a shell",
        top="""
            data "external" "helper" {
              program = ["bash", "-c", "docker run --privileged helper >&2; echo {}"] # !F-2
            }
        """,
    ),
    Case(
        "docker run as the program that a data source asks",
        top="""
            data "external" "helper" {
              program = ["docker", "run", "--privileged", "helper"] # !F-2
            }
        """,
    ),
    Case(
        "docker run in a provisioner",
        top="""
            resource "null_resource" "helper" {
              provisioner "local-exec" {
                command = "docker run --rm --privileged=true helper" # !F-2
              }
            }
        """,
    ),
    Case(
        "docker run in a provisioner, over several lines",
        top="""
            resource "null_resource" "helper" {
              provisioner "local-exec" {
                command = <<-EOC
                  set -e
                  if ! docker inspect helper > /dev/null; then
                    docker --context host container run \\
                      --detach \\
                      --privileged \\ # !F-2
                      helper
                  fi
                EOC
              }
            }
        """,
    ),
    Case(
        "Windows line ends",
        container="privileged = true # !F-2",
        newline="\r\n",
        fixed="privileged = false",
    ),
    Case(
        "no newline at the end of the file",
        top="locals { elevated = true } # !F-2",
        container="privileged = local.elevated",
        final_newline=False,
    ),
)

GOOD = (
    Case("written with blanks", container="privileged   =   false"),
    Case("the word false as a string", container='privileged = "false"'),
    Case("a local that is false", top="locals { elevated = false }", container="privileged = local.elevated"),
    Case(
        "a comment",
        container="""
            # privileged = true would be wrong
            /* privileged = true */
            privileged = false // not true
        """,
    ),
    Case(
        "descriptions and unused values",
        top="""
            variable "hint" {
              description = "Set privileged = true and you are out."
              default     = true
            }
            locals {
              privileged = true
            }
        """,
    ),
    Case(
        "an attribute of that name elsewhere",
        top="""
            resource "docker_container" "proxy" {
              image      = "traefik:3"
              name       = "proxy"
              privileged = true
            }
        """,
    ),
    Case(
        "a condition that cannot hold",
        top="locals { debug = false }",
        container='privileged = local.debug && var.docker_gid > 0 ? true : lower("FALSE")',
    ),
    Case(
        "and with false",
        top='variable "x" { type = bool }',
        container="privileged = var.x && false",
    ),
    Case(
        "a privileged container inside the workspace",
        boot="""
            docker run --rm --privileged tonistiigi/binfmt --install all
            docker exec --privileged web id
        """,
    ),
    Case(
        "DDEV's own container, in a file that the boot script writes",
        boot="""
            if [ ! -f /home/coder/.cache/docker-compose.extra.yaml ]; then
              printf 'services:\\n  web:\\n    privileged: true\\n' > /home/coder/.cache/docker-compose.extra.yaml
            fi
        """,
    ),
    Case(
        "programs that a data source asks and that run none",
        top="""
            data "external" "none" {
              program = ["python3", "-c", "import json; print(json.dumps({'a': 'docker run --privileged'}))"]
            }

            data "external" "helper" {
              program = ["bash", "-c", "docker inspect helper"]
            }
        """,
    ),
    Case(
        "a provisioner that only speaks of it",
        top="""
            resource "null_resource" "notice" {
              provisioner "local-exec" {
                command = "echo 'docker run --privileged is not allowed'; docker exec --privileged helper id"
              }
            }
        """,
    ),
    Case(
        "a module that is never called",
        files={"modules/workspace/main.tf": _MODULE.replace("default = false", "default = true")},
    ),
    Case(
        "the value from a caller that says false",
        moves_container=True,
        top=call("trusted = false"),
        files={"modules/workspace/main.tf": _MODULE.replace("default = false", "default = true")},
    ),
    Case(
        "a file that Terraform does not read",
        top="# see old.tf.bak",
        files={"old.tf.bak": 'resource "docker_container" "workspace" {\n  privileged = true\n}'},
    ),
    Case(
        "an override file of another container",
        files={"override.tf": 'resource "docker_container" "other" {\n  privileged = true\n}'},
    ),
)

UNDECIDED = (
    Case(
        "a variable without a default",
        top='variable "elevated" { type = bool }',
        container="privileged = var.elevated # ?F-2",
    ),
    Case(
        "the answer of a program",
        top="""
            data "external" "policy" {
              program = ["policy"]
            }
        """,
        container="privileged = tobool(data.external.policy.result.privileged) # ?F-2",
    ),
    Case(
        "the output of a module outside the repository",
        top="""
            module "policy" {
              source = "git::https://git.example.org/policy.git"
            }
        """,
        container="privileged = module.policy.privileged # ?F-2",
    ),
    Case(
        "a function that is not evaluated",
        container='privileged = sha256("x") == uuid() # ?F-2',
    ),
)
