"""What is said of a call for help: where it came from, why, and who goes."""

from display.prompts import Words
from ticketing.help.help_calls import HelpCall, PlaceKind, Reason

REASONS: dict[Reason, Words] = {
    "": Words("", ""),
    "how": Words("不会操作", "Does not know how"),
    "papers": Words("问材料", "Asks about papers"),
    "device": Words("设备不好用", "Something does not work"),
    "unwell": Words("身体不适", "Somebody is unwell"),
    "other": Words("其他", "Something else"),
}
_KINDS: dict[PlaceKind, Words] = {
    "kiosk": Words("取号机", "Kiosk"),
    "terminal": Words("自助终端", "Terminal"),
    "window": Words("窗口", "Window"),
    "ticket": Words("手机", "Phone"),
}


def place_words(call: HelpCall, hall: str, window_name: str = "", area: str = "") -> Words:
    """Where help is wanted, for staff.

    Args:
        call: the call.
        hall: the hall's id, which is also the name of its only box and then says nothing.
        window_name: as the hall has it.
        area: where those with this ticket wait.
    """
    kind, name = _KINDS[call.place.kind], call.place.name
    match call.place.kind:
        case "window":
            return Words(window_name or f"{name}号窗口", f"Window {name}")
        case "ticket":
            at = (f"，{area}", f", {area}") if area else ("", "")
            return Words(f"{name}（{kind.zh}{at[0]}）", f"{name} ({kind.en.lower()}{at[1]})")
        case _:
            named = "" if name == hall else f" {name}"
            return Words(f"{kind.zh}{named}", f"{kind.en}{named}")


def going_words(call: HelpCall, desk: Words, window_name: str = "") -> Words:
    """What whoever called is told; ``desk`` is where people help, ``window_name`` that of the clerk who goes."""
    if call.state == "done":
        return Words("", "")
    if call.state == "called":
        return Words("已呼叫工作人员，请在这里稍等", "We have called our staff. Please wait here")
    if call.answered_from:
        return Words(
            f"{window_name or f'{call.answered_from}号窗口'}的工作人员马上来",
            f"Somebody from window {call.answered_from} is on the way",
        )
    return Words(f"{desk.zh}的工作人员马上来", f"Somebody from {desk.en} is on the way")
