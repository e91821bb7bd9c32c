// The guided tour of the virtual hall: step by step from the card to the slip that alone opens the data.
//
// Its words stand in a band above the picture, never over it; what a step is about has a frame. A visitor does each
// step by hand, or has it done. What is done already is seen from the hall, whoever did it.

import { all, el } from "../shared/dom.js";
import { t } from "../shared/language.js";

const LOOK = 300;         // ms between looks at whether a step is done, for what no message tells

/**
 * @typedef {object} Step
 * @property {string} about selector of what it explains
 * @property {[string, string]} title
 * @property {[string, string]} words
 * @property {[string, string]} [key] what the page can do for the visitor
 * @property {() => unknown} [act]
 * @property {() => boolean} [done]
 * @property {boolean} [sits] whether it is about the clerk's PC at the tour's window
 */

/**
 * What the tour does in the hall, and what it sees of it.
 * @typedef {object} Hands
 * @property {() => Bench} state
 * @property {(card: string) => unknown} lay
 * @property {(service: string) => unknown} choose
 * @property {(window: string, asResident?: boolean) => unknown} sit
 * @property {() => boolean} sitsAsResident whether the resident's screen is shown instead of the clerk's PC
 * @property {() => Promise<unknown>} press the window's one big key
 * @property {(window: string) => unknown} scan the newest slip
 * @property {(window: string) => unknown} grade
 * @property {(selector: string) => string} atDesk words on the window's page
 * @property {() => unknown} stop has what goes by itself stand still
 */

/** @param {Hands} hands */
export function tour(hands) {
  let at = -1;
  let papers = 0;          // slips before the tour
  let said = 0;
  let answered = "";       // what the window's page said before the last scan
  let rated = false;
  /** @type {HTMLElement | null} where the focus was before */
  let from = null;

  /** The service that the tour takes a number for, and the window where it is called. */
  const service = () => hands.state().windows.flatMap(({ services }) => services).find((one) => one !== "*") ?? "";
  const window = () => hands.state().windows.find(({ services }) => services.includes(service()))?.id ?? hands.state().windows[0]?.id ?? "";
  const newest = () => printer()?.printer?.papers[0]?.id ?? 0;
  const printer = () => hands.state().devices.find((one) => one.printer);
  const reader = () => hands.state().devices.find((one) => one.reader && !one.window);
  const lastSaid = () => hands.state().devices.find((one) => one.speaker)?.speaker?.said[0]?.id ?? 0;
  /** The ticket at the window; without one, a word stands there. */
  const number = () => (/\d/.test(hands.atDesk("#number")) ? hands.atDesk("#number") : "");

  /** @type {Step[]} */
  const steps = [
    {
      about: ".pockets .tray",
      title: ["刷身份证", "Lay the card"],
      words: ["这些人都是虚构的。把一张身份证拖到取号机的读卡器上，或者点一下它。", "These people are invented. Drag a card to the kiosk's reader, or press it."],
      key: ["替我刷", "Lay one for me"],
      act: () => hands.lay(hands.state().cards[0]?.id ?? ""),
      done: () => Boolean(reader()?.reader?.card) || newest() > papers,
    },
    {
      about: ".machine > .glass",
      title: ["选要办的事", "Choose"],
      words: ["取号机认出是谁，只显示遮住的姓名。在屏幕上选一件事：最多三次触摸。", "The kiosk greets by a masked name. Choose on its screen: three touches at most."],
      key: ["替我选", "Choose for me"],
      act: () => hands.choose(service()),
      done: () => newest() > papers,
    },
    {
      about: "#printer",
      title: ["取小票", "Take the slip"],
      words: ["号码先存好，才开始打印。二维码里只有一串随机数，没有姓名和身份证号。点一下小票可以放大。", "The number is kept before the first byte is printed. The code on it is random: no name, no ID number. Press the slip to read it."],
    },
    {
      about: ".tv",
      title: ["大屏知道了", "The screen knows"],
      words: ["等候人数多了一个。屏幕、手机、窗口看到的是同一份数据，几毫秒内就变。", "One more waits. Screens, phones and windows see the same store, within milliseconds."],
    },
    {
      about: ".desk",
      sits: true,
      title: ["叫号", "Call"],
      words: ["这是窗口工作人员的电脑。按「呼叫下一位」，或者键盘上的空格。", "This is the clerk's PC. Press Call next, or Space on the keyboard."],
      key: ["替我叫号", "Call for me"],
      act: hands.press,
      done: () => number() !== "",
    },
    {
      about: ".wall, .booth.open .strip",
      title: ["看得见，听得到", "Seen and heard"],
      words: ["大屏、窗口上方的条屏和广播同时叫号。每句话都有文字，每个声音都有闪烁。", "The screen, the strip above the window and the voice call at once. Whatever is spoken is written, too."],
      done: () => lastSaid() > said,
    },
    {
      about: ".booth.open .booth-scan, #mouth",
      sits: true,
      title: ["扫小票", "Scan the slip"],
      words: ["把小票拖到这个窗口的扫描枪上。扫了别人的号，或者拿到别的窗口，都打不开。", "Drag the slip to this window's scanner. At another window, or with another number, it opens nothing."],
      key: ["替我扫", "Scan for me"],
      act: () => hands.scan(window()),
      done: () => hands.atDesk("#person-name") !== "",
    },
    {
      about: ".desk",
      title: ["资料到了窗口", "The data is here"],
      words: ["没有重新录入一个字。每一项一个键就能复制，也能直接填进业务系统的表单；十分钟后自动收起。居民面前的屏上看得到在办什么。", "Nothing was typed again. One key copies a field or fills the business system's form; after ten minutes it closes by itself. The resident's own screen shows what is being done."],
      key: ["看居民的屏", "See the resident's screen"],
      act: () => hands.sit(window(), true),
      done: hands.sitsAsResident,
    },
    {
      about: ".desk",
      sits: true,
      title: ["办结", "Finish"],
      words: ["按「办结」。资料马上收起，这一件事进入统计。", "Press Finish. The data closes at once, and the case counts."],
      key: ["替我办结", "Finish for me"],
      act: hands.press,
      // A word stands there; nothing does while the clerk's page is still being loaded.
      done: () => hands.atDesk("#number") !== "" && number() === "",
    },
    {
      about: ".booth.open",
      title: ["评价", "Five grades"],
      words: ["居民用窗口的评价器、平板或手机给五个等级。差评会变成一件要有人回访的事。", "The resident grades by pad, tablet or phone. A low grade becomes something that somebody must follow up."],
      key: ["替我评价", "Grade for me"],
      act: async () => { await hands.grade(window()); rated = true; show(); },
      done: () => rated,
    },
    {
      about: "#mouth, .booth.open .booth-scan",
      title: ["只有小票能打开", "Only the paper opens"],
      words: ["办完以后再扫同一张小票：打不开了。数据库、备份和密钥文件都拿到手，没有小票也读不出任何人。", "Scan the same slip again: it opens nothing any more. With database, backup and key file in hand, but no slip, nobody can be read."],
      key: ["再扫一次", "Scan once more"],
      act: () => { answered = hands.atDesk("#message"); return hands.scan(window()); },
      done: () => hands.atDesk("#message.stop") !== "" && hands.atDesk("#message") !== answered,
    },
    {
      about: "#day-begin",
      title: ["看完一天", "A whole day"],
      words: ["经理在 /manage 看等候、窗口和统计。点「两分钟看完一天」：一百个人来办事，三个窗口自己办，数字和真的一天一样长。", "The manager sees waits, windows and figures at /manage. Press A hall day in two minutes: a hundred people, clerks that work by themselves, and figures as of a day that long."],
    },
  ];

  function show() {
    const step = steps[at];
    el("tour").hidden = !step;
    for (const lit of all(".lit")) lit.classList.remove("lit");
    if (!step) return;
    for (const lit of all(step.about)) lit.classList.add("lit");
    el("tour-place").textContent = `${at + 1} / ${steps.length}`;
    el("tour-title").textContent = t(...step.title);
    el("tour-words").textContent = t(...step.words);
    const isDone = step.done?.() ?? true;
    const act = el("tour-act", HTMLButtonElement);
    act.hidden = !step.act || isDone;
    act.textContent = step.key ? t(...step.key) : "";
    el("tour-done").hidden = !step.act || !isDone;
    const isLast = at === steps.length - 1;
    el("tour-back", HTMLButtonElement).disabled = at === 0;
    el("tour-next").textContent = isLast ? t("走完了", "That is all") : t("下一步", "Next");
    el("tour-next").classList.toggle("primary", isDone);
    el("tour-act").classList.toggle("primary", !isDone);
  }

  /** @param {number} step */
  function go(step) {
    at = step;
    if (!steps[at]) return leave();
    if (steps[at].sits) hands.sit(window());
    if (at === 5) said = Math.min(said, lastSaid());
    show();
    // Its title and words are read to who cannot see them; Tab goes on to the keys.
    el("tour-title").focus();
  }

  function leave() {
    at = -1;
    show();
    (from ?? el("tour-begin")).focus();
  }

  el("tour-begin").addEventListener("click", () => {
    from = el("tour-begin");
    papers = newest();
    said = lastSaid();
    rated = false;
    hands.stop();
    go(0);
  });
  el("tour-act").addEventListener("click", async () => {
    const step = steps[at];
    await step?.act?.();
    show();
    el(el("tour-act").hidden ? "tour-next" : "tour-act").focus();
  });
  el("tour-back").addEventListener("click", () => go(Math.max(0, at - 1)));
  el("tour-next").addEventListener("click", () => go(at + 1));
  el("tour-leave").addEventListener("click", leave);
  el("tour").addEventListener("keydown", (event) => {
    if (event.key === "Escape") leave();
    else if (event.key === "ArrowRight") go(Math.min(steps.length - 1, at + 1));
    else if (event.key === "ArrowLeft") go(Math.max(0, at - 1));
    else return;
    event.preventDefault();
  });
  setInterval(() => { if (at >= 0) look(); }, LOOK);

  /** Say what is done meanwhile; the words stay, so that nobody hears them twice. */
  function look() {
    const step = steps[at];
    const isDone = step.done?.() ?? true;
    if (el("tour-done").hidden === (Boolean(step.act) && isDone)) {
      const held = document.activeElement === el("tour-act");
      show();
      if (held) el("tour-next").focus();
    }
  }

  return { show };
}
