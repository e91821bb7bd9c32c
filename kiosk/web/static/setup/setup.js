// The manager's page of the hall's setup: one table at a time, each cell saved in the draft as it is left.

import { Problem, wordsOf } from "../shared/api.js";
import { all, el, find, make } from "../shared/dom.js";
import { isEnglish, speak, t } from "../shared/language.js";
import { lockWhenLeft } from "../staff/lock.js";
import { signOut } from "../staff/signing.js";
import { control, readCell, shown } from "./cells.js";
import { draft, follow, isKnown, renderBar, save, tell } from "./draft.js";
import { TABLES } from "./sections.js";

/** @typedef {{was: any, typed: any, trouble: string[] | null, theirs?: any}} Pending */

/** @type {Map<string, Pending>} by table, row and field: what was typed and is not in the draft */
const pending = new Map();
/** @type {Set<string>} rows whose further fields are open */
const opened = new Set();
/** @type {{[field: string]: any}} what stands in the line that adds a row */
let adding = {};
/** @type {string[] | null} */
let addTrouble = null;

const table = () => TABLES.find((one) => `#${one.id}` === location.hash) ?? TABLES[0];

/** @param {Column} column */
const title = (column) => t(column.zh, column.en);

/** @param {string} place of a row, such as `services[3]` */
const faultsAt = (place) => draft().problems.filter((one) => one.field === place || one.field.startsWith(`${place}.`) || one.field.startsWith(`${place}[`));

/** @param {Fault} fault */
const faultWords = (fault) => t(fault.message_zh ?? fault.message, fault.message);

/**
 * @param {Table} one
 * @returns {number} how many problems its rows have
 */
function faultsOf(one) {
  if (one.id === "hours") return draft().problems.filter((fault) => fault.field.startsWith("hours")).length;
  if (one.id === "slots" || one.id === "quotas") return draft().problems.filter((fault) => fault.field.includes(`.${one.id}[`)).length;
  if (one.id === "services") return draft().problems.filter((fault) => /^services\[\d+\](?!\.(slots|quotas)\[)/.test(fault.field)).length;
  return draft().problems.filter((fault) => fault.field.startsWith(`${one.id}[`)).length;
}

/** @param {Table} one */
function countOf(one) {
  if (one.id === "hours") return Object.values(draft().values.hours ?? {}).filter((periods) => periods?.length).length;
  return one.rows().length;
}

function renderSteps() {
  const steps = TABLES.map((one) => {
    const faults = faultsOf(one);
    const count = countOf(one);
    const state = faults
      ? make("span", { className: "state stop small", textContent: t(`${faults} 处要改`, `${faults} wrong`) })
      : make("span", { className: "quiet small", textContent: count ? String(count) : t("还没有", "none yet") });
    const link = make("a", { href: `#${one.id}` }, make("span", { textContent: t(one.zh, one.en) }), state);
    if (one === table()) link.setAttribute("aria-current", "page");
    return make("li", { className: one.step ? "step" : "" }, link);
  });
  el("steps").replaceChildren(...steps);
}

/** The way to a hall that has none yet. */
function renderGuide() {
  const { published, values, problems, changes } = draft();
  const isNew = !published.services?.length;
  el("guide").hidden = !isNew;
  if (!isNew) return;
  const steps = [
    ["services", Boolean(values.services?.length), "写上业务", "Write down the services"],
    ["windows", Boolean(values.windows?.length), "写上窗口", "Write down the windows"],
    ["clerks", Boolean(values.clerks?.length), "给窗口人员开账号", "Give each clerk an account"],
    ["hours", Boolean(values.hours), "写上开放时间（一直开放就不用写）", "Write down the opening hours (none: always open)"],
  ];
  el("guide-steps").replaceChildren(
    ...steps.map(([id, done, zh, en]) => make("li", { className: done ? "done" : "" }, make("a", { href: `#${id}`, textContent: t(String(zh), String(en)) }), make("span", { className: "quiet small", textContent: done ? t("好了", "done") : "" }))),
    // A machine's token is no part of the setup, and whether there is one is the security administrator's to know.
    make("li", {}, make("a", { href: "/manage/accounts#tokens-title", textContent: t("给取号机开一个令牌", "Make a token for the kiosk") })),
    make("li", {}, changes.length && !problems.length
      ? make("a", { href: "/manage/changes", textContent: t("发布，大厅开门", "Publish: the hall opens") })
      : make("span", { textContent: t("发布，大厅开门", "Publish: the hall opens") })),
  );
}

function render() {
  if (!isKnown()) return;
  const kept = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.at : undefined;
  const selection = document.activeElement instanceof HTMLInputElement && document.activeElement.type === "text"
    ? [document.activeElement.selectionStart, document.activeElement.selectionEnd] : null;
  const one = table();
  renderBar();
  renderSteps();
  renderGuide();
  el("table-title").textContent = t(one.zh, one.en);
  const order = one.rows().some(({ move }) => move) ? t("Alt+↑、Alt+↓ 换位置。", " Alt+↑ and Alt+↓ change the order.") : "";
  el("table-intro").textContent = `${t(one.intro[0], one.intro[1])}${order}`;
  el("table").replaceChildren(...filled(one), grid(one), ...copyHours(one), ...toAccounts(one));
  el("add").replaceChildren(...(one.add && !draft().due ? [adder(one)] : []));
  if (!kept) return;
  const again = document.querySelector(`[data-at="${CSS.escape(kept)}"]`);
  if (!(again instanceof HTMLElement)) return;
  again.focus();
  if (selection && again instanceof HTMLInputElement && again.type === "text") again.setSelectionRange(selection[0], selection[1]);
}

/** @param {Table} one */
function grid(one) {
  const rows = one.rows();
  const head = make("tr", {}, ...one.columns.map((column) => make("th", { scope: "col", textContent: title(column) })));
  if (one.more || rows.some((row) => row.remove)) head.append(make("th", { scope: "col" }, make("span", { className: "hidden-words", textContent: t("操作", "Actions") })));
  const body = make("tbody", {}, ...rows.flatMap((row, at) => line(one, row, at, rows.length)));
  const made = make("table", { className: "edit" }, make("thead", {}, head), body);
  made.setAttribute("aria-labelledby", "table-title");
  if (rows.length) return made;
  return make("p", { className: "quiet", textContent: one.add ? t("还没有，请在下面添加。", "None yet: add some below.") : t("还没有。", "None yet.") });
}

/**
 * @param {Table} one
 * @param {TableRow} row
 * @param {number} at
 * @param {number} count
 */
function line(one, row, at, count) {
  /** @type {HTMLElement[]} */
  const wrong = [];
  const made = make("tr", {}, ...one.columns.map((column) => cell(one, row, column, wrong)));
  made.dataset.row = row.key;
  const told = wrong.length ? [make("tr", { className: "wrong-row" }, make("td", { colSpan: one.columns.length + 1 }, ...wrong))] : [];
  if (!row.remove && !one.more) return [made, ...told];
  const name = rowName(row);
  const keys = make("td", { className: "keys" });
  if (one.more) keys.append(key(one, row, "more", t("更多", "More"), t(`更多：${name}`, `More of ${name}`), () => {
    if (!opened.delete(`${one.id} ${row.key}`)) opened.add(`${one.id} ${row.key}`);
    render();
  }));
  const { move } = row;
  if (move) {
    const shift = async (/** @type {-1 | 1} */ by) => {
      const place = at + by;
      if (place >= 0 && place < count && !draft().due && await change(move(by))) {
        el("moved").textContent = t(`${name}：第 ${place + 1} 位，共 ${count} 位`, `${name}: ${place + 1} of ${count}`);
      }
    };
    const up = key(one, row, "up", "↑", t(`${name} 上移`, `Move ${name} up`), () => shift(-1));
    const down = key(one, row, "down", "↓", t(`${name} 下移`, `Move ${name} down`), () => shift(1));
    up.setAttribute("aria-keyshortcuts", "Alt+ArrowUp");
    down.setAttribute("aria-keyshortcuts", "Alt+ArrowDown");
    keys.append(up, down);
    made.addEventListener("keydown", (event) => {
      if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
      event.preventDefault();
      // What was typed in the cell is saved before its row moves.
      if (event.target instanceof HTMLElement) event.target.dispatchEvent(new Event("change", { bubbles: true }));
      shift(event.key === "ArrowUp" ? -1 : 1);
    });
  }
  const { remove } = row;
  if (remove) keys.append(key(one, row, "remove", t("删去", "Remove"), t(`删去 ${name}`, `Remove ${name}`), () => change(remove())));
  made.append(keys);
  const isOpen = one.more && opened.has(`${one.id} ${row.key}`);
  if (one.more) find("[data-does=more]", keys).setAttribute("aria-expanded", String(Boolean(isOpen)));
  if (!isOpen || !one.more) return [made, ...told];
  const more = make("td", { colSpan: one.columns.length + 1 }, make("div", { className: "more" }, ...one.more.map((column) => field(one, row, column))));
  return [made, ...told, make("tr", { className: "more-row" }, more)];
}

/** @param {TableRow} row */
const rowName = (row) => String((isEnglish() && row.row.name_en) || row.row.name || row.key);

/**
 * @param {Table} one
 * @param {TableRow} row
 * @param {string} does
 * @param {string} words
 * @param {string} label
 * @param {() => void} action
 */
function key(one, row, does, words, label, action) {
  const button = make("button", { type: "button", className: "small-key", textContent: words });
  button.setAttribute("aria-label", label);
  button.dataset.at = `${one.id} ${row.key} ${does}`;
  button.dataset.does = does;
  if (does !== "more" && draft().due) button.disabled = true;
  button.addEventListener("click", action);
  return button;
}

/**
 * @param {Table} one
 * @param {TableRow} row
 * @param {Column} column
 * @param {HTMLElement[]} wrong takes what is wrong with it, which may be longer than the cell is wide
 */
function cell(one, row, column, wrong) {
  const made = make("td", { className: `cell ${column.size ?? "m"}` });
  if (column.kind === "fixed" || column.kind === "told") {
    made.append(make("span", { className: "fixed", textContent: shown(column, row.row[column.field]) }));
    wrong.push(...named(column, troubles(one, row, column, undefined)));
    return made;
  }
  const [input, ...told] = editor(one, row, column, `${title(column)} ${rowName(row)}`);
  made.append(input);
  wrong.push(...named(column, told));
  return made;
}

/**
 * The words of a problem with their column's before them.
 * @param {Column} column
 * @param {HTMLElement[]} told
 */
function named(column, told) {
  for (const one of told) if (one.matches(".wrong")) one.prepend(`${title(column)}${t("：", ": ")}`);
  return told;
}

/**
 * @param {Table} one
 * @param {TableRow} row
 * @param {Column} column
 */
function field(one, row, column) {
  const group = make("fieldset", {}, make("legend", { textContent: title(column) }));
  group.append(...editor(one, row, column, title(column)));
  return group;
}

/**
 * The control of a cell, and what is wrong with it.
 * @param {Table} one
 * @param {TableRow} row
 * @param {Column} column
 * @param {string} label
 */
function editor(one, row, column, label) {
  const at = `${one.id} ${row.key} ${column.field}`;
  const waits = pending.get(at);
  const made = control(column, waits ? waits.typed : row.row[column.field], label);
  const inputs = made.matches("input, select") ? [made] : all("input, select", made);
  inputs.forEach((input, number) => {
    input.dataset.at = number ? `${at} ${number}` : at;
    if (draft().due) input.setAttribute("disabled", "");
  });
  const was = row.seen(column.field);
  made.addEventListener("input", () => {
    if (!pending.has(at)) pending.set(at, { was, typed: null, trouble: null });
    const now = /** @type {Pending} */ (pending.get(at));
    now.typed = readCell(column, made);
  });
  made.addEventListener("change", () => saveCell(one, row, column, at));
  const told = troubles(one, row, column, waits);
  if (told.length) {
    const id = `trouble-${at.replace(/[^\w-]/g, "-")}`;
    told[0].id = id;
    for (const input of inputs) {
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", id);
    }
  }
  return [made, ...told];
}

/**
 * @param {Table} one
 * @param {TableRow} row
 * @param {Column} column
 * @param {Pending | undefined} waits
 */
function troubles(one, row, column, waits) {
  if (waits?.trouble) {
    const said = [make("p", { className: "wrong", textContent: t(waits.trouble[0], waits.trouble[1]) })];
    if ("theirs" in waits) said.push(conflict(one, row, column, waits));
    return said;
  }
  // The hours have a field for each row; the problem that no day is open stands at the first of them.
  const faults = one.id !== "hours" ? faultsAt(`${row.place}.${column.field}`)
    : [...faultsAt(row.place), ...draft().problems.filter((fault) => fault.field === "hours" && row.key === "mon")];
  return [...new Set(faults.map(faultWords))].map((textContent) => make("p", { className: "wrong", textContent }));
}

/**
 * Both values of a field that two people changed, and a key for each.
 * @param {Table} one
 * @param {TableRow} row
 * @param {Column} column
 * @param {Pending} waits
 */
function conflict(one, row, column, waits) {
  const at = `${one.id} ${row.key} ${column.field}`;
  const mine = make("button", { type: "button", textContent: t(`用我的：${shown(column, waits.typed)}`, `Use mine: ${shown(column, waits.typed)}`) });
  mine.addEventListener("click", () => {
    waits.was = row.seen(column.field);
    saveCell(one, row, column, at);
  });
  const theirs = make("button", { type: "button", textContent: t(`用对方的：${shown(column, row.row[column.field])}`, `Use theirs: ${shown(column, row.row[column.field])}`) });
  theirs.addEventListener("click", () => {
    pending.delete(at);
    render();
  });
  mine.dataset.at = `${at} mine`;
  theirs.dataset.at = `${at} theirs`;
  return make("div", { className: "conflict" }, mine, theirs);
}

/**
 * @param {Table} one
 * @param {TableRow} row
 * @param {Column} column
 * @param {string} at
 */
async function saveCell(one, row, column, at) {
  const waits = pending.get(at);
  if (!waits) return;
  const { typed } = waits;
  if (column.kind === "number" && typeof typed === "string") {
    waits.trouble = ["请写一个整数", "Write a whole number"];
    render();
    return;
  }
  try {
    await save(row.set(column.field, typed, waits.was));
    if (pending.get(at)?.typed === typed) pending.delete(at);
    render();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    waits.trouble = wordsOf(problem);
    if (problem.code === "draft_conflict") waits.theirs = problem.body.theirs;
    else if (problem.code === "unknown_row") pending.delete(at);
    if (!problem.isRefusal) tell(problem);
    render();
  }
}

/**
 * Save; gives whether it worked.
 * @param {DraftChange[]} changes
 */
async function change(changes) {
  try {
    await save(changes);
    return true;
  } catch (problem) {
    tell(problem);
    return false;
  }
}

/** @param {Table} one */
function adder(one) {
  const columns = one.add?.columns ?? [];
  const form = make("form", { className: "adder", noValidate: true });
  form.append(make("h3", { textContent: t("添加", "Add") }));
  const fields = make("div", { className: "adder-fields" });
  for (const column of columns) {
    adding[column.field] ??= column.suggest?.() ?? null;
    const input = control(column, adding[column.field], title(column));
    input.dataset.at = `add ${column.field}`;
    input.id = `add-${column.field}`;
    input.removeAttribute("aria-label");
    if (column.required) input.setAttribute("aria-required", "true");
    input.addEventListener("input", () => { adding[column.field] = readCell(column, input); });
    input.addEventListener("change", () => { adding[column.field] = readCell(column, input); });
    fields.append(make("p", { className: `field ${column.size ?? "m"}` }, make("label", { htmlFor: input.id, textContent: title(column) }), input));
  }
  const send = make("button", { type: "submit", className: "primary", textContent: t("添加", "Add") });
  send.dataset.at = "add send";
  form.append(fields);
  if (addTrouble) form.append(make("p", { className: "wrong", id: "add-trouble", role: "alert", textContent: t(addTrouble[0], addTrouble[1]) }));
  form.append(send);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    add(one, columns);
  });
  return form;
}

/**
 * @param {Table} one
 * @param {Column[]} columns
 */
async function add(one, columns) {
  const missing = columns.find((column) => column.required && (adding[column.field] ?? "") === "");
  if (missing) {
    addTrouble = [`请填写${missing.zh}`, `Fill in: ${missing.en}`];
    render();
    el(`add-${missing.field}`).focus();
    return;
  }
  const value = Object.fromEntries(Object.entries(adding).filter(([, one_]) => one_ !== null && one_ !== ""));
  try {
    await save(/** @type {NonNullable<Table["add"]>} */ (one.add).changes(value));
    adding = {};
    addTrouble = null;
    render();
    el(`add-${(columns.find((column) => column.kind !== "select") ?? columns[0]).field}`).focus();
  } catch (problem) {
    addTrouble = wordsOf(problem);
    render();
  }
}

/** What stands in a table's place while it is empty. @param {Table} one */
function filled(one) {
  if (!one.fill || one.rows().length) return [];
  const { words, press, changes, told } = one.fill;
  const button = make("button", { type: "button", textContent: t(press[0], press[1]) });
  button.dataset.at = `${one.id} fill`;
  button.addEventListener("click", () => change(changes()));
  return [make("div", { className: "fill" }, make("p", { textContent: t(words[0], words[1]) }), make("ul", {}, ...told().map(([zh, en]) => make("li", { textContent: t(zh, en) }))), button)];
}

/** Monday's hours for the other working days. @param {Table} one */
function copyHours(one) {
  const monday = draft().values.hours?.mon;
  if (one.id !== "hours" || !monday?.length || draft().due) return [];
  const button = make("button", { type: "button", textContent: t("周二至周五和周一一样", "Tuesday to Friday as on Monday") });
  button.dataset.at = "hours copy";
  button.addEventListener("click", () => {
    const rows = one.rows().filter((row) => ["tue", "wed", "thu", "fri"].includes(row.key));
    change(rows.flatMap((row) => row.set("periods", monday, row.seen("periods"))));
  });
  return [make("p", { className: "after" }, button)];
}

/** The way to accounts, which are no part of the setup. @param {Table} one */
function toAccounts(one) {
  if (one.id !== "clerks") return [];
  return [make("p", { className: "after" }, make("a", { className: "button", href: "/manage/accounts", textContent: t("添加和修改账号", "Add and change accounts") }))];
}

addEventListener("hashchange", () => {
  adding = {};
  addTrouble = null;
  render();
  el("table-title").focus();
});
signOut();
lockWhenLeft();
speak(render);
follow(render);
