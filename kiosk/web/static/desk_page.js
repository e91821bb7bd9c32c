// The guide desk: give a number to somebody without a card, find one, and put right what went wrong with it.

import { answerByKey, ask, isAsking, takeBack } from "./ask.js";
import { speak, t } from "./language.js";
import { call, coalesce, follow, hm, lostLine, newKey, now, press, Problem } from "./live.js";
import { codeIn, listenForScans } from "./scan.js";
import { signIn, signOut } from "./signing.js";

const el = (id) => document.getElementById(id);

let services = [];        // of GET /hall
let found = null;         // GET /desk/tickets?number=
let issued = null;        // POST /tickets
let stops = [];           // services of the chain, in the order they were ticked

const showLost = lostLine();

function problemWords(problem) {
  if (problem.status === 401) signIn();
  return t(problem.detail, problem.detail_en);
}

/** Run what asks the hall; what goes wrong is told in `place`. */
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
  ({ services } = await call("GET", "/hall"));
  renderServices();
  renderFound();
});

const nameOf = (id) => {
  const one = services.find((service) => service.id === id);
  return one ? t(one.name, one.name_en || one.name) : id;
};

function row(kind, service, checked) {
  const label = document.createElement("label");
  const input = Object.assign(document.createElement("input"), { type: kind, name: kind === "radio" ? "service" : "stop", value: service.id, checked });
  const words = Object.assign(document.createElement("span"), { textContent: nameOf(service.id) });
  const count = Object.assign(document.createElement("b"), { textContent: t(`${service.waiting} 人`, `${service.waiting}`) });
  label.append(input, words, count);
  return label;
}

/** The rows stay while the services do, so that news take nothing from under a finger. */
function renderServices() {
  const ids = `${services.map(({ id }) => id).join(" ")} ${document.documentElement.lang}`;
  if (el("services").dataset.of !== ids) {
    el("services").dataset.of = ids;
    const chosen = document.querySelector("#services :checked")?.value;
    el("services").replaceChildren(...services.map((one) => row("radio", one, one.id === chosen)));
    el("stops").replaceChildren(...services.map((one) => row("checkbox", one, stops.includes(one.id))));
  }
  for (const list of ["services", "stops"]) {
    [...el(list).children].forEach((label, at) => {
      label.lastChild.textContent = t(`${services[at].waiting} 人`, `${services[at].waiting}`);
    });
  }
  [...el("stops").children].forEach((label) => {
    const place = stops.indexOf(label.firstChild.value);
    if (place >= 0) label.lastChild.textContent = t(`第 ${place + 2} 项`, `no. ${place + 2}`);
  });
}

el("stops").addEventListener("change", ({ target }) => {
  stops = target.checked ? [...stops, target.value] : stops.filter((id) => id !== target.value);
  renderServices();
});

// ---- issue ----

el("priority").addEventListener("change", () => {
  el("reason").disabled = !el("priority").value;
  if (el("priority").value) el("reason").focus();
  else el("reason").value = "";
});

/** What is asked for; a Problem in words when something is missing. */
function wanted() {
  const service = document.querySelector("#services :checked")?.value;
  if (!service) throw missing("请先选业务", "Choose a service first");
  const priority = el("priority").value;
  const reason = el("reason").value.trim();
  if (priority && !reason) throw missing("请写明优先的理由", "Please give the reason for the priority");
  const number = el("id-number").value.trim();
  const name = el("name").value.trim();
  return {
    service,
    ...(priority ? { priority, priority_reason: reason } : {}),
    ...(number || name ? { resident: { ...(number ? { id_number: number } : {}), ...(name ? { name } : {}) } } : {}),
    ...(stops.length ? { chain: stops.filter((id) => id !== service) } : {}),
  };
}

/** What stands in the form: a key kept after a lost answer is for this and for nothing else. */
const formed = () => JSON.stringify([...document.querySelectorAll("#issue input, #issue select")].map((field) => (field.checked ? "on " : "") + field.value));

const missing = (zh, en) => new Problem(422, { code: "missing", detail: zh, detail_en: en });

el("issue").addEventListener("submit", (event) => event.preventDefault());
press(el("issue-go"), async (key) => {
  el("issue-problem").textContent = "";
  issued = await call("POST", "/tickets", wanted(), { key });
  for (const id of ["id-number", "name", "reason", "priority"]) el(id).value = "";
  el("reason").disabled = true;
  stops = [];
  for (const box of document.querySelectorAll("#services input, #stops input")) box.checked = false;
  el("chain").open = false;
  renderServices();
  renderIssued();
  document.querySelector("#services input")?.focus();
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
  el("issued-code").textContent = issued.print === "none" ? issued.code.match(/.{1,4}/g).join("-") : "";
}

const PRINTS = {
  pending: ["正在打印", "printing"], printed: ["已打印", "printed"], unconfirmed: ["不确定是否打印", "perhaps printed"],
  failed: ["没有打印出来", "not printed"], none: ["没有小票", "no slip"],
};
const printWords = (state) => t(...PRINTS[state]);

// ---- find ----

async function find(number) {
  const text = number.trim().toUpperCase();
  if (!text) return;
  el("number").value = text;
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

async function scanned(text) {
  takeBack();
  if (codeIn(text) === null) {
    found = null;
    renderFound();
    el("message").textContent = t("不是本厅今天的号码", "Not a number of this hall today");
    return;
  }
  await told(el("message"), async () => find((await call("GET", `/tickets/${codeIn(text)}`)).number));
}

const STATES = {
  waiting: ["等候中", "waiting", "good"], called: ["已呼叫", "called", "warn"], serving: ["办理中", "being served", "good"],
  held: ["已挂起", "on hold", "warn"], done: ["已办结", "finished", ""], missed: ["已过号", "missed", "stop"],
  cancelled: ["已取消", "cancelled", "stop"], expired: ["已过期", "expired", "stop"],
};
const CAN = {
  print: ["waiting", "called", "serving", "held", "missed"], hold: ["waiting"], return: ["held", "missed"],
  priority: ["waiting", "held"], cancel: ["waiting", "held", "missed"],
};

function renderFound() {
  el("found").hidden = !found;
  if (!found) return;
  const [zh, en, kind] = STATES[found.state];
  el("found-state").className = `state ${kind}`;
  el("found-state").textContent = t(zh, en);
  el("found-print").textContent = printWords(found.print);
  el("found-number").textContent = found.number;
  el("found-service").textContent = nameOf(found.service);
  const priority = document.querySelector(`#priority option[value="${CSS.escape(found.priority)}"]`);
  const facts = [
    [t("取号", "Issued"), hm(new Date(found.issued_at))],
    found.state === "waiting" && [t("前面", "Ahead"), t(`${found.ahead} 人`, `${found.ahead}`)],
    found.window && [t("窗口", "Window"), found.window],
    found.for_window && [t("指定窗口", "For window"), found.for_window],
    [t("优先", "Priority"), priority ? priority.textContent : t("普通", "normal")],
    found.hold_reason && [t("挂起原因", "On hold because"), found.hold_reason],
    found.held_until && [t("回到队列", "Back at"), hm(new Date(found.held_until))],
    found.misses > 0 && [t("过号", "Missed"), t(`${found.misses} 次`, `${found.misses}×`)],
    found.chain.length > 0 && [t("接着办", "Then"), found.chain.map(nameOf).join(t("、", ", "))],
  ].filter(Boolean);
  el("facts").replaceChildren(...facts.flatMap(([name, value]) => [
    Object.assign(document.createElement("dt"), { textContent: name }),
    Object.assign(document.createElement("dd"), { textContent: value }),
  ]));
  for (const button of document.querySelectorAll("[data-deed]")) button.disabled = !CAN[button.dataset.deed].includes(found.state);
}

// ---- what is done with it ----

async function done(verb, body, zh, en) {
  const { id, number } = found;
  await told(el("message"), async () => {
    const path = verb === "print" ? `/tickets/${id}/print` : `/desk/tickets/${id}/${verb}`;
    found = await call("POST", path, body, { key: newKey() });
    renderFound();
    el("message").classList.add("good");
    el("message").textContent = t(`${number} ${zh}`, `${number} ${en}`);
  });
}

const deeds = {
  print: () => done("print", undefined, "正在补打", "is printed again"),
  return: () => done("return", undefined, "已回到队列", "is back in the queue"),
  async hold() {
    const chosen = await ask({
      title: t(`${found.number} 为什么挂起？`, `Why is ${found.number} put on hold?`),
      text: t("号码保留，到时间自动回到队列", "It keeps its number and comes back by itself"),
      choices: [["去取材料", "Fetches papers"], ["去复印或拍照", "Copies or a photo"], ["临时离开", "Away for a while"]].map(([zh, en]) => [zh, t(zh, en), ""]),
      amount: { label: t("几分钟后回来（空着：等叫回）", "Back in minutes (empty: until called back)"), value: 15, min: 1, max: 600 },
      other: { label: t("其他原因", "Another reason"), send: t("挂起", "Hold") },
    });
    if (chosen) await done("hold", { reason: chosen.choice, ...(chosen.amount ? { minutes: chosen.amount } : {}) }, "已挂起", "is on hold");
  },
  async priority() {
    const options = [["normal", t("普通", "normal")], ...[...el("priority").options].slice(1).map(({ value, textContent }) => [value, textContent])];
    const chosen = await ask({
      title: t(`${found.number} 改成哪一类？`, `Which priority for ${found.number}?`),
      text: t("下一步写明理由，理由会记入日志", "Next you give the reason, which goes into the log"),
      choices: options.map(([id, words]) => [id, words, id === found.priority ? t("现在", "now") : ""]),
    });
    if (!chosen) return;
    const why = await ask({
      title: t("理由是什么？", "What is the reason?"),
      text: options.find(([id]) => id === chosen.choice)[1],
      choices: [["已查看证件", "Seen the certificate"], ["行动不便", "Cannot stand or walk well"], ["更正错误", "Puts a mistake right"]].map(([zh, en]) => [zh, t(zh, en), ""]),
      other: { label: t("其他理由", "Another reason"), send: t("确定", "Change") },
    });
    if (why) await done("priority", { priority: chosen.choice, reason: why.choice }, "已改优先", "has another priority");
  },
  async cancel() {
    const chosen = await ask({
      title: t(`取消 ${found.number}？`, `Cancel ${found.number}?`),
      text: t("取消以后不能恢复，要办理须重新取号", "This cannot be undone: a new number would be needed"),
      choices: [["yes", t(`取消 ${found.number}`, `Cancel ${found.number}`), ""]],
    });
    if (chosen) await done("cancel", undefined, "已取消", "is cancelled");
  },
};

function deed(name) {
  const button = document.querySelector(`[data-deed="${name}"]`);
  if (found && !button.disabled && !isAsking()) deeds[name]();
}
for (const button of document.querySelectorAll("[data-deed]")) button.addEventListener("click", () => deed(button.dataset.deed));
el("find").addEventListener("submit", (event) => {
  event.preventDefault();
  find(el("number").value);
});

const KEYS = {
  F2: () => (document.querySelector("#services :checked") ?? document.querySelector("#services input"))?.focus(),
  F3: () => el("number").select(),
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
  for (let asked = null; found && found !== asked;) {
    asked = found;
    const answer = await call("GET", `/desk/tickets?number=${encodeURIComponent(asked.number)}`);
    // What was done here meanwhile may be newer than the answer: then it is asked again.
    if (found === asked) found = asked = answer;
  }
  renderFound();
});
const moved = ({ number }) => {
  learnHall();
  if (number === found?.number) again();
};
const types = ["issued", "called", "started", "held", "returned", "missed", "transferred", "finished", "undone", "cancelled", "expired"];
follow("/events", {
  on: { ...Object.fromEntries(types.map((type) => [`ticket.${type}`, moved])), "hall.changed": learnHall, "hall.restored": () => { learnHall(); again(); } },
  connected(isConnected, heard) {
    showLost(isConnected, heard);
    el("line").className = `state ${isConnected ? "good" : "stop"}`;
    el("line").textContent = isConnected ? t("已连接", "Connected") : t("连接中断", "Not connected");
    if (isConnected) {
      learnHall();
      again();
    }
  },
});
listenForScans(scanned);
signOut(() => {
  found = issued = null;
  renderFound();
  renderIssued();
});
setInterval(() => { el("clock").textContent = hm(now()); }, 1000);
speak(() => {
  renderServices();
  renderIssued();
  renderFound();
});
