"""Texts about devices: their names, and for every reason a driver gives what is the matter and what to do about it.

For the technician at ``/devices`` and of ``quhao devices``; what a resident reads is in ``display.prompts``.
"""

from dataclasses import dataclass

from display import speech
from display.prompts import Words


@dataclass(frozen=True)
class Advice:
    """A reason in words: what is the matter, and what to do about it."""

    reason_zh: str
    advice_zh: str
    reason_en: str
    advice_en: str


@dataclass(frozen=True)
class DeviceWords:
    """What devices of one driver are called, and their test where they have one.

    Attributes:
        name: of such a device.
        test: on the button; None where there is no test.
        title: what the test prints, shows or says.
        tested: what is said once it has.
    """

    name: Words
    test: Words | None = None
    title: str = ""
    tested: Words | None = None


DEVICES = {
    "sam": DeviceWords(Words("身份证阅读器", "ID card reader")),
    "pcsc": DeviceWords(Words("社保卡读卡器", "Social security card reader")),
    "escpos": DeviceWords(
        Words("小票打印机", "Ticket printer"),
        Words("打印测试页", "Print a test page"),
        "打印测试",
        Words("测试页已打印", "The test page was printed"),
    ),
    "led-bx": DeviceWords(
        Words("条屏", "LED strip"),
        Words("显示测试图", "Show a test pattern"),
        "显示测试",
        Words(
            "测试图已发送：红字应在最左，绿字应在最右。只看见红字，或两段字都在左边，就换一个 model",
            "The test pattern was sent: red must stand at the left end, green at the right end. Where only red is "
            "seen, or both are on the left, change model in the settings",
        ),
    ),
    "led-lihe": DeviceWords(
        Words("条屏线路", "Line of LED strips"),
        Words("显示测试文字", "Show a test text"),
        "显示测试",
        Words(
            "测试文字已发送：每块条屏应显示自己的地址和“显示测试”",
            "The test text was sent: each strip must show its own address before it",
        ),
    ),
    "scanner": DeviceWords(Words("扫描枪", "Scanner")),
    "pad": DeviceWords(
        Words("呼叫器", "Call pad"),
        Words("响铃并显示地址", "Beep and show the address"),
        "呼叫器测试",
        Words("呼叫器已响铃，并显示了地址", "Each pad beeped, and showed its address"),
    ),
    "gpio": DeviceWords(
        Words("按钮和指示灯", "Buttons and lamps"),
        Words("点亮全部指示灯", "Light all lamps"),
        "指示灯测试",
        Words("指示灯全部亮了两秒，请看", "All lamps were on for two seconds: please look"),
    ),
    "speaker": DeviceWords(
        Words("语音", "Speaker"),
        Words("播放测试语音", "Play a test sentence"),
        speech.TEST,
        Words("已播放测试语音，请听", "The test sentence is on its way: please listen"),
    ),
    "climate": DeviceWords(
        Words("温湿度与空调", "Climate"),
        Words("读一次温湿度", "Read it now"),
        tested=Words("温湿度已读到", "It was read"),
    ),
    "mqtt": DeviceWords(
        Words("MQTT 服务器", "MQTT broker"),
        Words("发布测试消息", "Publish a test message"),
        "Quhao test",
        Words("MQTT 服务器已确认测试消息", "The broker confirmed the test message"),
    ),
}
"""By driver."""

EVENTS = {
    "CardRead": Words("读到一张证件", "A card was read"),
    "CardRefused": Words("证件没有读出来", "A card could not be read"),
    "LineScanned": Words("扫到一个码", "A code was scanned"),
}
"""What a device that is tried tells, by the event's type; any other event says nothing about whether it works."""

_ADVICE = {
    # what is the matter → what to do about it, in Chinese and in English
    # every device
    "starting": ("正在启动 → 请稍候几秒", "Starting → Wait a few seconds"),
    "stopping": ("正在停止 → 程序正在退出，无需处理", "Stopping → The program is ending: nothing to do"),
    "offline": (
        "没有连上 → 检查电源和连线，接好后会自动恢复",
        "Not connected → Check power and cable; it comes back by itself",
    ),
    "not_found": (
        "找不到设备 → 插好线缆，或核对配置里的 port",
        "The device is not there → Plug it in, or correct its port in the settings",
    ),
    "permission": (
        "没有权限打开设备 → 把运行用户加入 dialout 组(USB 打印机为 lp)后重启程序",
        "No permission to open it → Add the program's user to the group dialout (lp for USB printers) and restart it",
    ),
    "busy": (
        "被别的程序占用 → 关掉占用它的程序，会自动恢复",
        "Another program is using it → Close that program; it comes back by itself",
    ),
    "refused": (
        "拒绝连接 → 核对地址和端口，并重启设备",
        "It refuses the connection → Check its address and port, then switch it off and on",
    ),
    "unreachable": (
        "网络不通 → 检查网线、交换机和设备的地址",
        "No way to it on the network → Check the network cable, the switch and its address",
    ),
    "silent": (
        "没有应答 → 检查电源、接线、波特率和地址，再重启设备",
        "It does not answer → Check power, cable, baud rate and address, then switch it off and on",
    ),
    "hung_up": (
        "连接断开 → 检查电源和网线，接好后会自动恢复",
        "It closed the connection → Check power and network cable; it comes back by itself",
    ),
    "unplugged": ("已拔出 → 插好线缆，会自动恢复", "Unplugged → Plug it in again; it comes back by itself"),
    "stuck": (
        "不再接收数据 → 关电源，等十秒再打开",
        "It takes no more data → Switch it off, wait ten seconds and switch it on",
    ),
    "not_installed": (
        "缺少软件 → 用 apt 安装 espeak-ng 和 alsa-utils，会自动恢复",
        "A program is missing → Install espeak-ng and alsa-utils with apt; it comes back by itself",
    ),
    "garbled": (
        "收到的数据不对 → 核对接在这个口上的是不是这台设备，再核对波特率和型号，换一根短的屏蔽线",
        "What arrives makes no sense → Check that this device is on the port, then its baud rate, model and cable",
    ),
    "package_missing": (
        "缺少 Python 软件包 → 执行括号里的命令，再重启程序",
        "A Python package is missing → Run the command in brackets, then start the program again",
    ),
    "defect": (
        "驱动程序出错 → 请把日志交给技术支持，程序会自动重试",
        "The driver failed → Send the log to support; it tries again by itself",
    ),
    "library_missing": (
        "缺少程序库 → 执行括号里的安装命令，再重启程序",
        "A library is missing → Run the command in brackets, then start the program again",
    ),
    "usb_error": (
        "USB 通信出错 → 拔下设备再插上，换一个 USB 口试试",
        "USB does not work → Unplug the device and plug it in again, or try another USB socket",
    ),
    # card reader
    "answers_late": (
        "应答总是晚一步 → 能用；请升级设备固件，或换一根线、换一个接口",
        "Its answers come one question late → It works; update its firmware, or change its cable or socket",
    ),
    "chip_only": (
        "这台读卡器读不了身份证内容 → 身份证请放到身份证阅读器上",
        "This reader cannot read what is on an ID card → Lay ID cards on the ID card reader",
    ),
    "no_pcscd": (
        "PC/SC 服务没有运行 → 用 apt 安装 pcscd 并启动，会自动恢复",
        "The PC/SC service is not running → Install pcscd with apt and start it; it comes back by itself",
    ),
    "card_moved": ("身份证没放稳 → 请拿起身份证重新放好", "The card was moved → Lift the card and lay it again"),
    "card_unreadable": (
        "这张证件读不出来 → 换一张证件试试；都读不出来就更换读卡器",
        "The card cannot be read → Try another card; replace the reader if none can be read",
    ),
    "reader_error": (
        "读卡器报错 → 重新插拔读卡器，仍不行请更换",
        "The reader reports an error → Unplug the reader and plug it in again; replace it if that does not help",
    ),
    "reader_lost": (
        "读卡时读卡器断开 → 检查读卡器的线，再重新放证件",
        "The reader was lost while reading → Check the reader's cable, then lay the card again",
    ),
    "sam_broken": (
        "安全模块自检失败 → 断电重启读卡器，仍不行请送修",
        "The security module failed its self-test → Switch the reader off and on; have it repaired if that does not help",  # noqa: E501
    ),
    "sam_unauthorised": (
        "安全模块未授权 → 请联系读卡器厂家办理授权",
        "The security module is not authorised → Ask the reader's maker to authorise it",
    ),
    # printer
    "paper_out": ("打印机缺纸 → 换上新纸卷，合好上盖", "Out of paper → Put in a new roll and close the cover"),
    "paper_near_end": ("纸快用完 → 准备好新纸卷", "Paper is running low → Keep a new roll at hand"),
    "cover_open": ("打印机上盖没合好 → 合好上盖", "The cover is open → Close the cover"),
    "cutter": (
        "切刀卡住 → 关电源，清出碎纸，再开机",
        "The cutter is jammed → Switch it off, clear the paper, switch it on",
    ),
    "head_hot": ("打印头过热 → 等几分钟，会自动恢复", "The print head is too hot → Wait; it comes back by itself"),
    "paper_jam": (
        "打印机卡纸 → 打开上盖，清出卡住的纸，再合好",
        "Paper is stuck → Open the cover, pull out the stuck paper and close it",
    ),
    "black_mark": (
        "找不到黑标 → 换上带黑标的纸卷，擦净黑标传感器",
        "No black mark was found → Put in a roll with marks, and wipe the mark sensor",
    ),
    "ticket_not_taken": (
        "出纸口有票没人取 → 请取走出纸口的小票",
        "A slip hangs in the exit → Take it out; it may belong to somebody still here",
    ),
    "printer_error": (
        "打印机报错 → 打开上盖检查卡纸，再关机重开",
        "The printer reports an error → Open the cover, look for jammed paper, then switch it off and on",
    ),
    "printer_offline": (
        "打印机脱机 → 按打印机上的联机键，检查纸和上盖",
        "The printer is off line → Press its on-line key, and check paper and cover",
    ),
    "no_confirmation": (
        "打印机没有确认 → 看小票是否完整，需要时补打",
        "The printer did not confirm → See whether the slip is whole; print it again if not",
    ),
    "expired": (
        "小票过时没有打印 → 查看打印机为何停了，需要时补打",
        "The slip was not printed in time → See why the printer stood still; print it again if it is wanted",
    ),
    "not_laid_out": (
        "小票排不出来 → 把日志交给技术支持，先在屏幕上看号码",
        "The slip could not be laid out → Send the log to support; the number is on the screen",
    ),
    "occupied": (
        "打印机正忙 → 等前一张打完再试",
        "The printer is at work → Wait for the slip before it, then try again",
    ),
    # LED strip, by the CmdError of its refusal
    "strip_busy": ("条屏正忙 → 稍候会自动重发", "The strip is busy → Wait: the text is sent again by itself"),
    "strip_checksum": (
        "条屏收到的数据有误 → 检查接线和波特率，换屏蔽线",
        "The strip received spoilt data → Check cable and baud rate, and use a shielded cable",
    ),
    "strip_memory": ("条屏内存不足 → 断电重启条屏", "The strip is short of memory → Switch the strip off and on"),
    "strip_flash": (
        "条屏存储出错 → 断电重启条屏，仍不行请送修",
        "The strip's memory has failed → Switch the strip off and on; have it repaired if that does not help",
    ),
    "strip_no_font": (
        "条屏没有字库 → 用厂家软件给控制卡下载字库",
        "The strip has no font → Load the fonts into its card with the maker's software",
    ),
    "strip_firmware": (
        "条屏固件不符 → 用厂家软件升级控制卡固件",
        "The strip's firmware does not fit → Update its card with the maker's software",
    ),
    "strip_unknown_command": (
        "条屏不认识这条命令 → 核对型号，应为 BX-5K 或 BX-6K 字库卡",
        "The strip does not know the command → Check its model: it must be a BX-5K or BX-6K font card",
    ),
    "strip_refused": (
        "条屏拒绝了文字 → 核对宽度、高度和型号，再断电重启条屏",
        "The strip refused the text → Check width, height and model, then switch the strip off and on",
    ),
    "strip_dark": (
        "有条屏没有应答 → 检查这些地址的条屏的电源、A/B 接线和拨码地址",
        "Some strips do not answer → Check the power, the A/B wires and the address switches of the addresses named",
    ),
    "strip_unconfirmed": (
        "条屏从不应答 → 亮着就写 answers = false，不亮就查电源、接线和地址",
        "The strip never answers → See whether it is lit: if so write answers = false, else check power, A/B wires and address",  # noqa: E501
    ),
    "late_answers": (
        "应答总是晚一步 → 断电重启设备和前面的串口服务器；仍不行就换串口服务器",
        "Each answer belongs to the question before → Switch the device and its serial converter off and on; replace the converter if that does not help",  # noqa: E501
    ),
    # scanner
    "permission_input": (
        "没有权限读输入设备 → 把运行用户加入 input 组后重启程序",
        "No permission to read the input device → Add the program's user to the group input and start it again",
    ),
    "babbling": (
        "不停地发送数据 → 重新插拔，核对波特率，扫说明书上的恢复出厂码；仍不行请更换",
        "It sends without end → Unplug it and plug it in again, check its baud rate, reset it by its manual's codes; else replace it",  # noqa: E501
    ),
    # call pads
    "pads_silent": (
        "有的呼叫器没有应答 → 检查它的电源、接线和地址拨码",
        "Some pads do not answer → Check their power, cable and address switches",
    ),
    "pad_unknown": (
        "收到配置里没有的呼叫器 → 把它的地址和窗口写进 pads，或改它的地址",
        "A pad that is not in the settings → Add its address and window to pads, or change its address",
    ),
    # buttons, sensors, lamps
    "gpio_not_installed": (
        "缺少软件 → 用 pip 安装 gpiozero 和 lgpio，再重启程序",
        "A program is missing → Install gpiozero and lgpio with pip, then start the program again",
    ),
    "no_gpio": (
        "这些针脚不能用 → 确认是树莓派、装了 lgpio、针脚号没写错、用户在 gpio 组",
        "The pins cannot be used → See that this is a Raspberry Pi with lgpio, the pins' numbers are right, and the user is in the group gpio",  # noqa: E501
    ),
    "button_stuck": (
        "按钮一直按着 → 看看是不是卡住或被压住，线有没有短路",
        "A button is held down → See whether it is jammed or something lies on it, and whether its wires touch",
    ),
    "door_open": ("机柜门开着 → 关好柜门", "The cabinet's door is open → Shut the door"),
    # speaker
    "no_sound_card": (
        "没有可用的声卡 → 接好音箱或声卡，用 aplay -l 核对名称",
        "No sound card → Connect a speaker or sound card; aplay -l lists their names",
    ),
    "no_voice": (
        "语音合成失败 → 重装 espeak-ng-data，并核对配置里的 voice",
        "Speech could not be made → Install espeak-ng-data again, and check voice in the settings",
    ),
    "disk_full": (
        "磁盘写不进 → 清理磁盘，会自动恢复",
        "The disk takes no more → Make room on it; it comes back by itself",
    ),
    "clips_missing": (
        "缺录音，暂由合成语音代读 → 补录，或运行 quhao voice make",
        "Clips are missing, so a synthesizer speaks → Record them, or run quhao voice make",
    ),
    "language_unusable": (
        "有一种语言用不了 → 改正录音文件夹里的 language.toml",
        "A language cannot be used → Mend language.toml in its folder of clips",
    ),
    "silent_calling": (
        "已设为无声叫号 → 要出声就把 silent 改为 false",
        "Silent calling is set → For a voice change silent to false",
    ),
    "quiet_hours": (
        "静音时段，只显示不出声 → 时段在配置的 quiet 里",
        "Quiet hours: calls are shown, not said → They are in quiet, in the settings",
    ),
    # MQTT
    "login_refused": (
        "MQTT 服务器拒绝登录 → 核对 username 和 password_file",
        "The broker refuses the log-in → Check username and password_file",
    ),
    "broker_refused": (
        "MQTT 服务器拒绝连接 → 看服务器的日志，它可能已满或在维护",
        "The broker refuses the connection → See the broker's log: it may be full or under maintenance",
    ),
    "tls_failed": (
        "无法建立加密连接 → 核对 MQTT 服务器的证书、ca_file 和本机时钟",
        "No connection by TLS → Check the broker's certificate, ca_file and this box's clock",
    ),
    # climate
    "modbus_refused": (
        "Modbus 设备拒绝了请求 → 对照说明书核对 modbus 里的寄存器和地址",
        "The Modbus device refuses the request → Check the registers in modbus against its manual",
    ),
    "sensor_implausible": (
        "温湿度读数不合理 → 检查传感器和接线，坏了请更换",
        "The reading cannot be → Check the sensor and its cable; replace it if it is broken",
    ),
    "sensor_stale": (
        "温湿度长时间没有读数，空调已关 → 检查传感器的电源、接线和地址；需要时手动开空调",
        "No reading for long, so the air conditioner is off → Check the sensor's power, cable and address; switch the air conditioner on by hand if needed",  # noqa: E501
    ),
    "control_failed": (
        "空调控制没有应答 → 检查继电器或空调网关的电源、接线和地址",
        "Relay or set point does not answer → Check power, cable and address of the relay or the air conditioner's gateway",  # noqa: E501
    ),
}

_ADVICE["strip_unknown_group"] = _ADVICE["strip_unknown_command"]
# What a card says of its files: no text of ours touches one, so the card or its settings are at odds.
_OF_FILES = ("no_file", "download", "name", "type", "file_checksum", "date", "exists", "block")
_ADVICE |= dict.fromkeys((f"strip_{error}" for error in _OF_FILES), _ADVICE["strip_refused"])

_FALLBACK = (
    "设备不正常 → 断电重启设备，仍不行请联系技术支持",
    "Something is wrong → Switch it off and on; call support if that does not help",
)

REASONS = frozenset(_ADVICE)
"""Every reason that has words of its own."""


def hint(detail: str) -> tuple[str, str] | None:
    """What somebody should know of a device that is online: a reason, and what it is about.

    Args:
        detail: of its state; a hint begins with a reason, such as paper that runs low.
    """
    reason, _, about = detail.partition(" ")
    return (reason, about) if reason in REASONS else None


def advice(reason: str, detail: str = "") -> Advice:
    """The words for ``reason``.

    Args:
        reason: of a ``DeviceState``, an ``Outcome`` or a ``CardRefused``; an unknown one gets general words.
        detail: a technical addition, put behind what is the matter.
    """
    addition = detail if reason in _ADVICE else f"{reason} {detail}".strip()
    behind = f" ({addition})" if addition else ""
    (zh, advice_zh), (en, advice_en) = (text.split(" → ") for text in _ADVICE.get(reason, _FALLBACK))
    return Advice(zh + behind, advice_zh, en + behind, advice_en)
