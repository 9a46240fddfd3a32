// Makes the picture of all states of the indicator in docs/images: hack/browser.sh with SHEET=1.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { launch } from "./lib/browser.js";
import { openSheet } from "./lib/sheet.js";
import { webp } from "./lib/webp.js";

const file = fileURLToPath(new URL("../../docs/images/indicator.webp", import.meta.url));
const browser = await launch();
try {
  const { page, show } = await openSheet(browser);
  const pictures = [];
  for (const part of ["sheet", "rtl", "forced"]) {
    await page.emulateMedia({ forcedColors: part === "forced" ? "active" : "none" });
    await show(part);
    const picture = await page.locator("#root").screenshot();
    if (process.env.LOOK) await writeFile(`${process.env.LOOK}/${part}.png`, picture);
    pictures.push(picture);
  }
  await writeFile(file, await webp(await browser.newPage(), pictures, 0.45));
} finally {
  await browser.close();
}
