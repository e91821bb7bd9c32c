"""The real pinyin of texts, made once a run: starting pypinyin takes half a second each time."""

from collections.abc import Sequence

from ticketing.matters.spelling import spell

_known: dict[str, str] = {}


def spell_once(texts: Sequence[str]) -> list[str]:
    new = [text for text in texts if text not in _known]
    if new:
        _known.update(zip(new, spell(new), strict=True))
    return [_known[text] for text in texts]
