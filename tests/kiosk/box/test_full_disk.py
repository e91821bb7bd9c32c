"""A disk that is full, as the kernel has it: a small file system that the program alone sees."""

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from program import Client, QuhaoProcess
from wires import wait_until

MOUNT = """
mount -t tmpfs -o size=32m tmpfs "$0" || exit
cp -p "$0.laid/"* "$0"
head -c 64m /dev/zero >"$0/ballast"
exec "$@"
"""


@pytest.fixture(params=["a store that is there", "no store yet"])
def quhao(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[QuhaoProcess]:
    """A program that is started on a full disk."""
    if subprocess.run(["unshare", "-Urm", "true"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a file system, not even in a namespace of its own")
    through = ["unshare", "-Urm", "sh", "-c", MOUNT, str(tmp_path / "var")]
    with QuhaoProcess(tmp_path, first_day=request.param == "no store yet", through=through) as quhao:
        folder = tmp_path / "var"
        laid = folder.with_name("var.laid")
        folder.rename(laid) if folder.exists() else laid.mkdir()
        (laid / "readme").touch()
        folder.mkdir()
        yield quhao


def test_a_start_on_a_full_disk_waits_and_a_disk_that_fills_up_is_told(quhao: QuhaoProcess) -> None:
    quhao.begin()
    process = quhao.process
    assert process
    wait_until(lambda: "waiting for room on the disk" in quhao.log.read_text("utf-8"), 60)
    ballast = Path(f"/proc/{process.pid}/root{quhao.folder}/var/ballast")
    ballast.unlink()
    with closing(Client(quhao.port)) as client:
        wait_until(lambda: process.poll() is not None or ready(client) == 200, 60)
        ballast.touch()
        with pytest.raises(OSError, match="No space left"):
            ballast.write_bytes(bytes(64 << 20))
        wait_until(lambda: ready(client) == 503)
        found = client.get("//readyz").body["missing"]
        assert ("disk store", "disk_full") in [(one["what"], one["reason"]) for one in found]
        ballast.unlink()
        wait_until(lambda: ready(client) == 200)
    assert quhao.terminate() == 0


def ready(client: Client) -> int:
    try:
        return client.get("//readyz").status
    except OSError:
        return 0
