"""A hall as large as the largest known: 865 matters, 61 services, 50 windows, made without chance.

Names are invented in the way of real ones. The same numbers give the same hall each time.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

from config.matters import check
from kiosk.exchange.matter_files import matters_of
from kiosk.web.hall import Hall
from spelt import spell_once
from ticketing.matters.matters import Matters
from ticketing.model import Actor, Service, Window
from ticketing.setup.setup import HallSetup

MATTERS, SERVICES, WINDOWS = 865, 61, 50

# theme, its English name, and what is done there
PERSONAL = {
    ("出生", "Birth"): ["出生医学证明", "新生儿落户", "预防接种证", "生育登记", "儿童医保参保"],
    ("上学", "School"): ["义务教育入学", "学籍转移", "助学贷款", "教师资格", "学历证书"],
    ("就业", "Work"): ["失业登记", "就业补贴", "职称评审", "技能等级证书", "灵活就业参保"],
    ("社保", "Social insurance"): ["养老保险", "失业保险", "工伤保险", "社会保障卡", "社保关系转移接续"],
    ("医疗", "Health care"): ["医保报销", "异地就医备案", "门诊慢特病待遇", "生育津贴", "医疗救助"],
    ("住房", "Housing"): ["公积金提取", "公积金贷款", "公租房申请", "不动产登记", "房屋租赁备案"],
    ("户籍", "Household register"): ["户口迁移", "居民身份证", "居住证", "姓名变更", "户籍证明"],
    ("婚姻", "Marriage"): ["结婚登记", "离婚登记", "婚姻登记档案", "收养登记", "婚前医学检查"],
    ("出行", "Travel"): ["机动车驾驶证", "机动车登记", "老年人优待证", "残疾人通行证", "客运从业资格证"],
    ("养老", "Old age"): ["高龄津贴", "养老机构入住", "长期护理保险", "退休审批", "养老金待遇调整"],
    ("殡葬", "Bereavement"): ["死亡证明", "丧葬补助金", "遗属待遇", "户口注销", "公墓安葬"],
}
BUSINESS = {
    ("开办企业", "Start a business"): ["营业执照", "公司设立登记", "个体工商户登记", "公章刻制备案", "银行开户许可"],
    ("准入准营", "Permits"): [
        "食品经营许可证",
        "公共场所卫生许可证",
        "药品经营许可证",
        "道路运输许可证",
        "特种行业许可证",
    ],
    ("工程建设", "Construction"): ["施工许可证", "建设用地规划许可证", "工程竣工验收", "消防设计审查", "人防工程审批"],
    ("办税", "Taxes"): ["税务登记", "发票领用", "增值税申报", "税收减免备案", "完税证明"],
    ("用工", "Employment"): ["单位参保登记", "劳动用工备案", "集体合同审查", "外国人工作许可证", "残疾人就业年审"],
    ("知识产权", "Intellectual property"): ["商标注册", "专利费减备案", "著作权登记", "地理标志申请", "质量认证"],
    ("变更注销", "Changes and closing"): [
        "公司变更登记",
        "股权出质登记",
        "分公司注销登记",
        "企业名称变更",
        "清算组备案",
    ],
}
VERBS = {
    "新办": "Apply for",
    "换领": "Renew",
    "补领": "Replace",
    "变更": "Change",
    "注销": "Cancel",
    "查询": "Look up",
    "申领待遇": "Claim",
    "跨省通办": "From another province",
    "延续": "Extend",
    "年审": "Yearly review",
}
LONGEST = (
    "涉及国家安全和公共利益的跨行政区域一体化通办事项的受理、审核"
    + "、批准、发证及其后续变更、延续、补办、注销和信息查询服务事项"
)
"""A name of 60 characters."""


def themes() -> list[tuple[str, str, str]]:
    """Audience, theme and its English name, in their order."""
    named = (("personal", PERSONAL), ("business", BUSINESS))
    return [(audience, zh, en) for audience, of in named for zh, en in of]


def services() -> list[Service]:
    """61 services, three or four a theme; what they are called has the theme's name in it."""
    kinds = ["综合受理", "登记", "证照", "查询"]
    made = [
        Service(f"s{place + 1:02}", f"{zh}·{kind}", f"{en}: {place % 4 + 1}", _prefix(place))
        for place, (kind, (_, zh, en)) in enumerate(product(kinds, themes()))
    ]
    return made[:SERVICES]


def windows() -> list[Window]:
    """50 windows of about four services each, and one for everything."""
    ids = [one.id for one in services()]
    made = [
        Window(
            str(place + 1),
            f"{place + 1}号窗口",
            tuple(ids[(place + step * 15) % SERVICES] for step in range(4)),
            "open",
        )
        for place in range(WINDOWS - 1)
    ]
    return [*made, Window(str(WINDOWS), f"{WINDOWS}号窗口", ("*",), "open")]


def matters() -> list[dict[str, Any]]:
    """865 matters as JSON has them, in the order of their themes."""
    return list(_matters())


def put_into(hall: Hall) -> None:
    """Make a hall that runs as large, with the pinyin of all names."""
    manager = Actor("zhou", "manager", "hall")
    hall.matters = Matters(hall.office.ledger, spell_once)
    hall.setup.replace(HallSetup(tuple(services()), tuple(windows())), manager)
    rows, problems = check(matters())
    assert not problems
    hall.matters.replace(matters_of(rows), manager)


def _matters() -> Iterator[dict[str, Any]]:
    all_services, all_themes = services(), themes()
    of_theme = [
        [one for place, one in enumerate(all_services) if place % len(all_themes) == at]
        for at in range(len(all_themes))
    ]
    each, rest = divmod(MATTERS, len(all_themes))
    number = 0
    for at, (audience, theme, theme_en) in enumerate(all_themes):
        things = (PERSONAL if audience == "personal" else BUSINESS)[theme, theme_en]
        # Where thing and verb are used up, the same is done for another district.
        combined = [
            (
                f"{thing}{verb}{where}",
                f"{verb_en}: {theme_en.lower()} {things.index(thing) + 1}{where and ' (district)'}",
            )
            for where, (verb, verb_en), thing in product(("", "（区级）"), VERBS.items(), things)
        ]
        for place in range(each + (at < rest)):
            number += 1
            name, name_en = combined[place]
            yield {
                "id": f"m{number:04}",
                "name": LONGEST if number == 400 else name,
                "name_en": name_en,
                "audience": audience,
                "theme": theme,
                "theme_en": theme_en,
                "service": of_theme[at][place % len(of_theme[at])].id,
                "words": [f"{theme}办事{place % 7}"] if place % 3 == 0 else [],
                "task_code": f"11110102{number:023}",
                "area_code": "110102",
                "who": "本人，或持委托书的代办人",
                "who_en": "In person, or somebody with a letter of authority",
                "papers": [
                    {"name": "居民身份证", "name_en": "ID card", "original": True, "copies": place % 3, "sample": ""},
                    {"name": f"{name}申请表", "name_en": "Application form", "copies": 1, "sample": "一楼大厅填表台"},
                ],
                "fee": "不收费" if place % 4 else "工本费 20 元",
                "fee_en": "Free" if place % 4 else "20 yuan",
                "statutory_days": 20,
                "promised_days": place % 10,
                "guide": "备齐材料后取号，到窗口提交，办结后领取结果。",
                "guide_en": "Bring the papers, take a number, hand them in at the window, and collect the result.",
                "resident_fields": ["name", "id_number"] if place % 5 == 0 else None,
                "applies": place % 9 == 0,
                "form": "",
            }


def _prefix(place: int) -> str:
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    return (
        letters[place] if place < len(letters) else letters[place // len(letters) - 1] + letters[place % len(letters)]
    )
