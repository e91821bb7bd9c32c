// The service worker of the extension: one press fills the form of this tab from the resident now served, or, for a
// technician, begins to map it. It keeps nothing: mappings, log-in and data are the hall's, asked for at each press.

const MANIFEST = chrome.runtime.getManifest();
// The box that this extension came from: the only address that it may ask.
const BOX = new URL(MANIFEST.homepage_url ?? "").origin;
const PATIENCE = 10_000;  // ms for one question to the box

/** What is said in the tab; `tone` is "good", "warn" or "stop".
 * @typedef {{tone: string, zh: string, en: string}} Line */

class Refusal extends Error {
  /** @param {Line} said */
  constructor(said) {
    super(said.en);
    this.said = said;
  }
}

/** @param {string} zh @param {string} en @param {string} [tone] */
const refusal = (zh, en, tone = "warn") => new Refusal({ tone, zh, en });

/**
 * An answer of the box, asked with the log-in of this browser.
 * @param {string} path
 */
async function ask(path) {
  let response;
  try {
    response = await fetch(`${BOX}/api/v1${path}`, { credentials: "include", cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    throw refusal(`连不上取号系统 ${BOX}，请检查网络`, `The hall's box ${BOX} cannot be reached: check the network`, "stop");
  }
  if (response.ok) return response.json();
  if (response.status === 401) throw refusal(`请先在 ${BOX} 登录窗口页面`, `Log in to the window page at ${BOX} first`);
  const problem = await response.json().catch(() => ({}));
  throw refusal(problem.detail ?? "现在不能填表", problem.detail_en ?? "The form cannot be filled now");
}

/**
 * Whether an address is one of a mapping's pages; `*` in a page stands for any characters of the path.
 * @param {string} address
 * @param {string[]} pages
 */
function isOneOf(address, pages) {
  const { origin, pathname } = new URL(address);
  return pages.some((page) => {
    const parts = page.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
    return new RegExp(`^${parts.join(".*")}$`).test(origin + pathname);
  });
}

/**
 * Run a function of form.js or mapping.js in the tab's page, apart from the page's own scripts.
 * @param {number} tab
 * @param {string} file
 * @param {(given: any) => any} run
 * @param {unknown} given
 */
async function runIn(tab, file, run, given) {
  await chrome.scripting.executeScript({ target: { tabId: tab }, files: ["tell.js", file] });
  const [done] = await chrome.scripting.executeScript({ target: { tabId: tab }, func: run, args: [given] });
  return done.result;
}

/** @param {number} tab @param {Line} said */
const tell = (tab, said) => runIn(tab, "form.js", (given) => globalThis.quhao.tell(given), said);

/**
 * @param {number} tab
 * @param {{id: string, name: string}} form
 */
async function fill(tab, form) {
  const { number, inputs, without } = await ask(`/fill/mappings/${encodeURIComponent(form.id)}/values`);
  /** @type {{filled: string[], gone: string[], refused: string[]}} */
  const { filled, gone, refused } = await runIn(tab, "form.js", (given) => globalThis.quhao.fill(given), inputs);
  const wrong = [...gone, ...refused];
  const more = without.length ? [`；证件上没有 ${without.length} 项`, `; ${without.length} are not on the document`] : ["", ""];
  await tell(tab, wrong.length
    ? {
      tone: "stop",
      zh: `${number}：填好 ${filled.length} 项，${wrong.length} 项没填上（${wrong.join("、")}）。请手工核对；表单改过的，请技术人员重新设置`,
      en: `${number}: ${filled.length} filled, ${wrong.length} not (${wrong.join(", ")}). Check them by hand; if the form has changed, have it mapped again`,
    }
    : { tone: "good", zh: `${number}：填好 ${filled.length} 项${more[0]}，请核对后提交`, en: `${number}: ${filled.length} filled${more[1]}. Check before you submit` });
}

/** @param {chrome.Tab} tab */
async function pressed({ id, url = "" }) {
  if (!id || !/^https?:/.test(url)) return;  // the browser's own pages can be neither read nor told
  try {
    const me = await ask("/me");
    const { mappings } = await ask("/fill/mappings");
    const form = mappings.find((/** @type {{pages: string[]}} */ one) => isOneOf(url, one.pages));
    if (me.role === "technician") await runIn(id, "mapping.js", (given) => globalThis.quhao.map(given), form ?? null);
    else if (form) await fill(id, form);
    else throw refusal("这个页面还没有设置填表，请技术人员打开它设置一次", "This page is not mapped yet: have a technician open and map it once");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    await tell(id, error.said);
  }
}

chrome.action.onClicked.addListener(pressed);

// A finished mapping is shown on the box's own page, where the technician looks it over and keeps it.
chrome.runtime.onMessage.addListener((message, sender) => {
  if (sender.id !== chrome.runtime.id || !message.mapping) return;
  const bytes = new TextEncoder().encode(JSON.stringify(message.mapping));
  const text = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
  chrome.tabs.create({ url: `${BOX}/fill#mapping=${text}` });
});
