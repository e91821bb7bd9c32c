// The boxes that share the store: the version of each, since when, how its last update ended, and what to do about it.

import { call, formatOf, hm, now, Problem, wordsOf } from "../shared/api.js";
import { copyOf, el, find, make } from "../shared/dom.js";
import { t } from "../shared/language.js";
import { signIn } from "../staff/signing.js";
import { keepCards, pressedTwice } from "./cards.js";

/** @type {Record<string, [string, string]>} why an update went back, by the code that is shown beside it */
const REASONS = {
  asked: ["按要求退回", "on request"],
  interrupted: ["断电或被中断", "by a power cut or a stop"],
  failed: ["没有成功", "did not get well"],
};

/** @typedef {{card: HTMLElement, box: HallBox, told: string, writeForget: () => void}} Entry */
/** @type {Map<string, Entry>} by the box's name */
const entries = new Map();
/** @type {unknown} what kept the last look from being answered */
let trouble = null;
let heard = now();

/** Ask for the boxes, and show them. A store that is away is told of here: the devices are this box's own. */
export async function lookAtBoxes() {
  try {
    take(await call("GET", "/boxes"));
    trouble = null;
    heard = now();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    // Log-in and a server that is away are the page's.
    if ([0, 401, 403].includes(problem.status)) throw problem;
    trouble = problem;
  }
  renderBoxes();
}

/** @param {HallBox[]} boxes */
function take(boxes) {
  keepCards(el("boxes"), entries, boxes, ({ name }) => name, (box) => {
    const known = entries.get(box.name);
    if (known) known.box = box;
    return (known ?? add(box)).card;
  });
}

/** @param {HallBox} box @returns {Entry} */
function add(box) {
  const card = copyOf("box");
  const path = `/boxes/${encodeURIComponent(box.name)}`;
  const writeForget = pressedTwice(find(".box-forget", card), () => act(entry, () => call("DELETE", path)));
  const entry = { card, box, told: "", writeForget };
  find(".box-noted", card).addEventListener("click", () => act(entry, () => call("POST", `${path}/noted`)));
  entries.set(box.name, entry);
  return entry;
}

/** @param {Entry} entry @param {() => Promise<unknown>} verb */
async function act(entry, verb) {
  try {
    await verb();
    entry.told = "";
    await lookAtBoxes();
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 401) signIn();
    entry.told = t(...wordsOf(problem));
    renderBoxes();
  }
}

/** Show what is known, in the page's language. */
export function renderBoxes() {
  for (const entry of entries.values()) fill(entry);
  const versions = [...new Set([...entries.values()].map(({ box }) => box.version))];
  const told = el("boxes-told");
  told.className = `boxes-told ${trouble ? "stop" : "warn"}`;
  told.textContent = trouble
    ? t(`${wordsOf(trouble)[0]}。下面是 ${hm(heard)} 的情况`, `${wordsOf(trouble)[1]}. This is how it was at ${hm(heard)}`)
    : versions.length > 1 ? t(`各主机版本不同：${versions.join("、")}`, `The boxes run different versions: ${versions.join(", ")}`)
    : "";
}

/** @param {Entry} entry */
function fill({ card, box, told, writeForget }) {
  const say = (/** @type {string} */ part, /** @type {string} */ text) => {
    if (find(part, card).textContent !== text) find(part, card).textContent = text;
  };
  const wentBack = hasFailed(box);
  card.dataset.state = box.state === "offline" ? "offline" : wentBack || box.taken_by ? "fault" : "online";
  say(".box-title", box.name);
  say(".device-name", [box.machine, box.here ? t("本机", "this box") : ""].filter(Boolean).join(" · "));
  const [zh, en, colour] = stateOf(box);
  find(".device-state", card).className = `device-state state ${colour}`;
  say(".device-state", t(zh, en));
  say(".box-version", t(`版本 ${box.version}，${when(box.version_at)} 起`, `Version ${box.version} since ${when(box.version_at)}`));
  say(".box-update", updateOf(box));
  const seen = box.state === "offline" ? t(`最近联系 ${when(box.seen_at)}`, `heard of at ${when(box.seen_at)}`)
    : t(`${when(box.started_at)} 启动`, `started ${when(box.started_at)}`);
  say(".device-since", seen);
  const advice = adviceOf(box);
  const place = find(".box-advice", card);
  if (place.dataset.told !== advice.join("\n")) {
    place.dataset.told = advice.join("\n");
    place.replaceChildren(...advice.map((textContent) => make("p", { className: "device-advice", textContent })));
  }
  find(".box-noted", card).hidden = !wentBack;
  find(".box-forget", card).hidden = box.state !== "offline";
  writeForget();
  say(".device-result", told);
}

/** @param {HallBox} box */
const hasFailed = ({ update }) => update !== null && update.step === "went_back" && update.reason !== "asked" && !update.noted;

/** @param {HallBox} box @returns {[string, string, string]} */
function stateOf(box) {
  if (box.state === "offline") return ["没有联系", "Not heard of", "stop"];
  if (box.taken_by) return ["重名", "Name taken", "warn"];
  if (hasFailed(box)) return ["更新已退回", "Went back", "warn"];
  if (box.update?.step === "on_trial") return ["试运行", "On trial", "warn"];
  return ["正常", "Working", "good"];
}

/** @param {HallBox} box */
function updateOf({ update }) {
  if (!update) return t("还没有更新过", "No update yet");
  const { before, after, step, reason } = update;
  const at = when(update.at);
  const why = REASONS[reason ?? ""] ?? ["", ""];
  const [zh, en] = step === "confirmed" ? [`已确认 · ${at}`, `confirmed · ${at}`]
    : step === "on_trial" ? ["试运行，还没有确认", "on trial, not confirmed yet"]
    : step === "went_back" ? [`已退回（${why[0]} ${reason}）· ${at}`, `went back (${reason}: ${why[1]}) · ${at}`]
    : step === "going_back" ? ["正在退回", "going back"]
    : ["正在更新", "being updated"];
  return t(`上次更新 ${before} → ${after}：${zh}`, `Last update ${before} → ${after}: ${en}`);
}

/** @param {HallBox} box @returns {string[]} */
function adviceOf(box) {
  const found = [];
  if (box.taken_by && box.taken_at) {
    found.push(t(
      `另一台机器 ${box.taken_by} 也叫 ${box.name}，不能工作（${when(box.taken_at)} 还在尝试）。请在其中一台的设置里把 hall.box 改成别的名字，再重新启动它。`,
      `Another machine, ${box.taken_by}, goes by the name ${box.name}, too, and cannot work (tried at ${when(box.taken_at)}). Write another hall.box into the settings of one of the two, and restart that one.`,
    ));
  }
  if (hasFailed(box)) {
    found.push(t(
      "旧版本继续运行，数据完整。原因：在那台主机上运行 quhao update status。",
      "The version before runs, with all data. Why: run quhao update status on that box.",
    ));
  }
  if (box.state === "offline") {
    found.push(box.alone_until
      ? t(`已关机，或与数据库断开。断开时它可用自己的号码继续取号，最晚到 ${when(box.alone_until)}。请检查电源和网络。`,
        `It is off, or cut off from the database. Cut off, it may go on with its own numbers until ${when(box.alone_until)}. See to power and network.`)
      : t("已关机，或与数据库断开。请检查电源和网络；不再使用的可以移除。",
        "It is off, or cut off from the database. See to power and network; remove it if it is no longer used."));
  }
  return found;
}

/** @param {string} text an instant: with its day, where that is not today */
function when(text) {
  const time = new Date(text);
  const day = (/** @type {Date} */ one) => formatOf(t("zh-CN", "en-GB"), { month: "short", day: "numeric" }).format(one);
  return day(time) === day(now()) ? hm(time) : `${day(time)} ${hm(time)}`;
}
