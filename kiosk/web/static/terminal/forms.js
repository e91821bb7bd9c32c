// Forms at the terminal: chosen, filled in from card or slip, the rest asked one thing a page, checked, then printed on A4
// or handed to the window with the ticket. What was answered is in this module until the visit ends, and nowhere else.

import { newKey, wordsOf } from "../shared/api.js";
import { both, el, make } from "../shared/dom.js";
import { choose } from "./lists.js";
import { aDate, aText } from "./pads.js";

/** @typedef {{id: string, name: string, name_en: string, matters: string[]}} Form */
/**
 * @typedef {object} Field
 * @property {string} key
 * @property {string} label
 * @property {string} label_en
 * @property {"text" | "number" | "date" | "choice" | "pen"} kind
 * @property {boolean} required
 * @property {number} longest
 * @property {string} pattern
 * @property {string} pattern_words
 * @property {string} pattern_words_en
 * @property {{value: string, label_en: string}[]} choices
 * @property {string} value
 * @property {boolean} ask
 */
/** @typedef {{code?: string, id_tail?: string | null}} Proof */

/**
 * @param {import("./visit.js").Visits} visit
 * @param {import("./pads.js").Pads} pad
 * @param {import("./answers.js").Answers} answers
 * @param {ReturnType<typeof import("./slips.js").slips>} slip
 */
export function forms(visit, pad, answers, slip) {
  const address = () => `${visit.path}/forms`;
  let prints = false;
  /** @type {Form | null} */
  let form = null;
  /** @type {Proof} */
  let proof = {};
  /** @type {Field[]} */
  let fields = [];
  /** @type {Map<string, string>} what was answered, by key */
  let given = new Map();
  let key = newKey();       // of the number that is taken with the form
  let printKey = newKey();  // of one print: a page that gives up after ten seconds asks for it again
  /**
   * For whom a form is filled in, where that is not this task itself.
   * @type {{matter: string, back: () => void, done: (answers: Record<string, string>) => void} | null}
   */
  let errand = null;

  function forget() {
    form = null;
    errand = null;
    proof = {};
    fields = [];
    given = new Map();
    key = newKey();
    printKey = newKey();
  }

  /**
   * Have a form filled in for another task.
   * @param {{form: string, proof: Proof, matter: string, back: () => void, done: (answers: Record<string, string>) => void}} wanted
   *   back: to what was before it; done: given the answers to what was asked
   */
  function fill({ form: id, proof: by, ...rest }) {
    forget();
    errand = rest;
    begin(by, id);
  }

  function chooseForm() {
    errand = null;
    visit.ask("GET", address(), undefined, (/** @type {{prints: boolean, forms: Form[]}} */ answer) => {
      prints = answer.prints;
      const rows = answer.forms.map((one) => ({ words: words(one.name, one.name_en), pick: () => askProof(one) }));
      choose(visit, ["请选择要填的表格", "Choose a form"], rows, { nothing: ["没有可以填的表格", "There is no form to fill in"], back: null });
    });
  }

  /** @param {Form} chosen */
  function askProof(chosen) {
    form = chosen;
    const again = () => askProof(chosen);
    slip.askCode(["请放身份证，或扫小票上的码", "Lay your ID card, or scan the code on your slip"], ["下一步", "Continue"], (code) => {
      slip.prove(again, (tail) => begin({ code, id_tail: tail }));
    }, { card: () => begin({}), back: chooseForm });
  }

  /**
   * @param {Proof} by
   * @param {string} [id]
   */
  function begin(by, id = form?.id) {
    if (!id) return;
    proof = by;
    const body = errand ? { ...by, matter: errand.matter } : by;
    visit.ask("POST", `${address()}/${id}`, body, (/** @type {Form & {fields: Field[]}} */ begun) => {
      form = begun;
      fields = begun.fields;
      given = new Map();
      next(0);
    });
  }

  const asked = () => fields.filter((field) => field.ask);

  /**
   * Ask for the next thing, or show all of it.
   * @param {number} at
   */
  function next(at) {
    const field = asked()[at];
    if (!field) {
      review();
      return;
    }
    const back = () => (at ? next(at - 1) : goBack());
    const take = (/** @type {string} */ value) => {
      given.set(field.key, value);
      next(at + 1);
    };
    const title = words(field.label, field.label_en);
    if (field.kind === "choice") {
      const rows = field.choices.map((one) => ({ words: words(one.value, one.label_en), pick: () => take(one.value) }));
      if (!field.required) rows.push({ words: ["不填", "Leave empty"], pick: () => take("") });
      choose(visit, title, rows, { nothing: ["", ""], back, chosen: steps(at) });
      return;
    }
    visit.show({ view: "type", title, back, chosen: steps(at) });
    const known = given.get(field.key) ?? "";
    if (field.kind === "date") {
      pad.open({ ...aDate(field.required), words: NEXT, done: (figures) => take(figures.replace(/(.{4})(.{2})(.{2})/, "$1-$2-$3")) }, known.replaceAll("-", ""));
    } else pad.open({ ...aText(rulesOf(field)), words: NEXT, done: take }, known);
  }

  /** @param {number} at */
  const steps = (at) => `${form?.name ?? ""} · ${at + 1} / ${asked().length}`;

  /** To what was before the form. */
  function goBack() {
    if (errand) errand.back();
    else if (form) askProof(form);
    else visit.end();
  }

  function review() {
    const rows = fields.map((field) => ({ zh: field.label, en: field.label_en, value: valueOf(field) }));
    const back = asked().length ? () => next(asked().length - 1) : goBack;
    answers.show(["请核对", "Please check"], rows, back);
    if (errand) {
      const { done } = errand;
      answers.addKey(NEXT, () => done(filled().answers), "primary");
      if (asked().length) answers.addKey(["修改", "Change"], () => next(0));
      return;
    }
    printKey = newKey();
    if (prints) answers.addKey(["打印表格(A4)", "Print the form (A4)"], print, "primary");
    answers.addKey(["交给窗口", "Hand it to the window"], handIn, prints ? "" : "primary");
    if (asked().length) answers.addKey(["修改", "Change"], () => next(0));
  }

  /** @param {Field} field */
  function valueOf(field) {
    if (field.ask) return given.get(field.key) || "—";
    return field.value || (prints && !errand ? "打印后手写 · by hand, once printed" : "到窗口填写 · at the window");
  }

  const filled = () => ({ ...proof, answers: Object.fromEntries([...given].filter(([, value]) => value)) });

  function print() {
    if (!form) return;
    visit.ask("POST", `${address()}/${form.id}/print`, filled(), (/** @type {{pages: number, by_hand: string[]}} */ printed) => {
      answers.show(["正在打印，请取走表格", "Printing: take your form"], [], review);
      answers.say("请核对、签名，拿好身份证", "Check it, sign it, and take your ID card");
      if (printed.by_hand.length) {
        const which = printed.by_hand.join("、");
        el("booked").replaceChildren(make("li", {}, make("p", {}, both(`有的字打不出来，请手写：${which}`, `Some characters cannot be printed, please write them: ${which}`))));
      }
      answers.addKey(["也交给窗口", "Hand it to the window, too"], handIn);
    }, say, printKey);
  }

  function handIn() {
    if (proof.code || !form || form.matters.length === 1) {
      send();
      return;
    }
    visit.ask("GET", "/hall", undefined, (/** @type {Hall} */ { services }) => {
      const rows = services.map((one) => ({ words: words(one.name, one.name_en), pick: () => send(one.id) }));
      choose(visit, ["交到哪个业务的窗口", "For which service"], rows, { nothing: ["现在没有业务可以取号", "No numbers are given now"], back: review });
    });
  }

  /** @param {string} [service] */
  function send(service = undefined) {
    if (!form) return;
    visit.ask("POST", `${address()}/${form.id}/hand-in`, { ...filled(), ...(service && { service }) }, showHandedIn, (problem) => {
      review();
      say(problem);
    }, key);
  }

  /** @param {{number: string, ahead: number, new: boolean, qr: string}} done */
  function showHandedIn({ number, ahead, new: isNew, qr }) {
    answers.show(["已交给窗口", "Handed to the window"], [
      { zh: "号码", en: "Number", value: number },
      { zh: "排队", en: "Queue", value: ahead ? `前面 ${ahead} 人 · ${ahead} ahead` : "马上轮到您 · You are next" },
    ]);
    if (qr) answers.picture(qr);
    else if (isNew) answers.say("请取走小票：窗口扫这张小票，就看到您填的表格", "Take your slip: the window scans it to see your form");
    else answers.say("窗口扫您刚才用的小票，就看到您填的表格", "The window scans the slip you used here to see your form");
  }

  /** @param {unknown} problem */
  const say = (problem) => visit.refuse(wordsOf(problem));

  return { choose: chooseForm, fill, forget };
}

/** @type {[string, string]} */
const NEXT = ["下一步", "Continue"];
/**
 * @param {string} zh
 * @param {string} en
 * @returns {[string, string]}
 */
const words = (zh, en) => [zh, en || zh];

/** @param {Field} field */
function rulesOf({ longest, kind, pattern, pattern_words: zh, pattern_words_en: en, required }) {
  const figures = kind === "number" || /^[\d[\]{},\\?+*-]+$/.test(pattern.replaceAll("\\d", ""));
  const whole = pattern ? new RegExp(`^(?:${pattern})$`, "u") : null;
  // Half of it is not wrong yet: it is told once it is as long as it may be.
  const wrong = (/** @type {string} */ typed) => (whole && !whole.test(typed) ? words(zh, en) : null);
  return { longest, figures: figures && (kind === "number" || Boolean(pattern)), required, wrong };
}
