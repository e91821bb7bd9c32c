// The virtual hall: hands and eyes of the simulators, and the hall's own pages beside them.
//
// What is seen comes from GET /bench and its events; what is done is a hand of a simulator. A card or slip is dragged
// with mouse, finger or pen, or pressed like any button.

import { call, Problem } from "../shared/api.js";
import { deviceToken } from "../shared/device_token.js";
import { drawingOf, kindOf } from "../staff/device_icons.js";
import { all, copyOf, el, find, make } from "../shared/dom.js";
import { speak, t } from "../shared/language.js";
import { showPiece } from "../shared/piece.js";
import { coalesce, follow, lostLine } from "../shared/stream.js";
import { hallDay } from "./day.js";
import { takable } from "./drag.js";
import { drawParts } from "./panel.js";
import { tour } from "./tour.js";

const REREAD = 5_000;     // ms for a card that lies on the reader to be read, before it is laid anew
const PATIENCE = 30_000;  // ms for a window's page to be there: a small box is slow while its hall is busy

const showLost = lostLine();
// The kiosk's own: its page is inside this one, and takes it from the same shelf.
const { token } = deviceToken("quhao.kiosk");

/** @type {Bench} */
let state = { cards: [], devices: [], windows: [], day: null };
let known = false;        // whether the hall has said anything yet
/** @type {string | null} */
let openWindow = null;
let besideDesk = false;   // whether the resident's screen of that window is shown instead
/** @type {number | null} */
let freshPaper = null;    // the newest slip seen: the next one grows out of the slot
/** @type {number | null} */
let freshSaid = null;
const sound = new Audio();
/** @type {Map<string, string>} what each window's strip showed last */
const stripFaces = new Map();
/** @type {Map<string, number>} and when, in ms */
const stripsShown = new Map();
const SLOW_PICTURES = 800;
const deskFrame = el("desk", HTMLIFrameElement);

// Every device that the hall's settings name is in the picture: the first reader, printer and speaker of the hall and each
// window's strip and scanner have furniture; all others stand on the sheet beside, drawn by what their simulators tell.
/** @param {BenchDevice} device */
const hasFurniture = (device) => ["reader", "printer", "speaker"].some((place) => the(place) === device)
  || (device.window !== null && ["strip", "scanner"].some((place) => at(device.window ?? "", place) === device));
/** The kiosk's device at a place, or the hall's: the first one, and no reader of a window. */
const the = (/** @type {string} */ place) => state.devices.find((device) => place in device && !device.window);
/** A window's device at a place. */
const at = (/** @type {string} */ window, /** @type {string} */ place) => state.devices.find((device) => place in device && device.window === window);
const address = (/** @type {BenchDevice} */ device, /** @type {string} */ rest) => `/api/v1/bench/${encodeURIComponent(device.name)}/${rest}`;

/** @param {unknown} problem that the hall had with what was done; anything else is a mistake of this page */
function tell(problem) {
  if (!(problem instanceof Problem)) throw problem;
  el("trouble").textContent = t(problem.detail, problem.detail_en);
}

const day = hallDay({ token, tell, async began() {
  // By the hall's time, yesterday's log-in is over.
  await sitDown();
  deskFrame.src = deskFrame.getAttribute("src") ?? "";
} });

/**
 * Use a hand of a device's simulator.
 * @param {BenchDevice | undefined} device
 * @param {string} hand
 * @param {object} [body]
 */
async function use(device, hand, body = {}) {
  if (!device) return;
  try {
    await call("POST", `/bench/${encodeURIComponent(device.name)}/${hand}`, body, { token });
    el("trouble").textContent = "";
  } catch (problem) {
    tell(problem);
  }
}

// ---- what is seen ----

function render() {
  if (!known) return;
  const reader = the("reader");
  renderTray(reader);
  renderPad(reader);
  renderPrinter(the("printer"));
  renderVoice(the("speaker"));
  renderBooths();
  day.render(state.day);
  renderOthers();
  for (const place of ["reader", "printer", "speaker"]) fillTag(find(`[data-tag="${place}"]`), the(place));
}

/**
 * Change an element's children only when what they show changed: focus and a drag in hand stay.
 * @param {HTMLElement} element
 * @param {unknown} shown what the children are made from
 * @param {() => Node[]} draw
 */
function keep(element, shown, draw) {
  const face = JSON.stringify(shown);
  if (element.dataset.face === face) return;
  element.dataset.face = face;
  const focused = document.activeElement;
  const held = focused instanceof HTMLElement && element.contains(focused) ? focused.dataset.key : undefined;
  element.replaceChildren(...draw());
  if (held) all(`[data-key="${CSS.escape(held)}"]`, element)[0]?.focus();
}

/** @type {Record<string, [string, string]>} */
const KINDS = {
  resident: ["居民身份证", "Identity card"],
  "hk-macao-taiwan": ["港澳台居民居住证", "HK, Macao, Taiwan"],
  "foreigner-2017": ["永久居留身份证", "Permanent residence"],
  "foreigner-2023": ["永久居留身份证", "Permanent residence"],
  "social-security": ["社会保障卡", "Social security card"],
};

/** @param {BenchCard} card */
function drawCard(card) {
  const item = copyOf("id-card");
  const button = find("button", item);
  const [name, ...more] = card.label.split(" · ");
  button.dataset.key = card.id;
  button.dataset.kind = card.kind;
  find(".id-kind", button).textContent = t(...(KINDS[card.kind] ?? ["", ""]));
  find(".id-name", button).textContent = name;
  button.classList.toggle("long", name.length > 6);
  find(".id-more", button).textContent = more.join(" · ");
  return { item, button };
}

/** @param {BenchDevice | undefined} reader */
function renderTray(reader) {
  const laid = reader?.reader?.card ?? null;
  keep(el("tray"), [state.cards, laid, t("", "en")], () => state.cards.map((card) => {
    const { item, button } = drawCard(card);
    item.classList.toggle("away", card.id === laid);
    button.dataset.card = card.id;
    button.title = t("放到读卡器上，或拖到窗口", "Lay it on the reader, or drag it to a window");
    const lay = () => use(the("reader"), "lay", { card: card.id });
    takable(button, { reader: lay, scanner: (place) => layAt(place.dataset.window ?? "", card.id) }, lay);
    return item;
  }));
}

/** @param {BenchDevice | undefined} reader */
function renderPad(reader) {
  el("reader").classList.toggle("off", reader?.state !== "online");
  const lying = reader?.reader?.card;
  // Residents of a day that goes by itself have cards that are in no tray.
  const card = state.cards.find(({ id }) => id === lying) ?? (lying && state.day?.card?.id === lying ? state.day.card : undefined);
  keep(el("pad"), [card ?? null, t("", "en")], () => {
    if (!card) return [document.importNode(waves, true)];
    const { button } = drawCard(card);
    button.title = t("拿起来", "Lift it");
    button.dataset.lift = "";
    const lift = () => use(the("reader"), "lift");
    takable(button, { "": lift }, lift);
    return [button];
  });
}
const waves = /** @type {Element} */ (document.querySelector(".waves")).cloneNode(true);

/** @param {BenchDevice | undefined} printer */
function renderPrinter(printer) {
  el("printer").hidden = !printer;
  if (!printer?.printer) return;
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
  keep(el("slips"), older, () => older.map((id) => make("li", {}, drawSlip(printer, id))));
  el("slips-none").hidden = older.length > 0;
  el("slips-none").textContent = newest
    ? t("最新的一张在取号机的出纸口", "The newest is in the kiosk's slot")
    : t("还没有打印小票", "No slip printed yet");
}

/**
 * @param {BenchDevice} printer
 * @param {number} id
 */
function drawSlip(printer, id) {
  const picture = make("img", { alt: t(`第 ${id} 张小票`, `Slip ${id}`), draggable: false });
  showPiece(picture, address(printer, `papers/${id}.png`), token);
  const title = t("拖到窗口的扫描枪上；点一下放大", "Drag it to a window's scanner; click to read");
  const slip = make("button", { type: "button", className: "slip", title }, picture);
  slip.dataset.key = slip.dataset.paper = String(id);
  takable(slip, { scanner: (place) => scanAt(place.dataset.window ?? "", id) }, () => {
    el("reading-slip", HTMLImageElement).src = picture.src;
    el("reading", HTMLDialogElement).showModal();
  });
  return slip;
}

/**
 * Scan a slip, or the newest, at a window.
 * @param {string} window
 * @param {number} [paper]
 */
async function scanAt(window, paper = the("printer")?.printer?.papers[0]?.id) {
  sitAt(window);          // where it is seen what came of it, once its page listens
  await until(() => isAtDesk(window), PATIENCE);
  if (paper) await use(at(window, "scanner"), "scan", { paper });
  else el("trouble").textContent = t("还没有小票", "There is no slip yet");
}

/**
 * Lay a card on a window's own reader.
 * @param {string} window
 * @param {string} card
 */
async function layAt(window, card) {
  sitAt(window);
  await until(() => isAtDesk(window), PATIENCE);
  const reader = at(window, "reader");
  if (reader) await use(reader, "lay", { card });
  else el("trouble").textContent = t("这个窗口没有读卡器", "This window has no card reader");
}

/** @param {string} window */
function isAtDesk(window) {
  const frame = deskFrame.contentWindow;
  return frame?.location.pathname === pageOf(window) && frame.document.querySelector("#line.good") !== null;
}

/**
 * @param {() => boolean} isSo
 * @param {number} patience ms
 */
async function until(isSo, patience) {
  for (const end = performance.now() + patience; !isSo() && performance.now() < end;) {
    await new Promise((done) => setTimeout(done, 50));
  }
}

/**
 * Wait until the kiosk has read the card and asks what for.
 * @param {number} patience ms
 */
async function cardIsRead(patience) {
  for (const end = performance.now() + patience; performance.now() < end;) {
    const { state: shows } = /** @type {Kiosk} */ (await call("GET", "/kiosk", undefined, { token }));
    if (shows === "choosing") return true;
    await new Promise((done) => setTimeout(done, 100));
  }
  return false;
}

/** @param {BenchDevice | undefined} speaker */
function renderVoice(speaker) {
  el("voice").hidden = !speaker;
  if (!speaker?.speaker) return;
  const { said } = speaker.speaker;
  keep(el("said"), said, () => said.map((sentence) => {
    const button = make("button", { type: "button", ariaLabel: t(`播放：${sentence.text}`, `Play: ${sentence.text}`) }, icon("play"));
    button.dataset.key = String(sentence.id);
    button.addEventListener("click", () => play(speaker, sentence.id));
    return make("li", {}, button, make("span", { textContent: sentence.text }));
  }));
  el("said-none").hidden = said.length > 0;
  const newest = said[0]?.id ?? 0;
  if (freshSaid !== null && newest !== freshSaid && el("aloud", HTMLInputElement).checked) play(speaker, newest);
  freshSaid = newest;
}

/**
 * @param {BenchDevice} speaker
 * @param {number} id of a sentence
 */
async function play(speaker, id) {
  await showPiece(sound, address(speaker, `said/${id}.wav`), token);
  try {
    await sound.play();
  } catch {
    el("trouble").textContent = t("浏览器没有放出声音", "The browser did not play it");
  }
}

function renderBooths() {
  keep(el("booths"), state.windows, () => state.windows.map(drawBooth));
  if (openWindow === null && state.windows.length) sitAt(state.windows[0].id);
  for (const booth of booths()) {
    const window = booth.dataset.window ?? "";
    const strip = at(window, "strip");
    const scanner = at(window, "scanner");
    const [stripTag, scannerTag] = all(".tag", booth);
    find(".strip", booth).hidden = !strip;
    if (strip) {
      find(".strip", booth).classList.toggle("off", !strip.plugged);
      find(".strip", booth).classList.toggle("bad", strip.state !== "online");
      const picture = find("img", booth, HTMLImageElement);
      const face = JSON.stringify([strip.strip, strip.plugged]);
      // On a fast day strips change faster than anybody reads: their pictures must not take the way from all else.
      const isEarly = (state.day?.speed ?? 1) > 10 && performance.now() - (stripsShown.get(window) ?? -SLOW_PICTURES) < SLOW_PICTURES;
      if (stripFaces.get(window) !== face && !isEarly) {
        stripFaces.set(window, face);
        stripsShown.set(window, performance.now());
        showPiece(picture, address(strip, `strip.png?v=${Date.now()}`), token);
        picture.alt = strip.strip?.text ?? "";
      }
      fillTag(stripTag, strip);
    }
    const scan = find(".booth-scan", booth);
    scan.hidden = !scanner;
    find("span", scan).textContent = t("扫小票", "Scan slip");
    scan.title = t("扫最新的小票；也可以把小票拖过来", "Scan the newest slip, or drag one here");
    const reader = at(window, "reader");
    const laid = state.cards.find(({ id }) => id === reader?.reader?.card);
    const card = find(".booth-card", booth);
    card.hidden = !laid;
    card.textContent = laid?.label.split(" · ")[0] ?? "";
    card.title = t("取走身份证", "Lift the card");
    const side = find(".booth-side", booth);
    side.title = side.ariaLabel = t("看居民面前的屏", "See the resident's screen");
    find(".booth-out", booth).title = t("在新标签页打开", "Open in a new tab");
    day.renderBooth(booth, window);
    if (scanner) fillTag(scannerTag, scanner);
  }
  markOpen();
}

const booths = () => all(".booth", el("booths"));

/** @param {{id: string, name: string}} window */
function drawBooth({ id, name }) {
  const booth = copyOf("booth");
  booth.dataset.window = id;
  booth.dataset.drop = "scanner";
  const tab = find(".booth-name", booth);
  tab.dataset.key = `window ${id}`;
  tab.textContent = name;
  tab.addEventListener("click", () => sitAt(id));
  Object.assign(find(".booth-out", booth), { href: pageOf(id), ariaLabel: name });
  const side = find(".booth-side", booth);
  side.dataset.key = `side ${id}`;
  side.addEventListener("click", () => sitAt(id, !besideDesk));
  const scan = find(".booth-scan", booth);
  scan.dataset.key = `scan ${id}`;
  scan.addEventListener("click", () => scanAt(id));
  find(".booth-card", booth).addEventListener("click", () => use(at(id, "reader"), "lift"));
  stripFaces.delete(id);
  return booth;
}

const pageOf = (/** @type {string} */ id) => `/window/${encodeURIComponent(id)}`;

/**
 * Sit down at a window: its page comes onto the desk, or what its resident sees on the second screen. One of them at a
 * time: each follows streams, of which a browser has no more than six to one host.
 * @param {string} id
 * @param {boolean} [asResident]
 */
function sitAt(id, asResident = false) {
  if (openWindow === id && besideDesk === asResident) return;
  openWindow = id;
  besideDesk = asResident;
  deskFrame.title = asResident ? t("居民面前的屏", "The resident's screen") : t("窗口电脑", "The clerk's PC");
  deskFrame.src = asResident ? `${pageOf(id)}/resident` : pageOf(id);
  markOpen();
}

function markOpen() {
  for (const booth of booths()) {
    const isOpen = booth.dataset.window === openWindow;
    booth.classList.toggle("open", isOpen);
    find(".booth-name", booth).ariaPressed = String(isOpen);
    find(".booth-side", booth).ariaPressed = String(isOpen && besideDesk);
  }
}

/** Devices without furniture, on a sheet that is opened and closed: what they are called, how they are, their parts. */
function renderOthers() {
  const others = state.devices.filter((device) => !hasFurniture(device));
  const more = el("more");
  more.hidden = others.length === 0;
  more.textContent = t(`更多设备 (${others.length})`, `More devices (${others.length})`);
  // A sheet out of sight is not drawn.
  if (el("sheet").hidden) return;
  keep(el("others"), [others, t("", "en")], () => others.map((device) => {
    const tag = make("div", { className: "tag" });
    fillTag(tag, device);
    const pulls = device.pulls.flatMap(({ out, back }) => [out, back]);
    const bare = device.panel.length ? [] : device.hands.filter((hand) => !pulls.includes(hand));
    const buttons = bare.map((hand) => {
      const button = make("button", { type: "button", className: "plain", textContent: hand });
      button.dataset.key = `${device.name} ${hand}`;
      button.addEventListener("click", () => use(device, hand));
      return button;
    });
    const parts = drawParts(device, (hand, body) => use(device, hand, body), (picture, piece) => showPiece(picture, address(device, piece), token));
    const head = make("h3", {}, drawingOf(device.driver), `${t(...kindOf(device.driver))} ${device.name}`);
    return make("li", {}, head, tag, make("div", { className: "parts" }, ...parts, ...buttons));
  }));
}

el("more").addEventListener("click", () => {
  const isOpen = el("sheet").hidden;
  el("sheet").hidden = !isOpen;
  el("more").ariaExpanded = String(isOpen);
  render();
});

// ---- how a device is, and what can be pulled ----

/** @type {Record<string, [string, string, string]>} words and colour */
const STATES = { online: ["正常", "ok", "good"], fault: ["故障", "fault", "warn"], offline: ["断开", "offline", "stop"] };
/** @param {string | null} reason that a driver gives; null for one without words */
const wordsOf = (reason) => all(`#reasons [data-reason="${CSS.escape(reason ?? "")}"]`)[0];

/**
 * @param {HTMLElement} tag
 * @param {BenchDevice | undefined} device
 */
function fillTag(tag, device) {
  tag.hidden = !device;
  if (!device) return;
  const { state: is, reason, pulls } = device;
  keep(tag, [is, reason, pulls, t("", "en")], () => {
    const [zh, en, kind] = STATES[is];
    const said = is === "online" ? undefined : wordsOf(reason);
    const why = said ? t(said.dataset.zh ?? "", said.dataset.en ?? "") : "";
    // Whose plug is out is seen; of a fault the reason is the word.
    const word = make("span", { className: `state ${kind}`, title: why, textContent: is === "fault" && why ? why : t(zh, en) });
    const buttons = pulls.map((pull) => {
      const button = make(
        "button",
        {
          type: "button",
          className: "pull",
          title: t(...(pull.is_out ? pull.undo : pull.do)),
          ariaPressed: String(pull.is_out),
          ariaLabel: `${t(...kindOf(device.driver))} ${device.name}, ${t(pull.zh, pull.en)}: ${t(...pull.do)}`,
        },
        drawn(pull.icon),
        make("span", { textContent: t(pull.zh, pull.en) }),
      );
      button.dataset.key = button.dataset.pull = pull.name;
      button.dataset.device = device.name;
      button.addEventListener("click", () => use(device, pull.is_out ? pull.back : pull.out));
      return button;
    });
    return [word, ...buttons];
  });
}

/** @param {string} path of SVG, 24 x 24 */
function drawn(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("viewBox", "0 0 24 24");
  const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

/** @param {string} name of a symbol of the page */
function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS("http://www.w3.org/2000/svg", "use");
  shape.setAttribute("href", `#i-${name}`);
  svg.append(shape);
  return svg;
}

// ---- the guided tour ----

/** @param {string} selector of something on the page of the window where the visitor sits */
const onDesk = (selector) => /** @type {HTMLElement | null | undefined} */ (deskFrame.contentDocument?.querySelector(selector));

const guide = tour({
  state: () => state,
  lay: (card) => use(the("reader"), "lay", { card }),
  async choose(service) {
    try {
      // A card is laid before it is read; and whoever chooses nothing for long has to lay it anew.
      if (!await cardIsRead(REREAD)) {
        const reader = the("reader"), card = reader?.reader?.card;
        await use(reader, "lift");
        await use(reader, "lay", { card });
        await cardIsRead(PATIENCE);
      }
      await call("POST", "/kiosk/choose", { service }, { token });
    } catch (problem) {
      tell(problem);
    }
  },
  sit: sitAt,
  sitsAsResident: () => besideDesk,
  async press() {
    // The page takes no press before it knows its ticket, nor just after its key has changed.
    const words = () => onDesk("#go-text")?.textContent;
    await until(() => openWindow !== null && isAtDesk(openWindow) && Boolean(onDesk("#number")?.textContent), PATIENCE);
    const before = words();
    for (let tries = 0; tries < 5 && words() === before; tries += 1) {
      onDesk("#go")?.click();
      await until(() => words() !== before, 1000);
    }
  },
  scan: scanAt,
  async grade() {
    // The pad that was told to ask is the one with keys for grades; without pads there is nothing to press here.
    for (const device of state.devices) {
      const best = device.panel.find(({ hand }) => hand === "grade");
      if (best) await use(device, "grade", best.body);
    }
  },
  atDesk: (selector) => onDesk(selector)?.textContent?.trim() ?? "",
  stop() {
    if (state.day?.running) day.stop();
  },
});

// ---- pages inside the page ----

const fit = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const frame = find("iframe", target);
    const width = Number(/** @type {HTMLElement} */ (target).dataset.width);
    const scale = contentRect.width / width;
    frame.style.width = `${width}px`;
    frame.style.height = `${Math.ceil(contentRect.height / scale)}px`;
    frame.style.transform = `scale(${scale})`;
  }
});
for (const glass of all("[data-frame]")) fit.observe(glass);

// A browser opens six connections to one host, and each page here follows one stream: a hall that nobody sees lets go
// of its own, so that windows and screens in other tabs can have them.
const frames = /** @type {HTMLIFrameElement[]} */ (all("[data-frame] iframe"));
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
  show(await call("GET", "/bench", undefined, { token }));
});

/** @param {Bench} fresh */
function show(fresh) {
  state = fresh;
  known = true;
  render();
}

/** In the demonstration a visitor of this page is a clerk, too: the windows' pages need a log-in. */
async function sitDown() {
  try {
    await call("POST", "/bench/visitor", undefined, { token });
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 401 || problem.status === 403) {
      el("trouble").textContent = t("请用终端里显示的完整网址打开（带 #token=）", "Open the whole address that the terminal shows, with #token=");
    } else {
      el("trouble").textContent = t(problem.detail, problem.detail_en);
    }
  }
}

speak(() => {
  render();
  guide.show();
});
await sitDown();
// Not before the token is on its shelf.
find(".machine iframe", document, HTMLIFrameElement).src = "/kiosk";
follow("/bench/events", {
  token,
  on: { state: show, day: (/** @type {BenchDay} */ fresh) => show({ ...state, day: fresh }) },
  connected(isConnected, heard) {
    showLost(isConnected, heard);
    if (isConnected) look();
  },
});
