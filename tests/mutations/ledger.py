"""Mutations of what is known to be off (the drift), of waivers, and of the image beside its users and sudo."""

from __future__ import annotations

from tests.mutations.harness import (
    CORE,
    DOCKERFILE,
    WEB,
    Edit,
    Expected,
    Mutation,
    before,
    harmful,
    harmless,
    untouched,
)

HOST = "image/scripts/.ddev/commands/host"

_ACCESS = "          sudo chmod 660 /var/run/docker.sock\n"
_PORTS = "  ports {\n    internal = 80\n    external = 8080\n  }\n\n"
_STOP = '  stop_signal           = "SIGINT"\n'


def back(
    name: str,
    *edits: Edit,
    item: str,
    at: str,
    path: str | None = None,
    affects: str = "",
    given: tuple[Edit, ...] = (),
) -> Mutation:
    finds = (Expected(item, at, "notice", path=path),)
    return Mutation(
        name=f"drift: {name} is back",
        edits=edits,
        finds=finds,
        affects=affects,
        drift=((item, "reintroduced"),),
        given=given,
        conclusion="success",
    )


def fixed(name: str, *edits: Edit, item: str, given: tuple[Edit, ...], affects: str = "") -> Mutation:
    return Mutation(name=f"drift: {name} is gone", edits=edits, affects=affects, drift=((item, "fixed"),), given=given)


_UNIT = Edit(DOCKERFILE, "USER coder\n", "RUN systemctl enable docker\nUSER coder\n")
_NO_UNIT = Edit(DOCKERFILE, "RUN systemctl enable docker\n", "")
_OPEN = Edit(WEB, _ACCESS, _ACCESS.replace("660", "666"))
_CLOSED = Edit(WEB, _ACCESS.replace("660", "666"), _ACCESS)
_NOTES = Edit("CLAUDE.md", "", "Defaults are in `image/scripts/.ddev/global_config.yaml`.\n")
_SETUP = Edit(f"{HOST}/coder-setup", "", "#!/bin/bash\n## Description: sets up\nddev config\n")
_MODES = Edit(
    DOCKERFILE, "host/open-site\n", "host/open-site \\\n      /home/coder-files/.ddev/commands/host/coder-setup\n"
)
_WAIVER = "  # wrc:allow F-6 until=2027-01-31 the load test needs it\n"
_WAIVED = before(CORE, _STOP, _WAIVER + _PORTS)

MUTATIONS: tuple[Mutation, ...] = (
    back("the unit of Docker", _UNIT, item="D-4", at="systemctl enable docker"),
    fixed("the unit of Docker", _NO_UNIT, item="D-4", given=(_UNIT,)),
    back("the open socket", _OPEN, item="D-5", at="chmod 666 /var/run/docker.sock", affects="INV-4"),
    fixed("the open socket", _CLOSED, item="D-5", given=(_OPEN,), affects="INV-4"),
    back("a command without its mode", _SETUP, item="D-3", at="chmod 755", path=DOCKERFILE),
    fixed("a command without its mode", _MODES, item="D-3", given=(_SETUP,)),
    Mutation(
        name="drift: the notes alone",
        edits=(_NOTES,),
        finds=(Expected("D-1", "global_config.yaml", "notice"),),
        drift=(("D-1", "reintroduced"),),
        conclusion="skipped",
    ),
    fixed(
        "the missing settings",
        Edit("image/scripts/.ddev/global_config.yaml", "", "omit_containers: [ddev-router]\n"),
        item="D-1",
        given=(_NOTES,),
        affects="INV-7",
    ),
    harmless(
        "drift: the unit is turned off", Edit(DOCKERFILE, "USER coder\n", "RUN systemctl disable docker\nUSER coder\n")
    ),
    harmless("drift: another unit", Edit(DOCKERFILE, "USER coder\n", "RUN systemctl enable cron\nUSER coder\n")),
    untouched("drift: notes about other files", Edit("CLAUDE.md", "", "See `image/scripts/WELCOME.txt`.\n")),
    # waivers
    Mutation(
        name="waiver: in the change itself",
        edits=(_WAIVED,),
        finds=(Expected("F-6", "  ports {"),),
        affects="INV-7",
        conclusion="action_required",
    ),
    Mutation(
        name="waiver: on the base",
        edits=(Edit(CORE, _WAIVER, _WAIVER + _PORTS),),
        given=(before(CORE, _STOP, _WAIVER),),
        finds=(Expected("F-6", "  ports {"),),
        affects="INV-7",
        conclusion="success",
    ),
    harmful(
        "waiver: of another rule",
        before(CORE, _STOP, _WAIVER.replace("F-6", "F-2") + _PORTS),
        finds=(Expected("F-6", "  ports {"), Expected("W-3", "# wrc:allow F-2", "notice")),
        affects="INV-7",
    ),
    harmful(
        "waiver: without a reason",
        before(CORE, _STOP, "  # wrc:allow F-6 until=2027-01-31\n" + _PORTS),
        finds=(Expected("F-6", "  ports {"), Expected("W-3", "# wrc:allow F-6", "notice")),
        affects="INV-7",
    ),
    Mutation(
        name="waiver: for nothing",
        edits=(before(CORE, _STOP, _WAIVER),),
        finds=(Expected("W-3", "# wrc:allow F-6", "notice"),),
        conclusion="success",
    ),
    harmless("waiver: told of in a comment", before(CORE, _STOP, "  # wrc waives nothing here, allow F-6 never\n")),
    # the image
    harmful(
        "image: the user by a variable that is a number",
        Edit(DOCKERFILE, "USER coder\n", "ARG WUID=1000\nUSER ${WUID}\n"),
        finds=Expected("F-3", "USER ${WUID}"),
        affects="INV-2",
    ),
    harmful(
        "image: numbers in a RUN heredoc",
        before(DOCKERFILE, "USER coder\n", "RUN <<EOF\nmkdir -p /srv/tools\nchown 1000:1000 /srv/tools\nEOF\n"),
        finds=Expected("F-3", "chown 1000:1000 /srv/tools"),
    ),
    harmful(
        "image: the staged files go elsewhere",
        Edit(DOCKERFILE, "COPY scripts /home/coder-files\n", "COPY scripts /home/coder\n"),
        finds=Expected("INV-6", "COPY scripts /home/coder"),
        affects="INV-6",
    ),
    harmful(
        "image: the sudoers file is taken away again",
        before(DOCKERFILE, "USER coder\n", "RUN rm /etc/sudoers.d/coder\n"),
        finds=Expected("INV-3", "RUN rm /etc/sudoers.d/coder"),
        affects="INV-3",
    ),
    harmful(
        "image: the transport in the skeleton",
        before(
            DOCKERFILE, "USER coder\n", "COPY <<EOF /etc/skel/.profile\nexport GIT_SSH_COMMAND='coder gitssh --'\nEOF\n"
        ),
        finds=Expected("F-4", "export GIT_SSH_COMMAND="),
    ),
    harmless("image: the user by a variable", Edit(DOCKERFILE, "USER coder\n", "ARG NAME=coder\nUSER ${NAME}\n")),
    harmless(
        "image: the staged files by a variable",
        Edit(DOCKERFILE, "COPY scripts /home/coder-files\n", "ARG STAGE=/home/coder-files\nCOPY scripts ${STAGE}\n"),
    ),
    harmless(
        "image: the staged files from a folder of the build",
        Edit(DOCKERFILE, "COPY scripts /home/coder-files\n", "WORKDIR /home\nCOPY scripts coder-files\n"),
    ),
    harmless(
        "image: a stage before it",
        before(
            DOCKERFILE, "FROM ubuntu:24.04\n", "FROM golang:1.23 AS tools\nRUN go install example.org/tool@latest\n\n"
        ),
    ),
)
