// The kiosk's page. The state is the server's (GET /kiosk, followed by events); the page adds only what the server need
// not know: the language, the size of print, the number pad, and questions.

import { call, hm, now, Problem, zone } from "../shared/api.js";
import { deviceToken } from "../shared/device_token.js";
import { all, el, find, make, targetOf } from "../shared/dom.js";
import { isWhole, padKey, renderNumber, withKey, wrongNumber } from "../shared/id_number.js";
import { showPiece } from "../shared/piece.js";
import { press } from "../shared/press.js";
import { coalesce, follow, lostLine } from "../shared/stream.js";
import { tactile } from "./tactile.js";
import { isAnotherPerson } from "./visit.js";

const root = document.documentElement;
const { token } = deviceToken("quhao.kiosk");
const LANDSCAPE = matchMedia("(orientation: landscape)");
const FOUND_FOR = 12_000;  // ms that what a scanned code is about stays
const QUIET = 45_000;  // ms without a touch after which what one resident set is taken back for the next

/** @type {Kiosk | null} */
let view = null;       // the last GET /kiosk
let typing = false;    // the number pad is open
let page = 0;          // of the services
let fits = 12;         // services a page: fewer when their names are long
let columns = 1;       // of the services
/** @type {Hall} */
let hall = { services: [], windows: [] };  // of GET /hall
/** @type {number | null} */
let deadline = null;   // when this state ends by itself, and of how many seconds the ring is full
let full = 60;
let touched = Date.now();
let connected = false; // whether what is shown is true now
let visit = new AbortController();  // of the resident who stands here: ends requests that were made for an earlier one

/**
 * Two languages in one element.
 * @param {HTMLElement} element
 * @param {string} zh
 * @param {string} en
 */
function say(element, zh, en) {
  const span = (/** @type {string} */ lang, /** @type {string} */ textContent) => make("span", { lang, textContent });
  element.replaceChildren(make("span", { className: "say" }, span("zh-CN", zh), span("en", en || zh)));
}

const english = () => root.classList.contains("english");

// ---------------------------------------------------------------- what is shown

function shownState() {
  if (!view) return "starting";
  if (view.state === "fault" && view.ticket) return "fault-ticket";
  if (typing && (view.state === "idle" || view.state === "fault")) return "typing";
  return view.state;
}

function render() {
  const state = shownState();
  const before = root.dataset.state;
  root.dataset.state = state;
  const names = (/** @type {string | undefined} */ list) => (list ?? "").split(" ");
  for (const section of all(".view")) section.classList.toggle("shown", names(section.dataset.view).includes(state));
  for (const part of all("[data-when]")) part.classList.toggle("now", names(part.dataset.when).includes(state));
  if (!view) return;
  for (const words of all(".message-words")) {
    say(words, view.message, view.message_en);
    words.classList.toggle("heed", "usual" in words.dataset && !names(words.dataset.usual).includes(view.message));
  }
  if (state === "choosing") renderServices(view, before !== "choosing");
  if (view.ticket) renderTicket(view.ticket);
  if (before !== state) {
    if (state !== "typing") clearTyped();
    if (before !== "starting") closeDialogs();
  }
}

/**
 * @param {Kiosk} shown
 * @param {boolean} fresh
 */
function renderServices(shown, fresh) {
  if (fresh) spread();
  const name = (shown.resident && shown.resident.name) || "";
  el("greeting").textContent = english() ? `Hello${name && ", "}${name}` : `您好${name && "，"}${name}`;
  const earned = shown.resident && shown.resident.priority;
  el("earned").hidden = !earned;
  if (earned) say(find("#earned span"), `${earned.name} 优先办理`, `Priority: ${earned.name_en}`);

  el("choose-now").hidden = shown.agent_wanted;
  el("proxy").hidden = !shown.agent_wanted && !shown.agent;
  if (shown.agent_wanted) say(el("proxy"), shown.message, shown.message_en);
  else if (shown.agent) say(el("proxy"), `代办人：${shown.agent.name ?? ""}`, `Come for them: ${shown.agent.name ?? ""}`);
  el("for-other").setAttribute("aria-pressed", String(shown.agent_wanted || Boolean(shown.agent)));

  const landscape = LANDSCAPE.matches;
  const elder = root.classList.contains("elder");
  const size = Math.min(fits, elder ? 5 : 12);
  const pages = Math.max(1, Math.ceil(shown.services.length / size));
  page = Math.min(page, pages - 1);
  const rows = shown.services.slice(page * size, (page + 1) * size);
  const list = el("services");
  list.classList.toggle("many", columns > 1);
  list.classList.toggle("crowd", columns > 2);
  // Rows are replaced only when the list changes: a row that is being touched must stay.
  const wanted = rows.map((service) => service.id).join(" ");
  if (list.dataset.rows !== wanted) {
    list.replaceChildren(...rows.map(serviceRow));
    list.dataset.rows = wanted;
  }
  rows.forEach((service, index) => fillRow(/** @type {HTMLElement} */ (list.children[index]), service));
  el("pages").hidden = pages < 2;
  // What does not fit goes into another column, or on another page.
  if (overflows(list) && size > 2) {
    if (columns < (elder ? 1 : landscape ? 3 : 2)) columns += 1;
    else fits = Math.min(size, rows.length) - 1;
    renderServices(shown, false);
    return;
  }
  el("page").textContent = `${page + 1} / ${pages}`;
  find("[data-do=page-back]", document, HTMLButtonElement).disabled = page === 0;
  find("[data-do=page-next]", document, HTMLButtonElement).disabled = page === pages - 1;
}

/** @param {HTMLElement} list */
function overflows(list) {
  const room = list.getBoundingClientRect();
  const [first, last] = [list.firstElementChild, list.lastElementChild].map((row) => row?.getBoundingClientRect());
  return Boolean(first && last) && (/** @type {DOMRect} */ (first).top < room.top - 1 || /** @type {DOMRect} */ (last).bottom > room.bottom + 1);
}

/** Lay the services out anew. */
function spread() {
  page = 0;
  fits = 12;
  columns = 1;
}

/** @param {KioskService} service */
function serviceRow(service) {
  const names = make("span", { className: "name" }, make("span", { lang: "zh-CN" }), make("span", { lang: "en" }));
  const row = make("button", { type: "button" }, names, make("span", { className: "queue" }));
  row.dataset.service = service.id;
  onPress(row, (key) => chosen(row, key));
  return row;
}

/**
 * @param {HTMLElement} row
 * @param {KioskService} service
 */
function fillRow(row, service) {
  const state = service.has_ticket ? " has-ticket" : service.shut ? " shut" : service.appointment ? " booked" : "";
  row.className = `service-row${state}`;
  find(".name [lang=zh-CN]", row).textContent = service.name;
  find(".name", row).classList.toggle("long", service.name.length > 14);
  find(".name [lang=en]", row).textContent = service.name_en || "";
  const queue = find(".queue", row);
  const line = (/** @type {string} */ zh, /** @type {string} */ en) => (english() ? en : zh);
  let head;
  /** @type {string | Node} */
  let tail;
  if (service.has_ticket) {
    [head, tail] = [line(`已取号 ${service.has_ticket}`, `You have ${service.has_ticket}`), line("可以补打小票", "can be printed again")];
  } else if (service.shut) {
    [head, tail] = [line(service.shut.why.zh, service.shut.why.en), line(service.shut.then.zh, service.shut.then.en)];
  } else if (service.appointment) {
    [head, tail] = [line(service.appointment.words.zh, service.appointment.words.en), line("点这里取号", "touch to check in")];
  } else {
    const wait = service.expected_wait?.words;
    head = service.waiting ? line(`前面 ${service.waiting} 人`, `${service.waiting} ahead`) : line("无人等候", "Nobody waiting");
    tail = wait && service.waiting ? line(wait.zh, wait.en) : "";
    if (service.warning) {
      tail = make("span", { className: "warning", textContent: line(service.warning.zh, service.warning.en) });
    }
  }
  queue.replaceChildren(make("b", { textContent: head }), tail);
}

/** @param {KioskTicket} ticket */
function renderTicket(ticket) {
  const service = hall.services.find((one) => one.id === ticket.service);
  for (const element of all(".view .service")) if (service) say(element, service.name, service.name_en);
  for (const element of all(".big")) {
    element.textContent = ticket.number;
    element.classList.toggle("long", ticket.number.length > 5);
  }
  for (const element of all(".ahead")) {
    if (ticket.ahead) say(element, `${ticket.ahead} 人等候`, `${ticket.ahead} waiting`);
    else say(element, "马上轮到您", "You are next");
  }
  const serving = hall.windows.filter((one) => one.state !== "closed" && (one.services.includes("*") || one.services.includes(ticket.service)));
  for (const element of all(".where")) {
    if (serving.length && serving.length <= 3) say(element, serving.map((one) => one.name).join("、"), `Window ${serving.map((one) => one.id).join(", ")}`);
    else say(element, "请看大屏叫号", "Watch the screens");
  }
  const lies = Boolean(view?.card_lies);
  root.classList.toggle("card-lies", lies);
  find(".card-step").classList.toggle("done", !lies);
  const code = el("code", HTMLImageElement);
  if (shownState() === "fault-ticket") {
    if (code.dataset.of !== ticket.number) showPiece(code, `/kiosk/code.svg?v=${Date.now()}`, token);
    code.dataset.of = ticket.number;
  }
}

function tick() {
  el("clock").textContent = hm(now());
    el("date").textContent = now().toLocaleDateString(english() ? "en-GB" : "zh-CN", { timeZone: zone(), month: "long", day: "numeric", weekday: "long" });
  const left = deadline === null ? null : Math.max(0, Math.ceil((deadline - Date.now()) / 1000));
  el("seconds").textContent = left === null ? "" : String(left);
  const ring = el("ring");
  ring.hidden = left === null;
  if (left !== null) {
    ring.classList.toggle("soon", left <= 10);
    find("b", ring).textContent = String(left);
    /** @type {SVGElement} */ (ring.querySelector(".left")).style.strokeDashoffset = String(100 - Math.min(100, (100 * left) / full));
    ring.setAttribute("aria-label", english() ? `${left} seconds left` : `还剩 ${left} 秒`);
  }
  if (Date.now() - touched > QUIET && (shownState() === "idle" || shownState() === "typing" || shownState() === "fault")) forget();
}

/** The next resident starts from Chinese, normal print, and an empty pad. */
function forget() {
  touched = Date.now();
  nextVisit();
  setLanguage(false);
  setElder(false);
  if (typing) {
    typing = false;
    clearTyped();
    render();
  }
}

// ---------------------------------------------------------------- what is touched

/** Another resident stands here, or nobody. */
function nextVisit() {
  visit.abort();
  visit = new AbortController();
  again = null;
  closeDialogs();
  spread();
  // Not the same rows again: a finger that went down on one for the last resident must not press it for the next.
  el("services").replaceChildren();
  delete el("services").dataset.rows;
}

/**
 * One request for the resident who stands here; none while that may be somebody else than the page shows.
 * @param {"choose" | "reprint" | "typed" | "agent" | "cancel"} verb
 * @param {object} body
 * @param {string} key
 */
async function post(verb, body, key) {
  if (!view || !connected) throw Problem.offline();
  // A request under way cannot be called back; the server refuses it once this resident's visit is over.
  return call("POST", `/kiosk/${verb}`, { ...body, visit: view.visit }, { key, token, signal: visit.signal });
}

/**
 * @param {HTMLElement} button
 * @param {(key: string) => Promise<unknown>} action
 * @param {(problem: Problem) => void} [failed]
 */
function onPress(button, action, failed = trouble) {
  press(button, action, failed, () => visit);
}

/**
 * @param {HTMLElement} row
 * @param {string} key
 */
async function chosen(row, key) {
  const service = view?.services.find((one) => one.id === row.dataset.service);
  if (!service) return;
  if (service.has_ticket) return offerAgain(service, service.has_ticket);
  if (service.shut) {
    const { why, then } = service.shut;
    trouble({ detail: `${why.zh}，${then.zh}`, detail_en: `${why.en}: ${then.en}` });
    return;
  }
  row.classList.add("pressed");
  try {
    await post("choose", { service: service.id }, key);
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.code !== "already_waiting") throw problem;
    offerAgain(service, problem.body.number);
  } finally {
    row.classList.remove("pressed");
  }
}

/** @type {string | null} */
let again = null;   // the service whose ticket may be printed again

/**
 * @param {KioskService} service
 * @param {string} number
 */
function offerAgain(service, number) {
  again = service.id;
  say(find(".again-service"), service.name, service.name_en);
  find(".again-number").textContent = number || "";
  dialog("again").showModal();
}

/** @param {"again" | "found" | "help" | "trouble"} id */
const dialog = (id) => el(id, HTMLDialogElement);

function closeDialogs() {
  for (const one of /** @type {HTMLDialogElement[]} */ (all("dialog[open]"))) one.close();
}

/** @param {{detail: string, detail_en: string}} problem */
function trouble(problem) {
  say(find(".problem-words"), problem.detail, problem.detail_en);
  closeDialogs();
  dialog("trouble").showModal();
}

/** @param {boolean} toEnglish */
function setLanguage(toEnglish) {
  spread();
  root.classList.toggle("english", toEnglish);
  root.lang = toEnglish ? "en" : "zh-CN";
  tick();
  if (view) render();
}

/** @param {boolean} large */
function setElder(large) {
  root.classList.toggle("elder", large);
  find("[data-do=elder]").setAttribute("aria-pressed", String(large));
  spread();
  if (view) render();
}

/** @type {Record<string, () => void>} */
const deeds = {
  language: () => setLanguage(!english()),
  elder: () => setElder(!root.classList.contains("elder")),
  help: () => dialog("help").showModal(),
  type: () => { typing = true; render(); },
  "leave-typing": () => { typing = false; render(); },
  "page-back": () => { page -= 1; render(); },
  "page-next": () => { page += 1; render(); },
};
for (const button of all("[data-do]")) {
  const deed = button.dataset.do ?? "";
  if (deed === "close") button.addEventListener("click", closeDialogs);
  else if (deed === "quit") onPress(button, (key) => post("cancel", {}, key));
  else button.addEventListener("click", deeds[deed]);
}
onPress(el("for-other"), (key) => post("agent", {}, key));
for (const lost of [false, true]) {
  onPress(el(lost ? "reprint-lost" : "reprint"), async (key) => {
    await post("reprint", { service: again, lost }, key);
    dialog("again").close();
  });
}

// ---------------------------------------------------------------- the number pad

let typed = "";

function renderTyped() {
  const problem = wrongNumber(typed);
  renderNumber(el("typed"), typed);
  if (problem) say(el("typed-problem"), ...problem);
  else el("typed-problem").replaceChildren();
  el("typed-done").setAttribute("aria-disabled", String(!isWhole(typed)));
}

function clearTyped() {
  typed = "";
  typing = false;
  renderTyped();
}

/** @param {string} name of the pad's key that was touched */
function type(name) {
  typed = withKey(typed, name);
  renderTyped();
}
for (const button of all("[data-key]")) button.addEventListener("click", () => type(button.dataset.key ?? ""));
onPress(el("typed-done"), async (idempotency) => {
  if (!isWhole(typed)) return;
  await post("typed", { id_number: typed }, idempotency);
  clearTyped();
}, (problem) => {
  say(el("typed-problem"), problem.detail, problem.detail_en);
  if (problem.code !== "offline") el("typed").classList.add("wrong");
});

addEventListener("keydown", (event) => {
  touched = Date.now();
  if (shownState() !== "typing" || document.querySelector("dialog[open]")) return;
  const pressed = padKey(event.key);
  if (pressed) type(pressed);
  else if (event.key === "Escape") deeds["leave-typing"]();
  else if (event.key === "Enter" && !targetOf(event).closest("button")) el("typed-done").click();
  else return;
  event.preventDefault();
});

// ---------------------------------------------------------------- alive

const learnHall = coalesce(async () => {
  hall = await call("GET", "/hall");
  if (view && view.ticket) render();
});

/** @param {Kiosk} news */
function arrived(news) {
  const changed = !view || view.state !== news.state;
  const left = Boolean(view && view.resident && !news.resident);
  if (!connected || (view && isAnotherPerson(view, news))) nextVisit();
  connected = true;
  view = news;
  const seconds = view.seconds_left;
  deadline = seconds === null ? null : Date.now() + seconds * 1000;
  if (seconds !== null && (changed || seconds > full)) full = Math.max(1, seconds);
  if (changed && view.ticket) learnHall();
  if (view.state !== "idle") root.classList.remove("asleep");
  render();
  if (left) forget();
  tick();
}

// ---------------------------------------------------------------- devices at the kiosk

/** @type {ReturnType<typeof setTimeout> | undefined} */
let foundTimer;

/**
 * A code was held before the kiosk's scanner.
 * @param {{number: string, service: Said | null, words: Said}} found
 */
function showFound({ number, service, words }) {
  touched = Date.now();
  say(find(".found-service"), service?.zh ?? "", service?.en ?? "");
  find(".found-number").textContent = number;
  say(find(".found-words"), words.zh, words.en);
  closeDialogs();
  dialog("found").showModal();
  clearTimeout(foundTimer);
  foundTimer = setTimeout(() => dialog("found").close(), FOUND_FOR);
}

function back() {
  if (document.querySelector("dialog[open]")) closeDialogs();
  else if (shownState() === "typing") deeds["leave-typing"]();
  else all(".view.shown [data-do=quit]")[0]?.click();
}

const pressKey = tactile({ back, help: deeds.help });

/** @param {{key: string}} news */
function keyPressed({ key }) {
  touched = Date.now();
  isSomebodyHere(true);
  pressKey(key);
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let sleepTimer;

/**
 * The presence sensor: nobody has been here for a while, and the screen is dimmed; somebody comes, and it is bright.
 * @param {boolean} here
 */
function isSomebodyHere(here) {
  clearTimeout(sleepTimer);
  if (here) root.classList.remove("asleep");
  else sleepTimer = setTimeout(() => root.classList.add("asleep"), QUIET);
}

addEventListener("pointerdown", () => {
  touched = Date.now();
  root.classList.remove("asleep");
});
addEventListener("contextmenu", (event) => event.preventDefault());
LANDSCAPE.addEventListener("change", () => {
  spread();
  if (view) render();
});
const showLost = lostLine();

/** A kiosk whose token is missing or was removed says so: it would look like one that is cut off. */
async function sayIfRefused() {
  try {
    await call("GET", "/kiosk", undefined, { token });
  } catch (problem) {
    if (!(problem instanceof Problem) || (problem.status !== 401 && problem.status !== 403)) return;
    trouble({
      detail: "这台取号机没有有效的令牌，暂时不能取号。请联系工作人员。",
      detail_en: "This kiosk has no valid token and gives no numbers. Please ask our staff.",
    });
  }
}

follow("/kiosk/events", {
  token,
  on: { state: arrived, found: showFound, key: keyPressed, presence: ({ here }) => isSomebodyHere(here) },
  connected(isConnected, heard) {
    if (!isConnected) connected = false;      // until the next state: who stands here by then is not known yet
    showLost(isConnected, heard);
    if (!isConnected) sayIfRefused();
  },
});
learnHall();
renderTyped();
render();
tick();
setInterval(tick, 1000);
