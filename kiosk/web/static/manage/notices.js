// Notices for the hall's screens: written, changed and withdrawn; pictures and films are sent in parts.

import { call, hm, Problem, wordsOf, zone as hallZone } from "../shared/api.js";
import { all, el, make } from "../shared/dom.js";
import { speak, t } from "../shared/language.js";
import { press } from "../shared/press.js";
import { coalesce } from "../shared/stream.js";
import { lockWhenLeft } from "../staff/lock.js";
import { signIn, signOut } from "../staff/signing.js";

const input = (/** @type {string} */ id) => el(id, HTMLInputElement);
const texts = [el("text", HTMLTextAreaElement), el("text-en", HTMLTextAreaElement)];
const about = el("about", HTMLSelectElement);
const priority = el("priority", HTMLSelectElement);

/** @type {Notice[]} */
let notices = [];
/** @type {Media[]} */
let media = [];
/** @type {{services: Service[], windows: HallWindow[]}} */
let hall = { services: [], windows: [] };
/** @type {Notice | null} */
let changing = null;

/** @param {unknown} problem */
function told(problem) {
  if (problem instanceof Problem && problem.status === 401) signIn();
  el("problem").textContent = t(...wordsOf(problem));
}

/**
 * A time as the field of the hall's clock has it.
 * @param {string} at RFC 3339
 */
function fieldOf(at) {
  const parts = new Intl.DateTimeFormat("en-CA", {
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: hallZone(),
  }).formatToParts(new Date(at));
  const part = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
  return `${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}`;
}

/**
 * The reverse: the manager's PC may be in another zone than the hall.
 * @param {string} field
 */
function timeOf(field) {
  if (!field) return null;
  const guess = new Date(`${field}:00Z`);
  const off = Date.parse(`${fieldOf(guess.toISOString())}:00Z`) - guess.getTime();
  return new Date(guess.getTime() - off).toISOString();
}

/**
 * Send the chosen file, part by part.
 * @param {File} file
 * @returns {Promise<string>} its name in the hall's folder
 */
async function send(file) {
  const { upload, part } = await call("POST", "/media", { size: file.size });
  for (let at = 0; ; at += part) {
    el("file-said").textContent = t(`正在上传 ${Math.round((100 * at) / file.size)}%`, `sending, ${Math.round((100 * at) / file.size)}%`);
    const response = await fetch(`/api/v1/media/${upload}/part?at=${at}`, {
      method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/octet-stream" }, body: file.slice(at, at + part),
    }).catch(() => { throw Problem.offline(); });
    const body = await response.json().catch(() => ({}));
    if (!response.ok) throw new Problem(response.status, body);
    if (body.media) {
      el("file-said").textContent = "";
      return body.media.name;
    }
  }
}

async function written() {
  const file = input("file").files?.[0];
  const [kind, id] = about.value.split(" ");
  return {
    text: texts[0].value.trim(),
    text_en: texts[1].value.trim(),
    media: file ? await send(file) : changing?.media ?? null,
    starts: timeOf(input("starts").value),
    ends: timeOf(input("ends").value),
    zones: all("#zones input:checked").map((box) => /** @type {HTMLInputElement} */ (box).value),
    service: kind === "service" ? id : null,
    window: kind === "window" ? id : null,
    priority: Number(priority.value),
  };
}

el("notice").addEventListener("submit", (event) => event.preventDefault());
press(el("send"), async () => {
  el("problem").textContent = "";
  const says = await written();
  if (changing) await call("PUT", `/notices/${changing.id}`, says);
  else await call("POST", "/notices", says);
  fill(null);
  refresh();
}, (problem) => {
  el("file-said").textContent = "";
  told(problem);
});
el("again").addEventListener("click", () => fill(null));

/** @param {Notice | null} notice */
function fill(notice) {
  changing = notice;
  texts[0].value = notice?.text ?? "";
  texts[1].value = notice?.text_en ?? "";
  input("file").value = "";
  input("starts").value = notice?.starts ? fieldOf(notice.starts) : "";
  input("ends").value = notice?.ends ? fieldOf(notice.ends) : "";
  priority.value = String(notice?.priority ?? 1);
  about.value = notice?.service ? `service ${notice.service}` : notice?.window ? `window ${notice.window}` : "";
  for (const box of all("#zones input")) /** @type {HTMLInputElement} */ (box).checked = notice?.zones.includes(/** @type {HTMLInputElement} */ (box).value) ?? false;
  renderForm();
}

function renderForm() {
  el("form-title").textContent = changing ? t("修改通知", "Change a notice") : t("新通知", "A new notice");
  el("send").textContent = changing ? t("保存", "Save") : t("发布", "Publish");
  el("again").hidden = !changing;
  el("file-said").textContent = changing?.media ? t("不选文件就保留原来的", "Without a file the old one stays") : "";
}

function renderChoices() {
  const chosen = about.value;
  about.replaceChildren(
    make("option", { value: "", textContent: t("大厅里所有人", "Everybody in the hall") }),
    ...hall.services.map(({ id, name, name_en: english }) => make("option", { value: `service ${id}`, textContent: t(`等候：${name}`, `waits for ${english || name}`) })),
    ...hall.windows.map(({ id, name }) => make("option", { value: `window ${id}`, textContent: t(`等候：${name}`, `waits for window ${id}`) })),
  );
  about.value = chosen;
  const zones = [...new Set(hall.windows.map(({ zone }) => zone).filter(Boolean))];
  el("zones-set").hidden = zones.length === 0;
  if (el("zones").childElementCount !== zones.length) {
    el("zones").replaceChildren(...zones.map((value) => make("label", {}, make("input", { type: "checkbox", value }), value)));
  }
}

/** @param {Notice} notice */
function row(notice) {
  const trouble = media.some(({ name, trouble_at: at }) => name === notice.media && at);
  const when = trouble ? t("屏幕播放不了", "screens cannot play it") : { now: t("正在播放", "shown now"), later: t("还没开始", "not yet"), over: t("已结束", "over") }[notice.state];
  const day = (/** @type {string | null} */ at) => (at ? `${fieldOf(at).slice(5, 10)} ${hm(new Date(at))}` : "");
  const times = notice.starts || notice.ends ? `${day(notice.starts)} – ${day(notice.ends)}` : "";
  const change = make("button", { type: "button", textContent: t("修改", "Change") });
  change.addEventListener("click", () => {
    fill(notice);
    texts[0].focus();
  });
  const away = make("button", { type: "button", className: "danger", textContent: t("撤下", "Withdraw") });
  for (const button of [change, away]) button.setAttribute("aria-label", `${button.textContent} ${notice.text || notice.text_en || notice.id}`);
  press(away, async () => {
    await call("POST", `/notices/${notice.id}/withdraw`, {});
    if (changing?.id === notice.id) fill(null);
    refresh();
  }, told);
  const isPicture = media.some(({ name, kind }) => name === notice.media && kind === "picture");
  const look = isPicture ? make("img", { src: `/api/v1/media/${notice.media}`, alt: "" }) : make("span", { className: "film", textContent: notice.media ? t("影片", "film") : t("文字", "words") });
  return make(
    "li",
    { className: notice.state },
    look,
    make("div", {}, make("b", { textContent: notice.text || notice.text_en }), make("span", { className: `small ${trouble ? "state stop" : "quiet"}`, textContent: [when, times, notice.zones.join(t("、", ", ")), notice.made_by].filter(Boolean).join(" · ") })),
    make("div", { className: "deeds" }, change, away),
  );
}

function renderList() {
  el("list").replaceChildren(...notices.map(row));
  el("list").hidden = notices.length === 0;
  el("none").hidden = notices.length > 0;
  const bad = media.filter(({ trouble_at: at }) => at);
  el("troubles").hidden = bad.length === 0;
  el("troubles").textContent = bad.length ? t(`屏幕播放不了：${bad.map(({ name }) => name).join("、")}，请换成 MP4（H.264）或 WebM`, `Screens cannot play ${bad.map(({ name }) => name).join(", ")}: convert to MP4 (H.264) or WebM`) : "";
}

const refresh = coalesce(async () => {
  try {
    [notices, media, hall] = await Promise.all([call("GET", "/notices/all"), call("GET", "/media"), call("GET", "/hall")]);
  } catch (problem) {
    if (!(problem instanceof Problem) || !problem.isRefusal) throw problem;
    told(problem);
    return;
  }
  renderChoices();
  renderList();
});
refresh();
signOut();
lockWhenLeft();
speak(() => {
  renderForm();
  renderChoices();
  renderList();
});
