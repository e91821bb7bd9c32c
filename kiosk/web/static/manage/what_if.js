// The manager's page of days to come: what a window more or less would change, and how many will come.

import { call, Problem, wordsOf } from "../shared/api.js";
import { el, make } from "../shared/dom.js";
import { speak, t } from "../shared/language.js";
import { lockWhenLeft } from "../staff/lock.js";
import { signIn, signOut } from "../staff/signing.js";
import { tile } from "./figure_parts.js";
import { ranges } from "./plots.js";

const select = (/** @type {string} */ id) => el(id, HTMLSelectElement);
const input = (/** @type {string} */ id) => el(id, HTMLInputElement);
const WEEKDAYS = [["周一", "Mon"], ["周二", "Tue"], ["周三", "Wed"], ["周四", "Thu"], ["周五", "Fri"], ["周六", "Sat"], ["周日", "Sun"]];

/** @type {Record<string, [string, string]>} names by id */
const SERVICES = JSON.parse(el("change").dataset.services ?? "{}");

/** @type {WhatIf | null} */
let found = null;
/** @type {ExpectedDays | null} */
let expected = null;
/** @type {[string, string] | null} what went wrong */
let problem = null;
let isAsked = false;

const whole = (/** @type {number} */ value) => Math.round(value).toLocaleString("en");
const tenth = (/** @type {number} */ value) => String(Math.round(value * 10) / 10);

function renderAnswer() {
  const place = el("answer");
  if (isAsked) {
    place.replaceChildren(make("p", { className: "quiet", textContent: t("正在用以前的日子推演…", "Living through past days …") }));
  } else if (problem) {
    place.replaceChildren(make("p", { className: "notice warn", textContent: t(...problem) }));
  } else if (found) {
    const { window, does, from, to, base, changed, saves, low, high, days, runs, waited, replayed } = found;
    const name = [...select("window").options].find(({ value }) => value === window)?.text ?? window;
    const deed = does === "open" ? t("开", "open") : t("关", "shut");
    const minutes = whole(Math.abs(saves));
    const [least, most] = saves >= 0 ? [low, high] : [-high, -low];
    const head = Math.abs(saves) < 1 ? t(
      `${from}–${to} ${deed}${name}，等候几乎没有变化`,
      `${name} ${deed} from ${from} to ${to} changes hardly anything on such a day`,
    ) : saves >= 0
      ? t(`${from}–${to} ${deed}${name}，这样的一天合计少等 ${minutes} 人·分钟`, `${name} ${deed} from ${from} to ${to} saves ${minutes} person-minutes on such a day`)
      : t(`${from}–${to} ${deed}${name}，这样的一天合计多等 ${minutes} 人·分钟`, `${name} ${deed} from ${from} to ${to} costs ${minutes} person-minutes on such a day`);
    place.replaceChildren(
      make("p", { className: "what-if-head", textContent: head }),
      make("ul", { className: "tiles" }, ...[
        [base.p90, changed.p90, t("九成等候不超过（分钟）", "nine tenths wait at most, minutes")],
        [base.median, changed.median, t("一半等候不超过（分钟）", "half wait at most, minutes")],
        [base.unserved, changed.unserved, t("没有办上的号", "numbers never called")],
      ].map(([before, after, words]) => tile(`${tenth(Number(before))} → ${tenth(Number(after))}`, String(words)))),
      make("p", { className: "small", textContent: t(
        `五天里有四天在 ${whole(least)} 到 ${whole(most)} 人·分钟之间`,
        `On four days of five it is between ${whole(least)} and ${whole(most)} person-minutes`,
      ) }),
      make("p", { className: "small quiet", textContent: t(
        `用以前 ${days} 天推演 ${runs} 次。核对：不改变时推演平均等 ${tenth(replayed)} 分钟，那些天实际平均等 ${waited === null ? "–" : tenth(waited)} 分钟`,
        `${days} past days, lived through ${runs} times. Check: without the change residents wait ${tenth(replayed)} minutes on average there, and really waited ${waited === null ? "–" : tenth(waited)}`,
      ) }),
    );
  } else place.replaceChildren();
}

/** @param {ExpectedDay} one */
const dayWords = ({ day, like }) => {
  const [zh, en] = like ? WEEKDAYS[like - 1] : ["休息", "closed"];
  return `${day.slice(5)} ${t(zh, en)}`;
};

/**
 * A table of the services that somebody is expected for, those most asked for first.
 * @param {HTMLElement} place
 * @param {ExpectedDay[]} days
 */
function byService(place, days) {
  const open = days.filter(({ services }) => services.length);
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const { services } of open) for (const { service, mean } of services) sums.set(service, (sums.get(service) ?? 0) + mean);
  const rows = [...sums].sort(([, one], [, other]) => other - one).map(([id]) => make(
    "tr", {},
    make("th", { scope: "row", textContent: t(...(SERVICES[id] ?? [id, id])) }),
    ...open.map(({ services }) => {
      const one = services.find(({ service }) => service === id);
      if (!one) return make("td", { className: "count", textContent: "–" });
      const { mean, low, high, came } = one;
      if (came === null) return make("td", { className: "count" }, make("b", { textContent: String(Math.round(mean)) }), make("span", { className: "quiet small", textContent: ` ${low}–${high}` }));
      const missed = came < low || came > high;
      return make("td", { className: missed ? "count missed" : "count" }, make("b", { textContent: `${missed ? "▲ " : ""}${came}` }), make("span", { className: "quiet small", textContent: ` ${low}–${high}` }));
    }),
  ));
  const head = make("tr", {}, make("th", { scope: "col", textContent: t("业务", "Service") }), ...open.map((one) => make("th", { scope: "col", className: "count", textContent: dayWords(one) })));
  place.replaceChildren(make("thead", {}, head), make("tbody", {}, ...rows));
}

/** @param {ExpectedDay} one */
function panel(one) {
  const { like, hours } = one;
  const place = make("div");
  const sum = Math.round(hours.reduce((all, { mean }) => all + mean, 0));
  ranges(place, hours, hours.length ? "" : like ? t("这样的日子还不够多", "Too few days like it yet") : t("不开放", "Closed"));
  const title = `${dayWords(one)}${hours.length ? t(`：约 ${sum} 人`, `: about ${sum}`) : ""}`;
  return make("section", { className: "day" }, make("p", { className: "day-name", textContent: title }), place);
}

function renderExpected() {
  if (!expected) return;
  const { coming, past, held } = expected;
  el("coming").replaceChildren(...coming.map(panel));
  el("past").replaceChildren(...past.map(panel));
  const percent = held === null ? null : Math.round(100 * held);
  const { held_for: heldFor } = expected;
  el("by-service").hidden = !coming.some(({ services }) => services.length);
  byService(el("coming-for"), coming);
  byService(el("past-for"), past);
  el("held-for").textContent = t(
    `粗体：平均，过去的日子是实际；后面是预计人数的八成区间，▲ 是落在区间外的。${heldFor === null ? "" : `过去七天有 ${Math.round(100 * heldFor)} % 落在区间里（应为 80 %）`}`,
    `Bold: the mean, of past days how many came; then the numbers between which four of five days lie, ▲ where one did not. ${heldFor === null ? "" : `In the last seven days ${Math.round(100 * heldFor)} % came as foretold (80 % should)`}`,
  );
  el("held").textContent = t(
    `条：预计人数的八成区间；竖线：平均；圆点：实际。${percent === null ? "" : `过去七天有 ${percent} % 的时段落在区间里（应为 80 %）`}`,
    `Bar: four of five days lie in it; line: the mean; dot: how many came. ${percent === null ? "" : `Of the hours of the last seven days ${percent} % came as foretold (80 % should)`}`,
  );
}

function render() {
  renderAnswer();
  renderExpected();
}

/** @param {unknown} error */
function refused(error) {
  if (error instanceof Problem && error.status === 401) signIn();
  return wordsOf(error);
}

el("change").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (isAsked) return;
  const like = select("like").value;
  const query = new URLSearchParams({ window: select("window").value, does: select("does").value, from: input("from").value, to: input("to").value });
  if (like === "day") query.set("day", input("day").value);
  else if (like) query.set("weekday", like);
  isAsked = true;
  problem = null;
  renderAnswer();
  try {
    found = await call("GET", `/what-if?${query}`);
  } catch (error) {
    problem = refused(error);
  }
  isAsked = false;
  renderAnswer();
});
select("like").addEventListener("change", () => { el("day-part").hidden = select("like").value !== "day"; });

async function learn() {
  try {
    expected = await call("GET", "/expected");
  } catch (error) {
    el("held").textContent = t(...refused(error));
    return;
  }
  renderExpected();
}

signOut();
lockWhenLeft();
speak(render);
learn();
