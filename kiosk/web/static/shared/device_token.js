// The token of a page that nobody logs in to: a tablet, a terminal. Whoever sets it up opens the page once with
// #token=… behind its address; that part never leaves the browser. It is kept here and taken out of the address.

/**
 * What stands behind the # once, and is known from then on; null for what was never said.
 * @param {string} shelf the name under which this browser keeps it
 * @returns {{token: string | null, terminal: string | null}}
 */
export function deviceToken(shelf) {
  const said = new URLSearchParams(location.hash.slice(1));
  if (said.get("token")) {
    localStorage.setItem(shelf, JSON.stringify({ token: said.get("token"), terminal: said.get("terminal") }));
    history.replaceState(null, "", location.pathname + location.search);
  }
  try {
    return JSON.parse(localStorage.getItem(shelf) ?? "null") ?? { token: null, terminal: null };
  } catch {
    return { token: null, terminal: null };
  }
}
