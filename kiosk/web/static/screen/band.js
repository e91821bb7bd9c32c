// Which call has the large band of a hall's screen, and which stand in the rows below. Pure: the time is told.
//
// A call that nobody answers yet stays on the screen: in one column while they are few, in two when they are more, and
// on pages that turn when they are more than a page holds. What is over fills the room that is left.

const SPOKEN = 6000;      // ms that a call keeps the band when few wait for it
const SHARED = 18_000;    // ms that more than three share
const LEAST = 1500;       // ms, so that a number can be read
const BACKLOG = 12;       // calls that may wait for the band
const FRESH = 60_000;     // ms after which a call is no news: its resident is at the window, or was called again
export const FEW = 5;     // rows of one column
export const PAGE = 12;   // rows of two
export const TURN = 9000; // ms of a page: longer than reading twelve rows takes

/**
 * The name of one call of one number; the server marks the calls that stand in the page as it comes in the same way.
 * @param {Call} call
 */
export const markOf = (call) => `${callOf(call)}/${call.recalls}`;

/** The same for all recalls of one call. @param {Call} call */
const callOf = ({ number, called_at: at }) => `${number}/${Math.floor(Date.parse(at) / 1000)}`;

/**
 * Whether a call that a screen has not shown yet is to be told: not what a box did while it was cut off and told late,
 * nor what was called while this screen was.
 * @param {string} calledAt
 * @param {string} at when it is told, by the hall's clock
 */
export const isFresh = (calledAt, at) => Date.parse(at) - Date.parse(calledAt) <= FRESH;

/**
 * The rows below the band.
 * @typedef {object} Rows
 * @property {Call[]} calls
 * @property {boolean} many whether they stand in two columns
 * @property {number} page from 1
 * @property {number} pages
 */

/**
 * The band.
 * @param {Iterable<string>} known marks of the calls that are no news
 */
export function callBand(known) {
  /** @type {Call[] | null} newest first; null before the first board */
  let calls = null;
  /** @type {Call | null} */
  let shown = null;
  /** @type {Call[]} not yet shown in the band, oldest first */
  let waiting = [];
  let until = 0;          // when the band may change
  let page = 0;
  let pageUntil = Infinity;   // when the page turns
  let seen = new Set(known);

  const called = () => (calls ?? []).filter(({ state }) => state === "called");
  const pages = () => Math.max(1, Math.ceil(called().length / PAGE));
  /** Whether the calls that nobody answers yet need more than the band and one column. */
  const isMany = () => called().length > FEW + 1;

  return {
    /** The call in the band. */
    get call() {
      return shown;
    },
    /** How many calls nobody answers yet. */
    get unanswered() {
      return called().length;
    },
    /** @returns {Rows} */
    get rows() {
      const all = calls ?? [];
      if (!isMany()) {
        const others = all.filter(({ number }) => number !== shown?.number);
        const first = [...others.filter(({ state }) => state === "called"), ...others.filter(({ state }) => state !== "called")].slice(0, FEW);
        return { calls: all.filter((one) => first.includes(one)), many: false, page: 1, pages: 1 };
      }
      const listed = [...called(), ...all.filter(({ state }) => state !== "called")];
      const from = Math.min(page, pages() - 1) * PAGE;
      return { calls: listed.slice(from, from + PAGE), many: true, page: from / PAGE + 1, pages: pages() };
    },
    /**
     * A new board has come. News are calls that nobody answers yet, and recalls of such.
     * @param {Call[]} fresh newest first
     * @param {string} at when it was so, by the hall's clock
     */
    take(fresh, at) {
      calls = fresh;
      const heard = new Set([...seen].map((mark) => mark.slice(0, mark.lastIndexOf("/"))));
      const due = new Set(called().map(markOf));
      const news = called().filter((call) => !seen.has(markOf(call)) && (heard.has(callOf(call)) || isFresh(call.called_at, at)));
      waiting = [...waiting.filter((call) => due.has(markOf(call))), ...news.reverse()].slice(-BACKLOG);
      seen = new Set(fresh.map(markOf));
      if (shown && !fresh.some(({ number }) => number === shown?.number)) until = 0;
    },
    /**
     * Give the band to the next call that waits for it, or else to the newest, and turn the page.
     * @param {number} now ms
     * @returns {"new" | "same" | "other"} "new": a new call has the band, which flashes; "other": something else changed
     */
    turn(now) {
      let turned = false;
      if (!isMany() || pages() === 1) {
        page = 0;
        pageUntil = Infinity;
      } else if (pageUntil === Infinity) {
        pageUntil = now + TURN;
      } else if (now >= pageUntil) {
        page = (page + 1) % pages();
        pageUntil = now + TURN;
        turned = true;
      }
      const same = turned ? "other" : "same";
      if (!calls || now < until) return same;
      const next = waiting.shift();
      if (next) {
        shown = next;
        const sharing = waiting.length + 1;
        until = now + (sharing > 3 ? Math.max(LEAST, SHARED / sharing) : SPOKEN);
        return "new";
      }
      if (shown?.number === calls[0]?.number) return same;
      shown = calls[0] ?? null;
      return "other";
    },
  };
}
