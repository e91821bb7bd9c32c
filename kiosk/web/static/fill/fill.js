// The page of the extension that fills forms: the mappings of this box, and one that comes from the extension to be kept.

import { call, Problem, wordsOf } from "../shared/api.js";
import { el, make } from "../shared/dom.js";
import { speak, t } from "../shared/language.js";
import { fieldWords } from "../shared/resident_rows.js";
import { lockWhenLeft } from "../staff/lock.js";
import { signIn, signOut } from "../staff/signing.js";

/** @typedef {{field: string, selector: string, date: string}} MappedInput */
/** @typedef {{id: string, name: string, pages: string[], inputs: MappedInput[]}} Mapping */

/** What a form may ask for besides the fields of a resident, and what differs there: a country is its code. @type {Record<string, [string, string]>} */
const FIELDS = {
  nationality: ["国籍（代码）", "Nationality (code)"],
  number: ["排队号码", "Ticket number"],
};
const DATES = ["", "YYYY/MM/DD", "YYYY.MM.DD", "YYYYMMDD", "YYYY年MM月DD日"];
const isTechnician = document.documentElement.dataset.role === "technician";

/** @type {Mapping[]} */
let mappings = [];
/** @type {Mapping | null} */
let fresh = null;      // what came from the extension, and is not kept yet

/** @param {string} zh @param {string} en @param {"good" | "warn"} tone */
function say(zh, en, tone) {
  el("said").textContent = t(zh, en);
  el("said").className = `notice ${tone}`;
  el("said").hidden = false;
}

/** @param {unknown} problem */
function refused(problem) {
  if (!(problem instanceof Problem)) throw problem;
  say(...wordsOf(problem), "warn");
}

const wordsFor = (/** @type {string} */ field) => t(...(FIELDS[field] ?? fieldWords(field) ?? [field, field]));

function render() {
  el("none").hidden = mappings.length > 0;
  el("forms").replaceChildren(...mappings.map((one) => {
    const about = make("div", {}, make("b", { textContent: one.name }), make("p", { className: "quiet", textContent: one.pages.join(" · ") }),
      make("p", { textContent: one.inputs.map(({ field }) => wordsFor(field)).join(t("、", ", ")) }));
    const item = make("li", {}, about);
    if (isTechnician) {
      const change = make("button", { type: "button", textContent: t("修改", "Change") });
      change.addEventListener("click", () => edit(one));
      const remove = make("button", { type: "button", textContent: t("删除", "Remove") });
      remove.addEventListener("click", () => takeAway(one));
      item.append(change, remove);
    }
    return item;
  }));
  renderNew();
}

function renderNew() {
  el("new").hidden = !fresh;
  el("inputs").replaceChildren(...(fresh?.inputs ?? []).map((one) => {
    const row = make("tr", {}, make("td", { textContent: wordsFor(one.field) }), make("td", {}, make("code", { textContent: one.selector })));
    const cell = make("td");
    if (/date|valid/.test(one.field)) {
      const label = `${wordsFor(one.field)} ${t("日期写法", "dates as")}`;
      const choices = DATES.includes(one.date) ? DATES : [...DATES, one.date];
      const list = make("select", { ariaLabel: label }, ...choices.map((value) => make("option", { value, textContent: value || "YYYY-MM-DD" })));
      list.value = one.date;
      list.addEventListener("change", () => { one.date = list.value; });
      cell.append(list);
    }
    row.append(cell);
    return row;
  }));
}

/** @param {Mapping} mapping */
function edit(mapping) {
  fresh = structuredClone(mapping);
  el("id", HTMLInputElement).value = mapping.id;
  el("name", HTMLInputElement).value = mapping.name;
  el("pages", HTMLTextAreaElement).value = mapping.pages.join("\n");
  renderNew();
  el("id").focus();
}

/** @param {Mapping} mapping */
async function takeAway({ id, name }) {
  try {
    await call("DELETE", `/fill/mappings/${encodeURIComponent(id)}`);
    await load();
    say(`已删除：${name}`, `Removed: ${name}`, "good");
  } catch (problem) {
    refused(problem);
  }
}

async function keep() {
  if (!fresh) return;
  const id = el("id", HTMLInputElement).value.trim();
  const name = el("name", HTMLInputElement).value.trim();
  const pages = el("pages", HTMLTextAreaElement).value.split("\n").map((one) => one.trim()).filter(Boolean);
  try {
    await call("PUT", `/fill/mappings/${encodeURIComponent(id)}`, { name, pages, inputs: fresh.inputs });
    fresh = null;
    await load();
    say(`已保存：${name}。办事员按 Alt+Q 就能填`, `Kept: ${name}. Clerks can fill it now with Alt+Q`, "good");
  } catch (problem) {
    refused(problem);
  }
}

/** What the extension has put behind the address: taken off it at once, and only shown until it is kept. */
function arrived() {
  const text = new URLSearchParams(location.hash.slice(1)).get("mapping");
  if (!text) return;
  history.replaceState(null, "", location.pathname);
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    const { id, name, pages, inputs } = JSON.parse(new TextDecoder().decode(bytes));
    const strings = [id, name, ...pages, ...inputs.flatMap((/** @type {MappedInput} */ one) => [one.field, one.selector, one.date])];
    if (strings.some((one) => typeof one !== "string")) throw new TypeError("not a mapping");
    if (isTechnician) edit({ id, name, pages, inputs });
    else say("请用技术人员的账号登录后再设置", "Log in as a technician to map forms", "warn");
  } catch {
    say("扩展传来的内容读不出来，请再设置一次", "What came from the extension cannot be read: map the form again", "warn");
  }
}

async function load() {
  ({ mappings } = await call("GET", "/fill/mappings"));
  render();
}

el("mapping").addEventListener("submit", (event) => {
  event.preventDefault();
  keep();
});
el("drop").addEventListener("click", () => {
  fresh = null;
  renderNew();
});
signOut();
addEventListener("hashchange", arrived);
lockWhenLeft();
speak(render);
try {
  await load();
  arrived();
} catch (problem) {
  if (problem instanceof Problem && problem.status === 401) signIn();
  else refused(problem);
}
