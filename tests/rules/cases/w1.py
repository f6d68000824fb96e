"""W-1: shell expansions in a Terraform heredoc are escaped."""

from tests.rules.harness import Case

RULE = "W-1"

BAD = (
    Case(
        "in a script that is not the boot's",
        top="""
            resource "coder_script" "tools" {
              agent_id     = coder_agent.main.id
              run_on_start = true
              script       = templatefile("${path.module}/tools.sh.tftpl", { port = 80 })
            }
        """,
        files={"tools.sh.tftpl": "echo ${port}\necho ${PORT:-80} # !W-1 warning\n"},
    ),
    Case(
        "in a command on the host",
        top="""
            resource "null_resource" "tell" {
              provisioner "local-exec" {
                command = "echo ${PORT}" # !W-1 warning
              }
            }
        """,
    ),
    Case(
        "a default in the shell's way",
        boot='echo "port ${PORT:-80}" # !W-1 warning',
        fixed='echo "port $${PORT:-80}"',
    ),
    Case("a plain name", boot='echo "${PORT}" # !W-1 warning', fixed='echo "$${PORT}"'),
    Case(
        "two on one line are one finding",
        boot='cp "${source}" "${target%/}" # !W-1 warning',
        fixed='cp "$${source}" "$${target%/}"',
    ),
    Case(
        "two lines are two",
        boot="""
            echo "${FIRST}" # !W-1 warning
            echo "$${SECOND}"
            echo "${THIRD}" # !W-1 warning
        """,
        fixed="""
            echo "$${FIRST}"
            echo "$${SECOND}"
            echo "$${THIRD}"
        """,
    ),
    Case(
        "what curl writes",
        boot="code=$(curl -s -o /dev/null -w '%{http_code}' http://localhost:80) # !W-1 warning",
        fixed="code=$(curl -s -o /dev/null -w '%%{http_code}' http://localhost:80)",
    ),
    Case("the length of an array", boot='echo "${#ITEMS[@]}" # !W-1 warning', fixed='echo "$${#ITEMS[@]}"'),
    Case(
        "an argument, which Terraform takes for a number",
        boot='first() {\n  echo "${1} ${2:-none}" # !W-1 warning\n}\nfirst a',
        fixed='first() {\n  echo "$${1} $${2:-none}"\n}\nfirst a',
    ),
    Case("an argument of two digits", boot='echo "${10}" # !W-1 warning', fixed='echo "$${10}"'),
    Case("a name that Terraform has as a family", boot='echo "${path} ${data}" # !W-1 warning'),
    Case("a pattern taken away", boot='echo "${NAME%%.*} ${NAME//a/b} ${NAME^^}" # !W-1 warning'),
    Case("a directive without what it is for", boot="curl -w '%{if}' http://localhost:80 # !W-1 warning"),
    Case("in a comment of the script, where Terraform looks too", boot="# uses ${PORT} # !W-1 warning"),
    Case(
        "in a stop script",
        top="""
            resource "coder_script" "more" {
              agent_id     = coder_agent.main.id
              display_name = "More"
              run_on_stop  = true
              script       = <<-EOT
                echo "bye ${NAME}" # !W-1 warning
              EOT
            }
        """,
    ),
)

GOOD = (
    Case(
        "what a command on the host may name",
        top="""
            resource "null_resource" "tell" {
              provisioner "local-exec" {
                command = "echo ${self.id} ${path.module}"
              }
            }
        """,
    ),
    Case("escaped", boot='echo "$${PORT:-80} $${#ITEMS[@]} %%{http_code}"'),
    Case("without braces", boot='echo "$PORT $1 $# $(date) $((1 + 1))"'),
    Case("a value of Terraform", boot='echo "${var.docker_gid} ${data.coder_workspace.me.name}"'),
    Case("an escaped argument", boot='first() {\n  echo "$${1} $1 ${1 + 0}"\n}\nfirst a'),
    Case("a value that is a number", boot='echo "${var.docker_gid} ${length(["a"])}"'),
    Case("a loop of Terraform", boot='%{ for name in ["a", "b"] }echo ${name}; %{ endfor }'),
    Case("a literal", boot='echo "${"plain"} ${1 + 1}"'),
    Case("a directive of Terraform", boot='echo "%{ if var.docker_gid > 0 }yes%{ else }no%{ endif }"'),
    Case("other braces", boot="awk '{ print $1 }' /etc/passwd; echo {a,b} 100% {{.Name}}"),
    Case(
        "a script that is a file is no template",
        top="""
            resource "coder_script" "more" {
              agent_id     = coder_agent.main.id
              display_name = "More"
              run_on_stop  = true
              script       = file("${path.module}/more.sh")
            }
        """,
        files={"more.sh": 'echo "${PORT:-80}"'},
    ),
)
