"""INV-1: workspace containers run under Sysbox, unprivileged."""

from tests.rules.containers import call, container, module
from tests.rules.harness import Case, Code

RULE = "INV-1"

_RUNTIME = """
variable "runtime" {
  default = "sysbox-runc"
}
"""
_MODULE = _RUNTIME + module(runtime="var.runtime")

_OPTIONS_ON_LINES = Code(
    container="""
        security_opts = [
          "apparmor:unconfined",
          "seccomp:unconfined",
        ]
    """
)

BAD = (
    Case("another runtime", container='runtime = "runc" # !INV-1', fixed='runtime = "sysbox-runc"'),
    Case("a runtime with a capital letter", container='runtime = "Sysbox-runc" # !INV-1'),
    Case("an empty runtime", container='runtime = "" # !INV-1', fixed='runtime = "sysbox-runc"'),
    Case("a runtime that is null", container="runtime = null # !INV-1", fixed='runtime = "sysbox-runc"'),
    Case(
        "a chain of locals",
        top="""
            locals {
              engine  = "runc" # !INV-1
              runtime = local.engine # >INV-1
            }
        """,
        container="runtime = local.runtime # >INV-1",
    ),
    Case(
        "the default of a variable",
        top="""
            variable "runtime" {
              default = "runsc" # !INV-1
            }
        """,
        container="runtime = var.runtime # >INV-1",
    ),
    Case(
        "a runtime put together in a string",
        top='locals { flavour = "kata" } # >INV-1',
        container='runtime = "${local.flavour}-runc" # !INV-1',
    ),
    Case(
        "one arm of a conditional",
        top="""
            data "coder_parameter" "fast" {
              name = "fast"
              type = "bool"
            }
        """,
        container='runtime = data.coder_parameter.fast.value ? "runc" : "sysbox-runc" # !INV-1',
    ),
    Case(
        "one of the options of the user",
        top="""
            data "coder_parameter" "runtime" {
              name = "runtime"
              option {
                name  = "Sysbox"
                value = "sysbox-runc"
              }
              option {
                name  = "Plain"
                value = "runc" # !INV-1
              }
            }
        """,
        container="runtime = data.coder_parameter.runtime.value",
    ),
    Case("a runtime that is removed", lacks={"runtime": "!INV-1"}),
    Case("privileged that is removed", lacks={"privileged": "!INV-1"}),
    Case("security options that are removed", lacks={"security_opts": "!INV-1"}),
    Case("privileged that is null", container="privileged = null # !INV-1", fixed="privileged = false"),
    Case("security options that are null", container="security_opts = null # !INV-1"),
    Case(
        "no security options",
        container="security_opts = [] # !INV-1",
        fixed='security_opts = ["apparmor:unconfined", "seccomp:unconfined"]',
    ),
    Case(
        "one security option less, on one line",
        container='security_opts = ["apparmor:unconfined"] # !INV-1',
        fixed='security_opts = ["apparmor:unconfined", "seccomp:unconfined"]',
    ),
    Case(
        "one security option less, on a line of its own",
        before=_OPTIONS_ON_LINES,
        container="""
            security_opts = [
              "apparmor:unconfined",
            ] # !INV-1
        """,
    ),
    Case(
        "the first security option less",
        before=_OPTIONS_ON_LINES,
        container="""
            security_opts = [
              "seccomp:unconfined", # !INV-1
            ]
        """,
    ),
    Case(
        "a security option that is commented out",
        before=_OPTIONS_ON_LINES,
        container="""
            security_opts = [
              "apparmor:unconfined",
              # "seccomp:unconfined", # !INV-1
            ]
        """,
    ),
    Case(
        "a security option with another profile",
        before=_OPTIONS_ON_LINES,
        container="""
            security_opts = [
              "apparmor:unconfined",
              "seccomp:default", # !INV-1
            ]
        """,
    ),
    Case(
        "a third security option",
        container='security_opts = ["apparmor:unconfined", "seccomp:unconfined", "label:disable"] # !INV-1 warning',
        fixed='security_opts = ["apparmor:unconfined", "seccomp:unconfined"]',
    ),
    Case(
        "a security option that takes sudo away",
        container='security_opts = ["apparmor:unconfined", "seccomp:unconfined", "no-new-privileges"] # !INV-1',
        fixed='security_opts = ["apparmor:unconfined", "seccomp:unconfined"]',
    ),
    Case(
        "a third security option on a line of its own",
        before=_OPTIONS_ON_LINES,
        container="""
            security_opts = [
              "apparmor:unconfined",
              "label:disable", # !INV-1 warning
              "seccomp:unconfined",
            ]
        """,
    ),
    Case(
        "security options in a local, one of them missing",
        top="""
            locals {
              hardening = ["seccomp:unconfined"] # !INV-1
            }
        """,
        container="security_opts = local.hardening # >INV-1",
    ),
    Case(
        "security options that a condition leaves out",
        top='variable "strict" { default = false }',
        container='security_opts = concat(["apparmor:unconfined"], var.strict ? [] : ["seccomp:unconfined"]) # !INV-1',
    ),
    Case(
        "security options by a for expression that drops one",
        top="locals { wanted = { apparmor = true, seccomp = false } }",
        container='security_opts = [for name, on in local.wanted : "${name}:unconfined" if on] # !INV-1',
    ),
    Case(
        "a container in a local module",
        moves_container=True,
        top=call('runtime = "runc" # !INV-1'),
        files={"modules/workspace/main.tf": _RUNTIME + module(runtime="var.runtime # >INV-1")},
    ),
    Case(
        "a module whose default is wrong",
        moves_container=True,
        top=call(),
        files={"modules/workspace/main.tf": _MODULE.replace('= "sysbox-runc"', '= "runc" # !INV-1')},
    ),
    Case(
        "an override file",
        files={
            "override.tf": """
                resource "docker_container" "workspace" {
                  runtime = "runc" # !INV-1
                }
            """
        },
    ),
    Case(
        "terraform.tfvars",
        before=Code(top='variable "runtime" { default = "sysbox-runc" }', container="runtime = var.runtime"),
        top='variable "runtime" { default = "sysbox-runc" }',
        container="runtime = var.runtime",
        files={"terraform.tfvars": 'runtime = "runc" # !INV-1'},
    ),
    Case(
        "a second container that runs the agent, with nothing of it",
        top=container("second", note=" # !INV-1", runtime="", privileged="", security_opts=""),
    ),
    Case(
        "containers for each of a map",
        moves_container=True,
        top=container(
            count="",
            for_each="""data.coder_workspace.me.start_count == 0 ? {} : {
              a = "sysbox-runc"
              b = "runc" # !INV-1
            }""",
            runtime="each.value",
        ),
    ),
    Case("Windows line ends", container='runtime = "runc" # !INV-1', newline="\r\n", fixed='runtime = "sysbox-runc"'),
    Case("removed, with Windows line ends", lacks={"runtime": "!INV-1"}, newline="\r\n"),
)

GOOD = (
    Case("the same value by a local", top='locals { runtime = "sysbox-runc" }', container="runtime = local.runtime"),
    Case(
        "the same value by functions",
        container='runtime = join("-", [lower("SYSBOX"), trimspace(" runc ")])',
    ),
    Case(
        "the same value in both arms",
        top='variable "x" { type = bool }',
        container='runtime = var.x ? "sysbox-runc" : format("sysbox-%s", "runc")',
    ),
    Case(
        "options in another order",
        container='security_opts = ["seccomp:unconfined", "apparmor:unconfined"]',
    ),
    Case(
        "options over several lines, with comments",
        container="""
            security_opts = [
              # the nested daemon needs both
              "apparmor:unconfined",
              "seccomp:unconfined", // no profile
            ]
        """,
    ),
    Case(
        "options with an equals sign, as Docker accepts them",
        container='security_opts = ["apparmor=unconfined", "seccomp=unconfined"]',
    ),
    Case(
        "options put together",
        top="""
            locals {
              unconfined = ["apparmor", "seccomp"]
            }
        """,
        container='security_opts = concat(formatlist("%s:unconfined", local.unconfined), [])',
    ),
    Case(
        "options by a for expression",
        container='security_opts = [for name in ["seccomp", "apparmor"] : "${name}:unconfined"]',
    ),
    Case(
        "options as a set",
        container='security_opts = toset(["apparmor:unconfined", "seccomp:unconfined", "seccomp:unconfined"])',
    ),
    Case(
        "a comment of another runtime",
        container="""
            # runtime = "runc" was before
            runtime = "sysbox-runc" # not "runc"
        """,
    ),
    Case(
        "a sidecar under another runtime",
        top="""
            resource "docker_container" "mirror" {
              image   = "registry:2"
              name    = "mirror"
              runtime = "runc"
            }
        """,
    ),
    Case(
        "the container moves to a local module",
        moves_container=True,
        top=call(),
        files={"modules/workspace/main.tf": _MODULE},
    ),
    Case(
        "a module whose default is wrong, and is not used",
        moves_container=True,
        top=call('runtime = "sysbox-runc"'),
        files={"modules/workspace/main.tf": _MODULE.replace('= "sysbox-runc"', '= "runc"')},
    ),
    Case(
        "a runtime in the boot script",
        boot='echo "runtime = runc"',
    ),
)

UNDECIDED = (
    Case(
        "a runtime that is set at push",
        top='variable "runtime" { type = string }',
        container="runtime = var.runtime # ?INV-1",
    ),
    Case(
        "a runtime that the user enters",
        top="""
            data "coder_parameter" "runtime" {
              name = "runtime"
            }
        """,
        container='runtime = "${data.coder_parameter.runtime.value}-runc" # ?INV-1',
    ),
    Case(
        "options that are set at push",
        top='variable "options" { type = list(string) }',
        container="security_opts = var.options # ?INV-1",
    ),
    Case(
        "options of which one is set at push",
        top='variable "option" { type = string }',
        container='security_opts = ["apparmor:unconfined", var.option] # ?INV-1',
    ),
)
