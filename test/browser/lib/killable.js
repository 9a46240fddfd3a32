import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { ARGS, program } from "./browser.js";

/** A browser with a profile on disk, which is left by a kill as it was at that moment. */
export class Killable {
  constructor(profile = mkdtempSync(join(tmpdir(), "progress-sync-profile-"))) {
    this.profile = profile;
  }

  /** Resolves with the browser's context. */
  async start() {
    // A group of its own, so that a kill takes all its processes.
    this.child = spawn(program(), [...ARGS, "--headless=new", "--remote-debugging-port=0", `--user-data-dir=${this.profile}`], {
      detached: true, stdio: ["ignore", "ignore", "pipe"],
    });
    this.ended = once(this.child, "exit");
    for await (const line of createInterface({ input: this.child.stderr })) {
      const [, address] = /DevTools listening on (\S+)/.exec(line) ?? [];
      if (!address) continue;
      this.child.stderr.resume();
      const browser = await chromium.connectOverCDP(address);
      return browser.contexts()[0];
    }
    throw new Error("Chromium did not start");
  }

  /** Stops all its processes where they are. */
  freeze() {
    process.kill(-this.child.pid, "SIGSTOP");
  }

  async kill() {
    process.kill(-this.child.pid, "SIGKILL");
    await this.ended;
  }

  async end() {
    if (this.child && this.child.exitCode === null && this.child.signalCode === null) await this.kill();
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
