"""Boxes over HTTP: what a technician sees of them, and what may be said of them."""

from typing import Any

from ticketing.boxes.boxes import LastUpdate


def test_boxes_are_shown_noted_and_forgotten(here: Any) -> None:
    technician, boxes = here.token("technician"), here.hall.boxes
    assert here.get("/boxes", token=technician).json == []
    started = here.at
    began = started.isoformat(timespec="milliseconds")
    boxes.report("tower", "1.0", started, LastUpdate("1.0", "2.0", "went_back", "failed", started))
    here.hall.watch.look()
    manager = here.token("manager")
    (alert,) = here.get("/alerts", token=manager).json
    assert (alert["kind"], alert["subject"]) == ("update", "test")
    assert here.get("/alerts", token=here.token("desk")).json == []
    (box,) = here.get("/boxes", token=technician).json
    assert (box["name"], box["machine"], box["version"], box["state"], box["here"]) == (
        "test",
        "tower",
        "1.0",
        "online",
        True,
    )
    assert box["started_at"] == box["version_at"] == began
    update = {"before": "1.0", "after": "2.0", "step": "went_back", "reason": "failed", "noted": False}
    assert box["update"] == update | {"at": began}
    assert (box["alone_until"], box["taken_by"], box["taken_at"]) == (None, None, None)

    assert here.post("/boxes/test/noted", token=technician).status == 204
    assert here.get("/boxes", token=technician).json[0]["update"]["noted"]
    assert here.get("/alerts", token=manager).json == []
    assert here.post("/boxes/another/noted", token=technician).code == "unknown_box"
    assert here.ask("DELETE", "/api/v1/boxes/test", token=technician).status == 204
    assert here.get("/boxes", token=technician).json == []
    assert here.ask("DELETE", "/api/v1/boxes/test", token=technician).code == "unknown_box"
