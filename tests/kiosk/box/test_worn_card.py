"""A card that takes nothing any more: each write of the program fails, as the kernel has it."""

import resource
from contextlib import closing
from pathlib import Path

from program import Client, QuhaoProcess
from wires import wait_until

TICKET = {"service": "business-licence"}


def test_a_card_that_takes_nothing_is_told_and_nothing_that_was_not_kept_is_answered(tmp_path: Path) -> None:
    with QuhaoProcess(tmp_path) as quhao:
        wear_out(quhao.start())
        assert quhao.terminate() == 0


def wear_out(quhao: QuhaoProcess) -> None:
    assert quhao.process
    process = quhao.process.pid
    _, most = resource.prlimit(process, resource.RLIMIT_FSIZE)
    with closing(Client(quhao.port, quhao.token("desk"))) as desk:
        first = desk.post("/tickets", TICKET)
        assert first.status == 201
        # From here on a write past the first byte of a file fails (EFBIG), which SQLite takes for an error of the disk.
        resource.prlimit(process, resource.RLIMIT_FSIZE, (1, most))
        refused = desk.post("/tickets", TICKET)
        assert (refused.status, refused.body["code"]) == (503, "store_broken")
        assert refused.body["detail"] and refused.body["detail_en"]
        told = desk.get("//readyz")
        assert told.status == 503
        missing = {one["what"]: one for one in told.body["missing"]}
        assert missing["store"]["reason"] == "store_broken"
        assert missing["store"]["zh"] and missing["store"]["en"]
        # What is kept can still be read.
        assert desk.get("/hall").status == 200
        resource.prlimit(process, resource.RLIMIT_FSIZE, (most, most))
        wait_until(lambda: desk.get("//readyz").status == 200)
        second = desk.post("/tickets", TICKET)
        assert second.status == 201
        numbers = [first.body["number"], second.body["number"]]
    assert numbers == ["A001", "A002"], "none was lost to the try that failed"
