// The guide desk's page of applications (自助申请): how each one stands, where it goes on, and which papers are missing. What
// residents handed in with one opens at a window of its service, by the receipt, and not here.

import { call, Problem } from "../shared/api.js";
import { el, make } from "../shared/dom.js";
import { speak, t } from "../shared/language.js";
import { codeIn, listenForScans } from "../shared/scan.js";
import { isLocked, lockWhenLeft } from "../staff/lock.js";
import { signOut } from "../staff/signing.js";
import { badge, deeds, lineOf, minuteOf, nameOf, papersOf, STATES } from "./application.js";

const LOOK_EVERY = 30_000;      // ms between looks at the list

const search = el("search", HTMLInputElement);
const code = el("code", HTMLInputElement);
const note = el("note", HTMLInputElement);
/** @type {Application[]} */
let listed = [];
/** @type {HallWindow[]} */
let windows = [];
/** @type {Application["state"] | ""} of which state the list shows those; "" for all */
let chosen = "";
/** @type {Application | null} */
let one = null;

/** @type {Record<Application["state"], ["ready" | "returned" | "closed", string, string][]>} what the desk can do in each state: it is accepted at a window */
const KEYS = {
  submitted: [["returned", "缺材料", "Papers are missing"]],
  returned: [],
  open: [["ready", "可以领取", "Ready to be fetched"], ["returned", "缺材料", "Papers are missing"]],
  ready: [["closed", "已领取，办结", "Fetched: close"]],
  closed: [],
};

const { inTurn, show, tell } = deeds(render);

async function load() {
  if (isLocked()) return;
  [{ applications: listed }, { windows }] = await Promise.all([call("GET", "/applications"), call("GET", "/hall")]);
  if (one) one = listed.find(({ id }) => id === one?.id) ?? one;
  render();
}

/** @param {Application | null} application */
function choose(application) {
  one = application;
  note.value = "";
  tell("", "");
}

/** @param {string} scanned */
const find = (scanned) => inTurn(async () => {
  code.value = "";
  one = null;
  try {
    const found = await call("POST", "/desk/applications", { code: codeIn(scanned) ?? scanned });
    listed = listed.map((application) => (application.id === found.id ? found : application));
    choose(found);
  } catch (problem) {
    if (problem instanceof Problem && problem.code === "unknown_code") tell("这不是自助申请的回执", "This is no receipt of an application", true);
    else throw problem;
  }
});

/**
 * Move the one that is shown as it stands; pressed twice, once.
 * @param {Application} asked
 * @param {"ready" | "returned" | "closed"} to
 * @param {string} zh
 * @param {string} en
 */
const move = (asked, to, zh, en) => inTurn(async () => {
  const { id, state } = asked;
  if (one?.id !== id || one.state !== state) return;
  const words = note.value.trim();
  const moved = await call("POST", `/cases/${id}/progress`, { state: to, ...(words && { note: words }) });
  one = { ...one, state: moved.state, note: moved.note, updated_at: moved.updated_at };
  note.value = "";
  tell(`办件 ${id}：${zh}`, `Case ${id}: ${en}`);
  await load();
});

/** @param {Application} application */
function isWanted(application) {
  if (chosen && application.state !== chosen) return false;
  const { id, matter_name: zh, matter_name_en: en, service_name: service, service_name_en: service_en } = application;
  const words = search.value.trim().toLowerCase();
  return !words || String(id) === words || [zh, en, service, service_en].some((name) => name.toLowerCase().includes(words));
}

function render() {
  renderList();
  renderOne();
}

function renderList() {
  const counts = /** @type {const} */ (["", "submitted", "returned", "open", "ready"]).map((state) => {
    const count = state ? listed.filter((application) => application.state === state).length : listed.length;
    const [zh, en] = state ? STATES[state] : ["全部", "All"];
    const button = make("button", { type: "button", textContent: `${t(zh, en)} ${count}` });
    button.setAttribute("aria-pressed", String(state === chosen));
    button.addEventListener("click", () => {
      chosen = state;
      render();
      /** @type {HTMLElement | null} */ (el("states").querySelector("[aria-pressed=true]"))?.focus();
    });
    return button;
  });
  el("states").replaceChildren(...counts);
  const shown = listed.filter(isWanted);
  el("none").hidden = shown.length > 0;
  el("none").textContent = listed.length ? t("没有符合的申请", "None of this kind") : t("没有还没办结的申请", "Nothing applied for is still open");
  // What is being pressed must stay, and so must the place of the keyboard.
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.application : undefined;
  el("list").replaceChildren(...shown.map((application) => {
    const button = make("button", { type: "button" }, ...lineOf(application));
    button.dataset.application = String(application.id);
    button.setAttribute("aria-pressed", String(application.id === one?.id));
    button.addEventListener("click", () => choose(application));
    return make("li", {}, button);
  }));
  if (focused) /** @type {HTMLElement | null} */ (el("list").querySelector(`[data-application="${focused}"]`))?.focus();
}

function renderOne() {
  show();
  el("one").hidden = !one;
  for (const part of ["matter", "state", "facts", "papers", "keys"]) el(part).replaceChildren();
  if (!one) return;
  const shown = one;
  const { id, state, service } = shown;
  el("matter").textContent = `${id} · ${nameOf(one)}`;
  badge(el("state"), state);
  const at = windows.filter(({ services }) => services.includes("*") || services.includes(service)).map(({ name, name_en: en }) => t(name, en || name));
  /** @type {[string, string][]} */
  const facts = [
    [t("业务", "Service"), t(one.service_name, one.service_name_en || one.service_name)],
    [t("受理窗口", "Windows"), at.join(t("、", ", ")) || t("没有窗口办这项业务", "No window serves it")],
    [t("申请", "Applied for"), minuteOf(one.applied_at)],
    [t("最近变动", "Last changed"), minuteOf(one.updated_at)],
    [t("承诺办结", "Promised by"), one.promised_on ?? (state === "closed" ? "" : t("受理后才有", "told once it is accepted"))],
    [t("给申请人的话", "Said to the resident"), one.note ?? ""],
  ];
  for (const [name, value] of facts.filter(([, told]) => told)) el("facts").append(make("dt", { textContent: name }), make("dd", { textContent: value }));
  el("papers").replaceChildren(...papersOf(one));
  el("papers-part").hidden = !one.papers.length;
  el("deeds").hidden = !KEYS[state].length;
  for (const [to, zh, en] of KEYS[state]) {
    const button = make("button", { type: "button", textContent: t(zh, en), className: el("keys").childElementCount ? "" : "primary" });
    button.addEventListener("click", () => move(shown, to, zh, en));
    el("keys").append(button);
  }
}

const putAway = () => {
  code.value = "";
  choose(null);
};
search.addEventListener("input", renderList);
el("find").addEventListener("submit", (event) => {
  event.preventDefault();
  if (code.value.trim()) find(code.value);
});
addEventListener("keydown", ({ key }) => {
  if (key === "Escape" && one) putAway();
});
listenForScans(find);
signOut(putAway);
lockWhenLeft(putAway);
setInterval(() => inTurn(load), LOOK_EVERY);
speak(render);
inTurn(load);
