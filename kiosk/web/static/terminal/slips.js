// What a slip, a receipt or a card opens at the terminal: a resident's own data, how cases go on, a grade.

import { wordsOf } from "../shared/api.js";
import { both, el, make } from "../shared/dom.js";
import { rowsOf } from "../shared/resident_rows.js";
import { twice } from "./answers.js";
import { A_CODE, ID_TAIL } from "./pads.js";

/** @type {Record<string, [string, string]>} */
const STATES = {
  submitted: ["已提交，等窗口受理", "Submitted: a window has yet to take it up"],
  open: ["办理中", "In progress"],
  ready: ["可以领取结果", "Ready to be fetched"],
  returned: ["请补齐材料再来，不用重新排队", "Papers are missing; bring them, there is no new wait"],
  closed: ["已结束", "Closed"],
};
/** @type {[number, string, string][]} */
const GRADES = [
  [5, "非常满意", "Very good"],
  [4, "满意", "Good"],
  [3, "基本满意", "Fair"],
  [2, "不满意", "Poor"],
  [1, "非常不满意", "Very poor"],
];
/** @type {[string, string, string][]} */
const REASONS = [
  ["slow", "等得太久、办得太慢", "Too slow"],
  ["attitude", "态度不好", "Unfriendly"],
  ["repeated_trips", "跑了好几趟", "Had to come again and again"],
  ["unclear", "没有讲清楚", "Not explained clearly"],
  ["extra_papers", "多要了材料", "Asked for papers that are not needed"],
  ["other", "其他", "Something else"],
];

/** @typedef {{ticket: Ticket, resident: Resident, agent: Resident | null}} Opened */

/**
 * @param {import("./visit.js").Visits} visit
 * @param {import("./pads.js").Pads} pad
 * @param {import("./answers.js").Answers} answers
 * @param {{hasReader: () => boolean | null}} terminal hasReader: whether cards are read here; null while that is not known
 */
export function slips(visit, pad, answers, { hasReader }) {
  const { ask, path } = visit;

  /**
   * Ask for a code on paper.
   * @param {[string, string]} title
   * @param {[string, string]} words of the key
   * @param {(code: string) => void} done
   * @param {{card?: () => void, back?: () => void}} [options]
   */
  function askCode(title, words, done, { card, back } = {}) {
    visit.show({
      view: "type", title, card, back,
      scan(text) {
        done(text);
        return true;
      },
    });
    pad.open({ ...A_CODE, words, done });
  }

  // ---- one's own data ----

  const askSlip = () => askCode(["请扫小票上的码", "Scan the code on your slip"], ["下一步", "Continue"], openSlip);

  /** @param {string} code */
  const openSlip = (code) => prove(askSlip, (tail) => ask("POST", `${path}/scan`, { code, id_tail: tail }, showData));

  /**
   * The second proof beside a slip: the card, or where there is no reader the last six of its number.
   * @param {() => void} back
   * @param {(tail: string | null) => void} send null: by the card that lies here
   */
  function prove(back, send) {
    const byCard = () => send(null);
    if (hasReader()) {
      visit.show({ view: "card", title: ["请放身份证", "Lay your ID card on the reader"], back, card: byCard });
      return;
    }
    visit.show({
      view: "type",
      title: hasReader() === null ? ["请放身份证，或输入证件号码后六位", "Lay your ID card, or enter the last 6 of its number"] : ["请输入证件号码后六位", "Enter the last 6 characters of your ID number"],
      back,
      card: byCard,
    });
    pad.open({ ...ID_TAIL, words: ["查看", "Show"], done: send });
  }

  /** @param {Opened} opened */
  function showData({ ticket, resident, agent }) {
    const rows = [{ zh: "号码", en: "Number", value: ticket.number }, ...rowsOf(resident)];
    if (agent) rows.push({ zh: "代办人", en: "Came for you", value: agent.name ?? agent.name_en ?? "" });
    answers.show(["您的信息", "Your data"], rows);
  }

  // ---- cases ----

  const look = () => askCode(["请扫回执，或放身份证", "Scan your receipt, or lay your ID card"], ["查询", "Look up"], progressOf, { card: () => progressOf(null) });

  /** @param {string | null} code of the receipt; null for the card that lies here */
  function progressOf(code) {
    ask("POST", `${path}/progress`, { code }, (/** @type {{cases: Progress[]}} */ { cases }) => {
      if (code !== null && cases.length === 1) showCase(cases[0], code);
      else showCases(cases);
    });
  }

  /**
   * @param {Progress} found
   * @param {string} code
   */
  function showCase(found, code) {
    const [zh, en] = STATES[found.state ?? ""] ?? ["已办结", "Done"];
    const rows = [
      { zh: "业务", en: "Service", value: nameOf(found) },
      { zh: "进度", en: "State", value: /** @type {[string, string]} */ ([zh, en]) },
      { zh: "要补交", en: "Still to bring", value: toBring(found) },
      { zh: "承诺办结", en: "Done by", value: found.promised_on },
      { zh: "说明", en: "Note", value: found.note },
      { zh: "更新", en: "As of", value: minute(found.updated_at) },
    ];
    answers.show(["办理进度", "How it goes on"], rows.filter(({ value }) => value), look);
    if (found.state === "returned") answers.addKey(BACK_WITH_PAPERS, () => comeBack({ code }), "primary");
    if (canBeTakenBack(found)) el("keys").append(takeBackKey({ code }));
  }

  /** @param {Progress[]} cases of one person, newest first */
  function showCases(cases) {
    answers.show(cases.length ? ["办理进度", "How it goes on"] : ["没有办理中的事项", "Nothing is in progress"], []);
    el("booked").replaceChildren(...cases.map((one) => {
      const [zh, en] = STATES[one.state ?? ""] ?? ["已办结", "Done"];
      const by = one.promised_on ? [`，${one.promised_on} 前办结`, `, done by ${one.promised_on}`] : ["", ""];
      const item = make("li", {}, make("p", {}, both(...nameOf(one))), make("p", {}, both(zh + by[0], en + by[1])));
      if (one.note) item.append(make("p", { textContent: one.note }));
      const bring = toBring(one);
      if (bring) item.append(make("p", {}, both(`要补交：${bring[0]}`, `Still to bring: ${bring[1]}`)));
      if (one.state === "returned") {
        const button = make("button", { type: "button", className: "primary" }, both(...BACK_WITH_PAPERS));
        button.addEventListener("click", () => comeBack({ service: one.service }));
        item.append(button);
      } else if (canBeTakenBack(one)) item.append(takeBackKey({ matter: one.matter }));
      return item;
    }));
  }

  /** @param {{code?: string, matter?: string | null}} which by its receipt, or by the card and its matter */
  const takeBackKey = (which) => twice(["撤回申请", "Take it back"], ["再按一次，确认撤回", "Press again to take it back"], () => {
    ask("POST", `${path}/applications/take-back`, which, () => {
      answers.show(["申请已撤回", "Taken back"], []);
      answers.say("填的内容已经删除", "What you filled in is deleted");
    }, say);
  });

  /** @param {{code?: string, service?: string}} body */
  const comeBack = (body) => ask("POST", `${path}/supplement`, body, showPlace, say);

  /** @param {{number: string, ahead: number}} ticket */
  function showPlace({ number, ahead }) {
    const place = ahead ? `前面 ${ahead} 人 · ${ahead} ahead` : "马上轮到您 · You are next";
    answers.show(["请等候叫号", "Please wait for your call"], [
      { zh: "号码", en: "Number", value: number },
      { zh: "排队", en: "Queue", value: place },
    ]);
  }

  // ---- grades ----

  const rate = () => askCode(["请扫小票或回执，评价这次办理", "Scan your slip or receipt to rate what was done"], ["下一步", "Continue"], gradesOf);

  /** @param {string} code */
  function gradesOf(code) {
    const give = (/** @type {number} */ grade, /** @type {string[]} */ reasons) => ask("POST", `/tickets/${encodeURIComponent(code)}/rating`, { grade, reasons }, () => {
      answers.show(["谢谢您的评价", "Thank you for telling us"], []);
    });
    choices(["您对这次办理满意吗", "How was it?"], GRADES.map(([grade, zh, en]) => [zh, en, () => (grade > 2 ? give(grade, []) : why(grade, give, code))]), rate);
  }

  /**
   * @param {number} grade
   * @param {(grade: number, reasons: string[]) => void} give
   * @param {string} code
   */
  function why(grade, give, code) {
    choices(["哪里没做好", "What went wrong?"], REASONS.map(([reason, zh, en]) => [zh, en, () => give(grade, [reason])]), () => gradesOf(code));
  }

  /**
   * @param {[string, string]} title
   * @param {[string, string, () => void][]} keys
   * @param {() => void} back
   */
  function choices(title, keys, back) {
    answers.show(title, [], back);
    for (const [zh, en, press] of keys) answers.addKey([zh, en], press);
  }

  /** @param {unknown} problem */
  const say = (problem) => visit.refuse(wordsOf(problem));

  return {
    /** @param {string} [code] of a slip that was scanned already */
    data: (code = undefined) => (code ? openSlip(code) : askSlip()),
    askCode,
    prove,
    look,
    progressOf,
    rate,
    showPlace,
  };
}

/** @param {Progress} found */
const canBeTakenBack = ({ outcome, state }) => outcome === "applied" && state === "submitted";

/**
 * @param {Progress} found
 * @returns {[string, string]}
 */
const nameOf = (found) => (found.matter_name ? [found.matter_name, found.matter_name_en || found.matter_name] : [found.service_name, found.service_name_en || found.service_name]);

/**
 * @param {Progress} found
 * @returns {[string, string] | null}
 */
const toBring = ({ to_bring: papers }) => (papers.length ? [papers.map((one) => one.name).join("、"), papers.map((one) => one.name_en || one.name).join(", ")] : null);

/** @type {[string, string]} */
const BACK_WITH_PAPERS = ["材料已带齐，排队", "I have the papers"];

/**
 * The hall's own time in an answer, to the minute.
 * @param {string} at RFC 3339 in the hall's zone
 */
const minute = (at) => at.slice(0, 16).replace("T", " ");
