// The pages of the choice: the first one with themes (or services, where they are few), and the lists behind them.

import { all, el, find } from "../shared/dom.js";
import { branchesOf, itemsOf, mostAsked, pageOf, rangesOf, themesOf } from "./choices.js";
import { flow } from "./flow.js";
import { hintOf, measuresOf, rowsOf, setColumns } from "./rows.js";
import { placeLetters } from "./search.js";
import { english, say, told } from "./words.js";

/** @typedef {import("./choices.js").Item} Item */
/** @typedef {import("./choices.js").Branch} Branch */
/** @typedef {import("./choices.js").Audience} Audience */
/** @typedef {import("./rows.js").Choice} Choice */
/** @typedef {import("./rows.js").Deed} Deed */

const AUDIENCES = /** @type {[Audience, Said][]} */ ([
  ["personal", { zh: "个人办事", en: "Personal" }],
  ["business", { zh: "企业办事", en: "Business" }],
]);
const MORE = { zh: "更多", en: "More" };
const OTHERS = { zh: "其他业务", en: "Other services" };
const ASKED = 4;     // most asked today that are shown
const LETTERED = 12; // choices from which on the first page of large print has the letters, too
const SHARE = 0.6;   // of a page's height that its list has, at least

/**
 * @param {{
 *   choose: (row: HTMLButtonElement, item: Item) => void,
 *   open: (branch: Branch) => void,
 *   run: (deed: string) => void,
 * }} act
 */
export function choosing({ choose, open, run }) {
  /** @type {Matter[]} */
  let matters = [];
  /** @type {string} what the pages were made of */
  let made = "";
  let items = itemsOf([], []);
  /** @type {WeakMap<Branch, (Item | Branch)[]>} what the page of a branch shows */
  let pages = new WeakMap();
  /** @type {{[list: string]: Choice[]}} of the first page */
  let first = {};
  /** @type {boolean | null} whether all services stand on the first page; null while nobody has looked */
  let few = null;

  const service = (/** @type {string} */ id) => flow.view?.services.find((one) => one.id === id);
  const rows = rowsOf(service, (row, choice) => {
    if (choice.kind === "item") choose(row, choice);
    else row.addEventListener("click", () => (choice.kind === "branch" ? open(choice) : run(choice.id)));
  });
  const lists = ["mine", "asked", "personal", "business", "services", "list"];

  /** All that can be chosen. */
  const everything = () => [...items.matters, ...items.services];

  /** The pages are made anew where what they are made of, or their room, has changed. */
  function remake() {
    const services = flow.view?.services ?? [];
    const standing = services.map((one) => [one.id, one.name, one.initials, Boolean(one.has_ticket || one.appointment)].join());
    const list = el("list");
    const now = [matters.length, ...standing, english(), document.documentElement.className, innerWidth, innerHeight, list.clientHeight].join("\n");
    if (now === made) return;
    made = now;
    items = itemsOf(matters, services);
    pages = new WeakMap();
    first = {};
    few = null;
  }

  /**
   * What this person has: a number, or a booking of today.
   * @returns {Item[]}
   */
  const mine = () => itemsOf([], (flow.view?.services ?? []).filter((one) => one.has_ticket || one.appointment)).services;

  /**
   * For whoever does not know what to choose.
   * @returns {Item | null}
   */
  const enquiries = () => itemsOf([], (flow.view?.services ?? []).filter((one) => one.id === flow.view?.enquiries)).services[0] ?? null;

  /** Services without matters, as one more choice; the one for enquiries has a place of its own. */
  function others() {
    const rest = items.services.filter((one) => one.service !== flow.view?.enquiries);
    if (rest.length < 2) return rest;
    return [branchOfTheme(OTHERS, rest)];
  }

  /**
   * @param {Said} name
   * @param {Item[]} of
   * @returns {Branch}
   */
  const branchOfTheme = (name, of) => branchesOf([{ name, items: of }], 1)[0];

  function renderHome() {
    remake();
    greet();
    const elder = document.documentElement.classList.contains("elder");
    const home = el("home");
    home.classList.toggle("no-matters", !items.matters.length);
    few ??= fewServices(home);
    home.classList.toggle("few", few || elder);
    home.classList.toggle("lettered", isLettered());
    if (elder) return renderLines();
    if (few) {
      // Those that are booked stand first, as the server gives them.
      rows.layOut(el("services"), everything());
      return;
    }
    show("mine", mine());
    const asked = mostAsked(everything(), ASKED);
    el("asked-part").hidden = asked.length < 2;
    show("asked", asked.length < 2 ? [] : asked);
    if (items.matters.length) {
      for (const [audience] of AUDIENCES) {
        const tiles = el(audience);
        const themes = themesOf(items.matters, audience);
        const more = audience === "personal" ? others() : [];
        first[audience] ??= [...branchesOf(themes, tilesIn(tiles) - more.length), ...more];
        rows.layOut(tiles, first[audience]);
      }
    } else {
      const tiles = el("services");
      first.services ??= rangesOfServices(tilesIn(tiles), perRange());
      rows.layOut(tiles, first.services);
    }
  }

  /**
   * @param {string} id
   * @param {Choice[]} choices
   */
  function show(id, choices) {
    const list = el(id);
    list.hidden = choices.length === 0;
    setColumns(list, Math.min(choices.length, measuresOf(list).most) || 1);
    rows.show(list, choices);
  }

  /** How many tiles a list on the first page has room for. */
  function tilesIn(/** @type {HTMLElement} */ list) {
    const { most, gap, row } = measuresOf(list);
    return Math.max(1, most * Math.floor((list.clientHeight + gap) / (row + gap)));
  }

  /**
   * Ranges of services for the first page.
   * @param {number} most that it has room for
   * @param {number} least services of each, if there is room
   */
  function rangesOfServices(most, least) {
    const offered = everything();
    const each = Math.max(least, Math.ceil(offered.length / most));
    return rangesOf(offered, { most, fits: (some) => some.length <= each }, english());
  }

  /** Services on the page of a range: as many as have large rows there. */
  function perRange() {
    const { gap, row } = measuresOf(el("services"));
    return Math.max(2, Math.floor((SHARE * el("home").clientHeight) / (row + gap)));
  }

  /**
   * Whether there are services, and nothing else, so few that each has a row on the first page.
   * @param {HTMLElement} home
   */
  function fewServices(home) {
    if (items.matters.length) return false;
    home.classList.add("few");     // the room that they have then
    return rows.roomOf(el("services"), items.services).fits(items.services);
  }

  /** Large print: one choice a line, and below them the letters that find the rest. */
  function renderLines() {
    if (isLettered()) placeLetters(el("home"));
    const list = el("services");
    const { gap, row } = measuresOf(list);
    const most = Math.max(3, Math.floor((list.clientHeight + gap) / (row + gap)));
    if (!first.lines) {
      const ask = enquiries();
      const last = ask && items.matters.length ? [ask] : [];
      /** @type {Choice[]} */
      const begin = items.matters.length
        ? [...mine(), ...AUDIENCES.flatMap(([audience, name]) => audienceBranch(audience, name)), ...others()]
        : isLettered() ? [...mine(), ...rangesOfServices(most - mine().length, 1)] : everything();
      const free = most - begin.length - last.length;
      first.lines = [...begin, ...(free > 0 ? mostAsked(everything(), free) : []), ...last];
    }
    // What is left over stands behind one line more.
    const { lines } = first;
    rows.layOut(list, lines.length <= most ? lines : [...lines.slice(0, most - 1), { kind: "deed", id: "more", name: MORE }]);
    rest = lines.slice(most - 1);
  }

  /** Whether the first page of large print has the letters. */
  const isLettered = () => document.documentElement.classList.contains("elder") && everything().length >= LETTERED;

  /** @type {Choice[]} lines of large print that the first page has no room for */
  let rest = [];

  /**
   * @param {Audience} audience
   * @param {Said} name
   * @returns {Branch[]}
   */
  function audienceBranch(audience, name) {
    const themes = themesOf(items.matters, audience);
    const of = themes.flatMap((theme) => theme.items);
    return of.length ? [{ kind: "branch", id: `audience ${audience}`, name, items: of, themes, range: null }] : [];
  }

  function renderList() {
    remake();
    const branch = flow.path[flow.path.length - 1];
    const list = el("list");
    const { name: { zh, en }, range } = branch;
    // Letters are the same in both languages.
    if (range && (!zh || zh === en)) el("list-title").textContent = zh || hintOf(range);
    else say(el("list-title"), zh, en || zh);
    const above = flow.path.slice(0, -1).map((one) => told(one.name.zh, one.name.en || one.name.zh));
    el("list-path").textContent = above.join(" › ");
    rows.layOut(list, branch.id === "more" ? rest : page(branch, list));
  }

  /**
   * @param {Branch} branch
   * @param {HTMLElement} list
   */
  function page(branch, list) {
    let found = pages.get(branch);
    if (!found) {
      const room = rows.roomOf(list, branch.items);
      const byTheme = branch.themes.length > 1 && branch.id.startsWith("audience");
      found = byTheme ? branchesOf(branch.themes, room.most) : pageOf(branch, room, english());
      pages.set(branch, found);
    }
    return found;
  }

  function greet() {
    const { view } = flow;
    if (!view) return;
    const name = view.resident?.name ?? "";
    el("greeting").textContent = told(`您好${name && "，"}${name}`, `Hello${name && ", "}${name}`);
    const earned = view.resident?.priority;
    el("earned").hidden = !earned;
    if (earned) say(find("#earned span"), `${earned.name} 优先办理`, `Priority: ${earned.name_en}`);
    const booked = view.services.find((one) => one.appointment && !one.has_ticket);
    el("booked").hidden = !booked;
    if (booked?.appointment) {
      const { zh, en } = booked.appointment.words;
      say(find("#booked span"), `${booked.name}：${zh}`, `${booked.name_en || booked.name}: ${en}`);
    }
    const wanted = view.agent_wanted;
    el("choose-now").hidden = wanted;
    const [zh, en] = isLettered() ? ["，或输入拼音首字母查找", ", or type its first letters"] : ["", ""];
    say(el("choose-now"), `${items.matters.length ? "请选择要办的事" : "请选择要办理的业务"}${zh}`, `Choose what you came for${en}`);
    el("proxy").hidden = !wanted && !view.agent;
    if (wanted) say(el("proxy"), view.message, view.message_en);
    else if (view.agent) say(el("proxy"), `代办人：${view.agent.name ?? ""}`, `Come for them: ${view.agent.name ?? ""}`);
    for (const button of all("#for-other, [data-do=for-other]")) button.setAttribute("aria-pressed", String(wanted || Boolean(view.agent)));
    el("enquiries").hidden = !enquiries();
    const ask = enquiries();
    if (ask) say(find("#enquiries .ask"), ask.name, ask.name_en || ask.name);
  }

  return {
    /** @param {Matter[]} list of GET /matters */
    learn(list) {
      matters = list;
      made = "";
    },
    renderHome,
    renderList,
    everything() {
      remake();
      return everything();
    },
    enquiries,
    rows,
    /** The lines of large print behind "more". @returns {Branch} */
    more: () => ({ kind: "branch", id: "more", name: MORE, items: [], themes: [], range: null }),
    clear() {
      for (const id of lists) rows.clear(el(id));
      made = "";
    },
  };
}
