"""More residents who do not exist, as many as a hall needs: drawn, each with a card of their own.

As with the sample cards, region code 110199 was never given out, so no number here can be anybody's; the check digits
are right.
"""

from datetime import date, timedelta
from random import Random

from drivers.simulators.card_reader.cards import SampleCard, card_of

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = {
    "1": (
        "建军",
        "志强",
        "文斌",
        "海涛",
        "立新",
        "晓峰",
        "国庆",
        "俊杰",
        "浩然",
        "子轩",
        "宇航",
        "永福",
        "德明",
        "思远",
    ),
    "2": (
        "秀英",
        "桂兰",
        "丽娟",
        "玉珍",
        "晓燕",
        "雪梅",
        "静怡",
        "欣然",
        "雨桐",
        "梦瑶",
        "淑芬",
        "慧敏",
        "佳宁",
        "若曦",
    ),
}
_STREETS = ("槐柏", "柳荫", "青松", "朝晖", "永安", "和顺", "新华", "建设", "文化", "清水")
_AGES = ((18, 34, 0.3), (35, 59, 0.5), (60, 64, 0.07), (65, 88, 0.13))
"""From, to, and their share of those who come to a hall."""


def invent(draw: Random, today: date, serial: int) -> SampleCard:
    """A resident and their card.

    Args:
        draw: where chance comes from: the same one invents the same people.
        today: so that nobody is too young.
        serial: from 1; it makes the number of each a different one, up to 499 on a birth date.
    """
    sex = draw.choice("12")
    least, most, _ = draw.choices(_AGES, [share for *_, share in _AGES])[0]
    born = today - timedelta(days=int(365.25 * draw.uniform(least + 0.1, most + 0.9)))
    name = draw.choice(_SURNAMES) + draw.choice(_GIVEN[sex])
    address = f"北京市示例区{draw.choice(_STREETS)}路{draw.randint(1, 99)}号院{draw.randint(1, 12)}号楼"
    valid = (date(2012, 11, 1), None) if today.year - born.year > 46 else (date(2019, 5, 20), date(2039, 5, 20))
    return SampleCard(f"invented-{serial}", card_of(name, sex, "01", born, address, valid, serial % 500))
