"""Runs the Dockerfile's steps where no container engine is: in a clean Debian root, as they are written.

    sudo .venv/bin/python tools/image_by_steps.py [--work FOLDER]

It needs Linux, root, debootstrap and a few minutes. What differs from a build by an engine: the base image is the same
release of Debian by debootstrap, with Debian's build of the same minor version of Python; layers are overlay mounts.
Then the image's command runs as the image's user on a read-only root with one writable volume until it is ready, and
is stopped. Prints what each step takes and what the image adds to its base.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rules.sources.dockerfile import Instruction, parse_dockerfile  # noqa: E402

LENT = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "PIP_CERT", "PIP_INDEX_URL", "SSL_CERT_FILE")
"""What a step may know of this machine's network."""

SLIM = "".join(
    f"path-exclude /usr/share/{name}/*\n" for name in ("doc", "groff", "info", "linda", "lintian", "locale", "man")
)
"""The slim images of Debian leave these out: https://github.com/debuerreotype/debuerreotype"""

CLEAN = 'APT::Keep-Downloaded-Packages "false"; Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";\n'

START_SECONDS = 60


@dataclass
class Stage:
    """One `FROM` and what came of it: `added` is what its steps wrote over the base."""

    name: str
    added: Path
    merged: Path
    environment: dict[str, str] = field(
        default_factory=lambda: {"PATH": "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"}
    )
    folder: str = "/"
    user: str = "0"
    volumes: list[str] = field(default_factory=list)
    command: tuple[str, ...] = ()
    health: tuple[str, ...] = ()


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def run(*command: str | Path) -> None:
    subprocess.run([str(word) for word in command], check=True)


def answer_of(*command: str | Path) -> str:
    """What a command prints, be it a complaint."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip()


def bootstrap(base: Path, image: str) -> None:
    """The nearest thing to the official image of Python `image`."""
    wanted = re.fullmatch(r"python:(\d+\.\d+)-slim-(\w+)", image)
    if wanted is None:
        raise SystemExit(f"{image} is no slim image of Python.")
    if not base.exists():
        new = base.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        run("debootstrap", "--variant=minbase", "--include=ca-certificates,python3,python3-venv", wanted[2], new)
        (new / "etc/dpkg/dpkg.cfg.d/docker").write_text(SLIM)
        (new / "etc/apt/apt.conf.d/docker-clean").write_text(CLEAN)
        (new / "usr/local/bin/python").symlink_to("/usr/bin/python3")
        new.rename(base)
    found = answer_of("chroot", base, "python", "--version")
    say(f"base: Debian {wanted[2]}, {found} in place of {image}")
    if not found.startswith(f"Python {wanted[1]}."):
        raise SystemExit(f"Debian {wanted[2]} has {found}, not the {wanted[1]} of the image.")


def begin(name: str, work: Path, base: Path) -> Stage:
    stage = Stage(name, work / name / "added", work / name / "merged")
    scratch = work / name / "scratch"
    for folder in (stage.added, scratch, stage.merged):
        folder.mkdir(parents=True)
    run(
        "mount",
        "-t",
        "overlay",
        "-o",
        f"lowerdir={base},upperdir={stage.added},workdir={scratch}",
        "overlay",
        stage.merged,
    )
    return stage


def inside(stage: Stage, command: list[str], *, user: str = "0", network: bool = False) -> list[str]:
    """The command line that runs `command` in the stage's root, with mounts and processes of its own."""
    mounts = ["mount --types proc proc proc", "mount --rbind /dev dev"]
    if network:
        mounts += ["touch etc/resolv.conf", "mount --bind /etc/resolv.conf etc/resolv.conf"]
        mounts += ["mount --bind /etc/ssl/certs etc/ssl/certs"]
    environment = dict(stage.environment)
    environment |= {name: os.environ[name] for name in LENT if network and name in os.environ}
    setting = [f"{name}={value}" for name, value in environment.items()]
    rights = [
        "setpriv",
        "--reuid",
        user,
        "--regid",
        user,
        "--clear-groups",
        "--no-new-privs",
        "--inh-caps=-all",
        "--bounding-set=-all",
    ]
    words = ["chroot", ".", "env", "-i", "-C", stage.folder, *setting, *(rights if user != "0" else []), *command]
    script = " && ".join([f"cd {shlex.quote(str(stage.merged))}", *mounts, f"exec {shlex.join(words)}"])
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script]


def copy(stage: Stage, instruction: Instruction, stages: dict[str, Stage], context: Path) -> None:
    origin = next(
        (stages[flag.partition("=")[2]].merged for flag in instruction.flags if flag.startswith("--from=")), context
    )
    *sources, target = instruction.words
    to = stage.merged / os.path.join(stage.folder, target).lstrip("/")
    for source in sources:
        at = origin / source.lstrip("/")
        if at.is_dir():
            to.mkdir(parents=True, exist_ok=True)
            run("cp", "-a", f"{at}/.", to)
        else:
            into = to / at.name if target.endswith("/") else to
            into.parent.mkdir(parents=True, exist_ok=True)
            run("cp", "-a", at, into)


def step(stage: Stage, instruction: Instruction, stages: dict[str, Stage], context: Path) -> None:
    words = instruction.words
    match instruction.keyword:
        case "RUN":
            assert instruction.script is not None
            run(*inside(stage, ["/bin/sh", "-c", instruction.script.show()], user=stage.user, network=True))
        case "COPY":
            copy(stage, instruction, stages, context)
        case "ENV":
            for word in words:
                name, _, value = word.partition("=")
                [plain] = shlex.split(value)
                stage.environment[name] = plain.replace("$PATH", stage.environment["PATH"])
        case "WORKDIR":
            stage.folder = words[0]
            (stage.merged / words[0].lstrip("/")).mkdir(parents=True, exist_ok=True)
        case "USER":
            stage.user = words[0]
        case "VOLUME":
            stage.volumes += words
        case "CMD":
            stage.command = words
        case "HEALTHCHECK":
            stage.health = health_of(instruction, (context / "Dockerfile").read_text())
        case "EXPOSE":
            pass
        case other:
            raise SystemExit(f"Line {instruction.start}: {other} is not known here.")


def health_of(instruction: Instruction, text: str) -> tuple[str, ...]:
    """The command of a `HEALTHCHECK`, whose grammar is one level deeper than the others'."""
    lines = " ".join(text.splitlines()[instruction.start - 1 : instruction.end]).replace("\\ ", "")
    words = json.loads(lines.partition("CMD")[2])
    return tuple(str(word) for word in words)


def size(folder: Path) -> str:
    return f"{int(answer_of('du', '-s', '--block-size=1', folder).split()[0]) / 1e6:.0f} MB"


def build(work: Path, base: Path, context: Path) -> Stage:
    stages: dict[str, Stage] = {}
    stage = None
    for instruction in parse_dockerfile((context / "Dockerfile").read_text(), "Dockerfile").instructions:
        if instruction.keyword == "FROM":
            name = instruction.words[2] if len(instruction.words) > 2 else "image"
            stage = stages[name] = begin(name, work, base)
            continue
        assert stage is not None
        begun = time.monotonic()
        step(stage, instruction, stages, context)
        say(f"{stage.name}, line {instruction.start}: {instruction.keyword} ({time.monotonic() - begun:.1f} s)")
    assert stage is not None
    return stage


def credentials() -> dict[str, str]:
    """Those of an App that nobody has registered, at a GitHub that does not answer."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    return {
        "WRC_APP_ID": "1",
        "WRC_PRIVATE_KEY": pem.replace("\n", "\\n"),
        "WRC_WEBHOOK_SECRET": secrets.token_hex(16),
        "WRC_API_URL": "http://127.0.0.1:9",
    }


def serve(image: Stage, work: Path) -> None:
    """Run the image's command as its user, on a read-only root with one writable volume, until it is ready."""
    volume, readonly, log = work / "volume", work / "readonly", work / "service.log"
    [place] = image.volumes
    run("cp", "-a", image.merged / place.lstrip("/"), volume)
    readonly.mkdir()
    run("mount", "--bind", "-o", "ro", image.merged, readonly)
    run("mount", "--bind", volume, readonly / place.lstrip("/"))
    running = replace(image, merged=readonly, environment=image.environment | credentials())
    with log.open("wb") as out:
        process = subprocess.Popen(inside(running, [*image.command], user=image.user), stdout=out, stderr=out)
    try:
        begun = time.monotonic()
        ready = wait_until_ready(f"http://127.0.0.1:{image.environment['WRC_PORT']}/readyz", process)
        say(f"/readyz after {time.monotonic() - begun:.1f} s: {ready or log.read_text()}")
        checked = subprocess.run(inside(running, [*image.health], user=image.user), check=False)
        say(f"HEALTHCHECK: exit status {checked.returncode}")
        say(f"root, writing outside the volume: {answer_of(*inside(running, ['touch', '/opt/wrc/x']))}")
        child = answer_of("pgrep", "-P", str(process.pid))
        say(f"process (user, KB of memory, command): {answer_of('ps', '-o', 'uid=,rss=,args=', '-p', child)}")
        begun = time.monotonic()
        run("kill", child)
        process.wait(30)
        say(f"stopped by SIGTERM, as the first process, in {time.monotonic() - begun:.1f} s")
        say(f"in the volume: {', '.join(sorted(path.name for path in volume.iterdir()))}")
    finally:
        process.kill()
        process.wait()
        run("umount", "--recursive", readonly)


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.2)
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=1) as answer:
            return str(answer.read().decode())
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--work", type=Path, default=Path(tempfile.gettempdir()) / "wrc-image", help="kept: the base root in it"
    )
    work = parser.parse_args().work
    work.mkdir(parents=True, exist_ok=True)
    image = re.search(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert image is not None
    base = work / image[1].replace(":", "-")
    bootstrap(base, image[1])
    with tempfile.TemporaryDirectory(dir=work) as temporary:
        run_in = Path(temporary)
        context = run_in / "context"
        context.mkdir()
        run("git", "-C", ROOT, "archive", "--output", run_in / "context.tar", "HEAD")
        run("tar", "-x", "-C", context, "-f", run_in / "context.tar")
        try:
            built = build(run_in, base, context)
            say(f"the base has {size(base)} here; the steps of the image add {size(built.added)}")
            serve(built, run_in)
        finally:
            for merged in run_in.glob("*/merged"):
                run("umount", merged)
    return 0


if __name__ == "__main__":
    sys.exit(main())
