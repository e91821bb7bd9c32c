"""Names and ID numbers as they may be seen outside the window (DESIGN 6): 张*三, 欧阳**, 1101**************."""

import re
import unicodedata

MOST_STARS = 3
"""A long name is not given away by the number of its stars."""

_PAIRS = (
    "欧阳太史上官端木司马东方独孤南宫万俟闻人夏侯诸葛尉迟公羊赫连澹台皇甫宗政"
    "濮阳公冶太叔申屠公孙慕容仲孙钟离长孙宇文司徒鲜于司空闾丘子车亓官司寇巫马"
    "公西颛孙壤驷公良漆雕乐正宰父谷梁拓跋夹谷轩辕令狐段干百里呼延东郭南门羊舌"
    "微生梁丘左丘东门西门第五歐陽司馬東方諸葛尉遲公孫長孫軒轅鍾離"
)
COMPOUND_SURNAMES = frozenset(_PAIRS[place : place + 2] for place in range(0, len(_PAIRS), 2))
"""Surnames of two characters."""


def mask_name(name: str) -> str:
    """A name with most characters replaced by stars.

    Chinese names keep the surname and, from three characters on, the last one; a name of one character keeps none.
    Names in Latin letters keep the first letter of each part. A surrogate pair is one character, and so is a
    character with its variation selector.
    """
    name = " ".join(name.split())
    if re.search(r"[A-Za-zÀ-ɏ]", name):
        return " ".join(part[0] + "*" * MOST_STARS for part in name.split(" "))
    characters = _characters(name)
    if len(characters) < 2:
        return "*" * len(characters)
    if "".join(characters[:2]) in COMPOUND_SURNAMES and len(characters) <= 4:
        return (
            "".join(characters[:2]) + "*" * max(1, len(characters) - 2) if len(characters) > 2 else characters[0] + "*"
        )
    if len(characters) == 2:
        return characters[0] + "*"
    return characters[0] + "*" * min(MOST_STARS, len(characters) - 2) + characters[-1]


def mask_id_number(number: str) -> str:
    """An ID or pass number: 1101**************; shorter ones keep less, those under eight characters nothing.

    The end is shown nowhere: it is what proves at a terminal whose slip it is.
    """
    head = 4 if len(number) >= 15 else 1 if len(number) >= 8 else 0
    return number[:head] + "*" * (len(number) - head)


def _characters(text: str) -> list[str]:
    """The text split into grapheme-like characters: a base with its combining marks and variation selectors."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    characters: list[str] = []
    for one in whole:
        joins = unicodedata.combining(one) or "\ufe00" <= one <= "\ufe0f" or "\U000e0100" <= one <= "\U000e01ef"
        if joins and characters:
            characters[-1] += one
        else:
            characters.append(one)
    return characters
