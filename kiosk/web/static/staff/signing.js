// Log-in and log-out of staff.

import { call, Problem } from "../shared/api.js";

/** To the log-in, and back to this page afterwards. */
export function signIn() {
  location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
}

/**
 * Make the page's sign-out button do so.
 * @param {() => void} [before] clears what must not stay on the page
 */
export function signOut(before = () => {}) {
  document.getElementById("sign-out")?.addEventListener("click", async () => {
    before();
    try {
      await call("POST", "/logout");
    } catch (problem) {
      // Without an answer the log-in page is still the right place: it shows whether there is a service.
      if (!(problem instanceof Problem)) throw problem;
    }
    location.assign("/login");
  });
}
