// The auditor's page: entries of the audit log by day, person and action, who looked at somebody, and the log's proof.

import { call, formatOf, Problem, wordsOf } from "../shared/api.js";
import { el, make } from "../shared/dom.js";
import { speak, t } from "../shared/language.js";
import { lockWhenLeft } from "../staff/lock.js";
import { signIn, signOut } from "../staff/signing.js";

/** @type {Record<string, [string, string]>} */
const ACTIONS = {
  "scan": ["扫码办理", "scanned"],
  "scan-override": ["代窗口扫码", "scanned, overriding"],
  "resident": ["查看信息", "data read"],
  "card": ["刷证办理", "card laid"],
  "reprint": ["补打小票", "slip printed again"],
  "card-reprint": ["刷证补打", "slip printed again by card"],
  "slip-lost": ["挂失小票", "slip lost, another printed"],
  "show-back": ["请居民核对", "data shown to their resident"],
  "shown-back": ["居民屏显示信息", "data read by the resident's screen"],
  "checked": ["居民核对无误", "found right by the resident"],
  "objected": ["居民说不对", "found wrong by the resident"],
  "card-refused": ["刷证被拒", "card refused"],
  "scan-refused": ["扫码被拒", "scan refused"],
  "call-number": ["指定叫号", "number called"],
  "priority": ["改优先级", "class changed"],
  "take-over": ["接管窗口", "window taken over"],
  "terminal": ["终端查看", "read at a terminal"],
  "terminal-scan": ["终端查看", "read at a terminal"],
  "terminal-refused": ["终端被拒", "refused at a terminal"],
  "terminal-cases": ["终端查办件", "cases at a terminal"],
  "terminal-apply": ["终端申请", "an application at a terminal"],
  "application": ["窗口查看申请", "an application opened at a window"],
  "application-refused": ["窗口查看申请被拒", "an application refused at a window"],
  "terminal-form": ["终端填表", "a form filled in at a terminal"],
  "terminal-take-back": ["终端撤回预约操作", "booking or cancellation taken back at a terminal"],
  "terminal-take-back-refused": ["终端撤回预约操作被拒绝", "taking back at a terminal refused"],
  "terminal-appointments": ["终端查预约", "appointments at a terminal"],
  "emergency": ["紧急呼叫", "emergency call"],
  "emergency-answered": ["应答紧急呼叫", "emergency call answered"],
  "matters-changed": ["修改事项", "matters changed"],
  "notice-made": ["发布通知", "notice made"],
  "notice-changed": ["修改通知", "notice changed"],
  "notice-withdrawn": ["撤下通知", "notice withdrawn"],
  "screen-bound": ["设置屏幕", "screen set up"],
  "screen-changed": ["修改屏幕", "screen changed"],
  "screen-forgotten": ["移除屏幕", "screen removed"],
  "refused": ["越权被拒", "refused"],
  "token-refused": ["令牌来自别处", "token from elsewhere"],
  "login": ["登录", "logged in"],
  "login-failed": ["登录失败", "log-in failed"],
  "logout": ["退出", "logged out"],
  "locked": ["锁定", "locked"],
  "unlocked": ["解锁", "unlocked"],
  "account-added": ["添加用户", "user added"],
  "account-changed": ["修改用户", "user changed"],
  "account-removed": ["删除用户", "user removed"],
  "password-changed": ["修改密码", "password changed"],
  "token-added": ["添加令牌", "token added"],
  "token-removed": ["删除令牌", "token removed"],
  "session-ended": ["结束登录", "log-in ended"],
  "totp-set": ["启用两步验证", "second factor set"],
  "totp-removed": ["取消两步验证", "second factor removed"],
  "setup-changed": ["修改大厅设置", "setup changed"],
  "draft-due": ["定时发布大厅设置", "setup to be published"],
  "draft-kept-back": ["取消定时发布", "setup kept back"],
  "draft-discarded": ["放弃大厅设置草稿", "draft of the setup discarded"],
  "purge": ["清除到期数据", "purged"],
  "backup": ["备份", "backup"],
  "restore": ["恢复", "restored"],
  "key-rotated": ["更换密钥", "keys changed"],
  "audit-read": ["查看审计日志", "audit log read"],
  "audit-key": ["更换日志密钥", "key of the log changed"],
  "audit-anchor": ["更新日志的锚", "anchor begun anew"],
  "closing-slip": ["打印日结凭条", "closing slip"],
};

/** @type {Record<string, [string, string]>} */
const FAULTS = {
  changed: ["内容被改动", "is not as it was written"],
  missing: ["缺失", "is missing"],
  cut: ["及其后的记录被删除", "and all after it were removed"],
  head: ["处的日志首部丢失或被改动", "is where the head is gone or changed"],
  other: ["与锚不符，日志已被替换", "is not the anchored one: the log was exchanged"],
  forged: ["是伪造的", "is forged"],
};

/** @type {Record<string, [string, string]>} */
const SLIP = {
  pending: ["正在打印日结凭条", "The closing slip is being printed"],
  sending: ["正在打印日结凭条", "The closing slip is being printed"],
  printed: ["✓ 日结凭条已打印，请交审计员保管", "✓ The closing slip is printed: keep it in the auditor's drawer"],
  unconfirmed: ["日结凭条可能已打印，请看出纸口", "The closing slip may be printed: look at the paper outlet"],
  failed: ["✗ 日结凭条没有打印，请检查打印机后再试", "✗ The closing slip was not printed: see to the printer and try again"],
};

/** What the entries shown were asked for by; `more` asks for the next page of it. @type {(after: number) => Promise<AuditPage>} */
let ask = byFilter();
/** @type {AuditEntry[]} */
let entries = [];
/** @type {number | null} */
let next = null;
/** @type {AuditProof | null} */
let proof = null;
let asked = 0;

/** @returns {(after: number) => Promise<AuditPage>} */
function byFilter() {
  const query = new URLSearchParams();
  for (const name of ["day", "who", "action"]) {
    const value = el(name, HTMLInputElement).value.trim();
    if (value) query.set(name, value);
  }
  return (after) => call("GET", `/audit?${new URLSearchParams([...query, ["after", String(after)]])}`);
}

/** @param {string} at */
const moment = (at) => formatOf("sv-SE", { dateStyle: "short", timeStyle: "medium" }).format(new Date(at));

/** @param {AuditEntry} one */
const row = (one) => make(
  "tr",
  {},
  ...[
    String(one.seq), moment(one.at), one.who, one.place,
    ACTIONS[one.action] ? t(...ACTIONS[one.action]) : one.action, one.ticket ?? "", one.reason ?? "",
  ].map((words) => make("td", { textContent: words })),
);

function render() {
  el("entries").replaceChildren(...entries.map(row));
  el("more").hidden = next === null;
  renderProof();
}

function renderProof() {
  if (!proof) return;
  const verdict = el("verdict");
  verdict.hidden = false;
  // In groups, as on paper: a person compares them.
  const [number, digits] = (proof.head ?? ":").split(":");
  const code = [number, ...digits.match(/.{4}/g) ?? []].join(" ");
  verdict.className = proof.proven ? "notice good" : "notice stop";
  const older = proof.anchors.some((one) => one.held === "older")
    ? t("有的校验码早于保存期，无法核对。", " A code is older than the entries that are kept, and was not compared.") : "";
  if (proof.whole && !proof.proven) {
    verdict.textContent = t(
      `✗ 无法证明完整：现有 ${proof.entries} 条前后相符，但没有可核对的锚。请输入日结凭条上的校验码再核验。`,
      `✗ Not proven: the ${proof.entries} entries that are there follow each other, but there is no anchor to compare. `
        + "Enter the code of a closing slip and verify again.",
    ) + older;
  } else if (proof.whole) {
    verdict.textContent = t(
      `✓ 日志完整，共 ${proof.entries} 条，最新校验码 ${code}。`,
      `✓ The log is whole: ${proof.entries} entries, code now ${code}.`,
    ) + older;
  } else if (proof.fault) {
    const [zh, en] = FAULTS[proof.fault] ?? [proof.fault, proof.fault];
    verdict.textContent = t(`✗ 日志已损坏：第 ${proof.broken_at} 条${zh}。`, `✗ The log is broken: entry ${proof.broken_at} ${en}.`);
  } else {
    verdict.textContent = t("✗ 本机的锚文件已被改动。", "✗ This box's anchor was changed.");
  }
}

/** @param {unknown} problem */
function tell(problem) {
  if (problem instanceof Problem && problem.status === 401) return signIn();
  el("said").textContent = t(...wordsOf(problem));
  el("said").hidden = false;
}

/** @param {boolean} more whether to go on with what is shown */
async function look(more) {
  const turn = ++asked;
  el("said").hidden = true;
  try {
    const page = await ask(more ? next ?? 0 : 0);
    if (turn !== asked) return;                               // something else was asked for meanwhile
    entries = more ? [...entries, ...page.entries] : page.entries;
    next = page.next;
    render();
    if (!entries.length) {
      el("said").textContent = t("没有这样的记录", "There are no such entries");
      el("said").hidden = false;
    }
  } catch (problem) {
    tell(problem);
  }
}

el("filter").addEventListener("submit", (event) => {
  event.preventDefault();
  ask = byFilter();
  look(false);
});

el("about").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = el("number", HTMLInputElement);
  const number = field.value;
  field.value = "";                                           // it must not stay on the page
  ask = (after) => call("POST", "/audit/subject", { id_number: number, after });
  look(false);
});

el("proof").addEventListener("submit", async (event) => {
  event.preventDefault();
  const anchor = el("anchor", HTMLInputElement).value.trim();
  el("said").hidden = true;
  try {
    proof = await call("POST", "/audit/verify", { anchors: anchor ? [anchor] : [] });
    renderProof();
  } catch (problem) {
    tell(problem);
  }
});

el("closing-slip").addEventListener("click", async () => {
  const button = el("closing-slip", HTMLButtonElement);
  button.disabled = true;
  tellSlip("pending");
  try {
    let slip = await call("POST", "/audit/closing-slip");
    while (slip.state === "pending" || slip.state === "sending") {
      tellSlip(slip.state);
      await new Promise((resolve) => { setTimeout(resolve, 500); });
      slip = await call("GET", `/audit/closing-slip/${slip.job}`);
    }
    tellSlip(slip.state);
  } catch (problem) {
    tell(problem);
  }
  button.disabled = false;
});

/** @param {keyof typeof SLIP} state */
function tellSlip(state) {
  el("said").textContent = t(...SLIP[state]);
  el("said").hidden = false;
}

el("more").addEventListener("click", () => look(true));
signOut(() => {
  entries = [];
  next = null;
  render();
});
speak(render);
look(false);

lockWhenLeft();
