"""What each figure of a report is called, in what unit it is, and exactly what it counts: for pages and files alike."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Definition:
    """A figure.

    Attributes:
        figure: its name in :class:`~ticketing.reports.sums.Figures`.
        zh, en: what it is called.
        means, means_en: what it counts.
    """

    figure: str
    zh: str
    en: str
    means: str
    means_en: str


DEFINITIONS = {
    one.figure: one
    for one in (
        Definition(
            "issued", "取号", "issued", "当天发出的号码，取消的也算", "Numbers taken that day, cancelled ones too"
        ),
        Definition(
            "served",
            "办结",
            "served",
            "在窗口办完的次数；一号办多项时，每到一个窗口算一次",
            "Stays at a window that were finished; each stop of one number for several services is one",
        ),
        Definition("no_shows", "过号", "no-shows", "呼叫后没有人来的次数", "Calls that nobody came to"),
        Definition("cancelled", "取消", "cancelled", "本人或咨询台取消的号码", "Numbers given back"),
        Definition(
            "expired", "日终未办", "expired", "当天结束时还没有办的号码", "Numbers that were left when their day ended"
        ),
        Definition("transferred", "转办", "transferred", "从窗口转到别的业务或窗口", "Stays that ended in a transfer"),
        Definition("held", "挂起", "held", "在窗口挂起的次数", "Stays that ended in being put on hold"),
        Definition(
            "overtime",
            "延时服务",
            "overtime",
            "该业务当天下班以后才办完的次数；没有设开放时间的大厅不计",
            "Served to the end after the service had closed for the day; not counted in a hall without hours",
        ),
        Definition(
            "waits",
            "等候",
            "wait",
            "从进入队列（取号，或转办、回到队列）到呼叫。平均、最长和 10、20、30 分钟内的比例按秒计；中位和九成内取所在"
            "区间的末端：10 分钟以内每 15 秒一段，30 分钟以内 30 秒，2 小时以内 1 分钟",
            "From joining the queue (number taken, transferred, or returned) to the call. Mean, longest and the shares "
            "within 10, 20 and 30 minutes are by the second; median and nine tenths are the end of their bin: 15 s "
            "below 10 minutes, 30 s below 30, a minute below 2 hours",
        ),
        Definition("walks", "到窗", "walk", "从呼叫到开始办理", "From the call to the start at the window"),
        Definition(
            "services",
            "办理",
            "service",
            "从开始办理到办结；没有按“开始”就办结的不计",
            "From the start to the end; not of stays that were finished without being started",
        ),
        Definition(
            "cases",
            "办件",
            "cases",
            "办结时登记的件数，一次可以有几件",
            "Cases recorded at the finish, of which there may be several",
        ),
        Definition("promised", "承诺件", "promised", "承诺了办结日期的件", "Cases with a promised day"),
        Definition(
            "promised_late",
            "逾期承诺件",
            "promised, late",
            "到承诺日期结束还没有办好的件；退回补正的不计",
            "Promised cases that were not ready by the end of that day; not those that were returned",
        ),
        Definition("rated", "已评价", "rated", "有评价的件", "Cases with a grade"),
        Definition(
            "not_rated",
            "未评价",
            "not rated",
            "没有评价的件，不算满意",
            "Cases without a grade; never counted as satisfied",
        ),
        Definition(
            "work_open", "待整改", "work open", "差评里还没有处理完的", "Bad grades whose matter is not settled"
        ),
        Definition("work_late", "整改逾期", "work late", "其中超过期限的", "Of those, the overdue ones"),
        Definition(
            "left_out",
            "剔除时长",
            "left out",
            "小于 0 或超过一天的时长，因为中途改了时钟；不计入时间",
            "Durations below 0 or above a day, since a clock was set meanwhile; in none of the times",
        ),
    )
}
"""All figures by name, in the order in which they are shown."""
