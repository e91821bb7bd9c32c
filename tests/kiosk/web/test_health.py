"""What a watcher over the box sees."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from display.staff.conditions import CONDITIONS, condition
from drivers.errors import OfflineError
from drivers.supervisor import Link, Supervisor
from kiosk.box.box_watch import BoxWatch
from ticketing.model import Actor
from ticketing.privacy.errors import VaultError
from ticketing.store.base import STAYS
from wires import wait_until


class Nothing:
    """A port to a device that needs none."""

    def close(self) -> None:
        pass


class Lamp:
    """The simplest device: it is there, or it is not."""

    def __init__(self) -> None:
        self.there = threading.Event()

    def serve(self, _port: Nothing, link: Link) -> None:
        if not self.there.is_set():
            raise OfflineError("unplugged", "lamp")
        link.online()
        link.stopping.wait()


def lamps(lamp: Lamp) -> Callable[[Callable[[], datetime]], list[Supervisor[Any]]]:
    def build(now: Callable[[], datetime]) -> list[Supervisor[Any]]:
        supervisor = Supervisor("lamp", "lamp", Nothing, lamp, now)
        supervisor.start()
        return [supervisor]

    return build


def samples(text: str) -> Iterator[tuple[str, float]]:
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            yield name, float(value)


def standing(here: Any, which: str = "missing") -> list[tuple[str, str]]:
    return [(one["what"], one["reason"]) for one in here.ask("GET", "/readyz").json[which]]


def limit_pages(here: Any, most: int) -> int:
    """Have SQLite itself say that it is full when the store grows beyond so many pages; gives how many it has."""
    with here.store.write() as conn:
        conn.exec_driver_sql(f"PRAGMA max_page_count = {most}")
        return int(conn.exec_driver_sql("PRAGMA page_count").scalar_one())


def test_the_process_lives(here: Any) -> None:
    assert here.ask("GET", "/healthz").status == 200


def test_readiness_names_what_is_missing_until_it_is_there(start: Callable[..., Any]) -> None:
    lamp = Lamp()
    here = start(devices=lamps(lamp))
    wait_until(lambda: here.hall.devices[0].state.reason == "unplugged")
    answer = here.ask("GET", "/readyz")
    assert (answer.status, answer.json["ready"]) == (503, False)
    (missing,) = answer.json["missing"]
    assert (missing["what"], missing["reason"]) == ("device lamp", "unplugged")
    assert missing["zh"] and missing["en"]
    lamp.there.set()
    wait_until(lambda: here.hall.devices[0].state.state == "online")
    answer = here.ask("GET", "/readyz")
    assert (answer.status, answer.json) == (200, {"ready": True, "missing": [], "warnings": []})


def test_a_store_that_takes_nothing_is_told_until_it_takes_something_again(here: Any) -> None:
    limit_pages(here, limit_pages(here, 1_000_000))
    desk = here.token("desk")
    refused = None
    for _ in range(100):
        answer = here.post("/tickets", {"service": "licence"}, token=desk)
        if answer.status != 201:
            refused = answer
            break
    assert refused is not None and refused.code == "store_full"
    assert standing(here) == [("store", "store_full")]
    here.hall.box_watch.look()
    assert standing(here) == [("store", "store_full")]
    limit_pages(here, 1_000_000)
    assert here.ask("GET", "/readyz").status == 503, "nobody has tried yet"
    here.hall.box_watch.look()
    assert here.ask("GET", "/readyz").status == 200


def test_a_disk_with_little_room_is_a_warning(here: Any) -> None:
    settings = here.hall.settings
    alerts = settings.alerts.model_copy(update={"disk_free_mb": 10_000_000})
    here.hall.box_watch = BoxWatch(settings.model_copy(update={"alerts": alerts}), here.store)
    assert ("disk store", "disk_low") in standing(here, "warnings")
    assert here.ask("GET", "/readyz").status == 200


def test_a_clock_that_is_a_minute_off_and_one_that_nobody_sets_are_warnings(here: Any) -> None:
    late = BoxWatch(here.hall.settings, here.store, lambda: False, lambda: time.time_ns() - 61 * 1_000_000_000)
    late.look()
    here.hall.box_watch = late
    assert standing(here, "warnings") == [("clock", "clock_not_synchronised"), ("clock", "clock_differs")]


def test_a_certificate_that_ends_soon_is_a_warning(start: Callable[..., Any], certificate: tuple[Path, Path]) -> None:
    here = start(tls_cert=certificate[0], tls_key=certificate[1])
    assert standing(here, "warnings") == []
    here.hall.box_watch.look()
    assert ("certificate", "certificate_ends") in standing(here, "warnings")


def test_a_backup_that_is_missing_or_old_is_a_warning(here: Any, tmp_path: Path) -> None:
    backup = here.hall.settings.backup.model_copy(update={"folder": tmp_path, "old_hours": 36})
    settings = here.hall.settings.model_copy(update={"backup": backup})

    def found() -> list[tuple[str, str]]:
        here.hall.box_watch = BoxWatch(settings, here.store, lambda: None)
        here.hall.box_watch.look()
        return standing(here, "warnings")

    assert found() == [("backup", "backup_none")]
    made = tmp_path / "quhao-test-20261123T031000Z.db"
    made.touch()
    assert found() == []
    os.utime(made, (time.time() - 37 * 3600,) * 2)
    assert found() == [("backup", "backup_old")]


def test_a_follower_that_holds_the_events_up_is_told(start: Callable[..., Any]) -> None:
    seconds, go_on, held = [0.0], threading.Event(), threading.Event()

    def hold_up(_events: Any) -> None:
        held.set()
        go_on.wait(60)

    here = start(steady=lambda: seconds[0])
    here.hall.feed.follow(hold_up)
    here.issue()
    assert held.wait(30)
    seconds[0] = 29.0
    assert standing(here) == []
    seconds[0] = 31.0
    assert standing(here) == [("events", "events_behind")]
    go_on.set()
    wait_until(lambda: standing(here) == [])


def test_every_reason_has_words_of_its_own() -> None:
    general = condition("nothing of that name")
    for reason in (*CONDITIONS, *STAYS, "store_gone", "store_busy", "key_too_open", "chain_other", "unplugged"):
        assert condition(reason) != general, reason


def test_keys_that_could_not_be_destroyed_are_told(here: Any) -> None:
    vault, path = here.hall.office.ledger.vault, here.hall.settings.store.key_file
    aside = path.rename(path.with_name("aside.key"))
    with pytest.raises(VaultError):
        vault.move(date(2026, 11, 23), date(2026, 11, 23))
    assert standing(here) == [("keys", "key_missing")]
    aside.rename(path)
    vault.move(date(2026, 11, 23), date(2026, 11, 23))
    assert here.ask("GET", "/readyz").json["missing"] == []


def test_the_technician_sees_each_device_since_when_and_what_to_do(start: Callable[..., Any]) -> None:
    here = start(devices=lamps(Lamp()))
    wait_until(lambda: here.hall.devices[0].state.reason == "unplugged")
    (device,) = here.get("/devices", token=here.token("technician")).json
    assert device["name"] == "lamp"
    assert (device["state"], device["reason"]) == ("offline", "unplugged")
    assert device["since"] == "2026-11-23T09:30:00.000+08:00"
    assert device["advice"] and device["advice_en"]


def test_a_device_is_tried_out_only_when_it_is_there(start: Callable[..., Any]) -> None:
    lamp = Lamp()
    here = start(devices=lamps(lamp))
    technician = here.token("technician")
    wait_until(lambda: here.hall.devices[0].state.reason == "unplugged")
    assert here.post("/devices/lamp/test", token=technician).code == "device_offline"
    assert here.post("/devices/radio/test", token=technician).code == "no_device"
    lamp.there.set()
    wait_until(lambda: here.hall.devices[0].state.state == "online")
    answer = here.post("/devices/lamp/test", token=technician)
    assert (answer.status, answer.json["ok"]) == (200, True)


def test_metrics_count_answers_by_route_and_measure_the_hall(start: Callable[..., Any]) -> None:
    lamp = Lamp()
    here = start(devices=lamps(lamp))
    wait_until(lambda: here.hall.devices[0].state.reason == "unplugged")
    issued = here.issue()
    here.office.reprint(issued.ticket.id, Actor("desk", "desk"))
    here.listen()
    here.get("/board")
    here.get("/nothing")
    here.get("/tickets/0000000000000000")
    answer = here.ask("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = dict(samples(answer.body.decode()))
    assert found['quhao_http_requests_total{method="GET",route="/api/v1/board",status="200"}'] == 1
    assert found['quhao_http_requests_total{method="GET",route="/api/v1/tickets/<code>",status="404"}'] == 1
    assert found['quhao_http_requests_total{method="GET",route="(none)",status="404"}'] == 1
    assert found['quhao_waiting{service="licence"}'] == 1
    assert found['quhao_waiting{service="tax"}'] == 0
    assert found['quhao_device_up{device="lamp",driver="lamp"}'] == 0
    assert found['quhao_tickets_today{state="waiting"}'] == 1
    assert found['quhao_slips_today{state="pending"}'] == 1
    assert found["quhao_event_streams"] == 1
    assert found["quhao_store_up"] == 1
    assert here.ask("GET", "/metrics").status == 200


def test_metrics_hold_no_code_number_name_or_invented_method(here: Any) -> None:
    here.lay_card()
    code = here.post("/kiosk/choose", {"service": "licence"}).json["code"]
    here.get(f"/tickets/{code}")
    here.ask("GET", f"/t/{code}?from=A001")
    here.ask("A001", "/api/v1/board")
    here.post(f"/windows/{code}/call-next")
    text = here.ask("GET", "/metrics").body.decode()
    for secret in (code, "A001", "梁试问", "110000"):
        assert secret not in text
