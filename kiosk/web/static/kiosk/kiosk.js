// The kiosk's page: it follows the state of the server, shows the page that belongs to it, and takes what is touched,
// pressed or typed. Each part of it has a module of its own.

import { call, hm, now, Problem, zone } from "../shared/api.js";
import { all, el, find } from "../shared/dom.js";
import { chooseLanguage, language, languages, nextLanguage } from "../shared/languages.js";
import { night } from "../shared/night.js";
import { coalesce, follow, lostLine } from "../shared/stream.js";
import { choosing } from "./choosing.js";
import { renderCountdown, setDeadline, stay } from "./countdown.js";
import { flow, nextVisit, onPress, pageNow, post, stateNow, stepBack, toFirstPage, token } from "./flow.js";
import { notices } from "./notices.js";
import { readAloud, readAloudAs } from "./read_aloud.js";
import { searching } from "./search.js";
import { byKey, tactile } from "./tactile.js";
import { renderTicket, ticketWords } from "./ticket_view.js";
import { clearTyped, startTyping, typedByKey } from "./typing.js";
import { isAnotherPerson } from "./visit.js";
import { english, say, told, wordsOf } from "./words.js";

/** @typedef {import("./choices.js").Item} Item */

const root = document.documentElement;
const LANDSCAPE = matchMedia("(orientation: landscape)");
const QUIET = 45_000;         // ms without a touch after which what one resident set is taken back for the next
const FRESH = 60_000;         // ms that the list of matters is not asked for again

// ---------------------------------------------------------------- what is shown

const notice = notices(render);
const choice = choosing({ choose, open, run });
const finder = searching(choice.rows, choice.everything, choice.enquiries, () => run("search"));

/** What was read aloud last, so that the same is not read again at each change. */
let read = "";

function render() {
  const { view } = flow;
  const [state, page] = [stateNow(), pageNow()];
  const [before, pageBefore] = [root.dataset.state, root.dataset.page];
  if (before !== state) {
    if (state !== "typing") clearTyped();
    if (before !== "starting" && flow.notice) {
      notice.close();
      return;
    }
  }
  root.dataset.state = state;
  root.dataset.page = page;
  const names = (/** @type {string | undefined} */ list) => (list ?? "").split(" ");
  for (const section of all(".view")) section.classList.toggle("shown", names(section.dataset.view).includes(page));
  for (const part of all("[data-when]")) part.classList.toggle("now", names(part.dataset.when).includes(state));
  const leaving = state === "choosing";
  el("back").classList.toggle("away", !(leaving ? page !== "home" && page !== "straight" : flow.notice || state === "typing"));
  el("quit").classList.toggle("away", !leaving);
  if (!view) return;
  for (const words of all(".message-words")) {
    say(words, view.message, view.message_en);
    words.classList.toggle("heed", "usual" in words.dataset && !names(words.dataset.usual).includes(view.message));
  }
  if (page === "home") choice.renderHome();
  if (page === "list") choice.renderList();
  if (page === "search") finder.render();
  if (page === "closed" && flow.opens) say(el("opens"), flow.opens.zh, flow.opens.en);
  if (page === "straight") say(find("#straight .service"), view.services[0].name, view.services[0].name_en);
  if (view.ticket) renderTicket(view.ticket, render);
  renderCountdown();
  if (pageBefore !== page || page === "list") focusFirst();
  announce();
}

/** The place on the page that has the focus, as long as it is there. */
let place = "";

/** Where the five keys are used, a new page begins at its first choice. */
function focusFirst() {
  const here = [pageNow(), ...flow.path.map((one) => one.id)].join("\n");
  if (here === place) return;
  place = here;
  const active = /** @type {HTMLElement | null} */ (document.activeElement);
  if (active && !active.getClientRects().length) active.blur();
  else if (byKey() && active?.closest("main")) active.blur();
}

/** Read a page's headline aloud, once. */
function announce() {
  const page = pageNow();
  const { view } = flow;
  const shown = all(".view.shown [data-read]").filter((one) => one.getClientRects().length);
  const words = (page === "taking" || page === "printing") && view?.ticket
    ? told(...ticketWords(view.ticket))
    : shown.map(wordsOf).filter(Boolean).join(told("。", ". "));
  const whole = [page, words].join("\n");
  if (whole === read) return;
  read = whole;
  readAloud(words, words);
}

function tick() {
  el("clock").textContent = hm(now());
  el("date").textContent = now().toLocaleDateString(english() ? "en-GB" : "zh-CN", { timeZone: zone(), month: "long", day: "numeric", weekday: "long" });
  renderCountdown();
  if (performance.now() - flow.touched > QUIET && ["idle", "typing", "fault"].includes(stateNow())) forget();
}

/** The next resident starts from Chinese, the kiosk's usual print and contrast, and an empty pad. */
function forget() {
  flow.touched = performance.now();
  begin();
  speak(languages[0].id);
  for (const mode of ["elder", "contrast"]) setMode(mode, mode === root.dataset.usual);
  clearTyped();
  render();
}

// ---------------------------------------------------------------- what is touched

/** Another resident stands here, or nobody: nothing of the last one is left on any page. */
function begin() {
  nextVisit();
  notice.close();
  choice.clear();
  finder.clear();
  place = "";
}

/**
 * @param {HTMLButtonElement} row
 * @param {Item} item
 */
function choose(row, item) {
  onPress(row, async (key) => {
    const service = flow.view?.services.find((one) => one.id === item.service);
    if (!service) return notice.trouble({ detail: "这件事现在不能取号，请问咨询台", detail_en: "No number can be had for this now: please ask at the desk" });
    if (service.has_ticket) return notice.offerAgain(service, service.has_ticket);
    if (service.shut) {
      const { why, then } = service.shut;
      return notice.trouble({ detail: `${why.zh}，${then.zh}`, detail_en: `${why.en}: ${then.en}` });
    }
    row.classList.add("pressed");
    try {
      await post("choose", item.matter ? { service: item.service, matters: [item.matter] } : { service: item.service }, key);
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.code !== "already_waiting") throw problem;
      notice.offerAgain(service, problem.body.number);
    } finally {
      row.classList.remove("pressed");
    }
  }, notice.trouble);
}

/** @param {import("./choices.js").Branch} branch */
function open(branch) {
  flow.path.push(branch);
  render();
}

/**
 * @param {string} mode a class of the page
 * @param {boolean} on
 */
function setMode(mode, on) {
  if (root.classList.contains(mode) === on) return;
  root.classList.toggle(mode, on);
  find(`[data-do=${mode}]`).setAttribute("aria-pressed", String(on));
  anew();
}

/** The pages of the choice are made for one language and one size of print. */
function anew() {
  toFirstPage();
  choice.clear();
  finder.clear();
  tick();
}

/** @param {string} id of a language */
async function speak(id) {
  if (id === language().id) return;
  await chooseLanguage(id);
  anew();
  render();
}

/** @param {string} mode */
const toggle = (mode) => () => {
  setMode(mode, !root.classList.contains(mode));
  render();
};

/** @type {Record<string, () => unknown>} */
const deeds = {
  language: () => speak(nextLanguage().id),
  elder: toggle("elder"),
  contrast: toggle("contrast"),
  help: notice.help,
  type: () => { flow.typing = true; render(); },
  search: () => { finder.open(); render(); },
  more: () => open(choice.more()),
  "for-other": () => el("for-other").click(),
  back,
};

/** @param {string} deed */
function run(deed) {
  deeds[deed]?.();
}

for (const button of all("[data-do]")) {
  const deed = button.dataset.do ?? "";
  if (deed === "close") button.addEventListener("click", notice.close);
  else if (deed === "quit") onPress(button, (key) => post("cancel", {}, key), notice.trouble);
  else button.addEventListener("click", () => run(deed));
}
onPress(el("for-other"), async (key) => {
  await post("agent", {}, key);
  toFirstPage();
}, notice.trouble);
{
  const button = el("enquiries", HTMLButtonElement);
  onPress(button, async (key) => {
    const item = choice.enquiries();
    if (item) await post("choose", { service: item.service }, key);
  }, notice.trouble);
  const now_ = el("straight-now");
  onPress(now_, (key) => post("choose", { service: flow.view?.services[0].id }, key), notice.trouble);
}
startTyping();

function back() {
  if (flow.notice) notice.close();
  else if (stepBack()) render();
  else if (stateNow() === "choosing") el("quit").click();
  else all(".view.shown [data-do=quit]")[0]?.click();
}

const keys = tactile({
  back,
  help: notice.help,
  again() {
    read = "";
    announce();
  },
});

addEventListener("keydown", (event) => {
  touched();
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (typedByKey(event) || typedLetter(event) || keys.typed(event)) event.preventDefault();
});

/**
 * A letter of a keyboard searches, wherever in the choice it is typed.
 * @param {KeyboardEvent} event
 */
function typedLetter(event) {
  const page = pageNow();
  if (!["home", "list", "search"].includes(page)) return false;
  if (page === "search" && event.key === "Backspace") finder.type("erase");
  else if (/^[a-z0-9]$/i.test(event.key)) {
    if (page !== "search") deeds.search();
    finder.type(event.key.toUpperCase());
  } else return false;
  announce();
  return true;
}

function touched() {
  flow.touched = performance.now();
  root.classList.remove("asleep");
  dark.wake();
  stay();
}

// ---------------------------------------------------------------- alive

const isBusy = () => !["starting", "idle", "fault"].includes(stateNow());

const dark = night({
  busy: isBusy,
  learnt(hours) {
    // While the hall does not say, this box goes on by itself.
    flow.opens = hours?.opens ?? null;
    render();
  },
});

const learnHall = coalesce(async () => {
  flow.hall = await call("GET", "/hall");
  if (flow.view?.ticket) render();
});

let learnt = 0;  // when the matters were asked for

const learnMatters = coalesce(async () => {
  learnt = performance.now();
  const { matters } = await call("GET", "/matters", undefined, { revalidate: true });
  choice.learn(matters);
  if (flow.view) render();
});

/** @param {Kiosk} news */
function arrived(news) {
  const { view } = flow;
  const changed = !view || view.state !== news.state;
  const left = Boolean(view && view.resident && !news.resident);
  if (!flow.connected || (view && isAnotherPerson(view, news))) begin();
  flow.connected = true;
  flow.view = news;
  setDeadline(news.straight_in ?? news.seconds_left, changed);
  if (changed && news.ticket) learnHall();
  if (news.state === "idle" && performance.now() - learnt > FRESH) learnMatters();
  if (news.state !== "idle") root.classList.remove("asleep");
  if (isBusy()) dark.wake();
  render();
  if (left) forget();
  tick();
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let sleepTimer;

/**
 * The presence sensor: nobody has been here for a while, and the screen is dimmed; somebody comes, and it is bright.
 * @param {boolean} here
 */
function isSomebodyHere(here) {
  clearTimeout(sleepTimer);
  if (here) {
    root.classList.remove("asleep");
    dark.wake();
  } else sleepTimer = setTimeout(() => root.classList.add("asleep"), QUIET);
}

addEventListener("pointerdown", touched);
addEventListener("click", ({ detail }) => {
  // Touched by a finger: the five keys begin at the first choice, and not at what happened to be touched.
  if (detail) /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
});
addEventListener("contextmenu", (event) => event.preventDefault());
for (const changes of [LANDSCAPE, matchMedia("(max-height: 900px)")]) {
  changes.addEventListener("change", () => {
    toFirstPage();
    if (flow.view) render();
  });
}
const showLost = lostLine();

/** A kiosk whose token is missing or was removed says so: it would look like one that is cut off. */
async function sayIfRefused() {
  try {
    await call("GET", "/kiosk", undefined, { token });
  } catch (problem) {
    if (!(problem instanceof Problem) || (problem.status !== 401 && problem.status !== 403)) return;
    notice.trouble({
      detail: "这台取号机没有有效的令牌，暂时不能取号。请联系工作人员。",
      detail_en: "This kiosk has no valid token and gives no numbers. Please ask our staff.",
    });
  }
}

readAloudAs(token, () => flow.view?.visit);
follow("/kiosk/events", {
  token,
  on: {
    state: arrived,
    found(found) {
      touched();
      notice.showFound(found);
    },
    key({ key }) {
      touched();
      isSomebodyHere(true);
      keys.press(key);
    },
    help: notice.helpNews,
    presence: ({ here }) => isSomebodyHere(here),
  },
  connected(isConnected, heard) {
    if (!isConnected) flow.connected = false;      // until the next state: who stands here by then is not known yet
    showLost(isConnected, heard);
    if (!isConnected) sayIfRefused();
  },
});
learnHall();
learnMatters();
render();
tick();
setInterval(tick, 1000);
