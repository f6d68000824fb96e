"""F-6: the workspace container publishes no ports on the host."""

from tests.rules.containers import call, module
from tests.rules.harness import Case, Code

RULE = "F-6"

BAD = (
    Case(
        "a ports block",
        container="""
            ports { # !F-6
              internal = 80
              external = 8080
            }
        """,
        fixed="",
    ),
    Case(
        "a ports block without a fixed port of the host",
        container="""
            ports { # !F-6
              internal = 80
            }
        """,
        fixed="",
    ),
    Case(
        "a ports block on loopback",
        container="""
            ports { # !F-6
              internal = 22
              external = 2222
              ip       = "127.0.0.1"
              protocol = "tcp"
            }
        """,
    ),
    Case(
        "a block on one line",
        container="ports { internal = 80 } # !F-6",
        fixed="",
    ),
    Case(
        "two blocks",
        container="""
            ports { # !F-6
              internal = 80
              external = 80
            }

            ports { # !F-6
              internal = 443
              external = 443
            }
        """,
    ),
    Case(
        "a second block where one was",
        before=Code(
            container="""
                ports {
                  internal = 80
                  external = 80
                }
            """
        ),
        container="""
            ports { # =F-6
              internal = 80
              external = 80
            }
            ports { # !F-6
              internal = 443
              external = 443
            }
        """,
    ),
    Case(
        "a dynamic block over a list",
        container="""
            dynamic "ports" { # !F-6
              for_each = [80]
              content {
                internal = ports.value
                external = ports.value
              }
            }
        """,
    ),
    Case(
        "a dynamic block over objects in a local",
        top="""
            locals {
              published = {
                web  = { inside = 80, outside = 8080 }
                mail = { inside = 8025, outside = 8025 }
              }
            }
        """,
        container="""
            dynamic "ports" { # !F-6
              for_each = local.published # >F-6
              iterator = port
              content {
                internal = port.value.inside
                external = port.value.outside
              }
            }
        """,
    ),
    Case(
        "a dynamic block over what a for expression leaves",
        top="""
            locals {
              services = [{ port = 80, open = true }, { port = 3306, open = false }]
            }
        """,
        container="""
            dynamic "ports" { # !F-6
              for_each = { for s in local.services : s.port => s if s.open }
              content {
                internal = ports.key
              }
            }
        """,
    ),
    Case(
        "a dynamic block over a range",
        container="""
            dynamic "ports" { # !F-6
              for_each = toset(formatlist("%d", range(8000, 8002)))
              content {
                internal = ports.value
              }
            }
        """,
    ),
    Case(
        "a dynamic block that the user can tick",
        top="""
            data "coder_parameter" "open" {
              name = "open"
              type = "bool"
            }
        """,
        container="""
            dynamic "ports" { # !F-6
              for_each = data.coder_parameter.open.value ? [80] : []
              content {
                internal = ports.value
              }
            }
        """,
    ),
    Case(
        "a dynamic block over the default of a variable",
        top="""
            variable "published" {
              type    = list(number)
              default = [8080] # >F-6
            }
        """,
        container="""
            dynamic "ports" { # !F-6
              for_each = var.published
              content {
                internal = ports.value
              }
            }
        """,
    ),
    Case(
        "a dynamic block over a list that is empty by default",
        top="""
            variable "published" {
              type    = list(number)
              default = []
            }
        """,
        container="""
            dynamic "ports" { # !F-6 warning
              for_each = var.published
              content {
                internal = ports.value
              }
            }
        """,
    ),
    Case(
        "a dynamic block over a map that is empty by default, put together with another",
        top="""
            variable "published" {
              default = {}
            }
        """,
        container="""
            dynamic "ports" { # !F-6 warning
              for_each = merge(var.published, {})
              content {
                internal = ports.value
              }
            }
        """,
    ),
    Case(
        "a dynamic block with a switch that is off by default",
        top="""
            variable "publish" {
              type    = bool
              default = false
            }
        """,
        container="""
            dynamic "ports" { # !F-6
              for_each = var.publish ? [80] : []
              content {
                internal = ports.value
              }
            }
        """,
    ),
    Case(
        "every port that the image exposes",
        container="publish_all_ports = true # !F-6",
        fixed="publish_all_ports = false",
    ),
    Case(
        "every port, by a local",
        top="""
            locals {
              open = !false # !F-6
            }
        """,
        container="publish_all_ports = local.open # >F-6",
        fixed="publish_all_ports = false",
    ),
    Case(
        "every port, if a variable is set",
        top='variable "open" { default = false }',
        container="publish_all_ports = var.open # !F-6 warning",
        fixed="publish_all_ports = false",
    ),
    Case(
        "the network of the host",
        container='network_mode = "host" # !F-6 warning',
    ),
    Case(
        "the network of the host in one arm",
        top="""
            data "coder_parameter" "fast" {
              name = "fast"
              type = "bool"
            }
        """,
        container='network_mode = data.coder_parameter.fast.value ? "host" : "bridge" # !F-6 warning',
    ),
    Case(
        "the network of the host, by its name",
        container="""
            networks_advanced {
              name = "host" # !F-6 warning
            }
        """,
    ),
    Case(
        "the container in a local module",
        moves_container=True,
        top=call("published = [8080] # >F-6"),
        files={
            "modules/workspace/main.tf": 'variable "published" { default = [] }\n'
            + module(
                more="""
                dynamic "ports" { # !F-6
                  for_each = var.published
                  content {
                    internal = ports.value
                  }
                }
                """
            )
        },
    ),
    Case(
        "an override file",
        files={
            "override.tf": """
                resource "docker_container" "workspace" {
                  ports { # !F-6
                    internal = 80
                    external = 8080
                  }
                }
            """
        },
    ),
    Case(
        "terraform.tfvars fills a list that was empty",
        before=Code(
            top='variable "published" { default = [] }',
            container="""
                dynamic "ports" {
                  for_each = concat([], [])
                  content {
                    internal = ports.value
                  }
                }
            """,
        ),
        top='variable "published" { default = [] }',
        container="""
            dynamic "ports" {
              for_each = var.published # !F-6
              content {
                internal = ports.value
              }
            }
        """,
        files={"terraform.tfvars": "published = [80] # >F-6"},
    ),
    Case(
        "Windows line ends",
        container="""
            ports { # !F-6
              internal = 80
            }
        """,
        newline="\r\n",
        fixed="",
    ),
)

GOOD = (
    Case(
        "a block for a name that is surely none",
        container="""
            dynamic "ports" {
              for_each = [for name in ["site-${local.slug}"] : name if name == null || name == ""]
              content {
                internal = 80
              }
            }
        """,
    ),
    Case(
        "an app in the dashboard",
        top="""
            resource "coder_app" "mail" {
              agent_id  = coder_agent.main.id
              slug      = "mail"
              url       = "http://localhost:8025"
              subdomain = true
            }
        """,
    ),
    Case(
        "a block that is commented out",
        container="""
            # ports {
            #   internal = 80
            #   external = 8080
            # }
            /* ports { internal = 443 } */
        """,
    ),
    Case(
        "a dynamic block over nothing",
        container="""
            dynamic "ports" {
              for_each = []
              content {
                internal = ports.value
              }
            }
        """,
    ),
    Case(
        "a dynamic block whose filter leaves nothing",
        top="locals { services = [{ port = 80, open = false }] }",
        container="""
            dynamic "ports" {
              for_each = [for s in local.services : s.port if s.open]
              content {
                internal = ports.value
              }
            }
        """,
    ),
    Case("no ports published", container="publish_all_ports = false"),
    Case("a network of its own", container='network_mode = "bridge"'),
    Case(
        "a network by name",
        container="""
            networks_advanced {
              name    = "workspaces"
              aliases = ["host"]
            }
        """,
    ),
    Case(
        "a network that the template makes",
        top="""
            resource "docker_network" "own" {
              name_prefix = "workspace"
            }
        """,
        container="""
            networks_advanced {
              name = docker_network.own.id
            }
        """,
    ),
    Case(
        "a sidecar with a port",
        top="""
            resource "docker_container" "mirror" {
              image = "registry:2"
              name  = "mirror"
              ports {
                internal = 5000
                external = 5000
              }
            }
        """,
    ),
    Case(
        "ports of DDEV, in a file that the boot script writes",
        boot="""
            if [ ! -f /home/coder/.cache/compose.yaml ]; then
              printf 'services:\\n  web:\\n    ports:\\n      - "8080:80"\\n' > /home/coder/.cache/compose.yaml
            fi
            docker run -d -p 8080:80 nginx
        """,
    ),
    Case(
        "ports in a manifest of another system",
        top="""
            resource "kubernetes_service" "web" {
              spec {
                port {
                  port = 80
                }
              }
            }
            locals {
              compose = <<-YAML
                services:
                  web:
                    ports: ["8080:80"]
              YAML
            }
        """,
    ),
    Case(
        "an attribute and a local of that name",
        top="""
            locals {
              ports = { web = 80 }
            }
            output "ports" {
              value = local.ports
            }
        """,
    ),
    Case("a description", top='variable "web" { description = "ports { internal = 80 }" }'),
    Case(
        "a provisioner that publishes nothing",
        top="""
            resource "null_resource" "helper" {
              provisioner "local-exec" {
                command = "docker run --rm helper -p 8080:80; mkdir -p /srv/x; docker port workspace"
              }
            }
        """,
    ),
)

UNDECIDED = (
    Case(
        "a dynamic block over what is set at push",
        top='variable "published" { type = list(number) }',
        container="""
            dynamic "ports" { # ?F-6
              for_each = var.published
              content {
                internal = ports.value
              }
            }
        """,
    ),
    Case(
        "a dynamic block over what the user enters",
        top="""
            data "coder_parameter" "ports" {
              name = "ports"
            }
        """,
        container="""
            dynamic "ports" { # ?F-6
              for_each = jsondecode(data.coder_parameter.ports.value)
              content {
                internal = ports.value
              }
            }
        """,
    ),
    Case(
        "a switch that is set at push",
        top='variable "open" { type = bool }',
        container="publish_all_ports = var.open # ?F-6",
    ),
    Case(
        "a network that is set at push",
        top='variable "network" { type = string }',
        container="network_mode = var.network # ?F-6",
    ),
)
