"""The JavaScript client in `clients/js`, run by node against the service for real."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.service.conftest import TOKEN, Service

FOLDER = Path(__file__).parents[2] / "clients" / "js"
pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="no node here")

EVERYTHING = """
import assert from "node:assert/strict";
import { Client, ServiceError } from "./penstock.js";

const contexts = new Client({ by: "js", workspace: "javascript" });
const first = await contexts.put("j/a b", 1).catch((error) => error);
assert.equal(first.type, "invalid");
assert.equal((await contexts.put("j/plan", { goal: "a bridge", n: [1] }, { tags: ["plan"], session: "s" })).version, 1);
assert.equal((await contexts.patch("j/plan", { done: true })).version, 2);
const found = await contexts.get("j/plan");
assert.deepEqual(found.data, { goal: "a bridge", n: [1], done: true });
assert.deepEqual([found.by, found.tags, found.session], ["js", ["plan"], "s"]);
assert.deepEqual((await contexts.get("j/plan", 1)).data, { goal: "a bridge", n: [1] });
assert.equal((await contexts.rollback("j/plan", 1)).version, 3);
assert.deepEqual((await contexts.versions("j/plan")).map((one) => one.change), ["rollback to 1", "patch", "put"]);
assert.deepEqual((await contexts.search("bridges")).map((hit) => hit.key), ["j/plan"]);
await contexts.put("j/list", [1]);
await contexts.append("j/list", [2, 3]);
assert.deepEqual((await contexts.get("j/list")).data, [1, 2, 3]);
await contexts.delete("j/list");
assert.equal((await contexts.undelete("j/list")).version, 2);
assert.equal(await contexts.delete("j/list", { purge: true }), undefined);
assert.equal((await contexts.put("j/sealed", "secret", { seal: true })).sealed, true);
const stale = await contexts.put("j/plan", 2, { expected: 9 }).catch((error) => error);
assert.ok(stale instanceof ServiceError);
assert.deepEqual([stale.type, stale.version], ["stale", 3]);
for (let n = 0; n < 205; n++) await contexts.put(`pages/${n}`, n);
let count = 0;
for await (const one of contexts.list({ prefix: "pages/" })) count += one.version;
assert.equal(count, 205);
const seen = [];
for await (const change of contexts.changes({ prefix: "j/plan", after: "0" })) {
  seen.push(`${change.kind} ${change.version}`);
  if (change.version === 3) break;
}
assert.deepEqual(seen, ["put 1", "put 2", "rollback 3"]);
const lost = await new Client({ url: "http://127.0.0.1:9" }).get("a").catch((error) => error);
assert.match(lost.message, /penstock serve/);
console.log("all of it");
"""

EXPECTING = """
import assert from "node:assert/strict";
import { Client, ServiceError } from "./penstock.js";

const contexts = new Client({ workspace: "expecting" });
await contexts.put("e/list", [1]);
await contexts.append("e/list", [2], { expected: 1 });
for (const change of [
  () => contexts.append("e/list", [3], { expected: 1 }),
  () => contexts.rollback("e/list", 1, { expected: 1 }),
  () => contexts.delete("e/list", { expected: 1 }),
]) {
  const stale = await change().catch((error) => error);
  assert.deepEqual([stale.type, stale.version], ["stale", 2]);
}
assert.equal((await contexts.rollback("e/list", 1, { expected: 2 })).version, 3);
await contexts.delete("e/list", { expected: 3 });
assert.equal((await contexts.undelete("e/list", { expected: 3 }).catch((error) => error)).type, "stale");
assert.equal((await contexts.undelete("e/list", { expected: 0 })).version, 3);
for (const key of ["../sessions/abc", "a/../b", "a/./b", ".", "a//b", "/a", "a/", ""]) {
  for (const method of ["put", "get", "patch", "append", "delete", "undelete", "rollback", "versions"]) {
    const refused = await contexts[method](key, 1).catch((error) => error);
    assert.ok(refused instanceof ServiceError);
    assert.match(refused.message, /is no key/);
    assert.equal(refused.type, "invalid");
  }
}
console.log("all of it");
"""
FOLLOWING = """
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { Client, ServiceError } from "./penstock.js";

const contexts = new Client({ workspace: "following" });
await contexts.put("f/gap", 1);
const seen = [];
for await (const change of contexts.changes({ prefix: "f/", after: "99999999" })) {
  seen.push(change);
  if (seen.length === 2) break;
}
assert.deepEqual(Object.keys(seen[0]).sort(), ["cursor", "kind"]);
assert.deepEqual([seen[0].kind, seen[1].kind, seen[1].key], ["gap", "put", "f/gap"]);

const stop = new AbortController();
const aborted = contexts.changes({ signal: stop.signal }).next();
stop.abort();
assert.equal((await aborted.catch((error) => error)).name, "AbortError");

const breaking = createServer((request, response) => {
  response.writeHead(200);
  response.write('event: put\\ndata: {"cursor": "1"', () => response.destroy());
}).listen(0, "127.0.0.1", async () => {
  const broken = new Client({ url: `http://127.0.0.1:${breaking.address().port}` });
  for (const lost of [broken.changes().next(), broken.get("a")]) {
    const error = await lost.catch((error) => error);
    assert.ok(error instanceof ServiceError, String(error));
    assert.equal(error.type, "unreachable");
  }
  breaking.close();
  console.log("all of it");
});
"""


def node(service: Service, program: str, folder: Path) -> str:
    file = folder / "program.mjs"
    file.write_text(program.replace("./penstock.js", (FOLDER / "penstock.js").as_uri()), encoding="utf-8")
    environ = {**os.environ, "PENSTOCK_SERVICE": service.url, "PENSTOCK_TOKEN": TOKEN}
    done = subprocess.run(["node", str(file)], env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_call_does_what_that_of_python_does(service: Service, tmp_path: Path) -> None:
    assert node(service, EVERYTHING, tmp_path) == "all of it\n"


def test_a_change_may_expect_a_version_and_what_is_no_key_reaches_no_other_call(
    service: Service, tmp_path: Path
) -> None:
    assert node(service, EXPECTING, tmp_path) == "all of it\n"


def test_a_gap_is_a_kind_of_change_and_a_lost_connection_an_error(service: Service, tmp_path: Path) -> None:
    assert node(service, FOLLOWING, tmp_path) == "all of it\n"


def test_the_types_name_every_method() -> None:
    of_client = re.compile(r"^  (?:async )?\*?([a-z]\w+)\(", re.MULTILINE)
    methods, types = ((FOLDER / name).read_text(encoding="utf-8") for name in ("penstock.js", "penstock.d.ts"))
    assert set(of_client.findall(methods)) == set(of_client.findall(types))
    assert "feedback" in of_client.findall(methods)


def test_the_program_in_its_readme_runs(service: Service, tmp_path: Path) -> None:
    [program] = re.findall(r"```js\n(.*?)```", (FOLDER / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    printed = node(service, program, tmp_path)
    assert '2 {"goal":"one gateway","done":true}' in printed
    assert "put plan/js 2" in printed
