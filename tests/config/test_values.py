"""A value that cannot work is refused before anything starts, under its key, with what to write instead."""

from datetime import timedelta
from pathlib import Path

import pytest

from config.loading import ConfigError, ConfigProblem
from kiosk.settings import load

HALL = """
[hall]
id = "xicheng"
name = "西城区综合行政服务中心"
{hall}
[server]
{server}
[store]
{store}
[[services]]
id = "tax"
name = "个人办税"
prefix = "A"
[[windows]]
id = "3"
name = "3号窗口"
{window}
"""
DEVICE = '[[devices]]\nname = "one"\ndriver = "{driver}"\nport = "{port}"\nwindow = "3"\n'


def text(**parts: str) -> str:
    empty = {"hall": "", "server": "", "store": "", "window": ""}
    return HALL.format(**(empty | parts))


def only_problem(folder: Path, content: str) -> ConfigProblem:
    file = folder / "hall.toml"
    file.write_text(content, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file)
    (problem,) = caught.value.problems
    return problem


def accept(folder: Path, content: str) -> None:
    file = folder / "hall.toml"
    file.write_text(content, "utf-8")
    load(file)


@pytest.mark.parametrize("host", ["no such host!", "", "0.0.0.0:8080", "http://box", "[::1]", "1.2.3", "a..b", "-a"])
def test_where_to_listen_is_an_address_or_a_name(tmp_path: Path, host: str) -> None:
    problem = only_problem(tmp_path, text(server=f'host = "{host}"'))
    assert problem.key == "server.host"
    assert host in problem.reason[1]
    assert "0.0.0.0" in problem.suggestion[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::", "::1", "localhost", "box-3.hall.example"])
def test_any_address_and_any_name_may_be_listened_on(tmp_path: Path, host: str) -> None:
    accept(tmp_path, text(server=f'host = "{host}"'))


@pytest.mark.parametrize("address", ["foo", "localhost", "192.168.1.300", "0.0.0.0", "192.168.1.2:80"])
def test_a_proxy_is_named_by_its_address(tmp_path: Path, address: str) -> None:
    proxy = only_problem(tmp_path, text(server=f'trusted_proxy = "{address}"'))
    assert proxy.key == "server.trusted_proxy"


def test_addresses_of_kiosks_are_gone_and_the_file_says_what_to_do_instead(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, text(server='kiosk_addresses = ["192.168.1.2"]'))
    assert problem.key == "server.kiosk_addresses"
    assert "no rights" in problem.reason[1]
    assert "quhao token add NAME --role kiosk" in problem.suggestion[0]
    assert "quhao token add NAME --role kiosk" in problem.suggestion[1]


@pytest.mark.parametrize("host", ["https://q.example.cn", "q.example.cn:0", "q.example.cn:99999", "q..cn", "大厅.cn"])
def test_the_host_for_phones_is_one_that_an_address_can_hold(tmp_path: Path, host: str) -> None:
    assert only_problem(tmp_path, text(hall=f'public_host = "{host}"')).key == "hall.public_host"


@pytest.mark.parametrize(
    ("port", "advice"),
    [
        ("tcp://1.2.3.4", "tcp://192.168.1.50:9100"),
        ("tcp://1.2.3.4:0", "65535"),
        ("tcp://1.2.3.4:99999999", "65535"),
        ("tcp://1.2.3.4:print", "65535"),
        ("tcp://1.2.3.4:9100/queue", "tcp://host:port"),
        ("tcp://admin@1.2.3.4:9100", "tcp://host:port"),
        ("tcp://no printer:9100", "tcp://host:port"),
        ("tcp:1.2.3.4:9100", "tcp://host:port"),
        ("1.2.3.4:9100", "tcp://host:port"),
        ("printer:9100", "tcp://host:port"),
        ("1.2.3.4", "tcp://host:port"),
        ("udp://1.2.3.4:9100", "tcp://host:port"),
        ("file:///dev/usb/lp0", "/dev/ttyUSB0"),
        ("COM3", "/dev/ttyUSB0"),
        ("sim", "sim:"),
        ("sim:reader", "sim:"),
        (" /dev/ttyUSB0", "/dev/ttyUSB0"),
    ],
)
def test_a_port_that_no_device_can_be_on_is_refused(tmp_path: Path, port: str, advice: str) -> None:
    problem = only_problem(tmp_path, text() + DEVICE.format(driver="led-bx", port=port))
    assert problem.key == "devices[0].port"
    assert port in problem.reason[0]
    assert advice in problem.suggestion[1]


@pytest.mark.parametrize(
    "port", ["tcp://192.0.2.61:5005", "tcp://strip-3:5005", "tcp://[fe80::1]:5005", "/dev/serial/by-path/a:0:1", "sim:"]
)
def test_a_port_that_a_device_can_be_on_is_accepted(tmp_path: Path, port: str) -> None:
    accept(tmp_path, text() + DEVICE.format(driver="led-bx", port=port))


def test_a_speakers_port_is_a_sound_card(tmp_path: Path) -> None:
    accept(tmp_path, text() + DEVICE.format(driver="speaker", port="plughw:CARD=Device,DEV=0"))
    problem = only_problem(tmp_path, text() + DEVICE.format(driver="speaker", port="tcp://1.2.3.4:9100"))
    assert "aplay -L" in problem.suggestion[1]


@pytest.mark.parametrize("period", ["12:00-13:30", "22:00-06:00", " 9:00 - 24:00 "])
def test_a_speaker_may_be_quiet_for_a_part_of_the_day_or_night(tmp_path: Path, period: str) -> None:
    accept(tmp_path, text() + DEVICE.format(driver="speaker", port="default") + f'quiet = ["{period}"]')


@pytest.mark.parametrize(
    ("quiet", "advice"),
    [
        ('["noon"]', "HH:MM-HH:MM"),
        ('["12:00-25:00"]', "HH:MM-HH:MM"),
        ('["24:00-25:00"]', "HH:MM-HH:MM"),
        ('["12:00-13:60"]', "HH:MM-HH:MM"),
        ("[12]", "HH:MM-HH:MM"),
        ('["12:00-12:00"]', "silent = true"),
        ('"12:00-13:30"', '["12:00-13:30"]'),
    ],
)
def test_quiet_hours_that_are_none_are_refused_in_words(tmp_path: Path, quiet: str, advice: str) -> None:
    problem = only_problem(tmp_path, text() + DEVICE.format(driver="speaker", port="default") + f"quiet = {quiet}")
    assert problem.key.startswith("devices[0].quiet")
    assert advice in problem.suggestion[1]


def test_speakers_of_one_box_have_zones_of_their_own_and_windows_that_exist(tmp_path: Path) -> None:
    two = "".join(
        f'[[devices]]\nname = "{name}"\ndriver = "speaker"\nport = "{name}"\n{{{name}}}\n' for name in ("east", "west")
    )
    accept(tmp_path, text() + two.format(east='zone = "1F"', west='zone = "2F"\nwindows = ["3"]'))
    problem = only_problem(tmp_path, text() + two.format(east='zone = "1F"', west='zone = "1F"'))
    assert (problem.key, "devices[0]" in problem.reason[1]) == ("devices[1].zone", True)
    problem = only_problem(tmp_path, text() + two.format(east='zone = "1F"', west='windows = ["3", "33"]'))
    assert (problem.key, problem.suggestion[1]) == ("devices[1].windows", "did you mean 3?")


def test_the_clips_of_a_speaker_start_from_the_folder_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "hall.toml"
    file.write_text(text() + DEVICE.format(driver="speaker", port="default") + 'clips = "voice"', "utf-8")
    (speaker,) = load(file).devices
    assert getattr(speaker, "clips", None) == tmp_path / "voice"


@pytest.mark.parametrize("number", ['"8080"', "8080.0", "true"])
def test_a_number_in_quotes_or_with_a_point_is_no_whole_number(tmp_path: Path, number: str) -> None:
    problem = only_problem(tmp_path, text(server=f"port = {number}"))
    assert problem.key == "server.port"
    assert "write" in problem.suggestion[1]
    assert number == "true" or problem.suggestion[1] == "write 8080"


def test_a_number_out_of_bounds_is_told_the_bound(tmp_path: Path) -> None:
    assert "65535 at most" in only_problem(tmp_path, text(server="port = 80800")).suggestion[1]
    assert "4 at least" in only_problem(tmp_path, text(server="max_streams = 0")).suggestion[1]


def test_a_text_in_the_place_of_a_list_is_shown_as_a_list(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, text(window='services = "*"'))
    assert problem.key == "windows[0].services"
    assert problem.suggestion == ('写成 ["*"]', 'write ["*"]')


def test_a_number_in_the_place_of_a_text_is_shown_in_quotes(tmp_path: Path) -> None:
    content = text() + DEVICE.format(driver="scanner", port="/dev/ttyACM0").replace('window = "3"', "window = 3")
    assert '"3"' in only_problem(tmp_path, content).suggestion[1]


def test_single_and_double_brackets_are_told_apart(tmp_path: Path) -> None:
    single = text() + DEVICE.format(driver="sam", port="sim:").replace("[[devices]]", "[devices]")
    assert "[[devices]]" in only_problem(tmp_path, single).suggestion[1]
    assert "[server]" in only_problem(tmp_path, text().replace("[server]", "[[server]]")).suggestion[1]


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://var/quhao.db",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///var/quhao.db?mode=ro",
        "sqlite:var/quhao.db",
        "var/quhao.db",
        "mysql://box/quhao",
        "sqlite+aiosqlite:///var/quhao.db",
    ],
)
def test_the_store_is_a_file_or_a_database(tmp_path: Path, url: str) -> None:
    problem = only_problem(tmp_path, text(store=f'url = "{url}"'))
    assert problem.key == "store.url"
    assert "sqlite:////" in problem.suggestion[1]


@pytest.mark.parametrize(
    "url",
    [
        "postgres://box/quhao",
        "postgresql://quhao:geheim@box/quhao",
        "postgresql+psycopg2://quhao:geheim@box/quhao",
        "postgresql+psycopg:quhao",
        "postgresql+psycopg://box",
        "postgresql+psycopg://box/",
        "postgresql+psycopg://box:99999/quhao",
        "postgresql+psycopg://two words/quhao",
        "postgresql+psycopg://quhao:geheim/@box/quhao",
        "postgresql+psycopg://box/hall/quhao",
    ],
)
def test_a_database_that_is_written_wrongly_is_told_how_to_write_it_and_no_password(tmp_path: Path, url: str) -> None:
    problem = only_problem(tmp_path, text(store=f'url = "{url}"'))
    assert problem.key == "store.url"
    assert all("postgresql+psycopg://" in advice for advice in problem.suggestion)
    assert "geheim" not in str(problem)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://quhao@db.hall.example/quhao",
        "postgresql+psycopg://quhao:a%40b@192.168.1.9:5433/quhao?sslmode=verify-full&sslrootcert=/etc/quhao/ca.pem",
        "postgresql+psycopg:///quhao",
        "postgresql+psycopg://quhao@/quhao?host=/run/postgresql",
    ],
)
def test_a_database_stays_as_it_is_written(tmp_path: Path, url: str) -> None:
    file = tmp_path / "hall.toml"
    file.write_text(text(store=f'url = "{url}"'), "utf-8")
    assert load(file).store.url == url


def test_an_absolute_path_of_the_store_stays_what_it_is(tmp_path: Path) -> None:
    file = tmp_path / "hall.toml"
    file.write_text(text(store='url = "sqlite:////srv/quhao.db"'), "utf-8")
    assert load(file).store.url == "sqlite:////srv/quhao.db"


@pytest.mark.parametrize(("key", "value"), [("url", "sqlite:///var"), ("key_file", "var")])
def test_a_folder_is_neither_store_nor_key(tmp_path: Path, key: str, value: str) -> None:
    (tmp_path / "var").mkdir()
    assert only_problem(tmp_path, text(store=f'{key} = "{value}"')).key == f"store.{key}"


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "hall.toml"
    file.write_bytes(b"\xef\xbb\xbf" + text().encode())
    assert load(file).hall.id == "xicheng"


@pytest.mark.parametrize("time", ["24:00", "4", "04:60", "4 am", "-1:00", ""])
def test_a_hall_day_begins_at_a_time_of_the_day(tmp_path: Path, time: str) -> None:
    problem = only_problem(tmp_path, text(hall=f'day_starts = "{time}"'))
    assert problem.key == "hall.day_starts"
    assert "04:00" in problem.suggestion[1]


def test_a_hall_day_may_begin_at_night_and_reach_into_the_next(tmp_path: Path) -> None:
    file = tmp_path / "hall.toml"
    file.write_text(text(hall='day_starts = "4:30"') + '[hours]\nfri = ["20:00-28:30"]\n', "utf-8")
    settings = load(file)
    assert settings.hall.day_offset == timedelta(hours=4, minutes=30)
    assert settings.hours
    assert str(settings.hours.fri[0]) == "20:00-28:30"
    problem = only_problem(tmp_path, text() + '[hours]\nfri = ["20:00-28:30"]\n')
    assert problem.key == "hours.fri[0]"
    assert "hall.day_starts" in problem.suggestion[1]


def test_without_classes_of_its_own_a_hall_has_one_by_age_and_three_that_staff_give(tmp_path: Path) -> None:
    file = tmp_path / "hall.toml"
    file.write_text(text(), "utf-8")
    classes = load(file).queue.classes
    assert [(one.id, one.min_age) for one in classes] == [
        ("senior", 65),
        ("military", None),
        ("disabled", None),
        ("pregnant", None),
    ]
    own = (
        '[[queue.classes]]\nid = "old"\nname = "高龄"\nname_en = "80 and over"\nhead_start_minutes = 60\nmin_age = 80\n'
    )
    file.write_text(text() + own, "utf-8")
    assert [one.id for one in load(file).queue.classes] == ["old"]


@pytest.mark.parametrize("value", ["maybe", "true"])
def test_what_to_do_about_the_last_ticket_is_one_of_three(tmp_path: Path, value: str) -> None:
    problem = only_problem(tmp_path, text() + f'[queue]\nlast_ticket = "{value}"\n')
    assert problem.key == "queue.last_ticket"
    assert "refuse" in problem.suggestion[1]
