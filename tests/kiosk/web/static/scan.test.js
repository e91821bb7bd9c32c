import assert from "node:assert/strict";
import { test } from "node:test";

import { codeIn } from "../../../../kiosk/web/static/shared/scan.js";

const CODE = "7ZQ2M4RDX0KH3W9P";

test("a code is found however scanners and people write it", () => {
  for (const scanned of [
    CODE, CODE.toLowerCase(), ` ${CODE}\r\n`, "7ZQ2-M4RD-X0KH-3W9P", "7ZQ2 M4RD X0KH 3W9P", `]Q1${CODE}`, `QR:${CODE}`,
    `HTTPS://Q.EXAMPLE.CN/T/${CODE}`, `https://q.example.cn/t/${CODE}?ask=why#top`, `HTTPS://Q.EXAMPLE.CN/P/${CODE}`,
    [...CODE].map((letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0)).join(""),  // full width
  ]) assert.equal(codeIn(scanned), CODE, scanned);
});

test("what is no code is none", () => {
  for (const scanned of [
    "", "A001", CODE.slice(1), `${CODE}0`, CODE.replace("7", "U"), "110000198803141234", "6901234567892",
    `HTTPS://Q.EXAMPLE.CN/X/${CODE}`, `HTTPS://Q.EXAMPLE.CN/T/${CODE}/more`, "HTTPS://Q.EXAMPLE.CN/",
  ]) assert.equal(codeIn(scanned), null, scanned);
});
