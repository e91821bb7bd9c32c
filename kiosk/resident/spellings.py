"""Pinyin of the services' names, by which the kiosk's page sorts and finds them where they are many."""

from collections.abc import Callable, Collection, Sequence

FEW = 8
"""So many are all seen on a page or two, and need no search: nothing is spelt."""


class Spellings:
    """Names and their pinyin, each spelt once.

    Args:
        spell: gives the pinyin of texts, syllables apart; it may take half a second.
    """

    def __init__(self, spell: Callable[[Sequence[str]], list[str]]) -> None:
        self._spell = spell
        self._known: dict[str, str] = {}
        self._wanted: set[str] = set()

    def of(self, name: str) -> str:
        """The pinyin of a name; "" while it is not known."""
        return self._known.get(name, "")

    def want(self, names: Collection[str]) -> None:
        """Have these names spelt by the next :meth:`learn`, unless they are few."""
        if len(names) > FEW:
            self._wanted.update(set(names) - self._known.keys())

    def learn(self) -> bool:
        """Spell what is wanted; True when something new is known."""
        names = sorted(self._wanted)
        if not names:
            return False
        self._known.update(zip(names, self._spell(names), strict=True))
        self._wanted.difference_update(names)
        return True
