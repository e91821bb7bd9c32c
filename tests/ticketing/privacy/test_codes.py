import hypothesis.strategies as st
import pytest
from hypothesis import given

from ticketing.privacy.codes import ALPHABET, LENGTH, LONGEST_SCAN, encode, find_code

CODE = "0123456789ABCDEF"


def test_ten_bytes_make_sixteen_characters_in_crockfords_order() -> None:
    assert encode(bytes(10)) == "0000000000000000"
    assert encode(b"\xff" * 10) == "ZZZZZZZZZZZZZZZZ"
    # 00000 00001 00010 … 01111, five bits a character
    assert encode((0x00443214C74254B635CF).to_bytes(10)) == CODE


@pytest.mark.parametrize("length", [0, 9, 11])
def test_a_code_is_made_of_ten_bytes_only(length: int) -> None:
    with pytest.raises(ValueError, match="10 bytes"):
        encode(bytes(length))


@given(st.binary(min_size=10, max_size=10))
def test_every_code_is_found_again_in_its_url_and_bare(raw: bytes) -> None:
    code = encode(raw)
    assert len(code) == LENGTH
    assert set(code) <= set(ALPHABET)
    for scanned in (code, code.lower(), f"HTTPS://Q.EXAMPLE.CN/T/{code}", f"https://q.example.cn/t/{code.lower()}"):
        assert find_code(scanned) == code


@given(st.lists(st.binary(min_size=10, max_size=10), unique=True, min_size=2, max_size=2))
def test_other_bytes_make_another_code(two: list[bytes]) -> None:
    assert encode(two[0]) != encode(two[1])


@pytest.mark.parametrize(
    "scanned",
    [
        f"  {CODE}\r\n",
        "0123-4567-89AB-CDEF",
        "0123 4567 89ab cdef",
        "O123456789ABCDEF",
        "oI23456789abcdef",
        "0L23456789ABCDEF",
        f"http://10.0.0.7:8080/t/{CODE}",
        f"https://q.example.cn/t/{CODE}/",
        f"https://q.example.cn/T/{CODE}?from=slip#top",
        f"https://取号.示例/t/{CODE}",
        "0123456789ABCDEF",
        f"HTTPS:、、Q.EXAMPLE.CN、T、{CODE}",
    ],
)
def test_a_code_is_found_however_people_and_keyboards_spell_it(scanned: str) -> None:
    assert find_code(scanned) == CODE


@pytest.mark.parametrize(
    "scanned",
    [
        "",
        "6901028075763",
        CODE[:-1],
        CODE + "0",
        "U123456789ABCDEF",
        f"https://q.example.cn/x/{CODE}",
        f"https://q.example.cn/t/a/{CODE}",
        f"https:///t/{CODE}",
        f"ftp://q.example.cn/t/{CODE}",
        f"javascript:alert(1)//t/{CODE}",
        f"{CODE}\n{CODE}",
        "https://u.wechat.com/EAbcdefghijklmnop",
        "٠١٢٣٤٥٦٧٨٩٠١٢٣٤٥",
        CODE + " " * LONGEST_SCAN,
    ],
)
def test_what_is_none_of_ours_is_not_taken_for_a_code(scanned: str) -> None:
    assert find_code(scanned) is None


@given(st.text(max_size=600))
def test_any_garbage_is_a_code_in_its_printed_form_or_none(scanned: str) -> None:
    code = find_code(scanned)
    assert code is None or (len(code) == LENGTH and set(code) <= set(ALPHABET))
