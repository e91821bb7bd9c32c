// What a clerk does less often than calling and finishing: each is one key, and at most one question.

import { call, hm, now } from "../shared/api.js";
import { ask } from "../staff/ask.js";
import { t } from "../shared/language.js";

const HOLDS = [
  ["去取材料", "The resident fetches papers"],
  ["去复印或拍照", "Copies or a photo"],
  ["去缴费", "Paying"],
  ["等待核实", "Waiting for a check"],
];
const HOLD_MINUTES = 15;

const PAUSES = [
  ["", ""],
  ["午休", "Lunch break"],
  ["开会", "In a meeting"],
  ["系统维护", "System maintenance"],
  ["马上回来", "Back in a moment"],
];

const OUTCOMES = [
  ["promised", "承诺件", "Promised: done later", "发回执", "receipt"],
  ["joint", "联办件", "Joint: with other offices", "发回执", "receipt"],
  ["reported", "上报件", "Passed on to a higher office", "发回执", "receipt"],
  ["supplement", "补办件，等补材料", "Papers are missing", "发回执", "receipt"],
  ["rejected", "退回件", "Returned, not possible", "", ""],
];

const EARLY = [
  ["居民需要照顾", "The resident needs care"],
  ["刚才已在本窗口办过一部分", "Part of it was done here before"],
  ["号码叫错后更正", "Another number was called by mistake"],
];

/**
 * @typedef {object} Place what the verbs work on
 * @property {WindowView | null} view
 * @property {Hall | null} hall
 * @property {string} me the window's id
 * @property {string} path of the window in the API
 * @property {() => boolean} mayPress
 * @property {(verb: string, body?: object) => Promise<any>} act gives the answer, or null
 * @property {(zh: string, en: string, kind: string) => void} tell
 * @property {() => Promise<void>} learnHall
 * @property {(id: string) => string} serviceName
 * @property {(answer: {cases?: Case[]}) => void} receipts
 */

/**
 * The verbs of one window.
 * @param {Place} desk
 */
export function clerkVerbs(desk) {
  const { act, tell, mayPress } = desk;
  const ticket = () => desk.view?.ticket ?? null;

  async function hold() {
    const { number } = ticket() ?? {};
    if (!mayPress() || !number) return;
    const chosen = await ask({
      title: t(`${number} 为什么挂起？`, `Why is ${number} put on hold?`),
      text: t("号码保留，到时间自动回到队列", "It keeps its number and comes back by itself"),
      choices: HOLDS.map(([zh, en]) => [zh, t(zh, en), ""]),
      amount: { label: t("几分钟后回来（空着：等叫回）", "Back in minutes (empty: until called back)"), value: HOLD_MINUTES, min: 1, max: 600 },
      other: { label: t("其他原因", "Another reason"), send: t("挂起", "Hold") },
    });
    if (!chosen) return;
    const body = { reason: chosen.choice, ...(chosen.amount ? { minutes: chosen.amount } : {}) };
    if (!(await act("hold", body))) return;
    const back = chosen.amount ? hm(new Date(now().getTime() + chosen.amount * 60000)) : "";
    tell(`${number} 已挂起${back && `，${back} 回到队列`}`, `${number} is on hold${back && `, back at ${back}`}`, "good");
  }

  async function transfer() {
    const asked = ticket();
    if (!mayPress() || !asked) return;
    const { number, service } = asked;
    await desk.learnHall();
    const { hall } = desk;
    if (!hall || ticket()?.number !== number) return;
    const services = hall.services.filter(({ id }) => id !== service);
    const windows = hall.windows.filter(
      ({ id, services: served }) => id !== desk.me && (served.includes("*") || served.includes(service)),
    );
    const chosen = await ask({
      title: t(`${number} 转到哪里？`, `Transfer ${number} to where?`),
      text: t("号码不变，按原来的取号时间排队", "It keeps its number and its place in time"),
      choices: [
        ...services.map((one) => [`service ${one.id}`, t(one.name, one.name_en || one.name), t(`${one.waiting} 人等候`, `${one.waiting} waiting`)]),
        ...windows.map((one) => [`window ${one.id}`, one.name, t("只由这个窗口叫", "this window alone")]),
      ],
    });
    if (!chosen) return;
    const [, kind, id] = /^(service|window) (.*)$/.exec(chosen.choice) ?? [];
    const place = (kind === "service" ? services : windows).find((one) => one.id === id);
    if (!place || !(await act("transfer", { [kind]: id }))) return;
    tell(`${number} 已转到 ${place.name}`, `${number} is transferred to ${place.name_en || place.name}`, "good");
  }

  async function pause() {
    if (!mayPress()) return;
    if (desk.view?.window.state === "paused") {
      await act("open");
      return;
    }
    const chosen = await ask({
      title: t("为什么暂停？", "Why a pause?"),
      text: t("条屏和窗口屏显示这几个字", "The strip and the window's screen show it"),
      choices: PAUSES.map(([zh, en], at) => [`pause ${at}`, t(zh || "不写原因", en || "No reason given"), ""]),
      other: { label: t("其他说法，例如：13:30 回来", "Other words, such as: back at 13:30"), send: t("暂停", "Pause"), most: 40 },
    });
    if (!chosen) return;
    const [, listed] = /^pause (\d)$/.exec(chosen.choice) ?? [];
    const [text, english] = listed ? PAUSES[Number(listed)] : [chosen.choice, ""];
    await act("pause", { text, text_en: english });
  }

  async function callNumber() {
    if (!mayPress()) return;
    const busy = Boolean(ticket());
    /** @type {Away[]} */
    const away = await call("GET", `${desk.path}/away`);
    if (!mayPress() || Boolean(ticket()) !== busy) return;
    const chosen = await ask({
      title: busy ? t("让哪个号码回到队列？", "Which number goes back into the queue?") : t("叫哪个号码？", "Call which number?"),
      text: away.length ? t("挂起和过号的号码", "Numbers on hold, and those that did not come") : t("没有挂起或过号的号码", "No number is on hold or missed"),
      choices: away.map((one) => [one.number, `${one.number} ${desk.serviceName(one.service)}`, asideOf(one)]),
      other: { label: t("号码", "Number"), send: busy ? t("回到队列", "Back into the queue") : t("叫号", "Call"), most: 16 },
    });
    if (!chosen) return;
    const wanted = chosen.choice.toUpperCase();
    if (busy) {
      if (await act("return", { number: wanted })) tell(`${wanted} 已回到队列`, `${wanted} is back in the queue`, "good");
      return;
    }
    const reason = away.some((one) => one.number === wanted) ? null : await whyEarly(wanted);
    if (reason === undefined) return;
    await act("call", reason ? { number: wanted, reason } : { number: wanted });
  }

  /** @param {string} wanted a number */
  async function whyEarly(wanted) {
    const chosen = await ask({
      title: t(`为什么先叫 ${wanted}？`, `Why is ${wanted} called before others?`),
      text: t("原因会记入日志", "The reason goes into the log"),
      choices: EARLY.map(([zh, en]) => [zh, t(zh, en), ""]),
      other: { label: t("其他原因", "Another reason"), send: t("叫号", "Call") },
    });
    return chosen?.choice;
  }

  /** @param {Away} away */
  function asideOf({ state, held_until: until, misses }) {
    if (state === "missed") return t(`过号 ${misses} 次`, `missed, ${misses}×`);
    return until ? t(`挂起到 ${hm(new Date(until))}`, `on hold until ${hm(new Date(until))}`) : t("挂起", "on hold");
  }

  async function outcome() {
    const { number } = ticket() ?? {};
    if (!mayPress() || !number) return;
    const chosen = await ask({
      title: t(`${number} 的办理结果`, `How does ${number} end?`),
      text: t("当场办好的请按空格键", "Done on the spot: the space bar"),
      choices: OUTCOMES.map(([id, zh, en, zhNote, enNote]) => [id, t(zh, en), t(zhNote, enNote)]),
      amount: { label: t("几个工作日办结（空着：按规定）", "Working days until done (empty: by the rule)"), min: 0, max: 365 },
    });
    if (!chosen) return;
    const body = { outcome: chosen.choice, ...(chosen.amount === null || chosen.choice === "rejected" ? {} : { promise_days: chosen.amount }) };
    const [, zh, en] = OUTCOMES.find(([id]) => id === chosen.choice) ?? OUTCOMES[0];
    const answer = await act("finish", body);
    if (answer) {
      desk.receipts(answer);
      tell(`${number} 已办结：${zh}`, `${number} is finished: ${en}`, "good");
    }
  }

  async function undo() {
    const { number } = desk.view?.undo ?? {};
    if (!mayPress() || !number || ticket()) return;
    if (await act("undo")) tell(`${number} 已恢复`, `${number} is back as it was`, "good");
  }

  return { hold, transfer, pause, number: callNumber, outcome, undo };
}
