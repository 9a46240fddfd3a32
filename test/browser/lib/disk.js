import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./wait.js";

const run = (file, ...args) => execFileSync(file, args, { stdio: ["ignore", "ignore", "pipe"] });

/**
 * A file system in a file, which has what the disk would have: what was synced. ext4 writes nothing else by itself for minutes,
 * where by default it does after seconds.
 */
export class Disk {
  /** A disk, or why there can be none here. */
  static make() {
    const disk = new Disk();
    process.once("exit", disk.remove);
    try {
      run("truncate", "-s", "1G", disk.file);
      run("mkfs.ext4", "-q", "-E", "lazy_itable_init=1,nodiscard", disk.file);
      disk.mount();
      return { disk };
    } catch (error) {
      disk.end();
      return { reason: `it takes root and mkfs.ext4 to mount a file system: ${error.message}` };
    }
  }

  dir = mkdtempSync(join(tmpdir(), "progress-sync-disk-"));
  file = join(this.dir, "disk");
  volume = join(this.dir, "volume");
  remove = () => {
    try {
      run("umount", "--lazy", this.volume);
    } catch {
      // It is not mounted.
    }
    rmSync(this.dir, { recursive: true, force: true });
  };

  mount() {
    mkdirSync(this.volume, { recursive: true });
    run("mount", "-o", "loop,commit=300", this.file, this.volume);
  }

  /** Copies what has reached the disk. */
  copy() {
    run("cp", "--sparse=always", this.file, this.file + "-copy");
  }

  /** Mounts the copy in place of the file system, which no process may use any more. */
  async mountCopy() {
    await eventually("the file system to be left", () => {
      run("umount", this.volume);
      return true;
    });
    this.file += "-copy";
    this.mount();
  }

  end() {
    process.off("exit", this.remove);
    this.remove();
  }
}
