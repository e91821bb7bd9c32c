"""Files of forms: read, refused with every problem, filled in, and set on paper that says what was filled in."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, TextStringObject

import config
from config.problems import ConfigError
from config.settings import FormsSettings
from kiosk.forms import filling, paper
from kiosk.forms.filling import Known
from kiosk.forms.folder import checked_form, load_forms
from staff import resident_of
from ticketing.model import Resident, StateError

SAMPLES = Path(config.__file__).parent / "forms"
FONT = FormsSettings().font
ZHANG = resident_of("zhang")
TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
ASKED = {"phone": "13800000000", "purpose": "办理入学", "copies": "2"}
LITTLE = 'name = "表"\n[[fields]]\nkey = "name"\nlabel = "姓名"\nfrom = "resident.name"\n'


def known(resident: Resident = ZHANG, number: str | None = None) -> Known:
    return Known(resident, None, None, number, TODAY)


@pytest.fixture
def form(tmp_path: Path) -> Callable[..., Any]:
    """Writes a form, and reads it with all checks."""

    def write(text: str, name: str = "form.toml") -> Any:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return checked_form(tmp_path / name)

    return write


def problems(form: Callable[..., Any], text: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as refused:
        form(text)
    return {one.key: " ".join(one.reason) for one in refused.value.problems}


def text_of(pdf: bytes, page: int = 0) -> str:
    return PdfReader(io.BytesIO(pdf)).pages[page].extract_text().replace("\0", "")


def with_boxes(path: Path, *names: str) -> None:
    """A page of A4 with fields of its own (AcroForm), from the top down."""
    pdf = PdfWriter()
    page = pdf.add_blank_page(595, 842)
    boxes = ArrayObject()
    for at, name in enumerate(names):
        rect = ArrayObject(map(NumberObject, (100, 740 - 40 * at, 400, 760 - 40 * at)))
        box = {"/Type": "/Annot", "/Subtype": "/Widget", "/FT": "/Tx"}
        widget = DictionaryObject({NameObject(key): NameObject(value) for key, value in box.items()})
        widget |= {NameObject("/T"): TextStringObject(name), NameObject("/Rect"): rect}
        boxes.append(pdf._add_object(DictionaryObject(widget)))
    page[NameObject("/Annots")] = boxes
    pdf.root_object[NameObject("/AcroForm")] = DictionaryObject({NameObject("/Fields"): boxes})
    pdf.write(path)


def test_the_samples_of_the_demonstration_are_right_and_print_what_was_filled_in() -> None:
    for form in (checked_form(path) for path in sorted(SAMPLES.glob("*.toml"))):
        answers = ASKED | {"why": "丢失", "lost-on": "2026-11-20"}
        entries = filling.fill(form, known(), answers)
        made = paper.print_form(form, entries, FONT, "试验大厅", NOW)
        shown = text_of(made.pdf).replace("\n", "")
        for value in (ZHANG.name, ZHANG.id_number, ZHANG.address, "13800000000", "2026年11月23日"):
            assert str(value) in shown, (form.id, value)
        assert (made.pages, made.by_hand) == (1, ())
        assert "本人承诺所填内容真实" in shown or form.pdf is None
        # Whatever reads it needs no font of its own.
        assert b"/FontFile3" in made.pdf or b"/FontFile2" in made.pdf


def test_a_rare_character_is_printed_and_one_that_no_font_has_is_left_for_the_pen(form: Callable[..., Any]) -> None:
    made = form(LITTLE)
    for name, by_hand in (("𠮷龘", ()), ("张\U00030000", ("姓名",))):
        entries = filling.begin(made, known(Resident(name=name)))
        printed = paper.print_form(made, entries, FONT, "厅", NOW)
        assert printed.by_hand == by_hand
        assert name[0] in text_of(printed.pdf)


def test_fields_of_the_pdf_give_the_places_and_are_gone_from_what_is_printed(
    tmp_path: Path, form: Callable[..., Any]
) -> None:
    with_boxes(tmp_path / "page.pdf", "Name", "Address")
    made = form(
        'name = "表"\npdf = "page.pdf"\n'
        '[[fields]]\nkey = "name"\nlabel = "姓名"\nfrom = "resident.name"\nbox = "Name"\n'
        '[[fields]]\nkey = "address"\nlabel = "住址"\nfrom = "resident.address"\nbox = "Address"\n'
    )
    long = "虚构省试验市样例路" * 8
    entries = filling.begin(made, known(Resident(name="梁试问", address=long)))
    pdf = paper.print_form(made, entries, FONT, "厅", NOW).pdf
    assert "梁试问" in text_of(pdf) and long in text_of(pdf).replace("\n", "")
    (page,) = PdfReader(io.BytesIO(pdf)).pages
    assert "/Annots" not in page and PdfReader(io.BytesIO(pdf)).get_fields() is None
    heights: list[float] = []
    page.extract_text(visitor_text=lambda text, _cm, tm, *_: heights.append(tm[5]) if "梁" in text else None)
    assert 740 < heights[0] < 760


def test_every_problem_of_a_form_is_told_at_once(tmp_path: Path, form: Callable[..., Any]) -> None:
    with_boxes(tmp_path / "page.pdf", "Name")
    head = 'name = "表"\npdf = "page.pdf"\n'
    assert problems(
        form,
        f"""{head}
        [[fields]]
        key = "name"
        label = "姓名"
        box = "Nmae"
        [[fields]]
        key = "off"
        label = "外"
        at = {{ x = 500, y = 20 }}
        [[fields]]
        key = "later"
        label = "后"
        at = {{ x = 20, y = 20, page = 3 }}
        [[fields]]
        key = "nowhere"
        label = "无"
        """,
    ).keys() == {"fields[0].box", "fields[1].at", "fields[2].at.page", "fields[3]"}
    found = problems(
        form,
        """
        name = "表"
        [[fields]]
        key = "a"
        label = "甲"
        from = "resident.nmae"
        [[fields]]
        key = "b"
        label = "乙"
        kind = "choice"
        [[fields]]
        key = "c"
        label = "丙"
        pattern = "("
        [[fields]]
        key = "d"
        lable = "丁"
        """,
    )
    assert found.keys() == {"fields[0].from", "fields[1]", "fields[2].pattern", "fields[3].label", "fields[3].lable"}
    assert "不是数据来源" in found["fields[0].from"]
    twice = LITTLE + '[[fields]]\nkey = "name"\nlabel = "名"\nat = { x = 1, y = 1 }\n'
    assert problems(form, twice).keys() == {"fields[1].key", "fields[1].at"}
    for spoilt, words in ((b"", "cannot be read"), (b"%PDF-1.7 nothing", "cannot be read")):
        (tmp_path / "page.pdf").write_bytes(spoilt)
        assert words in problems(form, head + LITTLE.partition("\n")[2])["pdf"]
    (tmp_path / "page.pdf").unlink()
    assert "cannot be read" in problems(form, head + LITTLE.partition("\n")[2])["pdf"]


def test_a_form_with_a_problem_is_left_out_and_the_others_are_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "good.toml").write_text(LITTLE, encoding="utf-8")
    (tmp_path / "bad.toml").write_text("name =", encoding="utf-8")
    assert list(load_forms(tmp_path)) == ["good"]
    assert "left out" in caplog.text
    assert load_forms(None) == {}


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({}, "form_answer_missing"),
        ({"phone": "1380000000"}, "form_answer_wrong"),
        ({"phone": "13800000000", "purpose": "买菜"}, "form_answer_wrong"),
        (ASKED | {"copies": "9"}, "form_answer_wrong"),
        (ASKED | {"copies": "二"}, "form_answer_wrong"),
    ],
)
def test_an_answer_that_will_not_do_is_refused_with_the_fields_words(answers: dict[str, str], code: str) -> None:
    with pytest.raises(StateError) as refused:
        filling.fill(checked_form(SAMPLES / "household-proof.toml"), known(), answers)
    assert refused.value.code == code
    assert refused.value.facts["field"] in ("手机号码", "用途", "份数")
    assert not set(answers.values()) & set(map(str, refused.value.facts.values()))


def test_what_card_and_slip_say_is_not_asked_and_cannot_be_answered_otherwise() -> None:
    form = checked_form(SAMPLES / "household-proof.toml")
    entries = {one.field.key: one for one in filling.fill(form, known(), ASKED | {"name": "别人"})}
    assert (entries["name"].value, entries["sex"].value) == (ZHANG.name, "男")
    assert [key for key, one in entries.items() if one.ask] == ["phone", "purpose", "copies"]
    assert entries["remarks"].value == ""
    # A card that tells no address leaves it for the pen.
    without = {one.field.key: one for one in filling.begin(form, known(Resident(name="张", id_number="1")))}
    assert (without["address"].value, without["address"].ask) == ("", False)
