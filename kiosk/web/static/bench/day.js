// A hall day that goes by itself: how fast, what the time is in the hall, who waits, and which clerks work alone.

import { call, hm, zone } from "../shared/api.js";
import { all, el, find, make } from "../shared/dom.js";
import { isEnglish, t } from "../shared/language.js";

const TICK = 250;         // ms between looks at the hall's clock
const POINTS = 96;        // of the curve: a day of eight hours, one every five minutes
const FLOOR = 12;         // people who wait, at least, at the top of the curve

/** @type {Record<BenchDay["state"], [string, string]>} what the key does */
const KEYS = { none: ["走完一天", "Run a day"], runs: ["停一下", "Stop"], stopped: ["继续", "Go on"], over: ["再走一天", "Another day"] };
/** @type {Record<string, [string, string]>} what a clerk does who works alone */
const PHASES = { away: ["不在", "away"], free: ["等叫号", "free"], called: ["已叫号", "called"], serving: ["办理中", "serving"], break: ["休息", "on a break"] };

/**
 * The parts of the page that belong to the day.
 * @param {object} options
 * @param {string | null} options.token of the page
 * @param {(problem: unknown) => void} options.tell says what was refused
 * @param {() => unknown} options.began called when a new day begins
 */
export function hallDay({ token, tell, began }) {
  /** @type {BenchDay | null} */
  let day = null;
  let seenAt = 0;          // performance.now() when `day` came
  /** @type {string | null | undefined} */
  let begins;
  let noted = "";

  /**
   * @param {"POST" | "PUT"} method
   * @param {object} body
   */
  async function change(method, body) {
    try {
      await call(method, "/bench/day", body, { token });
    } catch (problem) {
      tell(problem);
    }
  }

  const begin = () => change("POST", { speed: 240 });
  el("day-begin").addEventListener("click", begin);
  el("day-go").addEventListener("click", () => {
    if (!day || day.state === "none" || day.state === "over") return begin();
    return change("PUT", day.running ? { running: false } : { running: true, speed: chosen() });
  });
  const radios = /** @type {HTMLInputElement[]} */ (all("#day input[name=speed]"));
  for (const radio of radios) {
    radio.addEventListener("change", () => {
      if (day?.running || day?.state !== "stopped") change("PUT", { speed: Number(radio.value) });
    });
  }
  const chosen = () => Number(radios.find(({ checked }) => checked)?.value ?? 1);

  /** The hall's time now: it goes on between two messages as fast as the day does. */
  const time = () => (day ? new Date(Date.parse(day.now) + (performance.now() - seenAt) * day.speed) : new Date());

  function tick() {
    if (!day || el("day").hidden) return;
    const at = time();
    el("day-clock").textContent = hm(at);
    el("day-date").textContent = new Intl.DateTimeFormat(isEnglish() ? "en-GB" : "zh-CN", {
      month: "short", day: "numeric", weekday: "short", timeZone: zone(),
    }).format(at);
  }
  setInterval(tick, TICK);

  /** @param {BenchDay | null} fresh */
  function render(fresh) {
    if (fresh !== day) seenAt = performance.now();
    day = fresh;
    el("day-begin").hidden = !day || day.state === "runs" || day.state === "stopped";
    el("day").hidden = !day || (day.state === "none" && !day.running && day.speed === 1);
    if (!day) return;
    if (begins !== undefined && day.begins !== begins) began();
    begins = day.begins;
    tick();
    el("day-go").textContent = t(...KEYS[day.state]);
    // What was chosen while the day stands holds once it goes on.
    const { speed } = day;
    if (day.state !== "stopped") for (const radio of radios) radio.checked = Number(radio.value) === speed;
    for (const count of all("[data-count]")) count.textContent = String(day[/** @type {"came"} */ (count.dataset.count)]);
    drawCurve(day);
    drawPeople(day.people);
    el("said-silent").hidden = !day.silent;
    el("voice").classList.toggle("silent", day.silent);
    el("day-figures").hidden = day.state !== "over";
    const words = note(day);
    if (words !== noted) el("day-note").textContent = noted = words;
  }

  /**
   * The clerk's switch at a window, and who is there.
   * @param {HTMLElement} booth
   * @param {string} window
   */
  function renderBooth(booth, window) {
    const phase = day?.clerks[window];
    const auto = find(".booth-auto", booth);
    auto.hidden = !phase;
    if (!day || !phase) return;
    const isOn = phase !== "away";
    auto.ariaPressed = String(isOn);
    auto.dataset.key = `clerk ${window}`;
    auto.title = isOn ? t(`自动办理：${t(...PHASES[phase])}。点一下由您来办`, `A clerk works by themselves (${t(...PHASES[phase])}); press to take over`) : t("让工作人员自动办理", "Let a clerk work by themselves");
    auto.ariaLabel = t(`${window}号窗口自动办理`, `Window ${window}: a clerk by themselves`);
    auto.onclick = () => change("PUT", { clerks: { [window]: !isOn } });
    const here = day.people.find((one) => one.window === window && (one.where === "called" || one.where === "served"));
    const chip = find(".booth-person", booth);
    chip.hidden = !here;
    chip.classList.toggle("served", here?.where === "served");
    find("span", chip).textContent = here?.number ?? "";
    chip.title = here ? t(here.where === "served" ? "正在办理" : "正走过来", here.where === "served" ? "being served" : "on the way") : "";
  }

  return { render, renderBooth, time, get now() { return day; }, stop: () => change("PUT", { running: false }) };
}

/** @param {BenchDay} day */
function note(day) {
  if (day.state === "over") return t("这一天结束了，数字都在统计里", "The day is over: it stands in the figures");
  if (day.state === "stopped") return t("停下了，您可以自己动手", "It stands still: your turn");
  if (day.silent && day.came) return t("取号机赶不上这么快，其余的人在咨询台取号", "At this speed the kiosk serves some; the others take a number at the desk");
  return "";
}

/** @param {BenchDay} day */
function drawCurve({ curve, share, waiting }) {
  const most = Math.max(FLOOR, ...curve);
  // A shorter or longer day than usual fills the same width.
  const step = share > 0 && curve.length > 1 ? (POINTS * share) / (curve.length - 1) : 1;
  const points = curve.map((count, place) => `${(place * step).toFixed(1)},${(23 - (21 * count) / most).toFixed(1)}`);
  const svg = /** @type {SVGSVGElement} */ (document.querySelector("#day-curve"));
  svg.setAttribute("aria-label", t(`等候人数：现在 ${waiting}，最多 ${Math.max(0, ...curve)}`, `Waiting: ${waiting} now, ${Math.max(0, ...curve)} at most`));
  const shape = (/** @type {string} */ name, /** @type {string} */ path) => {
    const drawn = document.createElementNS("http://www.w3.org/2000/svg", "path");
    drawn.setAttribute("class", name);
    drawn.setAttribute("d", path);
    return drawn;
  };
  const end = ((curve.length - 1) * step).toFixed(1);
  svg.replaceChildren(
    shape("area", `M0,23 L${points.join(" ")} L${end},23 z`),
    shape("line", `M${points.join(" ")}`),
    shape("axis", `M0,23.5 H${POINTS}`),
  );
}

/** @param {BenchPerson[]} people */
function drawPeople(people) {
  const waiting = people.filter(({ where }) => where === "waiting" || where === "held");
  el("seats").hidden = people.length === 0;
  el("seats-count").textContent = String(waiting.length);
  const face = JSON.stringify(waiting);
  const list = el("people");
  if (list.dataset.face === face) return;
  list.dataset.face = face;
  list.replaceChildren(...waiting.map(({ number, where }) => {
    const item = make("li", { className: `person ${where}` }, person(), make("span", { textContent: number }));
    item.dataset.kind = number.charAt(0);
    return item;
  }));
}

function person() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS("http://www.w3.org/2000/svg", "use");
  shape.setAttribute("href", "#i-person");
  svg.append(shape);
  return svg;
}
