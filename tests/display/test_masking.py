"""Names and ID numbers behind stars."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from display.masking import mask_id_number, mask_name


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张小三", "张*三"),
        ("张三", "张*"),
        ("欧阳小明", "欧阳**"),
        ("欧阳明", "欧阳*"),
        ("歐陽小明", "歐陽**"),
        ("欧阳", "欧*"),
        ("张王小明", "张**明"),
        ("张", "*"),
        ("", ""),
        (" 张小三 ", "张*三"),
        ("阿不都热合曼·买买提", "阿***提"),
        ("𠮷小三", "𠮷*三"),
        ("𠮷三", "𠮷*"),
        ("张𠮷", "张*"),
        ("\ud842\udfb7小三", "𠮷*三"),
        ("葛\U000e0100小三", "葛\U000e0100*三"),
        ("张小\ue000", "张*\ue000"),
        ("WANG, JIANGUO", "W*** J***"),
        ("José Álvarez", "J*** Á***"),
        ("O", "O***"),
    ],
)
def test_a_name_shows_what_its_bearer_recognises(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=12))
def test_no_chinese_name_is_shown_whole(name: str) -> None:
    masked = mask_name(name)
    assert "*" in masked
    assert sum(character != "*" for character in masked) <= 2


@given(st.text(max_size=40))
def test_any_text_can_be_masked(name: str) -> None:
    assert "*" in mask_name(name) or not name.strip()


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("11010519491231002X", "1101**************"),
        ("110105491231002", "1101***********"),
        ("H12345678", "H********"),
        ("E1234567", "E*******"),
        ("1234567", "*******"),
        ("", ""),
    ],
)
def test_a_number_shows_its_beginning_at_most(number: str, masked: str) -> None:
    assert mask_id_number(number) == masked
