import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const client = fileURLToPath(new URL("../../../sidecar/web/client/", import.meta.url));
const page = fileURLToPath(new URL("sheetpage.jsx", import.meta.url));

const HTML = `<!doctype html>
<html lang="en">
<title>The indicator</title>
<link rel="stylesheet" href="/style.css">
<main><h1>The indicator</h1><div id="root"></div></main>
<script type="module" src="/page.js"></script>`;

/** The page's own; it has nothing to say of the indicator. */
const STYLE = `
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; }
h1 { position: absolute; opacity: 0; }
section { padding: 8px 16px; color: light-dark(#1b1f24, #e8eaed); background: light-dark(#fff, #14171a); }
.light { color-scheme: light; }
.dark { color-scheme: dark; }
table { border-spacing: 0 4px; }
th { font-weight: normal; font-size: 13px; text-align: start; inline-size: 110px; }
td { padding-inline-end: 12px; }
.phone { inline-size: 358px; background: light-dark(#f1f3f6, #22262b); }
.small { display: flex; flex-wrap: wrap; gap: 4px 16px; padding-block: 4px; }
`;

async function bundle() {
  const { build } = createRequire(client)("esbuild");
  const { outputFiles } = await build({
    entryPoints: [page],
    bundle: true,
    format: "esm",
    jsx: "automatic",
    nodePaths: [client + "node_modules"],
    define: { "process.env.NODE_ENV": '"production"' },
    // The package says of what it publishes alone that it has side effects.
    ignoreAnnotations: true,
    write: false,
  });
  return outputFiles[0].text;
}

/**
 * A page with each state of the indicator. `show` goes to one of its parts: "sheet", "rtl" or "forced". Whatever the page
 * complains of, such as of its content security policy, which is as strict as an LMS's may be, is in `complaints`.
 * `rules` are added to the page's style sheet.
 */
export async function openSheet(browser, rules = "") {
  const files = { "/": ["text/html; charset=utf-8", HTML], "/style.css": ["text/css", STYLE + rules], "/page.js": ["text/javascript", await bundle()] };
  const page = await browser.newPage({ viewport: { width: 900, height: 320 } });
  const complaints = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.route("http://sheet.test/**", (route) => {
    const file = files[new URL(route.request().url()).pathname];
    if (!file) return route.fulfill({ status: 204 });
    const [contentType, body] = file;
    return route.fulfill({ contentType, body, headers: { "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'" } });
  });
  const show = async (part) => {
    await page.goto(`http://sheet.test/?${part}`);
    await page.locator("[data-name]").first().waitFor();
  };
  return { page, complaints, show };
}
