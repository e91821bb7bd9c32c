"""Pinyin of names, syllable by syllable, with the reading that the phrase asks for (多音字).

pypinyin's dictionary of phrases takes 50 MB and a quarter of a second, and is needed only when names change: so it is
loaded by a process of its own that ends with the work. Run as ``python -m ticketing.matters.spelling``, it reads a JSON
list of texts and writes one of their spellings.
"""

import json
import subprocess
import sys
import unicodedata
from collections.abc import Sequence

_PATIENCE = 120.0
"""Seconds; 5,000 names take one."""

_OWN = {"还建": [["huan"], ["jian"]], "还建房": [["huan"], ["jian"], ["fang"]], "重名": [["chong"], ["ming"]]}
"""Readings in which the dictionary is wrong, or which it does not have."""


def spell(texts: Sequence[str]) -> list[str]:
    """The spelling of each text: its syllables, letters and digits, in small letters, with blanks between.

    "ETC 绿色通道" is ``e t c lv se tong dao``. Their first letters are the text's initials.
    """
    if not any(character > "\u2e7f" for text in texts for character in text):
        return [" ".join(_plain(text)) for text in texts]
    work = [sys.executable, "-m", __name__]
    done = subprocess.run(work, input=json.dumps(texts).encode(), capture_output=True, timeout=_PATIENCE, check=True)  # noqa: S603 - our own module
    return list(json.loads(done.stdout))


def _plain(text: str) -> list[str]:
    """Letters and digits, one by one."""
    normal = unicodedata.normalize("NFKC", text).lower()
    return [character for character in normal if character.isascii() and character.isalnum()]


def _main() -> None:
    from pypinyin import lazy_pinyin, load_phrases_dict

    load_phrases_dict(_OWN)

    def spelt(text: str) -> str:
        normal = unicodedata.normalize("NFKC", text).lower()
        # What is no Chinese may also become several syllables, which its types do not know.
        return " ".join(filter(None, lazy_pinyin(normal, errors=_plain)))  # type: ignore[arg-type]

    json.dump([spelt(text) for text in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    _main()
