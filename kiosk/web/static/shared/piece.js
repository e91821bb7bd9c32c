// Pictures and sounds that only a token opens. A browser sends no token for `<img src>`: they are fetched with it, and
// shown from memory.

/** @type {Map<string, string>} the address in memory, by path, of what never changes */
const kept = new Map();

/**
 * Show a picture, or load a sound; of several asked for on one element the last one counts. Nothing changes when it
 * cannot be had. What has no `?` in its path never changes, and is fetched once; the rest is not kept.
 * @param {HTMLImageElement | HTMLAudioElement} element
 * @param {string} path
 * @param {string | null} token
 */
export async function showPiece(element, path, token) {
  element.dataset.piece = path;
  const address = kept.get(path) ?? (await load(path, token));
  if (!address) return;
  const lasts = !path.includes("?");
  if (lasts) kept.set(path, address);
  else element.addEventListener("load", () => URL.revokeObjectURL(address), { once: true });
  if (element.dataset.piece === path) element.src = address;
}

/**
 * @param {string} path
 * @param {string | null} token
 * @returns {Promise<string | null>}
 */
async function load(path, token) {
  try {
    const headers = token ? { Authorization: `Bearer ${token}` } : undefined;
    const response = await fetch(path, { headers, credentials: "same-origin" });
    return response.ok ? URL.createObjectURL(await response.blob()) : null;
  } catch {
    return null;
  }
}
