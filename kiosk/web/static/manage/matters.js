// The manager's matters: found in a table, changed one by one, taken in as a file and given out as one.

import { ask } from "../staff/ask.js";
import { call, Problem, wordsOf } from "../shared/api.js";
import { all, copyOf, el, find, make } from "../shared/dom.js";
import { isEnglish, speak, t } from "../shared/language.js";
import { lockWhenLeft } from "../staff/lock.js";
import { prepare, search } from "../shared/matter_search.js";
import { signIn, signOut } from "../staff/signing.js";

const MOST = 200;             // rows of the table at once
/** @type {Record<string, [string, string]>} */
const HOW = { added: ["新增", "added"], changed: ["修改", "changed"], removed: ["撤销", "removed"], moved: ["调整顺序", "order changes"] };

/** @type {{version: string, matters: any[]}} */
let list = { version: "", matters: [] };
/** @type {ReturnType<typeof prepare>} */
let entries = [];
/** @type {{id: string, name: string}[]} */
let services = [];
/** @type {any} what the form was filled from; null for a new one */
let edited = null;
/** @type {File | null} */
let file = null;
const form = el("form", HTMLFormElement);

/**
 * @param {string} zh
 * @param {string} en
 * @param {string} [kind]
 */
function tell(zh, en, kind = "good") {
  el("said").hidden = !zh;
  el("said").className = `notice ${kind}`;
  el("said").textContent = t(zh, en);
}

/** @param {unknown} problem */
function tellProblem(problem) {
  if (problem instanceof Problem && problem.status === 401) signIn();
  else tell(...wordsOf(problem), "stop");
}

/** @param {"list" | "edit" | "take-in"} part */
function turnTo(part) {
  for (const one of ["list", "edit", "take-in"]) el(one).hidden = one !== part;
  el("faults").hidden = true;
  if (part !== "list") find("h2", el(part)).focus();
}

// ---- the table ----

async function load() {
  const [matters, hall] = await Promise.all([call("GET", "/matters"), call("GET", "/hall")]);
  list = matters;
  services = hall.services;
  entries = prepare(list.matters);
  renderList();
}

function renderList() {
  const typed = el("query", HTMLInputElement).value.trim();
  const byId = list.matters.filter(({ id }) => typed && id.includes(typed));
  const found = typed ? [...new Set([...search(entries, typed), ...byId])] : list.matters;
  const names = new Map(services.map(({ id, name }) => [id, name]));
  el("counted").textContent = found.length > MOST
    ? t(`共 ${found.length} 项，先显示 ${MOST} 项，请查找`, `${found.length} matters; the first ${MOST} are shown: search`)
    : t(`${found.length} 项`, `${found.length} matters`);
  el("rows").replaceChildren(...found.slice(0, MOST).map((one) => {
    const button = make("button", { type: "button", textContent: one.name });
    button.addEventListener("click", () => edit(one.id));
    const away = make("span", { className: "state warn", textContent: t("没有这个业务", "no such service") });
    return make("tr", {},
      make("td", {}, button, make("span", { className: "quiet", textContent: one.name_en })),
      make("td", { textContent: one.id }),
      make("td", { textContent: `${one.audience === "business" ? t("企业", "business") : t("个人", "personal")} · ${t(one.theme, one.theme_en || one.theme)}` }),
      make("td", {}, `${names.get(one.service) ?? one.service} `, ...(one.available ? [] : [away])),
      counted(one.asked_today));
  }));
}

/** How often it was asked for today; a phone, which has no headings, shows what the number is. @param {number} asked */
function counted(asked) {
  const made = make("td", { className: "count", textContent: String(asked) });
  made.dataset.label = t("今日", "today");
  return made;
}

// ---- one of them ----

const inputs = () => /** @type {HTMLInputElement[]} */ (all("[name]", form));

/** @param {string} [id] none for a new one */
async function edit(id) {
  try {
    edited = id ? await call("GET", `/matters/${encodeURIComponent(id)}`) : null;
  } catch (problem) {
    tellProblem(problem);
    return;
  }
  tell("", "");
  const here = edited ?? { audience: "personal", service: services[0]?.id, papers: [], words: [] };
  const choices = services.map((one) => make("option", { value: one.id, textContent: `${one.name} (${one.id})` }));
  if (edited && !services.some((one) => one.id === edited.service)) choices.push(make("option", { value: edited.service, textContent: edited.service }));
  el("f-service").replaceChildren(...choices);
  for (const input of inputs()) {
    const value = here[input.name];
    if (input.type === "checkbox") input.checked = Boolean(value);
    else input.value = Array.isArray(value) ? value.join("、") : String(value ?? "");
  }
  el("f-id", HTMLInputElement).readOnly = Boolean(edited);
  el("papers").replaceChildren(...here.papers.map(paperRow));
  el("remove").hidden = !edited;
  el("edit-title").textContent = edited ? t(edited.name, edited.name_en || edited.name) : t("新增事项", "New matter");
  turnTo("edit");
}

/** @param {any} paper */
function paperRow(paper) {
  const row = copyOf("paper");
  const said = [["名称", "Name"], ["英文", "English"], ["原件", "Original"], ["复印件", "Copies"], ["样表在哪", "Sample is at"]];
  all("span", row).forEach((span, at) => {
    const [zh, en] = said[at];
    Object.assign(span.dataset, { zh, en });
    span.textContent = t(zh, en);
  });
  for (const input of /** @type {HTMLInputElement[]} */ (all("input", row))) {
    const value = paper[input.dataset.part ?? ""];
    if (input.type === "checkbox") input.checked = Boolean(value);
    else input.value = String(value ?? "");
  }
  const away = find("[data-part=away]", row);
  away.setAttribute("aria-label", t("去掉这份材料", "Leave this paper out"));
  away.addEventListener("click", () => row.remove());
  return row;
}

/** What the form says, with what it does not show as it was. */
function formed() {
  /** @type {any} */
  const matter = { ...edited };
  for (const input of inputs()) {
    const value = input.value.trim();
    if (input.type === "checkbox") matter[input.name] = input.checked;
    else if (input.type === "number") matter[input.name] = value === "" ? null : Number(value);
    else if (input.name === "words") matter.words = value.split(/[、;；]/).map((word) => word.trim()).filter(Boolean);
    else matter[input.name] = value;
  }
  matter.papers = all(".paper", form).map((row) => Object.fromEntries(
    (/** @type {HTMLInputElement[]} */ (all("input", row))).map((input) => [
      input.dataset.part,
      input.type === "checkbox" ? input.checked : input.type === "number" ? Number(input.value) : input.value.trim(),
    ]),
  )).filter((paper) => paper.name);
  return matter;
}

/** A column as the form calls it. @param {string} column */
const columnName = (column) => (column === "papers" ? t("要带的材料", "papers to bring") : document.querySelector(`label[for="f-${column}"]`)?.textContent ?? column);

/** @param {Problem} problem */
function showFaults(problem) {
  const faults = /** @type {any[]} */ (problem.body.errors ?? []);
  const lines = faults.map((one) => make("p", { textContent: `${columnName(one.column)}${t("：", ": ")}${isEnglish() ? one.message : one.message_zh}` }));
  el("faults").replaceChildren(make("div", {}, ...(lines.length ? lines : [make("p", { textContent: t(...wordsOf(problem)) })])));
  el("faults").hidden = false;
}

async function save() {
  const matter = formed();
  try {
    await call("PUT", `/matters/${encodeURIComponent(matter.id || "?")}`, matter, { version: list.version });
    await load();
    turnTo("list");
    tell(`已保存：${matter.name}`, `Saved: ${matter.name}`);
  } catch (problem) {
    if (problem instanceof Problem && problem.status !== 401) showFaults(problem);
    else tellProblem(problem);
  }
}

async function remove() {
  const { id, name } = edited;
  const sure = await ask({
    title: t(`撤销“${name}”？`, `Take ${name} away?`),
    text: t("已取的号仍保留它", "Tickets that are for it keep it"),
    choices: [["yes", t("撤销", "Take it away")]],
  });
  if (sure?.choice !== "yes") return;
  try {
    await call("DELETE", `/matters/${encodeURIComponent(id)}`, undefined, { version: list.version });
    await load();
    turnTo("list");
    tell(`已撤销：${name}`, `Taken away: ${name}`);
  } catch (problem) {
    tellProblem(problem);
  }
}

// ---- a file ----

/** @param {boolean} dry */
async function send(dry) {
  if (!file) return;
  const query = `dry_run=${dry}&version=${list.version}`;
  try {
    const said = await call("POST", `/matters/file?${query}`, file);
    showChanges(said, dry);
    if (!dry) {
      await load();
      tell("已导入", "Taken in");
    }
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status === 401) return tellProblem(problem);
    el("adopt", HTMLButtonElement).disabled = true;
    el("result").textContent = t(...wordsOf(problem));
    showRows(problem.body.errors ?? []);
    el("changes").hidden = true;
  }
}

/** @param {any[]} rows wrong ones, or odd ones */
function showRows(rows) {
  el("problems").hidden = !rows.length;
  find("tbody", el("problems")).replaceChildren(...rows.map((one) => make("tr", {},
    make("td", { className: "count", textContent: String(one.row) }),
    make("td", { textContent: one.matter }),
    make("td", { textContent: one.column }),
    make("td", { textContent: isEnglish() ? one.message : one.message_zh }))));
}

/**
 * @param {{changes: any[], warnings: any[]}} said
 * @param {boolean} dry
 */
function showChanges({ changes, warnings }, dry) {
  const count = changes.length;
  el("result").textContent = dry
    ? t(count ? `文件没有错，会改动 ${count} 处，请确认` : "文件和现在一样，没有改动", count ? `The file is right and changes ${count}: take it in?` : "The file is what there is: nothing changes")
    : t(`已导入，改动 ${count} 处`, `Taken in: ${count} changes`);
  el("adopt", HTMLButtonElement).disabled = !dry || !count;
  showRows(warnings);
  el("changes").hidden = !count;
  find("tbody", el("changes")).replaceChildren(...changes.map((one) => make("tr", {},
    make("td", { textContent: one.id }),
    make("td", { textContent: t(...HOW[one.how]) }),
    make("td", { textContent: one.fields.map(columnName).join(t("、", ", ")) }))));
}

function beginImport() {
  file = null;
  el("file", HTMLInputElement).value = "";
  el("result").textContent = "";
  el("adopt", HTMLButtonElement).disabled = true;
  showRows([]);
  el("changes").hidden = true;
  tell("", "");
  turnTo("take-in");
}

el("query").addEventListener("input", renderList);
el("new").addEventListener("click", () => edit());
el("import").addEventListener("click", beginImport);
el("more").addEventListener("click", () => {
  const row = paperRow({ original: true, copies: 0 });
  el("papers").append(row);
  find("input", row).focus();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});
el("remove").addEventListener("click", remove);
for (const back of ["cancel", "leave"]) el(back).addEventListener("click", () => turnTo("list"));
el("file").addEventListener("change", () => {
  file = el("file", HTMLInputElement).files?.[0] ?? null;
  send(true);
});
el("adopt").addEventListener("click", () => send(false));
signOut();
lockWhenLeft();
speak(renderList);
load().catch(tellProblem);
