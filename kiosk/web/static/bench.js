// The virtual hall: hands and eyes of the simulators, and the hall's own pages beside them.
//
// Whatever one sees comes from GET /bench and its events; whatever one does is a hand of a simulator. A card or slip
// is dragged with mouse, finger or pen, or pressed like any button.

import { drawingOf, kindOf } from "./device_icons.js";
import { takable } from "./drag.js";
import { speak, t } from "./language.js";
import { call, coalesce, follow, lostLine, Problem } from "./live.js";

const el = (id) => document.getElementById(id);
const showLost = lostLine();

let state = null;
let openWindow = null;
let freshPaper = null;    // the newest slip seen: the next one grows out of the slot
let freshSaid = null;
const sound = new Audio();
const stripFaces = new Map();

// A device stands where its simulator says; these places have furniture, any other device stands beside.
const PLACES = ["reader", "printer", "strip", "scanner", "speaker"];
const the = (place) => state.devices.find((device) => place in device);
const at = (window, place) => state.devices.find((device) => place in device && device.window === window);
const address = (device, rest) => `/api/v1/bench/${encodeURIComponent(device.name)}/${rest}`;

/** Use a hand of a device's simulator. */
async function use(device, hand, body = {}) {
  if (!device) return;
  try {
    await call("POST", `/bench/${encodeURIComponent(device.name)}/${hand}`, body);
    el("trouble").textContent = "";
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    el("trouble").textContent = t(problem.detail, problem.detail_en);
  }
}

// ---- what is seen ----

function render() {
  if (!state) return;
  const reader = the("reader");
  renderTray(reader);
  renderPad(reader);
  renderPrinter(the("printer"));
  renderVoice(the("speaker"));
  renderBooths();
  renderOthers();
  for (const place of ["reader", "printer", "speaker"]) fillTag(document.querySelector(`[data-tag="${place}"]`), the(place));
}

/** Change an element's children only when what they show changed: focus and a drag in hand stay. */
function keep(element, shown, make) {
  const face = JSON.stringify(shown);
  if (element.dataset.face === face) return;
  element.dataset.face = face;
  const held = element.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  element.replaceChildren(...make());
  if (held) element.querySelector(`[data-key="${CSS.escape(held)}"]`)?.focus();
}

const KINDS = {
  resident: ["居民身份证", "Identity card"],
  "hk-macao-taiwan": ["港澳台居民居住证", "HK, Macao, Taiwan"],
  "foreigner-2017": ["永久居留身份证", "Permanent residence"],
  "foreigner-2023": ["永久居留身份证", "Permanent residence"],
};

function drawCard(card) {
  const item = el("id-card").content.firstElementChild.cloneNode(true);
  const button = item.firstElementChild;
  const [name, ...more] = card.label.split(" · ");
  button.dataset.key = card.id;
  button.dataset.kind = card.kind;
  button.querySelector(".id-kind").textContent = t(...(KINDS[card.kind] ?? ["", ""]));
  button.querySelector(".id-name").textContent = name;
  button.classList.toggle("long", name.length > 6);
  button.querySelector(".id-more").textContent = more.join(" · ");
  return item;
}

function renderTray(reader) {
  const laid = reader?.reader.card ?? null;
  keep(el("tray"), [state.cards, laid, t("", "en")], () => state.cards.map((card) => {
    const item = drawCard(card);
    item.classList.toggle("away", card.id === laid);
    const button = item.firstElementChild;
    button.dataset.card = card.id;
    button.title = t("放到读卡器上", "Lay it on the reader");
    takable(button, { reader: () => use(the("reader"), "lay", { card: card.id }) }, () => use(the("reader"), "lay", { card: card.id }));
    return item;
  }));
}

function renderPad(reader) {
  el("reader").classList.toggle("off", reader?.state !== "online");
  const card = state.cards.find(({ id }) => id === reader?.reader.card);
  keep(el("pad"), [card ?? null, t("", "en")], () => {
    if (!card) return [document.importNode(waves, true)];
    const button = drawCard(card).firstElementChild;
    button.title = t("拿起来", "Lift it");
    button.dataset.lift = "";
    const lift = () => use(the("reader"), "lift");
    takable(button, { "": lift }, lift);
    return [button];
  });
}
const waves = document.querySelector(".waves").cloneNode(true);

function renderPrinter(printer) {
  el("printer").hidden = !printer;
  if (!printer) return;
  const { papers, cover_open: isOpen } = printer.printer;
  el("printer").classList.toggle("cover-open", isOpen);
  const newest = papers[0]?.id ?? 0;
  const isFresh = freshPaper !== null && newest !== freshPaper;
  freshPaper = newest;
  keep(el("mouth"), newest, () => {
    if (!newest) return [];
    const slip = drawSlip(printer, newest);
    slip.classList.toggle("fresh", isFresh);
    return [slip];
  });
  const older = papers.slice(1).map(({ id }) => id);
  keep(el("slips"), older, () => older.map((id) => {
    const item = document.createElement("li");
    item.append(drawSlip(printer, id));
    return item;
  }));
  el("slips-none").hidden = older.length > 0;
  el("slips-none").textContent = newest
    ? t("最新的一张在取号机的出纸口", "The newest is in the kiosk's slot")
    : t("还没有打印小票", "No slip printed yet");
}

function drawSlip(printer, id) {
  const slip = document.createElement("button");
  slip.type = "button";
  slip.className = "slip";
  slip.dataset.key = slip.dataset.paper = id;
  slip.title = t("拖到窗口的扫描枪上；点一下放大", "Drag it to a window's scanner; click to read");
  const picture = document.createElement("img");
  picture.alt = t(`第 ${id} 张小票`, `Slip ${id}`);
  picture.draggable = false;
  picture.src = address(printer, `papers/${id}.png`);
  slip.append(picture);
  takable(slip, { scanner: (place) => scanAt(place.dataset.window, id) }, () => {
    el("reading-slip").src = picture.src;
    el("reading").showModal();
  });
  return slip;
}

async function scanAt(window, paper = the("printer")?.printer.papers[0]?.id) {
  sitAt(window);          // where one sees what came of it, once its page listens
  await until(() => isAtDesk(window), 3000);
  if (paper) await use(at(window, "scanner"), "scan", { paper });
  else el("trouble").textContent = t("还没有小票", "There is no slip yet");
}

function isAtDesk(window) {
  const { location, document: page } = el("desk").contentWindow;
  return location.pathname === pageOf(window) && page.querySelector("#line.good") !== null;
}

async function until(isSo, patience) {
  for (const end = performance.now() + patience; !isSo() && performance.now() < end;) {
    await new Promise((done) => setTimeout(done, 50));
  }
}

function renderVoice(speaker) {
  el("voice").hidden = !speaker;
  if (!speaker) return;
  const { said } = speaker.speaker;
  keep(el("said"), said, () => said.map((sentence) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.key = sentence.id;
    button.setAttribute("aria-label", t(`播放：${sentence.text}`, `Play: ${sentence.text}`));
    button.append(icon("play"));
    button.addEventListener("click", () => play(speaker, sentence.id));
    const words = document.createElement("span");
    words.textContent = sentence.text;
    item.append(button, words);
    return item;
  }));
  el("said-none").hidden = said.length > 0;
  const newest = said[0]?.id ?? 0;
  if (freshSaid !== null && newest !== freshSaid && el("aloud").checked) play(speaker, newest);
  freshSaid = newest;
}

async function play(speaker, id) {
  sound.src = address(speaker, `said/${id}.wav`);
  try {
    await sound.play();
  } catch {
    el("trouble").textContent = t("浏览器没有放出声音", "The browser did not play it");
  }
}

function renderBooths() {
  keep(el("booths"), state.windows, () => state.windows.map(drawBooth));
  if (openWindow === null && state.windows.length) sitAt(state.windows[0].id);
  for (const booth of el("booths").children) {
    const { window } = booth.dataset;
    const strip = at(window, "strip");
    const scanner = at(window, "scanner");
    const [stripTag, scannerTag] = booth.querySelectorAll(".tag");
    booth.querySelector(".strip").hidden = !strip;
    if (strip) {
      booth.querySelector(".strip").classList.toggle("off", !strip.plugged);
      booth.querySelector(".strip").classList.toggle("bad", strip.state !== "online");
      const picture = booth.querySelector("img");
      const face = JSON.stringify([strip.strip, strip.plugged]);
      if (stripFaces.get(window) !== face) {
        stripFaces.set(window, face);
        picture.src = address(strip, `strip.png?v=${Date.now()}`);
        picture.alt = strip.strip.text;
      }
      fillTag(stripTag, strip);
    }
    const scan = booth.querySelector(".booth-scan");
    scan.hidden = !scanner;
    scan.lastElementChild.textContent = t("扫小票", "Scan slip");
    scan.title = t("扫最新的小票；也可以把小票拖过来", "Scan the newest slip, or drag one here");
    booth.querySelector(".booth-out").title = t("在新标签页打开", "Open in a new tab");
    if (scanner) fillTag(scannerTag, scanner);
  }
  markOpen();
}

function drawBooth({ id, name }) {
  const booth = el("booth").content.firstElementChild.cloneNode(true);
  booth.dataset.window = id;
  booth.dataset.drop = "scanner";
  const tab = booth.querySelector(".booth-name");
  tab.dataset.key = `window ${id}`;
  tab.textContent = name;
  tab.addEventListener("click", () => sitAt(id));
  booth.querySelector(".booth-out").href = pageOf(id);
  booth.querySelector(".booth-out").setAttribute("aria-label", name);
  const scan = booth.querySelector(".booth-scan");
  scan.dataset.key = `scan ${id}`;
  scan.addEventListener("click", () => scanAt(id));
  stripFaces.delete(id);
  return booth;
}

const pageOf = (id) => `/window/${encodeURIComponent(id)}`;

/** Sit down at a window: its page comes onto the desk. */
function sitAt(id) {
  if (openWindow === id) return;
  openWindow = id;
  el("desk").src = pageOf(id);
  markOpen();
}

function markOpen() {
  for (const booth of el("booths").children) {
    const isOpen = booth.dataset.window === openWindow;
    booth.classList.toggle("open", isOpen);
    booth.querySelector(".booth-name").setAttribute("aria-selected", String(isOpen));
  }
}

/** Devices without furniture: what they are called, how they are, and their hands as buttons. */
function renderOthers() {
  const others = state.devices.filter((device) => !PLACES.some((place) => place in device));
  keep(el("others"), [others, t("", "en")], () => others.map((device) => {
    const item = document.createElement("li");
    const tag = document.createElement("div");
    tag.className = "tag";
    fillTag(tag, device);
    const pulls = Object.values(PULLS).flatMap(({ out, back }) => [out, back]);
    const buttons = device.hands.filter((hand) => !pulls.includes(hand)).map((hand) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "plain";
      button.dataset.key = `${device.name} ${hand}`;
      button.textContent = hand;
      button.addEventListener("click", () => use(device, hand));
      return button;
    });
    item.append(drawingOf(device.driver), `${t(...kindOf(device.driver))} ${device.name}`, ...buttons, tag);
    return item;
  }));
}

// ---- how a device is, and what can be pulled ----

const STATES = { online: ["正常", "ok", "good"], fault: ["故障", "fault", "warn"], offline: ["断开", "offline", "stop"] };
const REASONS = { paper_out: ["缺纸", "no paper"], cover_open: ["上盖开着", "cover open"], unplugged: ["已拔掉", "unplugged"] };
const PULLS = {
  plug: { isOut: (device) => !device.plugged, out: "unplug", back: "plug_in", words: [["拔掉插头", "Pull the plug"], ["插上插头", "Plug it in"], ["插头", "Plug"]] },
  cover: { isOut: (device) => device.printer.cover_open, out: "open_cover", back: "close_cover", words: [["打开上盖", "Open the cover"], ["合上上盖", "Close the cover"], ["上盖", "Cover"]] },
  roll: { isOut: (device) => !device.printer.paper, out: "take_out_paper", back: "put_in_paper", words: [["取走纸卷", "Take out the paper"], ["装上纸卷", "Put in paper"], ["纸卷", "Paper"]] },
};

function fillTag(tag, device) {
  tag.hidden = !device;
  if (!device) return;
  const pulls = Object.keys(PULLS).filter((name) => device.hands.includes(PULLS[name].out));
  const outs = pulls.map((name) => PULLS[name].isOut(device));
  keep(tag, [device.state, device.reason, outs, t("", "en")], () => {
    const [zh, en, kind] = STATES[device.state];
    const word = document.createElement("span");
    word.className = `state ${kind}`;
    word.textContent = t(...(device.state !== "online" && REASONS[device.reason] ? REASONS[device.reason] : [zh, en]));
    const buttons = pulls.map((name, index) => {
      const { out, back, words } = PULLS[name];
      const button = document.createElement("button");
      button.type = "button";
      button.className = "pull";
      button.dataset.key = button.dataset.pull = name;
      button.dataset.device = device.name;
      button.setAttribute("aria-pressed", String(outs[index]));
      button.title = t(...words[outs[index] ? 1 : 0]);
      button.setAttribute("aria-label", `${t(...kindOf(device.driver))} ${device.name}: ${t(...words[0])}`);
      const caption = document.createElement("span");
      caption.textContent = t(...words[2]);
      button.append(icon(name), caption);
      button.addEventListener("click", () => use(device, outs[index] ? back : out));
      return button;
    });
    return [word, ...buttons];
  });
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS("http://www.w3.org/2000/svg", "use");
  shape.setAttribute("href", `#i-${name}`);
  svg.append(shape);
  return svg;
}

// ---- pages inside the page ----

const fit = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const frame = target.querySelector("iframe");
    const width = Number(target.dataset.width);
    const scale = contentRect.width / width;
    frame.style.width = `${width}px`;
    frame.style.height = `${Math.ceil(contentRect.height / scale)}px`;
    frame.style.transform = `scale(${scale})`;
  }
});
for (const glass of document.querySelectorAll("[data-frame]")) fit.observe(glass);

// A browser opens six connections to one host, and each page here follows one stream: a hall that nobody sees lets go
// of its own, so that windows and screens in other tabs can have them.
const frames = [...document.querySelectorAll("[data-frame] iframe")];
document.addEventListener("visibilitychange", () => {
  const isHidden = document.visibilityState === "hidden";
  for (const frame of frames) {
    if (isHidden) {
      frame.dataset.was = frame.getAttribute("src") ?? "";
      frame.src = "about:blank";
    } else if (frame.dataset.was) {
      frame.src = frame.dataset.was;
    }
  }
});

const look = coalesce(async () => {
  state = await call("GET", "/bench");
  render();
});

follow("/bench/events", {
  on: {
    state(fresh) {
      state = fresh;
      render();
    },
  },
  connected(isConnected, heard) {
    showLost(isConnected, heard);
    if (isConnected) look();
  },
});

speak(render);
