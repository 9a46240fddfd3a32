import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { scenario } from "../lib/scenario.js";
import { eventually } from "../lib/wait.js";

/** Processes that have the folder in their command line. */
const running = (dir) =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(dir);
      } catch {
        return false; // it has just ended
      }
    });

export function define() {
  scenario("what the tests run against ends with a test run that is killed, and leaves nothing behind", async () => {
    const orphan = fileURLToPath(new URL("../lib/orphan.js", import.meta.url));
    const { killed, output } = await new Promise((done) =>
      execFile(process.execPath, [orphan], (error, stdout) => done({ killed: error?.signal, output: stdout })),
    );
    assert.equal(killed, "SIGKILL");
    const stack = JSON.parse(output);
    await eventually("the processes to end", () => running(stack.dir).length === 0 && !existsSync(`/proc/${stack.pid}`));
    assert.equal(existsSync(stack.dir), false, "its folder is gone");
    for (const url of [stack.control, `http://${new URL(stack.database).host}`, ...Object.values(stack.pairs).flatMap(Object.values)]) {
      await assert.rejects(fetch(url), `${url} still answers`);
    }
  });
}
