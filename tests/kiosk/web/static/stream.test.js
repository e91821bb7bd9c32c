import assert from "node:assert/strict";
import { test } from "node:test";

import { Problem } from "../../../../kiosk/web/static/shared/api.js";
import { coalesce, handlerOf, takeMessages } from "../../../../kiosk/web/static/shared/stream.js";

const TEXT = 'retry: 2000\n\n:\n\nid: 7\nevent: ticket.called\ndata: {"number":"A001"}\n\nid: 8\r\ndata: [1,\r\ndata: 2]\r\n\r\nevent: cut';

test("whole messages are taken and the rest is kept", () => {
  const { messages, rest } = takeMessages(TEXT);
  assert.equal(rest, "event: cut");
  assert.deepEqual(messages, [
    { type: "message", data: "", id: null, retry: 2000 },
    { type: "message", data: "", id: null, retry: null },
    { type: "ticket.called", data: '{"number":"A001"}', id: "7", retry: null },
    { type: "message", data: "[1,\n2]", id: "8", retry: null },
  ]);
});

test("messages come out the same wherever the network cuts them", () => {
  const text = TEXT.replaceAll("\r", "");
  const { messages } = takeMessages(text);
  for (let cut = 0; cut <= text.length; cut += 1) {
    const first = takeMessages(text.slice(0, cut));
    const second = takeMessages(first.rest + text.slice(cut));
    assert.deepEqual([...first.messages, ...second.messages], messages, `cut at ${cut}`);
  }
});

test("a burst of news is one look, and news during a look is one more", async () => {
  let looks = 0;
  let go = () => {};
  const refresh = coalesce(() => {
    looks += 1;
    return new Promise((done) => { go = done; });
  }, 0);
  refresh();
  refresh();
  await new Promise((done) => setTimeout(done, 20));
  assert.equal(looks, 1);
  refresh();
  refresh();
  go();
  await new Promise((done) => setTimeout(done, 20));
  assert.equal(looks, 2);
  go();
});

test("a look that fails is tried again", async () => {
  let looks = 0;
  const done = new Promise((resolve) => {
    const refresh = coalesce(async () => {
      looks += 1;
      if (looks < 3) throw Problem.offline();
      resolve();
    }, 0, 1);
    refresh();
  });
  await done;
  assert.equal(looks, 3);
});

test("a type of event has its own handler, or that of what it is about", () => {
  const [called, ticket, reset] = [() => {}, () => {}, () => {}];
  const on = { "ticket.called": called, ticket, reset };
  const types = ["ticket.called", "ticket.issued", "reset", "window.opened", "tickets.issued", "message"];
  assert.deepEqual(types.map((type) => handlerOf(on, type)), [called, ticket, reset, undefined, undefined, undefined]);
});
