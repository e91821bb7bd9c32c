// The manager's page of a past day: the hall at any second, made again from its events. The address names day and time,
// so that it can be put into the answer to a complaint; no resident is in it.

import { call, formatOf, hm, Problem, wordsOf } from "../shared/api.js";
import { el, find, make } from "../shared/dom.js";
import { speak, t } from "../shared/language.js";
import { lockWhenLeft } from "../staff/lock.js";
import { signIn, signOut } from "../staff/signing.js";
import { windowCard } from "./window_card.js";

const input = (/** @type {string} */ id) => el(id, HTMLInputElement);
const button = (/** @type {string} */ id) => el(id, HTMLButtonElement);

/** @type {Replay | null} */
let hall = null;
/** @type {[string, string] | null} what went wrong */
let problem = null;
/** @type {{date: string, at: string} | null} what is asked for next, while an answer is waited for */
let wanted = null;
let isAsking = false;

const pad = (/** @type {number} */ count) => String(count).padStart(2, "0");
/** The time of day of a time, with seconds. @param {string} time */
const clockOf = (time) => formatOf("zh-CN", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(new Date(time));
/** @param {string} clock such as 10:42:05 */
const secondsOf = (clock) => clock.split(":").map(Number).reduce((sum, part, place) => sum + part * [3600, 60, 1][place], 0);
const ofSeconds = (/** @type {number} */ sum) => [sum / 3600, (sum / 60) % 60, sum % 60].map((part) => pad(Math.floor(part))).join(":");

function render() {
  el("told").textContent = problem ? t(...problem) : "";
  el("told").className = problem ? "notice warn" : "quiet small";
  el("picture").hidden = !hall;
  if (!hall) return;
  const { at, board, windows, queue, held, earlier, later, noted } = hall;
  const minutesSince = (/** @type {string} */ time) => Math.max(0, Math.floor((Date.parse(at) - Date.parse(time)) / 60_000));
  const names = new Map(board.waiting.map(({ service, name }) => [service, name]));
  button("earlier").disabled = !earlier;
  button("later").disabled = !later;
  if (!problem) {
    el("told").textContent = earlier || later || board.calls.length
      ? t(`${queue.length} 人等候，${held.length} 人暂离`, `${queue.length} waiting, ${held.length} on hold`)
      : t("这一天没有记录", "Nothing is recorded of this day");
  }
  el("calls").replaceChildren(...board.calls.map(({ number, window_name: place, state }) => make(
    "li", { className: state }, make("b", { textContent: number }), make("span", { textContent: place }),
  )));
  el("windows").replaceChildren(...windows.map((one) => windowCard(one, minutesSince, t(one.text, one.text_en || one.text))));
  find("tbody", el("queue")).replaceChildren(...queue.map(({ number, service, since }) => make(
    "tr",
    {},
    make("th", { scope: "row", textContent: number }),
    make("td", { textContent: names.get(service) ?? service }),
    make("td", { className: "count", textContent: hm(new Date(since)) }),
    make("td", { className: "count", textContent: String(minutesSince(since)) }),
  )));
  el("noted").hidden = noted.length === 0;
  find("ul", el("noted")).replaceChildren(...noted.map(({ number, box, at: taken, words }) => make(
    "li", {}, make("b", { textContent: number }), ` ${hm(new Date(taken))} · ${box} · ${t(words.zh, words.en)}`,
  )));
  el("queue").hidden = queue.length === 0;
  el("nobody").textContent = queue.length ? "" : t("没有人等候", "Nobody was waiting");
}

/** Ask for a moment; while one is on its way, for the last that was wanted. @param {string} date @param {string} at */
async function look(date, at) {
  wanted = { date, at };
  if (isAsking) return;
  isAsking = true;
  while (wanted) {
    const query = new URLSearchParams(wanted.at ? wanted : { date: wanted.date });
    wanted = null;
    try {
      hall = await call("GET", `/replay?${query}`);
      problem = null;
    } catch (error) {
      if (error instanceof Problem && error.status === 401) signIn();
      problem = wordsOf(error);
    }
  }
  isAsking = false;
  if (hall && !problem) {
    const clock = clockOf(hall.at);
    input("date").value = hall.date;
    if (document.activeElement !== input("at")) input("at").value = clock;
    if (document.activeElement !== input("second")) input("second").value = String(secondsOf(clock));
    history.replaceState(null, "", `?date=${hall.date}&at=${clock}`);
  }
  render();
}

const lookAt = (/** @type {string} */ at) => look(input("date").value, at);
input("date").addEventListener("change", () => look(input("date").value, ""));
input("at").addEventListener("change", () => {
  input("second").value = String(secondsOf(input("at").value));
  lookAt(input("at").value);
});
input("second").addEventListener("input", () => {
  input("at").value = ofSeconds(Number(input("second").value));
  lookAt(input("at").value);
});
for (const step of /** @type {const} */ (["earlier", "later"])) {
  button(step).addEventListener("click", () => {
    const time = hall?.[step];
    if (time) lookAt(clockOf(time));
  });
}
button("print").addEventListener("click", () => print());
el("when").addEventListener("submit", (event) => event.preventDefault());

signOut();
lockWhenLeft();
speak(render);
const asked = new URLSearchParams(location.search);
look(asked.get("date") ?? input("date").value, asked.get("at") ?? "");
