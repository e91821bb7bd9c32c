// What the voice says, in letters, for as long as it is said: on every screen, whichever box has the speaker.

const SAID = 10_000;   // ms; a call in two languages takes about so long

/**
 * The sentence of a call, in Chinese and in English.
 * @param {{number: string, window: string, window_name: string}} call
 * @returns {[string, string]}
 */
export function sentenceOf({ number, window, window_name: name }) {
  const place = /^[\x20-\x7e]+$/.test(name) ? `${name}号窗口` : name;
  return [`${number}号，请到${place}`, `${number}, please go to window ${window}`];
}

/**
 * The caption in `element`, which is a live region and stays in the page.
 * @param {HTMLElement} element with a span for each language
 * @param {HTMLElement} around has the class `said` as long as the caption is there
 */
export function captionIn(element, around) {
  let timer = 0;
  const write = (/** @type {string[]} */ texts) => {
    [...element.children].forEach((line, index) => { line.textContent = texts[index] ?? ""; });
    around.classList.toggle("said", texts.length > 0);
  };
  return {
    /** @param {{number: string, window: string, window_name: string}} call */
    show(call) {
      clearTimeout(timer);
      write(sentenceOf(call));
      timer = setTimeout(write, SAID, []);
    },
    /** The call is over. */
    clear() {
      clearTimeout(timer);
      write([]);
    },
  };
}
