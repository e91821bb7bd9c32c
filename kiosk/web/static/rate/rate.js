// The tablet at a window: asks the resident who was just served there for a grade, and nobody else.

import { call, wordsOf } from "../shared/api.js";
import { deviceToken } from "../shared/device_token.js";
import { all, el } from "../shared/dom.js";
import { grades } from "../shared/grades.js";
import { chooseLanguage, nextLanguage } from "../shared/languages.js";

const LOOK = 2000;        // ms between looks at what was finished

const page = el("rate");
const place = page.dataset.window ?? "";
const path = `/windows/${encodeURIComponent(place)}/rating`;
const { token } = deviceToken(`quhao.rate.${place}`);
const flow = grades({ page, path, token, step, failed: say });

/** @param {string} name the section to show */
function step(name) {
  // The next resident begins as everybody does.
  if (name === "idle") chooseLanguage("zh-CN");
  page.dataset.step = name;
  for (const section of all("section", page)) section.hidden = section.id !== name;
}

/** @param {unknown} error */
function say(error) {
  el("trouble").textContent = wordsOf(error).join(" · ");
  el("trouble").hidden = false;
}

async function look() {
  try {
    const found = await call("GET", path, undefined, { token });
    if (!flow.busy) el("trouble").hidden = true;
    flow.take(found);
  } catch (error) {
    say(error);
  }
  setTimeout(look, LOOK);
}

for (const button of all("[data-next-language]")) button.addEventListener("click", () => chooseLanguage(nextLanguage().id));
look();
