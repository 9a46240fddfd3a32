// Makes the picture of all states of the indicator in docs/images: hack/browser.sh with SHEET=1, or
// node sheet.js [picture.png].
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { launch } from "./lib/browser.js";
import { webp } from "./lib/webp.js";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const client = path("../../sidecar/web/client/");
const { build } = createRequire(client)("esbuild");

const STYLE = `
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; }
section { padding: 8px 16px; color: light-dark(#1b1f24, #e8eaed); background: light-dark(#fff, #14171a); }
.light { color-scheme: light; }
.dark { color-scheme: dark; }
table { border-spacing: 0 4px; }
th { font-weight: normal; font-size: 13px; text-align: start; inline-size: 110px; }
td { padding-inline-end: 12px; }
.phone { inline-size: 358px; background: light-dark(#f1f3f6, #22262b); }
.small { display: flex; flex-wrap: wrap; gap: 4px 16px; padding-block: 4px; }
`;

const { outputFiles } = await build({
  entryPoints: [path("sheetpage.jsx")],
  bundle: true,
  format: "esm",
  jsx: "automatic",
  nodePaths: [client + "node_modules"],
  // The package says of what it publishes alone that it has side effects.
  ignoreAnnotations: true,
  define: { "process.env.NODE_ENV": '"production"' },
  write: false,
});

const FILES = {
  "/": ["text/html; charset=utf-8", '<!doctype html><html lang="en"><title>Sheet</title><link rel="stylesheet" href="/style.css"><div id="root"></div><script type="module" src="/page.js"></script>'],
  "/style.css": ["text/css", STYLE],
  "/page.js": ["text/javascript", outputFiles[0].text],
};

const browser = await launch();
try {
  const page = await browser.newPage({ viewport: { width: 900, height: 400 } });
  const complaints = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.route("http://sheet.test/**", (route) => {
    const [contentType, body] = FILES[new URL(route.request().url()).pathname] ?? ["text/plain", ""];
    // As strict as an LMS's: the look must not need more.
    return route.fulfill({ contentType, body, headers: { "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'" } });
  });
  const pictures = [];
  for (const part of ["sheet", "rtl", "forced"]) {
    await page.emulateMedia({ forcedColors: part === "forced" ? "active" : "none" });
    await page.goto("http://sheet.test/#" + part);
    await page.reload();
    await page.locator("[data-name]").first().waitFor();
    pictures.push(await page.screenshot({ fullPage: true }));
  }
  if (complaints.length) throw new Error(complaints.join("\n"));
  const studio = await browser.newPage();
  const out = process.argv[2];
  if (out) await Promise.all(pictures.map((picture, i) => writeFile(out.replace(/(\.png)?$/, `-${i}.png`), picture)));
  else await writeFile(path("../../docs/images/indicator.webp"), await webp(studio, pictures));
} finally {
  await browser.close();
}
