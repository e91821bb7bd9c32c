"""Pinyin of services' names at the kiosk."""

from collections.abc import Sequence

from kiosk.resident.spellings import FEW, Spellings


def test_many_names_are_spelt_once_and_few_are_not() -> None:
    asked: list[list[str]] = []

    def spell(texts: Sequence[str]) -> list[str]:
        asked.append(list(texts))
        return [f"pin {text}" for text in texts]

    spellings = Spellings(spell)
    spellings.want({"税务"})
    assert not spellings.learn()
    names = {str(number) for number in range(FEW + 1)}
    spellings.want(names)
    assert spellings.of("1") == ""
    assert spellings.learn()
    assert spellings.of("1") == "pin 1"
    spellings.want(names | {"新"})
    assert spellings.learn()
    assert not spellings.learn()
    assert asked == [sorted(names), ["新"]]
