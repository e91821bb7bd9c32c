// The manager's page of changes: the draft before it is published, and everything that was published, with a way back.

import { call, formatOf, hm, wordsOf } from "../shared/api.js";
import { el, make } from "../shared/dom.js";
import { speak, t } from "../shared/language.js";
import { lockWhenLeft } from "../staff/lock.js";
import { press } from "../shared/press.js";
import { signOut } from "../staff/signing.js";
import { act, draft, follow, isKnown, tell } from "./draft.js";
import { changesTable } from "./told.js";

/** @type {Publication[]} */
let history = [];
let more = false;
let published = "";       // the tag of the setup in force for which the history was read

/** @param {string} at */
function time(at) {
  const day = formatOf("sv-SE", { dateStyle: "short" }).format(new Date(at));
  return `${day} ${hm(new Date(at))}`;
}

/** @param {unknown} problem */
const failed = (problem) => tell(problem);

function render() {
  if (!isKnown()) return;
  const { changes, problems, due, due_by: by, version } = draft();
  const now = draft().tag;
  el("draft-empty").hidden = changes.length > 0;
  el("draft").hidden = changes.length === 0;
  el("draft-table").replaceChildren(changesTable(changes, time, t("草稿里的改动", "Changes in the draft")));
  el("due").hidden = due === null;
  el("due-words").textContent = t(`由 ${by} 定于 ${due} 开始时发布。`, `${by} has it published as ${due} begins.`);
  el("wrong").hidden = problems.length === 0;
  el("wrong-list").replaceChildren(...problems.map((one) => make("li", {}, make("a", { href: pageOf(one.field), textContent: t(one.message_zh ?? one.message, one.message) }))));
  for (const id of ["publish", "publish-next-day"]) {
    el(id).hidden = due !== null;
    if (problems.length) el(id).setAttribute("aria-disabled", "true");
    else el(id).removeAttribute("aria-disabled");
  }
  el("keep-back").hidden = due === null;
  el("draft").dataset.version = String(version);
  renderHistory();
  if (now !== published) {
    published = now;
    readHistory();
  }
}

/** Where a problem is put right. @param {string} field */
function pageOf(field) {
  const [, section, nested] = /^(\w+)(?:\[\d+\]\.(slots|quotas)\[)?/.exec(field) ?? [];
  return section === "slip" || section === "receipt" ? `/manage/layout#${section}` : `/manage/setup#${nested ?? section}`;
}

function renderHistory() {
  const items = history.map((one) => {
    const who = one.how === "found" && one.changes.length
      ? t("发布以外的改动（谁改的见审计日志）", "Changed outside the draft (the audit log says by whom)")
      : one.how === "found" ? t("开始记录时的设置", "The setup when the record began")
      : t(`${one.by} ${one.how === "import" ? "整套导入" : "发布"}`, `${one.how === "import" ? "Imported" : "Published"} by ${one.by}`);
    const head = make("h3", {}, make("span", { textContent: time(one.at) }), ` ${who}`);
    const back = make("button", { type: "button", textContent: t("恢复成这样", "Bring this back") });
    back.setAttribute("aria-label", t(`恢复成这样：${time(one.at)}`, `Bring this back: ${time(one.at)}`));
    back.disabled = one === history[0] || draft().changes.length > 0;
    press(back, () => act(`/changes/${one.id}/bring-back`), failed);
    const told = one.changes.length ? [changesTable(one.changes, time, t(`${time(one.at)} 的改动`, `Changes of ${time(one.at)}`))] : [];
    return make("li", {}, make("div", { className: "publication" }, head, back), ...told);
  });
  el("history").replaceChildren(...items);
  el("history-empty").hidden = items.length > 0;
  el("older").hidden = !more;
}

async function readHistory() {
  try {
    const found = await call("GET", "/setup/changes");
    history = found.publications;
    more = found.more;
    renderHistory();
  } catch (problem) {
    tell(problem);
  }
}

const version = () => ({ version: Number(el("draft").dataset.version) });

press(el("publish"), () => act("/draft/publish", { ...version(), when: "now" }), failed);
press(el("publish-next-day"), () => act("/draft/publish", { ...version(), when: "next-day" }), failed);
press(el("keep-back"), () => act("/draft/keep-back", version()), failed);
press(el("discard"), async () => {
  if (el("discard").dataset.sure) await act("/draft/discard", version());
  const sure = el("discard").dataset.sure ? "" : "yes";
  el("discard").dataset.sure = sure;
  sayDiscard();
}, failed);
el("discard").addEventListener("blur", () => {
  el("discard").dataset.sure = "";
  sayDiscard();
});

/** Nothing is thrown away by one press. */
function sayDiscard() {
  el("discard").textContent = el("discard").dataset.sure ? t("确定放弃全部改动", "Yes, throw all changes away") : t("放弃草稿", "Throw the draft away");
}

press(el("older"), async () => {
  const found = await call("GET", `/setup/changes?before=${history[history.length - 1].id}`);
  history = [...history, ...found.publications];
  more = found.more;
  renderHistory();
}, (problem) => { el("said").textContent = t(...wordsOf(problem)); });

signOut();
lockWhenLeft();
speak(() => {
  sayDiscard();
  render();
});
follow(render);
