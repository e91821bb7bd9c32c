"""A box reports itself, and says so when another machine became the box of its name."""

import json
import socket
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from kiosk.box.box_watch import BoxWatch, Condition
from kiosk.box.presence import Presence
from kiosk.box.updates import JOURNAL
from kiosk.settings import load
from offices import OfficeHall
from postgres import PostgresServer
from ticketing.boxes.boxes import Boxes
from ticketing.store import tables
from ticketing.store.opening import open_store
from wires import wait_until

CONFIG = """
[hall]
id = "test"
name = "测试大厅"
box = "box"
[store]
url = "{url}"
"""
LOST = "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE application_name = 'quhao'"


def test_a_box_whose_name_another_machine_took_while_its_database_was_away_says_so(
    tmp_path: Path, shared_desk_url: str, postgres: PostgresServer
) -> None:
    config = tmp_path / "hall.toml"
    config.write_text(CONFIG.format(url=shared_desk_url), "utf-8")
    settings = load(config)
    with closing(OfficeHall(shared_desk_url, seeded=False)) as hall:
        hall.store.claim("box")
        presence = Presence(settings, "box", Boxes(hall.office.ledger), hall.now)
        presence.report()
        postgres.execute(LOST)
        rival = open_store(shared_desk_url, exclusive=True)
        rival.claim("box")
        hall.later(minutes=2)
        presence.report()
        with rival.read() as conn:
            taken_by = str(conn.scalar(select(tables.box.c.taken_by)))
        assert taken_by.split(" ")[0] == socket.gethostname()
        watch = BoxWatch(settings, hall.store, lambda: None)
        assert Condition("store", "box_taken") in watch.conditions()
        rival.close()

        def is_well() -> bool:
            watch.look()
            return Condition("store", "box_taken") not in watch.conditions()

        wait_until(is_well)


def test_a_box_tells_how_its_last_update_ended(tmp_path: Path) -> None:
    config = tmp_path / "hall.toml"
    config.write_text(CONFIG.format(url=f"sqlite:///{tmp_path / 'quhao.db'}"), "utf-8")
    settings = load(config)
    journal = settings.store.key_file.with_name(JOURNAL)
    journal.parent.mkdir()
    with closing(OfficeHall(tmp_path)) as hall:
        boxes = Boxes(hall.office.ledger)
        presence = Presence(settings, "box", boxes, hall.now)
        presence.report()
        assert boxes.all()[0].update is None
        at = "2026-03-02T00:30:00+00:00"
        told = {"before": "1.0", "after": "2.0", "step": "went_back", "ran": True, "at": at}
        journal.write_text(json.dumps(told | {"reason": "failed", "told": "no luck today"}), "utf-8")
        presence.report()
        last = boxes.all()[0].update
        assert last and last.failed
        assert (last.before, last.after, last.at) == ("1.0", "2.0", datetime.fromisoformat(at))
        journal.write_text("half a fi", "utf-8")
        presence.report()
        assert boxes.all()[0].update is None
