// Fails where the package would have more in it than what is to be published, or less. It is packed as a fresh clone
// would: without what an earlier build has left.
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";

for (const made of ["dist", "LICENSE"]) rmSync(made, { recursive: true, force: true });
const packed = execFileSync("npm", ["pack", "--dry-run", "--json", "--loglevel=error", "--foreground-scripts=false"]);
const [{ files, size }] = JSON.parse(packed);
const names = files.map((file) => file.path);
const entries = ["index", "react", "element", "compress", "debug", "serviceworker"].flatMap((name) => [`dist/${name}.js`, `dist/${name}.d.ts`]);
const wrong = [
  ...["LICENSE", "README.md", "package.json", ...entries].filter((name) => !names.includes(name)),
  ...names.filter((name) => !/^(LICENSE|README\.md|package\.json|dist\/[a-z]+(\.d)?\.[jt]s)$/.test(name)),
];
console.log(`package  ${names.length} files, ${size} bytes packed`);
if (wrong.length) console.error(`missing, or not to be published: ${wrong.join(", ")}`);
process.exit(wrong.length ? 1 : 0);
