"""What the kiosk tells the resident in front of it, by its state and what is the matter."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """A text in Chinese and in English."""

    zh: str
    en: str


def card_notice(retention_days: int) -> Words:
    """What the kiosk says before it reads a card: what is read, why, and for how many days it is kept."""
    if retention_days == 0:
        return Words(
            "只读取证件上的文字信息，供窗口办理本次业务，今天结束后销毁。",
            "We read the text on your card, for your business at the window today. It is destroyed when the day ends.",
        )
    return Words(
        f"只读取证件上的文字信息，供窗口办理本次业务，保存{retention_days}天后销毁。",
        f"We read the text on your card, for your business at the window. It is destroyed after {retention_days} days.",
    )


_STAGES = {
    "idle": Words("请刷身份证取号", "Lay your ID card to take a number"),
    "reading": Words("请不要移动身份证", "Please leave your card where it is"),
    "choosing": Words("请选择要办的业务", "Choose what you came for"),
    "printing": Words("正在出票，请稍候", "Your slip is being printed"),
    "taking": Words("请取走小票，拿好身份证", "Take your slip and your ID card"),
}

_NOTES = {
    "take_card": Words("请拿好身份证", "Please take your ID card"),
    "lay_agent": Words("请换上代办人的身份证", "Now lay the ID card of the person who came"),
    "card_moved": Words("没有读完，请拿起身份证重新放", "Not read to the end: lift your card and lay it again"),
    "card_unreadable": Words(
        "这张证件读不出来，请重新放一次，或到{desk}", "This card cannot be read: lay it once more, or go to {desk_en}"
    ),
    "chip_only": Words(
        "这里读不了身份证，请放社保卡，或把身份证放到身份证阅读器上",
        "ID cards are not read here: lay them on the ID card reader, or use a social security card",
    ),
    "slip_doubtful": Words(
        "小票可能没有打完，请记下屏幕上的号码，需要补打请到{desk}",
        "Your slip may be incomplete: note the number on this screen; {desk_en} can print it again",
    ),
    "slip_waits_for_paper": Words(
        "打印机缺纸，换纸后小票会出来，请记下屏幕上的号码",
        "Out of paper: your slip comes with the new roll. Note your number meanwhile",
    ),
    "slip_waits": Words(
        "小票还没有出来，请记下屏幕上的号码，或用手机扫码",
        "Your slip is delayed: note the number on this screen, or scan it with your phone",
    ),
    "expired": Words(
        "这个号没有打印小票，请记下屏幕上的号码，需要小票可以再打印一次",
        "No slip was printed for this number: note it, or have it printed again",
    ),
    "ticket_over": Words(
        "这个号已办结或取消，请重新刷身份证取号，或到{desk}",
        "This number is finished or cancelled: lay your card to take another, or go to {desk_en}",
    ),
    "store_away": Words(
        "系统正在恢复，请稍候，或到{desk}取号",
        "The system is coming back: please wait a moment, or go to {desk_en}",
    ),
    "gives_none": Words(
        "现在不能取号：与数据库断开，恢复后自动可用。请先到{desk}",
        "No numbers at this moment: the hall's database is out of reach. It comes back by itself; "
        "please go to {desk_en} meanwhile",
    ),
    "takes_nothing": Words(
        "这台取号机存不了号码，暂时不能取号，请到{desk}取号",
        "This kiosk cannot keep numbers and gives none for now: please go to {desk_en}",
    ),
    "cut_off": Words(
        "与数据库断开，照常取号，号码有效。请刷身份证取号",
        "Working offline: numbers are given and valid as usual. Lay your ID card to take one",
    ),
    "setting_up": Words(
        "大厅正在设置，还不能取号，请到{desk}",
        "This hall is being set up and gives no numbers yet: please go to {desk_en}",
    ),
    "no_printer": Words(
        "请记下屏幕上的号码，或用手机扫码", "Note the number on this screen, or scan it with your phone"
    ),
    "paper_out": Words(
        "打印机缺纸，请记下屏幕上的号码，或用手机扫码", "Out of paper: note this number or scan it with your phone"
    ),
}

_READER = Words("读卡器暂时不能用，请到{desk}取号", "The card reader is out of order: please go to {desk_en}")
_PRINTER = Words(
    "打印机暂时不能用，号码会显示在屏幕上，也可以到{desk}取号",
    "The printer is out of order: your number will be shown on this screen, or go to {desk_en}",
)
_NO_PAPER = Words(
    "打印机缺纸，请到{desk}取号，或刷身份证在屏幕上看号码",
    "Out of paper: go to {desk_en}, or lay your card and read your number on this screen",
)
_NO_SLIP = Words(
    "打印机没有出票，请记下屏幕上的号码，或用手机扫码", "No slip came out: note this number or scan it with your phone"
)
_CARD = _NOTES["card_unreadable"]


def prompt(stage: str, note: str | None, fault: tuple[str, str] | None, desk: str, desk_en: str) -> Words:
    """The sentence that the kiosk shows now.

    Args:
        stage: the kiosk's state, as in the API.
        note: what just happened, such as ``card_moved``; None when nothing did.
        fault: the kind of device that does not work (``reader`` or ``printer``) and its reason.
        desk: where a person helps, in Chinese.
        desk_en: the same in English.
    """
    if stage == "fault" and note:
        words = _NOTES.get(note, _NO_SLIP)
    elif note:
        words = _NOTES.get(note, _CARD)
    elif stage == "fault" and fault:
        kind, reason = fault
        words = _READER if kind == "reader" else _NO_PAPER if reason == "paper_out" else _PRINTER
    else:
        words = _STAGES.get(stage, _STAGES["idle"])
    return Words(words.zh.format(desk=desk, desk_en=desk_en), words.en.format(desk=desk, desk_en=desk_en))
