// Who waits, at the side of the screen: all services (or themes, where services are many) while they fit in large type,
// else those that somebody waits for, eight at a time, on pages that turn.

const FIT = 12;           // services that fit as they are
const AT_ONCE = 8;        // of more
const TURN = 10_000;      // ms of a page

/**
 * What the column shows.
 * @typedef {object} Counts
 * @property {{name: string, count: number}[]} lines
 * @property {number} page from 1
 * @property {number} pages
 * @property {number} total how many wait in all
 */

/** The column. Pure: the time is told. */
export function waitingColumn() {
  /** @type {{name: string, count: number}[]} */
  let services = [];
  let page = 0;
  let until = 0;

  const listed = () => (services.length <= FIT ? services : services.filter(({ count }) => count > 0));
  const pages = () => (services.length <= FIT ? 1 : Math.max(1, Math.ceil(listed().length / AT_ONCE)));

  return {
    /** @returns {Counts} */
    get counts() {
      const at = Math.min(page, pages() - 1);
      const lines = pages() === 1 ? listed() : listed().slice(at * AT_ONCE, (at + 1) * AT_ONCE);
      return { lines, page: at + 1, pages: pages(), total: services.reduce((sum, { count }) => sum + count, 0) };
    },
    /** @param {{name: string, count: number}[]} fresh of services or themes */
    take(fresh) {
      services = fresh;
    },
    /**
     * Turn the page when its time is over.
     * @param {number} now ms
     * @returns {boolean} whether it turned
     */
    turn(now) {
      if (pages() === 1) {
        page = 0;
        until = now + TURN;
        return false;
      }
      if (now < until) return false;
      page = until ? (page + 1) % pages() : 0;
      until = now + TURN;
      return true;
    },
  };
}
