"""INV-2: the workspace runs as the user coder, in the image and in Terraform."""

from tests.rules.containers import call, module
from tests.rules.harness import Case, Code

RULE = "INV-2"

_HOME = '"/home/coder"'
_ID = "    CODER_WORKSPACE_ID          = data.coder_workspace.me.id\n"
_FULL_HOME = "    HOME                        = local.workspace_home\n"
_ENV = '"/home/coder"\n    CODER_WORKSPACE_ID'
_RENAME = """
RUN usermod --login coder --home /home/coder --move-home ubuntu && \\
    groupmod --new-name coder ubuntu
"""
_SUDO = """
RUN echo 'coder ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/coder && \\
    echo 'Defaults env_keep += "DEBIAN_FRONTEND"' >> /etc/sudoers.d/coder && \\
    chmod 0440 /etc/sudoers.d/coder
"""
_DOCKERFILE = "../image/Dockerfile"


def _image(user: str = _RENAME, base: str = "FROM ubuntu:24.04", end: str = "USER coder") -> Code:
    return Code(files={_DOCKERFILE: f"{base}\n{user}{_SUDO}\nCOPY scripts /home/coder-files\n{end}\n"})


def _case(name: str, code: Code, *, fixed: str | None = None) -> Case:
    return Case(name, before=_image(), files=code.files)


BAD = (
    Case(
        "another home by coder_env",
        top="""
            resource "coder_env" "home" {
              agent_id = coder_agent.main.id
              name     = "HOME"
              value    = "/root" # !INV-2
            }
        """,
    ),
    Case(
        "another home in the container's env",
        container='env = ["CODER_AGENT_TOKEN=${coder_agent.main.token}", "HOME=/root"] # !INV-2',
    ),
    Case("root", container='user = "root" # !INV-2', fixed='user = "coder"'),
    Case("another user", container='user = "ubuntu" # !INV-2', fixed='user = "coder"'),
    Case("root with coder's group", container='user = "root:coder" # !INV-2'),
    Case("a capital letter", container='user = "Coder" # !INV-2'),
    Case("an empty name", container='user = "" # !INV-2'),
    Case("no user", lacks={"user": "!INV-2"}),
    Case("a user that is null", container="user = null # !INV-2"),
    Case(
        "one of two users",
        top='data "coder_parameter" "admin" {\n  name = "admin"\n  type = "bool"\n}',
        container='user = data.coder_parameter.admin.value ? "root" : "coder" # !INV-2',
    ),
    Case(
        "the default of a variable by way of a local",
        top="""
            variable "account" {
              default = "developer" # !INV-2
            }
            locals { account = var.account } # >INV-2
        """,
        container="user = local.account # >INV-2",
    ),
    Case(
        "root by the default of a variable",
        top='variable "uid" {\n  default = "0" # !INV-2\n}',
        container="user = var.uid",
    ),
    Case("no group", lacks={"group_add": "!INV-2"}),
    Case(
        "groups that a variable of another name has",
        top='variable "groups" {\n  default = ["988"] # !INV-2\n}',
        container="group_add = var.groups",
    ),
    Case(
        "groups out of terraform.tfvars",
        top='variable "groups" {}',
        container="group_add = var.groups",
        files={"terraform.tfvars": 'groups = ["988"] # !INV-2'},
    ),
    Case(
        "a group by name in a module",
        moves_container=True,
        top=call(),
        files={"modules/workspace/main.tf": module(group_add='["docker"] # !INV-2')},
    ),
    Case("no groups in the list", container="group_add = [] # !INV-2"),
    Case(
        "a group by name", container='group_add = ["docker"] # !INV-2', fixed="group_add = [tostring(var.docker_gid)]"
    ),
    Case(
        "another variable",
        top='variable "gid" {\n  type = number\n  default = 988\n}',
        container="group_add = [tostring(var.gid)] # !INV-2",
    ),
    Case(
        "the variable under a new name",
        replaces={'variable "docker_gid"': 'variable "host_docker_group"'},
        container="group_add = [tostring(var.host_docker_group)] # !INV-2 warning",
        on=("minimal",),
    ),
    Case(
        "another home",
        replaces={"local.workspace_home\n    CODER_WORKSPACE_ID ": '"/home/dev" # !INV-2\n    CODER_WORKSPACE_ID '},
        on=("full",),
    ),
    Case(
        "another home in the small template",
        replaces={_ENV: '"/root" # !INV-2\n    CODER_WORKSPACE_ID'},
        on=("minimal",),
    ),
    Case(
        "no home",
        replaces={f"    HOME                        = {_HOME}\n{_ID}": _ID.rstrip("\n") + " # !INV-2\n"},
        on=("minimal",),
    ),
    Case("no home, which a local gives", replaces={_FULL_HOME + _ID: _ID.rstrip("\n") + " # !INV-2\n"}, on=("full",)),
    Case(
        "a home under another name",
        replaces={_FULL_HOME: "    HOMEDIR                     = local.workspace_home # !INV-2\n"},
        on=("full",),
    ),
    Case(
        "no rename",
        before=_image(),
        files={_DOCKERFILE: _image("").files[_DOCKERFILE].replace("&& \\\n", "&& \\ # !INV-2\n", 1)},
    ),
    _case("a new user with another number", _image("\nRUN useradd --create-home --uid 2000 coder # !INV-2\n")),
    _case("a new user beside Ubuntu's", _image("\nRUN useradd --create-home --shell /bin/bash coder # !INV-2\n")),
    _case(
        "a rename to another name", _image("\nRUN usermod --login dev --home /home/dev --move-home ubuntu # !INV-2\n")
    ),
    _case("the image ends as root", _image(end="USER root # !INV-2 warning")),
    _case("the image ends without a user", _image(end="WORKDIR /home/coder # !INV-2 warning")),
)

GOOD = (
    Case(
        "the same home by coder_env",
        top="""
            resource "coder_env" "home" {
              agent_id = coder_agent.main.id
              name     = "HOME"
              value    = "/home/coder"
            }
        """,
    ),
    Case("the user with its group", container='user = "coder:coder"'),
    Case("the user by way of a local", top='locals { account = "coder" }', container="user = local.account"),
    Case("the group among others", container='group_add = concat([tostring(var.docker_gid)], ["video"])'),
    Case("the group in a string", container='group_add = ["${var.docker_gid}"]'),
    Case(
        "the group by way of a local",
        top="locals { groups = [tostring(var.docker_gid)] }",
        container="group_add = local.groups",
    ),
    Case("another default for the group", replaces={"  default = 988\n": "  default = 999\n"}, on=("minimal",)),
    Case("a slash after the home", replaces={_ENV: '"/home/coder/"\n    CODER_WORKSPACE_ID'}, on=("minimal",)),
    Case(
        "another variable of the environment",
        replaces={_ENV: '"/home/coder"\n    EDITOR = "nano"\n    CODER_WORKSPACE_ID'},
        on=("minimal",),
    ),
    _case("short options", _image("\nRUN usermod -l coder -d /home/coder -m ubuntu && groupmod -n coder ubuntu\n")),
    _case("a new user with the number", _image("\nRUN userdel -r ubuntu && useradd -m -u 1000 -s /bin/bash coder\n")),
    _case(
        "either a rename or a new user",
        _image(
            "\nRUN if id -u ubuntu; then usermod -l coder -d /home/coder -m ubuntu && groupmod -n coder ubuntu; "
            "else useradd -m -u1000 coder; fi\n"
        ),
    ),
    _case(
        "a name that the build is told",
        _image("\nARG NAME=coder\nRUN usermod --login $NAME --home /home/$NAME --move-home ubuntu\n", end="USER $NAME"),
    ),
    _case("root for a while", _image(end="USER root\nRUN true\nUSER coder")),
    _case("the user with its group at the end", _image(end="USER coder:coder")),
    _case("a user of another stage", _image(base="FROM golang:1.23 AS tools\nUSER nobody\n\nFROM ubuntu:24.04")),
)

UNDECIDED = (
    Case("a user from elsewhere", top='variable "account" { type = string }', container="user = var.account # ?INV-2"),
)
