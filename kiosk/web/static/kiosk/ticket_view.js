// The number that was taken: on paper, or on the screen where there is none; and what to have ready for it.

import { call, Problem } from "../shared/api.js";
import { all, el, find, make } from "../shared/dom.js";
import { printNotice } from "../shared/notice_slip.js";
import { showPiece } from "../shared/piece.js";
import { flow, stateNow, token } from "./flow.js";
import { readAloud } from "./read_aloud.js";
import { say, told } from "./words.js";

const LONG = 16;   // characters from which on a name is written smaller
const PAPERS = 5;  // named on the page; the ticket's own page on the phone has all

let inHand = "";   // the number of the ticket that the page shows

/** @type {{matter: string, name: Said | null, papers: MatterPaper[]}} of the ticket in hand */
let bring = { matter: "", name: null, papers: [] };

/**
 * Learn what papers a matter needs; without an answer nothing is said of them.
 * @param {string | undefined} matter
 * @param {() => void} changed
 */
async function learnPapers(matter, changed) {
  if (!matter || bring.matter === matter) return;
  bring = { matter, name: null, papers: [] };
  try {
    const { name, name_en, papers } = await call("GET", `/matters/${encodeURIComponent(matter)}`);
    if (bring.matter === matter) bring = { matter, name: { zh: name, en: name_en }, papers };
    changed();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
  }
}

/** On paper, for who has to come again with them. */
async function printPapers() {
  const asked = inHand;
  const button = el("print-papers");
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  await printNotice(bring.matter, token, (zh, en, wrong) => {
    if (inHand !== asked) return;   // somebody else stands here by now
    say(el("papers-printed"), zh, en);
    el("papers-printed").classList.toggle("stop", wrong);
    readAloud(zh, en);
  });
  if (inHand === asked) button.setAttribute("aria-disabled", "false");
}

/** Another ticket: nothing was printed for it yet. @param {string} number */
function beginTicket(number) {
  if (inHand === number) return;
  inHand = number;
  el("papers-printed").replaceChildren();
  el("print-papers").setAttribute("aria-disabled", "false");
}

el("print-papers").addEventListener("click", printPapers);

/** @param {MatterPaper} paper */
function paperWords({ name, name_en, original, copies }) {
  const kinds = [...(original ? [["原件", "original"]] : []), ...(copies ? [[`复印件 ${copies} 份`, copies > 1 ? `${copies} copies` : "1 copy"]] : [])];
  const zh = kinds.map((kind) => kind[0]).join("、");
  const en = kinds.map((kind) => kind[1]).join(", ");
  return told(zh ? `${name}（${zh}）` : name, en ? `${name_en || name} (${en})` : name_en || name);
}

/** @param {string[]} matters of the ticket */
function renderPapers(matters) {
  const papers = matters.length ? bring.papers : [];
  el("bring").hidden = papers.length === 0;
  const more = papers.length - PAPERS;
  el("papers").replaceChildren(
    ...papers.slice(0, PAPERS).map((paper) => make("li", { textContent: paperWords(paper) })),
    ...(more > 0 ? [make("li", { textContent: told(`还有 ${more} 样，请用手机扫小票`, `${more} more: scan the ticket with your phone`) })] : []),
  );
}

/**
 * @param {KioskTicket} ticket
 * @param {() => void} changed told when more is known
 */
export function renderTicket(ticket, changed) {
  beginTicket(ticket.number);
  learnPapers(ticket.matters[0], changed);
  const service = flow.hall.services.find((one) => one.id === ticket.service);
  for (const element of all(".ticket .service, .on-screen .service")) {
    const name = ticket.matters.includes(bring.matter) ? bring.name : null;
    if (name) say(element, name.zh, name.en);
    else if (service) say(element, service.name, service.name_en);
    element.classList.toggle("long", (name?.zh.length ?? 0) > LONG);
  }
  for (const element of all(".big")) {
    element.textContent = ticket.number;
    element.classList.toggle("long", ticket.number.length > 5);
  }
  for (const element of all(".ahead")) {
    if (ticket.ahead) say(element, `${ticket.ahead} 人等候`, `${ticket.ahead} waiting`);
    else say(element, "马上轮到您", "You are next");
  }
  for (const element of all(".where")) say(element, ...placeOf(ticket.service));
  const lies = Boolean(flow.view?.card_lies);
  document.documentElement.classList.toggle("card-lies", lies);
  find(".card-step").classList.toggle("done", !lies);
  renderPapers(ticket.matters);
  const code = el("code", HTMLImageElement);
  if (stateNow() === "fault-ticket") {
    if (code.dataset.of !== ticket.number) showPiece(code, `/kiosk/code.svg?v=${Date.now()}`, token);
    code.dataset.of = ticket.number;
  }
}

/**
 * The windows that may call, where they are few enough to be named.
 * @param {string} service
 * @returns {[string, string]}
 */
function placeOf(service) {
  const serving = flow.hall.windows.filter((one) => one.state !== "closed" && (one.services.includes("*") || one.services.includes(service)));
  if (!serving.length || serving.length > 3) return ["请看大屏叫号", "Watch the screens"];
  return [serving.map((one) => one.name).join("、"), `Window ${serving.map((one) => one.id).join(", ")}`];
}

/** The number in one sentence. @param {KioskTicket} ticket @returns {[string, string]} */
export function ticketWords(ticket) {
  const [zh, en] = placeOf(ticket.service);
  const ahead = ticket.ahead ? [`前面 ${ticket.ahead} 人等候`, `${ticket.ahead} ahead of you`] : ["马上轮到您", "you are next"];
  const number = [...ticket.number].join(" ");
  return [`您的号码是 ${number}，${ahead[0]}，${zh}。请在下方取走小票，拿好身份证`, `Your number is ${number}, ${ahead[1]}. ${en}. Take your ticket below, and your ID card`];
}
