"""Messages of refusals: what to do now, for every code of ``TicketingError`` and of the API.

A sentence is chosen whose facts are known; they are put in as they are, so they hold no personal data.
"""
# ruff: noqa: E501 - a sentence and its translation stand on one line

from collections.abc import Mapping
from datetime import date, datetime
from string import Formatter
from typing import Any

from display.prompts import Words
from display.times import day_words, time_words

_STATES = {
    "waiting": Words("等候中", "waiting"),
    "called": Words("已叫号", "called"),
    "serving": Words("办理中", "being served"),
    "held": Words("挂起中", "on hold"),
    "done": Words("已办结", "done"),
    "cancelled": Words("已取消", "cancelled"),
    "missed": Words("已过号", "missed"),
    "expired": Words("已过期", "expired"),
}

_FALLBACK = Words("现在办不了，请稍后再试", "This cannot be done now: please try again later")

_SENTENCES: dict[str, str | tuple[str, ...]] = {
    # code: Chinese | English, or several such sentences, the one with the most facts first; a code that is used for
    # several things has its sentences by the fact ``of``
    # the queue
    "unknown_service": "没有这项业务，请刷新后重选 | No such service: reload and choose again",
    "unknown_matter": "没有这个事项，请刷新后重选 | No such matter: reload and choose again",
    "matter_elsewhere": "这个事项不在这个队里办，请刷新后重选 | That matter is called from another queue: reload and choose again",
    "matters_changed": "别人刚改过事项，请刷新后再改 | Somebody else has just changed the matters: reload and change them again",
    "bad_matters": (
        "{wrong} 处有错，什么也没改，请按下面的说明改正 | {wrong} things are wrong and nothing was changed: mend what is listed",
        "事项有错，什么也没改，请按说明改正 | The matters have errors and nothing was changed: mend what is listed",
    ),
    "unknown_mapping": "没有这个填表设置，请刷新后重选 | No such mapping: reload and choose again",
    "bad_mapping": "填表设置文件 {file} 读不出来，请技术人员修改或删除 | The mapping's file {file} cannot be read: have a technician mend or remove it",
    "mapping_unwritable": "填表设置存不进去：{reason}。请检查 fill.folder 的权限和磁盘 | The mapping cannot be kept: {reason}. Check fill.folder's rights and the disk",
    "mappings_full": "填表设置已经太多，请先删除不用的 | There are too many mappings: remove some that are not used",
    "no_seat": "您没有在任何窗口值守，请先在窗口页面开窗 | You are at no window: open yours first",
    "unknown_zone": "没有窗口在这个区域，请检查屏幕的地址 | No window is in this zone: check the screen's address",
    "unknown_window": "没有这个窗口，请检查窗口编号 | No such window: check its number",
    "unknown_ticket": "没有这个号码，请核对小票 | No such ticket: check the slip",
    "unknown_number": "今天没有这个号码，请看清小票再输入 | There is no such number today: look at the slip and try again",
    "unknown_code": "不是本厅今天的号码，请扫今天小票上的二维码 | Not a number of this hall today: scan the code on today's slip",
    "unknown_code of receipt": "没有找到这张回执，请核对回执上的码 | No such receipt: check the code that stands on it",
    "unknown_code of appointment": "没有找到这个预约，请核对预约码 | No such appointment: check its code, or its day is over",
    "unknown_priority": "没有这个优先类别，请重选 | No such priority: choose again",
    "bad_priority": "没有这个优先类别，请重选 | No such priority: choose again",
    "priority_not_yours": "优先办理请到咨询台说明情况 | Please ask at the guide desk for priority",
    "unknown_print_job": "没有这次打印，请重新补打 | No such print: print the slip again",
    "window_busy": (
        "{number} {state}，请先办结或过号 | {number} is {state}: finish it or mark it missed first",
        "窗口还有人在办理，请先办结或过号 | Somebody is still at the window: finish or mark as missed first",
    ),
    "window_paused": "窗口已暂停，请先恢复服务 | The window is paused: open it first",
    "nobody_waits": "现在没有人在等 | Nobody is waiting",
    "nobody_held": "本窗口没有挂起的号 | This window holds no ticket",
    "nobody_here": "窗口现在没有人，请先呼叫下一位 | Nobody is at the window: call the next one first",
    "wrong_state": (
        "{number} {state}，不能这样操作，请刷新后再看 | {number} is {state}, which does not allow this: reload and look",
        "号码{state}，不能这样操作，请刷新后再看 | The ticket is {state}, which does not allow this: reload and look",
        "号码的状态已变，请刷新后再看 | The ticket has changed: reload and look again",
    ),
    "window_taken": (
        "{window}号窗口现由 {clerk} 使用，可以接管，或换一个窗口 | {clerk} sits at window {window}: take it over, or use another",
        "窗口现由别人使用，可以接管，或换一个窗口 | Somebody else sits here: take the window over, or use another",
    ),
    "nothing_to_undo": "没有可撤销的操作，办结和过号一分钟内才能撤销 | Nothing to undo: a finish or a no-show can be undone for one minute",
    "not_served_there": (
        "{window}号窗口不办 {number} 的业务，请换窗口 | Window {window} does not serve {number}: choose another",
        "那个窗口不办这项业务，请换窗口 | That window does not serve this: choose another",
    ),
    "bad_back_at": "回来的时间要在今天稍后，请重填 | The time to come back must be later today: enter it again",
    "bad_reason": "原因太长，请缩短到60字以内 | That reason is too long: at most 60 characters",
    "missed_too_often": (
        "{number} 已过号{misses}次，请重新取号 | {number} was missed {misses} times: please take a new number",
        "过号次数太多，请重新取号 | Missed too often: please take a new number",
    ),
    "service_removed": "这项业务已停办，请改选，或到咨询台 | No longer offered: choose another service, or ask at the guide desk",
    "already_waiting": (
        "您已取过号 {number}，请等候叫号；小票丢了可以补打 | You already hold {number}: please wait, or print it again if lost",
        "您已取过号，请等候叫号；小票丢了可以补打 | You already hold a ticket: please wait, or print it again if lost",
    ),
    "not_scanned": (
        "{number} 的资料要凭小票或身份证打开，请扫小票，或请放身份证 | The data of {number} open by slip or card: scan the slip, or have the card laid",
        "资料要凭小票或身份证打开，请扫小票，或请放身份证 | The data open by slip or card: scan the slip, or have the card laid",
    ),
    "not_shown": "现在没有要核对的内容，请看窗口工作人员 | There is nothing to check now: please ask at the window",
    "slip_without_data": "这张补打的小票不含资料，请放身份证，或扫原来的小票 | This slip was printed again without the card and holds no data: have the card laid, or scan the first slip",
    "agent_card": "代办人的身份证只能打开代办人的资料，请扫小票 | The agent's card opens the agent's data alone: scan the slip",
    "card_needed": "请放身份证，或到咨询台办理 | Please lay your ID card, or ask at the guide desk",
    "card_no_ticket": "持卡人今天没有号，请先取号 | The card's holder has no number today: a number is taken first",
    "card_not_called": (
        "持卡人的号是 {number}，{state}，还没叫到这里 | The card's holder has {number}, which is {state}: not called to this window",
        "持卡人的号还没叫到这里 | The card's holder has a number that is not called to this window",
    ),
    "no_reader": (
        "没有这台读卡器，有 {readers} | There is no such card reader, but: {readers}",
        "没有这台读卡器，请核对名称 | There is no such card reader: check its name",
    ),
    "which_reader": (
        "请写明用哪台读卡器：{readers} | Say which card reader: {readers}",
        "请写明用哪台读卡器 | Say which card reader",
    ),
    "reader_asked": "这台读卡器正等另一张卡，请稍后再试 | Somebody else waits for a card there: try again in a moment",
    "no_printer": "这台机器没有打印机，请抄写屏幕上的校验码 | This box has no printer: write the code down",
    "card_no_number": "卡上没有证件号码，请扫小票 | The card names no ID number: scan the slip",
    "card_unread": "卡没有读出来，请拿起重新放 | The card was not read: lift it and lay it again",
    "chip_only": "这台读卡器读不了身份证，请扫小票 | This reader cannot read ID cards: scan the slip",
    "not_called": (
        "{number} {state}，请先呼叫再扫码 | {number} is {state}: call it before you scan",
        "这个号还没叫到，请先呼叫再扫码 | This ticket has not been called: call it before you scan",
    ),
    "ticket_over": (
        "{number} {state}，需要再办请重新取号 | {number} is {state}: take a new number to be served again",
        "这个号已经用过，需要再办请重新取号 | This ticket is used: take a new number to be served again",
    ),
    "other_day": (
        "{number} 是 {day} 的号，请今天重新取号 | {number} is of {day}: please take a new number today",
        "这不是今天的号，请重新取号 | This ticket is not of today: please take a new number",
    ),
    "wrong_window": (
        "{number} 叫到{window}号窗口，请到那里办理 | {number} was called to window {window}: please go there",
        "这个号是别的窗口叫的，请到那个窗口办理 | This ticket was called to another window: please go there",
    ),
    "bad_outcome": "办理结果不对，请重选 | That outcome is not understood: choose again",
    "proxy_needs_both": "代办要有本人和代办人两张身份证 | To come for somebody else, both your ID cards are needed",
    "proxy_for_oneself": "代办人和本人是同一个人，请放代办人的身份证 | That is the same card: lay the one of who came",
    # cases and ratings
    "unknown_case": "没有这个办件，请核对编号 | No such case: check its number",
    "case_over": "这个办件已经结束，不能再改 | This case is over and cannot be changed",
    "bad_progress": "没有这种进度，请重选 | No such progress: choose again",
    "receipt_once": "自助申请的回执只打印一次：带身份证到终端可查进度 | The receipt of an application is printed once: its progress is told at a terminal by the ID card",
    "matter_not_applied": "这个事项不能自助申请，请取号到窗口办理 | This cannot be applied for here: take a number for a window",
    "application_unavailable": "这个事项暂时不能申请，请到咨询台问一下 | This cannot be applied for now: please ask at the guide desk",
    "application_needs_form": "这个事项要先填表，请重新申请 | This needs its form first: begin the application anew",
    "already_applied": "这个事项已经申请过，还没有受理，请在“查进度”里看 | You have applied for this already: look it up under 'How my case goes on'",
    "applications_too_many": (
        "没有受理的申请已有 {most} 件，请等受理后再申请 | {most} of your applications wait already: apply again once they are taken up",
        "没有受理的申请太多，请等受理后再申请 | Too many of your applications wait already: apply again once they are taken up",
    ),
    "application_receipt": "这是自助申请的回执，请点上方的“自助申请”打开 | This is the receipt of an application: open it under 'Applications' above",
    "application_elsewhere": "这个申请不在本窗口办理 | This application is not handled at this window",
    "application_taken_up": "这个申请窗口已经受理 | A window has taken this application up already",
    "not_returned": "这个办件不缺材料，要办理请重新取号 | No papers are missing: take a new number to be served",
    "supplement_late": (
        "补材料的期限是 {day}，请重新取号 | Papers could be brought until {day}: please take a new number",
        "补材料的期限已过，请重新取号 | It is too late to bring papers: please take a new number",
    ),
    "already_rated": "已经评价过，谢谢，评价不能更改 | This was rated already, and cannot be changed: thank you",
    "not_served_yet": "还没有办理，办完以后请来评价 | Nothing was done yet: please rate it afterwards",
    "nothing_to_rate": "现在没有要评价的业务 | There is nothing to rate now",
    "bad_rating": "请在五个等级中选一个 | Please choose one of the five grades",
    "reason_needed": "请选择不满意的原因 | Please choose what you are dissatisfied with",
    "unknown_work": "没有这件差评处理，请刷新后再看 | No such item: reload and look again",
    "work_settled": "这件差评已经办结 | This item is settled already",
    # the hall's draft
    "draft_conflict": (
        "{by} 刚改了这一项，您的没有保存，请看清再改 | {by} has just changed this: yours was not saved; look and change it again",
        "这一项刚被别人改过，您的没有保存，请看清再改 | Somebody has just changed this: yours was not saved; look and change it again",
    ),
    "draft_changed": "草稿刚有新的改动，请看过再发布 | The draft has changed meanwhile: look at it before you publish",
    "draft_empty": "没有要发布的改动 | There is nothing to publish",
    "draft_there": "还有没发布的草稿，请先发布或放弃 | There is a draft already: publish or discard it first",
    "draft_due": (
        "草稿定于 {day} 发布，要改请先取消定时 | The draft is to be published on {day}: take that back before you change it",
        "草稿已定时发布，要改请先取消定时 | The draft is to be published: take that back before you change it",
    ),
    "draft_too_large": "草稿太大，请删去不用的内容 | The draft is too large: take out what is not needed",
    "row_there": (
        "已经有 {row}，请换一个 | There is {row} already: choose another",
        "已经有这一行，请换一个 | There is such a row already: choose another",
    ),
    "unknown_row": (
        "{row} 已被别人删去，请看清再改 | {row} was removed by somebody else: look before you change it",
        "这一行已被别人删去，请看清再改 | This row was removed by somebody else: look before you change it",
    ),
    "unknown_publication": "没有这次发布，请刷新后再看 | No such change: reload and look again",
    # terminals
    "not_opened": "打不开，请核对小票和证件号码，或到咨询台 | This does not open: check slip and ID number, or ask at the desk",
    "not_your_terminal": "令牌不是这台终端的，请找技术人员 | That token is another terminal's: ask a technician",
    "no_resident": "取这个号时没有刷证件，请当面核对 | No card was read for this ticket: check in person",
    "erased": "当天的资料已按规定删除 | That day's data was erased, as the rules ask",
    # the store
    "store_busy": "系统正忙，请再试一次 | The system is busy: please try once more",
    "store_full": "磁盘已满，没有保存，请联系技术人员 | The disk is full and nothing was saved: call a technician",
    "store_broken": "数据存不进去，没有保存，请联系技术人员 | Data cannot be saved: call a technician",
    "store_gone": "数据库连不上，没有保存，请稍后再试 | The database is out of reach, nothing was saved: try again soon",
    "store_in_doubt": "不知道有没有保存，请再按一次同样的操作 | Nobody knows whether that was saved: do the very same again",
    "store_newer": "数据已由新版程序接管，请升级这台机器 | A newer version has taken over the data: update this box",
    "store_unreachable": "数据库不让连接，没有保存，请联系技术人员 | The database refuses this box: call a technician",
    "box_taken": "另一台机器用了同样的名字，请联系技术人员 | Another box goes by this name: call a technician",
    "store_in_use": "另一个程序正在使用数据，请先停掉它 | Another program uses the data: stop it first",
    "seal_broken": "资料已损坏，打不开，请联系技术人员 | The data is damaged and cannot be opened: call a technician",
    "log_broken": "审计日志已损坏，不能查看资料，请联系技术人员 | The audit log is broken, data stays closed: call a technician",
    "idempotency_key_reused": "同一操作编号不能用于不同内容，请重新操作 | This Idempotency-Key came with other content: use a new one",
    # notices
    "unknown_notice": "没有这条通知，请刷新后再看 | No such notice: reload and look again",
    "unknown_media": "没有这个图片或影片，请重新上传 | No such picture or film: send it again",
    "unknown_upload": "上传已中断，请重新上传 | That upload is gone: begin again",
    "notice_empty": "请写文字，或选图片、影片 | Write a text, or choose a picture or a film",
    "notice_times": "结束时间要晚于开始时间 | It must end after it begins",
    "notices_full": "通知太多，最多 {most} 条，请先撤下旧的 | Too many notices, {most} at most: take old ones away first",
    "media_too_large": "文件太大，最多 {most} MB | The file is too large: {most} MB at most",
    "media_full": "图片和影片放不下了，请先撤下旧的 | There is no room for more pictures and films: take old ones away",
    "media_part": "上传的次序乱了，请重新上传 | The parts came out of order: begin again",
    "media_unknown": "不是能用的图片或影片，请用 JPEG、PNG、WebP、MP4、WebM | No picture or film that can be used: take JPEG, PNG, WebP, MP4 or WebM",
    "media_too_many_pixels": "图片太大，请缩小到 {most} 百万像素以内 | The picture has too many pixels: {most} million at most",
    "range_needed": "文件太大，请分段取 | Too large at once: ask for a range of bytes",
    # screens
    "unknown_box": "没有这台主机，请刷新后再看 | No such box: reload and look again",
    "update_fine": "这台主机的更新没有退回，请刷新后再看 | This box has not gone back: reload and look again",
    "unknown_screen": "没有这块屏幕，请刷新后再看 | No such screen: reload and look again",
    "unknown_screen_code": "没有屏幕显示这个码，请看屏幕重新输入 | No screen shows this code: look at the screen and type it again",
    "screen_without_token": "这块屏幕还不能显示这一页：它要用 https 或在本机连接，并更新到本版程序 | This screen cannot show that page yet: it must reach the hall by https or run on its box, with this version of the program",
    "screens_full": "等待设置的屏幕太多，最多 {most} 块，请先设置或等 10 分钟 | Too many new screens, {most} at most: set them up, or wait ten minutes",
    # help
    "unknown_help": "这次求助已经结束，请刷新后再看 | That call for help is over: reload and look again",
    "help_answered": "已经有人去了，请看下一条 | Somebody is on the way already: see the next one",
    "help_over": "这次求助已经结束 | That call for help is over",
    "help_not_answered": "请先按“我去”，紧急呼叫就结束 | Say that you go first: that ends the emergency call",
    "help_limit": (
        "今天已用手机呼叫 {most} 次，请到咨询台 | This phone has called {most} times today: please go to the desk",
        "今天呼叫的次数已满，请到咨询台 | No more calls today: please go to the desk",
    ),
    # who may
    "not_logged_in": "请先登录 | Please log in first",
    "wrong_password": "用户名或密码不对，请重新输入 | Wrong name or password: please enter them again",
    "totp_needed": "请再输入手机上的动态码 | Enter the code of your second factor as well",
    "totp_wrong": "动态码不对或已用过，请等下一个再输 | That code is wrong or was used: wait for the next one",
    "totp_set": "已经设置过两步验证，要换请先取消 | There is a second factor already: remove it first",
    "totp_not_begun": "请先扫码，再输入动态码 | Scan the code first, then enter the digits",
    "totp_setup_needed": "这个账号必须先设置两步验证，请打开“我的账号” | This account needs a second factor first: open My account",
    "password_change_needed": "请先修改密码，再办理业务，请打开“我的账号” | Change your password first: open My account",
    "password_short": "密码太短，至少 10 个字符 | The password is too short: at least 10 characters",
    "password_long": "密码太长，最多 256 个字符 | The password is too long: at most 256 characters",
    "password_guessable": "密码太容易猜，请换一个，例如几个不相干的词 | That password is soon guessed: choose another, such as words that have nothing to do with each other",
    "password_same": "新密码和旧密码一样，请换一个 | The new password is the old one: choose another",
    "locked": "页面已锁定，请输入密码解锁 | This page is locked: enter your password",
    "account_there": (
        "已有账号 {name}，请换一个名称 | There is an account {name} already: choose another name",
        "已有这个账号，请换一个名称 | There is such an account already: choose another name",
    ),
    "own_account": "不能改自己的账号，请由另一位管理员来改 | Nobody changes their own account here: ask another manager",
    "name_invalid": "名称为 1 至 64 个字母、数字或 . _ - @，以字母或数字开头 | A name has 1 to 64 letters, digits, . _ - @ and begins with a letter or digit",
    "role_unknown": "没有这种角色，请重选 | No such role: choose again",
    "window_invalid": "窗口编号不对，请重选 | Those windows are not right: choose again",
    "window_needed": "窗口人员至少要有一个窗口 | A clerk needs at least one window",
    "terminal_needed": "请写明是哪一台终端 | Say which terminal it is for",
    "terminal_invalid": "终端编号为 1 至 64 个字母、数字或 . _ - @ | A terminal's id has 1 to 64 letters, digits, . _ - @",
    "address_invalid": "不是 IP 地址或网段，如 192.168.1.20 | Not an IP address or network, such as 192.168.1.20",
    "duty_needed": "三员分立：请指明职责 | Duties are kept apart here: say which",
    "duty_other": "这个账号已担任另一项职责，三员不得兼任：请另建账号 | This account holds another duty, and nobody holds two: make another account",
    "unknown_token": "没有这个令牌，请刷新后再看 | No such token: reload and look again",
    "unknown_account": "没有这个账号，请刷新后再看 | No such account: reload and look again",
    "unknown_session": "没有这次登录，请刷新后再看 | No such log-in: reload and look again",
    "too_many_tries": (
        "试的次数太多，请 {seconds} 秒后再试 | Too many tries: please wait {seconds} seconds",
        "试的次数太多，请稍后再试 | Too many tries: please wait a little",
    ),
    "bad_token": "令牌无效，请让管理员重新发放 | This token is not valid: ask for a new one",
    "forbidden": "您没有这项权限，请找管理员 | You may not do this: ask the manager",
    "not_your_window": "这不是您的窗口，请换到自己的窗口 | This is not your window: use your own",
    "tls_required": "请用 https 打开，这里不能明文登录 | Open this page by https: log-ins do not travel in the clear",
    "cross_site": "请求来自别的网站，请从本系统页面操作 | That came from another site: use this system's own page",
    # requests
    "bad_body": "内容填写有误，请检查后再提交 | Something is filled in wrongly: check it and send again",
    "bad_json": "内容不是 JSON，请检查后再提交 | The body is not JSON: check it and send again",
    "bad_after": "after 应为事件序号，请重新取大屏内容 | after must be an event's seq: take the board again",
    "bad_idempotency_key": "Idempotency-Key 不合规，请换一个短的 | That Idempotency-Key will not do: use a short one of plain characters",
    "bad_span": (
        "日期先后不对或超过 {most} 天，请重选 | The days are in the wrong order or more than {most}: choose again",
        "日期先后不对或太长，请重选 | The days are in the wrong order or too many: choose again",
    ),
    "bad_change": "时间先后不对，请重填 | The times are in the wrong order: enter them again",
    "no_past_days": "这样的日子还没有记录，请换别的日子 | There is no such past day yet: choose other days",
    "figures_not_ready": (
        "正在汇总以前的数据，还差 {days} 天，请稍等 | "
        "Earlier days are being added up, {days} are left: please wait a moment"
    ),
    "bad_by": "没有这种分类，请重选 | No such division: choose again",
    "bad_request": "请求有误，请刷新后再试 | That request is not understood: reload and try again",
    "bad_id_number": "证件号码不对，请核对后重输 | That ID number is not right: check it and enter it again",
    "typed_number_wrong": "证件号码不对，请核对后重输 | That ID number is not right: check it and enter it again",
    "too_large": "内容太大，请缩短后再提交 | That is too large: make it shorter and send again",
    "json_expected": "请用 JSON 格式提交 | Send it as JSON",
    "method_not_allowed": "这个地址不能这样用，请看接口说明 | This address does not take that method: see the API's pages",
    "not_found": "没有找到，请检查地址 | Not found: check the address",
    "internal": "系统出错，请再试；仍不行请联系技术人员 | Something went wrong: try again, then call a technician",
    "stopping": "系统正在重启，请稍候 | The system is restarting: please wait a moment",
    "too_many_listeners": "屏幕连接太多，请关掉不用的页面 | Too many screens are connected: close pages not in use",
    # what the hall is made of
    "setup_changed": "别人刚改过大厅设置，请重新读取后再改 | Somebody else has changed the hall meanwhile: load it again, then change it",
    "bad_setup": "大厅设置有误，请按 errors 逐项改正 | The hall's make-up is wrong: see errors for all of it",
    # hours, limits, appointments
    "service_closed": (
        "现在不办理，{opens_at} 开始 | Closed now: opens {opens_at}",
        "现在不办理，请到咨询台问办理时间 | Closed now: please ask at the guide desk when it opens",
    ),
    "quota_reached": (
        "号已取完，{opens_at} 再放号 | All numbers are taken: there are more from {opens_at}",
        "号已取完，请改天再来，或到咨询台 | All numbers are taken: come another day, or ask at the guide desk",
    ),
    "numbers_used_up": "与数据库断开，本机备用的号已取完，请到咨询台取号 | This kiosk is offline and has no numbers left for it: please go to the guide desk",
    "needs_store": "与数据库断开，这一步要等恢复后再办；呼叫、办结、过号照常 | Cut off from the database: this has to wait. Calling, finishing and no-shows go on",
    "receipt_later": "与数据库断开，暂时出不了回执，请选当场办结的结果，或先挂起 | Cut off from the database: no receipt can be made now. Choose an outcome that ends it here, or put it on hold",
    "login_later": "与数据库断开，只有断开前在这台机器上登录的人能继续，恢复后再登录 | Cut off from the database: only who was logged in at this box before can go on. Log in once it is back",
    "reprint_later": "与数据库断开，暂时不能补打，请记下号码，或到咨询台 | This kiosk is offline and cannot print a slip again: note your number, or go to the guide desk",
    "lease_stale": "备用号码已重新分配，请稍后再试 | The spare numbers were given out anew: try again in a moment",
    "person_limit": (
        "今天取的号已到上限({most} 个)，请改天再来 | You have had today's {most}: please come another day",
        "今天取的号已到上限，请改天再来 | You have had as many numbers as one can today: come another day",
    ),
    "not_today": (
        "今天 {closes_at} 前办不到了，请改天早些来，或先预约 | It will not be your turn before {closes_at}: come earlier another day, or book a time",
        "今天办不到了，请改天早些来，或先预约 | It will not be your turn today: come earlier, or book a time",
    ),
    "too_early": (
        "您预约的时间还没到，{opens_at} 起可以取号 | You are early: take your number from {opens_at}",
        "您预约的时间还没到，请稍后再来取号 | You are early for your appointment: come back a little later",
    ),
    "too_late": (
        "您预约的是 {time}，已经过了，请到咨询台 | Your appointment was at {time}: please ask at the guide desk",
        "预约时间已过，请到咨询台 | Your appointment is over: please ask at the guide desk",
    ),
    "no_such_slot": "没有这个预约时段，请重新选择 | There is no such time to book: choose another",
    "slot_full": "这个时段已约满，请换一个 | This time is fully booked: choose another",
    "slot_over": "这个时段已过，请选以后的 | This time is over: choose a later one",
    "too_far_ahead": (
        "现在只能预约到 {until} | You can book until {until} for now",
        "这一天还不能预约，请选近一些的日期 | That day cannot be booked yet: choose an earlier one",
    ),
    "already_booked": (
        "这一天已约过 {time}，请先取消再约 | There is an appointment at {time} that day: cancel it first",
        "这一天已经约过，请先取消再约 | There is an appointment that day already: cancel it first",
    ),
    "appointments_blocked": (
        "多次预约没有来，{until} 起可以再约 | Appointments were missed: you can book again from {until}",
        "多次预约没有来，暂时不能再约，可以现场取号 | Appointments were missed: please take a number instead",
    ),
    "unknown_appointment": "没有这个预约，请刷新后再看 | No such appointment: reload and look again",
    "appointment_over": "这个预约已取消或已用过 | This appointment is cancelled or used already",
    "unknown_form": "没有这张表格，请重新选择 | No such form: choose again",
    "form_answer_missing": (
        "请填写“{field}” | Please fill in: {field}",
        "还有没填的项 | Something is not filled in yet",
    ),
    "form_answer_wrong": (
        "“{field}”不对：{rule} | {field}: {rule_en}",
        "“{field}”不对，请再看一下 | {field} is not right: please check",
        "有一项不对，请再看一下 | Something is not right: please check",
    ),
    "form_needs_slip": "请先取号，再凭小票填这张表格 | Take a number first, then fill this form in with the slip",
    "form_not_printed": "现在打印不了，可以交给窗口，或找工作人员 | It cannot be printed now: hand it to the window, or ask our staff",
    "take_back_over": "10 分钟内才能撤回，请重新预约或取消 | This could be taken back for 10 minutes: book or cancel anew",
    "no_id_number": "预约要用身份证号码，请刷身份证 | An appointment needs an ID number: lay the card",
    "bad_date": "日期不对，应像 2026-03-09 | Not a date: write it like 2026-03-09",
    "bad_time": "时间不对，应像 09:30 | Not a time: write it like 09:30",
    "row_incomplete": "缺少业务、日期、时间或证件号码 | Service, date, time or ID number is missing",
    "row_columns": "列数比表头多，请检查分隔符 | More columns than the header has: check the delimiters",
    "row_quotes": "引号不成对，请检查 | The quotation marks do not match: check them",
    "bad_rows": (
        "有 {count} 行不对，一行也没有导入 | {count} rows are wrong, and none was imported",
        "有的行不对，一行也没有导入 | Some rows are wrong, and none was imported",
    ),
    "list_too_large": "文件太大，最多 {most} KB | The file is too large: {most} KB at most",
    "list_too_long": "行数太多，最多 {most} 行 | Too many rows: {most} at most",
    "list_encoding": "看不懂文件的编码，请另存为 UTF-8 或 GBK | The encoding is not understood: save it as UTF-8 or GBK",
    "list_header": "第一行应写明各列：业务、日期、时间、身份证号 | The first line must name the columns: service, date, time, id_number",
    "list_empty": "文件里没有预约 | There is no appointment in the file",
    "file_expected": "请把文件作为 application/octet-stream 提交 | Send the file as application/octet-stream",
    "csv_expected": "请用 CSV 格式提交 | Send it as text/csv",
    # the kiosk
    "no_card": "请先刷身份证 | Please lay your ID card first",
    "other_visit": "这次取号已结束，请重新刷身份证 | This visit has ended: please lay the card again",
    "kiosk_busy": "取号机正在使用，请稍候 | The kiosk is in use: please wait a moment",
    "day_runs": "这一天还没有结束，请先让它走完 | This day is not over yet: let it end first",
    "printer_none": "这里没有打印机，请扫码用手机看，或到咨询台 | There is no printer here: scan the code with your phone, or ask at the guide desk",
    "printer_down": "打印机现在不能用，请扫码用手机看，或到咨询台 | The printer does not work now: scan the code with your phone, or ask at the guide desk",
    "printer_busy": "打印机正忙，请稍等再按 | The printer is busy: wait a moment and press again",
    "no_kiosk": "这台设备没有读卡器，请到取号机 | This box has no card reader: please use a kiosk",
    "no_slip_printer": "这台机器没有小票打印机，请到取号机上试 | This box has no ticket printer: try it at a kiosk",
    "no_device": "没有这台设备，请检查名称 | No such device: check its name",
    "not_controlled": "这个区域没有可控制的空调 | This zone has no air conditioner to control",
    "device_offline": "设备没有连上，请先按提示处理 | The device is not connected: see its advice first",
}

_WORDS = {
    code: [Words(*said.split(" | ")) for said in ((sentences,) if isinstance(sentences, str) else sentences)]
    for code, sentences in _SENTENCES.items()
}

CODES = frozenset(_WORDS)
"""Every code that has words of its own."""


def words(code: str, facts: Mapping[str, Any] | None = None) -> Words:
    """What to say about ``code``.

    Args:
        code: of a ``TicketingError`` or of the API; one without words gets a general sentence.
        facts: what the sentence may tell, such as the ticket's ``number``.
    """
    known = {name: value for name, value in (facts or {}).items() if value is not None}
    state = _STATES.get(str(known.get("state", "")))
    if state is None:
        known.pop("state", None)
    for sentence in (*_WORDS.get(f"{code} of {known.get('of')}", ()), *_WORDS.get(code, ())):
        if _needs(sentence) <= known.keys():
            said = {name: _said(value) for name, value in known.items()} | ({"state": state} if state else {})
            return Words(
                sentence.zh.format_map({name: one.zh for name, one in said.items()}),
                sentence.en.format_map({name: one.en for name, one in said.items()}),
            )
    return _FALLBACK


def _said(value: Any) -> Words:
    """A fact as it stands in a sentence."""
    if isinstance(value, datetime):
        return time_words(value)
    if isinstance(value, date):
        return day_words(value)
    return Words(str(value), str(value))


def _needs(sentence: Words) -> set[str]:
    """The facts that a sentence speaks of."""
    return {name for text in (sentence.zh, sentence.en) for _, name, _, _ in Formatter().parse(text) if name}
