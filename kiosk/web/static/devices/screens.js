// The screens of the hall: a new one is bound by the code that it shows; each can be renamed, show something else, be removed.

import { call, hm, Problem, wordsOf } from "../shared/api.js";
import { copyOf, el, find } from "../shared/dom.js";
import { t } from "../shared/language.js";
import { signIn } from "../staff/signing.js";
import { keepCards, pressedTwice } from "./cards.js";

/** @type {Record<string, [string, string, string]>} words and colour */
const STATES = {
  online: ["正常", "Working", "good"],
  offline: ["没有联系", "Not heard of", "stop"],
  new: ["待设置", "New", "warn"],
};

/** @typedef {{card: HTMLElement, form: HTMLFormElement, screen: HallScreen, told: string, ok: boolean, writeForget: () => void}} Entry */
/** @type {Map<number, Entry>} by the screen's id */
const entries = new Map();

/** @type {Record<ScreenShows["page"], string[]>} how a page can look, beside the usual way */
const THEMES = { board: ["light"], window: ["light"], guide: [], kiosk: ["large", "contrast"], resident: [], terminal: [] };
/** @type {Partial<Record<ScreenShows["page"], "window" | "zone" | "terminal">>} what stands behind the page's name in the list */
const WHICH = { board: "zone", window: "window", resident: "window", terminal: "terminal" };

/**
 * What the two lists stand for.
 * @param {string} value what it shows
 * @param {string} theme how
 * @returns {ScreenShows}
 */
function showsOf(value, theme) {
  const [first, ...rest] = value.split("/");
  const page = /** @type {ScreenShows["page"]} */ (first);
  const name = rest.join("/");
  const shows = { page, window: null, zone: "", theme: THEMES[page]?.includes(theme) ? theme : "", terminal: "" };
  const which = WHICH[page];
  return which && name ? { ...shows, [which]: name } : shows;
}

/** The reverse, of what it shows. @param {ScreenShows} shows */
function choiceOf(shows) {
  const which = WHICH[shows.page];
  return [shows.page, which && shows[which]].filter(Boolean).join("/");
}

/**
 * The two lists of a form. That of how it looks has what the page can look like.
 * @param {HTMLElement} form
 */
function listsOf(form) {
  return { page: find(".screen-shows", form, HTMLSelectElement), theme: find(".screen-theme", form, HTMLSelectElement) };
}

/** @param {HTMLElement} form */
function offerThemes(form) {
  const { page, theme } = listsOf(form);
  const known = THEMES[showsOf(page.value, "").page] ?? [];
  for (const one of theme.options) one.hidden = one.disabled = Boolean(one.value) && !known.includes(one.value);
  if (theme.selectedOptions[0]?.disabled) theme.value = "";
  theme.disabled = !known.length;
}

/** @param {HTMLElement} form */
function readShows(form) {
  const { page, theme } = listsOf(form);
  return showsOf(page.value, theme.value);
}

/** Have the list show a choice, also one that the hall no longer has. @param {HTMLSelectElement} list @param {string} value */
function choose(list, value) {
  if (![...list.options].some((one) => one.value === value)) list.add(new Option(value, value));
  list.value = value;
}

/**
 * The part of the page that shows them.
 * @returns {{take: (screens: HallScreen[]) => void, render: () => void}}
 */
export function screenCards() {
  const form = el("bind", HTMLFormElement);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    bind();
  });
  form.addEventListener("change", () => offerThemes(form));
  offerThemes(form);
  return { take, render };
}

async function bind() {
  const code = el("code", HTMLInputElement);
  const name = el("bind-name", HTMLInputElement);
  const told = el("bind-told");
  told.textContent = "";
  try {
    const shows = readShows(el("bind"));
    /** @type {HallScreen} */
    const bound = await call("POST", "/screens/bind", { code: code.value, shows, name: name.value.trim() || null });
    told.className = "bind-told small good";
    told.textContent = t(`已设置：${bound.name}，几秒后显示`, `Set up: ${bound.name} shows it in a few seconds`);
    code.value = name.value = "";
    await look();
  } catch (problem) {
    told.className = "bind-told small stop";
    told.textContent = wordsFor(problem);
    code.select();
  }
}

/** @param {unknown} problem */
function wordsFor(problem) {
  if (problem instanceof Problem && problem.status === 401) signIn();
  return t(...wordsOf(problem));
}

async function look() {
  take(await call("GET", "/screens"));
}

/** @param {HallScreen[]} screens */
function take(screens) {
  keepCards(el("screens"), entries, screens, ({ id }) => id, (screen) => {
    const known = entries.get(screen.id);
    if (known) known.screen = screen;
    return (known ?? add(screen)).card;
  });
  render();
}

/** @param {HallScreen} screen @returns {Entry} */
function add(screen) {
  const card = copyOf("screen");
  const form = find("form", card, HTMLFormElement);
  const writeForget = pressedTwice(find(".screen-forget", card), () => act(entry, () => call("DELETE", `/screens/${entry.screen.id}`), ["已移除", "Removed"]));
  const entry = { card, form, screen, told: "", ok: true, writeForget };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(entry, () => save(entry), ["已保存", "Saved"]);
  });
  form.addEventListener("input", () => {
    form.dataset.changed = "";
    offerThemes(form);
  });
  entries.set(screen.id, entry);
  return entry;
}

/** @param {Entry} entry */
async function save({ form, screen }) {
  const name = find(".screen-name", form, HTMLInputElement).value.trim();
  const shows = readShows(form);
  await call("PUT", `/screens/${screen.id}`, { name, shows });
  delete form.dataset.changed;
}

/**
 * Do it, say how it went, and look again.
 * @param {Entry} entry
 * @param {() => Promise<unknown>} verb
 * @param {[string, string]} done
 */
async function act(entry, verb, done) {
  try {
    await verb();
    [entry.told, entry.ok] = [t(...done), true];
    await look();
  } catch (problem) {
    [entry.told, entry.ok] = [wordsFor(problem), false];
  }
  render();
}

function render() {
  el("no-screens").hidden = entries.size > 0;
  for (const entry of entries.values()) fill(entry);
}

/** What keeps it from being switched off or on at night, and what to do; "" for nothing. @param {HallScreen} screen */
function troubleOf({ switch_trouble: said }) {
  if (!said) return "";
  const detail = said.replace(/^(on|off) /, "");
  const [zh, en] = said.startsWith("on ") ? ["屏幕打不开", "The screen cannot be switched on"] : ["晚上屏幕关不掉", "The screen cannot be switched off at night"];
  return t(`${zh}（${detail}）。请在那台机器上手动试一次开关屏的命令。`, `${en} (${detail}). Try the command for that on its machine by hand.`);
}

/** @param {Entry} entry */
function fill({ form, screen, told, ok, writeForget }) {
  const [zh, en, colour] = STATES[screen.state];
  const say = (/** @type {string} */ part, /** @type {string} */ text) => {
    if (find(part, form).textContent !== text) find(part, form).textContent = text;
  };
  const trouble = troubleOf(screen);
  form.dataset.state = trouble && screen.state === "online" ? "fault" : screen.state;
  find(".screen-trouble", form).hidden = !trouble;
  say(".screen-trouble", trouble);
  say(".screen-title", screen.name);
  const seen = hm(new Date(screen.seen_at));
  say(".device-name", t(`最近联系 ${seen} · ${screen.seen_from}`, `heard of at ${seen} · ${screen.seen_from}`));
  find(".device-state", form).className = `device-state state ${form.dataset.state === "fault" ? "warn" : colour}`;
  say(".device-state", form.dataset.state === "fault" ? t("需要处理", "Needs attention") : t(zh, en));
  const isNew = screen.shows === null;
  find(".screen-new", form).hidden = !isNew;
  find(".screen-fields", form).hidden = isNew;
  find(".screen-save", form).hidden = isNew;
  if (screen.shows && !("changed" in form.dataset)) {
    const name = find(".screen-name", form, HTMLInputElement);
    if (name.value !== screen.name) name.value = screen.name;
    const { page, theme } = listsOf(form);
    choose(page, choiceOf(screen.shows));
    theme.value = screen.shows.theme;
    offerThemes(form);
  }
  writeForget();
  find(".device-result", form).className = `device-result small ${ok ? "good" : "stop"}`;
  say(".device-result", told);
}
