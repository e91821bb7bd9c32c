// The manager's page of accounts and tokens. What is done here holds at once; each act is in the audit log.

import { call, hm, Problem, wordsOf, zone } from "../shared/api.js";
import { all, el, find, make } from "../shared/dom.js";
import { speak, t } from "../shared/language.js";
import { lockWhenLeft } from "../staff/lock.js";
import { press } from "../shared/press.js";
import { signIn, signOut } from "../staff/signing.js";

/** @type {[string, string, string][]} */
const ROLES = [
  ["clerk", "窗口人员", "Clerk"], ["desk", "咨询台", "Guide desk"], ["manager", "管理员", "Manager"],
  ["technician", "技术人员", "Technician"], ["auditor", "审计员", "Auditor"],
];
/** @type {[string, string, string][]} */
const MACHINES = [
  ["kiosk", "取号机", "Kiosk"], ["terminal", "自助终端、评价屏", "Terminal, rating tablet"], ["clerk", "业务系统（窗口）", "Business system of a window"],
  ["desk", "咨询台的程序", "Program of the desk"], ["manager", "管理程序", "Manager's program"], ["technician", "监控程序", "Monitoring"], ["auditor", "审计程序", "Auditor's program"],
];
/** @type {[string, string, string][]} */
const DUTIES = [["", "请选择", "Choose"], ["system", "系统管理（设备、设置）", "System: devices, setup"], ["security", "安全管理（账号、令牌）", "Security: accounts, tokens"]];

/** @type {StaffAccount[]} */
let accounts = [];
/** @type {Token[]} */
let tokens = [];
/** @type {string[][]} */
let windows = [];
let duties = false;
let open = "";            // the account whose form is open
const own = document.documentElement.dataset.own ?? "";

/** @param {[string, string, string][]} names @param {string} id */
const nameOf = (names, id) => {
  const [, zh, en] = names.find(([one]) => one === id) ?? [id, id, id];
  return t(zh, en);
};

/** @param {string | null} at */
const time = (at) => (at ? `${new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeZone: zone() }).format(new Date(at))} ${hm(new Date(at))}` : "");

/** @param {string[]} ids */
const windowWords = (ids) => (ids.includes("*") ? t("全部窗口", "every window") : ids.join(t("、", ", ")) || "–");

/**
 * @param {HTMLSelectElement} select
 * @param {[string, string, string][]} names
 */
function fill(select, names) {
  const { value } = select;
  select.replaceChildren(...names.map(([id, zh, en]) => make("option", { value: id, textContent: t(zh, en) })));
  if (value) select.value = value;
}

/**
 * Boxes for windows.
 * @param {HTMLElement} place
 * @param {string[]} chosen
 */
function boxes(place, chosen) {
  place.replaceChildren(...[["*", t("全部窗口", "Every window")], ...windows].map(([id, words]) => {
    const box = make("input", { type: "checkbox", checked: chosen.includes(id) });
    box.dataset.window = id;
    return make("label", { className: "box" }, box, make("span", { textContent: words }));
  }));
}

/** @param {ParentNode} place */
function chosenIn(place) {
  const chosen = all("input:checked", place).map((box) => box.dataset.window ?? "");
  return chosen.includes("*") ? ["*"] : chosen;
}

function render() {
  const head = [["账号", "Account"], ["角色", "Role"], ["窗口", "Windows"], ["登录", "Logged in"]].map(([zh, en]) => make("th", { scope: "col", textContent: t(zh, en) }));
  head.push(make("th", { scope: "col" }, make("span", { className: "hidden-words", textContent: t("操作", "Actions") })));
  el("accounts").replaceChildren(make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...accounts.flatMap(line)));
  const heads = [["令牌", "Token"], ["用途", "For"], ["有效期", "Ends"], ["只限地址", "Only from"], ["最后使用", "Last used"]].map(([zh, en]) => make("th", { scope: "col", textContent: t(zh, en) }));
  heads.push(make("th", { scope: "col" }, make("span", { className: "hidden-words", textContent: t("操作", "Actions") })));
  el("tokens").replaceChildren(make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...tokens.map(tokenLine)));
  el("tokens").hidden = tokens.length === 0;
  el("tokens-empty").hidden = tokens.length > 0;
  fill(el("role", HTMLSelectElement), ROLES);
  fill(el("token-role", HTMLSelectElement), MACHINES);
  fill(el("duty", HTMLSelectElement), DUTIES);
  renderForms();
}

function renderForms() {
  const role = el("role", HTMLSelectElement).value;
  el("windows-of").hidden = role !== "clerk";
  el("duty-of").hidden = !duties || role !== "manager";
  const machine = el("token-role", HTMLSelectElement).value;
  el("token-windows-of").hidden = machine !== "clerk" && machine !== "terminal";
  el("terminal-of").hidden = machine !== "terminal";
}

/** @param {StaffAccount} one */
function line(one) {
  const notes = [
    one.must_change && t("须改密码", "must change the password"), one.totp && t("两步验证", "second factor"),
    one.duty && nameOf(DUTIES, one.duty),
  ].filter(Boolean).join(t("，", ", "));
  const name = make("th", { scope: "row" }, make("span", { textContent: one.username }), ...(notes ? [make("span", { className: "block quiet small", textContent: notes })] : []));
  const seen = one.sessions.length ? t(`${one.sessions.length} 处`, String(one.sessions.length)) : "–";
  const keys = make("td", { className: "keys" });
  if (one.username === own) keys.append(make("span", { className: "quiet small", textContent: t("您自己", "you") }));
  else {
    const change = make("button", { type: "button", className: "small-key", textContent: t("修改", "Change") });
    change.setAttribute("aria-label", t(`修改 ${one.username}`, `Change ${one.username}`));
    change.setAttribute("aria-expanded", String(open === one.username));
    change.dataset.account = one.username;
    change.addEventListener("click", () => {
      open = open === one.username ? "" : one.username;
      render();
      find(`[data-account="${CSS.escape(one.username)}"]`).focus();
    });
    keys.append(change);
  }
  const row = make("tr", {}, name, make("td", { textContent: nameOf(ROLES, one.role) }), make("td", { textContent: windowWords(one.windows) }), make("td", { textContent: seen }), keys);
  return open === one.username ? [row, make("tr", { className: "more-row" }, make("td", { colSpan: 5 }, form(one)))] : [row];
}

/** What can be done to an account. @param {StaffAccount} one */
function form(one) {
  const path = `/accounts/${encodeURIComponent(one.username)}`;
  const role = make("select", { id: "change-role" }, ...ROLES.map(([id, zh, en]) => make("option", { value: id, textContent: t(zh, en), selected: id === one.role })));
  const where = make("div", { className: "boxes" });
  where.setAttribute("role", "group");
  where.setAttribute("aria-label", t("窗口", "Windows"));
  boxes(where, one.windows);
  const save = button(t("保存", "Save"), "primary", async () => {
    await call("POST", path, { role: role.value, windows: role.value === "clerk" ? chosenIn(where) : [], duty: role.value === "manager" ? one.duty : null });
    open = "";
    await look();
    done(t(`${one.username} 已修改，已退出登录`, `${one.username} was changed, and is logged out`));
  });
  const password = make("input", { id: "change-password", type: "text", autocomplete: "off", value: suggestion(), maxLength: 256 });
  const reset = button(t("换成这个密码", "Give it this password"), "", async () => {
    await call("POST", `${path}/password`, { password: password.value });
    await look();
    done(t(`请把密码告诉 ${one.username}，下次登录要改：${password.value}`, `Tell ${one.username} the password, to be changed at the next log-in: ${password.value}`));
  });
  const end = button(t("全部退出登录", "End all log-ins"), "", async () => {
    await call("POST", `${path}/sessions/end`, {});
    await look();
    done(t(`${one.username} 已退出登录`, `${one.username} is logged out`));
  });
  const totp = button(t("取消两步验证", "Take the second factor away"), "", async () => {
    await call("POST", `${path}/totp/remove`);
    await look();
    done(t(`${one.username} 没有两步验证了`, `${one.username} has no second factor any more`));
  });
  const remove = sure(t("删去账号", "Remove the account"), t(`确定删去 ${one.username}`, `Yes, remove ${one.username}`), async () => {
    await call("POST", `${path}/remove`);
    open = "";
    await look();
    done(t(`${one.username} 已删去`, `${one.username} was removed`));
  });
  return make(
    "div", { className: "more account-form" },
    make("div", {}, make("label", { htmlFor: role.id, textContent: t("角色", "Role") }), role),
    make("div", {}, make("p", { textContent: t("窗口（窗口人员才有）", "Windows (a clerk's)") }), where),
    make("div", { className: "verbs" }, save),
    make("div", {}, make("label", { htmlFor: password.id, textContent: t("临时密码", "A first password") }), password),
    make("div", { className: "verbs" }, reset, ...(one.sessions.length ? [end] : []), ...(one.totp ? [totp] : []), remove),
  );
}

/** @param {Token} one */
function tokenLine(one) {
  const remove = sure(t("停用", "Remove"), t(`确定停用 ${one.name}`, `Yes, remove ${one.name}`), async () => {
    await call("POST", `/tokens/${one.id}/remove`);
    await look();
    done(t(`${one.name} 已停用`, `${one.name} opens nothing any more`));
  });
  remove.classList.add("small-key");
  const place = [one.terminal, one.windows.length ? windowWords(one.windows) : ""].filter(Boolean).join(" ");
  return make(
    "tr", {},
    make("th", { scope: "row", textContent: one.name }),
    make("td", {}, make("span", { textContent: nameOf(MACHINES, one.role) }), ...(place ? [make("span", { className: "block quiet small", textContent: place })] : [])),
    make("td", {}, ...(one.over ? [make("span", { className: "state stop", textContent: t("已过期", "over") })] : [one.expires_at ? time(one.expires_at) : t("不限", "never")])),
    make("td", { textContent: one.source ?? t("不限", "anywhere") }),
    make("td", { textContent: one.used_at ? `${time(one.used_at)} ${one.used_from ?? ""}` : t("没有用过", "never") }),
    make("td", { className: "keys" }, remove),
  );
}

/**
 * @param {string} words
 * @param {string} className
 * @param {() => Promise<void>} action
 */
function button(words, className, action) {
  const made = make("button", { type: "button", className, textContent: words });
  press(made, action, failed);
  return made;
}

/**
 * A button that asks once more.
 * @param {string} words
 * @param {string} again
 * @param {() => Promise<void>} action
 */
function sure(words, again, action) {
  let asked = false;
  const made = button(words, "danger", async () => {
    if (asked) await action();
    else {
      asked = true;
      made.textContent = again;
    }
  });
  made.addEventListener("blur", () => {
    asked = false;
    made.textContent = words;
  });
  return made;
}

/** A password to begin with: five groups of letters and digits that cannot be mistaken for each other. */
function suggestion() {
  const letters = "abcdefghjkmnpqrstuvwxyz23456789";
  const said = [...crypto.getRandomValues(new Uint8Array(20))].map((byte) => letters[byte % letters.length]).join("");
  return said.match(/.{4}/g)?.join("-") ?? said;
}

/** @param {unknown} problem */
function failed(problem) {
  if (problem instanceof Problem && problem.status === 401) signIn();
  el("done").hidden = true;
  el("said").textContent = t(...wordsOf(problem));
  el("said").hidden = false;
  el("said").scrollIntoView({ block: "nearest" });
}

/** @param {string} words */
function done(words) {
  el("said").hidden = true;
  el("done").textContent = words;
  el("done").hidden = false;
  el("done").scrollIntoView({ block: "nearest" });
}

async function look() {
  try {
    const [people, machines, hall] = await Promise.all([call("GET", "/accounts"), call("GET", "/tokens"), call("GET", "/setup/draft")]);
    ({ accounts, duties } = people);
    ({ tokens } = machines);
    // Those of the draft as well: a clerk can have an account before the hall opens.
    const found = (hall.values.windows ?? []).map((/** @type {any} */ one) => [one.id, one.name || one.id]);
    if (JSON.stringify(found) !== JSON.stringify(windows)) {
      windows = found;
      boxes(el("windows"), []);
      boxes(el("token-windows"), []);
    }
    render();
  } catch (problem) {
    failed(problem);
  }
}

el("add-account", HTMLFormElement).addEventListener("submit", async (event) => {
  event.preventDefault();
  const role = el("role", HTMLSelectElement).value;
  const username = el("username", HTMLInputElement).value.trim();
  const password = el("password", HTMLInputElement).value;
  const duty = el("duty", HTMLSelectElement).value;
  try {
    await call("POST", "/accounts", { username, role, windows: role === "clerk" ? chosenIn(el("windows")) : [], password, ...(duties && role === "manager" && duty ? { duty } : {}) });
    el("username", HTMLInputElement).value = "";
    el("password", HTMLInputElement).value = suggestion();
    boxes(el("windows"), []);
    await look();
    done(t(`已添加 ${username}，第一次登录的密码：${password}`, `${username} was added; the password of the first log-in: ${password}`));
    el("username").focus();
  } catch (problem) {
    failed(problem);
  }
});

el("add-token", HTMLFormElement).addEventListener("submit", async (event) => {
  event.preventDefault();
  const role = el("token-role", HTMLSelectElement).value;
  const days = Number(el("days", HTMLInputElement).value);
  try {
    const made = await call("POST", "/tokens", {
      name: el("token-name", HTMLInputElement).value.trim(),
      role,
      windows: el("token-windows-of").hidden ? [] : chosenIn(el("token-windows")),
      terminal: role === "terminal" ? el("terminal", HTMLInputElement).value.trim() || null : null,
      days: days || null,
      source: el("source", HTMLInputElement).value.trim() || null,
    });
    el("add-token", HTMLFormElement).reset();
    await look();
    el("new-token").textContent = made.token;
    el("new-token-box").hidden = false;
    el("said").hidden = true;
    el("new-token-box").focus();
  } catch (problem) {
    failed(problem);
  }
});

el("role").addEventListener("change", renderForms);
el("token-role").addEventListener("change", renderForms);
el("new-token-gone").addEventListener("click", () => {
  el("new-token").textContent = "";
  el("new-token-box").hidden = true;
  el("token-name").focus();
});
el("password", HTMLInputElement).value = suggestion();
signOut();
lockWhenLeft(() => {
  el("new-token").textContent = "";
  el("new-token-box").hidden = true;
});
speak(render);
look();
