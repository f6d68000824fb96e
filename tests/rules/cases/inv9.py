"""INV-9: a workspace knows who it is from its environment."""

from tests.rules.harness import Case

RULE = "INV-9"

ID = "    CODER_WORKSPACE_ID          = data.coder_workspace.me.id\n"
NAME = "    CODER_WORKSPACE_NAME        = data.coder_workspace.me.name\n"
OWNER = "    CODER_WORKSPACE_OWNER_NAME  = data.coder_workspace_owner.me.name\n"
EMAIL = "    CODER_WORKSPACE_OWNER_EMAIL = data.coder_workspace_owner.me.email\n"
GIT_NAME = 'git config --global user.name "$CODER_WORKSPACE_OWNER_NAME"\n'
GIT_EMAIL = 'git config --global user.email "$CODER_WORKSPACE_OWNER_EMAIL"\n'

_ENV = """
resource "coder_env" "extra" {
  agent_id = coder_agent.main.id
  name     = "%s"
  value    = %s
}
"""


def _env(name: str, variable: str, value: str) -> Case:
    return Case(name, top=_ENV % (variable, value))


BAD = (
    Case(
        "beside the boot script",
        on=("minimal",),
        top="""
            resource "coder_script" "more" {
              agent_id     = coder_agent.main.id
              run_on_start = true
              script       = "git config --global user.name Dev" # !INV-9
            }
        """,
    ),
    Case(
        "a name for everybody, where there is one",
        boot="""
            if [ -n "$CODER_WORKSPACE_OWNER_NAME" ]; then
              git config --global user.name "Dev" # !INV-9
            fi
        """,
    ),
    Case(
        "for one repository",
        replaces={
            GIT_NAME: 'git config user.name "$CODER_WORKSPACE_OWNER_NAME" # !INV-9\n',
        },
        on=("minimal",),
    ),
    Case("git's name by printenv of another", boot='git config --global user.name "$(printenv USER)" # !INV-9'),
    Case(
        "by a function that is called like the program",
        boot='git() {\n  command git "$@"\n}\ngit config --global user.name "Dev" # !INV-9',
        on=("minimal",),
    ),
    Case("read", boot="read -r CODER_WORKSPACE_NAME < /tmp/name # !INV-9"),
    Case("printf -v", boot='printf -v CODER_WORKSPACE_ID "%s" x # !INV-9'),
    Case("unset", boot="unset CODER_WORKSPACE_OWNER_EMAIL # !INV-9 warning"),
    Case("by another name", boot="declare -n id=CODER_WORKSPACE_ID\nid=x # !INV-9"),
    Case("git's own file", boot='git config -f ~/.gitconfig user.name "Dev" # !INV-9'),
    Case(
        "git's own file, written",
        boot="[ -e ~/.gitconfig ] || printf '[user]\\n\\tname = Dev\\n' > ~/.gitconfig # !INV-9",
    ),
    Case(
        "handed to a function, which stays what it is",
        boot="""
            try() {
              "$@"
            }
            try git config --global user.name "Dev" # !INV-9
        """,
    ),
    _env("another name by coder_env", "CODER_WORKSPACE_NAME", '"main" # !INV-9'),
    _env("the id for the name by coder_env", "CODER_WORKSPACE_NAME", "data.coder_workspace.me.id # !INV-9"),
    _env("an author by coder_env", "GIT_AUTHOR_NAME", '"Bot" # !INV-9'),
    Case(
        "an author among several by coder_env",
        top="""
            resource "coder_env" "extra" {
              for_each = {
                GIT_COMMITTER_EMAIL = "bot@example.org" # !INV-9
                EDITOR              = "vim"
              }
              agent_id = coder_agent.main.id
              name     = each.key
              value    = each.value
            }
        """,
    ),
    Case("an author in the agent's env", replaces={NAME: NAME + '    GIT_AUTHOR_NAME = "Bot" # !INV-9\n'}),
    Case(
        "the workspace as the committer",
        replaces={NAME: NAME + "    GIT_COMMITTER_NAME = data.coder_workspace.me.name # !INV-9\n"},
    ),
    Case(
        "an author in the container's env",
        container="""
            env = [
              "CODER_AGENT_TOKEN=${coder_agent.main.token}",
              "GIT_AUTHOR_NAME=Bot", # !INV-9
            ]
        """,
    ),
    Case("no id", replaces={ID + NAME: NAME.rstrip() + " # !INV-9\n"}),
    Case("no name", replaces={NAME + OWNER: OWNER.rstrip() + " # !INV-9\n"}),
    Case("no owner", replaces={OWNER + EMAIL: EMAIL.rstrip() + " # !INV-9\n"}),
    Case("no address", on=("minimal",), replaces={EMAIL + "  }\n": "  } # !INV-9\n"}),
    Case("none of them", on=("minimal",), replaces={ID + NAME + OWNER + EMAIL + "  }\n": "  } # !INV-9\n"}),
    Case(
        "one commented out",
        replaces={ID: "    # CODER_WORKSPACE_ID = data.coder_workspace.me.id # !INV-9\n"},
    ),
    Case(
        "under another name",
        replaces={NAME: "    WORKSPACE_NAME = data.coder_workspace.me.name # !INV-9\n"},
    ),
    Case("a fixed text", replaces={NAME: '    CODER_WORKSPACE_NAME = "main" # !INV-9\n'}),
    Case(
        "a fixed address", on=("minimal",), replaces={EMAIL: '    CODER_WORKSPACE_OWNER_EMAIL = "a@b.org" # !INV-9\n'}
    ),
    Case(
        "a fixed text where there is no address",
        replaces={
            EMAIL: "    CODER_WORKSPACE_OWNER_EMAIL = "
            'coalesce(data.coder_workspace_owner.me.email, "a@example.org") # !INV-9 warning\n'
        },
    ),
    Case("nothing", replaces={NAME: "    CODER_WORKSPACE_NAME = null # !INV-9\n"}),
    Case("the id for the name", replaces={NAME: "    CODER_WORKSPACE_NAME = data.coder_workspace.me.id # !INV-9\n"}),
    Case(
        "the owner for the name",
        replaces={NAME: "    CODER_WORKSPACE_NAME = data.coder_workspace_owner.me.name # !INV-9\n"},
    ),
    Case(
        "a fixed text in a local",
        top='locals {\n  shown_name = "main" # !INV-9\n}',
        replaces={NAME: "    CODER_WORKSPACE_NAME = local.shown_name\n"},
    ),
    Case(
        "a variable's default",
        top='variable "shown" {\n  default = "main" # !INV-9 warning\n}',
        replaces={NAME: "    CODER_WORKSPACE_NAME = var.shown\n"},
    ),
    Case("the random part of another", replaces={ID: "    CODER_WORKSPACE_ID = random_id.x.hex # !INV-9 warning\n"}),
    Case("a value of its own in the boot script", boot="export CODER_WORKSPACE_NAME=main # !INV-9"),
    Case("the user for the owner", boot="CODER_WORKSPACE_OWNER_NAME=$(whoami) # !INV-9"),
    Case("a file's word for it", boot="CODER_WORKSPACE_ID=$(cat /run/id) # !INV-9"),
    Case("git with a fixed name", replaces={GIT_NAME: 'git config --global user.name "Coder" # !INV-9\n'}),
    Case("git with a fixed address", replaces={GIT_EMAIL: "git config --global user.email me@example.org # !INV-9\n"}),
    Case(
        "git with the name for the address",
        replaces={GIT_EMAIL: 'git config --global user.email "$CODER_WORKSPACE_OWNER_NAME" # !INV-9\n'},
    ),
    Case("git with the user", replaces={GIT_NAME: 'git config --global user.name "$(whoami)" # !INV-9\n'}),
    Case("git with a value that nobody knows", boot='git config --global user.name "$GIT_NAME" # !INV-9 warning'),
    Case("git again, with another name", boot='git config --global user.name "$CODER_WORKSPACE_NAME" # !INV-9'),
    Case(
        "git through a variable",
        boot='who="Web Team"\ngit config --global user.name "$who" # !INV-9',
    ),
    Case("git without the address", replaces={"    " + GIT_EMAIL + "\n": " # !INV-9\n"}, on=("minimal",)),
    Case("the author by a variable", boot='export GIT_AUTHOR_NAME="Coder" # !INV-9'),
    Case(
        "the committer by variables",
        boot='export GIT_COMMITTER_NAME=coder # !INV-9\nexport GIT_COMMITTER_EMAIL="coder@example.com" # !INV-9',
    ),
    Case("the author by a variable that is declared", boot="declare -x GIT_AUTHOR_EMAIL=dev@example.com # !INV-9"),
    Case(
        "an author in every shell",
        boot="grep -q AUTHOR ~/.bashrc || echo 'export GIT_AUTHOR_NAME=Bot' >> ~/.bashrc # !INV-9",
    ),
    Case(
        "a name in every shell",
        boot="grep -q NAME= ~/.profile || printf 'export CODER_WORKSPACE_NAME=\"%s\"\\n' main >> ~/.profile # !INV-9",
    ),
    Case(
        "an author in the container's env, by a loop",
        container="""
            env = [for name, value in { CODER_AGENT_TOKEN = coder_agent.main.token, GIT_AUTHOR_NAME = "Bot" } : # !INV-9
            "${name}=${value}"]
        """,
    ),
)

GOOD = (
    Case(
        "a name by way of a local in a text",
        top="locals {\n  own = data.coder_workspace.me.name\n}",
        container='env = ["CODER_WORKSPACE_NAME=${local.own}"]',
    ),
    Case("one repository besides", boot='git config user.name "Dev"'),
    Case("git's name by printenv", boot='git config --global user.name "$(printenv CODER_WORKSPACE_OWNER_NAME)"'),
    Case("read where there is none", boot='[ -n "$CODER_WORKSPACE_NAME" ] || read -r CODER_WORKSPACE_NAME < /tmp/x'),
    Case("unset of others", boot="unset NAME\nunset -f note\nread -r NAME < /tmp/name\nprintf '%s' CODER_WORKSPACE_ID"),
    Case("a repository's own file", boot='git config -f /tmp/x/.git/config user.name "CI"'),
    Case(
        "git's own file with the right name",
        boot="""
            [ -e ~/.gitconfig ] || printf '[user]\\n\\tname = %s\\n' "$CODER_WORKSPACE_OWNER_NAME" > ~/.gitconfig
        """,
    ),
    _env("the same name by coder_env", "CODER_WORKSPACE_NAME", "data.coder_workspace.me.name"),
    _env("the owner by coder_env", "GIT_AUTHOR_EMAIL", "data.coder_workspace_owner.me.email"),
    _env("another variable by coder_env", "NODE_ENV", '"development"'),
    Case(
        "the owner as the author",
        replaces={
            NAME: NAME + "    GIT_AUTHOR_NAME = coalesce(data.coder_workspace_owner.me.full_name, "
            "data.coder_workspace_owner.me.name)\n"
        },
    ),
    Case("no author", replaces={NAME: NAME + '    GIT_AUTHOR_NAME = ""\n'}),
    Case(
        "the owner in the container's env",
        container="""
            env = [
              "CODER_AGENT_TOKEN=${coder_agent.main.token}",
              "CODER_WORKSPACE_NAME=${data.coder_workspace.me.name}",
              "GIT_AUTHOR_EMAIL=${data.coder_workspace_owner.me.email}",
              "DEBUG=",
            ]
        """,
    ),
    Case(
        "the author from the owner",
        boot='export GIT_AUTHOR_NAME="$CODER_WORKSPACE_OWNER_NAME" GIT_COMMITTER_EMAIL="$CODER_WORKSPACE_OWNER_EMAIL"',
    ),
    Case("the author of one commit", boot="GIT_AUTHOR_NAME=probe git commit -m x\nGIT_COMMITTER_DATE=now git commit"),
    Case("a stand-in for a missing author", boot='[ -n "$GIT_AUTHOR_NAME" ] || export GIT_AUTHOR_NAME=coder'),
    Case("the author of a subshell", boot="( export GIT_AUTHOR_NAME=probe; git commit -m x )"),
    Case("in lower case", replaces={NAME: "    CODER_WORKSPACE_NAME = lower(data.coder_workspace.me.name)\n"}),
    Case(
        "through a local",
        top="locals {\n  shown_name = data.coder_workspace.me.name\n}",
        replaces={NAME: "    CODER_WORKSPACE_NAME = local.shown_name\n"},
    ),
    Case("as older Coder has it", replaces={OWNER: "    CODER_WORKSPACE_OWNER_NAME = data.coder_workspace.me.owner\n"}),
    Case("in another order", replaces={ID + NAME: NAME + ID}),
    Case("in quotes", replaces={NAME: '    "CODER_WORKSPACE_NAME" = "${data.coder_workspace.me.name}"\n'}),
    Case(
        "one more",
        replaces={NAME: NAME + "    CODER_WORKSPACE_TEMPLATE = data.coder_workspace.me.template_name\n"},
    ),
    Case("passed on", boot="export CODER_WORKSPACE_NAME CODER_WORKSPACE_ID"),
    Case("a stand-in for a missing one", boot='CODER_WORKSPACE_NAME="$${CODER_WORKSPACE_NAME:-workspace}"'),
    Case("a stand-in behind a look", boot='if [ -z "$CODER_WORKSPACE_NAME" ]; then\n  CODER_WORKSPACE_NAME=main\nfi'),
    Case("made from another of them", boot='CODER_WORKSPACE_NAME="$(echo "$CODER_WORKSPACE_ID" | cut -c1-8)"'),
    Case("for one command", boot="CODER_WORKSPACE_NAME=probe ddev version"),
    Case("a variable of the script's own", boot='WORKSPACE_LABEL="main"\nNAME=x'),
    Case(
        "git where there is an owner",
        boot='[ -z "$CODER_WORKSPACE_OWNER_NAME" ] || git config --global user.name "$CODER_WORKSPACE_OWNER_NAME"',
    ),
    Case(
        "git for one repository",
        boot='git -C /tmp/x config user.name "Tests"\ngit config --local user.email t@example.org',
    ),
    Case("git asked", boot="git config --global user.name || true\ngit config --get user.email"),
    Case("git for one command", boot='git -c user.name="Tests" commit -m x'),
    Case(
        "git's other settings",
        boot='git config --global user.useConfigOnly true\ngit config --global alias.who "config user.name"',
    ),
    Case(
        "the owner in every shell",
        boot="""
            grep -q AUTHOR ~/.bashrc || echo 'export GIT_AUTHOR_NAME="$CODER_WORKSPACE_OWNER_NAME"' >> ~/.bashrc
            grep -q MAIL ~/.bashrc || echo "export GIT_AUTHOR_EMAIL=$CODER_WORKSPACE_OWNER_EMAIL" >> ~/.bashrc
            grep -q EDITOR ~/.bashrc || echo 'export GIT_EDITOR=vim' >> ~/.bashrc
        """,
    ),
    Case("a word about it", boot="echo 'CODER_WORKSPACE_NAME=main' > /tmp/example"),
)

UNDECIDED = (
    Case(
        "an environment that nobody knows",
        on=("minimal",),
        top='data "http" "env" {}',
        replaces={
            "  env = {\n    HOME ": "  env = jsondecode(data.http.env.body) # ?INV-9 ?INV-2\n  old = {\n    HOME "
        },
    ),
)
