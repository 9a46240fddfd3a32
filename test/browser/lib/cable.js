import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { ARGS, program } from "./browser.js";

const ip = (...args) => execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });

/** Why no browser can have a network of its own here; nothing where it can. */
export function lacksNetworks() {
  const name = `progress-sync-try-${process.pid}`;
  try {
    ip("netns", "add", name);
    ip("netns", "delete", name);
    return undefined;
  } catch (error) {
    return `it takes root and iproute2 to give a browser a network of its own: ${error.message}`;
  }
}

/**
 * A browser in a network of its own, which one cable connects to the machine. When that is pulled the kernel tells the browser,
 * as a learner's computer does. What the debugger pretends does not reach the part of Chromium that wakes service workers.
 */
export class Cabled {
  dir = mkdtempSync(join(tmpdir(), "progress-sync-cable-"));
  network = `progress-sync-${process.pid}`;
  cable = `psync${process.pid}`;

  /** Removes the network; the cable would stay for as long as a process is in it. */
  remove = () => {
    for (const args of [["link", "delete", this.cable], ["netns", "delete", this.network]]) {
      try {
        ip(...args);
      } catch {
        // It was not made.
      }
    }
  };

  /** Takes the address of an LMS. Its pages keep it, since that of this machine itself makes them secure. */
  constructor(web) {
    this.port = Number(new URL(web).port);
    // Four private addresses for each process.
    const first = (process.pid % 16_384) * 4;
    const address = (nth) => `10.213.${first >> 8}.${(first & 255) + nth}`;
    [this.near, this.far] = [address(1), address(2)];
  }

  /** Resolves with the browser's context. */
  async start() {
    process.once("exit", this.remove);
    ip("netns", "add", this.network);
    ip("link", "add", this.cable, "type", "veth", "peer", "name", "eth0", "netns", this.network);
    ip("address", "add", `${this.near}/30`, "dev", this.cable);
    ip("-n", this.network, "address", "add", `${this.far}/30`, "dev", "eth0");
    ip("-n", this.network, "link", "set", "eth0", "up");
    this.plug();
    await this.forward();
    const inside = join(this.dir, "chromium");
    writeFileSync(inside, `#!/bin/sh\nexec ip netns exec ${this.network} '${program()}' "$@"\n`, { mode: 0o755 });
    // Controlled by a pipe, which needs no cable. The first page, which stays, has nothing of the LMS.
    this.context = await chromium.launchPersistentContext(join(this.dir, "profile"), {
      executablePath: inside, args: [...ARGS, `--host-resolver-rules=MAP 127.0.0.1 ${this.near}`],
    });
    return this.context;
  }

  /** Takes what comes by the cable to the LMS. */
  async forward() {
    this.server = createServer((from) => {
      const to = connect(this.port, "127.0.0.1");
      for (const [one, other] of [[from, to], [to, from]]) {
        one.pipe(other);
        one.on("error", () => {}).on("close", () => other.destroy());
      }
    });
    this.server.listen(this.port, this.near);
    await once(this.server, "listening");
  }

  pull() {
    ip("link", "set", this.cable, "down");
  }

  plug() {
    ip("link", "set", this.cable, "up");
  }

  async end() {
    await this.context?.close();
    this.server?.close();
    process.off("exit", this.remove);
    this.remove();
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }
}
