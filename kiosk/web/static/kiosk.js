/* The kiosk's page. The state is the server's (GET /kiosk, followed by events); the page adds only what is nobody
   else's business: the language, the size of print, the number pad, and what is asked back. */

import { isWhole, padKey, renderNumber, withKey, wrongNumber } from "./id_number.js";
import { call, coalesce, follow, hm, lostLine, now, press, Problem } from "./live.js";
import { isAnotherPerson } from "./visit.js";

const root = document.documentElement;
const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
const LANDSCAPE = matchMedia("(orientation: landscape)");
const QUIET = 45_000;  // ms without a touch after which what one resident set is taken back for the next

let view = null;       // the last GET /kiosk
let typing = false;    // the number pad is open
let page = 0;          // of the services
let fits = 12;         // services a page: fewer when their names are long
let columns = 1;       // of the services
let hall = { services: [], windows: [] };  // of GET /hall
let deadline = null;   // when this state ends by itself, and of how many seconds the ring is full
let full = 60;
let touched = Date.now();
let connected = false; // whether what is shown is true now
let visit = new AbortController();  // of the resident who stands here: ends requests that were made for an earlier one

/* Two languages in one element. */
function say(element, zh, en) {
  const span = (lang, words) => Object.assign(document.createElement("span"), { lang, textContent: words });
  const both = Object.assign(document.createElement("span"), { className: "say" });
  both.append(span("zh-CN", zh), span("en", en || zh));
  element.replaceChildren(both);
}

const english = () => root.classList.contains("english");
const waitWords = (wait) => {
  if (!wait) return null;
  const span = wait.low === wait.high ? `${wait.low}` : `${wait.low}–${wait.high}`;
  return wait.high < 1 ? ["马上办理", "No wait"] : [`约 ${span} 分钟`, `about ${span} min`];
};

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
  for (const section of $$(".view")) section.classList.toggle("shown", section.dataset.view.split(" ").includes(state));
  for (const part of $$("[data-when]")) part.classList.toggle("now", part.dataset.when.split(" ").includes(state));
  if (!view) return;
  for (const words of $$(".message-words")) {
    say(words, view.message, view.message_en);
    words.classList.toggle("heed", "usual" in words.dataset && !words.dataset.usual.split(" ").includes(view.message));
  }
  if (state === "choosing") renderServices(before !== "choosing");
  if (view.ticket) renderTicket(view.ticket);
  if (before !== state) {
    if (state !== "typing") clearTyped();
    if (before !== "starting") for (const dialog of $$("dialog[open]")) dialog.close();
  }
}

function renderServices(fresh) {
  if (fresh) spread();
  const name = (view.resident && view.resident.name) || "";
  $("#greeting").textContent = english() ? `Hello${name && ", "}${name}` : `您好${name && "，"}${name}`;
  const earned = view.resident && view.resident.priority;
  $("#earned").hidden = !earned;
  if (earned) say($("#earned span"), `${earned.name} 优先办理`, `Priority: ${earned.name_en}`);

  $("#choose-now").hidden = view.agent_wanted;
  $("#proxy").hidden = !view.agent_wanted && !view.agent;
  if (view.agent_wanted) say($("#proxy"), view.message, view.message_en);
  else if (view.agent) say($("#proxy"), `代办人：${view.agent.name ?? ""}`, `Come for them: ${view.agent.name ?? ""}`);
  $("#for-other").setAttribute("aria-pressed", String(view.agent_wanted || Boolean(view.agent)));

  const landscape = LANDSCAPE.matches;
  const elder = root.classList.contains("elder");
  const size = Math.min(fits, elder ? 5 : 12);
  const pages = Math.max(1, Math.ceil(view.services.length / size));
  page = Math.min(page, pages - 1);
  const rows = view.services.slice(page * size, (page + 1) * size);
  const list = $("#services");
  list.classList.toggle("many", columns > 1);
  list.classList.toggle("crowd", columns > 2);
  // Rows are kept while the list stays the same, so that news doesn't take the ground from under a finger.
  const wanted = rows.map((service) => service.id).join(" ");
  if (list.dataset.rows !== wanted) {
    list.replaceChildren(...rows.map(serviceRow));
    list.dataset.rows = wanted;
  }
  rows.forEach((service, index) => fillRow(list.children[index], service));
  $("#pages").hidden = pages < 2;
  // What does not fit goes into another column, or on another page.
  if (overflows(list) && size > 2) {
    if (columns < (elder ? 1 : landscape ? 3 : 2)) columns += 1;
    else fits = Math.min(size, rows.length) - 1;
    renderServices(false);
    return;
  }
  $("#page").textContent = `${page + 1} / ${pages}`;
  $("[data-do=page-back]").disabled = page === 0;
  $("[data-do=page-next]").disabled = page === pages - 1;
}

function overflows(list) {
  const room = list.getBoundingClientRect();
  const first = list.firstElementChild;
  return Boolean(first) && (first.getBoundingClientRect().top < room.top - 1 || list.lastElementChild.getBoundingClientRect().bottom > room.bottom + 1);
}

/* Lay the services out anew. */
function spread() {
  page = 0;
  fits = 12;
  columns = 1;
}

function serviceRow(service) {
  const row = document.createElement("button");
  row.type = "button";
  row.dataset.service = service.id;
  row.innerHTML = '<span class="name"><span lang="zh-CN"></span><span lang="en"></span></span><span class="queue"></span>';
  onPress(row, (key) => chosen(row, key));
  return row;
}

function fillRow(row, service) {
  const state = service.has_ticket ? " has-ticket" : service.shut ? " shut" : service.appointment ? " booked" : "";
  row.className = "service-row" + state;
  $(".name [lang=zh-CN]", row).textContent = service.name;
  $(".name", row).classList.toggle("long", service.name.length > 14);
  $(".name [lang=en]", row).textContent = service.name_en || "";
  const queue = $(".queue", row);
  const line = (zh, en) => `${english() ? en : zh}`;
  let head, tail;
  if (service.has_ticket) {
    [head, tail] = [line(`已取号 ${service.has_ticket}`, `You have ${service.has_ticket}`), line("可以补打小票", "can be printed again")];
  } else if (service.shut) {
    [head, tail] = [line(service.shut.why.zh, service.shut.why.en), line(service.shut.then.zh, service.shut.then.en)];
  } else if (service.appointment) {
    [head, tail] = [line(service.appointment.words.zh, service.appointment.words.en), line("点这里取号", "touch to check in")];
  } else {
    const wait = waitWords(service.expected_wait);
    head = service.waiting ? line(`前面 ${service.waiting} 人`, `${service.waiting} ahead`) : line("无人等候", "Nobody waiting");
    tail = wait && service.waiting ? line(...wait) : "";
    if (service.warning) {
      tail = Object.assign(document.createElement("span"), { className: "warning", textContent: line(service.warning.zh, service.warning.en) });
    }
  }
  queue.replaceChildren(Object.assign(document.createElement("b"), { textContent: head }), tail);
}

function renderTicket(ticket) {
  const service = hall.services.find((one) => one.id === ticket.service);
  for (const element of $$(".view .service")) if (service) say(element, service.name, service.name_en);
  for (const element of $$(".big")) {
    element.textContent = ticket.number;
    element.classList.toggle("long", ticket.number.length > 5);
  }
  for (const element of $$(".ahead")) {
    if (ticket.ahead) say(element, `${ticket.ahead} 人等候`, `${ticket.ahead} waiting`);
    else say(element, "马上轮到您", "You are next");
  }
  const serving = hall.windows.filter((one) => one.state !== "closed" && (one.services.includes("*") || one.services.includes(ticket.service)));
  for (const element of $$(".where")) {
    if (serving.length && serving.length <= 3) say(element, serving.map((one) => one.name).join("、"), `Window ${serving.map((one) => one.id).join(", ")}`);
    else say(element, "请看大屏叫号", "Watch the screens");
  }
  root.classList.toggle("card-lies", view.card_lies);
  $(".card-step").classList.toggle("done", !view.card_lies);
  const code = $("#code");
  if (shownState() === "fault-ticket") {
    if (code.dataset.of !== ticket.number) code.src = `/kiosk/code.svg?of=${encodeURIComponent(ticket.number)}`;
    code.dataset.of = ticket.number;
  }
}

function tick() {
  $("#clock").textContent = hm(now());
  const zone = { timeZone: root.dataset.zone || undefined };
  $("#date").textContent = now().toLocaleDateString(english() ? "en-GB" : "zh-CN", { ...zone, month: "long", day: "numeric", weekday: "long" });
  const left = deadline === null ? null : Math.max(0, Math.ceil((deadline - Date.now()) / 1000));
  $("#seconds").textContent = left === null ? "" : left;
  const ring = $("#ring");
  ring.hidden = left === null;
  if (left !== null) {
    ring.classList.toggle("soon", left <= 10);
    $("b", ring).textContent = left;
    $(".left", ring).style.strokeDashoffset = String(100 - Math.min(100, (100 * left) / full));
    ring.setAttribute("aria-label", english() ? `${left} seconds left` : `还剩 ${left} 秒`);
  }
  if (Date.now() - touched > QUIET && (shownState() === "idle" || shownState() === "typing" || shownState() === "fault")) forget();
}

/* The next resident starts from Chinese, normal print, and an empty pad. */
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

/* Another resident stands here, or nobody. */
function nextVisit() {
  visit.abort();
  visit = new AbortController();
  again = null;
  for (const dialog of $$("dialog[open]")) dialog.close();
  // Not the same rows again: a finger that went down on one for the last resident must not press it for the next.
  $("#services").replaceChildren();
  delete $("#services").dataset.rows;
}

/* One request for the resident who stands here; none while that may be somebody else than the page shows. */
async function post(verb, body, key) {
  if (!connected) throw Problem.offline();
  return call("POST", `/kiosk/${verb}`, body, { key, signal: visit.signal });
}

function onPress(button, action, failed = trouble) {
  press(button, action, failed, () => visit);
}

async function chosen(row, key) {
  const service = view.services.find((one) => one.id === row.dataset.service);
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

let again = null;
function offerAgain(service, number) {
  again = service.id;
  say($(".again-service"), service.name, service.name_en);
  $(".again-number").textContent = number || "";
  ask("#again");
}

function ask(dialog) {
  $(dialog).showModal();
}

function trouble(problem) {
  say($(".problem-words"), problem.detail, problem.detail_en);
  for (const dialog of $$("dialog[open]")) dialog.close();
  ask("#trouble");
}

function setLanguage(toEnglish) {
  spread();
  root.classList.toggle("english", toEnglish);
  root.lang = toEnglish ? "en" : "zh-CN";
  tick();
  if (view) render();
}

function setElder(large) {
  root.classList.toggle("elder", large);
  $("[data-do=elder]").setAttribute("aria-pressed", String(large));
  spread();
  if (view) render();
}

const deeds = {
  language: () => setLanguage(!english()),
  elder: () => setElder(!root.classList.contains("elder")),
  help: () => ask("#help"),
  type: () => { typing = true; render(); },
  "leave-typing": () => { typing = false; render(); },
  "page-back": () => { page -= 1; render(); },
  "page-next": () => { page += 1; render(); },
};
for (const button of $$("[data-do]")) {
  const deed = button.dataset.do;
  if (deed === "close") button.addEventListener("click", () => button.closest("dialog").close());
  else if (deed === "quit") onPress(button, (key) => post("cancel", {}, key));
  else button.addEventListener("click", deeds[deed]);
}
onPress($("#for-other"), (key) => post("agent", {}, key));
onPress($("#reprint"), async (key) => {
  await post("reprint", { service: again }, key);
  $("#again").close();
});

// ---------------------------------------------------------------- the number pad

let typed = "";

function renderTyped() {
  const problem = wrongNumber(typed);
  renderNumber($("#typed"), typed);
  if (problem) say($("#typed-problem"), ...problem);
  else $("#typed-problem").replaceChildren();
  $("#typed-done").setAttribute("aria-disabled", String(!isWhole(typed)));
}

function clearTyped() {
  typed = "";
  typing = false;
  renderTyped();
}

function key(name) {
  typed = withKey(typed, name);
  renderTyped();
}
for (const button of $$("[data-key]")) button.addEventListener("click", () => key(button.dataset.key));
onPress($("#typed-done"), async (idempotency) => {
  if (!isWhole(typed)) return;
  await post("typed", { id_number: typed }, idempotency);
  clearTyped();
}, (problem) => {
  say($("#typed-problem"), problem.detail, problem.detail_en);
  if (problem.code !== "offline") $("#typed").classList.add("wrong");
});

addEventListener("keydown", (event) => {
  touched = Date.now();
  if (shownState() !== "typing" || $("dialog[open]")) return;
  if (padKey(event.key)) key(padKey(event.key));
  else if (event.key === "Escape") deeds["leave-typing"]();
  else if (event.key === "Enter" && !event.target.closest("button")) $("#typed-done").click();
  else return;
  event.preventDefault();
});

// ---------------------------------------------------------------- alive

const learnHall = coalesce(async () => {
  hall = await call("GET", "/hall");
  if (view && view.ticket) render();
});

function arrived(news) {
  const changed = !view || view.state !== news.state;
  const left = Boolean(view && view.resident && !news.resident);
  if (!connected || (view && isAnotherPerson(view, news))) nextVisit();
  connected = true;
  view = news;
  const seconds = view.seconds_left;
  deadline = seconds === null || seconds === undefined ? null : Date.now() + seconds * 1000;
  if (deadline !== null && (changed || seconds > full)) full = Math.max(1, seconds);
  if (changed && view.ticket) learnHall();
  render();
  if (left) forget();
  tick();
}

addEventListener("pointerdown", () => { touched = Date.now(); });
addEventListener("contextmenu", (event) => event.preventDefault());
LANDSCAPE.addEventListener("change", () => {
  spread();
  if (view) render();
});
const showLost = lostLine();
follow("/kiosk/events", {
  on: { state: arrived },
  connected(isConnected, heard) {
    if (!isConnected) connected = false;      // until the next state: who stands here by then is not known yet
    showLost(isConnected, heard);
  },
});
learnHall();
renderTyped();
render();
tick();
setInterval(tick, 1000);
