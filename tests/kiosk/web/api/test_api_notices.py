"""Notices, messages, pictures and films over HTTP."""

import io
from typing import Any

import pytest
from PIL import Image

from kiosk.exchange.media_folder import PART


def png(width: int = 40, height: int = 30) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((width, height), 90).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def manager(busy: Any) -> str:
    """The token of the manager of one hall for the whole file."""
    return str(busy.token("manager"))


def send(busy: Any, manager: str, content: bytes) -> Any:
    """Send a file in parts; the last answer."""
    upload = busy.post("/media", {"size": len(content)}, token=manager).json["upload"]
    answer: Any = None
    for at in range(0, len(content), PART):
        answer = part(busy, manager, upload, at, content[at : at + PART])
    return answer


def part(busy: Any, manager: str, upload: str, at: int, content: bytes) -> Any:
    headers = {"Content-Type": "application/octet-stream"}
    return busy.ask("POST", f"/api/v1/media/{upload}/part?at={at}", content, token=manager, headers=headers)


def test_a_picture_is_sent_in_parts_shown_with_its_notice_and_gone_with_it(busy: Any, manager: str) -> None:
    content = png(900, 800)
    assert len(content) > PART
    media = send(busy, manager, content).json["media"]
    assert (media["kind"], media["type"], media["size"]) == ("picture", "image/png", len(content))
    made = busy.post("/notices", {"text": "体检室在二楼", "media": media["name"]}, token=manager)
    assert made.status == 201
    (shown,) = busy.get("/notices").json
    assert (shown["kind"], shown["text"], shown["seconds"]) == ("picture", "体检室在二楼", 12.0)
    got = busy.ask("GET", shown["media"])
    assert (got.status, got.body, got.headers["content-type"]) == (200, content, "image/png")
    assert got.headers["x-content-type-options"] == "nosniff"
    some = busy.ask("GET", shown["media"], headers={"Range": "bytes=10-"})
    assert (some.status, some.body) == (206, content[10 : 10 + PART])
    assert some.headers["content-range"] == f"bytes 10-{10 + PART - 1}/{len(content)}"
    assert busy.ask("GET", shown["media"], headers={"Range": f"bytes={len(content)}-"}).code == "range_needed"
    busy.post(f"/notices/{made.json['id']}/withdraw", token=manager)
    assert busy.get("/notices").json == []
    assert busy.ask("GET", shown["media"]).code == "unknown_media"


@pytest.mark.parametrize("content", [b"<script>alert(1)</script>", b"\x89PNG\r\n\x1a\n" + bytes(64), b"MZ" + bytes(90)])
def test_what_is_neither_picture_nor_film_is_not_taken(busy: Any, manager: str, content: bytes) -> None:
    assert send(busy, manager, content).code == "media_unknown"
    assert busy.get("/media", token=manager).json == []


def test_what_is_too_large_or_out_of_order_is_refused(busy: Any, manager: str) -> None:
    assert busy.post("/media", {"size": 2**30}, token=manager).code == "media_too_large"
    content = png()
    upload = busy.post("/media", {"size": len(content)}, token=manager).json["upload"]
    assert part(busy, manager, upload, 7, content).code == "media_part"
    half = part(busy, manager, upload, 0, content[:50])
    assert (half.status, half.json["media"]) == (200, None)
    assert part(busy, manager, upload, 0, content[:50]).status == 200, "sent again"
    done = part(busy, manager, upload, 50, content[50:])
    assert done.json["media"]["size"] == len(content)
    assert part(busy, manager, upload, 50, content[50:]).code == "unknown_upload"
    busy.hall.media.remove(done.json["media"]["name"])
    for name in ("../hall.db", "%2e%2e%2fhall.db", "hall.db", ".x.part"):
        assert busy.ask("GET", f"/api/v1/media/{name}").status == 404


def test_what_lies_in_the_folder_is_shown_and_what_cannot_be_played_is_told(busy: Any, manager: str) -> None:
    folder = busy.folder / "media"
    folder.mkdir(exist_ok=True)
    (folder / "大厅介绍.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(40))
    (folder / "notes.txt").write_text("not for screens")
    (folder / "wrong.jpg").write_text("no picture at all")
    (shown,) = busy.get("/notices").json
    assert (shown["kind"], shown["seconds"]) == ("film", None)
    assert busy.post("/media/notes.txt/trouble").code == "unknown_media"
    assert busy.ask("POST", "/api/v1/media/%E5%A4%A7%E5%8E%85%E4%BB%8B%E7%BB%8D.mp4/trouble", {}).status == 204
    technician = busy.token("technician")
    (listed,) = busy.get("/media", token=technician).json
    assert listed["trouble_at"]
    (folder / "大厅介绍.mp4").unlink()


def test_the_desk_tells_those_who_wait_and_takes_only_that_away(busy: Any, manager: str) -> None:
    desk = busy.token("desk")
    notice = busy.post("/notices", {"text": "周六不办理"}, token=manager).json["id"]
    told = busy.post("/messages", {"text": "3号窗口稍有延误", "window": "3", "minutes": 10}, token=desk)
    assert (told.status, told.json["window"], told.json["state"]) == (201, "3", "now")
    assert [one["text"] for one in busy.get("/notices").json] == ["周六不办理", "3号窗口稍有延误"]
    assert busy.post(f"/notices/{notice}/withdraw", token=desk).code == "forbidden"
    assert busy.post(f"/notices/{told.json['id']}/withdraw", token=desk).status == 200
    assert busy.post("/messages", {"text": ""}, token=desk).code == "bad_body"
    assert busy.post("/notices", {"media": "nothing.png"}, token=manager).code == "unknown_media"
    changed = busy.ask("PUT", f"/api/v1/notices/{notice}", {"text": "周日不办理", "zones": ["2F"]}, token=manager)
    assert (changed.json["text"], changed.json["zones"]) == ("周日不办理", ["2F"])
    busy.post(f"/notices/{notice}/withdraw", token=manager)
