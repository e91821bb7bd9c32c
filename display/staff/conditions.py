"""What keeps a box from its work, or soon will, in words: for ``/readyz`` and ``quhao doctor``.

And what came of numbers that a box gave while it was cut off from the store.
"""

from display.prompts import Words
from display.refusals import words
from display.staff.advice import REASONS, advice

_CONDITIONS = {
    "disk_full": Words(
        "磁盘已满：请删除不需要的文件，腾出空间后自动恢复",
        "The disk is full: remove what is not needed; the box goes on by itself once there is room",
    ),
    "disk_read_only": Words(
        "磁盘只读，写不进去：存储卡可能已损坏，请更换后用备份恢复",
        "The disk is read-only: the card may be worn out. Replace it and restore a backup",
    ),
    "disk_low": Words(
        "磁盘快满了：请腾出空间，例如移走旧的备份和日志",
        "The disk is nearly full: make room, such as by moving old backups and logs away",
    ),
    "clock_behind": Words(
        "本机时钟比已有数据晚：请校准时钟，校准后自动恢复",
        "The clock is behind the data in the store: set it right; the hall then follows it",
    ),
    "clock_jumped": Words(
        "本机时钟突然跳变：请核对时间，十分钟后以它为准",
        "The clock jumped: see whether it is right; it is followed after ten minutes",
    ),
    "clock_not_synchronised": Words(
        "本机时钟没有与时间服务器同步：请检查网络和 NTP 设置",
        "The clock is not synchronised: check the network and its time server (NTP)",
    ),
    "clock_differs": Words(
        "本机时钟与数据库的时钟相差一分钟以上：请校准本机时钟",
        "The clock is more than a minute away from the database's: set the clock of this box right",
    ),
    "certificate_ends": Words(
        "TLS 证书已过期或三周内到期：请换上新证书，并重新启动服务",
        "The TLS certificate has ended or ends within three weeks: put a new one in place and restart the service",
    ),
    "backup_none": Words(
        "备份文件夹里还没有备份：请检查定时器 quhao-backup.timer 和文件夹",
        "There is no backup in the folder yet: see to quhao-backup.timer and the folder",
    ),
    "backup_old": Words(
        "最近的备份太旧：请检查定时器 quhao-backup.timer 和备份文件夹",
        "The newest backup is too old: see to quhao-backup.timer and the folder of the backups",
    ),
    "update_went_back": Words(
        "更新没有成功，已退回上一个版本，数据完整：原因见 quhao update status",
        "The update did not succeed, and the version before runs again, with all data: see quhao update status",
    ),
    "update_on_trial": Words(
        "新版本试运行中：用 quhao update confirm 保留，否则重新开机会退回",
        "A new version is on trial: keep it by quhao update confirm, or the next start of the machine goes back",
    ),
    "no_lease": Words(
        "与数据库断开，本机没有可用的号段（重新开机后、超过时限或已过当天），现在不能取号：数据库恢复后自动恢复",
        "Cut off from the store, and this box has no lease to go on (the machine was restarted, it was away for too "
        "long, or the day is over): it gives no numbers now, and goes on by itself once the store answers",
    ),
    "events_behind": Words(
        "事件处理滞后：叫号屏可能不是最新的。几分钟内不恢复，请重新启动服务",
        "Events are told late, so screens may be behind: restart the service if that lasts for minutes",
    ),
    "key_missing": Words(
        "主密钥文件不见了：请从备份处放回，过期的密钥还没有销毁",
        "The master key file is gone: put it back; keys that are over are not destroyed yet",
    ),
    "key_unwritable": Words(
        "主密钥文件写不进去：请检查磁盘空间和权限，过期的密钥还没有销毁",
        "The master key file cannot be written: see to disk and permissions; keys that are over are not destroyed yet",
    ),
    "screen_not_switched": Words(
        "屏幕晚上关不掉或早上打不开：原因见 /devices，请在那台机器上手动试一次开关屏的命令",
        "A screen cannot be switched off or on: /devices says why. Try the commands for it on its machine by hand",
    ),
    "unserved": Words(
        "有业务没有窗口办理：请在 /manage/setup 安排窗口",
        "A service has no window: give it one at /manage/setup",
    ),
}

_KEYS = Words(
    "主密钥文件有问题：原因见日志，过期的密钥还没有销毁",
    "Something is wrong with the master key file: the log says what; keys that are over are not destroyed yet",
)

CONDITIONS = frozenset(_CONDITIONS)
"""Reasons with words of their own; those of devices are in ``advice``, those of the store in ``refusals``."""


def condition(reason: str) -> Words:
    """What to say about ``reason``, and what to do about it."""
    if reason in _CONDITIONS:
        return _CONDITIONS[reason]
    if reason.startswith(("key_", "chain_")):
        return _KEYS
    if reason in REASONS:
        said = advice(reason)
        return Words(f"{said.reason_zh}：{said.advice_zh}", f"{said.reason_en}: {said.advice_en}")
    return words(reason)


_MERGED = {
    "second": Words(
        "本人已有同一业务的号，两个号都保留", "This person had another number for the service; both are kept"
    ),
    "window_busy": Words(
        "合并时窗口已有别的号，这个号挂起，请叫回",
        "Another number was at the window; this one is on hold there: call it back",
    ),
    "overtaken": Words(
        "断开时另一台机器也办了这个号，以数据库的记录为准",
        "Another box served it as well meanwhile; what the store says stands",
    ),
    "day_over": Words("合并时当天已结束，号码作废", "The day was over when it was merged; the number has expired"),
}
_NOT_MERGED = Words(
    "与数据库中的记录冲突，没有排入队列，请联系技术人员",
    "It contradicts the store and is not in the queue: call a technician",
)


def merged_words(note: str) -> Words:
    """What came of a number that a box gave while it was cut off, by the note that the merge made."""
    return _MERGED.get(note, _NOT_MERGED)
