"""A configuration is right, or everything that is wrong with it is said at once."""

from pathlib import Path

import pytest

import config
from config.loading import ConfigError, ConfigProblem
from kiosk.settings import load

FOLDER = Path(config.__file__).parent

GOOD = """
[hall]
id = "xicheng"
name = "西城区综合行政服务中心"

[store]
url = "sqlite:///var/quhao.db"

[[devices]]
name = "strip-3"
driver = "led-bx"
port = "tcp://192.0.2.61:5005"
window = "3"

[[services]]
id = "business-licence"
name = "营业执照"
prefix = "A"

[[windows]]
id = "3"
name = "3号窗口"
services = ["business-licence"]
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "hall.toml"
    file.write_text(text, "utf-8")
    return file


def problems_of(folder: Path, text: str) -> dict[str, ConfigProblem]:
    with pytest.raises(ConfigError) as caught:
        load(write(folder, text))
    return {problem.key: problem for problem in caught.value.problems}


@pytest.mark.parametrize("name", ["default.toml", "demo.toml"])
def test_the_files_that_come_along_are_right(name: str) -> None:
    assert load(FOLDER / name).services


def test_the_default_file_shows_the_defaults(tmp_path: Path) -> None:
    shown = load(FOLDER / "default.toml")
    plain = load(write(tmp_path, GOOD))
    assert shown.server == plain.server
    assert shown.queue == plain.queue
    assert shown.privacy == plain.privacy
    assert shown.kiosk == plain.kiosk
    assert shown.alerts == plain.alerts


def test_relative_paths_start_from_the_folder_of_the_file(tmp_path: Path) -> None:
    settings = load(write(tmp_path, GOOD))
    assert settings.store.url == f"sqlite:///{tmp_path}/var/quhao.db"
    assert settings.store.key_file == tmp_path / "var/master.key"


def test_every_problem_is_named_at_once_with_key_reason_and_suggestion(tmp_path: Path) -> None:
    text = (
        GOOD.replace('id = "xicheng"', 'id = "xicheng"\ntimezone = "Asia/Peking"')
        .replace('"led-bx"', '"led-xb"')
        .replace('prefix = "A"', 'prefix = "a1"')
        .replace("[store]\nurl", "[store]\nulr")
        + "\n[server]\nport = 80800\n"
    )
    problems = problems_of(tmp_path, text)
    assert set(problems) == {"hall.timezone", "devices[0].driver", "services[0].prefix", "store.ulr", "server.port"}
    assert "led-bx" in problems["devices[0].driver"].suggestion[1]
    assert "url" in problems["store.ulr"].suggestion[1]
    assert all(part for problem in problems.values() for part in (*problem.reason, *problem.suggestion))


def test_an_unknown_key_in_a_list_of_tables_is_found_and_its_neighbour_suggested(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, GOOD.replace('window = "3"', 'windwo = "3"'))
    assert "window" in problems["devices[0].windwo"].suggestion[0]


def test_a_class_is_called_no_longer_than_the_store_can_keep(tmp_path: Path) -> None:
    classes = '[[queue.classes]]\nid = "{}"\nname = "军人"\nname_en = "Armed forces"\nhead_start_minutes = 30\n'
    assert load(write(tmp_path, GOOD + classes.format("a" * 32))).queue.classes
    found = problems_of(tmp_path, GOOD + classes.format("a" * 33))
    assert "32" in found["queue.classes[0].id"].suggestion[1]


def test_names_that_point_nowhere_and_doubled_ones_are_found(tmp_path: Path) -> None:
    text = GOOD.replace('window = "3"', 'window = "4"').replace('["business-licence"]', '["busines-licence"]')
    text += '\n[[windows]]\nid = "3"\nname = "又一个3号"\n'
    problems = problems_of(tmp_path, text)
    assert set(problems) == {"devices[0].window", "windows[0].services", "windows[1].id"}
    assert "business-licence" in problems["windows[0].services"].suggestion[1]


def test_two_devices_on_one_port_are_refused(tmp_path: Path) -> None:
    twin = '\n[[devices]]\nname = "twin"\ndriver = "led-bx"\nport = "tcp://192.0.2.61:5005"\nwindow = "3"\n'
    assert "devices[1].port" in problems_of(tmp_path, GOOD + twin)


LINE = """
[[devices]]
name = "{name}"
driver = "{driver}"
port = "/dev/ttyUSB1"
{more}
"""


def line(*devices: tuple[str, str]) -> str:
    return GOOD + "".join(
        LINE.format(name=f"on-line-{place}", driver=driver, more=more) for place, (driver, more) in enumerate(devices)
    )


def test_devices_of_one_driver_share_a_port_when_each_has_its_own_address(tmp_path: Path) -> None:
    strips = (("led-bx", "address = 1"), ("led-bx", "address = 2"), ("led-bx", "address = 3"))
    assert len(load(write(tmp_path, line(*strips))).devices) == 4
    lines = (("led-lihe", "strips = [{address = 1}, {address = 2}]"), ("led-lihe", "address = 3"))
    assert len(load(write(tmp_path, line(*lines))).devices) == 3


@pytest.mark.parametrize(
    ("devices", "key", "said"),
    [
        ((("led-bx", "address = 2"), ("led-bx", "address = 2")), "devices[2].port", "address 2"),
        ((("led-bx", ""), ("led-bx", "address = 1")), "devices[2].port", "address 1"),
        (
            (("led-lihe", "strips = [{address = 4}, {address = 5}]"), ("led-lihe", "strips = [{address = 5}]")),
            "devices[2].port",
            "address 5",
        ),
        ((("led-bx", "address = 2"), ("led-lihe", "address = 3")), "devices[2].port", "already used"),
        ((("scanner", 'window = "3"'), ("scanner", 'window = "3"')), "devices[2].port", "already used"),
        (
            (("led-bx", "address = 2\nbaudrate = 9600"), ("led-bx", "address = 3\nbaudrate = 57600")),
            "devices[2].baudrate",
            "9600",
        ),
    ],
)
def test_a_port_is_shared_by_nothing_else(
    devices: tuple[tuple[str, str], ...], key: str, said: str, tmp_path: Path
) -> None:
    problems = problems_of(tmp_path, line(*devices))
    assert list(problems) == [key]
    assert said in problems[key].reason[1]


@pytest.mark.parametrize(
    ("more", "key", "said"),
    [
        ("strips = [{adress = 3}]", "devices[1].strips[0].adress", "no such key"),
        ("strips = [{address = 3}, {address = 3}]", "devices[1]", "on-line-0 has an address twice"),
        ('strips = [{address = 3, window = "9"}]', "devices[1].strips[0].window", "no window 9"),
        ('colours = {call = "pink"}', "devices[1].colours.call", "not a choice"),
        ('texts = {call = "请"}', "devices[1].texts.call.[key]", "not a choice"),
        ('rows = 2\nwindow = "3"', "devices[1]", "on-line-0 has rows as well as a window"),
    ],
)
def test_what_is_wrong_with_a_line_of_strips_is_said_where_it_is(
    more: str, key: str, said: str, tmp_path: Path
) -> None:
    assert said in problems_of(tmp_path, line(("led-lihe", more)))[key].reason[1]


def test_a_box_has_one_card_reader_and_a_device_the_keys_of_its_own_driver(tmp_path: Path) -> None:
    reader = '\n[[devices]]\nname = "{}"\ndriver = "sam"\nport = "sim:"\nwidth = 96\n'
    problems = problems_of(tmp_path, GOOD + reader.format("a") + reader.format("b"))
    assert set(problems) == {"devices[1].width", "devices[2].width", "devices[2].driver"}
    assert "one card reader" in problems["devices[2].driver"].reason[1]


def test_each_window_may_have_a_card_reader_beside_the_kiosks(tmp_path: Path) -> None:
    reader = '[[devices]]\nname = "{0}"\ndriver = "sam"\nport = "{1}"\n'
    hall = '[hall]\nid = "x"\nname = "X"\n'
    windows = "".join(reader.format(f"r{n}", f"/dev/ttyS{n}") + f'window = "{n}"\n' for n in (1, 2))
    one, other = reader.format("kiosk", "usb:0400:c35a"), reader.format("second", "/dev/ttyS9")
    assert load(write(tmp_path, hall + windows + one)).devices[2].port == "usb:0400:c35a"
    found = problems_of(tmp_path, hall + windows + one + other)
    assert list(found) == ["devices[3].driver"]
    assert "window" in found["devices[3].driver"].suggestion[1]
    assert list(problems_of(tmp_path, hall + reader.format("usb", "usb:400:c35a"))) == ["devices[0].port"]


def test_one_bad_key_hides_nothing_that_is_wrong_elsewhere(tmp_path: Path) -> None:
    text = GOOD.replace('name = "西城区综合行政服务中心"', "name = 3").replace("[store]", "[stroe]")
    text += """services = ["busines-licence"]
[[windows]]
id = "3"
name = ""
services = ["tax"]

[[devices]]
name = "strip-3"
driver = "led-xb"
port = "tcp://192.0.2.61:5005"
window = "77"

[[devices]]
name = 4
driver = "scanner"
port = "/dev/ttyACM0"
baudrate = "fast"

[server]
port = 99999
tls_cert = "no.pem"

[[queue.classes]]
id = "normal"
"""
    text = text.replace('services = ["business-licence"]\nservices', "services")
    assert set(problems_of(tmp_path, text)) == {
        "hall.name",
        "stroe",
        "windows[0].services",
        "windows[1].id",
        "windows[1].name",
        "windows[1].services",
        "devices[1].name",
        "devices[1].driver",
        "devices[1].port",
        "devices[1].window",
        "devices[2].name",
        "devices[2].baudrate",
        "devices[2].window",
        "server.port",
        "server.tls_cert",
        "server.tls_key",
        "queue.classes[0].id",
        "queue.classes[0].name",
        "queue.classes[0].name_en",
        "queue.classes[0].head_start_minutes",
    }


def test_without_a_hall_all_that_it_needs_is_asked_for(tmp_path: Path) -> None:
    problem = problems_of(tmp_path, '[[windows]]\nid = "3"\nname = "3号窗口"\nservices = ["tax"]\n')
    assert set(problem) == {"hall", "windows[0].services"}
    assert "[hall] with id and name" in problem["hall"].suggestion[1]


@pytest.mark.parametrize("half", ["tls_cert", "tls_key"])
def test_half_of_tls_is_refused_under_the_key_that_is_missing(tmp_path: Path, half: str) -> None:
    (tmp_path / "a.pem").write_text("", "utf-8")
    other = ({"tls_cert", "tls_key"} - {half}).pop()
    problems = problems_of(tmp_path, GOOD + f'\n[server]\n{half} = "a.pem"\n')
    assert set(problems) == {f"server.{other}"}


def test_the_files_of_tls_must_exist(tmp_path: Path) -> None:
    both = problems_of(tmp_path, GOOD + '\n[server]\ntls_cert = "a.pem"\ntls_key = "a.key"\n')
    assert set(both) == {"server.tls_cert", "server.tls_key"}


def test_the_audit_log_is_kept_as_long_as_the_law_asks(tmp_path: Path) -> None:
    assert load(write(tmp_path, GOOD)).audit.keep_days == 180
    assert load(write(tmp_path, GOOD + "[audit]\nkeep_days = 365\n")).audit.keep_days == 365
    assert list(problems_of(tmp_path, GOOD + "[audit]\nkeep_days = 179\n")) == ["audit.keep_days"]


def test_a_closing_slip_has_a_time_of_the_day_or_none(tmp_path: Path) -> None:
    assert load(write(tmp_path, GOOD)).audit.closing_slip_minutes is None
    at = '[audit]\nclosing_slip_at = "17:30"\n'
    assert load(write(tmp_path, GOOD + at)).audit.closing_slip_minutes == 17 * 60 + 30
    assert list(problems_of(tmp_path, GOOD + at.replace("17:30", "25:00"))) == ["audit.closing_slip_at"]


def test_a_truth_value_is_no_number(tmp_path: Path) -> None:
    assert "server.port" in problems_of(tmp_path, GOOD + "\n[server]\nport = true\n")


@pytest.mark.parametrize(
    "content", [b"[hall\n", b"\xff\xfe[hall]", b"", b"hall = 3\n", b"[[hall]]\n", b"devices = [1]\n[hall]\n"]
)
def test_a_file_that_is_no_configuration_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "hall.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert str(file) in str(caught.value)


def test_a_missing_file_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--config"):
        load(tmp_path / "nowhere.toml")


def test_a_certificate_that_is_none_is_named_before_anything_starts(tmp_path: Path) -> None:
    for name in ("a.pem", "a.key"):
        (tmp_path / name).write_text("no certificate", "utf-8")
    problems = problems_of(tmp_path, GOOD + '\n[server]\ntls_cert = "a.pem"\ntls_key = "a.key"\n')
    assert "PEM" in problems["server.tls_cert"].suggestion[1]


PRINTER = '\n[[devices]]\nname = "{}"\ndriver = "escpos"\nport = "sim:"\nbackup = "{}"\n'


@pytest.mark.parametrize(
    ("printers", "wrong"),
    [
        ([("a", "b"), ("b", "")], {}),
        ([("b", ""), ("a", "b")], {}),
        ([("a", "b"), ("b", "a")], {}),
        ([("a", ""), ("b", "")], {"devices[2].driver": "one box has one printer"}),
        ([("a", "a")], {"devices[1].backup": "a cannot take over for itself"}),
        ([("a", "c"), ("c2", "")], {"devices[1].backup": "c", "devices[2].driver": "one printer"}),
        ([("a", "strip-3")], {"devices[1].backup": "strip-3"}),
    ],
)
def test_a_box_has_one_printer_and_what_takes_over_for_it(
    tmp_path: Path, printers: list[tuple[str, str]], wrong: dict[str, str]
) -> None:
    text = GOOD + "".join(PRINTER.format(*one) for one in printers)
    if not wrong:
        assert len(load(write(tmp_path, text)).devices) == 1 + len(printers)
        return
    problems = problems_of(tmp_path, text)
    assert set(problems) == set(wrong)
    assert all(said in problems[key].reason[1] for key, said in wrong.items())


def test_a_printer_that_finds_no_marks_is_not_told_to(tmp_path: Path) -> None:
    marked = '\n[[devices]]\nname = "a"\ndriver = "escpos"\nport = "sim:"\nprofile = "{}"\nblack_mark = true\n'
    assert load(write(tmp_path, GOOD + marked.format("masung"))).devices
    problems = problems_of(tmp_path, GOOD + marked.format("xprinter"))
    assert "masung" in problems["devices[1].black_mark"].suggestion[1]


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        ("name = 1\n", "name", "a text belongs here"),
        ('id = "en"\nname = "English"\n', "id", "is there already"),
        ('id = "ar"\nname = "ar"\n[words]\n"{1} left" = "{2}"\n', "words", "{1} left"),
        ('id = "ar"\nname = "ar"\n[words]\n"{1}" = "{1}"\n', "words", "without English words"),
        ('id = "ar"\nname = "ar"\nwords = 7\n', "words", "a table belongs here"),
        ("id = ", "", "not TOML"),
    ],
)
def test_a_file_of_a_language_that_cannot_be_used_is_refused_with_the_rest(
    tmp_path: Path, text: str, key: str, reason: str
) -> None:
    (tmp_path / "ar.toml").write_text(text, "utf-8")
    found = problems_of(tmp_path, GOOD.replace("[hall]", '[hall]\nlanguages = ["ar.toml"]', 1))
    assert reason in found[f"hall.languages[0] ar.toml.{key}".rstrip(".")].reason[1]


def test_a_language_is_in_one_file_alone(tmp_path: Path) -> None:
    for name in ("ar", "arab"):
        (tmp_path / f"{name}.toml").write_text('id = "ar"\nname = "ar"\n', "utf-8")
    found = problems_of(tmp_path, GOOD.replace("[hall]", '[hall]\nlanguages = ["ar.toml", "arab.toml"]', 1))
    assert "the language ar" in found["hall.languages[1]"].reason[1]
