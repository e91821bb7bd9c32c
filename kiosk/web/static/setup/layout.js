// The manager's page of layouts: the lines of slip and receipt, saved in the draft, with the paper itself beside them.

import { call, Problem, wordsOf } from "../shared/api.js";
import { el, find, make } from "../shared/dom.js";
import { speak, t } from "../shared/language.js";
import { lockWhenLeft } from "../staff/lock.js";
import { press } from "../shared/press.js";
import { signOut } from "../staff/signing.js";
import { draft, follow, isKnown, renderBar, save, tell } from "./draft.js";

const MOST_LINES = 24;
const LOGO_MOST = 192;    // dots, and half as many high

/** @type {{[shows: string]: [string, string]}} */
const SHOWS = {
  hall: ["大厅名称", "Name of the hall"], service: ["业务名称", "Name of the service"], "service-en": ["业务英文名称", "Service in English"],
  number: ["号码", "Number"], ahead: ["前面几人、大约多久", "People ahead, expected wait"], place: ["到哪里等候", "Where to wait"],
  code: ["二维码", "QR code"], caption: ["二维码的说明", "Words about the QR code"], time: ["时间", "Time"],
  title: ["“受理回执”", "“Receipt”"], promise: ["办结日期或下一步", "Promised day, or what next"], letters: ["凭码（文字）", "The code in letters"],
  rule: ["横线", "Line across"], gap: ["空白", "White"], text: ["自己的话", "Words of your own"], logo: ["标志", "Logo"],
};
const OF = {
  slip: ["hall", "service", "service-en", "number", "ahead", "place", "code", "caption", "time", "rule", "gap", "text", "logo"],
  receipt: ["hall", "title", "service", "service-en", "promise", "code", "letters", "caption", "time", "rule", "gap", "text", "logo"],
};
const NO_SIZE = new Set(["rule", "gap", "code"]);

/** @typedef {"slip" | "receipt"} Paper */

/** @type {{slip: PaperLine[], receipt: PaperLine[], code_dots: number, most: number} | null} */
let usual = null;
/** @type {80 | 58} */
let width = 80;
/** @type {{layout: PaperLayout, was: any} | null} what was changed here and is not in the draft */
let unsaved = null;
/** @type {Promise<void>} */
let saving = Promise.resolve();
let asked = 0;
let drawn = "";           // what the picture shows

/** @returns {Paper} */
const paper = () => (location.hash === "#receipt" ? "receipt" : "slip");

/** The layout that is shown: as changed here, as in the draft, or the usual one. @returns {PaperLayout} */
function layout() {
  if (unsaved) return unsaved.layout;
  return draft().values[paper()] ?? { lines: usual?.[paper()] ?? [], code_dots: usual?.code_dots ?? 6 };
}

function render() {
  if (!isKnown() || !usual) return;
  const kept = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.at : undefined;
  renderBar();
  for (const one of /** @type {Paper[]} */ (["slip", "receipt"])) {
    if (one === paper()) el(`to-${one}`).setAttribute("aria-current", "page");
    else el(`to-${one}`).removeAttribute("aria-current");
  }
  for (const one of [80, 58]) el(`width-${one}`).setAttribute("aria-pressed", String(one === width));
  const { lines, code_dots: dots = 6, logo } = layout();
  el("lines").replaceChildren(...lines.map(row));
  el("new-line", HTMLSelectElement).replaceChildren(
    make("option", { value: "", textContent: t("添加一行……", "Add a line…") }),
    ...OF[paper()].map((one) => make("option", { value: one, textContent: t(...SHOWS[one]) })),
  );
  el("new-line", HTMLSelectElement).disabled = lines.length >= MOST_LINES || draft().due !== null;
  el("code-dots", HTMLSelectElement).value = String(dots);
  el("logo-is").textContent = logo ? t(`${logo.width} 点宽`, `${logo.width} dots wide`) : t("没有", "none");
  el("logo-remove").hidden = !logo;
  el("usual").hidden = !draft().values[paper()] && !unsaved;
  for (const one of document.querySelectorAll("main :is(input, select, #lines button, #usual, #logo-remove)")) {
    if (draft().due) one.setAttribute("disabled", "");
  }
  preview();
  if (kept) /** @type {HTMLElement | null} */ (document.querySelector(`[data-at="${CSS.escape(kept)}"]`))?.focus();
}

/**
 * @param {PaperLine} line
 * @param {number} at
 */
function row(line, at) {
  const name = t(...(SHOWS[line.shows] ?? [line.shows, line.shows]));
  const made = make("li", { className: "paper-line" }, make("span", { className: "paper-line-name", textContent: name }));
  const fields = make("span", { className: "paper-line-fields" });
  if (line.shows === "gap") fields.append(options(`${at} dots`, t("高度", "Height"), [6, 12, 24, 40, 80].map((dots) => [dots, t(`${dots / 8} 毫米`, `${dots / 8} mm`)]), line.dots ?? 12, (dots) => put(at, { dots })));
  else if (!NO_SIZE.has(line.shows)) {
    const most = line.shows === "logo" ? 2 : 8;
    fields.append(options(`${at} size`, t("字号", "Size"), Array.from({ length: most }, (_, size) => [size + 1, t(`${size + 1} 倍`, `× ${size + 1}`)]), line.size ?? 1, (size) => put(at, { size })));
    if (line.shows !== "logo") {
      const bold = make("input", { type: "checkbox", checked: Boolean(line.bold) });
      bold.dataset.at = `${at} bold`;
      bold.addEventListener("change", () => put(at, { bold: bold.checked }));
      fields.append(make("label", { className: "box" }, bold, make("span", { textContent: t("粗体", "Bold") })));
    }
  }
  if (line.shows === "text") {
    for (const [field, zh, en] of /** @type {["text" | "text_en", string, string][]} */ ([["text", "中文", "Chinese"], ["text_en", "英文", "English"]])) {
      const input = make("input", { type: "text", value: line[field] ?? "", maxLength: 60, placeholder: t(zh, en) });
      input.setAttribute("aria-label", `${name} ${t(zh, en)}`);
      input.dataset.at = `${at} ${field}`;
      input.addEventListener("input", () => put(at, { [field]: input.value }, false));
      input.addEventListener("change", keep);
      fields.append(input);
    }
  }
  const keys = make("span", { className: "keys" }, key(at, "up", "↑", t(`${name} 上移`, `Move ${name} up`), () => move(at, -1)), key(at, "down", "↓", t(`${name} 下移`, `Move ${name} down`), () => move(at, 1)), key(at, "remove", t("删去", "Remove"), t(`删去 ${name}`, `Remove ${name}`), () => change({ ...layout(), lines: layout().lines.filter((_, other) => other !== at) })));
  made.append(fields, keys);
  made.addEventListener("keydown", (event) => {
    if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    event.preventDefault();
    move(at, event.key === "ArrowUp" ? -1 : 1);
  });
  return made;
}

/**
 * @param {number} at
 * @param {string} does
 * @param {string} words
 * @param {string} label
 * @param {() => void} action
 */
function key(at, does, words, label, action) {
  const button = make("button", { type: "button", className: "small-key", textContent: words });
  button.setAttribute("aria-label", label);
  button.dataset.at = `${at} ${does}`;
  button.addEventListener("click", action);
  return button;
}

/**
 * @param {string} at
 * @param {string} label
 * @param {[number, string][]} values
 * @param {number} value
 * @param {(value: number) => void} chosen
 */
function options(at, label, values, value, chosen) {
  const all = values.some(([one]) => one === value) ? values : [...values, /** @type {[number, string]} */ ([value, String(value)])];
  const made = make("select", {}, ...all.map(([one, words]) => make("option", { value: String(one), textContent: words, selected: one === value })));
  made.setAttribute("aria-label", label);
  made.dataset.at = at;
  made.addEventListener("change", () => chosen(Number(made.value)));
  return made;
}

/**
 * @param {number} at
 * @param {Partial<PaperLine>} fields
 * @param {boolean} [save_]
 */
function put(at, fields, save_ = true) {
  change({ ...layout(), lines: layout().lines.map((one, other) => (other === at ? { ...one, ...fields } : one)) }, save_);
}

/**
 * @param {number} at
 * @param {number} by
 */
function move(at, by) {
  const lines = [...layout().lines];
  const to = at + by;
  if (to < 0 || to >= lines.length) return;
  [lines[at], lines[to]] = [lines[to], lines[at]];
  // The focus stays on what moves: on the same field of its line.
  const there = document.activeElement;
  if (there instanceof HTMLElement && there.dataset.at) there.dataset.at = `${to} ${there.dataset.at.slice(there.dataset.at.indexOf(" ") + 1)}`;
  change({ ...layout(), lines });
}

/**
 * @param {PaperLayout} next
 * @param {boolean} [save_]
 */
function change(next, save_ = true) {
  unsaved = { layout: next, was: unsaved ? unsaved.was : draft().values[paper()] ?? null };
  if (save_) keep();
  else preview();
}

/** One save after the other: what is changed during one is compared with what that one saved, not with what was before. */
function keep() {
  saving = saving.then(keepNow);
  return saving;
}

/** Save what was changed in the draft; of a layout only the fields that changed, so that two people can share it. */
async function keepNow() {
  if (!unsaved) return;
  const { layout: next, was } = unsaved;
  const section = paper();
  const fields = /** @type {const} */ (["lines", "code_dots", "logo"]);
  const said = (/** @type {any} */ one, /** @type {string} */ field) => JSON.stringify(one?.[field] ?? (field === "code_dots" ? usual?.code_dots : null));
  const changes = fields
    .filter((field) => said(next, field) !== said(was, field))
    .map((field) => /** @type {DraftChange} */ ({ how: "set", section, field, was: was?.[field] ?? null, value: next[field] ?? null }));
  try {
    if (changes.length) await save(changes);
    unsaved = unsaved?.layout === next ? null : unsaved && { ...unsaved, was: draft().values[section] ?? null };
    render();
  } catch (problem) {
    tell(problem);
    if (problem instanceof Problem && problem.code === "draft_conflict") {
      // Somebody else's layout is shown; what was typed here is one press away.
      el("mine").hidden = false;
      el("mine").onclick = () => {
        unsaved = { layout: next, was: draft().values[section] ?? null };
        el("mine").hidden = true;
        keep();
      };
      unsaved = null;
    }
    render();
  }
}

async function preview() {
  const shown = JSON.stringify([paper(), width, layout()]);
  if (shown === drawn) return;
  drawn = shown;
  const turn = ++asked;
  try {
    const seen = await call("POST", "/setup/papers/preview", { paper: paper(), width, layout: layout() });
    if (turn !== asked) return;
    const picture = find("img", el("paper"), HTMLImageElement);
    picture.src = `data:image/png;base64,${seen.png}`;
    picture.alt = t(`${paper() === "slip" ? "小票" : "回执"}的样子`, `The ${paper()} as it comes out`);
    picture.className = width === 58 ? "narrow" : "";
    el("weight").textContent = t(`${seen.bytes} 字节，最多 ${seen.most}`, `${seen.bytes} bytes of ${seen.most} at most`);
    el("too-long").hidden = !seen.problems.length;
    el("too-long").textContent = seen.problems.map((/** @type {Fault} */ one) => t(one.message_zh ?? one.message, one.message)).join(" ");
  } catch (problem) {
    if (turn !== asked) return;
    drawn = "";
    const said = problem instanceof Problem && problem.body.errors ? problem.body.errors.map((/** @type {Fault} */ one) => t(one.message_zh ?? one.message, one.message)).join(" ") : t(...wordsOf(problem));
    el("too-long").textContent = said;
    el("too-long").hidden = false;
  }
}

/** A picture file as dots, each printed double: a fourth of the bytes. Black is what is darker than half. @param {File} file */
async function takeLogo(file) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    el("logo-wrong").textContent = t("打不开这个文件，请选 PNG 或 JPEG 图片", "This file cannot be read: choose a PNG or JPEG picture");
    el("logo-wrong").hidden = false;
    return;
  }
  const scale = Math.min(1, Number(el("logo-width", HTMLSelectElement).value) / picture.width, LOGO_MOST / 2 / picture.height);
  const wide = Math.max(8, Math.floor((picture.width * scale) / 8) * 8);
  const high = Math.max(1, Math.round((picture.height * wide) / picture.width));
  const canvas = make("canvas", { width: wide, height: high });
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, wide, high);
  pen.drawImage(picture, 0, 0, wide, high);
  const { data } = pen.getImageData(0, 0, wide, high);
  let dots = "";
  for (let at = 0; at < wide * high; at += 8) {
    let byte = 0;
    for (let bit = 0; bit < 8; bit += 1) {
      const pixel = (at + bit) * 4;
      if (0.3 * data[pixel] + 0.59 * data[pixel + 1] + 0.11 * data[pixel + 2] < 128) byte |= 0x80 >> bit;
    }
    dots += String.fromCharCode(byte);
  }
  el("logo-wrong").hidden = true;
  const { lines } = layout();
  const has = lines.some((one) => one.shows === "logo");
  change({ ...layout(), lines: has ? lines : [{ shows: "logo", size: 2 }, ...lines], logo: { width: wide, dots: btoa(dots) } });
}

el("new-line", HTMLSelectElement).addEventListener("change", () => {
  const shows = el("new-line", HTMLSelectElement).value;
  if (!shows) return;
  const usualLine = usual?.[paper()].find((one) => one.shows === shows);
  change({ ...layout(), lines: [...layout().lines, usualLine ?? { shows }] });
});
el("code-dots", HTMLSelectElement).addEventListener("change", () => change({ ...layout(), code_dots: Number(el("code-dots", HTMLSelectElement).value) }));
el("logo-file", HTMLInputElement).addEventListener("change", () => {
  const [file] = el("logo-file", HTMLInputElement).files ?? [];
  if (file) takeLogo(file);
  el("logo-file", HTMLInputElement).value = "";
});
el("logo-remove").addEventListener("click", () => change({ ...layout(), lines: layout().lines.filter((one) => one.shows !== "logo"), logo: null }));
press(el("usual"), async () => {
  const was = draft().values[paper()];
  unsaved = null;
  if (!was) return render();
  await save(/** @type {const} */ (["lines", "code_dots", "logo"]).map((field) => ({ how: "set", section: paper(), field, was: was[field] ?? null, value: null })));
  return undefined;
}, tell);
for (const one of /** @type {(80 | 58)[]} */ ([80, 58])) {
  el(`width-${one}`).addEventListener("click", () => {
    width = one;
    render();
  });
}
press(el("print"), async () => {
  const said = await call("POST", "/setup/papers/print", { paper: paper(), layout: layout() });
  el("printed").textContent = t(said.zh, said.en);
}, (problem) => { el("printed").textContent = t(...wordsOf(problem)); });
addEventListener("hashchange", () => {
  unsaved = null;
  el("mine").hidden = true;
  el("printed").textContent = "";
  render();
});

signOut();
lockWhenLeft();
speak(() => {
  drawn = "";
  render();
});
call("GET", "/setup/papers").then((found) => {
  usual = found;
  render();
}).catch(tell);
follow(render);
