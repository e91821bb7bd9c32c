// Appointments at the terminal: a service, a day, a time, and for whom: the card that is laid, or a number that is typed,
// of which nothing is told. What is booked is shown by the card or by a booking's code, and by no number. What was booked
// or cancelled here can be taken back for ten minutes.

import { formatOf, hm, newKey, now, wordsOf } from "../shared/api.js";
import { both, el, make } from "../shared/dom.js";
import { inFours } from "../shared/language.js";
import { twice } from "./answers.js";
import { choose } from "./lists.js";
import { A_CODE, ID_NUMBER } from "./pads.js";

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

/**
 * @param {import("./visit.js").Visits} visit
 * @param {import("./pads.js").Pads} pad
 * @param {import("./answers.js").Answers} answers
 */
export function appointments(visit, pad, answers) {
  const { ask, path } = visit;
  /** @type {{service?: BookableService, day?: BookableDay, time?: Slot}} as far as chosen */
  let chosen = {};

  // ---- what is to be booked ----

  function chooseService() {
    chosen = {};
    ask("GET", "/appointments/days", undefined, (/** @type {{services: BookableService[]}} */ answer) => {
      const rows = answer.services.map((one) => rowOf([one.service_name, one.service_name_en], one.days.reduce((sum, { free }) => sum + free, 0), () => chooseDay(one)));
      offer(["请选择业务", "Choose a service"], rows, ["现在没有可以预约的业务", "Nothing can be booked now"], null);
    });
  }

  /** @param {BookableService} service */
  function chooseDay(service) {
    chosen = { service };
    const rows = service.days.map((day) => rowOf(dayWords(day.date), day.free, () => chooseTime(service, day)));
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
      const rows = ahead.map((one) => rowOf([spanOf(one), spanOf(one)], one.free, () => askNumber(service, day, one)));
      offer(["请选择时间", "Choose a time"], rows, ["这一天约满了", "That day is booked out"], () => chooseDay(service));
      then();
    });
  }

  /**
   * @param {[string, string]} words
   * @param {number} free
   * @param {() => void} pick
   * @returns {import("./lists.js").Choice}
   */
  const rowOf = (words, free, pick) => ({ words, side: free ? [`余 ${free}`, `${free} left`] : ["约满", "Full"], shut: !free, pick });

  /**
   * @param {[string, string]} title
   * @param {import("./lists.js").Choice[]} rows
   * @param {[string, string]} nothing said when there are none
   * @param {(() => void) | null} back
   */
  const offer = (title, rows, nothing, back) => choose(visit, title, rows, { nothing, back, chosen: saidOf(chosen) });

  // ---- whose it is ----

  /**
   * @param {BookableService} service
   * @param {BookableDay} day
   * @param {Slot} time
   */
  function askNumber(service, day, time) {
    chosen = { service, day, time };
    let key = newKey();
    /** @type {string | null} */
    let asked = null;       // the number that the key was used for
    const body = { service: service.service, date: day.date, time: time.time };
    const book = (/** @type {string | null} */ number) => {
      if (asked !== number) key = newKey();
      asked = number;
      const resident = number && { kind: "typed", id_number: number };
      ask("POST", `${path}/appointments`, { ...body, resident }, showBooked, (problem) => notBooked(problem, service, day), key);
    };
    visit.show({
      view: "type",
      title: ["请放身份证，或输入身份证号码", "Lay your ID card, or enter its number"],
      chosen: saidOf(chosen),
      back: () => chooseTime(service, day),
      card: () => book(null),
      scan(text) {
        const number = text.trim().toUpperCase();
        if (!/^\d{17}[\dX]$/.test(number)) return false;
        pad.put(number);
        return true;
      },
    });
    pad.open({ ...ID_NUMBER, words: ["确认预约", "Book"], done: book });
  }

  /**
   * @param {import("../shared/api.js").Problem} problem
   * @param {BookableService} service
   * @param {BookableDay} day
   */
  function notBooked(problem, service, day) {
    const say = () => visit.refuse(wordsOf(problem));
    const again = TRY_ANOTHER[problem.code];
    if (problem.code === "offline" || problem.code === "bad_id_number") say();
    else if (again === "time") chooseTime(service, day, say);
    else if (again === "day") {
      chooseDay(service);
      say();
    } else visit.giveUp(problem);
  }

  /** @param {BookedAppointment} made */
  function showBooked(made) {
    const { code } = made;
    answers.show(["预约好了，来时请带身份证", "Booked. Bring your ID card"], [
      { zh: "业务", en: "Service", value: made.service_name },
      { zh: "预约时间", en: "Time", value: `${dayWords(made.date).join(" · ")} ${spanOf(made)}` },
      { zh: "请来取号", en: "Take your number", value: comeOf(made) },
      { zh: "预约码", en: "Code", value: inFours(code, " ") },
    ]);
    el("late").hidden = false;
    if (made.qr) answers.picture(made.qr, ["用手机扫一下：可以查看、取消、撤回", "Scan it with your phone: see it, cancel it, take it back"], "预约的二维码 QR code of your booking");
    answers.addKey(["撤回这次预约", "Take this booking back"], () => {
      ask("POST", `${path}/appointments/${made.id}/take-back`, { code }, () => answers.show(["预约已撤回", "Booking taken back"], []), say);
    });
  }

  // ---- what is booked ----

  function askWhose() {
    visit.show({
      view: "type",
      title: ["请放身份证，或扫预约码", "Lay your ID card, or scan the booking's code"],
      card: () => lookUp(null),
      scan(text) {
        lookUp(text);
        return true;
      },
    });
    pad.open({ ...A_CODE, words: ["查询", "Look up"], done: lookUp });
  }

  /** @param {string | null} code of a booking; null for the card that lies here */
  function lookUp(code) {
    ask("POST", `${path}/appointments/mine`, { code }, (answer) => showMine(answer.appointments, code));
  }

  /**
   * @param {Appointment[]} found
   * @param {string | null} code
   */
  function showMine(found, code) {
    answers.show(found.length ? ["我的预约", "My appointments"] : ["没有预约", "No appointments"], []);
    el("booked").replaceChildren(...found.map((one) => itemOf(one, found, code)));
    el("late").hidden = !found.some(({ state }) => state === "booked");
  }

  /**
   * @param {Appointment} one
   * @param {Appointment[]} found all that are shown
   * @param {string | null} code
   */
  function itemOf(one, found, code) {
    const words = both(`${one.service_name} · ${dayWords(one.date)[0]} ${spanOf(one)}`, `${one.service_name_en} · ${dayWords(one.date)[1]} ${spanOf(one)}`);
    const [zh, en] = STATES[one.state];
    const come = one.state === "booked" ? [`，请在 ${comeOf(one)} 取号`, `: take your number ${comeOf(one)}`] : ["", ""];
    const item = make("li", {}, make("p", {}, words), make("p", {}, both(zh + come[0], en + come[1])));
    const change = (/** @type {string} */ verb) => ask("POST", `${path}/appointments/${one.id}/${verb}`, { code }, (changed) => {
      showMine(found.map((each) => (each.id === one.id ? changed : each)), code);
    }, say);
    if (one.state === "booked") item.append(twice(["取消预约", "Cancel it"], ["再按一次，确认取消", "Press again to cancel it"], () => change("cancel")));
    if (one.state === "cancelled" && one.take_back_until && new Date(one.take_back_until) > now()) {
      const until = hm(new Date(one.take_back_until));
      const button = make("button", { type: "button" }, both(`恢复预约（${until} 前可以）`, `Book it again (until ${until})`));
      button.addEventListener("click", () => change("take-back"));
      item.append(button);
    }
    return item;
  }

  /** @param {unknown} problem */
  const say = (problem) => visit.refuse(wordsOf(problem));

  return {
    book: chooseService,
    mine: askWhose,
    ofCode: lookUp,
    forget() {
      chosen = {};
    },
  };
}

/** @param {{service?: BookableService, day?: BookableDay, time?: Slot}} chosen */
function saidOf({ service, day, time }) {
  const english = document.documentElement.classList.contains("english");
  const at = english ? 1 : 0;
  return [
    ...(service ? [[service.service_name, service.service_name_en || service.service_name][at]] : []),
    ...(day ? [dayWords(day.date)[at]] : []),
    ...(time ? [spanOf(time)] : []),
  ].join(" · ");
}

const today = (at = now()) => formatOf("en-CA", {}).format(at);

/**
 * A date (YYYY-MM-DD) in both languages: [11月24日 周二, Tue, 24 Nov].
 * @param {string} date
 * @returns {[string, string]}
 */
function dayWords(date) {
  const midnight = new Date(`${date}T00:00:00Z`);
  const said = (/** @type {string} */ language, /** @type {Intl.DateTimeFormatOptions} */ parts) => formatOf(language, { ...parts, timeZone: "UTC" }).format(midnight);
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
