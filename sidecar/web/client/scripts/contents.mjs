// Fails where the package would have more in it than what is to be published, or less.
import { execFileSync } from "node:child_process";

const [{ files, size }] = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json", "--loglevel=error"]));
const names = files.map((file) => file.path);
const wrong = [
  ...["LICENSE", "README.md", "package.json", "dist/index.js", "dist/react.js", "dist/element.js", "dist/debug.js"].filter((name) => !names.includes(name)),
  ...names.filter((name) => !/^(LICENSE|README\.md|package\.json|dist\/[a-z]+(\.d)?\.[jt]s)$/.test(name)),
];
console.log(`package  ${names.length} files, ${size} bytes packed`);
if (wrong.length) console.error(`missing, or not to be published: ${wrong.join(", ")}`);
process.exit(wrong.length ? 1 : 0);
