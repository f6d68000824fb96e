"""INV-7: one DDEV project on port 80, reached through Coder."""

from __future__ import annotations

from tests.rules.harness import Case, Code

RULE = "INV-7"

_URL = '"http://localhost:80"\n  subdomain = true'
_SUBDOMAIN = "  subdomain = true\n"
_HEALTH_URL = '    url       = "http://localhost:80"'
_HEALTHCHECK = """
  healthcheck {
    url       = "http://localhost:80"
    interval  = 10
    threshold = 30
  }
"""
_APP = f"""resource "coder_app" "ddev-web" {{
  agent_id  = coder_agent.main.id
  slug      = "web"
  url       = "http://localhost:80"
  subdomain = true
{_HEALTHCHECK}}}
"""
_NEXT = "    ddev utility download-images\n"
_OMIT = "    ddev config global --omit-containers=ddev-router\n"


def _url(name: str, expression: str, mark: str = "# !INV-7", top: str = "") -> Case:
    """The site's address is another expression."""
    return Case(
        name,
        on=("minimal",),
        top=top,
        replaces={_URL: f"{expression}{f' {mark}' if mark else ''}\n  subdomain = true"},
    )


def _app(name: str, app: str, top: str = "") -> Case:
    """The site's app is another one."""
    return Case(name, on=("minimal",), top=top, replaces={_APP: app})


def _router(name: str, lines: str, before: str | None = None) -> Case:
    """The lines that leave the router out are others; `before` are those of the base."""
    base = Code() if before is None else Code(replaces=_omitting(before))
    return Case(name, on=("minimal",), replaces=_omitting(lines), before=base)


def _omitting(lines: str) -> dict[str, str]:
    code = "".join(f"    {line}\n" if line else "\n" for line in lines.split("\n"))
    return {_OMIT + _NEXT: code + ("" if _NEXT.strip() in lines else _NEXT)}


def _other(name: str, url: str, more: str = "") -> str:
    """One more app."""
    head = f'resource "coder_app" "{name}" {{\n  agent_id = coder_agent.main.id\n  slug = "{name}"\n'
    return f'{head}  url = "{url}"\n{more}}}\n'


BAD = (
    _router("left out in dead code", "if false; then\n  ddev config global --omit-containers=ddev-router # !INV-7\nfi"),
    Case(
        "one more before one that nobody knows runs",
        on=("minimal",),
        boot='(cd ~/a && ddev start)\n[ "$(docker ps -q | wc -l)" -lt 5 ] && cd ~/b && ddev start # !INV-7 warning',
    ),
    Case(
        "DDEV binds another port",
        boot="ddev config --project-type=php --host-webserver-port=8080 # !INV-7",
        fixed="ddev config --project-type=php --host-webserver-port=80",
    ),
    Case(
        "DDEV binds another port, whatever the project is",
        on=("minimal",),
        boot='case "$V" in\n  10) T=drupal10 ;;\n  *) T=drupal11 ;;\nesac\n'
        'ddev config --project-type="$T" --host-webserver-port=8080 # !INV-7',
    ),
    Case(
        "handed to a function",
        boot='try() { "$@"; }\ntry ddev config global --omit-containers=ddev-ssh-agent # !INV-7',
    ),
    _url("another port", '"http://localhost:8080"'),
    _app(
        "another port for the app and its healthcheck",
        _APP.replace('80"\n  sub', '8080" # !INV-7\n  sub').replace('80"\n    int', '8080"\n    int'),
    ),
    _url("another scheme", '"https://localhost:443"'),
    _url("https by default", '"https://localhost"'),
    _url("the router's port for https", '"https://localhost:80"'),
    _url("through a local", "local.site", "", 'locals {\n  site = "http://localhost:8080" # !INV-7\n}'),
    _url("a port in a variable", '"http://localhost:${var.port}"', top='variable "port" {\n  default = 8080\n}'),
    _url(
        "one arm of a conditional",
        'var.plain ? "http://localhost:80" : "http://localhost:8443"',
        "# !INV-7",
        'variable "plain" {\n  default = true\n}',
    ),
    _url("the same by another name", '"http://127.0.0.1:80"', "# !INV-7 warning"),
    _url("the port left out", '"http://localhost"', "# !INV-7 warning"),
    _url("a slash at the end", '"http://localhost:80/"', "# !INV-7 warning"),
    Case(
        "no subdomain",
        on=("minimal",),
        replaces={_APP: _APP.replace(_SUBDOMAIN + "\n", " # !INV-7\n")},
    ),
    Case(
        "subdomain = false",
        replaces={"  subdomain = true": "  subdomain = false # !INV-7"},
        on=("minimal",),
    ),
    Case(
        "subdomain by a variable",
        on=("minimal",),
        top='variable "own_host" {\n  default = false # !INV-7\n}',
        replaces={"  subdomain = true": "  subdomain = var.own_host"},
    ),
    _app("no healthcheck", _APP.replace(_HEALTHCHECK + "}", "} # !INV-7")),
    Case(
        "a healthcheck of something else",
        on=("minimal",),
        replaces={_HEALTH_URL: '    url       = "http://localhost:8025" # !INV-7'},
    ),
    Case(
        "a healthcheck of a page",
        on=("minimal",),
        replaces={_HEALTH_URL: '    url       = "http://localhost:80/health" # !INV-7 warning'},
    ),
    _app(
        "a healthcheck that may not be there",
        _APP.replace("healthcheck {", 'dynamic "healthcheck" { # !INV-7 warning\n    for_each = var.checks')
        .replace("    url       =", "    content {\n    url       =")
        .replace("threshold = 30\n  }", "threshold = 30\n  }\n  }"),
        'variable "checks" {\n  default = []\n}',
    ),
    _app("a plain link", _APP.replace("  subdomain", "  external  = true # !INV-7\n  subdomain")),
    _app(
        "an editor only",
        'resource "coder_app" "code-server" { # !INV-7\n  agent_id = coder_agent.main.id\n  slug = "code"\n'
        '  url = "http://localhost:13337"\n  subdomain = true\n}\n',
    ),
    _app(
        "an app behind a variable",
        _APP.replace('"ddev-web" {', '"ddev-web" { # !INV-7 warning\n  count     = var.web ? 1 : 0'),
        'variable "web" {\n  default = true\n}',
    ),
    _router("a list without the router", "ddev config global --omit-containers=ddev-ssh-agent # !INV-7"),
    _router("an empty list", 'ddev config global --omit-containers="" # !INV-7'),
    _router(
        "taken in again",
        "ddev config global --omit-containers=ddev-router\nddev config global --omit-containers= # !INV-7",
    ),
    _router(
        "taken in again on a condition",
        "ddev config global --omit-containers=ddev-router\n"
        'if [ -n "$WITH_ROUTER" ]; then\n  ddev config global --omit-containers= # !INV-7 warning\nfi',
    ),
    _router(
        "taken in at every start, left out at the first one",
        "ddev config global --omit-containers= # !INV-7\ncd ~/shop\n"
        "if [ ! -f .ddev/config.yaml ]; then\n  ddev config global --omit-containers=ddev-router # >INV-7\nfi",
    ),
    _router(
        "taken in, and left out on a condition",
        "ddev config global --omit-containers= # !INV-7 warning\n"
        'if [ -z "$WITH_ROUTER" ]; then\n  ddev config global --omit-containers=ddev-router\nfi',
    ),
    _router("only the project", "ddev config --omit-containers=ddev-router # !INV-7\nddev utility download-images"),
    _router("another setting", "ddev config global --instrumentation-opt-in=false # !INV-7"),
    _router(
        "a file that leaves nothing out",
        "mkdir -p ~/.ddev\ncat > ~/.ddev/global_config.yaml <<'EOF' # !INV-7 =F-5\nomit_containers: []\nEOF",
        "mkdir -p ~/.ddev\ncat > ~/.ddev/global_config.yaml <<'EOF'\nomit_containers: [ddev-router]\nEOF",
    ),
    _router(
        "by an echo only",
        "echo ddev config global --omit-containers=ddev-router # !INV-7\nddev utility download-images",
    ),
    Case("all projects", on=("minimal",), boot="ddev start --all # !INV-7"),
    Case("two projects by name", on=("minimal",), boot="ddev start shop blog # !INV-7"),
    Case(
        "two projects by folder",
        on=("minimal",),
        boot="(cd ~/projects/shop && ddev start)\n(cd ~/projects/blog && ddev start) # !INV-7",
    ),
    Case("a list of projects", on=("minimal",), boot="for p in shop blog; do\n  ddev start $p # !INV-7\ndone"),
    Case(
        "whatever projects there are",
        on=("minimal",),
        boot='for p in ~/projects/*; do\n  (cd "$p" && ddev start) # !INV-7 warning\ndone',
    ),
)

GOOD = (
    _router(
        "another configuration where there is none, which is never",
        "ddev config global --omit-containers=ddev-router\n"
        "[ -f ~/.ddev/global_config.yaml ] || echo 'omit_containers: []' > ~/.ddev/global_config.yaml",
    ),
    Case(
        "an editor",
        top=_other("code", "http://localhost:13337"),
    ),
    Case(
        "mailpit on a port of its own",
        top=_other(
            "mailpit",
            "http://localhost:8025",
            '  healthcheck {\n    url = "http://localhost:8025"\n    interval = 5\n    threshold = 6\n  }\n',
        ),
    ),
    Case(
        "a link",
        top=_other("docs", "https://docs.ddev.com", "  external = true\n"),
    ),
    Case(
        "a command",
        top='resource "coder_app" "top" {\n  agent_id = coder_agent.main.id\n  slug = "top"\n  command = "htop"\n}',
    ),
    Case(
        "a second app on a page of the site",
        top=_other("login", "http://localhost:80/user/login"),
    ),
    _url("the right one through a local", "local.site", "", 'locals {\n  site = "http://localhost:80"\n}'),
    _url("a port in a local", '"http://localhost:${local.port}"', "", "locals {\n  port = 80\n}"),
    _app("another name", _APP.replace('"ddev-web"', '"site"')),
    Case(
        "in a module",
        on=("minimal",),
        replaces={_APP: 'module "app" {\n  source = "./modules/app"\n  agent  = coder_agent.main.id\n}\n'},
        files={"modules/app/main.tf": 'variable "agent" {}\n' + _APP.replace("coder_agent.main.id", "var.agent")},
    ),
    _app("for each of one", _APP.replace("  agent_id", '  for_each  = toset(["web"])\n  agent_id')),
    _app(
        "a dynamic healthcheck that is there",
        _APP.replace("healthcheck {", 'dynamic "healthcheck" {\n    for_each = [1]')
        .replace("    url       =", "    content {\n    url       =")
        .replace("threshold = 30\n  }", "threshold = 30\n  }\n  }"),
    ),
    _router("with another container", "ddev config global --omit-containers=ddev-ssh-agent,ddev-router"),
    _router("as two words", "ddev config global --omit-containers ddev-router --instrumentation-opt-in=false"),
    _router("through a variable", 'OMIT=ddev-router\nddev config global --omit-containers="$OMIT"'),
    _router(
        "in a function", 'configure() {\n  ddev config global "$@"\n}\nconfigure --omit-containers=ddev-router || true'
    ),
    _router(
        "in an if", "if ddev config global --omit-containers=ddev-router > /tmp/ddev.log 2>&1; then\n  echo done\nfi"
    ),
    _router(
        "by a file",
        "if [ ! -f ~/.ddev/global_config.yaml ]; then\n  mkdir -p ~/.ddev\n"
        "  printf 'omit_containers: [ddev-router]\\n' > ~/.ddev/global_config.yaml\nfi",
    ),
    _router(
        "by a file with a longer list",
        "[ -f ~/.ddev/global_config.yaml ] || cat > ~/.ddev/global_config.yaml <<'EOF'\nomit_containers:\n"
        "  - ddev-ssh-agent\n  - ddev-router\nEOF",
    ),
    _router(
        "put right afterwards",
        "ddev config global --omit-containers=\nddev config global --omit-containers=ddev-router",
    ),
    _router(
        "put right afterwards, where the folder is there",
        "ddev config global --omit-containers=\ncd ~/shop && ddev config global --omit-containers=ddev-router",
    ),
    _router(
        "put right afterwards, where it has to be",
        "ddev config global --omit-containers=\n"
        "grep -q ddev-router ~/.ddev/global_config.yaml || ddev config global --omit-containers=ddev-router",
    ),
    _router(
        "put right afterwards in any case",
        "ddev config global --omit-containers=\n"
        "[ -f ~/.shop ] || ddev config global --omit-containers=ddev-router\n"
        "ddev config global --omit-containers=ddev-router,ddev-ssh-agent",
    ),
    _router(
        "left out in one case, taken in in the other",
        'if [ -n "$WITH_ROUTER" ]; then\n  ddev config global --omit-containers=\nelse\n'
        "  ddev config global --omit-containers=ddev-router\nfi",
    ),
    _router(
        "left out at the first start, where nothing takes it in",
        "[ -f ~/shop/.ddev/config.yaml ] || ddev config global --omit-containers=ddev-router",
    ),
    Case("one project", on=("minimal",), boot="cd ~/projects/shop && ddev start"),
    Case("one project again", on=("minimal",), boot="cd ~/projects/shop\nddev start\nddev restart"),
    Case(
        "one after the other",
        on=("minimal",),
        boot="(cd ~/projects/a && ddev start && ddev stop)\n(cd ~/projects/b && ddev start)",
    ),
    Case(
        "one or the other",
        on=("minimal",),
        boot="if [ -d ~/a ]; then\n  cd ~/a && ddev start\nelse\n  cd ~/b && ddev start\nfi",
    ),
)

UNDECIDED = (
    _router("whatever a variable says", 'ddev config global --omit-containers="$OMIT" # ?INV-7'),
    _url(
        "a choice of the user",
        "data.coder_parameter.url.value",
        "# ?INV-7",
        'data "coder_parameter" "url" {\n  name = "url"\n}',
    ),
)
