// The guide desk: give a number to somebody without a card, find one, and put right what went wrong with it.

import { showAlerts } from "../staff/alerts.js";
import { call, hm, newKey, now, Problem } from "../shared/api.js";
import { answerByKey, ask, isAsking, takeBack } from "../staff/ask.js";
import { all, el, make, targetOf } from "../shared/dom.js";
import { inFours, speak, t } from "../shared/language.js";
import { lockWhenLeft } from "../staff/lock.js";
import { press } from "../shared/press.js";
import { codeIn, listenForScans } from "../shared/scan.js";
import { signIn, signOut } from "../staff/signing.js";
import { coalesce, follow, lostLine } from "../shared/stream.js";
import { helpPanel } from "./help.js";
import { messageForm } from "./message.js";

const EVERY = 30_000;     // ms between looks at the alerts: of a store that takes nothing more there is no event

const input = (/** @type {string} */ id) => el(id, HTMLInputElement);
const priorities = el("priority", HTMLSelectElement);

/** @type {Service[]} */
let services = [];        // of GET /hall
/** @type {HallWindow[]} */
let windows = [];         // the same
/** @type {Ticket | null} */
let found = null;         // GET /desk/tickets?number=
/** @type {IssuedTicket | null} */
let issued = null;        // POST /tickets
/** @type {string[]} */
let stops = [];           // services of the chain, in the order they were ticked

const showLost = lostLine();

/** @param {Problem} problem */
function problemWords(problem) {
  if (problem.status === 401) signIn();
  return t(problem.detail, problem.detail_en);
}

/**
 * Run what asks the hall; what goes wrong is told in `place`.
 * @param {HTMLElement} place
 * @param {() => Promise<void>} action
 */
async function told(place, action) {
  try {
    await action();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    place.classList.remove("good");
    place.textContent = problemWords(problem);
  }
}

// ---- the hall ----

const learnHall = coalesce(async () => {
  ({ services, windows } = await call("GET", "/hall"));
  renderServices();
  renderFound();
  message.render();
});

/** @type {Alert[]} */
let alerts = [];          // GET /alerts
const learnAlerts = coalesce(async () => {
  alerts = await call("GET", "/alerts");
  showAlerts(el("alerts"), alerts);
});

/** @param {string} id */
const nameOf = (id) => {
  const one = services.find((service) => service.id === id);
  return one ? t(one.name, one.name_en || one.name) : id;
};

/** @param {Service} service */
const countOf = ({ waiting }) => t(`${waiting} 人`, `${waiting}`);

/**
 * @param {"radio" | "checkbox"} type
 * @param {Service} service
 * @param {boolean} checked
 */
const row = (type, service, checked) => make(
  "label",
  {},
  make("input", { type, name: type === "radio" ? "service" : "stop", value: service.id, checked }),
  make("span", { textContent: nameOf(service.id) }),
  make("b", { textContent: countOf(service) }),
);

/** The service that is chosen. */
const chosenService = () => /** @type {HTMLInputElement | null} */ (document.querySelector("#services :checked"));

/** The labels of a list of services, each with its box and its count. */
const labels = (/** @type {"services" | "stops"} */ list) => all("label", el(list)).map((label, at) => ({
  service: services[at],
  box: /** @type {HTMLInputElement} */ (label.firstChild),
  count: /** @type {HTMLElement} */ (label.lastChild),
}));

/** Rows are replaced only when the services change: what is being clicked must stay. */
function renderServices() {
  const ids = `${services.map(({ id }) => id).join(" ")} ${document.documentElement.lang}`;
  if (el("services").dataset.of !== ids) {
    el("services").dataset.of = ids;
    const chosen = chosenService()?.value;
    el("services").replaceChildren(...services.map((one) => row("radio", one, one.id === chosen)));
    el("stops").replaceChildren(...services.map((one) => row("checkbox", one, stops.includes(one.id))));
  }
  for (const { service, count } of [...labels("services"), ...labels("stops")]) count.textContent = countOf(service);
  for (const { box, count } of labels("stops")) {
    const place = stops.indexOf(box.value);
    if (place >= 0) count.textContent = t(`第 ${place + 2} 项`, `no. ${place + 2}`);
  }
}

el("stops").addEventListener("change", (event) => {
  const target = /** @type {HTMLInputElement} */ (targetOf(event));
  stops = target.checked ? [...stops, target.value] : stops.filter((id) => id !== target.value);
  renderServices();
});

// ---- issue ----

priorities.addEventListener("change", () => {
  input("reason").disabled = !priorities.value;
  if (priorities.value) input("reason").focus();
  else input("reason").value = "";
});

/** What is asked for; a Problem in words when something is missing. */
function wanted() {
  const service = chosenService()?.value;
  if (!service) throw missing("请先选业务", "Choose a service first");
  const priority = priorities.value;
  const reason = input("reason").value.trim();
  if (priority && !reason) throw missing("请写明优先的理由", "Please give the reason for the priority");
  const number = input("id-number").value.trim();
  const name = input("name").value.trim();
  return {
    service,
    ...(priority ? { priority, priority_reason: reason } : {}),
    ...(number || name ? { resident: { ...(number ? { id_number: number } : {}), ...(name ? { name } : {}) } } : {}),
    ...(stops.length ? { chain: stops.filter((id) => id !== service) } : {}),
  };
}

/** What stands in the form: a key kept after a lost answer is for this and for nothing else. */
const formed = () => JSON.stringify([chosenService()?.value, stops, priorities.value, ...["reason", "id-number", "name"].map((id) => input(id).value)]);

const missing = (/** @type {string} */ zh, /** @type {string} */ en) => new Problem(422, { code: "missing", detail: zh, detail_en: en });

el("issue").addEventListener("submit", (event) => event.preventDefault());
press(el("issue-go"), async (key) => {
  el("issue-problem").textContent = "";
  issued = await call("POST", "/tickets", wanted(), { key });
  for (const id of ["id-number", "name", "reason"]) input(id).value = "";
  priorities.value = "";
  input("reason").disabled = true;
  stops = [];
  for (const { box } of [...labels("services"), ...labels("stops")]) box.checked = false;
  el("chain", HTMLDetailsElement).open = false;
  renderServices();
  renderIssued();
  labels("services")[0]?.box.focus();
}, (problem) => {
  el("issue-problem").textContent = problemWords(problem);
  el("issued").hidden = true;
  if (problem.code === "already_waiting") find(problem.body.number);
}, formed);

function renderIssued() {
  el("issued").hidden = !issued;
  if (!issued) return;
  el("issued-number").textContent = issued.number;
  el("issued-text").textContent = `${nameOf(issued.service)} · ${t(`前面 ${issued.ahead} 人`, `${issued.ahead} ahead`)} · ${printWords(issued.print)}`;
  // Without paper the code goes into the resident's phone by hand.
  el("issued-code").textContent = issued.print === "none" ? inFours(issued.code, "-") : "";
}

/** @type {Record<Ticket["print"], [string, string]>} */
const PRINTS = {
  pending: ["正在打印", "printing"], printed: ["已打印", "printed"], unconfirmed: ["不确定是否打印", "perhaps printed"],
  failed: ["没有打印出来", "not printed"], none: ["没有小票", "no slip"],
};
const printWords = (/** @type {Ticket["print"]} */ state) => t(...PRINTS[state]);

// ---- find ----

/** @param {string} number */
async function find(number) {
  const text = number.trim().toUpperCase();
  if (!text) return;
  input("number").value = text;
  await told(el("message"), async () => {
    el("message").textContent = "";
    try {
      found = await call("GET", `/desk/tickets?number=${encodeURIComponent(text)}`);
    } catch (problem) {
      found = null;
      throw problem;
    } finally {
      renderFound();
    }
  });
}

/** @param {string} text */
async function scanned(text) {
  takeBack();
  const code = codeIn(text);
  if (code === null) {
    found = null;
    renderFound();
    el("message").textContent = t("不是本厅今天的号码", "Not a number of this hall today");
    return;
  }
  await told(el("message"), async () => find((await call("GET", `/tickets/${code}`)).number));
}

/** @type {Record<TicketState, [string, string, string]>} words and colour */
const STATES = {
  waiting: ["等候中", "waiting", "good"], called: ["已呼叫", "called", "warn"], serving: ["办理中", "being served", "good"],
  held: ["已挂起", "on hold", "warn"], done: ["已办结", "finished", ""], missed: ["已过号", "missed", "stop"],
  cancelled: ["已取消", "cancelled", "stop"], expired: ["已过期", "expired", "stop"],
};
/** @type {Record<string, TicketState[]>} in which states what can be done */
const CAN = {
  print: ["waiting", "called", "serving", "held", "missed"], hold: ["waiting"], return: ["held", "missed"],
  priority: ["waiting", "held"], cancel: ["waiting", "held", "missed"],
};

/** @type {Map<string, HTMLButtonElement>} by what they do */
const deedButtons = new Map(all("[data-deed]").map((button) => [button.dataset.deed ?? "", /** @type {HTMLButtonElement} */ (button)]));

function renderFound() {
  el("found").hidden = !found;
  if (!found) return;
  const { state } = found;
  const [zh, en, kind] = STATES[found.state];
  el("found-state").className = `state ${kind}`;
  el("found-state").textContent = t(zh, en);
  el("found-print").textContent = printWords(found.print);
  el("found-number").textContent = found.number;
  el("found-service").textContent = nameOf(found.service);
  const priority = document.querySelector(`#priority option[value="${CSS.escape(found.priority)}"]`);
  /** @type {[string, string][]} */
  const facts = [
    [t("取号", "Issued"), hm(new Date(found.issued_at))],
    [t("前面", "Ahead"), state === "waiting" ? t(`${found.ahead} 人`, `${found.ahead}`) : ""],
    [t("窗口", "Window"), found.window ?? ""],
    [t("指定窗口", "For window"), found.for_window ?? ""],
    [t("优先", "Priority"), priority?.textContent || t("普通", "normal")],
    [t("挂起原因", "On hold because"), found.hold_reason ?? ""],
    [t("回到队列", "Back at"), found.held_until ? hm(new Date(found.held_until)) : ""],
    [t("过号", "Missed"), found.misses ? t(`${found.misses} 次`, `${found.misses}×`) : ""],
    [t("接着办", "Then"), found.chain.map(nameOf).join(t("、", ", "))],
  ];
  el("facts").replaceChildren(...facts.filter(([, value]) => value).flatMap(([name, value]) => [
    make("dt", { textContent: name }),
    make("dd", { textContent: value }),
  ]));
  for (const [name, button] of deedButtons) button.disabled = !CAN[name].includes(state);
}

// ---- what is done with it ----

/**
 * @param {Ticket} ticket
 * @param {string} verb
 * @param {object | undefined} body
 * @param {string} zh what was done
 * @param {string} en
 */
async function done({ id, number }, verb, body, zh, en) {
  await told(el("message"), async () => {
    const path = verb === "print" ? `/tickets/${id}/print` : `/desk/tickets/${id}/${verb}`;
    found = await call("POST", path, body, { key: newKey() });
    renderFound();
    el("message").classList.add("good");
    el("message").textContent = t(`${number} ${zh}`, `${number} ${en}`);
  });
}

/** @type {Record<string, (ticket: Ticket) => Promise<void>>} */
const deeds = {
  print: (ticket) => done(ticket, "print", undefined, "正在补打", "is printed again"),
  return: (ticket) => done(ticket, "return", undefined, "已回到队列", "is back in the queue"),
  async hold(ticket) {
    const chosen = await ask({
      title: t(`${ticket.number} 为什么挂起？`, `Why is ${ticket.number} put on hold?`),
      text: t("号码保留，到时间自动回到队列", "It keeps its number and comes back by itself"),
      choices: [["去取材料", "Fetches papers"], ["去复印或拍照", "Copies or a photo"], ["临时离开", "Away for a while"]].map(([zh, en]) => [zh, t(zh, en), ""]),
      amount: { label: t("几分钟后回来（空着：等叫回）", "Back in minutes (empty: until called back)"), value: 15, min: 1, max: 600 },
      other: { label: t("其他原因", "Another reason"), send: t("挂起", "Hold") },
    });
    if (chosen) await done(ticket, "hold", { reason: chosen.choice, ...(chosen.amount ? { minutes: chosen.amount } : {}) }, "已挂起", "is on hold");
  },
  async priority(ticket) {
    const options = [["normal", t("普通", "normal")], ...[...priorities.options].slice(1).map(({ value, text }) => [value, text])];
    const chosen = await ask({
      title: t(`${ticket.number} 改成哪一类？`, `Which priority for ${ticket.number}?`),
      text: t("下一步写明理由，理由会记入日志", "Next you give the reason, which goes into the log"),
      choices: options.map(([id, words]) => [id, words, id === ticket.priority ? t("现在", "now") : ""]),
    });
    if (!chosen) return;
    const why = await ask({
      title: t("理由是什么？", "What is the reason?"),
      text: options.find(([id]) => id === chosen.choice)?.[1] ?? "",
      choices: [["已查看证件", "Seen the certificate"], ["行动不便", "Cannot stand or walk well"], ["更正错误", "Puts a mistake right"]].map(([zh, en]) => [zh, t(zh, en), ""]),
      other: { label: t("其他理由", "Another reason"), send: t("确定", "Change") },
    });
    if (why) await done(ticket, "priority", { priority: chosen.choice, reason: why.choice }, "已改优先", "has another priority");
  },
  async cancel(ticket) {
    const chosen = await ask({
      title: t(`取消 ${ticket.number}？`, `Cancel ${ticket.number}?`),
      text: t("取消以后不能恢复，要办理须重新取号", "This cannot be undone: a new number would be needed"),
      choices: [["yes", t(`取消 ${ticket.number}`, `Cancel ${ticket.number}`), ""]],
    });
    if (chosen) await done(ticket, "cancel", undefined, "已取消", "is cancelled");
  },
};

/** @param {string} name */
function deed(name) {
  if (found && !deedButtons.get(name)?.disabled && !isAsking()) deeds[name](found);
}
for (const [name, button] of deedButtons) button.addEventListener("click", () => deed(name));
el("find").addEventListener("submit", (event) => {
  event.preventDefault();
  find(input("number").value);
});

/** @type {Record<string, () => void>} */
const KEYS = {
  F2: () => (chosenService() ?? labels("services")[0]?.box)?.focus(),
  F3: () => input("number").select(),
  F4: () => deed("print"), F6: () => deed("hold"), F7: () => deed("return"), F8: () => deed("priority"), F9: () => deed("cancel"),
};
addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
  if (isAsking()) answerByKey(event);
  else if (KEYS[event.key] && !event.repeat) KEYS[event.key]();
  if (KEYS[event.key]) event.preventDefault();
});

// ---- alive ----

const again = coalesce(async () => {
  /** @type {Ticket | null} */
  let asked = null;
  while (found && found !== asked) {
    asked = found;
    const answer = await call("GET", `/desk/tickets?number=${encodeURIComponent(asked.number)}`);
    // What was done here meanwhile may be newer than the answer: then it is asked again.
    if (found === asked) found = asked = answer;
  }
  renderFound();
});
const moved = (/** @type {{number: string}} */ { number }) => {
  learnHall();
  if (number === found?.number) again();
};
const help = helpPanel(problemWords);
const message = messageForm(() => ({ services, windows }), problemWords);
const changed = () => {
  learnHall();
  learnAlerts();
  again();
  help.refresh();
  message.refresh();
};
follow("/events", {
  on: { ticket: moved, help: help.refresh, notice: message.refresh, alert: learnAlerts, hall: changed, reset: changed },
  connected(isConnected, heard) {
    showLost(isConnected, heard);
    el("line").className = `state ${isConnected ? "good" : "stop"}`;
    el("line").textContent = isConnected ? t("已连接", "Connected") : t("连接中断", "Not connected");
    if (isConnected) changed();
  },
});
listenForScans(scanned);
const putAway = () => {
  found = issued = null;
  renderFound();
  renderIssued();
};
signOut(putAway);
lockWhenLeft(putAway);
setInterval(() => { el("clock").textContent = hm(now()); }, 1000);
setInterval(() => document.visibilityState === "visible" && learnAlerts(), EVERY);
speak(() => {
  renderServices();
  renderIssued();
  renderFound();
  showAlerts(el("alerts"), alerts);
  help.render();
  message.render();
});
