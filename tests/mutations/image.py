"""Mutations of the image: users, sudo, what is staged for the home, and the commands that the image brings."""

from __future__ import annotations

from tests.mutations.harness import DOCKERFILE, Edit, Expected, Mutation, after, before, harmful, harmless

OPEN_SITE = "image/scripts/.ddev/commands/host/open-site"

_SUDO = "RUN echo 'coder ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/coder && \\\n"
_RENAME = (
    "RUN usermod --login coder --home /home/coder --move-home ubuntu && \\\n"
    "    groupmod --new-name coder ubuntu && \\\n"
    "    usermod --append --groups docker,sudo coder\n"
)
_USER = "USER coder\n"
_SUDOERS = (
    "RUN echo 'coder ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/coder && \\\n"
    "    echo 'Defaults env_keep += \"DEBIAN_FRONTEND\"' >> /etc/sudoers.d/coder && \\\n"
    "    chmod 0440 /etc/sudoers.d/coder\n"
)
_SUDOERS_FILE = 'coder ALL=(ALL) NOPASSWD:ALL\nDefaults env_keep += "DEBIAN_FRONTEND"\n'
_RENAMES = (
    "#!/bin/bash\nset -e\nusermod --login coder --home /home/coder --move-home ubuntu\n"
    "groupmod --new-name coder ubuntu\nusermod --append --groups docker,sudo coder\n"
)


def run(text: str) -> Edit:
    """An instruction before the last user is set."""
    return before(DOCKERFILE, _USER, text)


MUTATIONS: tuple[Mutation, ...] = (
    harmful(
        "sudo: with a password",
        Edit(DOCKERFILE, "NOPASSWD:ALL'", "ALL'"),
        finds=Expected("INV-3", "coder ALL=(ALL) ALL"),
        affects="INV-3",
    ),
    harmful(
        "sudo: for one program only",
        Edit(DOCKERFILE, "NOPASSWD:ALL'", "NOPASSWD:/usr/bin/dockerd'"),
        finds=Expected("INV-3", "NOPASSWD:/usr/bin/dockerd"),
        affects="INV-3",
    ),
    harmful(
        "sudo: another mode",
        Edit(DOCKERFILE, "chmod 0440", "chmod 0644"),
        finds=Expected("INV-3", "chmod 0644"),
        affects="INV-3",
    ),
    harmful(
        "user: renamed to another",
        Edit(DOCKERFILE, "usermod --login coder --home /home/coder", "usermod --login dev --home /home/coder"),
        finds=Expected("INV-2", "usermod --login dev"),
        affects="INV-2",
    ),
    harmful(
        "user: root at the end",
        Edit(DOCKERFILE, "USER coder\n", "USER root\n"),
        finds=Expected("INV-2", "USER root", "warning"),
        affects="INV-2",
    ),
    harmful(
        "user: a number at the end",
        Edit(DOCKERFILE, "USER coder\n", "USER 1000\n"),
        finds=Expected("F-3", "USER 1000"),
        affects="INV-2",
    ),
    harmful(
        "staged: owner by numbers",
        Edit(DOCKERFILE, "RUN chown -R coder:coder /home/coder-files", "RUN chown -R 1000:1000 /home/coder-files"),
        finds=Expected("F-3", "chown -R 1000:1000"),
    ),
    harmful(
        "staged: COPY --chown by numbers",
        Edit(DOCKERFILE, "COPY scripts /home/coder-files", "COPY --chown=1000:1000 scripts /home/coder-files"),
        finds=Expected("F-3", "COPY --chown"),
        affects="INV-6",
    ),
    harmful(
        "init: as the image's command",
        after(DOCKERFILE, "WORKDIR /home/coder\n", 'CMD ["/sbin/init"]\n'),
        finds=Expected("F-9", "/sbin/init"),
    ),
    harmful(
        "dockerd: started by service in a build step",
        run("RUN service docker start\n"),
        finds=Expected("F-9", "service docker start"),
    ),
    harmful(
        "ssh: in the image's profile",
        Edit("image/scripts/.bash_profile", "", "# login\nexport GIT_SSH_COMMAND='coder gitssh --'\n"),
        finds=Expected("F-4", "GIT_SSH_COMMAND=", path="image/scripts/.bash_profile"),
    ),
    harmful(
        "command: chown by numbers in a host command",
        Edit(OPEN_SITE, "#!/bin/bash\n", "#!/bin/bash\nsudo chown -R 1000:1000 /var/www\n"),
        finds=Expected("F-3", "chown -R 1000:1000"),
    ),
    harmful(
        "command: the host name as the project in a host command",
        Edit(OPEN_SITE, "#!/bin/bash\n", "#!/bin/bash\nWORKSPACE_NAME=$(hostname | cut -d- -f1)\n"),
        finds=Expected("F-8", "hostname"),
    ),
    harmless("packages: two more", after(DOCKERFILE, "      nano \\\n", "      jq \\\n      ripgrep \\\n")),
    harmless("packages: one with a scary name", after(DOCKERFILE, "      nano \\\n", "      systemd-sysv \\\n")),
    harmless("packages: another version of DDEV", Edit(DOCKERFILE, "DDEV_VERSION=1.24.6", "DDEV_VERSION=1.24.7")),
    harmless(
        "image: a comment",
        Edit(
            DOCKERFILE,
            "# The image of every workspace.",
            "# The image of every workspace. systemctl start docker has no place in it.",
        ),
    ),
    harmless("image: another base of the same family", Edit(DOCKERFILE, "FROM ubuntu:24.04", "FROM ubuntu:24.10")),
    harmless(
        "image: a build step of its own",
        run(
            "RUN set -eux; mkdir -p /opt/tools; curl -fsSL https://example.org/tool -o /opt/tools/tool; \\\n"
            "    chmod 755 /opt/tools/tool\n"
        ),
    ),
    harmless(
        "image: a user for a service", run("RUN useradd --system --shell /usr/sbin/nologin builder\n"), affects="INV-2"
    ),
    harmless(
        "image: continuation lines laid out anew",
        Edit(DOCKERFILE, _RENAME, _RENAME.replace(" && \\\n    ", " \\\n && ")),
    ),
    harmless("image: root for a step", before(DOCKERFILE, _USER, "USER root\nRUN true\n")),
    harmless("image: an exposed port", before(DOCKERFILE, _USER, "EXPOSE 80\n")),
    harmless("image: an environment variable", before(DOCKERFILE, _USER, "ENV COMPOSER_MEMORY_LIMIT=-1\n")),
    harmless("image: a label", before(DOCKERFILE, _USER, 'LABEL org.example.purpose="privileged = false"\n')),
    harmless("sudo: the mode without its zero", Edit(DOCKERFILE, "chmod 0440", "chmod 440"), affects="INV-3"),
    harmless("staged: a file more", Edit("image/scripts/.editorconfig", "", "root = true\n")),
    harmless("staged: another welcome", Edit("image/scripts/WELCOME.txt", to="image/scripts/HELLO.txt")),
    harmless(
        "staged: a command more",
        Edit(
            "image/scripts/.ddev/commands/host/shell",
            "",
            "#!/bin/bash\n## Description: a shell\nset -e\nddev exec bash\n",
        ),
    ),
    harmless(
        "staged: settings",
        Edit("image/scripts/.vscode/settings.json", to="image/scripts/.vscode/settings.default.json"),
    ),
    harmless(
        "user: renamed by a script that the build copies and runs",
        Edit(DOCKERFILE, _RENAME, "COPY user.sh /tmp/user.sh\nRUN bash /tmp/user.sh && rm /tmp/user.sh\n"),
        Edit("image/user.sh", "", _RENAMES),
    ),
    harmless(
        "user: renamed by a script that the build mounts",
        Edit(DOCKERFILE, _RENAME, "RUN --mount=type=bind,source=build,target=/build bash /build/user.sh\n"),
        Edit("image/build/user.sh", "", _RENAMES),
    ),
    harmless(
        "user: renamed by a script that is written in place",
        Edit(DOCKERFILE, _RENAME, f"COPY <<EOF /tmp/user.sh\n{_RENAMES}EOF\nRUN sh /tmp/user.sh\n"),
    ),
    harmful(
        "staged: owner by numbers in a script that the build runs",
        run("WORKDIR /opt\nCOPY build/ ./build/\nRUN ./build/owners.sh\n"),
        Edit("image/build/owners.sh", "", "#!/bin/bash\nchown -R 1000:1000 /opt\n"),
        finds=Expected("F-3", "chown -R 1000:1000", path="image/build/owners.sh"),
    ),
    harmless(
        "stages: another one builds on the first",
        Edit(DOCKERFILE, "FROM ubuntu:24.04\n", "FROM ubuntu:24.04 AS base\n"),
        before(DOCKERFILE, "# The home is mounted over", "FROM base AS workspace\n"),
    ),
    harmless(
        "stages: the last one takes all of the first, and its user",
        Edit(DOCKERFILE, "FROM ubuntu:24.04\n", "FROM ubuntu:24.04 AS full\n"),
        after(DOCKERFILE, "WORKDIR /home/coder\n", "\nFROM scratch\nCOPY --from=full / /\n"),
    ),
    harmless(
        "stages: a tool from another one, which ends with an init system",
        Edit(
            DOCKERFILE,
            "FROM ubuntu:24.04\n",
            "FROM debian:12 AS tools\nWORKDIR /src\nENV HOME=/src\nCOPY --chown=1000:1000 tool .\nUSER 1000\n"
            "RUN git config --global core.sshCommand 'ssh -i key' && chown 1000 . && make tool\n"
            'RUN service docker start\nCMD ["/sbin/init"]\n\nFROM ubuntu:24.04\n'
            "COPY --from=tools /tool /usr/local/bin/tool\n",
        ),
    ),
    harmful(
        "stages: the user is renamed in another one",
        before(DOCKERFILE, "RUN echo 'coder ALL", "FROM ubuntu:24.04\nRUN apt-get install --yes sudo\n"),
        finds=Expected("INV-2", "FROM ubuntu:24.04"),
        affects="INV-2",
    ),
    harmless(
        "sudo: the file from a folder",
        Edit(DOCKERFILE, _SUDOERS, "COPY --chmod=0440 sudoers.d/ /etc/sudoers.d/\n"),
        Edit("image/sudoers.d/coder", "", _SUDOERS_FILE),
        affects="INV-3",
    ),
    harmless(
        "sudo: the file from a folder that is laid over the root",
        Edit(DOCKERFILE, _SUDOERS, "COPY rootfs/ /\nRUN chmod 0440 /etc/sudoers.d/coder\n"),
        Edit("image/rootfs/etc/sudoers.d/coder", "", _SUDOERS_FILE),
        affects="INV-3",
    ),
    harmful(
        "sudo: a file that is copied without its mode",
        Edit(DOCKERFILE, _SUDOERS, "COPY sudoers /etc/sudoers.d/coder\n"),
        Edit("image/sudoers", "", _SUDOERS_FILE),
        finds=Expected("INV-3", "COPY sudoers /etc/sudoers.d/coder"),
        affects="INV-3",
    ),
    harmful(
        "sudo: another mode, and lines that end as on Windows",
        Edit(DOCKERFILE, "# for the lookup of the mirror\n      iproute2 \\\n", "iproute2 \\\r\n"),
        Edit(DOCKERFILE, "    chmod 0440 /etc/sudoers.d/coder\n", "    chmod 0644 /etc/sudoers.d/coder\r\n"),
        finds=Expected("INV-3", "chmod 0644"),
        affects="INV-3",
    ),
)
