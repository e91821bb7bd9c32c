// Every device as a card: how it is, since when, why, and what to do about it. Worst first; nothing to reload.

import { call, hm, now, Problem, wordsOf } from "../shared/api.js";
import { deviceToken } from "../shared/device_token.js";
import { drawingOf, kindOf, testOf } from "../staff/device_icons.js";
import { copyOf, el, find, make } from "../shared/dom.js";
import { isEnglish, speak, t } from "../shared/language.js";
import { lockWhenLeft } from "../staff/lock.js";
import { signIn, signOut } from "../staff/signing.js";
import { lostLine } from "../shared/stream.js";
import { lookAtBoxes, renderBoxes } from "./boxes.js";
import { keepCards } from "./cards.js";
import { screenCards } from "./screens.js";

const EVERY = 2000;       // ms between looks
const ORDER = { offline: 0, fault: 1, online: 2 };
/** @type {Record<string, [string, string, string]>} words and colour */
const STATES = {
  online: ["正常", "Working", "good"],
  fault: ["有故障", "Needs attention", "warn"],
  offline: ["连不上", "Not reachable", "stop"],
};
/** @type {Map<string, {card: HTMLElement, result: DeviceTest | null, running: boolean}>} by the device's name */
const cards = new Map();
const showLost = lostLine();
// In the virtual hall whoever has the kiosk's token sees what the technician sees.
const token = "bench" in document.documentElement.dataset ? deviceToken("quhao.kiosk").token : null;
// Screens and boxes are a technician's alone.
const screens = document.getElementById("screens") ? screenCards() : null;
const isTechnician = document.getElementById("boxes") !== null;
/** @type {Device[] | null} */
let devices = null;
let heard = now();
/** @type {Problem | null} */
let refused = null;

function render() {
  if (refused) {
    el("summary").className = "summary stop";
    el("summary").textContent = t(...wordsOf(refused));
  }
  if (isTechnician) renderBoxes();
  screens?.render();
  if (!devices) return;
  const bad = devices.filter(({ state }) => state !== "online");
  el("none").hidden = devices.length > 0;
  el("summary").className = `summary ${bad.length ? "warn" : "good"}`;
  el("summary").textContent = bad.length
    ? t(`${devices.length} 台设备，${bad.length} 台需要处理`, `${bad.length} of ${devices.length} devices need attention`)
    : t(`${devices.length} 台设备全部正常`, `All ${devices.length} devices are working`);
  el("asked").textContent = t(`${hm(heard)} 更新`, `as of ${hm(heard)}`);
  const list = [...devices].sort((a, b) => ORDER[a.state] - ORDER[b.state]);
  keepCards(el("cards"), cards, list, ({ name }) => name, (device) => fill(entryOf(device), device));
}

/** @param {Device} device */
function entryOf({ name, driver }) {
  const known = cards.get(name);
  if (known) return known;
  const card = copyOf("card");
  card.dataset.device = name;
  find(".device-icon", card).append(drawingOf(driver));
  const entry = { card, result: null, running: false };
  find(".device-test", card).addEventListener("click", () => test(name, entry));
  cards.set(name, entry);
  return entry;
}

/**
 * @param {{card: HTMLElement, result: DeviceTest | null, running: boolean}} entry
 * @param {Device} device
 */
function fill({ card, result, running }, device) {
  const part = (/** @type {string} */ name) => find(`.device-${name}`, card);
  const say = (/** @type {string} */ name, /** @type {string} */ text) => {
    if (part(name).textContent !== text) part(name).textContent = text;
  };
  const [zh, en, kind] = STATES[device.state];
  card.dataset.state = device.state;
  say("kind", t(...kindOf(device.driver)));
  const place = device.window ? t(`${device.window} 号窗口`, `window ${device.window}`) : "";
  // A device that works may have a hint, which its detail begins with (paper that runs low, quiet hours), or say something
  // of itself: the number of a reader's security module.
  const words = device.detail.split(" ");
  const [why, ...about] = device.reason ? [device.reason, device.detail] : reasonInWords(words[0]) ? words : [""];
  const said = why ? "" : device.detail;
  say("name", [device.name, place, said].filter(Boolean).join(" · "));
  part("state").className = `device-state state ${kind}`;
  say("state", t(zh, en));
  say("since", since(device.since));
  const reason = part("reason");
  reason.replaceChildren();
  if (why) {
    const code = [why, about.join(" ")].filter(Boolean).join(" · ");
    reason.append(reasonInWords(why) ?? t("设备不正常", "Something is wrong"), make("code", { textContent: code }));
  }
  say("advice", (isEnglish() && device.advice_en) || device.advice || "");
  const button = find(".device-test", card, HTMLButtonElement);
  const trial = testOf(device.driver);
  button.hidden = !trial;
  button.disabled = running || device.state === "offline";
  if (trial) say("test", t(...trial));
  part("result").className = `device-result small ${result ? (result.ok ? "good" : "stop") : ""}`;
  say("result", running ? t("正在测试…", "Testing…") : result ? t(result.message, result.message_en ?? result.message) : "");
  return card;
}

/**
 * The reason in words, which the page came with; speak() has put them into its language.
 * @param {string} reason
 */
function reasonInWords(reason) {
  return document.querySelector(`#reasons [data-reason="${CSS.escape(reason)}"]`)?.textContent ?? null;
}

/** @param {string} text an instant */
function since(text) {
  const start = new Date(text);
  const minutes = Math.max(0, Math.floor((now().getTime() - start.getTime()) / 60000));
  const long = minutes < 1 ? t("刚才", "just now")
    : minutes < 60 ? t(`${minutes} 分钟`, `${minutes} min`)
    : minutes < 48 * 60 ? t(`${Math.floor(minutes / 60)} 小时 ${minutes % 60} 分`, `${Math.floor(minutes / 60)} h ${minutes % 60} min`)
    : t(`${Math.floor(minutes / 1440)} 天`, `${Math.floor(minutes / 1440)} days`);
  return t(`自 ${hm(start)} 起 · ${long}`, `since ${hm(start)} · ${long}`);
}

/**
 * @param {string} name
 * @param {{result: DeviceTest | null, running: boolean}} entry
 */
async function test(name, entry) {
  entry.running = true;
  entry.result = null;
  render();
  try {
    entry.result = await call("POST", `/devices/${encodeURIComponent(name)}/test`, undefined, { token });
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 401) return signIn();
    entry.result = { ok: false, message: problem.detail, message_en: problem.detail_en };
  } finally {
    entry.running = false;
    render();
  }
  return look();
}

async function look() {
  try {
    devices = await call("GET", "/devices", undefined, { token });
    heard = now();
    showLost(true, heard);
    render();
    if (isTechnician) await lookAtBoxes();
    if (screens) screens.take(await call("GET", "/screens"));
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 401) signIn();
    else if (problem.status === 403 && isTechnician) location.reload();      // another account has signed in meanwhile
    else if (problem.status === 403) {
      refused = problem;
      render();
    } else showLost(false, heard);
  }
}

async function keep() {
  if (document.visibilityState === "visible") await look();
  if (!refused) setTimeout(keep, EVERY);
}

signOut();
lockWhenLeft();
speak(render);
keep();
