"""INV-3: passwordless sudo for coder: the sudoers file of the image, and sudo at boot."""

from tests.rules.harness import Case, Code

RULE = "INV-3"

_ENTRY = "RUN echo 'coder ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/coder"
_KEEP = """    echo 'Defaults env_keep += "DEBIAN_FRONTEND"' >> /etc/sudoers.d/coder"""
_MODE = "    chmod 0440 /etc/sudoers.d/coder"
_RIGHT = " && \\\n".join((_ENTRY, _KEEP, _MODE))
_STRICT = _RIGHT.removeprefix("RUN ").replace(" \\\n", "").replace('"', '\\"')
_FILE = 'coder ALL=(ALL) NOPASSWD:ALL\nDefaults env_keep += "DEBIAN_FRONTEND"\n'
_INSTALL = "RUN apt-get update && apt-get install -y --no-install-recommends git sudo && rm -rf /var/lib/apt/lists/*"
_MORE = Code(files={"../image/sudoers": _FILE})


def _image(lines: str, /, **files: str) -> Code:
    text = f"""FROM ubuntu:24.04
RUN usermod --login coder --home /home/coder --move-home ubuntu
{lines}
COPY scripts /home/coder-files
USER coder
"""
    return Code(files={"../image/Dockerfile": text, **{f"../image/{name}": own for name, own in files.items()}})


def _case(name: str, lines: str, before: str = _RIGHT, /, **files: str) -> Case:
    return Case(name, before=_image(before, **files), files=_image(lines, **files).files)


def _lines(entry: str = _ENTRY, keep: str = _KEEP, mode: str = _MODE, mark: str = "") -> str:
    """The three lines, the last one or the one with a backslash carrying markers."""
    return " && \\\n".join(each for each in (entry, keep, mode) if each) + (f" # {mark}" if mark else "")


def _marked(text: str, line: str, mark: str = "!INV-3") -> str:
    """`text` with a marker at the end of the line that begins with `line`."""
    return "\n".join(f"{each} # {mark}" if each.strip().startswith(line) else each for each in text.split("\n"))


def _entry(text: str) -> str:
    return _lines(entry=f"RUN echo '{text}' > /etc/sudoers.d/coder")


BAD = (
    Case(
        "beside the boot script",
        on=("minimal",),
        top="""
            resource "coder_script" "more" {
              agent_id     = coder_agent.main.id
              run_on_start = true
              script       = "sudo rm -f /etc/sudoers.d/coder" # !INV-3
            }
        """,
    ),
    Case("in the boot, by a function", boot='try() {\n  "$@"\n}\ntry sudo rm -f /etc/sudoers.d/coder # !INV-3'),
    _case("no sudoers file", "RUN true\nRUN false # !INV-3", _RIGHT + "\nRUN false"),
    _case("no entry", _marked(_lines(entry="RUN mkdir -p /etc/sudoers.d"), "RUN mkdir")),
    _case("with a password", _marked(_entry("coder ALL=(ALL) ALL"), "RUN echo")),
    _case("some programs only", _marked(_entry("coder ALL=(ALL) NOPASSWD: /usr/bin/dockerd"), "RUN echo")),
    _case("as root only", _marked(_entry("coder ALL=(root) NOPASSWD:ALL"), "RUN echo")),
    _case("all but some programs", _marked(_entry("coder ALL=(ALL) NOPASSWD:ALL, !/usr/bin/chown"), "RUN echo")),
    _case("on one host", _marked(_entry("coder localhost=(ALL) NOPASSWD:ALL"), "RUN echo")),
    _case("for another user", _marked(_entry("ubuntu ALL=(ALL) NOPASSWD:ALL"), "RUN echo")),
    _case(
        "a later entry that asks for the password",
        _marked(_RIGHT + " && \\\n    echo 'coder ALL=(ALL:ALL) ALL' >> /etc/sudoers.d/coder", "echo 'coder"),
    ),
    _case(
        "a second line that overwrites the first",
        _marked(_lines(keep=_KEEP.replace(">>", ">")), "echo 'Defaults"),
    ),
    _case(
        "some programs only, in a file that is made elsewhere first",
        _marked(
            "RUN printf '%s\\n' 'Defaults env_keep += \"DEBIAN_FRONTEND\"' > /tmp/sudoers\n"
            "RUN echo 'coder ALL=(ALL) NOPASSWD:/usr/bin/dockerd' >> /tmp/sudoers\n"
            "RUN install -m 0440 /tmp/sudoers /etc/sudoers.d/coder",
            "RUN echo",
        ),
    ),
    _case(
        "the mode of its folder only",
        _marked(_lines(mode="    mkdir -p /etc/sudoers.d && chmod 0440 /etc/sudoers.d"), "mkdir"),
    ),
    _case("a wider mode", _marked(_lines(mode="    chmod 0644 /etc/sudoers.d/coder"), "chmod")),
    _case("a mode in letters that is wider", _marked(_lines(mode="    chmod u=rw,go=r /etc/sudoers.d/coder"), "chmod")),
    _case("no mode", _ENTRY + " && \\\n" + _KEEP + " # !INV-3"),
    _case("no env_keep", _marked(_lines(keep=""), "chmod")),
    _case("another variable kept", _marked(_lines(keep=_KEEP.replace("DEBIAN_FRONTEND", "EDITOR")), "echo 'Defaults")),
    _case("another file", _marked(_lines(entry=_ENTRY.replace("/coder", "/workspace")), "RUN echo", "!INV-3 warning")),
    _case(
        "a group instead of the user",
        _marked(_entry("%sudo ALL=(ALL:ALL) NOPASSWD:ALL"), "RUN echo", "!INV-3 warning"),
    ),
    _case(
        "a file written in place that asks",
        "COPY --chmod=0440 <<EOF /etc/sudoers.d/coder\n" + _FILE.replace("NOPASSWD:ALL", "ALL # !INV-3") + "EOF",
    ),
    Case(
        "an entry in a copied file that asks",
        before=_image("COPY --chmod=0440 sudoers /etc/sudoers.d/coder", sudoers=_FILE),
        files=_image(
            "COPY --chmod=0440 sudoers /etc/sudoers.d/coder", sudoers=_FILE.replace("NOPASSWD:ALL", "ALL # !INV-3")
        ).files,
    ),
    _case(
        "no package sudo",
        _marked(_INSTALL.replace(" sudo", ""), "RUN apt-get", "!INV-3 warning") + "\n" + _RIGHT,
        _INSTALL + "\n" + _RIGHT,
    ),
    Case("sudo that reads a password", boot='echo "$PASSWORD" | sudo -S systemctl restart cron # !INV-3'),
    Case("the same by the long option", boot='sudo --stdin -u root chown coder /srv <<< "secret" # !INV-3'),
    Case("the home without sudo", boot="chown coder:coder /home/coder # !INV-3"),
    Case("the home with a sudo that is empty", boot='SUDO=""\n$SUDO chown -R coder: ~ # !INV-3'),
    Case("the socket without sudo", boot="chmod 660 /var/run/docker.sock # !INV-3"),
    Case("the daemon's settings without sudo", boot="echo '{}' | tee /etc/docker/daemon.json # !INV-3"),
    Case("sudo that does not reach the redirection", boot="sudo echo '{}' > /etc/docker/daemon.json # !INV-3"),
    Case("the file taken away at boot", boot="sudo rm -f /etc/sudoers.d/coder # !INV-3"),
    Case(
        "the file written anew at boot",
        boot="echo 'coder ALL=(ALL) NOPASSWD: /usr/bin/apt' | sudo tee /etc/sudoers.d/coder > /dev/null # !INV-3",
    ),
    Case("another mode at boot", boot="sudo chmod 0644 /etc/sudoers.d/coder # !INV-3"),
    Case("another mode at boot, in letters", boot="sudo chmod u+w,g+w /etc/sudoers.d/coder # !INV-3"),
    Case("edited at boot", boot="sudo sed -i 's/NOPASSWD://' /etc/sudoers.d/coder # !INV-3"),
    Case(
        "an upload that is read after it",
        container="""
            upload {
              file    = "/etc/sudoers.d/zz-local"
              content = <<-EOC
                Defaults lecture=never
                coder ALL=(ALL) ALL # !INV-3
              EOC
            }
        """,
    ),
    Case(
        "an upload in its place that allows less",
        container="""
            upload {
              file        = "/etc/sudoers.d/coder" # !INV-3
              content     = "coder ALL=(ALL) NOPASSWD:/usr/bin/dockerd"
              permissions = "0440"
            }
        """,
    ),
    Case(
        "an upload in its place that everybody reads",
        container="""
            upload {
              file    = "/etc/sudoers.d/coder" # !INV-3
              content = "coder ALL=(ALL) NOPASSWD:ALL\\nDefaults env_keep += \\"DEBIAN_FRONTEND\\"\\n"
            }
        """,
    ),
    Case(
        "an entry that is read after it, at boot",
        boot="echo 'coder ALL=(ALL) ALL' | sudo tee /etc/sudoers.d/zz-local # !INV-3",
    ),
    Case("an entry at the end, at boot", boot="echo 'coder ALL=(ALL:ALL) ALL' | sudo tee -a /etc/sudoers # !INV-3"),
)

GOOD = (
    Case("sudo where it is there", boot="have sudo && SUDO=sudo || SUDO=\n$SUDO chown coder: ~"),
    Case("the user's own file without sudo", boot="chown coder:coder ~/WELCOME.txt"),
    Case("a shell of root", boot="sudo sh -c 'chmod 660 /var/run/docker.sock; chown coder /home/coder'"),
    _case("a group to run as", _entry("coder ALL=(ALL:ALL) NOPASSWD:ALL")),
    _case("blanks", _entry("coder   ALL = (ALL)   NOPASSWD: ALL")),
    _case(
        "the lines in another order",
        _KEEP.replace("    echo", "RUN echo").replace(">>", ">")
        + " && \\\n"
        + _ENTRY.replace("RUN", "   ").replace(">", ">>")
        + " && \\\n"
        + _MODE,
    ),
    _case(
        "in its folder", _RIGHT.replace("RUN echo", "RUN cd /etc/sudoers.d && echo").replace(" /etc/sudoers.d/", " ")
    ),
    _case("a mode by find", _lines(mode="    find /etc/sudoers.d -type f -exec chmod 0440 {} +")),
    _case(
        "another mode for its folder", _RIGHT + "\nRUN install -d -m 0750 /etc/sudoers.d && chmod 755 /etc/sudoers.d"
    ),
    _case("by a shell with options", 'RUN ["bash", "-o", "pipefail", "-ceu", "' + _STRICT + '"]'),
    _case(
        "a file that brings its mode",
        "RUN printf '%s ALL=(ALL) NOPASSWD:ALL\\n' coder > /tmp/s && "
        "echo 'Defaults !lecture, env_keep += \"DEBIAN_FRONTEND\"' >> /tmp/s && "
        "chmod 440 /tmp/s && visudo -cf /tmp/s && mv /tmp/s /etc/sudoers.d/coder",
    ),
    _case(
        "by a script that the build has among its programs",
        f"COPY --chmod=755 <<'END' /usr/local/bin/sudoers\n#!/bin/sh\n{_RIGHT.removeprefix('RUN ')}\nEND\nRUN sudoers",
    ),
    _case("a mode of three digits", _lines(mode="    chmod 440 /etc/sudoers.d/coder")),
    _case("a mode in letters", _lines(mode="    chmod u=r,g=r,o= /etc/sudoers.d/coder")),
    _case(
        "printf",
        "RUN printf '%s\\n' 'coder ALL=(ALL) NOPASSWD:ALL' 'Defaults env_keep += \"DEBIAN_FRONTEND\"' "
        "> /etc/sudoers.d/coder && chmod 0440 /etc/sudoers.d/coder",
    ),
    _case(
        "tee",
        "RUN echo 'coder ALL=(ALL) NOPASSWD:ALL' | tee /etc/sudoers.d/coder && "
        "echo 'Defaults env_keep+=DEBIAN_FRONTEND' | tee -a /etc/sudoers.d/coder && chmod 0440 /etc/sudoers.d/coder",
    ),
    _case(
        "a group of commands",
        "RUN { echo 'coder ALL=(ALL) NOPASSWD:ALL'; echo 'Defaults:coder env_keep += \"DEBIAN_FRONTEND\"'; } "
        "> /etc/sudoers.d/coder && chmod 0440 /etc/sudoers.d/coder",
    ),
    _case(
        "a heredoc",
        "RUN <<EOF\ncat > /etc/sudoers.d/coder <<'SUDO'\n" + _FILE + "SUDO\nchmod 0440 /etc/sudoers.d/coder\nEOF",
    ),
    _case("a copied file", "COPY --chmod=0440 sudoers /etc/sudoers.d/coder", sudoers=_FILE),
    _case(
        "a copied file with its mode later",
        "COPY sudoers /etc/sudoers.d/coder\nRUN chmod 0440 /etc/sudoers.d/coder",
        sudoers=_FILE,
    ),
    _case("a file written in place", "COPY --chmod=0440 <<EOF /etc/sudoers.d/coder\n" + _FILE + "EOF"),
    _case(
        "what install is fed",
        "RUN printf 'coder ALL=(ALL) NOPASSWD:ALL\\nDefaults env_keep += \"DEBIAN_FRONTEND\"\\n' | "
        "install -m 0440 /dev/stdin /etc/sudoers.d/coder",
    ),
    _case(
        "a file that is made elsewhere first",
        "RUN printf '%s\\n' 'coder ALL=(ALL) NOPASSWD:ALL' 'Defaults env_keep += \"DEBIAN_FRONTEND\"' > /tmp/s && "
        "\\\n    install -m 0440 /tmp/s /etc/sudoers.d/coder && rm /tmp/s",
    ),
    _case(
        "a file that is moved there",
        "RUN cat > /tmp/coder <<'SUDO'\n"
        + _FILE
        + "SUDO\nRUN chmod 0440 /tmp/coder && mv /tmp/coder /etc/sudoers.d/ && "
        "chmod 0440 /etc/sudoers.d/coder",
    ),
    _case(
        "a place that the build is told",
        "ARG SUDOERS=/etc/sudoers.d/coder\n" + _RIGHT.replace("/etc/sudoers.d/coder", "$SUDOERS"),
    ),
    _case("checked by visudo", _RIGHT + " && \\\n    visudo -cf /etc/sudoers.d/coder"),
    _case(
        "an entry for another user besides",
        _RIGHT + " && \\\n    echo 'backup ALL=(root) NOPASSWD: /usr/bin/rsync' > /etc/sudoers.d/backup",
    ),
    _case("sudo of one version", _INSTALL.replace("sudo", "sudo=1.9.*") + "\n" + _RIGHT, _INSTALL + "\n" + _RIGHT),
    _case(
        "packages by a list",
        "ARG PACKAGES\n" + _INSTALL.replace("git sudo", "$PACKAGES") + "\n" + _RIGHT,
        _INSTALL + "\n" + _RIGHT,
    ),
    Case(
        "the same mode at boot", boot="sudo chmod 0440 /etc/sudoers.d/coder\nsudo chmod u=r,g=r,o= /etc/sudoers.d/coder"
    ),
    Case("sudo that never asks", boot="sudo -n true"),
    Case("sudo with a variable kept", boot="sudo -E apt-get update"),
    Case("another program with that option", boot="sort -S 10M /tmp/list > /tmp/sorted"),
    Case(
        "an upload of the same",
        container="""
            upload {
              file        = "/etc/sudoers.d/coder"
              content     = "coder ALL=(ALL) NOPASSWD:ALL\\nDefaults env_keep += \\"DEBIAN_FRONTEND\\"\\n"
              permissions = "0440"
            }
        """,
    ),
    Case(
        "an upload of a word about sudo",
        container='upload {\n  file    = "/etc/sudoers.d/zz"\n  content = "Defaults lecture=never"\n}',
    ),
    Case(
        "an entry that is read before it, at boot",
        boot="echo 'coder ALL=(ALL) ALL' | sudo tee /etc/sudoers.d/aa-local",
    ),
    Case(
        "an entry for somebody else, at boot",
        boot="echo 'backup ALL=(ALL) ALL' | sudo tee /etc/sudoers.d/zz-backup",
    ),
)

UNDECIDED = (
    _case(
        "a file of another make",
        _marked("RUN make-sudoers && install -m 0440 /tmp/sudoers /etc/sudoers.d/coder", "RUN", "?INV-3"),
    ),
    _case(
        "a file from the internet",
        _marked(
            "RUN curl -fsSL https://example.org/sudoers > /etc/sudoers.d/coder && chmod 0440 /etc/sudoers.d/coder",
            "RUN",
            "?INV-3",
        ),
    ),
)
