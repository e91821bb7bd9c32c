// Appointments at the terminal: a service, a day, a time, and for whom: the card that is laid, or a number that is typed,
// of which nothing is told. What is booked is shown by the card or by a booking's code, and by no number. All of it is
// forgotten with the visit.

import { hm, newKey, now, wordsOf, zone } from "../shared/api.js";
import { all, el, find, make, targetOf, two } from "../shared/dom.js";
import { isWhole, padKey, renderNumber, withKey, wrongNumber } from "../shared/id_number.js";
import { inFours } from "../shared/language.js";

/** @type {Record<Appointment["state"], [string, string]>} */
const STATES = {
  booked: ["已预约", "Booked"],
  checked_in: ["已取号", "Checked in"],
  cancelled: ["已取消", "Cancelled"],
  missed: ["没有来", "Missed"],
};
/**
 * Refusals after which another time, or another day, may do.
 * @type {Record<string, "time" | "day">}
 */
const TRY_ANOTHER = { slot_full: "time", slot_over: "time", no_such_slot: "time", already_booked: "day", too_far_ahead: "day" };
/** @type {Record<"book" | "mine", [string, string]>} */
const TITLES = {
  book: ["请放身份证，或输入身份证号码", "Lay your ID card, or enter its number"],
  mine: ["请放身份证，或扫预约码", "Lay your ID card, or scan the booking's code"],
};

/**
 * @typedef {object} Terminal the page that the steps are on; see terminal.js
 * @property {string} path of the terminal in the API
 * @property {(method: "GET" | "POST", address: string, body: object | undefined, then: (answer: any) => void, failed?: (problem: import("../shared/api.js").Problem) => void, key?: string) => Promise<void>} ask
 * @property {(name: string) => void} step
 * @property {(title: [string, string], rows: {zh: string, en: string, value: string | null}[]) => void} show
 * @property {(zh: string, en: string) => void} refuse
 * @property {() => void} clear
 * @property {() => boolean} cardLies on the terminal's reader
 * @property {(error: unknown) => void} giveUp
 */

/**
 * @typedef {{words: [string, string], free: number, pick: () => void}} Choice
 */

/**
 * The steps between the first page and the answer.
 * @param {Terminal} desk
 */
export function appointments(desk) {
  const { ask, path } = desk;
  /** @type {"book" | "mine"} */
  let wants = "book";
  /** @type {BookableService[]} */
  let services = [];        // of GET /appointments/days
  /** @type {{service?: BookableService, day?: BookableDay, time?: Slot}} as far as chosen */
  let chosen = {};
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
    ask("GET", "/appointments/days", undefined, (/** @type {{services: BookableService[]}} */ answer) => {
      services = answer.services;
      /** @type {Choice[]} */
      const rows = services.map((one) => ({
        words: [one.service_name, one.service_name_en],
        free: one.days.reduce((sum, { free }) => sum + free, 0),
        pick: () => chooseDay(one),
      }));
      offer(["请选择业务", "Choose a service"], rows, ["现在没有可以预约的业务", "Nothing can be booked now"], desk.clear);
    });
  }

  /** @param {BookableService} service */
  function chooseDay(service) {
    chosen = { service };
    const rows = service.days.map((day) => ({ words: dayWords(day.date), free: day.free, pick: () => chooseTime(service, day) }));
    offer(["请选择日期", "Choose a day"], rows, ["这几天都约满了", "All days are booked out"], chooseService);
  }

  /**
   * @param {BookableService} service
   * @param {BookableDay} day
   * @param {() => void} [then]
   */
  function chooseTime(service, day, then = () => {}) {
    chosen = { service, day };
    const query = new URLSearchParams({ service: service.service, date: day.date });
    ask("GET", `/appointments/slots?${query}`, undefined, (/** @type {{slots: Slot[]}} */ { slots }) => {
      const ahead = slots.filter((one) => new Date(one.begins_at) > now());
      /** @type {Choice[]} */
      const rows = ahead.map((one) => ({ words: [spanOf(one), ""], free: one.free, pick: () => chooseNumber(service, day, one) }));
      offer(["请选择时间", "Choose a time"], rows, ["这一天约满了", "That day is booked out"], () => chooseDay(service));
      then();
    });
  }

  /**
   * @param {[string, string]} title
   * @param {Choice[]} rows
   * @param {[string, string]} nothing said when there are none
   * @param {() => void} before the step before
   */
  function offer(title, rows, nothing, before) {
    back = before;
    el("choose-title").replaceChildren(...two(...title));
    el("choices").replaceChildren(...rows.map(choiceOf));
    el("nothing").hidden = rows.length > 0;
    el("nothing").replaceChildren(...two(...nothing));
    sayChosen();
    desk.step("choose");
    (all("button:enabled", el("choices"))[0] ?? find("#choose [data-do=back]")).focus();
  }

  /** @param {Choice} choice */
  function choiceOf({ words, free, pick }) {
    const left = free ? two(`余 ${free}`, `${free} left`) : two("约满", "Full");
    const button = make(
      "button",
      { type: "button", disabled: free === 0 },
      make("span", {}, ...two(...words)),
      make("span", { className: "free" }, ...left),
    );
    button.addEventListener("click", pick);
    return button;
  }

  function sayChosen() {
    const { service, day, time } = chosen;
    const parts = [
      ...(service ? [[service.service_name, service.service_name_en]] : []),
      ...(day ? [dayWords(day.date)] : []),
      ...(time ? [[spanOf(time), spanOf(time)]] : []),
    ];
    const [zh, en] = [0, 1].map((language) => parts.map((part) => part[language]).join(" · "));
    for (const line of all(".chosen")) line.replaceChildren(...two(zh, en));
  }

  // ---- whose it is ----

  /**
   * @param {BookableService} service
   * @param {BookableDay} day
   * @param {Slot} time
   */
  function chooseNumber(service, day, time) {
    chosen = { service, day, time };
    key = newKey();
    askNumber("book", () => chooseTime(service, day));
  }

  /**
   * @param {"book" | "mine"} what
   * @param {() => void} before the step before
   */
  function askNumber(what, before) {
    wants = what;
    back = before;
    el("number-title").replaceChildren(...two(...TITLES[what]));
    el("typed-done").replaceChildren(...two("确认预约", "Book"));
    for (const part of [el("typed"), el("typed-problem"), el("typed-done"), ...all("#pad [data-key]")]) part.hidden = what === "mine";
    type(typed);
    sayChosen();
    desk.step("number");
    if (desk.cardLies()) cardLaid();
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();         // figures, Enter and Esc are the pad's
  }

  /** @param {string} number */
  function type(number) {
    if (number !== typed) key = newKey();
    typed = number;
    const wrong = wrongNumber(typed);
    renderNumber(el("typed"), typed);
    el("typed-problem").replaceChildren(...(wrong ? two(...wrong) : []));
    el("typed-done").setAttribute("aria-disabled", String(!isWhole(typed)));
  }

  function done() {
    if (wants === "book" && isWhole(typed)) book({ kind: "typed", id_number: typed });
  }

  /** A card was laid where it is asked for. */
  function cardLaid() {
    if (wants === "mine") lookUp(null);
    else book(null);
  }

  /** @param {{kind: string, id_number: string} | null} resident whose number was typed; null for the card that lies here */
  function book(resident) {
    const { service, day, time } = chosen;
    if (!service || !day || !time) return;
    const body = { service: service.service, date: day.date, time: time.time, resident };
    ask("POST", `${path}/appointments`, body, showBooked, (problem) => notBooked(problem, service, day), key);
  }

  /**
   * @param {import("../shared/api.js").Problem} problem
   * @param {BookableService} service
   * @param {BookableDay} day
   */
  function notBooked(problem, service, day) {
    const say = () => desk.refuse(...wordsOf(problem));
    const again = TRY_ANOTHER[problem.code];
    if (problem.code === "offline" || problem.code === "bad_id_number") say();
    else if (again === "time") chooseTime(service, day, say);
    else if (again === "day") {
      chooseDay(service);
      say();
    } else desk.giveUp(problem);
  }

  /** @param {BookedAppointment} made */
  function showBooked(made) {
    const rows = [
      { zh: "业务", en: "Service", value: made.service_name },
      { zh: "预约时间", en: "Time", value: `${dayWords(made.date).join(" · ")} ${spanOf(made)}` },
      { zh: "请来取号", en: "Take your number", value: comeOf(made) },
      { zh: "预约码", en: "Code", value: inFours(made.code, " ") },
    ];
    desk.show(["预约好了，来时请带身份证", "Booked. Bring your ID card"], rows);
    el("late").hidden = false;
  }

  // ---- what is booked ----

  /** @param {string | null} code of a booking; null for the card that lies here */
  function lookUp(code) {
    ask("POST", `${path}/appointments/mine`, { code }, (answer) => showMine(answer.appointments, code));
  }

  /**
   * @param {Appointment[]} found
   * @param {string | null} code
   */
  function showMine(found, code) {
    desk.show(found.length ? ["我的预约", "My appointments"] : ["没有预约", "No appointments"], []);
    el("booked").replaceChildren(...found.map((one) => itemOf(one, found, code)));
    el("late").hidden = !found.some(({ state }) => state === "booked");
  }

  /**
   * @param {Appointment} one
   * @param {Appointment[]} found all that are shown
   * @param {string | null} code
   */
  function itemOf(one, found, code) {
    const words = make("p", {}, ...two(`${one.service_name} · ${dayWords(one.date)[0]} ${spanOf(one)}`, `${one.service_name_en} · ${dayWords(one.date)[1]} ${spanOf(one)}`));
    const [zh, en] = STATES[one.state];
    const come = one.state === "booked" ? [`，请在 ${comeOf(one)} 取号`, `: take your number ${comeOf(one)}`] : ["", ""];
    const item = make("li", {}, words, make("p", {}, ...two(zh + come[0], en + come[1])));
    if (one.state === "booked") item.append(cancelOf(one, found, code));
    return item;
  }

  /**
   * @param {Appointment} one
   * @param {Appointment[]} found all that are shown
   * @param {string | null} code
   */
  function cancelOf(one, found, code) {
    const button = make("button", { type: "button" }, ...two("取消预约", "Cancel it"));
    let sure = false;
    button.addEventListener("click", () => {
      if (!sure) {
        sure = true;
        button.className = "danger";
        button.replaceChildren(...two("再按一次，确认取消", "Press again to cancel it"));
        return;
      }
      ask("POST", `${path}/appointments/${one.id}/cancel`, { code }, (cancelled) => {
        showMine(found.map((each) => (each.id === one.id ? cancelled : each)), code);
      });
    });
    return button;
  }

  // ---- keys ----

  el("book").addEventListener("click", chooseService);
  el("mine").addEventListener("click", () => askNumber("mine", desk.clear));
  for (const button of all("[data-do=back]")) button.addEventListener("click", () => back());
  for (const button of all("[data-key]")) {
    button.addEventListener("click", (event) => {
      if (event.detail) button.blur();      // pressed by hand: Enter stays the pad's
      type(withKey(typed, button.dataset.key ?? ""));
    });
  }
  el("typed-done").addEventListener("click", done);
  addEventListener("keydown", (event) => {
    const { step } = el("terminal").dataset;
    const pressed = padKey(event.key);
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape" && (step === "choose" || step === "number")) back();
    else if (step !== "number") return;
    else if (pressed) type(withKey(typed, pressed));
    else if (event.key === "Enter" && !targetOf(event).closest("button")) done();
    else return;
    event.preventDefault();
  });

  return {
    forget,
    cardLaid,
    /**
     * Whether what was scanned is taken here: a booking's code; or an ID number, which then stands there as if typed.
     * @param {string} text
     */
    scanned(text) {
      const number = text.trim().toUpperCase();
      if (wants === "mine") lookUp(text);
      else if (/^\d{17}[\dX]$/.test(number)) type(number);
      else return false;
      return true;
    },
  };
}

const today = (at = now()) => new Intl.DateTimeFormat("en-CA", { timeZone: zone() }).format(at);

/**
 * A date (YYYY-MM-DD) in both languages: [11月24日 周二, Tue, 24 Nov].
 * @param {string} date
 * @returns {[string, string]}
 */
function dayWords(date) {
  const midnight = new Date(`${date}T00:00:00Z`);
  const said = (/** @type {string} */ language, /** @type {Intl.DateTimeFormatOptions} */ parts) => new Intl.DateTimeFormat(language, { ...parts, timeZone: "UTC" }).format(midnight);
  const near = date === today() ? ["今天 ", "Today, "] : ["", ""];
  return [
    `${near[0]}${said("zh-CN", { month: "long", day: "numeric" })} ${said("zh-CN", { weekday: "short" })}`,
    `${near[1]}${said("en-GB", { weekday: "short", day: "numeric", month: "short" })}`,
  ];
}

/** @param {Pick<Slot, "time" | "ends_at">} one */
const spanOf = (one) => `${one.time}–${hm(new Date(one.ends_at))}`;
/** @param {Appointment} one */
const comeOf = (one) => `${hm(new Date(one.come_from))}–${hm(new Date(one.come_until))}`;
