// Fails where what is built needs more than the oldest browsers that the README names: in syntax, as esbuild knows it, or
// in globals of the web and their members, as the browsers' compatibility data has them. The language's own methods are the
// compiler's to check, with --lib. Nobody looks at members of other objects, at parameters of methods, and at styles.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parse } from "acorn";
import { full } from "acorn-walk";
import { transform } from "esbuild";

const oldest = { chrome: 91, edge: 91, firefox: 90, safari: 15 };

/** Not in all of them. The code asks whether they are there, and the README says what is different without. */
const optional = ["navigator.locks", "crypto.randomUUID", "BroadcastChannel", "CompressionStream"];

const { api, javascript } = createRequire(import.meta.url)("@mdn/browser-compat-data");
const types = new Map(Object.entries({ ...api, ...javascript.builtins }));
const instances = new Map(Object.entries({
  navigator: "Navigator", crypto: "Crypto", document: "Document", window: "Window", globalThis: "Window", localStorage: "Storage",
}));

const number = (version) => parseFloat(String(version).replace("≤", "")) || Infinity;
const inAll = (feature) =>
  !feature?.__compat || Object.entries(oldest).every(([browser, version]) =>
    [feature.__compat.support[browser] ?? []].flat().some(({ flags, prefix, version_added: from, version_removed: to }) =>
      !flags && !prefix && number(from) <= version && version < number(to)));

/** The global, or the member of one, that a node names. */
function used({ type, computed, name, object, property }) {
  if (type === "Identifier") return { name, feature: types.get(name) };
  const owner = type === "MemberExpression" && !computed && types.get(instances.get(object.name) ?? object.name);
  return owner && { name: `${object.name}.${property.name}`, feature: owner[property.name + "_static"] ?? owner[property.name] };
}

const wrong = new Set();
const files = readdirSync("dist").filter((name) => name.endsWith(".js"));
for (const file of files) {
  const code = readFileSync("dist/" + file, "utf8");
  const { code: asIs } = await transform(code, { target: "esnext" });
  for (const [browser, version] of Object.entries(oldest)) {
    const { code: lowered } = await transform(code, { target: browser + version });
    if (asIs !== lowered) wrong.add(`${file}: syntax that ${browser} ${version} does not have`);
  }
  full(parse(code, { ecmaVersion: "latest", sourceType: "module" }), (node) => {
    const found = used(node);
    if (found && !optional.includes(found.name) && !inAll(found.feature)) wrong.add(`${file}: ${found.name}`);
  });
}
console.log(`browsers ${files.length} files, ${Object.entries(oldest).map((entry) => entry.join(" ")).join(", ")}`);
if (wrong.size) console.error(`not in all of these:\n  ${[...wrong].join("\n  ")}`);
process.exit(wrong.size ? 1 : 0);
