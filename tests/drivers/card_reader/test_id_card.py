"""The text of ID cards."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.card_reader.id_card import (
    ETHNICITIES,
    LAYOUTS,
    IdCard,
    Kind,
    check_digit,
    decode_address,
    encode_card,
    parse_card,
    valid_id_number,
    wrong_number,
)
from drivers.errors import ProtocolError
from drivers.simulators.card_reader.cards import CARDS

SPACE = b"\x20\x00"


def utf16(text: str, size: int) -> bytes:
    raw = text.encode("utf-16-le")
    return raw + SPACE * ((size - len(raw)) // 2)


# The tables of the vendors' documents, field by field and in their order, written out apart from the code.
RESIDENT = b"".join(
    [
        utf16("周\U00020bb7", 30),
        utf16("1", 2),
        utf16("01", 4),
        utf16("19491231", 16),
        utf16("北京市示例区和平里东街1号", 70),
        utf16("11010519491231002X", 36),
        utf16("北京市公安局示例分局", 30),
        utf16("20121101", 16),
        bytes.fromhex("7F 95 1F 67") + SPACE * 6,  # 长期, as the documents give its bytes
        utf16("", 36),
    ]
)
HK_MACAO_TAIWAN = b"".join(
    [
        utf16("何嘉欣", 30),
        utf16("2", 2),
        utf16("", 4),
        utf16("19940823", 16),
        utf16("广东省示例市深南大道1号", 70),
        utf16("810000199408230021", 36),
        utf16("广东省示例市公安局", 30),
        utf16("20230901", 16),
        utf16("20280901", 16),
        utf16("H00000000", 18),
        utf16("01", 4),
        utf16("", 6),
        utf16("J", 2),
        utf16("", 6),
    ]
)
FOREIGNER_2017 = b"".join(
    [
        utf16("ANNA EXAMPLE", 120),
        utf16("2", 2),
        utf16("KAZ110090123105", 30),
        utf16("KAZ", 6),
        utf16("安娜", 30),
        utf16("20180601", 16),
        utf16("20280601", 16),
        utf16("19901231", 16),
        utf16("01", 4),
        utf16("1100", 8),
        utf16("I", 2),
        utf16("", 6),
    ]
)
FOREIGNER_2023 = b"".join(
    [
        utf16("大卫", 30),
        utf16("1", 2),
        utf16("00", 4),
        utf16("19850101", 16),
        utf16("EXAMPLE, DAVID MAXIMILIAN ALEXANDER", 70),
        utf16("932682198501010017", 36),
        utf16("", 30),
        utf16("20240115", 16),
        utf16("20340115", 16),
        utf16(" OF SAMPLE", 22),
        utf16("SAU", 6),
        utf16("Y", 2),
        utf16("", 6),
    ]
)


def test_the_documents_tables_add_up() -> None:
    assert [len(text) for text in (RESIDENT, HK_MACAO_TAIWAN, FOREIGNER_2017, FOREIGNER_2023)] == [256] * 4


def test_a_resident_card_is_read_field_by_field() -> None:
    card = parse_card(RESIDENT, b"photo")
    assert card == IdCard(
        kind="resident",
        name="周\U00020bb7",
        sex_code="1",
        ethnicity_code="01",
        birth_date=date(1949, 12, 31),
        address="北京市示例区和平里东街1号",
        id_number="11010519491231002X",
        authority="北京市公安局示例分局",
        valid_from=date(2012, 11, 1),
        valid_until=None,
        photo=b"photo",
    )
    assert (card.sex_label, card.ethnicity_label) == ("男", "汉")


def test_a_card_of_hong_kong_macao_or_taiwan_has_a_pass_and_no_ethnicity() -> None:
    card = parse_card(HK_MACAO_TAIWAN)
    assert (card.kind, card.pass_number, card.issue_count) == ("hk-macao-taiwan", "H00000000", "01")
    assert (card.ethnicity_code, card.ethnicity_label) == (None, None)
    assert (card.id_number, card.valid_until) == ("810000199408230021", date(2028, 9, 1))


def test_a_foreigners_card_of_2017_has_its_own_layout() -> None:
    assert parse_card(FOREIGNER_2017) == IdCard(
        kind="foreigner-2017",
        name="安娜",
        name_en="ANNA EXAMPLE",
        sex_code="2",
        birth_date=date(1990, 12, 31),
        id_number="KAZ110090123105",
        authority="1100",
        valid_from=date(2018, 6, 1),
        valid_until=date(2028, 6, 1),
        nationality="KAZ",
    )


def test_a_foreigners_card_of_2023_joins_the_two_pieces_of_a_long_name() -> None:
    card = parse_card(FOREIGNER_2023)
    assert card.kind == "foreigner-2023"
    assert (card.name, card.name_en) == ("大卫", "EXAMPLE, DAVID MAXIMILIAN ALEXANDER OF SAMPLE")
    assert (card.nationality, card.renewal_count, card.authority) == ("SAU", "00", None)
    assert parse_card(FOREIGNER_2023[:250] + utf16("A01", 6)).associated_number == "A01"


def test_cards_from_before_2018_leave_the_kind_blank_or_zero() -> None:
    assert parse_card(RESIDENT[:220] + bytes(36)).kind == "resident"


@pytest.mark.parametrize("digits", ["00000000", "20230229", "        ", "1990013", "长期", "１９９００１０１"])
def test_a_birth_date_that_is_none_is_none(digits: str) -> None:
    card = parse_card(RESIDENT[:36] + utf16(digits, 16) + RESIDENT[52:])
    assert card.birth_date is None
    assert card.id_number == "11010519491231002X"


def test_names_lose_control_characters_and_keep_everything_else() -> None:
    name = "\x1b陈\ue863\x00\U00020bb7\x85·A\x7f"
    assert parse_card(utf16(name, 30) + RESIDENT[30:]).name == "陈\ue863\U00020bb7·A"


def test_an_address_loses_its_padding_and_keeps_the_ideographic_spaces_of_the_card() -> None:
    address = "\u3000示例区\u3000和平里\u3000"
    assert parse_card(RESIDENT[:52] + utf16(address, 70) + RESIDENT[122:]).address == address


def test_a_field_of_nothing_but_spaces_is_none() -> None:
    assert parse_card(RESIDENT[:52] + utf16("\u3000 \u3000", 70) + RESIDENT[122:]).address is None


@pytest.mark.parametrize(
    "text",
    [
        b"",
        RESIDENT[:-1],
        RESIDENT + b"\x00",
        b"\x42\xd8" + RESIDENT[2:],  # half a surrogate pair
        RESIDENT[:248] + utf16("Q", 2) + RESIDENT[250:],  # a kind of card not known
        SPACE * 128,
        bytes(256),
    ],
)
def test_what_is_no_card_is_refused_without_a_word_of_it(text: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_card(text)
    assert caught.value.reason == "garbled"
    assert caught.value.__cause__ is None
    assert "周" not in str(caught.value)


def test_a_card_shows_nothing_of_its_holder_in_its_representation() -> None:
    assert repr(parse_card(RESIDENT)) == "<IdCard resident>"


@given(st.binary(min_size=256, max_size=256))
def test_any_256_bytes_are_a_card_or_one_kind_of_error(text: bytes) -> None:
    try:
        parse_card(text)
    except ProtocolError as error:
        assert error.reason == "garbled"


letters = st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp"))
dates = st.dates(min_value=date(1900, 1, 1))


@given(st.sampled_from(list(LAYOUTS)), st.data())
def test_what_is_encoded_is_read_back(kind: Kind, data: st.DataObject) -> None:
    fields: dict[str, object] = {}
    for field, pieces in LAYOUTS[kind].items():
        if field in ("birth_date", "valid_from", "valid_until"):
            fields[field] = data.draw(st.none() | dates)
        else:
            places = sum(size for _, size in pieces) // 2
            text = data.draw(st.none() | st.text(letters, min_size=1, max_size=places))
            # A character beyond the basic plane takes two places.
            fits = text is None or len(text.encode("utf-16-le")) <= 2 * places
            fields[field] = text if fits else None
    fields["id_number"] = "11010519491231002X"[: LAYOUTS[kind]["id_number"][0][1] // 2]
    card = IdCard(kind=kind, **fields)  # type: ignore[arg-type]
    assert parse_card(encode_card(card)) == card


def test_a_field_too_long_for_its_place_is_not_encoded() -> None:
    with pytest.raises(ValueError, match="name is too long for a resident card"):
        encode_card(IdCard(kind="resident", name="某" * 16))


@pytest.mark.parametrize(
    "number",
    ["11010519491231002X", "440524188001010014", "810000199408230021", "830000199201300022", "932682198501010017"],
)
def test_the_standards_numbers_are_right(number: str) -> None:
    assert valid_id_number(number)
    assert check_digit(number[:17]) == number[17]


@pytest.mark.parametrize(
    "number",
    [
        "440524189001010014",
        "11020519491231002X",
        "11010519491231002x",
        "1101051949123100",
        "１１０１０５１９４９１２３１００２X",
        "",
    ],
)
def test_wrong_numbers_are_refused(number: str) -> None:
    assert not valid_id_number(number)


@given(
    st.from_regex(r"[0-9]{6}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])[0-9]{3}", fullmatch=True), st.data()
)
def test_one_wrong_digit_is_always_noticed(first17: str, data: st.DataObject) -> None:
    number = first17 + check_digit(first17)
    place = data.draw(st.integers(0, 16))
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[place]]))
    assert valid_id_number(number)
    assert not valid_id_number(number[:place] + wrong + number[place + 1 :])


@pytest.mark.parametrize("birth", ["19491331", "19490230", "00000000"])
def test_a_number_born_on_no_day_is_wrong_whatever_its_check_digit(birth: str) -> None:
    first17 = f"110105{birth}002"
    assert not valid_id_number(first17 + check_digit(first17))


def test_a_wrong_number_is_noticed_on_every_kind_of_card_and_refused_on_none() -> None:
    for text in (RESIDENT, HK_MACAO_TAIWAN, FOREIGNER_2017, FOREIGNER_2023):
        card = parse_card(text)
        assert not wrong_number(card)
        assert card.id_number
        assert wrong_number(replace(card, id_number=card.id_number[:-1] + "?"))
    assert not wrong_number(replace(card, id_number=None))


def test_an_address_that_was_added_is_text_of_35_characters() -> None:
    assert decode_address(utf16("北京市示例区新居路1号", 70)) == "北京市示例区新居路1号"
    assert decode_address(SPACE * 35) is None
    for raw in (b"", utf16("北京", 68), b"\x42\xd8" * 35):
        with pytest.raises(ProtocolError):
            decode_address(raw)


def test_every_ethnicity_of_the_standard_has_a_label() -> None:
    assert list(ETHNICITIES) == [f"{code:02}" for code in range(1, 57)] + ["97", "98"]
    assert (ETHNICITIES["05"], ETHNICITIES["46"], ETHNICITIES["56"]) == ("维吾尔", "德昂", "基诺")
    assert (ETHNICITIES["36"], ETHNICITIES["98"]) == ("毛南", "外国血统中国籍人士")


def test_the_tray_has_cards_of_every_kind_with_right_numbers() -> None:
    assert {sample.card.kind for sample in CARDS} == set(LAYOUTS)
    assert len({sample.id for sample in CARDS}) == len(CARDS) >= 8
    for sample in CARDS:
        assert parse_card(sample.text, sample.photo) == sample.card
        assert sample.card.id_number is not None
        assert sample.card.kind == "foreigner-2017" or valid_id_number(sample.card.id_number)
