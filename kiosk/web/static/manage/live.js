// The manager's page of this moment: who waits, what each window does, what stands badly. It follows the hall's events.

import { showAlerts } from "../staff/alerts.js";
import { call, hm, now, Problem } from "../shared/api.js";
import { el, find, make } from "../shared/dom.js";
import { speak, t } from "../shared/language.js";
import { lockWhenLeft } from "../staff/lock.js";
import { signIn, signOut } from "../staff/signing.js";
import { coalesce, follow, lostLine } from "../shared/stream.js";
import { GRADES, tile } from "./figure_parts.js";
import { windowCard } from "./window_card.js";

const GATHER = 700;       // ms: a busy hall has several events a second
const EVERY = 30_000;     // devices and alerts change without an event of the queue
const LONG = 30;          // minutes of waiting that are marked

const showLost = lostLine();
/** @type {Live | null} */
let hall = null;
/** @type {HelpCall[]} */
let calls = [];           // GET /help

/** @param {string} time */
const minutesSince = (time) => Math.max(0, Math.floor((now().getTime() - Date.parse(time)) / 60_000));

function render() {
  if (!hall) return;
  const { today, alerts, devices, devices_working: working } = hall;
  showAlerts(el("alerts"), alerts);
  el("new-hall").hidden = hall.services.length > 0;
  const longest = Math.max(-1, ...hall.services.map(({ oldest }) => (oldest ? minutesSince(oldest) : -1)));
  const open = hall.windows.filter(({ state }) => state === "open").length;
  const waited = (/** @type {number | null} */ seconds) => (seconds === null ? "–" : Math.round(seconds / 60));
  el("tiles").replaceChildren(
    tile(today.waiting, t("正在等候", "waiting")),
    tile(longest < 0 ? "–" : longest, t("最久已等（分钟）", "the first has waited, minutes"), longest >= LONG),
    tile(`${open} / ${hall.windows.length}`, t("开放窗口", "windows open")),
    tile(today.issued, t("今日取号", "numbers taken today")),
    tile(today.served, t("已办结", "served")),
    tile(waited(today.mean_wait), t("平均等候（分钟）", "mean wait, minutes")),
    tile(today.missed, t("过号", "no-shows")),
  );
  renderWaiting();
  renderHelp();
  el("windows").replaceChildren(...hall.windows.map(cardOf));
  el("grades").replaceChildren(
    ...GRADES.map(([grade, zh, en]) => gradeCount(today.grades[grade], t(zh, en))),
    gradeCount(today.not_rated, t("未评价", "not rated")),
  );
  el("devices").replaceChildren(...devices.map(fault));
  el("working").textContent = devices.length
    ? t(`另有 ${working} 台正常`, `${working} more work`)
    : t(`${working} 台设备全部正常`, `All ${working} devices work`);
}

/**
 * @param {number} count
 * @param {string} words
 */
const gradeCount = (count, words) => make("li", {}, make("b", { className: "number", textContent: String(count) }), words);

/** Services that somebody waits for, the longest wait first; the others are counted. */
function renderWaiting() {
  const { services } = /** @type {Live} */ (hall);
  const busy = services.filter(({ waiting }) => waiting > 0);
  busy.sort((one, other) => Date.parse(one.oldest ?? "") - Date.parse(other.oldest ?? ""));
  find("tbody", el("waiting")).replaceChildren(...busy.map((one) => {
    const minutes = one.oldest ? minutesSince(one.oldest) : 0;
    const expected = one.expected_wait;
    return make(
      "tr",
      { className: minutes >= LONG ? "long" : "" },
      make("th", { scope: "row", textContent: t(one.name, one.name_en || one.name) }),
      make("td", { className: "count", textContent: String(one.waiting) }),
      make("td", { className: "count oldest", textContent: String(minutes) }),
      make("td", { className: "count", textContent: expected ? `${expected.low}–${expected.high}` : t("没有窗口", "no window") }),
    );
  }));
  el("waiting").hidden = busy.length === 0;
  const rest = services.length - busy.length;
  el("nobody").textContent = busy.length === 0
    ? t("现在没有人等候", "Nobody waits now")
    : rest ? t(`其余 ${rest} 项业务没有人等候`, `Nobody waits for the other ${rest}`) : "";
}

/** Who wants help, and whether somebody goes. */
function renderHelp() {
  el("help-panel").hidden = calls.length === 0;
  el("help").replaceChildren(...calls.map(({ emergency, place, reason, called_at: at, who }) => make(
    "li",
    { className: "fault" },
    make("b", { textContent: t(place.zh, place.en) }),
    make("span", { className: `state ${who ? "good" : emergency ? "stop" : "warn"}`, textContent: who ? t(`${who} 已去`, `${who} goes`) : t("还没有人去", "nobody goes yet") }),
    make("span", { className: "quiet", textContent: `${t(reason.zh, reason.en)} ${t(`${minutesSince(at)} 分钟前`, `${minutesSince(at)} min ago`)}` }),
  )));
}

/** @param {LiveWindow} window */
function cardOf(window) {
  const { clerk, clerk_since: since } = window;
  const from = since ? ` · ${t(`${hm(new Date(since))} 起`, `since ${hm(new Date(since))}`)}` : "";
  return windowCard(window, minutesSince, clerk ? `${clerk}${from}` : t("无人登录", "nobody logged in"));
}

/** @param {Device} device */
function fault({ name, window, state, since, advice, advice_en: adviceEn }) {
  const where = hall?.windows.find(({ id }) => id === window)?.name ?? "";
  const [kind, words] = state === "offline" ? ["stop", t("离线", "offline")] : ["warn", t("故障", "fault")];
  const facts = [where, t(`${hm(new Date(since))} 起`, `since ${hm(new Date(since))}`)].filter(Boolean).join(" · ");
  return make(
    "li",
    {},
    make(
      "p",
      { className: "fault" },
      make("b", { textContent: name }),
      make("span", { className: `state ${kind}`, textContent: words }),
      make("span", { className: "quiet", textContent: facts }),
    ),
    make("p", { textContent: t(advice ?? "", adviceEn ?? "") }),
  );
}

const look = coalesce(async () => {
  try {
    [hall, calls] = await Promise.all([call("GET", "/live"), call("GET", "/help")]);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 401) signIn();
    else if (problem.status === 403) location.reload();       // somebody else has signed in meanwhile
    throw problem;
  }
  render();
}, GATHER);

const changed = () => look();
follow("/events", {
  on: { ticket: changed, window: changed, hall: changed, alert: changed, help: changed, reset: changed },
  connected(isConnected, heard) {
    showLost(isConnected, heard);
    el("line").className = `state ${isConnected ? "good" : "stop"}`;
    el("line").textContent = isConnected ? t("已连接", "Connected") : t("连接中断", "Not connected");
    if (isConnected) look();
  },
});
setInterval(() => {
  if (document.visibilityState === "visible") look();
}, EVERY);
setInterval(() => { el("clock").textContent = hm(now()); }, 1000);
signOut();
lockWhenLeft();
speak(render);
