// The second screen at a window, which faces the resident: number and matter, the data shown back to be checked, the
// receipt's code, the grades. Between two residents, and without a connection, it shows the window's sign and nothing of
// anybody: what was there leaves the page and its memory.

import { call, hm, now, Problem, wordsOf } from "../shared/api.js";
import { deviceToken } from "../shared/device_token.js";
import { all, both, el, make } from "../shared/dom.js";
import { grades } from "../shared/grades.js";
import { chooseLanguage, nextLanguage } from "../shared/languages.js";
import { inFours } from "../shared/language.js";
import { night } from "../shared/night.js";
import { coalesce, follow, lostLine } from "../shared/stream.js";
import { checking } from "./check.js";

const LOOK = 5000;        // ms between looks while a grade is asked for, which may come from a phone
const THANKS = 15_000;     // ms until the page goes on after the data were said to be right

const page = el("screen");
const place = page.dataset.window ?? "";
const windowPath = `/windows/${encodeURIComponent(place)}`;
const path = `${windowPath}/resident-screen`;
const { token } = deviceToken(`quhao.resident.${place}`);
const showLost = lostLine();

/** @type {ResidentScreen | null} */
let view = null;          // what the hall says; null: nothing is known
let shown = 0;            // the showing whose data are on the page; 0: none are
let said = 0;             // the one that was just said to be right
let whose = "";           // the number that the page speaks to
let ends = 0;             // ms, of the page's own clock: when the data are taken away
/** @type {import("../shared/grades.js").GradeStep} */
let gradeStep = "idle";
let connected = false;
let known = true;         // whether the hall knows this screen, or the log-in of its browser
let sending = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let again;

const check = checking(answer);
const flow = grades({
  page, token, path: `${windowPath}/rating`, failed: say,
  step(name) {
    gradeStep = name;
    render();
  },
});

// ---- what the hall says ----

const refresh = coalesce(async () => {
  try {
    /** @type {ResidentScreen} */
    const fresh = await call("GET", path, undefined, { token });
    if (!connected) return;
    say(null);
    await take(fresh);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    forget();
    if (problem.status === 401) sayUnknown();
    else say(problem);
    if (!problem.isRefusal) throw problem;
  }
});

/** @param {ResidentScreen} fresh */
async function take(fresh) {
  const number = fresh.ticket?.number ?? "";
  if (number !== whose) {
    if (number) chooseLanguage("zh-CN");              // the next resident begins as everybody does
    whose = number;
    said = 0;
  }
  view = fresh;
  const to = fresh.shown;
  if (!to || to.right || to.id !== shown) putAway();
  if (fresh.ticket) flow.drop();
  else flow.take(fresh.to_rate && { case: fresh.to_rate.case, service: fresh.to_rate.service.zh, service_name: fresh.to_rate.service.zh });
  if (fresh.ticket || !fresh.to_rate) gradeStep = flow.busy ? gradeStep : "idle";
  render();
  if (to && !to.right && to.id !== shown) await fetchData(to);
  else if (to && shown) check.mark(to.right, to.wrong);
  plan();
}

/** @param {NonNullable<ResidentScreen["shown"]>} to */
async function fetchData(to) {
  /** @type {import("./check.js").ShownData} */
  let data;
  try {
    data = await call("GET", `${path}/data`, undefined, { token });
  } catch (problem) {
    // Taken back meanwhile, or the clerk's page is locked: there is nothing to show.
    if (problem instanceof Problem && problem.isRefusal) return;
    throw problem;
  }
  if (!connected || view?.shown?.id !== data.id) return;
  shown = data.id;
  ends = performance.now() + data.left * 1000;
  render();
  check.show(data);
  check.mark(to.right, to.wrong);
  tick();
}

/** Look again when something runs out. */
function plan() {
  clearTimeout(again);
  const left = [view?.shown?.left, view?.receipts.length ? view.receipts_left : 0].filter((one) => one);
  const soon = Math.min(...left.map((one) => (one ?? 0) * 1000 + 300), view?.to_rate ? LOOK : Infinity);
  if (Number.isFinite(soon)) again = setTimeout(refresh, soon);
}

/** The data leave the page. */
function putAway() {
  shown = ends = 0;
  check.clear();
}

/** Nothing of anybody stays. */
function forget() {
  view = null;
  whose = "";
  gradeStep = "idle";
  clearTimeout(again);
  putAway();
  flow.drop();
  render();
}

// ---- what is seen ----

/** The sections that are shown now. */
function steps() {
  if (!view) return ["blank"];
  const { ticket, window: here, receipts } = view;
  if (ticket?.state === "called") return ["called"];
  if (shown) return ["check"];
  if (ticket && said && said === view.shown?.id) return ["checked"];
  if (gradeStep === "reasons" || gradeStep === "thanks") return [gradeStep];
  const after = [...(receipts.length ? ["receipts"] : []), ...(gradeStep === "asking" ? ["asking"] : [])];
  if (after.length) return after;
  if (ticket) return ["serving"];
  return here.state === "open" ? ["blank"] : ["away"];
}

function render() {
  const there = steps();
  page.dataset.step = there.join(" ");
  for (const section of all("#screen > section")) section.hidden = !there.includes(section.id);
  const ticket = view?.ticket;
  const { window: here } = view ?? {};
  const paused = here?.pause_text || "暂停服务";
  put("away-words", here && (here.state === "paused" ? [paused, here.pause_text_en || "Paused"] : ["未开放", "Closed"]));
  for (const id of ["number", "called-number"]) el(id).textContent = ticket?.number ?? "";
  const service = ticket && (ticket.matters.length ? ticket.matters.map(({ name }) => name) : [ticket.service]);
  put("what", service && [service.map(({ zh }) => zh).join("、"), service.map(({ en }) => en).join(", ")]);
  put("called-service", ticket && [ticket.service.zh, ticket.service.en]);
  el("unreadable").hidden = !ticket || view?.readable !== false;
  const facts = el("matters");
  facts.replaceChildren(...(ticket?.state === "serving" ? factsOf(ticket) : []));
  facts.classList.remove("tight");
  facts.classList.toggle("tight", facts.scrollHeight > facts.clientHeight);
  // What is still too long is scrolled, also by keyboard.
  facts.tabIndex = facts.scrollHeight > facts.clientHeight ? 0 : -1;
  el("receipt-list").replaceChildren(...(view?.receipts ?? []).map(receiptOf));
}

/**
 * @param {string} id
 * @param {[string, string] | string[] | null | undefined} words
 */
function put(id, words) {
  el(id).replaceChildren(...(words ? [both(words[0], words[1])] : []));
}

/** What is good to know while being served. @param {NonNullable<ResidentScreen["ticket"]>} ticket */
function factsOf({ matters, bring }) {
  const pay = view?.pay;
  const several = matters.length > 1;
  /** @param {string} zh @param {string} en @param {Node[]} what */
  const fact = (zh, en, ...what) => make("div", { className: "fact" }, make("dt", {}, both(zh, en)), make("dd", {}, ...what));
  const more = [...(bring ? [fact("材料", "Papers", both(bring.zh, bring.en))] : []), ...(pay ? [fact("缴费", "Where to pay", both(`${pay.at.zh}，${pay.text.zh}`, `${pay.at.en}. ${pay.text.en}`))] : [])];
  const blocks = matters.map(({ name, papers, fee, days }) => {
    const facts = [
      ...(papers.length ? [fact("材料", "Papers", make("ul", {}, ...papers.map((one) => make("li", {}, both(`${one.name.zh}${one.wanted.zh && `（${one.wanted.zh}）`}`, `${one.name.en}${one.wanted.en && ` (${one.wanted.en})`}`)))))] : []),
      ...(fee ? [fact("收费", "Fee", both(fee.zh, fee.en))] : []),
      ...(days ? [fact("时限", "Time", both(days.zh, days.en))] : []),
      ...(several ? [] : more.splice(0)),
    ];
    return facts.length ? make("div", { className: "matter" }, ...(several ? [make("h2", {}, both(name.zh, name.en))] : []), make("dl", {}, ...facts)) : null;
  });
  return [...blocks.filter((one) => one !== null), ...(more.length ? [make("dl", { className: "matter" }, ...more)] : [])];
}

/** @param {ResidentScreen["receipts"][number]} receipt */
function receiptOf({ service, code, qr, promised_on: day }) {
  const alt = `回执码 ${inFours(code, " ")}`;
  return make("figure", {},
    make("img", { src: qr, alt }),
    make("figcaption", {},
      make("p", { className: "what" }, both(service.zh, service.en)),
      ...(day ? [make("p", {}, both(`${day} 前办结`, `Done by ${day}`))] : []),
      make("p", { className: "code", textContent: inFours(code, " ") })));
}

/** @param {unknown} error null: nothing is wrong any more */
function say(error) {
  el("trouble").hidden = error === null;
  el("trouble").replaceChildren(...(error === null ? [] : [both(...wordsOf(error))]));
}

function sayUnknown() {
  known = false;
  showLost(true, now());
  el("trouble").replaceChildren(both("这块屏还没有登录：请技术人员用它的令牌打开，或在本机登录本窗口", "Not logged in: open this page with its token, or log in at this window on this PC"));
  el("trouble").hidden = false;
}

function tick() {
  el("clock").textContent = hm(now());
  if (!shown) return;
  const left = Math.ceil((ends - performance.now()) / 1000);
  if (left <= 0) {
    putAway();
    render();
    refresh();
  } else el("left").replaceChildren(both(`${left} 秒后收起`, `Closes in ${left} s`));
}

// ---- what the resident says ----

/**
 * @param {boolean} right
 * @param {string | null} field that is wrong
 */
async function answer(right, field) {
  const id = shown;
  if (!id || sending) return;
  sending = true;
  try {
    await call("POST", `${path}/data`, { id, right, field }, { token });
    if (id !== shown) return;
    if (right) {
      said = id;
      putAway();
      render();
      setTimeout(() => {
        said = said === id ? 0 : said;
        render();
      }, THANKS);
    }
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.isRefusal) putAway();
    else el("said").replaceChildren(both("没有送到，请再点一次", "That did not get through: please touch it again"));
    el("said").hidden = false;
  } finally {
    sending = false;
    refresh();
  }
}

addEventListener("keydown", ({ key, repeat }) => {
  if (!shown || repeat) return;
  if (key === "1") answer(true, null);
  else if (key === "2") answer(false, null);
});
for (const button of all("[data-next-language]")) button.addEventListener("click", () => chooseLanguage(nextLanguage().id));

follow(`${path}/events`, {
  token,
  on: { refresh },
  connected(isConnected, heard) {
    connected = isConnected;
    if (isConnected || known) showLost(isConnected, heard);
    known = known || isConnected;
    if (isConnected) refresh();
    else forget();
  },
});

night({ busy: () => !["blank", "away"].includes(page.dataset.step ?? "") });
addEventListener("resize", render);
addEventListener("pagehide", forget);     // not kept for the back button
setInterval(tick, 1000);
tick();
refresh();
