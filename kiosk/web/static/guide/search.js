// The guide's first pages: what is typed finds matters by initials, pinyin, characters and other words.

import { call } from "../shared/api.js";
import { all, both, el, make } from "../shared/dom.js";
import { prepare, search } from "../shared/matter_search.js";
import "./screen.js";

const MOST = 40;              // results that are shown

/** @type {ReturnType<typeof prepare> | null} */
let entries = null;
const query = el("query", HTMLInputElement);

/** @param {any} matter */
const row = (matter) => make("li", {}, make(
  "a", { href: `/guide/${matter.id}` }, both(matter.name, matter.name_en),
  ...(matter.available ? [] : [make("span", { className: "away" }, both("暂不办理", "Not offered now"))]),
));

async function show() {
  const typed = query.value.trim();
  el("browse").hidden = Boolean(typed);
  el("found").hidden = !typed;
  if (!typed) return;
  try {
    entries ??= prepare((await call("GET", "/matters")).matters);
  } catch {
    el("told").replaceChildren(both("暂时查不了，请按主题找", "Search does not work now: choose a theme"));
    return;
  }
  if (query.value.trim() !== typed) return;
  const found = search(entries, typed);
  const told = found.length
    ? both(`查到 ${found.length} 项`, `${found.length} found`)
    : both("没有查到，请换个说法，或按主题找", "Nothing found: use other words, or choose a theme");
  el("told").replaceChildren(told);
  el("results").replaceChildren(...found.slice(0, MOST).map(row));
}

for (const key of all("[data-key]")) {
  key.addEventListener("click", () => {
    query.value = key.dataset.key === "erase" ? query.value.slice(0, -1) : query.value + key.dataset.key;
    show();
  });
}
query.addEventListener("input", show);
query.addEventListener("focus", () => el("search").classList.add("open"));
el("search").hidden = false;
