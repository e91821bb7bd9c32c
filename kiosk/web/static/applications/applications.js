// The clerk's page of applications (自助申请): what was applied for at terminals, and the one whose receipt was scanned. What
// that holds is on the page until it is put away, at the latest after a while without an act.

import { call, newKey } from "../shared/api.js";
import { el, make } from "../shared/dom.js";
import { speak, t } from "../shared/language.js";
import { rowsOf } from "../shared/resident_rows.js";
import { codeIn, listenForScans } from "../shared/scan.js";
import { follow } from "../shared/stream.js";
import { isLocked, lockWhenLeft } from "../staff/lock.js";
import { signOut } from "../staff/signing.js";
import { badge, deeds, lineOf, nameOf, papersOf } from "./application.js";

const LOOK_EVERY = 30_000;      // ms between looks at the list
const SHOWN_FOR = 300_000;      // ms without an act for which somebody's data stay on the page

const at = `/windows/${encodeURIComponent(el("applications").dataset.window ?? "")}`;
const path = `${at}/applications`;
const code = el("code", HTMLInputElement);
const note = el("note", HTMLInputElement);
/** @type {Application[]} */
let listed = [];
/** @type {OpenedApplication | null} */
let one = null;
let acted = Date.now();

const { inTurn, show, tell } = deeds(render);

async function load() {
  if (isLocked()) return;
  ({ applications: listed } = await call("GET", path));
  render();
}

/** @param {string} scanned */
const open = (scanned) => inTurn(async () => {
  if (isLocked()) return;
  putAway();
  one = await call("POST", path, { code: codeIn(scanned) ?? scanned });
  tell("", "");
});

/** Nothing of the resident stays on the page. */
function putAway() {
  one = null;
  code.value = "";
  note.value = "";
  tell("", "");
}

/**
 * Move the one that is open as it stands; pressed twice, once.
 * @param {Application} asked
 * @param {"take-up" | "ready" | "returned" | "closed"} to
 * @param {string} zh
 * @param {string} en
 */
const move = (asked, to, zh, en) => inTurn(async () => {
  const { id, state } = asked;
  if (one?.id !== id || one.state !== state) return;
  const words = note.value.trim();
  const moved = to === "take-up"
    ? await call("POST", `${path}/${id}/take-up`, undefined, { key: newKey() })
    : await call("POST", `/cases/${id}/progress`, { state: to, ...(words && { note: words }) });
  if (to === "closed") putAway();
  else if (one) one = { ...one, state: moved.state, promised_on: moved.promised_on, note: moved.note };
  note.value = "";
  tell(`办件 ${id}：${zh}`, `Case ${id}: ${en}`);
  await load();
});

/** @type {Record<Application["state"], ["take-up" | "ready" | "returned" | "closed", string, string][]>} what can be done in each state, the usual first */
const KEYS = {
  submitted: [["take-up", "受理", "Accept"], ["returned", "缺材料", "Papers are missing"], ["closed", "不受理，办结", "Turn down and close"]],
  returned: [["take-up", "受理", "Accept"], ["closed", "办结", "Close"]],
  open: [["ready", "可以领取", "Ready to be fetched"], ["returned", "缺材料", "Papers are missing"], ["closed", "办结", "Close"]],
  ready: [["closed", "办结", "Close"]],
  closed: [],
};

function render() {
  el("none").hidden = listed.length > 0;
  el("list").replaceChildren(...listed.map((application) => make("li", {}, ...lineOf(application))));
  show();
  el("one").hidden = !one;
  for (const part of ["matter", "state", "papers", "fields", "keys"]) el(part).replaceChildren();
  if (!one) return;
  el("matter").textContent = `${one.id} · ${nameOf(one)}`;
  badge(el("state"), one.state);
  el("papers").replaceChildren(...papersOf(one));
  const resident = { ...one.resident, agent: one.agent ?? undefined, forms: one.forms };
  for (const row of rowsOf(resident)) el("fields").append(make("dt", { textContent: t(row.zh, row.en) }), make("dd", { textContent: row.value }));
  const shown = one;
  for (const [to, zh, en] of KEYS[shown.state]) {
    const button = make("button", { type: "button", textContent: t(zh, en), className: el("keys").childElementCount ? "" : "primary" });
    button.addEventListener("click", () => move(shown, to, zh, en));
    el("keys").append(button);
  }
  const away = make("button", { type: "button", textContent: t("收起 Esc", "Put away (Esc)") });
  away.addEventListener("click", putAway);
  el("keys").append(away);
}

el("find").addEventListener("submit", (event) => {
  event.preventDefault();
  if (code.value.trim()) open(code.value);
});
addEventListener("keydown", (event) => {
  acted = Date.now();
  if (event.key === "Escape" && one) putAway();
});
addEventListener("pointerdown", () => (acted = Date.now()));
addEventListener("pagehide", putAway);
listenForScans(open);
follow(`${at}/events`, { on: { scan: (/** @type {{scanned?: string}} */ { scanned }) => scanned && open(scanned) } });
signOut(putAway);
lockWhenLeft(putAway);
setInterval(() => inTurn(load), LOOK_EVERY);
setInterval(() => {
  if (one && Date.now() - acted > SHOWN_FOR) putAway();
}, 1000);
speak(render);
inTurn(load);
code.focus();
