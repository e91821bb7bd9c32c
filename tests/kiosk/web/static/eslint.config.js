// Run from the top of the repository: eslint -c tests/kiosk/web/static/eslint.config.js kiosk/web/static tests/kiosk/web/static

import js from "@eslint/js";
import globals from "globals";

const PAGES = "kiosk/web/static";
const ROOMS = ["account", "applications", "audit", "bench", "desk", "devices", "fill", "guide", "home", "kiosk", "manage", "openapi", "rate", "resident", "screen", "setup", "staff", "terminal", "ticket", "window"];
/** Rooms of pages that staff log in to, or technicians open: they share more among themselves, in staff/. */
const STAFF = ["account", "applications", "audit", "bench", "desk", "devices", "fill", "home", "manage", "setup", "staff", "window"];
const NEIGHBOURS = "A page's module imports its own room and the shared one; what two pages need goes into shared/, what staff's pages alone need into staff/.";

/** A room's modules import each other and the shared ones, never another page's. */
const room = (name) => ({
  files: [`${PAGES}/${name}/**/*.js`],
  rules: {
    "no-restricted-imports": ["error", { patterns: [{ regex: `^(?!\\./[a-z_]+\\.js$|\\.\\./(${STAFF.includes(name) ? "shared|staff" : "shared"})/[a-z_]+\\.js$)`, message: NEIGHBOURS }] }],
  },
});

const RULES = {
  "eqeqeq": ["error", "always", { null: "ignore" }],
  "no-implicit-globals": "error",
  "no-shadow": "error",
  "no-unused-expressions": ["error", { allowShortCircuit: true }],
  "no-unused-vars": "error",
  "no-use-before-define": ["error", { functions: false, variables: false }],
  "no-var": "error",
  "object-shorthand": "error",
  "prefer-const": "error",
  "prefer-template": "error",
};

export default [
  js.configs.recommended,
  { files: [`${PAGES}/**/*.js`, "kiosk/browser/guard.js"], languageOptions: { globals: globals.browser }, rules: RULES },
  // The browser extension: its scripts share what the browser and each other give them by one name.
  {
    files: ["kiosk/web/extension/*.js"],
    languageOptions: { globals: { ...globals.browser, ...globals.webextensions } },
    rules: { ...RULES, "no-restricted-imports": ["error", { patterns: [{ regex: ".*", message: "A script of the extension stands alone." }] }] },
  },
  { files: ["tests/kiosk/web/static/*.js"], languageOptions: { globals: globals.node }, rules: RULES },
  ...ROOMS.map(room),
  {
    files: [`${PAGES}/shared/**/*.js`],
    rules: { "no-restricted-imports": ["error", { patterns: [{ regex: "^(?!\\./[a-z_]+\\.js$)", message: "What pages share knows no page." }] }] },
  },
];
