import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

/** The Chromium of this machine. */
export const program = () => {
  const found = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
    (path) => path && existsSync(path),
  );
  if (!found) throw new Error("no Chromium is installed; on Debian: apt-get install chromium");
  return found;
};

export const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Tests play without a learner's click, and in pages that are not in front.
  "--autoplay-policy=no-user-gesture-required",
  "--mute-audio",
];

export const launch = () => chromium.launch({ executablePath: program(), args: ARGS });
