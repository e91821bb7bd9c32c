"""Which passwords are refused: short ones, and those that a guesser tries first.

A password is cut into pieces from left to right, and its pieces are counted:

::

    2   a word that passwords are often made of (password, woaini), also as p@ssw0rd
    1   the account's name, the hall's name or id
    1   each other character
    1   all runs (1234, qwert, 1qaz, aaaa), all digits and all punctuation together

Equal pieces count once; fewer than ``LEAST`` are refused, such as ``Admin@2026!``, which has a piece for "admin" and
one for the rest. A password that repeats a part (``wangwangwang``) is only that part. NIST SP 800-63B-4 (3.1.1.2) asks
for a length and such a list, and against rules about kinds of characters, which make ``Passw0rd!`` a good one.

The words are the common ones of published lists of leaked Chinese and English passwords; they are for refusing, so a
word too few is a weaker rule and no fault.
"""

import unicodedata
from collections.abc import Iterable

from ticketing.model import TicketingError

MIN_PASSWORD = 10
MAX_PASSWORD = 256
LEAST = 4
"""Pieces of the weakest password that is taken."""

_WORDS = frozenset(
    """
    password passwd passwort pass pwd admin administrator root user guest test login welcome letmein hello
    iloveyou love loveyou lovely monkey dragon master shadow sunshine princess football baseball superman batman
    michael jordan charlie ashley summer winter spring autumn secret freedom whatever trustno changeme default
    computer internet server system manager office service windows oracle mysql google apple huawei xiaomi tencent
    alibaba baidu taobao weixin wechat qqmima key
    woaini woaiwo woaiziji woaijia woai aini wonima nihao nimen mima miyao denglu yonghu guanli guanliyuan zhanghao
    gongsi zhongguo china beijing shanghai tianjin chongqing guangzhou shenzhen hangzhou nanjing wuhan chengdu xian
    zhengfu dating zhengwu fuwu chuangkou quhao paidui jiaohao banshi qwerty asdf zxcv
    zhangsan lisi wangwu zhaoliu zhangwei wangwei liwei lina wangfang wangwang lili lulu wangli wangjing liuyang
    xiaoming xiaohong xiaoli laoban laopo laogong baobao baobei mama baba jiejie gege meimei didi pengyou
    shengri kuaile xingfu yongyuan dajia kaixin tiantian mingtian jintian nba cba
    """.split()  # noqa: SIM905 - a list of words is read as words
)
"""As they are after :func:`_plain`."""

_RUNS = (
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    *("1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm"),
)
_SHORTEST_RUN = 3
_SHORTEST_NAME = 2
_LONGEST_WORD = max(map(len, _WORDS))
# Symbols that stand for letters, and those above the digits.
_LETTERS = str.maketrans("@4301!$5", "aaeoiiss")
_KEYS = str.maketrans("!@#$%^&*()", "1234567890")


class AccountError(TicketingError):
    """An account or a token that cannot be; its text says why.

    Codes: ``name_invalid``, ``role_unknown``, ``password_short``, ``password_long``, ``password_guessable``,
    ``window_invalid``, ``window_needed``, ``terminal_needed``, ``terminal_invalid``, ``address_invalid``,
    ``duty_needed``, ``duty_other``.
    """


def check_password(password: str, names: Iterable[str] = ()) -> None:
    """Refuse a password that is too short, too long or soon guessed.

    Args:
        password: as it was typed.
        names: what a guesser knows of the account: its name, the hall's.

    Raises:
        AccountError: ``password_short``, ``password_long``, ``password_guessable``; without the password.
    """
    if len(password) > MAX_PASSWORD:
        raise AccountError(
            "password_long",
            f"密码太长，最多 {MAX_PASSWORD} 个字符 / the password is too long: at most {MAX_PASSWORD} characters",
        )
    if len(password) < MIN_PASSWORD:
        raise AccountError(
            "password_short",
            f"密码太短，至少 {MIN_PASSWORD} 个字符 / the password is too short: at least {MIN_PASSWORD} characters",
        )
    part = _repeated(password)
    if len(part) < MIN_PASSWORD and part != password:
        raise AccountError(
            "password_guessable",
            "密码只是同样的字重复，请换一个，例如几个不相干的词 / "
            "the password only repeats itself: choose another, such as words that have nothing to do with each other",
        )
    if _pieces(part, names) < LEAST:
        raise AccountError(
            "password_guessable",
            "密码太容易猜（常用词、账号或大厅名称、连续的键或数字），请换一个，例如几个不相干的词 / "
            "the password is soon guessed (common words, the account's or hall's name, runs of keys or digits): choose "
            "another, such as words that have nothing to do with each other",
        )


def _repeated(password: str) -> str:
    """The part that a password repeats, the whole one where it does not."""
    period = (password + password).find(password, 1)
    if period < len(password):
        return password[:period]
    # Cut off within the last repetition: wangwangwa.
    for length in range(1, len(password) // 2 + 1):
        if (password[:length] * (len(password) // length + 1)).startswith(password):
            return password[:length]
    return password


def _pieces(password: str, names: Iterable[str]) -> int:
    plain = _plain(password)
    letters, keys = plain.translate(_LETTERS), plain.translate(_KEYS)
    known = {_plain(name) for name in names}
    known |= {part for name in known for part in name.replace("-", " ").replace(".", " ").split()}
    known = {name for name in known if len(name) >= _SHORTEST_NAME}
    found: dict[str, int] = {}
    at = 0
    while at < len(plain):
        name = max((len(one) for one in known if plain.startswith(one, at)), default=0)
        word = next(
            (
                size
                for size in range(_LONGEST_WORD, 1, -1)
                if letters[at : at + size] in _WORDS and at + size <= len(plain)
            ),
            0,
        )
        run = _run_at(keys, at)
        if name and name >= word:
            found[plain[at : at + name]] = 1
            at += name
        elif word and word >= run:
            found[letters[at : at + word]] = 2
            at += word
        elif run or not plain[at].isalpha():
            found["the rest"] = 1
            at += max(run, 1)
        else:
            found[plain[at]] = 1
            at += 1
    return sum(found.values())


def _run_at(keys: str, at: int) -> int:
    """The length of the run of keys that begins here; 0 for none."""
    longest = 0
    same = len(keys) - at - len(keys[at:].lstrip(keys[at]))
    if same >= _SHORTEST_RUN:
        longest = same
    for row in _RUNS:
        for line in (row, row[::-1]):
            start = line.find(keys[at])
            size = 0
            while start >= 0 and start + size < len(line) and keys[at + size : at + size + 1] == line[start + size]:
                size += 1
            if size >= _SHORTEST_RUN:
                longest = max(longest, size)
    return longest


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
