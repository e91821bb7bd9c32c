// A technician maps a form by clicking: a field in the panel, then its input in the page. No resident's data are here.

/** @type {[string, string, string][]} field, and its words */
const FIELDS = [
  ["name", "姓名", "Name"],
  ["name_en", "英文姓名", "Name in English"],
  ["sex", "性别", "Sex"],
  ["ethnicity", "民族", "Ethnicity"],
  ["nationality", "国籍（代码）", "Nationality (code)"],
  ["birth_date", "出生日期", "Date of birth"],
  ["id_number", "证件号码", "ID number"],
  ["address", "住址", "Address"],
  ["pass_number", "通行证号码", "Pass number"],
  ["authority", "签发机关", "Issued by"],
  ["valid_from", "有效期起", "Valid from"],
  ["valid_until", "有效期止", "Valid until"],
  ["agent_name", "代办人姓名", "Agent's name"],
  ["agent_id_number", "代办人证件号码", "Agent's ID number"],
  ["number", "排队号码", "Ticket number"],
];

/**
 * A selector that finds this input alone, or all radio buttons of its group: by id or name where they are the form's
 * own, else by the way from the nearest of these.
 * @param {HTMLInputElement} input
 */
function selectorOf(input) {
  const page = input.ownerDocument;
  const quoted = (/** @type {string} */ text) => JSON.stringify(text);
  const isAlone = (/** @type {string} */ one) => page.querySelectorAll(one).length === 1;
  const tag = input.tagName.toLowerCase();
  if (input.type === "radio" && input.name) return `input[type="radio"][name=${quoted(input.name)}]`;
  // Ids with a long figure are usually made anew with each page.
  if (input.id && !/\d{4}/.test(input.id) && isAlone(`#${CSS.escape(input.id)}`)) return `#${CSS.escape(input.id)}`;
  for (const attribute of ["name", "aria-label", "placeholder"]) {
    const value = input.getAttribute(attribute);
    if (value && isAlone(`${tag}[${attribute}=${quoted(value)}]`)) return `${tag}[${attribute}=${quoted(value)}]`;
  }
  /** @type {string[]} */
  const way = [];
  /** @type {Element} */
  let at = input;
  while (at.parentElement) {
    if (at.id && !/\d{4}/.test(at.id)) return [`#${CSS.escape(at.id)}`, ...way].join(" > ");
    const place = [...at.parentElement.children].indexOf(at) + 1;
    way.unshift(`${at.tagName.toLowerCase()}:nth-child(${place})`);
    at = at.parentElement;
  }
  return way.join(" > ");
}

/** @param {{id: string, name: string, pages: string[], inputs: {field: string, selector: string, date: string}[]} | null} known */
globalThis.quhao.map = (known) => {
  document.querySelector("quhao-panel")?.remove();
  const mapped = new Map((known?.inputs ?? []).map((one) => [one.field, one]));
  let wanted = "";
  const host = document.createElement("quhao-panel");
  const inside = host.attachShadow({ mode: "open" });
  const style = document.createElement("style");
  style.textContent = `
    :host { position: fixed; z-index: 2147483647; top: 12px; right: 12px; width: 300px; max-height: calc(100vh - 24px); overflow: auto;
      padding: 16px; box-sizing: border-box; border: 2px solid #0B5D4E; border-radius: 6px; background: #fff; color: #14201C;
      font: 15px/1.4 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; }
    h2 { margin: 0 0 8px; font-size: 18px; } p { margin: 0 0 8px; }
    ul { margin: 0 0 12px; padding: 0; list-style: none; }
    button { width: 100%; min-height: 40px; margin-bottom: 4px; padding: 4px 10px; border: 1px solid #52605A; border-radius: 6px; background: #fff;
      color: inherit; font: inherit; text-align: left; cursor: pointer; }
    button[aria-pressed=true] { background: #0B5D4E; color: #fff; }
    button.set::after { content: " ✓"; color: #1E7B4F; font-weight: 700; } button[aria-pressed=true].set::after { color: #fff; }
    button:focus-visible { outline: 3px solid #FFB703; outline-offset: 1px; }
    .end { display: flex; gap: 8px; } .end button { text-align: center; } .done { border-color: #0B5D4E; background: #0B5D4E; color: #fff; }
    small { color: #52605A; }`;
  const title = document.createElement("h2");
  title.textContent = "设置填表 Map this form";
  const how = document.createElement("p");
  how.setAttribute("role", "status");
  const list = document.createElement("ul");
  const end = document.createElement("div");
  end.className = "end";
  const button = (/** @type {string} */ zh, /** @type {string} */ en, /** @type {() => void} */ does) => {
    const one = document.createElement("button");
    one.type = "button";
    one.append(zh, " ", Object.assign(document.createElement("small"), { textContent: en, lang: "en" }));
    one.addEventListener("click", does);
    return one;
  };

  function render() {
    how.textContent = wanted
      ? "再点表单里的输入框 Now click its input in the form"
      : "先点一项，再点表单里对应的输入框；再点一次已设置的可取消 Click a field, then its input; click a field that is set to clear it";
    list.replaceChildren(...FIELDS.map(([field, zh, en]) => {
      const one = button(zh, en, () => {
        if (mapped.has(field)) mapped.delete(field);
        wanted = wanted === field ? "" : field;
        render();
      });
      one.dataset.field = field;
      one.classList.toggle("set", mapped.has(field));
      one.setAttribute("aria-pressed", String(wanted === field));
      const item = document.createElement("li");
      item.append(one);
      return item;
    }));
  }

  /** @param {Event} event */
  function picked(event) {
    // Not by instanceof: an element of a frame is of that frame's classes.
    const target = /** @type {Element} */ (event.composedPath()[0]);
    const element = target.nodeType === 1 ? target : null;
    const input = element?.closest("input, select, textarea") ?? /** @type {HTMLLabelElement | null} */ (element?.closest("label"))?.control;
    if (!wanted || !input || event.composedPath().includes(host)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    mapped.set(wanted, { field: wanted, selector: selectorOf(/** @type {HTMLInputElement} */ (input)), date: mapped.get(wanted)?.date ?? "" });
    wanted = "";
    render();
  }

  const documents = globalThis.quhao.documents();
  function leave() {
    for (const one of documents) one.removeEventListener("click", picked, true);
    host.remove();
  }
  end.append(
    button("不要了", "Cancel", leave),
    button("完成", "Done", () => {
      if (!mapped.size) return;
      const inputs = FIELDS.flatMap(([field]) => mapped.get(field) ?? []);
      const page = location.origin + location.pathname;
      chrome.runtime.sendMessage({ mapping: { id: known?.id ?? "", name: known?.name ?? document.title.slice(0, 40), pages: known?.pages ?? [page], inputs } });
      leave();
    }),
  );
  /** @type {HTMLElement} */ (end.lastElementChild).classList.add("done");
  for (const one of documents) one.addEventListener("click", picked, true);
  render();
  inside.append(style, title, how, list, end);
  document.documentElement.append(host);
};
