// How a resident finds a matter at the kiosk, run in its page: by touch, by letters, by five keys. A resident knows the
// matter's name, what theme it belongs to and how the name is spelt, and reads what is on the page. What is touched must
// be seen whole and lie on top, as large as a finger.

const shownPage = () => document.documentElement.dataset.page;
const onPage = (selector) => [...document.querySelectorAll(`.view.shown ${selector}`)].filter((one) => one.getClientRects().length);

/** Why a button cannot be touched or read; "" where it can. */
function troubleOf(button) {
  const box = button.getBoundingClientRect();
  if (box.height < 88) return `${button.textContent}: ${box.height} px high`;
  if (box.top < 0 || box.left < 0 || box.bottom > innerHeight || box.right > innerWidth) return `${button.textContent}: outside`;
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  if (!button.contains(top)) return `${button.textContent}: covered`;
  const list = button.closest(".choices")?.getBoundingClientRect();
  if (list && (box.top < list.top - 1 || box.bottom > list.bottom + 1)) return `${button.textContent}: cut off`;
  if (button.scrollHeight > button.clientHeight + 1 || button.scrollWidth > button.clientWidth + 1) return `${button.textContent}: clipped`;
  return "";
}

/** At how many places from the left the choices of a list begin. */
const columnsOf = (rows) => new Set(rows.map((one) => one.getBoundingClientRect().left)).size;

function onePerLine() {
  return columnsOf(onPage(".choices button")) === 1;
}

function tooSmall() {
  return onPage("button").concat([...document.querySelectorAll(".tools button")]).filter((one) => one.getClientRects().length)
    .filter((one) => getComputedStyle(one).visibility !== "hidden").map(troubleOf).filter(Boolean);
}

/** @type {Map<string, {initials: string, pinyin: string}>} */
const spelt = new Map();

async function learnSpelling() {
  if (spelt.size) return;
  const { matters } = await (await fetch("/api/v1/matters")).json();
  for (const one of matters) spelt.set(one.id, one);
}

const isBefore = (a, b) => (a.initials !== b.initials ? a.initials < b.initials : a.pinyin <= b.pinyin);

/** Of the ranges and themes on the page the one in which the matter must be. */
function branchFor(matter) {
  const themes = onPage("[data-branch]").filter((one) => one.querySelector(".name [lang=zh-CN]").textContent.includes(matter.theme));
  const branches = themes.length ? themes : onPage("[data-branch^=range]");
  const ranges = branches.filter((one) => one.dataset.branch.startsWith("range"));
  if (!ranges.length) return branches[0];
  const me = spelt.get(matter.id);
  return ranges.filter((one) => isBefore(spelt.get(one.dataset.branch.split(" ").at(-1)), me)).at(-1) ?? ranges[0];
}

function toHome() {
  while (shownPage() !== "home") document.getElementById("back").click();
}

/** Open the page where the matter stands; the buttons that were pressed. */
async function goTo(matter) {
  await learnSpelling();
  toHome();
  const pressed = [];
  while (!onPage(`#list [data-matter=${matter.id}]`).length) {
    const next = branchFor(matter);
    if (!next || pressed.length > 4) return { pressed, trouble: `${matter.name}: no way on ${shownPage()}` };
    pressed.push(next);
    const trouble = troubleOf(next);
    if (trouble) return { pressed, trouble };
    next.click();
  }
  return { pressed, trouble: "" };
}

async function byTouch(matters) {
  const found = [];
  for (const matter of matters) {
    const { pressed, trouble } = await goTo(matter);
    const [row] = onPage(`#list [data-matter=${matter.id}]`);
    const named = row && row.textContent.includes(matter.name);
    found.push({ name: matter.name, touches: pressed.length + 1, trouble: trouble || (named ? troubleOf(row) : "not there") });
  }
  toHome();
  return found;
}

/** Four letters that somebody may type: the beginnings of two parts of the name, or four of it together. */
function* letters(initials) {
  yield initials.slice(0, 2) + initials.slice(-2);
  yield initials.slice(0, 4);
  yield initials.slice(-4);
  for (let first = 0; first + 4 <= initials.length; first++) {
    for (let second = first + 2; second + 2 <= initials.length; second++) yield initials.slice(first, first + 2) + initials.slice(second, second + 2);
  }
}

/** From the first page on: nothing else is pressed than letters, at most four, and then the matter. */
async function byLetters(matters) {
  await learnSpelling();
  const found = [];
  for (const matter of matters) {
    let row = null;
    for (const typed of letters(spelt.get(matter.id).initials)) {
      if (typed.length > 4) throw new Error(typed);
      toHome();
      for (const letter of typed) {
        const key = onPage(`[data-letter=${letter.toUpperCase()}]`)[0];
        const trouble = key ? troubleOf(key) : `${letter} is not on ${shownPage()}`;
        if (trouble) throw new Error(trouble);
        key.click();
      }
      [row] = onPage(`#results [data-matter=${matter.id}]`);
      if (row) break;
    }
    found.push({ name: matter.name, columns: columnsOf(onPage("#results button")), trouble: row ? troubleOf(row) : "not found" });
  }
  return found;
}

const press = (key) => dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
const spoken = () => document.getElementById("spoken").textContent;

/** Go on until what is read aloud begins so; whether it did. */
function listenFor(isIt) {
  for (let steps = 0; steps < 80; steps++) {
    press("ArrowDown");
    if (isIt(spoken())) return true;
  }
  return false;
}

/** By what is read aloud alone: a theme, then the range that the letters belong to, then the name. */
async function byKeys(matters) {
  await learnSpelling();
  const found = [];
  for (const matter of matters) {
    toHome();
    const { initials } = spelt.get(matter.id);
    let trouble = listenFor((words) => words.split("，")[0].split(" · ").includes(matter.theme)) ? "" : `no theme is read: ${spoken()}`;
    if (!trouble) press("Enter");
    if (!trouble && !spoken().includes(matter.theme)) trouble = `the page is not read: ${spoken()}`;
    for (let pages = 0; !trouble && pages < 3; pages++) {
      if (onPage(`#list [data-matter=${matter.id}]`).length) break;
      const target = branchFor(matter);
      const [words] = [...target.querySelectorAll(".hint")].map((one) => one.textContent);
      if (!listenFor((said) => said.includes(words))) trouble = `no range for ${initials} is read: ${spoken()}`;
      else press("Enter");
    }
    if (!trouble && !listenFor((words) => words.startsWith(`${matter.name}，`))) trouble = `the name is not read: ${spoken()}`;
    if (!trouble && document.activeElement.dataset.matter !== matter.id) trouble = "something else has the focus";
    found.push({ name: matter.name, trouble });
    press("Escape");
  }
  toHome();
  return found;
}

/** What the countdown lies on. */
function underRing() {
  const ring = document.getElementById("ring").getBoundingClientRect();
  return [...document.querySelectorAll("button")].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.width && box.right > ring.left && box.left < ring.right && box.bottom > ring.top && box.top < ring.bottom;
  }).map((one) => `the countdown lies on ${one.textContent}`);
}

/** All pages of the choice: how many touches away each service is, the most choices of a page, and what is wrong. */
function allChoices() {
  const touches = {};
  const trouble = new Set();
  let most = 0;
  const walk = (touched) => {
    for (const one of [...tooSmall(), ...underRing()]) trouble.add(one);
    for (const { dataset } of onPage("[data-service]")) touches[dataset.service] = Math.min(touches[dataset.service] ?? 99, touched);
    const choices = onPage(".choices button");
    most = Math.max(most, choices.length);
    if (document.documentElement.classList.contains("elder") && columnsOf(choices) > 1) trouble.add("more than one choice a line");
    const further = () => onPage("[data-branch], [data-deed=more]");
    for (let at = 0; at < further().length; at++) {
      further()[at].click();
      walk(touched + 1);
      document.getElementById("back").click();
    }
  };
  walk(1);
  return { touches: Object.values(touches), most, trouble: [...trouble] };
}
