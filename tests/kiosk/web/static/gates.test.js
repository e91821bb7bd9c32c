// The rules of the static files themselves, and that the linter holds them: each gate is broken once.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { ESLint } from "eslint";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));
const STATIC = join(ROOT, "kiosk", "web", "static");
const MOST = 16;  // modules of a folder

const rooms = readdirSync(STATIC, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);

test("every module lies in a room, and no room has more than sixteen", () => {
  assert.deepEqual(readdirSync(STATIC).filter((name) => !rooms.includes(name)), []);
  for (const room of rooms) {
    const modules = readdirSync(join(STATIC, room)).filter((name) => name.endsWith(".js"));
    assert.ok(modules.length <= MOST, `${room}: ${modules.length}`);
  }
});

const eslint = new ESLint({ cwd: ROOT, overrideConfigFile: join(HERE, "eslint.config.js") });

/** The rules that a module with this text would break. */
async function broken(file, text) {
  const [{ messages }] = await eslint.lintText(text, { filePath: join(relative(ROOT, STATIC), file) });
  return messages.map(({ ruleId }) => ruleId);
}

test("each room may import itself and what pages share, and nothing of another page", async () => {
  for (const room of rooms.filter((name) => name !== "shared")) {
    const other = room === "window" ? "kiosk" : "window";
    assert.deepEqual(await broken(`${room}/x.js`, 'import "./y.js";\nimport "../shared/y.js";\n'), [], room);
    assert.deepEqual(await broken(`${room}/x.js`, `import "../${other}/y.js";\n`), ["no-restricted-imports"], room);
  }
  assert.deepEqual(await broken("desk/x.js", 'import "../staff/y.js";\n'), []);
  assert.deepEqual(await broken("kiosk/x.js", 'import "../staff/y.js";\n'), ["no-restricted-imports"]);
  assert.deepEqual(await broken("shared/x.js", 'import "../window/y.js";\n'), ["no-restricted-imports"]);
});

test("what is not used, or not there, is found", async () => {
  assert.deepEqual(await broken("kiosk/x.js", "const unused = 1;\n"), ["no-unused-vars"]);
  assert.deepEqual(await broken("kiosk/x.js", "nothing();\n"), ["no-undef"]);
});
