// Applying for a matter at the terminal (申请办理): found, its papers and fee told, by whom, which papers come later, its
// form, and then sent once. Its receipt is printed; what does not come out of the printer is shown to be photographed.

import { newKey, wordsOf } from "../shared/api.js";
import { both, el, make } from "../shared/dom.js";
import { inFours } from "../shared/language.js";

const LOOK_EVERY = 1500;  // ms between looks at whether the receipt is printed
const LOOK_FOR = 60_000;  // ms after which it is no longer printed (drivers give it up)

/** @typedef {{code?: string, id_tail?: string | null}} Proof */
/**
 * @typedef {object} Made
 * @property {number} id of the case
 * @property {string} matter_name
 * @property {string} matter_name_en
 * @property {string} code of its receipt
 * @property {string} qr the same as a picture
 * @property {boolean} printing whether the receipt is printed here
 * @property {import("./answers.js").Row[]} fee where there is one
 */

/**
 * @param {import("./visit.js").Visits} visit
 * @param {import("./answers.js").Answers} answers
 * @param {ReturnType<typeof import("./slips.js").slips>} slip
 * @param {ReturnType<typeof import("./forms.js").forms>} form
 * @param {import("./matters.js").Matters} finder
 */
export function applying(visit, answers, slip, form, finder) {
  const address = () => `${visit.path}/applications`;
  /** @type {WholeMatter | null} */
  let matter = null;
  /** @type {Proof} */
  let proof = {};
  /** @type {Set<number>} papers that are handed in later */
  let later = new Set();
  /** @type {Record<string, string>} */
  let given = {};
  let key = newKey();
  let looking = 0;

  function forget() {
    clearTimeout(looking);
    matter = null;
    proof = {};
    later = new Set();
    given = {};
    key = newKey();
  }

  function start() {
    finder.find({
      title: ["要申请哪件事", "What do you apply for?"],
      fits: (one) => one.applies,
      pick: (one) => look(one.id),
      back: null,
      nothing: ["没有找到可以自助申请的事项", "Nothing found that can be applied for here"],
    });
  }

  /** @param {string} id */
  function look(id) {
    visit.ask("GET", `/matters/${encodeURIComponent(id)}`, undefined, (/** @type {WholeMatter} */ found) => {
      matter = found;
      later = new Set();
      given = {};
      key = newKey();
      tell();
    });
  }

  /** What it takes. */
  function tell() {
    if (!matter) return;
    const one = matter;
    const { length } = one.papers;
    /** @type {import("./answers.js").Row[]} */
    const bring = length ? [{ zh: "要带的材料", en: "What to bring", value: [`下面 ${length} 样`, length === 1 ? "The one below" : `The ${length} below`] }] : [];
    answers.show(words(one.name, one.name_en), [...factsOf(one), ...bring], start);
    el("booked").replaceChildren(...one.papers.map((paper, at) => make("li", {}, make("p", {}, both(`${at + 1}. ${paper.name}`, `${at + 1}. ${paper.name_en || paper.name}`)), make("p", { className: "side" }, both(...wantedOf(paper))))));
    answers.addKey(["申请办理", "Apply"], askProof, "primary");
  }

  function askProof() {
    slip.askCode(["请放身份证，或扫小票上的码", "Lay your ID card, or scan the code on your slip"], NEXT, (code) => {
      slip.prove(askProof, (tail) => proved({ code, id_tail: tail }));
    }, { card: () => proved({}), back: tell });
  }

  /** @param {Proof} by */
  function proved(by) {
    proof = by;
    if (matter?.papers.length) askPapers();
    else askForm();
  }

  function askPapers() {
    if (!matter) return;
    answers.show(["哪些材料以后补交", "Which papers come later?"], [], tell);
    answers.say("没带的材料，请点“以后补交”", "Touch Later beside what you do not have with you");
    el("booked").replaceChildren(...matter.papers.map((paper, at) => {
      const button = make("button", { type: "button", className: "toggle", ariaLabel: `${paper.name}：以后补交 Later` });
      const mark = () => {
        button.setAttribute("aria-pressed", String(later.has(at)));
        button.replaceChildren(both(later.has(at) ? "✓ 以后补交" : "以后补交", later.has(at) ? "✓ Later" : "Later"));
      };
      button.addEventListener("click", () => {
        if (!later.delete(at)) later.add(at);
        mark();
      });
      mark();
      return make("li", {}, make("p", {}, both(paper.name, paper.name_en || paper.name)), button);
    }));
    answers.addKey(NEXT, askForm, "primary");
  }

  function askForm() {
    if (!matter) return;
    const back = () => (matter?.papers.length ? askPapers() : tell());
    if (!matter.form) {
      confirm(back);
      return;
    }
    const again = () => askForm();
    form.fill({
      form: matter.form, proof, matter: matter.id, back,
      done(answered) {
        given = answered;
        confirm(again);
      },
    });
  }

  /** @param {() => void} back */
  function confirm(back) {
    if (!matter) return;
    const { papers } = matter;
    const [now, then] = [false, true].map((wanted) => listed(papers.filter((_, at) => later.has(at) === wanted)));
    const rows = [
      { zh: "事项", en: "Matter", value: words(matter.name, matter.name_en) },
      { zh: "带着的材料", en: "Papers you have", value: now },
      { zh: "以后补交", en: "Papers for later", value: then },
      ...feeOf(matter),
      ...daysOf(matter),
    ];
    answers.show(["请核对，再提交", "Check, then submit"], rows.filter(({ value }) => value), back);
    const days = el("terminal").dataset.keptDays;
    answers.say(`您的信息加密保存，只有回执上的码能打开；办结就删，最多留 ${days} 天`, `Your data are sealed: only the code on your receipt opens them. They are deleted when it is done, after ${days} days at most`);
    answers.addKey(["确认提交", "Submit"], send, "primary");
  }

  function send() {
    if (!matter) return;
    const body = { ...proof, matter: matter.id, later: [...later], answers: given };
    const fee = feeOf(matter);
    visit.ask("POST", address(), body, (made) => show({ ...made, fee }), (problem) => visit.refuse(wordsOf(problem)), key);
  }

  /** @param {Made} made */
  function show(made) {
    forget();           // nothing of what was sent stays; the page shows the receipt alone
    if (!made.printing) {
      showCode(made, false);
      return;
    }
    showMade(made);
    answers.say("正在打印回执，请等一下", "Your receipt is being printed: please wait");
    watch(made, Date.now() + LOOK_FOR);
  }

  /**
   * @param {Made} made
   * @param {number} until
   */
  function watch(made, until) {
    const shown = el("fields").firstChild;
    looking = window.setTimeout(() => {
      if (el("fields").firstChild !== shown) return;       // whoever applied has left
      visit.ask("GET", `${address()}/${made.id}/receipt`, undefined, (/** @type {{state: string}} */ { state }) => {
        if (state === "printed") answers.say("请取走回执和身份证。到窗口办理要带回执，不能补打", "Take your receipt and your ID card. The window needs the receipt; it cannot be printed again");
        else if (state === "pending" && Date.now() < until) watch(made, until);
        else showCode(made, state === "unconfirmed");
      }, () => showCode(made, true));
    }, LOOK_EVERY);
  }

  /**
   * The code of a receipt that is not on paper.
   * @param {Made} made
   * @param {boolean} perhaps whether it may have been printed
   */
  function showCode(made, perhaps) {
    showMade(made, { zh: "回执的码", en: "Code of the receipt", value: inFours(made.code, " ") });
    answers.picture(made.qr, perhaps
      ? ["回执可能没有打印好：请用手机拍下二维码，有纸也请取走", "Your receipt may not be printed well: take a photo of this code, and any paper too"]
      : ["回执没有打印：请用手机拍下二维码，到窗口办理要用", "No receipt was printed: take a photo of this code, the window needs it"], "回执的二维码 QR code of your receipt");
  }

  /**
   * @param {Made} made
   * @param {...import("./answers.js").Row} more
   */
  function showMade(made, ...more) {
    answers.show(["已提交", "Submitted"], [
      { zh: "办件编号", en: "Number", value: String(made.id) },
      { zh: "事项", en: "Matter", value: words(made.matter_name, made.matter_name_en) },
      { zh: "下一步", en: "Next", value: ["带回执和材料到窗口；进度可在“查进度”里看", "Bring the receipt and the papers to a window; “How my case goes on” tells its progress"] },
      ...made.fee,
      ...more,
    ]);
  }

  return { start, forget };
}

/** @type {[string, string]} */
const NEXT = ["下一步", "Continue"];
/**
 * @param {string} zh
 * @param {string} en
 * @returns {[string, string]}
 */
const words = (zh, en) => [zh, en || zh];

/**
 * Papers by name; null for none.
 * @param {MatterPaper[]} papers
 * @returns {[string, string] | null}
 */
const listed = (papers) => (papers.length ? [papers.map((one) => one.name).join("、"), papers.map((one) => one.name_en || one.name).join(", ")] : null);

/**
 * What is wanted of a paper: 原件，复印件 2 份.
 * @param {MatterPaper} paper
 * @returns {[string, string]}
 */
function wantedOf({ original, copies }) {
  const zh = [...(original ? ["原件"] : []), ...(copies ? [`复印件 ${copies} 份`] : [])];
  const en = [...(original ? ["original"] : []), ...(copies ? [copies === 1 ? "1 copy" : `${copies} copies`] : [])];
  return [zh.join("，"), en.join(", ")];
}

/**
 * @param {WholeMatter} matter
 * @returns {import("./answers.js").Row[]}
 */
const factsOf = (matter) => [
  ...(matter.who ? [{ zh: "谁来办", en: "Who", value: words(matter.who, matter.who_en) }] : []),
  ...feeOf(matter),
  ...daysOf(matter),
  ...(matter.guide ? [{ zh: "怎么办", en: "How", value: words(matter.guide, matter.guide_en) }] : []),
];

/**
 * @param {WholeMatter} matter
 * @returns {import("./answers.js").Row[]}
 */
export const feeOf = ({ fee, fee_en }) => (fee ? [{ zh: "收费", en: "Fee", value: words(fee, fee_en) }] : []);

/**
 * @param {WholeMatter} matter
 * @returns {import("./answers.js").Row[]}
 */
function daysOf({ promised_days, statutory_days }) {
  const days = promised_days ?? statutory_days;
  if (days === null) return [];
  return [{ zh: "多久办好", en: "How long", value: days ? [`受理后 ${days} 个工作日内`, `${days} working days once it is taken up`] : ["当场办结", "At once"] }];
}
