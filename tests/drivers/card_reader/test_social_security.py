"""The conversation with a 社保卡, and with a reader that has a security module inside: bytes alone."""

from collections.abc import Generator
from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.card_reader.pcsc import read_blocks
from drivers.card_reader.social_security import SocialSecurityCard, read_card
from drivers.errors import ProtocolError
from drivers.simulators.card_reader.cards import CARDS
from drivers.simulators.card_reader.chip_cards import IdCardChip, ReadIdCard, SocialSecurityChip

ZHANG = CARDS[0].card
CARD = SocialSecurityCard("张晓明", ZHANG.id_number or "", "A12345678")
R = TypeVar("R")


def converse(conversation: Generator[bytes, bytes, R], answers: list[bytes] | SocialSecurityChip | IdCardChip) -> R:
    """What a conversation gives when it is answered so; where the answers end, the card says no."""
    queue = iter(answers) if isinstance(answers, list) else None
    try:
        command = next(conversation)
        while True:
            command = conversation.send(
                next(queue, b"\x6a\x82") if queue else answers.answer(command)  # type: ignore[union-attr]
            )
    except StopIteration as end:
        return end.value


def test_the_commands_are_those_of_the_programs_that_read_these_cards() -> None:
    chip = SocialSecurityChip(CARD)
    asked: list[str] = []
    conversation = read_card()
    command = next(conversation)
    with pytest.raises(StopIteration) as end:
        while True:
            asked.append(command.hex(" ").upper())
            command = conversation.send(chip.answer(command))
    assert end.value.value == CARD
    assert asked == [
        "00 A4 04 00 0F 73 78 31 2E 73 68 2E C9 E7 BB E1 B1 A3 D5 CF",
        "00 B2 08 30 14",
        "00 B2 09 30 20",
        "00 B2 07 28 0B",
    ]


def test_records_have_the_bytes_of_the_documents() -> None:
    name = "张晓明".encode("gbk").ljust(30, b"\x00")
    done = b"\x90\x00"
    answers = [
        b"\x6f\x00" + done,
        b"\x08\x12" + CARD.id_number.encode() + done,
        b"\x09\x1e" + name + done,
        b"\x07\x09A12345678" + done,
    ]
    assert converse(read_card(), answers) == CARD


@pytest.mark.parametrize("in_pieces", [False, True])
@pytest.mark.parametrize("by_tag", [False, True])
@pytest.mark.parametrize("name", ["张晓明", "买买提·阿布都热合曼·吐尔逊·艾合买提", "周\U00020bb7", None])
def test_cards_of_every_make_are_read(by_tag: bool, in_pieces: bool, name: str | None) -> None:
    card = replace(CARD, name=name)
    assert converse(read_card(), SocialSecurityChip(card, by_tag=by_tag, in_pieces=in_pieces)) == card


def test_what_a_card_does_not_give_is_none_and_a_card_of_another_kind_is_none() -> None:
    bare = SocialSecurityCard(None, CARD.id_number)
    assert converse(read_card(), [b"\x90\x00", b"\x08\x12" + CARD.id_number.encode() + b"\x90\x00"]) == bare
    assert converse(read_card(), []) is None
    assert converse(read_card(), [b"\x90\x00"]) is None
    assert converse(read_card(), IdCardChip(bytes(8))) is None


@given(st.lists(st.binary(max_size=40), max_size=30))
def test_garbage_is_a_card_or_none_or_one_kind_of_error(answers: list[bytes]) -> None:
    for conversation in (read_card(), read_blocks(photo=True)):
        try:
            card = converse(conversation, answers)
        except ProtocolError as error:
            assert error.reason == "garbled"
            assert error.__cause__ is None
        else:
            assert card is None or repr(card) in ("<SocialSecurityCard>", "<IdCard resident>")


def test_a_card_that_has_more_to_fetch_for_ever_is_garbled() -> None:
    with pytest.raises(ProtocolError):
        converse(read_card(), [b"\x61\x01"] * 100)


@pytest.mark.parametrize("photo", [False, True])
def test_blocks_are_text_and_photo(photo: bool) -> None:
    reader = ReadIdCard(bytes(8), card=ZHANG)
    assert converse(read_blocks(photo=photo), reader) == (ZHANG if photo else replace(ZHANG, photo=b""))
    assert converse(read_blocks(photo=photo), IdCardChip(bytes(8))) is None
