// Which call has the large band of a hall's screen, and which wait for it. Pure: the time is told.

const SPOKEN = 6000;   // ms that a call keeps the band when others wait for it
const BACKLOG = 3;     // calls that may wait for the band; after a long cut only the last are news

/**
 * The name of one call of one number; the server marks the calls that stand in the page as it comes in the same way.
 * @param {Call} call
 */
export const markOf = ({ number, called_at: at, recalls }) => `${number}/${Math.floor(Date.parse(at) / 1000)}/${recalls}`;

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
  let seen = new Set(known);

  return {
    /** The call in the band. */
    get call() {
      return shown;
    },
    /** The calls for the rows beneath. */
    get others() {
      return (calls ?? []).filter(({ number }) => number !== shown?.number);
    },
    /**
     * A new board has come.
     * @param {Call[]} fresh newest first
     */
    take(fresh) {
      calls = fresh;
      const marks = new Set(fresh.map(markOf));
      const news = fresh.filter((call) => !seen.has(markOf(call))).reverse();
      waiting = [...waiting.filter((call) => marks.has(markOf(call))), ...news].slice(-BACKLOG);
      seen = marks;
      if (shown && !fresh.some(({ number }) => number === shown?.number)) until = 0;
    },
    /**
     * Give the band to the next call that waits for it, or else to the newest.
     * @param {number} now ms
     * @returns {"new" | "same" | "other"} whether it is a new call, which flashes
     */
    turn(now) {
      if (!calls || now < until) return "same";
      const next = waiting.shift();
      if (next) {
        shown = next;
        until = now + SPOKEN;
        return "new";
      }
      if (shown === (calls[0] ?? null)) return "same";
      shown = calls[0] ?? null;
      return "other";
    },
  };
}
