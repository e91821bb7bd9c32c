// The self-service terminal: what is shown is cleared after a minute without a touch, and nothing of it is kept: no
// history, no storage, no filled-in field. A page that is left, or restored from the back/forward cache, starts empty.

import { call, Problem, wordsOf } from "../shared/api.js";
import { deviceToken } from "../shared/device_token.js";
import { all, el, make, two } from "../shared/dom.js";
import { rowsOf } from "../shared/resident_rows.js";
import { codeIn, listenForScans } from "../shared/scan.js";
import { follow } from "../shared/stream.js";
import { appointments } from "./appointments.js";

const OPEN_FOR = 60;      // seconds
/** @type {Record<string, [string, string]>} */
const STATES = {
  open: ["办理中", "In progress"],
  ready: ["可以领取结果", "Ready to be fetched"],
  returned: ["请补齐材料再来，不用重新排队", "Papers are missing; bring them, there is no new wait"],
  closed: ["已结束", "Closed"],
};

const page = el("terminal");
const { token, terminal } = deviceToken("quhao.terminal");
const path = `/terminals/${encodeURIComponent(terminal ?? "")}`;
const slipField = el("code", HTMLInputElement);
const tailField = el("tail", HTMLInputElement);
const receiptField = el("receipt", HTMLInputElement);
const STEPS = ["ask", "choose", "number", "answer"];
let endsAt = 0;
let visit = 1;            // counts the people who were here: an answer that comes late is shown to nobody
let card = false;         // whether one lies on this terminal's reader
let busy = 0;             // the visit whose request runs; the next visitor need not wait for it
/** @type {string | null} */
let receipt = null;       // the code just looked up, while its answer is shown

function clear() {
  visit += 1;
  for (const form of /** @type {HTMLFormElement[]} */ (all("form", page))) form.reset();
  for (const part of ["fields", "title", "booked"]) el(part).replaceChildren();
  el("back-with-papers").hidden = el("late").hidden = true;
  booking.forget();
  receipt = null;
  step("ask");
  endsAt = 0;
  slipField.focus();
}

/**
 * Show one step of the page; it is cleared after OPEN_FOR seconds without a touch.
 * @param {string} name
 */
function step(name) {
  for (const each of STEPS) el(each).hidden = each !== name;
  page.dataset.step = name;
  el("refused").hidden = true;
  stay();
}

function stay() {
  endsAt = Date.now() + OPEN_FOR * 1000;
  tick();
}

/**
 * @param {string} zh
 * @param {string} en
 */
function refuse(zh, en) {
  el("refused").replaceChildren(...two(zh, en));
  el("refused").hidden = false;
  stay();
}

/** @typedef {{zh: string, en: string, value: string | null}} Row a fact with its name in both languages */

/**
 * @param {[string, string]} title
 * @param {Row[]} rows
 */
function show(title, rows) {
  clear();
  el("title").replaceChildren(...two(...title));
  for (const { zh, en, value } of rows) {
    el("fields").append(make("dt", {}, ...two(zh, en)), make("dd", { textContent: value ?? "" }));
  }
  step("answer");
  el("leave").focus();
}

function tick() {
  if (!endsAt) return;
  const seconds = Math.ceil((endsAt - Date.now()) / 1000);
  if (seconds <= 0) clear();
  else for (const left of all(".left", page)) left.replaceChildren(...two(`${seconds} 秒后自动退出`, `Closes in ${seconds} s`));
}

/**
 * Forget the visit and say what went wrong.
 * @param {unknown} error
 */
function giveUp(error) {
  clear();
  refuse(...wordsOf(error));
}

/**
 * One request of this visit.
 * @param {"GET" | "POST"} method
 * @param {string} address
 * @param {object | undefined} body
 * @param {(answer: any) => void} then what to do with the answer
 * @param {(problem: Problem) => void} [failed] told of a refusal
 * @param {string} [key] the Idempotency-Key
 */
async function ask(method, address, body, then, failed = giveUp, key = undefined) {
  if (busy === visit) return;
  const asker = busy = visit;
  try {
    const answer = await call(method, address, body, { token, key }).finally(() => {
      if (busy === asker) busy = 0;
    });
    if (visit === asker) then(answer);
  } catch (error) {
    if (!(error instanceof Problem)) giveUp(error);      // an answer of another shape
    else if (visit === asker) failed(error);
  }
}

/** @param {{ticket: Ticket, resident: Resident, agent: Resident | null}} opened */
function showData({ ticket, resident, agent }) {
  /** @type {Row[]} */
  const rows = [{ zh: "号码", en: "Number", value: ticket.number }, ...rowsOf(resident)];
  if (agent) rows.push({ zh: "代办人", en: "Came for you", value: agent.name ?? agent.name_en ?? "" });
  show(["您的信息", "Your data"], rows);
}

/**
 * @param {{cases: Progress[]}} answer
 * @param {string} code of the receipt
 */
function showProgress({ cases: [found] }, code) {
  const [zh, en] = STATES[found.state ?? ""] ?? ["已办结", "Done"];
  const rows = [
    { zh: "业务", en: "Service", value: found.service_name },
    { zh: "进度", en: "State", value: `${zh} · ${en}` },
    { zh: "承诺办结", en: "Done by", value: found.promised_on },
    { zh: "说明", en: "Note", value: found.note },
    { zh: "更新", en: "As of", value: found.updated_at.slice(0, 16).replace("T", " ") },
  ];
  show(["办理进度", "How it goes on"], rows.filter(({ value }) => value));
  receipt = code;
  el("back-with-papers").hidden = found.state !== "returned";
}

/** @param {{number: string, ahead: number}} ticket */
function showPlace({ number, ahead }) {
  const place = ahead ? `前面 ${ahead} 人 · ${ahead} ahead` : "马上轮到您 · You are next";
  show(["请等候叫号", "Please wait for your call"], [
    { zh: "号码", en: "Number", value: number },
    { zh: "排队", en: "Queue", value: place },
  ]);
}

function open() {
  ask("POST", `${path}/scan`, { code: slipField.value, id_tail: tailField.value || null }, showData);
}

el("open").addEventListener("submit", (event) => {
  event.preventDefault();
  open();
});
el("look").addEventListener("submit", (event) => {
  event.preventDefault();
  const code = receiptField.value || "?";
  ask("POST", `${path}/progress`, { code }, (answer) => showProgress(answer, code));
});
el("back-with-papers").addEventListener("click", () => receipt && ask("POST", `${path}/supplement`, { code: receipt }, showPlace));
for (const button of [el("leave"), ...all("[data-do=leave]", page)]) button.addEventListener("click", clear);
page.addEventListener("input", stay);
page.addEventListener("pointerdown", () => endsAt && stay());
addEventListener("keydown", () => endsAt && stay());
addEventListener("pagehide", clear);
addEventListener("pageshow", (event) => event.persisted && clear());
setInterval(tick, 500);

const booking = appointments({ path, ask, step, show, refuse, clear, giveUp, cardLies: () => card });

// A slip goes where the slip's code belongs, wherever the focus is; a receipt is told by its address.
/** @param {string} text */
function scanned(text) {
  if (page.dataset.step === "number" && booking.scanned(text)) return;
  if (page.dataset.step !== "ask") clear();
  const field = document.activeElement === receiptField ? receiptField : slipField;
  field.value = text;
  stay();
  (field === slipField ? tailField : field).focus();
}
listenForScans(scanned);
// A scanner of this terminal that the box reads.
if (token && terminal) {
  follow(`${path}/events`, { on: { scan: ({ text }) => scanned(codeIn(text) ?? text), card: ({ lies }) => cardLies(lies) }, token });
}

/**
 * A card was laid on this terminal's reader, or lifted: it is the proof beside the slip, and it says whose bookings.
 * @param {boolean} lies
 */
function cardLies(lies) {
  card = lies;
  if (!lies) return;
  stay();
  if (page.dataset.step === "number") booking.cardLaid();
  else if (page.dataset.step === "ask" && slipField.value) open();
}

if (!token || !terminal) {
  refuse("这台终端还没有令牌，请找技术人员", "This terminal has no token yet: ask a technician");
  endsAt = 0;
}
