"""Alerts in words: what stands badly, and what to do about it; for managers, the guide desk and MQTT."""

from dataclasses import dataclass

from display.prompts import Words
from display.staff.advice import advice
from display.staff.conditions import condition
from ticketing.live.watch import Alert

NOTED = Words("知道了", "Noted")
"""The button by which somebody takes note of an update that went back."""


@dataclass(frozen=True)
class AlertWords:
    """What stands badly, and what to do; ``then`` is None where no window would help."""

    what: Words
    then: Words | None


def alert_words(alert: Alert) -> AlertWords:
    """An alert in words."""
    if alert.kind == "wait":
        return AlertWords(_wait(alert), _open(alert))
    if alert.kind == "grade":
        return AlertWords(
            Words(
                f"{alert.name}：今天评价平均 {alert.grade} 分",
                f"{alert.name_en}: today's mean grade is {alert.grade} of 5",
            ),
            Words(
                "看看待整改差评，问问窗口发生了什么",
                "Look at the bad grades to settle, and ask what happened at the window",
            ),
        )
    if alert.kind == "update" and alert.versions:
        after, before = alert.versions
        return AlertWords(
            Words(
                f"主机 {alert.subject} 更新到 {after} 没有成功，已退回 {before}，数据完整",
                f"The box {alert.subject} did not get well on {after} and went back to {before}, with all data",
            ),
            Words(
                f"请技术人员在那台上运行 quhao update status 查看原因；更新成功，或在设备页点“{NOTED.zh}”后消失",
                "Have a technician see why by quhao update status there. It goes once an update succeeds, or by "
                f"“{NOTED.en}” on the devices' page",
            ),
        )
    device = alert.subject.partition("/")[2] or alert.subject
    found = advice(alert.reason) if alert.reason else None
    why = (f"：{found.reason_zh}", f": {found.reason_en}") if found else ("", "")
    return AlertWords(
        Words(f"设备 {device} 没有工作{why[0]}", f"The device {device} does not work{why[1]}"),
        Words(found.advice_zh, found.advice_en) if found else Words("到设备页查看", "See the devices' page"),
    )


def keeps_nothing_words(box: str, reason: str) -> AlertWords:
    """A box whose store takes nothing any more; ``reason`` is that of its condition."""
    return AlertWords(
        Words(
            f"主机 {box} 存不了数据，暂时不能取号、叫号",
            f"The box {box} cannot keep anything: no numbers are given, and nobody is called",
        ),
        condition(reason),
    )


def _wait(alert: Alert) -> Words:
    minutes = (alert.seconds or 0) // 60
    return Words(
        f"{alert.name}：最久的一位已等 {minutes} 分钟", f"{alert.name_en}: somebody has waited for {minutes} minutes"
    )


def _open(alert: Alert) -> Words | None:
    if not alert.windows:
        if not alert.opened:
            return None
        zh, en = "、".join(alert.opened), " and ".join(alert.opened)
        return Words(f"{zh}已经开了，看看是否缓解", f"{en} opened: see whether it helps")
    _, name, saves = alert.windows[0]
    others = [one for _, one, _ in alert.windows[1:3]]
    zh = f"开{name}，等候的人合计少等约 {saves} 分钟"
    en = f"Open {name}: those who wait now save about {saves} minutes together"
    if others:
        return Words(f"{zh}；也可以开{'、'.join(others)}", f"{en}; {' or '.join(others)} would help, too")
    return Words(zh, en)
