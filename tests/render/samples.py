"""Reports made by hand: one with something in every part, one with nothing, one whose every text is hostile."""

from __future__ import annotations

from msgspec.structs import replace

from rules.audit import Audit, AuditedTemplate, Verdict
from rules.model import (
    Acknowledgement,
    Affected,
    Anchor,
    Change,
    Citation,
    Contract,
    Drift,
    Edit,
    Finding,
    Problem,
    Remark,
    Report,
    SideSpan,
    Span,
    Step,
    Undecided,
)

BASE, HEAD = "b" * 40, "1234567890abcdef1234567890abcdef12345678"
TEMPLATE = "user-defined-web/template.tf"
SPEC = "openspec/specs/workspace-runtime-contract/spec.md"
URL = "https://github.com/owner/templates/blob/bbbb/openspec/specs/workspace-runtime-contract/spec.md"

SOCKET = Finding(
    rule="F-1",
    requirement="Forbidden Runtime Behaviors",
    related=("INV-4",),
    status="introduced",
    level="failure",
    path=TEMPLATE,
    line=120,
    end_line=120,
    template="user-defined-web",
    title="Host Docker socket in the workspace",
    message="Mounts the host's `/var/run/docker.sock` into the workspace.",
    why="Whoever opens a terminal in this workspace then controls every container on the host.",
    fix="Use the socket of the workspace's own daemon: leave this mount out.",
    suggestion=None,
    trail=(
        Step("user-defined-web/variables.tf", 14, 'default = "/var/run/docker.sock"'),
        Step(TEMPLATE, 120, "host_path = var.socket"),
    ),
    citation=Citation(SPEC, 140, 146, f"{URL}#L140-L146"),
    acknowledged_by=None,
    fingerprint="f1-socket",
    anchor=None,
)

RUNTIME = replace(
    SOCKET,
    rule="INV-1",
    requirement="Sysbox Container Runtime",
    related=(),
    line=80,
    end_line=80,
    title="Container without the Sysbox runtime",
    message='Runs the workspace under `runtime = "runc"`.',
    why="Docker inside the workspace does not start.",
    fix="Write the Sysbox runtime.",
    suggestion=Edit(TEMPLATE, 80, 80, '  runtime = "sysbox-runc"'),
    trail=(),
    citation=Citation(SPEC, 3, 9, f"{URL}#L3-L9"),
    fingerprint="inv1-runtime",
    anchor=Anchor(TEMPLATE, "RIGHT", 80, 80),
)

NETWORK = replace(
    SOCKET,
    rule="F-6",
    related=(),
    level="warning",
    line=90,
    end_line=90,
    title="Host network",
    message='Is `network_mode = "host"` meant to publish every port of the workspace?',
    why="Ports of all workspaces on the host then share one number space.",
    fix="Leave the attribute out and route through `coder_app`.",
    trail=(),
    citation=Citation("contract/spec.md", 12, 12, None),
    fingerprint="f6-network",
    anchor=Anchor(TEMPLATE, "RIGHT", 90, 90),
)

PORTS = replace(
    NETWORK, status="preexisting", level="failure", line=95, end_line=97, title="Published port", anchor=None
)

ERREXIT = replace(
    SOCKET,
    rule="F-10",
    related=("BOOT",),
    status="fixed",
    path="scripts/startup.sh",
    line=2,
    end_line=2,
    title="Boot script that stops at the first error",
    trail=(),
    citation=None,
    fingerprint="f10",
)

PRIVILEGED = replace(
    SOCKET,
    rule="F-2",
    title="Privileged container",
    message="Sets `privileged = true`.",
    why="The workspace can then do everything that the host can.",
    fix="Write `privileged = false`: the Sysbox runtime needs no more.",
    line=70,
    end_line=70,
    trail=(),
    related=(),
    acknowledged_by=Acknowledgement("delta", "openspec/changes/privileged/specs/contract/spec.md", 5),
    fingerprint="f2",
    anchor=Anchor(TEMPLATE, "LEFT", 70, 70),
)

FULL = Report(
    base=BASE,
    head=HEAD,
    conclusion="failure",
    contract=Contract("repository", SPEC, BASE, f"{URL}"),
    affected=(
        Affected(
            "INV-1",
            "Sysbox Container Runtime",
            (SideSpan(Span(TEMPLATE, 80, 80), "base"), SideSpan(Span(TEMPLATE, 80, 80), "head")),
            (Change("runtime", "sysbox-runc", "runc"), Change("security_opts", None, "seccomp:unconfined")),
        ),
        Affected(
            "INV-8",
            "Host-Aware Cleanup",
            (SideSpan(Span(TEMPLATE, 30, 31), "base"),),
            (Change("stop_timeout", "180", "60"), Change("cleanup provisioner", "docker volume rm", None)),
        ),
    ),
    findings=(PRIVILEGED, RUNTIME, NETWORK, PORTS, SOCKET, ERREXIT),
    drift=(
        Drift("D-3", "absent", "fixed", "image/Dockerfile", 40),
        Drift("D-5", "present", "none", "scripts/startup.sh", 12),
    ),
    undecided=(
        Undecided(
            "F-1", "user-defined-web", "docker_container.workspace", Span(TEMPLATE, 130, 134), "`for_each` is unknown."
        ),
    ),
    problems=(Problem("drupal-core/template.tf", 7, "A block is not closed.", introduced=True),),
    governed=("drupal-contrib", "drupal-core", "user-defined-web"),
)

EMPTY = Report(BASE, "WORKTREE", "skipped", Contract("bundled", "contract/spec.md", "", None))

HOSTILE_TEXT = (
    "\x1b[2J\x1b]0;owned\x07`/tmp/x` `` ``` @owner/team #12 GH-12 <img src=x onerror=alert(1)> <!-- | **b** [link](https://e.example)"
    "\r\n\n# head\n- https://e.example www.e.example \u202efdp\u2066 a|b \\| $x$ ~~s~~ _i_ &lt; \udce9"
)


def _audited(name: str, *verdicts: Verdict) -> AuditedTemplate:
    return AuditedTemplate(name, any(verdict.verdict != "not-applicable" for verdict in verdicts), verdicts)


_SYSBOX, _FORBIDDEN = "Sysbox Container Runtime", "Forbidden Runtime Behaviors"

AUDIT = Audit(
    HEAD,
    (
        _audited(
            "drupal-core",
            Verdict("INV-1", _SYSBOX, "undecided", (Step(TEMPLATE, 12, "`runtime` comes from a variable"),)),
            Verdict("F-1", _FORBIDDEN, "holds"),
        ),
        _audited("freeform", Verdict("INV-1", _SYSBOX, "not-applicable"), Verdict("F-1", _FORBIDDEN, "not-applicable")),
        _audited(
            "user-defined-web",
            Verdict("INV-1", _SYSBOX, "holds", (Step(TEMPLATE, 80, 'runtime: "sysbox-runc"'),)),
            Verdict("F-1", _FORBIDDEN, "broken", (Step(TEMPLATE, 120, "This mounts `/var/run/docker.sock`."),)),
        ),
    ),
    (replace(SOCKET, status="preexisting"),),
    (Drift("D-5", "present", "none", "scripts/startup.sh", 12),),
    (Problem("drupal-core/template.tf", 7, "A block is not closed."),),
    FULL.contract,
    (Remark("openspec/specs/workspace-runtime/spec.md", 99, "The contract has F-11, which is not checked yet."),),
)


def hostile_audit() -> Audit:
    text = HOSTILE_TEXT
    steps = (Step(text, 1, text),) * 20
    verdicts = (Verdict("INV-1", _SYSBOX, "broken", steps), Verdict("F-1", _FORBIDDEN, "undecided", steps))
    template = AuditedTemplate(text, governed=True, requirements=verdicts)
    return Audit(
        "WORKTREE", (template,) * 2, hostile().findings, AUDIT.drift, hostile().problems, None, (Remark(text, 1, text),)
    )


def hostile() -> Report:
    """`FULL` with hostile text wherever a pull request can put text."""
    text = HOSTILE_TEXT
    findings = tuple(
        replace(
            finding,
            path=f"dir/{text}",
            message=f"Mounts `{text}`.",
            trail=(Step(text, 1, text), Step(f"{text}2", 2, text)),
            suggestion=Edit(f"dir/{text}", finding.line, finding.end_line, "```\n````suggestion\n@owner"),
            anchor=Anchor(f"dir/{text}", "RIGHT", finding.line, finding.end_line),
        )
        for finding in FULL.findings
    )
    return replace(
        FULL,
        affected=tuple(
            replace(entry, changes=(Change(f"mount {text}", text, f"`{text}`"),)) for entry in FULL.affected
        ),
        findings=(*findings, replace(findings[0], anchor=None)),
        undecided=(Undecided("F-1", text, text, Span(text, 1, 1), text),),
        problems=(Problem(text, 1, text, introduced=True),),
        governed=(text,),
    )
