"""A plain Debian in a folder of its own: made by debootstrap, entered by chroot, without systemd. Takes root.

What is mounted in it is mounted for the commands inside, in a namespace of theirs: nothing is left, whatever ends.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]
SERVICE = "/usr/local/bin/hall"
"""What stands in for systemd there: ``hall start``, ``stop``, ``status`` of the unit's command, run as its user."""
LOG = "var/log/hall.log"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_ENTER = """
mount -t proc proc "$0/proc" && mount --bind /dev/pts "$0/dev/pts" && mount --bind "$1" "$0/media/stick" && shift &&
exec chroot "$0" "$@"
"""
_SERVICE = """#!/bin/sh
unit=/lib/systemd/system/quhao.service
told() {{ sed -n "s/^$1=//p" $unit; }}
case "$1" in
start)
    cd "$(told WorkingDirectory)"
    user=$(told User)
    # shellcheck disable=SC2046
    setsid setpriv --reuid "$user" --regid "$user" --init-groups env HOME=/ $(told ExecStart) >>/{log} 2>&1 </dev/null &
    echo $! > /run/hall.pid
    ;;
stop)
    pid=$(cat /run/hall.pid)
    kill "$pid" 2>/dev/null || exit 0
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
    ;;
status) kill -0 "$(cat /run/hall.pid)" 2>/dev/null ;;
esac
"""


def mirror() -> tuple[str, str]:
    """Where this machine's apt takes Debian from, and the name of this Debian."""
    told = Path("/etc/os-release").read_text("utf-8")
    name = re.search(r"^VERSION_CODENAME=(.+)$", told, re.MULTILINE)
    assert name, "no Debian"
    sources = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Identifier: Packages"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = [line.split(" ", 1)[1] for line in sources.stdout.splitlines() if line.startswith(f"{name[1]} ")]
    assert found, sources.stdout
    return found[0], name[1]


def base() -> Path:
    """The minimal system as debootstrap leaves it; made once and kept below ``build``."""
    uri, name = mirror()
    made = ROOT / f"build/plain-{name}"
    if not made.exists():
        draft = made.with_name(f"{made.name}.part")
        shutil.rmtree(draft, ignore_errors=True)
        draft.parent.mkdir(exist_ok=True)
        subprocess.run(["debootstrap", "--variant=minbase", name, str(draft), uri], check=True, capture_output=True)
        draft.rename(made)
    return made


class PlainDebian:
    """A copy of :func:`base` whose apt knows one folder and nothing else; a context that leaves nothing behind.

    Args:
        folder: where it is to be; must not be there yet.
        packages: a folder with an index for apt. What is put into it later is seen inside.
    """

    def __init__(self, folder: Path, packages: Path) -> None:
        self.folder = folder
        self._packages = packages

    def __enter__(self) -> Self:
        subprocess.run(["cp", "-a", "--reflink=auto", str(base()), str(self.folder)], check=True)
        for source in (self.folder / "etc/apt/sources.list.d").glob("*"):
            source.unlink()
        self.write("etc/apt/sources.list", "deb [trusted=yes] file:/media/stick ./\n")
        # A test outlives no power cut: dpkg need not wait for the disk at each file.
        self.write("etc/dpkg/dpkg.cfg.d/quick", "force-unsafe-io\n")
        self.write(SERVICE[1:], _SERVICE.format(log=LOG))
        (self.folder / SERVICE[1:]).chmod(0o755)
        (self.folder / "media/stick").mkdir()
        return self

    def __exit__(self, *_error: object) -> None:
        self.run(SERVICE, "stop", check=False)
        shutil.rmtree(self.folder)

    def write(self, path: str, text: str) -> None:
        """Put a file there; ``path`` is relative to its root."""
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text, "utf-8")

    def read(self, path: str) -> str:
        """A file of it; ``path`` is relative to its root."""
        return (self.folder / path).read_text("utf-8")

    def run(
        self, *command: str, user: str = "root", offline: bool = False, check: bool = True, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside, by default as root; ``offline``: in a network of its own, where nothing is."""
        enter = ["unshare", "--mount", *(["--net"] if offline else []), "sh", "-c", _ENTER]
        become = [] if user == "root" else ["setpriv", "--reuid", user, "--regid", user, "--init-groups"]
        clean = {"PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": "/", "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(
            [*enter, str(self.folder), str(self._packages), *become, *command],
            env=clean | variables,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=1200,
        )
        if check:
            assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
        return done

    def apt(self, *command: str, offline: bool = True, **variables: str) -> str:
        """``apt-get`` without a network; what it said. A service that it starts would be in no network, either."""
        done = self.run("apt-get", "-q", "-y", "--no-install-recommends", *command, offline=offline, **variables)
        return done.stdout + done.stderr


def is_root() -> bool:
    """Whether this process may enter another root."""
    return os.geteuid() == 0
