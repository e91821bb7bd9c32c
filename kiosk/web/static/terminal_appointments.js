// Appointments at the terminal: a service, a day, a time, and the ID number they are for; or the number alone, and
// what is booked by it. All of it is forgotten with the visit.

import { isWhole, padKey, renderNumber, withKey, wrongNumber } from "./id_number.js";
import { hm, newKey, now, wordsOf } from "./live.js";

const el = (id) => document.getElementById(id);
const STATES = {
  booked: ["已预约", "Booked"],
  checked_in: ["已取号", "Checked in"],
  cancelled: ["已取消", "Cancelled"],
  missed: ["没有来", "Missed"],
};
/** Refusals after which another time, or another day, may do. */
const TRY_ANOTHER = { slot_full: "time", slot_over: "time", no_such_slot: "time", already_booked: "day", too_far_ahead: "day" };
const DONE = { book: ["确认预约", "Book"], mine: ["查看", "Show"] };

/**
 * The steps between the first page and the answer. `desk` is the page they are on:
 * {path, ask(…), step(name), show(title, rows), refuse(zh, en), two(zh, en) → nodes, clear(), giveUp(error)}.
 */
export function appointments(desk) {
  const { ask, path, two } = desk;
  let wants = "book";       // or "mine"
  let services = [];        // of GET /appointments/days
  let chosen = {};          // {service, day, time}, as far as chosen
  let back = desk.clear;    // what the key for it does in this step
  let typed = "";
  let key = newKey();       // of the booking that is about to be asked for

  function forget() {
    services = [];
    chosen = {};
    type("");
    el("choices").replaceChildren();
    el("choose-title").replaceChildren();
    sayChosen();
  }

  // ---- what is to be booked ----

  function chooseService() {
    chosen = {};
    ask("GET", "/appointments/days", undefined, (answer) => {
      services = answer.services;
      const rows = services.map((one) => ({
        words: [one.service_name, one.service_name_en],
        free: one.days.reduce((sum, { free }) => sum + free, 0),
        pick: () => chooseDay(one),
      }));
      offer(["请选择业务", "Choose a service"], rows, ["现在没有可以预约的业务", "Nothing can be booked now"], desk.clear);
    });
  }

  function chooseDay(service) {
    chosen = { service };
    const rows = service.days.map((day) => ({ words: dayWords(day.date), free: day.free, pick: () => chooseTime(day) }));
    offer(["请选择日期", "Choose a day"], rows, ["这几天都约满了", "All days are booked out"], chooseService);
  }

  function chooseTime(day, then = () => {}) {
    const { service } = chosen;
    chosen = { service, day };
    const query = new URLSearchParams({ service: service.service, date: day.date });
    ask("GET", `/appointments/slots?${query}`, undefined, ({ slots }) => {
      const ahead = slots.filter((one) => new Date(one.begins_at) > now());
      const rows = ahead.map((one) => ({ words: [spanOf(one), ""], free: one.free, pick: () => chooseNumber(one) }));
      offer(["请选择时间", "Choose a time"], rows, ["这一天约满了", "That day is booked out"], () => chooseDay(service));
      then();
    });
  }

  function offer(title, rows, nothing, before) {
    back = before;
    el("choose-title").replaceChildren(...two(...title));
    el("choices").replaceChildren(...rows.map(choiceOf));
    el("nothing").hidden = rows.length > 0;
    el("nothing").replaceChildren(...two(...nothing));
    sayChosen();
    desk.step("choose");
    (el("choices").querySelector("button:enabled") ?? document.querySelector("#choose [data-do=back]")).focus();
  }

  function choiceOf({ words, free, pick }) {
    const button = document.createElement("button");
    const name = document.createElement("span");
    const left = document.createElement("span");
    button.type = "button";
    button.disabled = free === 0;
    name.append(...two(...words));
    left.className = "free";
    left.append(...(free ? two(`余 ${free}`, `${free} left`) : two("约满", "Full")));
    button.append(name, left);
    button.addEventListener("click", pick);
    return button;
  }

  function sayChosen() {
    const { service, day, time } = chosen;
    const parts = [
      service && [service.service_name, service.service_name_en],
      day && dayWords(day.date),
      time && [spanOf(time), spanOf(time)],
    ].filter(Boolean);
    const words = [0, 1].map((language) => parts.map((part) => part[language]).join(" · "));
    for (const line of document.querySelectorAll(".chosen")) line.replaceChildren(...two(...words));
  }

  // ---- whose it is ----

  function chooseNumber(time) {
    chosen = { ...chosen, time };
    key = newKey();
    askNumber("book", () => chooseTime(chosen.day));
  }

  function askNumber(what, before) {
    wants = what;
    back = before;
    el("typed-done").replaceChildren(...two(...DONE[what]));
    type(typed);
    sayChosen();
    desk.step("number");
    document.activeElement?.blur();         // figures, Enter and Esc are the pad's
  }

  function type(number) {
    if (number !== typed) key = newKey();
    typed = number;
    const wrong = wrongNumber(typed);
    renderNumber(el("typed"), typed);
    el("typed-problem").replaceChildren(...(wrong ? two(...wrong) : []));
    el("typed-done").setAttribute("aria-disabled", String(!isWhole(typed)));
  }

  function done() {
    if (!isWhole(typed)) return;
    if (wants === "mine") lookUp(typed);
    else book();
  }

  function book() {
    const { service, day, time } = chosen;
    const body = { service: service.service, date: day.date, time: time.time, resident: { kind: "typed", id_number: typed } };
    ask("POST", `${path}/appointments`, body, showBooked, notBooked, key);
  }

  function notBooked(problem) {
    const say = () => desk.refuse(...wordsOf(problem));
    const again = TRY_ANOTHER[problem.code];
    if (problem.code === "offline" || problem.code === "bad_id_number") say();
    else if (again === "time") chooseTime(chosen.day, say);
    else if (again === "day") {
      chooseDay(chosen.service);
      say();
    } else desk.giveUp(problem);
  }

  function showBooked(made) {
    const rows = [
      { zh: "业务", en: "Service", value: made.service_name },
      { zh: "预约时间", en: "Time", value: `${dayWords(made.date).join(" · ")} ${spanOf(made)}` },
      { zh: "请来取号", en: "Take your number", value: comeOf(made) },
      { zh: "预约码", en: "Code", value: made.code.match(/.{1,4}/g).join(" ") },
    ];
    desk.show(["预约好了，来时请带身份证", "Booked. Bring your ID card"], rows);
    el("late").hidden = false;
  }

  // ---- what is booked ----

  function lookUp(number) {
    ask("POST", `${path}/appointments/mine`, { id_number: number }, (answer) => showMine(answer.appointments, number));
  }

  function showMine(found, number) {
    desk.show(found.length ? ["我的预约", "My appointments"] : ["没有预约", "No appointments"], []);
    el("booked").replaceChildren(...found.map((one) => itemOf(one, found, number)));
    el("late").hidden = !found.some(({ state }) => state === "booked");
  }

  function itemOf(one, found, number) {
    const item = document.createElement("li");
    const words = document.createElement("p");
    const state = document.createElement("p");
    words.append(...two(`${one.service_name} · ${dayWords(one.date)[0]} ${spanOf(one)}`, `${one.service_name_en} · ${dayWords(one.date)[1]} ${spanOf(one)}`));
    const [zh, en] = STATES[one.state];
    const come = one.state === "booked" ? [`，请在 ${comeOf(one)} 取号`, `: take your number ${comeOf(one)}`] : ["", ""];
    state.append(...two(zh + come[0], en + come[1]));
    item.append(words, state);
    if (one.state === "booked") item.append(cancelOf(one, found, number));
    return item;
  }

  function cancelOf(one, found, number) {
    const button = document.createElement("button");
    let sure = false;
    button.type = "button";
    button.append(...two("取消预约", "Cancel it"));
    button.addEventListener("click", () => {
      if (!sure) {
        sure = true;
        button.className = "danger";
        button.replaceChildren(...two("再按一次，确认取消", "Press again to cancel it"));
        return;
      }
      ask("POST", `${path}/appointments/${one.id}/cancel`, { id_number: number }, (cancelled) => {
        showMine(found.map((each) => (each.id === one.id ? cancelled : each)), number);
      });
    });
    return button;
  }

  // ---- keys ----

  el("book").addEventListener("click", chooseService);
  el("mine").addEventListener("click", () => askNumber("mine", desk.clear));
  for (const button of document.querySelectorAll("[data-do=back]")) button.addEventListener("click", () => back());
  for (const button of document.querySelectorAll("[data-key]")) {
    button.addEventListener("click", (event) => {
      if (event.detail) button.blur();      // pressed by hand: Enter stays the pad's
      type(withKey(typed, button.dataset.key));
    });
  }
  el("typed-done").addEventListener("click", done);
  addEventListener("keydown", (event) => {
    const { step } = el("terminal").dataset;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape" && (step === "choose" || step === "number")) back();
    else if (step !== "number") return;
    else if (padKey(event.key)) type(withKey(typed, padKey(event.key)));
    else if (event.key === "Enter" && !event.target.closest("button")) done();
    else return;
    event.preventDefault();
  });

  return {
    forget,
    /** Whether what was scanned is a number, which then stands there. */
    scanned(text) {
      const number = text.trim().toUpperCase();
      if (!/^\d{17}[\dX]$/.test(number)) return false;
      type(number);
      return true;
    },
  };
}

const today = (at = now()) => new Intl.DateTimeFormat("en-CA", { timeZone: document.documentElement.dataset.zone || undefined }).format(at);

/** A date (YYYY-MM-DD) in both languages: [11月24日 周二, Tue, 24 Nov]. */
function dayWords(date) {
  const midnight = new Date(`${date}T00:00:00Z`);
  const said = (language, parts) => new Intl.DateTimeFormat(language, { ...parts, timeZone: "UTC" }).format(midnight);
  const near = date === today() ? ["今天 ", "Today, "] : ["", ""];
  return [
    `${near[0]}${said("zh-CN", { month: "long", day: "numeric" })} ${said("zh-CN", { weekday: "short" })}`,
    `${near[1]}${said("en-GB", { weekday: "short", day: "numeric", month: "short" })}`,
  ];
}

const spanOf = (one) => `${one.time}–${hm(new Date(one.ends_at))}`;
const comeOf = (one) => `${hm(new Date(one.come_from))}–${hm(new Date(one.come_until))}`;
