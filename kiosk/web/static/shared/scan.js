// A handheld scanner that types like a keyboard, or a code that is pasted: recognised wherever the focus is.
//
// A scanner is told from a person by its pace alone: eight keys and more, 50 ms apart or less on average, ended by
// Enter, Tab or 100 ms of silence. Its keys press nothing and leave nothing in a field; ordinary typing is untouched.

const SILENCE = 100;        // ms without a key: a code without Enter has ended
const PACE = 50;            // ms between keys on average; the fastest typists need 80
const LEAST = 8;            // keys: shorter bursts are somebody rolling over the keyboard
const MOST = 512;           // no ticket's code is longer; a stuck key shall not fill the memory
const TAIL = 200;           // ms after a scan in which a second Enter (CR and LF) still belongs to it

const CODE = /^[0-9A-TV-Z]{16}$/;                         // Crockford's letters, with I L O as they are misread
/** @type {Record<string, string>} what keys type with Shift, by KeyboardEvent.code */
const SHIFTED = { Slash: "?", Semicolon: ":", Minus: "_", Period: ">", Comma: "<" };
/** @type {Record<string, string>} and without */
const PLAIN = { Slash: "/", Semicolon: ";", Minus: "-", Period: ".", Comma: ",", Space: " " };

/** @param {string} text */
const squeeze = (text) => text.normalize("NFKC").toUpperCase().replace(/[\s\p{Cc}-]/gu, "");

/**
 * The code in what was scanned: in an address (.../T/CODE, a receipt's .../P/CODE, a booking's .../B/CODE), bare, or behind a scanner's prefix; or null.
 * @param {string} scanned
 */
export function codeIn(scanned) {
  const text = squeeze(scanned);
  const address = /\/[TPB]\/([0-9A-Z]+)$/.exec(text.replace(/[?#].*$/, ""));
  if (address) return CODE.test(address[1]) ? address[1] : null;
  if (text.includes("/")) return null;
  const bare = text.replace(/^\][A-Z][0-9A-Z]/, "").replace(/^.*[^0-9A-Z]/, "");   // ]Q1 is AIM's mark of a QR code
  return CODE.test(bare) ? bare : null;
}

/**
 * Follow the keyboard and the clipboard of this page; returns a function that stops it.
 *
 * @param {(text: string) => void} onScan gets the code, or the text as it came where there is none in it (the hall then
 *   says what is wrong)
 * @param {(key: string) => void} [onLoneKey] gets a letter or figure that somebody pressed outside every field and that
 *   no other key followed: a page that gives such keys a meaning takes them from here, since a code may begin with the
 *   same one
 * @param {Window} [target]
 */
export function listenForScans(onScan, onLoneKey = () => {}, target = window) {
  let keys = "";
  let first = 0;
  let last = 0;
  /** @type {Field | null} */
  let field = null;       // the field that had the focus when the burst began, as it was then
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let ended = -Infinity;

  const isFast = () => keys.length >= LEAST && (last - first) / (keys.length - 1) <= PACE;

  function forget() {
    clearTimeout(timer);
    keys = "";
    field = null;
  }

  /** @param {number} at ms */
  function finish(at) {
    const text = keys;
    if (field) restore(field);
    forget();
    ended = at;
    onScan(codeIn(text) ?? text);
  }

  function settle() {
    if (isFast()) {
      finish(last + SILENCE);
      return;
    }
    const lone = keys.length === 1 && !field ? keys : null;
    forget();
    if (lone) onLoneKey(lone);
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const at = event.timeStamp;
    const enter = event.key === "Enter" || event.key === "Tab" || event.code === "Enter" || event.code === "NumpadEnter";
    const lineFeed = event.ctrlKey && (event.code === "KeyJ" || event.code === "KeyM");   // how CR and LF may be typed
    if (enter || lineFeed) {
      const ours = isFast() && at - last <= SILENCE;
      if (ours || at - ended <= TAIL) swallow(event);
      if (ours) finish(at);
      else forget();
      return;
    }
    const key = keyOf(event);
    if (key === null) return;             // Shift and the like neither belong to a code nor end it
    if (key === "" || event.repeat) {     // a shortcut, an arrow, a held key: somebody's hand
      forget();
      return;
    }
    if (keys && at - last > SILENCE) forget();
    if (!keys) {
      first = at;
      field = fieldOf(event);
    } else if (!field) {
      event.preventDefault();             // a space inside a burst presses no button, a slash opens no search
    }
    keys = (keys + key).slice(0, MOST);
    last = at;
    clearTimeout(timer);
    timer = setTimeout(settle, SILENCE);
  }

  /** @param {ClipboardEvent} event */
  function onPaste(event) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const code = codeIn(text);
    if (code === null) return;
    swallow(event);
    forget();
    onScan(code);
  }

  target.addEventListener("keydown", onKey, true);
  target.addEventListener("paste", onPaste, true);
  return () => {
    forget();
    target.removeEventListener("keydown", onKey, true);
    target.removeEventListener("paste", onPaste, true);
  };
}

/**
 * What a key types: one character; "" for a key that types nothing; null for a key that only modifies.
 * @param {KeyboardEvent} event
 */
function keyOf(event) {
  if (["Shift", "CapsLock", "Control", "Alt", "AltGraph", "Meta"].includes(event.key)) return null;
  if (event.ctrlKey || event.altKey || event.metaKey) return "";
  if (event.isComposing || event.key === "Process" || event.key === "Unidentified") return typedBehindIme(event);
  return event.key.length === 1 ? event.key : "";
}

/**
 * With a Chinese input method on, the browser tells only which key it was.
 * @param {KeyboardEvent} event
 */
function typedBehindIme(event) {
  const { code, shiftKey } = event;
  if (/^Key[A-Z]$/.test(code)) return code[3];
  if (/^(Digit|Numpad)[0-9]$/.test(code) && !shiftKey) return code.slice(-1);
  return (shiftKey ? SHIFTED : PLAIN)[code] ?? "";
}

/** @param {Event} event */
function swallow(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

/** @typedef {{element: HTMLElement & {value?: string}, value?: string, text?: string | null}} Field */

/**
 * A field that keys would change, and what is in it; null where they change nothing.
 * @param {KeyboardEvent} event
 * @returns {Field | null}
 */
function fieldOf(event) {
  const element = event.composedPath()[0];
  if (element instanceof HTMLSelectElement) return { element, value: element.value };
  if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) {
    return { element, value: element.value };
  }
  if (element instanceof HTMLElement && element.isContentEditable) return { element, text: element.textContent };
  return null;
}

/** @param {Field} field */
function restore({ element, value, text }) {
  const focused = element.ownerDocument.activeElement === element;
  if (focused) element.blur();            // ends an input method's half-made word, which would be put in later
  if (text === undefined) element.value = value;
  else element.textContent = text;
  if (focused) element.focus();
}
