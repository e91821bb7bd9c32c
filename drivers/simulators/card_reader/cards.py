"""Cards of residents who do not exist, to lay on a simulated reader.

Region code 110199 was never given out, so no number of a resident card here can be anybody's; the numbers of the other
cards are the specimens that the authorities printed themselves. Photos are the header of the real format and zeros.
"""

from dataclasses import dataclass
from datetime import date

from drivers.card_reader.id_card import IdCard, check_digit, encode_card

PHOTO = bytes.fromhex("57 4C 66 00 7E 00 32 00").ljust(1024, b"\x00")
"""1024 bytes that begin as every photo on a card does: "WL", 102 x 126 dots."""
_REGION = "110199"


@dataclass(frozen=True)
class SampleCard:
    """One card of the tray.

    Attributes:
        id: short name, fit for a URL.
        card: what it tells.
    """

    id: str
    card: IdCard

    @property
    def text(self) -> bytes:
        """The 256 bytes that a reader hands over."""
        return encode_card(self.card)

    @property
    def photo(self) -> bytes:
        """The photo as a reader hands it over."""
        return self.card.photo


def card_of(
    name: str, sex: str, ethnicity: str, birth: date, address: str, valid: tuple[date, date | None], sequence: int = 1
) -> IdCard:
    """The card of a resident who does not exist; ``sequence``, to 499, tells apart who was born on the same day."""
    # The 17th digit is odd for men.
    order = sequence * 2 + (1 if sex == "1" else 0)
    number = f"{_REGION}{birth:%Y%m%d}{order:03}"
    return IdCard(
        kind="resident",
        name=name,
        sex_code=sex,
        ethnicity_code=ethnicity,
        birth_date=birth,
        address=address,
        id_number=number + check_digit(number),
        authority="北京市公安局示例分局",
        valid_from=valid[0],
        valid_until=valid[1],
        photo=PHOTO,
    )


_TEN_YEARS = (date(2019, 5, 20), date(2029, 5, 20))
_TWENTY_YEARS = (date(2016, 3, 8), date(2036, 3, 8))
_FOR_EVER = (date(2012, 11, 1), None)

CARDS: list[SampleCard] = [
    SampleCard(
        "zhang",
        card_of("张晓明", "1", "01", date(1990, 7, 16), "北京市示例区和平里东街1号院2单元301", _TWENTY_YEARS),
    ),
    SampleCard("li", card_of("李秀兰", "2", "01", date(1950, 3, 2), "北京市示例区槐树胡同12号", _FOR_EVER)),
    SampleCard("wang", card_of("王建国", "1", "11", date(1948, 10, 1), "北京市示例区前门大街88号楼1门102", _FOR_EVER)),
    SampleCard(
        "maimaiti",
        card_of(
            "买买提·阿布都热合曼", "1", "05", date(1985, 12, 31), "新疆维吾尔自治区示例市解放路社区5号", _TWENTY_YEARS
        ),
    ),
    SampleCard(
        "ouyang",
        card_of("欧阳一诺", "2", "08", date(2004, 2, 29), "广西壮族自治区示例县民主村三组7号", _TEN_YEARS),
    ),
    SampleCard("rare", card_of("周\U00020bb7", "1", "01", date(1978, 6, 5), "山西省示例市新建路9号", _FOR_EVER)),
    SampleCard("private-use", card_of("陈\ue863", "2", "15", date(1996, 9, 9), "湖北省示例州清江巷3号", _TEN_YEARS)),
    SampleCard(
        "hongkong",
        IdCard(
            kind="hk-macao-taiwan",
            name="何嘉欣",
            sex_code="2",
            birth_date=date(1994, 8, 23),
            address="广东省示例市福田区深南大道1号A座2001",
            id_number="810000199408230021",
            authority="广东省示例市公安局",
            valid_from=date(2023, 9, 1),
            valid_until=date(2028, 9, 1),
            pass_number="H00000000",  # noqa: S106 - a permit's number
            issue_count="01",
            photo=PHOTO,
        ),
    ),
    SampleCard(
        "foreigner-2017",
        IdCard(
            kind="foreigner-2017",
            name="安娜",
            name_en="ANNA EXAMPLE",
            sex_code="2",
            birth_date=date(1990, 12, 31),
            id_number="KAZ110090123105",
            authority="1100",
            valid_from=date(2018, 6, 1),
            valid_until=date(2028, 6, 1),
            nationality="KAZ",
            photo=PHOTO,
        ),
    ),
    SampleCard(
        "foreigner-2023",
        IdCard(
            kind="foreigner-2023",
            name="大卫",
            name_en="EXAMPLE, DAVID MAXIMILIAN ALEXANDER OF SAMPLE",
            sex_code="1",
            birth_date=date(1985, 1, 1),
            id_number="932682198501010017",
            valid_from=date(2024, 1, 15),
            valid_until=date(2034, 1, 15),
            nationality="SAU",
            renewal_count="00",
            photo=PHOTO,
        ),
    ),
]
SAMPLES = {sample.id: sample for sample in CARDS}
"""The tray, by id."""
