// The clerk's page: one big key that is always in the same place, and a scan taken wherever the focus is.
//
// What is on the page is what the hall said last. A press is one request with a key of its own; while it runs, while
// the line is cut, and for a moment after the big key has changed its meaning, other presses do nothing.

import { call, hm, newKey, now, Problem } from "../shared/api.js";
import { answerByKey, ask, isAsking, takeBack } from "../staff/ask.js";
import { all, el, find, targetOf } from "../shared/dom.js";
import { speak, t } from "../shared/language.js";
import { awake, isLocked, lockWhenLeft } from "../staff/lock.js";
import { listenForScans } from "../shared/scan.js";
import { signIn, signOut } from "../staff/signing.js";
import { coalesce, follow, lostLine } from "../shared/stream.js";
import { windowHelp } from "./help.js";
import { matterPanel } from "./matters.js";
import { renderQueue } from "./queue.js";
import { residentPanel } from "./resident.js";
import { secondScreen } from "./second_screen.js";
import { clerkVerbs } from "./verbs.js";
import { bigKeyOf, GO, REASONS, receiptLines, refusalOf, STATES } from "./words.js";

const SETTLE = 400;       // ms in which the second half of a double press finds nothing to press
const SURE = 4000;        // ms in which a no-show must be confirmed

const page = el("window");
const me = page.dataset.window ?? "";
const goKey = el("go", HTMLButtonElement);
const showKey = el("show", HTMLButtonElement);
const overrideKey = el("override", HTMLButtonElement);
const path = `/windows/${encodeURIComponent(me)}`;

/** @type {WindowView | null} */
let view = null;          // GET /windows/{w}
let asked = 0;            // how often it was asked for,
let answered = 0;         // and which of the answers is on the page
/** @type {Hall | null} */
let hall = null;          // GET /hall
/** @type {boolean | null} */
let connected = null;
let busy = false;
/** @type {ReturnType<typeof setTimeout> | null} */
let settling = null;
let goVerb = "";          // what the big key does now
/** @type {ReturnType<typeof setTimeout> | null} */
let sureTimer = null;
/** @type {[zh: string, en: string, kind: string] | null} */
let message = null;
/** @type {string | null} */
let refused = null;       // the code of a scan that a reason may still let through
/** @type {{clerk: string, since: string} | null} */
let taken = null;         // of a refusal because another clerk sits here

const panel = residentPanel(tell);
const matters = matterPanel(tell, tellProblem);
const help = windowHelp({ me, path, tell });
const second = secondScreen({ path, tell, panel });
const showLost = lostLine();

/**
 * Put a line where the clerk looks; an empty one takes it away.
 * @param {string} zh
 * @param {string} en
 * @param {string} [kind] its colour
 */
function tell(zh, en, kind = "") {
  message = zh ? [zh, en, kind] : null;
  el("message").className = `message ${zh ? kind : ""}`;
  el("message-text").textContent = message ? t(zh, en) : "";
  overrideKey.hidden = !refused && !taken;
  el("override-text").textContent = taken ? t("接管窗口", "Take over") : t("仍在本窗口办理", "Serve here anyway");
}

/** @param {Problem} problem */
function tellProblem(problem) {
  taken = problem.code === "window_taken" ? { clerk: problem.body.clerk, since: problem.body.since } : null;
  if (taken) {
    const since = hm(new Date(taken.since));
    tell(`${taken.clerk} 从 ${since} 起在本窗口，是否接管？`, `${taken.clerk} has been at this window since ${since}. Take it over?`, "stop");
  } else if (problem.code === "offline") tell("没有收到答复，正在核对这一步有没有办成", "No answer; checking whether it was done", "warn");
  else tell(...refusalOf(problem), "stop");
}

// ---- what the hall says ----

async function load() {
  const question = ++asked;
  /** @type {WindowView} */
  const fresh = await call("GET", path);
  if (fresh.waiting.some(({ service }) => !serviceOf(service))) await learnHall();   // the first time, or the hall was changed
  if (question < answered) return;        // a slow answer is older than what the page knows
  answered = question;
  take(fresh);
}

async function learnHall() {
  hall = await call("GET", "/hall");
}

/** @param {WindowView} fresh */
function take(fresh) {
  const before = view?.ticket;
  view = fresh;
  if (fresh.ticket) el("receipts").hidden = true;
  if (fresh.ticket?.id !== before?.id || fresh.ticket?.state !== "serving") panel.hide();
  if (fresh.ticket?.id !== before?.id) unsure();
  second.about(fresh.ticket?.state === "serving" ? fresh.ticket.number : "");
  matters.show(fresh.ticket?.matters ?? []);
  render();
}

const refresh = coalesce(async () => {
  try {
    await load();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 401) signIn();
    else if (problem.status === 403 || problem.status === 404) tellProblem(problem);
    else throw problem;
  }
});

async function fetchResident() {
  const ticket = view?.ticket?.id;
  const resident = await call("GET", `${path}/resident`);
  if (ticket !== undefined && view?.ticket?.id === ticket) showResident(resident);
}

/** @param {Resident | null} resident */
function showResident(resident) {
  if (resident) panel.show(resident);
  else tell("这张小票没有居民信息：取号时没有刷身份证", "This ticket has no resident's data: no card was laid", "warn");
  second.settle();
  renderHint();
  renderKeys();
}

// ---- presses ----

const mayPress = () => Boolean(view) && connected === true && !busy && !isAsking();

/**
 * One request for one press.
 * @param {string} verb
 * @param {object} [body]
 * @returns {Promise<any>} the answer ({} for an empty one), or null when it was refused or is unknown
 */
async function act(verb, body) {
  if (!mayPress()) return null;
  busy = true;
  renderKeys();
  refused = taken = null;
  tell("", "");
  unsure();
  try {
    const answer = (await call("POST", `${path}/${verb}`, body, { key: newKey() })) ?? {};
    await load();
    return answer;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 401) signIn();
    tellProblem(problem);
    refresh();
    return null;
  } finally {
    busy = false;
    renderKeys();
  }
}

async function go() {
  if (!mayPress() || settling) return;
  const verb = goVerb;
  const number = view?.ticket?.number;
  const answer = await act(verb, verb === "finish" ? { outcome: "immediate" } : undefined);
  if (!answer) return;
  if (verb === "call-next" && !answer.ticket) tell("现在没有人在等", "Nobody is waiting", "");
  if (verb === "finish") {
    receipts(answer);
    tell(`${number} 已办结`, `${number} is done`, "good");
  }
}

/** @param {{cases?: Case[]}} finished */
function receipts({ cases = [] }) {
  const lines = receiptLines(cases);
  el("receipts").hidden = lines.length === 0;
  el("receipts").textContent = lines.join("\n");
}

async function noShow() {
  if (!mayPress() || view?.ticket?.state !== "called") return;
  const { number } = view.ticket;
  if (!sureTimer) {
    sureTimer = setTimeout(() => unsure(true), SURE);
    tell(`${number} 没有来？再按一次 F3 记为过号，Esc 放弃`, `${number} did not come? Press F3 again, or Esc`, "warn");
    renderKeys();
    return;
  }
  if (await act("no-show")) tell(`${number} 已过号`, `${number} is marked as a no-show`, "");
}

function unsure(silently = false) {
  if (!sureTimer) return;
  clearTimeout(sureTimer);
  sureTimer = null;
  if (silently) tell("", "");
  renderKeys();
}

async function recall() {
  if (view?.ticket?.state !== "called") return;
  const { number } = view.ticket;
  if (await act("recall")) tell(`已重呼 ${number}`, `${number} is called again`, "good");
}

/**
 * @param {string} text what was scanned
 * @param {string} [reason] why it is served here although it was not called to this window
 */
async function scan(text, reason) {
  takeBack();
  if (!view || connected !== true) {
    tell("连接断了，这次扫码没有用，恢复后请再扫", "Not connected: please scan again when the line is back", "stop");
    return;
  }
  if (busy) {
    tell("上一步还没办完，请再扫一次", "The last step is still running: please scan again", "warn");
    return;
  }
  const body = reason ? { code: text, override_reason: reason } : { code: text };
  busy = true;
  renderKeys();
  refused = taken = null;
  unsure();
  try {
    const { ticket, resident, agent, forms, closed, ...why } = await call("POST", `${path}/scan`, body, { key: newKey() });
    await load();
    if (view?.ticket?.id === ticket.id) {
      tell(`已核对 ${ticket.number}`, `${ticket.number} is verified`, "good");
      if (closed) tell(why.message, why.message_en, "warn");
      else showResident(resident && { ...resident, agent, forms });
    }
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 401) signIn();
    if (!reason && ["wrong_window", "not_called"].includes(problem.code)) refused = text;
    tellProblem(problem);
    if (problem.code === "offline") refresh();
  } finally {
    busy = false;
    renderKeys();
  }
}

async function takeOver() {
  const before = taken?.clerk;
  if (await act("open", { take_over: true })) {
    tell(`已从 ${before} 接管本窗口`, `You have taken the window over from ${before}`, "good");
  }
}

async function override() {
  if (!mayPress()) return;
  if (taken) {
    await takeOver();
    return;
  }
  if (!refused) return;
  const code = refused;
  const chosen = await ask({
    title: t("为什么在本窗口办理？", "Why serve it at this window?"),
    text: t("原因会记入审计日志", "The reason goes into the audit log"),
    choices: REASONS.map(([zh, en]) => [zh, t(zh, en), ""]),
    other: { label: t("其他原因", "Another reason"), send: t("在本窗口办理", "Serve here"), most: 200 },
  });
  if (chosen) await scan(code, chosen.choice);
}

// ---- what is seen ----

function render() {
  if (message) tell(...message);
  if (!view) return;
  const { window: place, ticket } = view;
  word(el("window-state"), place.state);
  if (place.state === "paused" && place.pause_text) el("window-state").textContent = t(place.pause_text, place.pause_text_en || place.pause_text);
  renderClerk(view.clerk);
  el("cut-off").hidden = !view.cut_off;
  document.title = `${ticket ? `${ticket.number} ` : ""}${place.name}`;
  el("ticket").classList.toggle("nobody", !ticket);
  el("ticket-state").hidden = !ticket;
  if (ticket) word(el("ticket-state"), ticket.state);
  el("number").textContent = ticket?.number ?? t("空闲", "Free");
  el("service").textContent = ticket ? serviceName(ticket.service) : "";
  el("why").textContent = ticket ? t(view.why ?? "", view.why_en ?? "") : "";

  const verb = bigKeyOf(view);
  if (verb !== goVerb) {
    if (goVerb) {
      if (settling) clearTimeout(settling);
      settling = setTimeout(() => {
        settling = null;
        renderKeys();
      }, SETTLE);
    }
    goVerb = verb;
  }
  renderQueue(view, serviceName);
  renderHint();
  renderKeys();
  tick();
}

/**
 * Another clerk may sit here by now: presses would be refused, and F9 takes the window over.
 * @param {string | null} clerk
 */
function renderClerk(clerk) {
  const other = Boolean(clerk) && clerk !== page.dataset.user;
  el("clerk").hidden = !other;
  el("clerk").textContent = other ? t(`${clerk} 在本窗口`, `${clerk} sits here`) : "";
}

function renderHint() {
  const serving = view?.ticket?.state === "serving";
  showKey.hidden = !serving || panel.shown;
  el("resident-hint").textContent = view?.ticket
    ? t("请扫描小票上的二维码，居民信息显示在这里", "Scan the code on the slip to see the resident's data")
    : t("呼叫、扫码以后，居民信息显示在这里", "Call and scan: the resident's data appear here");
}

function renderKeys() {
  const ready = Boolean(view) && connected === true && !busy;
  const state = view?.ticket?.state;
  goKey.disabled = !ready || settling !== null;
  goKey.classList.toggle("resting", connected === true && (busy || settling !== null));
  goKey.dataset.verb = goVerb;
  el("go-text").textContent = goVerb ? t(...GO[goVerb]) : "…";
  /** @type {Record<string, boolean>} */
  const usable = {
    recall: state === "called", "no-show": state === "called", hold: Boolean(state), transfer: Boolean(state),
    outcome: Boolean(state), pause: true, number: true, undo: Boolean(view?.undo) && !state,
  };
  for (const button of /** @type {HTMLButtonElement[]} */ (all(".verbs [data-verb]"))) {
    button.disabled = !ready || !usable[button.dataset.verb ?? ""];
  }
  el("no-show-text").textContent = sureTimer ? t("确认过号", "Confirm") : t("过号", "No-show");
  el("pause-text").textContent = view?.window.state === "paused" ? t("恢复", "Resume") : t("暂停", "Pause");
  el("number-text").textContent = state ? t("叫回排队", "Bring back") : t("叫指定号", "Number");
  el("undo-text").textContent = view?.undo ? t(`撤销 ${view.undo.number}`, `Undo ${view.undo.number}`) : "";
  showKey.disabled = overrideKey.disabled = !ready;
  second.render(ready);
  page.setAttribute("aria-busy", String(busy));
}

function tick() {
  el("clock").textContent = hm(now());
  if (view?.undo && now() >= new Date(view.undo.until)) {
    view.undo = null;
    renderKeys();
  }
  if (panel.tick()) {
    tell("居民信息放了 10 分钟，已经收起", "The data were open for 10 minutes and have been put away", "");
    renderHint();
  }
  if (!view?.since) {
    el("running").textContent = "";
    return;
  }
  const seconds = Math.max(0, Math.floor((now().getTime() - Date.parse(view.since)) / 1000));
  el("running").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/**
 * @param {HTMLElement} element
 * @param {string} state of a window or a ticket
 */
function word(element, state) {
  const [zh, en, kind] = STATES[state];
  element.className = `state ${kind}`;
  element.textContent = t(zh, en);
}

/** @param {string} id */
const serviceOf = (id) => hall?.services.find((one) => one.id === id);

/**
 * @param {string} id
 * @param {string} [fallback]
 */
function serviceName(id, fallback = id) {
  const service = serviceOf(id);
  return service ? t(service.name, service.name_en || service.name) : fallback;
}

// ---- keys, buttons, news ----

const verbs = clerkVerbs({
  me, path, mayPress, act, tell, learnHall, serviceName, receipts,
  get view() {
    return view;
  },
  get hall() {
    return hall;
  },
});
/** @type {Record<string, () => Promise<void>>} */
const VERBS = Object.fromEntries(
  Object.entries({ recall, "no-show": noShow, ...verbs }).map(([verb, action]) => [verb, () => told(action)]),
);
/** @type {Record<string, () => Promise<void>>} */
const KEYS = {
  F1: VERBS.outcome, F2: VERBS.recall, F3: VERBS["no-show"], F4: VERBS.hold, F5: VERBS.transfer, F6: VERBS.pause,
  F7: VERBS.number, F8: showOrCheck, F9: override, F10: VERBS.undo, F11: help.wanted,
};

/**
 * Run a verb that asks the hall something before it asks the clerk.
 * @param {() => Promise<void>} action
 */
async function told(action) {
  try {
    await action();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    tellProblem(problem);
  }
}

async function show() {
  if (showKey.hidden || !mayPress()) return;
  try {
    await fetchResident();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    tellProblem(problem);
  }
}

/** The data come back onto the page; once they are there, they go to the resident's screen, and are taken back. */
async function showOrCheck() {
  if (!showKey.hidden) await show();
  else await checkBack();
}

async function checkBack() {
  if (!panel.shown || !mayPress() || !second.settled()) return;
  second.settle();
  if (await act(second.verb)) await second.refresh();
}

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
  if (isAsking()) {
    answerByKey(event);
    if (KEYS[event.key]) event.preventDefault();
    return;
  }
  if (KEYS[event.key]) {
    event.preventDefault();               // F5 shall not reload, F3 not search, F6 not leave the page
    if (!event.repeat) KEYS[event.key]();
  } else if (event.key === "Escape" && sureTimer) {
    event.preventDefault();
    unsure(true);
  } else if ((event.key === " " || event.key === "Enter") && !targetOf(event).closest("button, a, input, select")) {
    event.preventDefault();
    if (!event.repeat) go();
  }
});

/**
 * @param {HTMLElement} button
 * @param {() => void} action
 */
function onClick(button, action) {
  button.addEventListener("click", () => {
    button.blur();                        // so that Space and Enter are the big key's again
    action();
  });
}
onClick(goKey, go);
onClick(showKey, show);
onClick(el("show-back"), checkBack);
onClick(overrideKey, override);
onClick(el("help-wanted"), help.wanted);
for (const [verb, action] of Object.entries(VERBS)) {
  onClick(find(`.verbs [data-verb="${verb}"]`), action);
}
signOut(() => panel.hide());
lockWhenLeft(() => panel.hide());
listenForScans((text) => scan(text), (key) => isAsking() || panel.key(key));

/**
 * A scanner at this window read a slip, or a reader a card.
 * @param {{ok: boolean, code: string | null, scanned?: string, message: string, message_en: string, number: string}} news
 */
async function onHardwareScan(news) {
  awake();
  if (!news.ok) {
    refused = news.code === "application_receipt" ? null : news.scanned ?? null;
    tell(news.message, news.message_en, "stop");
    return;
  }
  refused = null;
  tell(`已核对 ${news.number}`, `${news.number} is verified`, "good");
  try {
    await load();
    if (news.code) tell(news.message, news.message_en, "warn");
    else await fetchResident();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    tellProblem(problem);
  }
}

/** @param {{number: string, picture: string}} news the photo of the card on this window's reader */
function onPhoto({ number, picture }) {
  if (view?.ticket?.number === number && !isLocked()) panel.photo(picture);
}

follow(`${path}/events`, {
  on: {
    refresh,
    scan: onHardwareScan,
    card: onHardwareScan,
    photo: onPhoto,
    screen: second.refresh,
    help: help.heard,
    emergency: help.emergency,
    // A key of a pad or a button here did nothing.
    press: (news) => {
      awake();
      tell(news.message, news.message_en, "stop");
    },
  },
  connected(isConnected, heard) {
    connected = isConnected;
    showLost(isConnected, heard);
    el("line").className = `state ${isConnected ? "good" : "stop"}`;
    renderLine();
    renderKeys();
    if (isConnected) {
      refresh();
      second.refresh();
      help.refresh();
    }
  },
});

function renderLine() {
  if (connected === null) return;
  el("line").textContent = connected ? t("已连接", "Connected") : t("连接中断，按键暂停", "Not connected: keys are off");
}

addEventListener("pagehide", () => panel.hide());     // not kept for the back button
setInterval(tick, 1000);
speak(() => {
  matters.render();
  renderLine();
  panel.render();
  render();
  second.say();
});
