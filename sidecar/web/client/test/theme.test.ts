import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { SIGNALS } from "../src/indicator.js";
import { COLORS, STYLE } from "../src/theme.js";

/** Relative luminance of WCAG 2. */
function luminance(color: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light! + 0.05) / (dark! + 0.05);
}

test("the measure is that of WCAG", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
});

type Name = keyof typeof COLORS;

const TEXT: [Name, Name][] = [
  ["color", "background"],
  ["auth-color", "background"],
  ["error-color", "background"],
  ["button-color", "button-background"],
];
// What bounds a control or shows the focus, next to what it lies on.
const GRAPHICS: [Name, Name][] = [["button-border", "background"], ["button-border", "button-background"], ["color", "background"]];

const themes = ["light", "dark"].flatMap((theme, i) => [
  ...TEXT.map(([a, b]) => [theme, a, b, 4.5, i] as const),
  ...GRAPHICS.map(([a, b]) => [theme, a, b, 3, i] as const),
]);

test.each(themes)("in the %s theme %s on %s has a contrast of at least %d", (_, a, b, least, i) => {
  expect(contrast(COLORS[a][i]!, COLORS[b][i]!)).toBeGreaterThanOrEqual(least);
});

test("every colour is part of a pair that is measured, and every colour of the style sheet is one of them", () => {
  expect(new Set([...TEXT, ...GRAPHICS].flat())).toEqual(new Set(Object.keys(COLORS)));
  const known = [Object.values(COLORS), signals()].flat(2) as string[];
  expect(STYLE.match(/#[0-9a-f]{6}/g)!.filter((color) => !known.includes(color))).toEqual([]);
});

/** Colours of the drawings where the learner has to act. */
const signals = () => Object.values(SIGNALS).map((signal) => signal!.match(/#\w{6}/)![0]);

test("without a theme the drawings where the learner has to act can be seen on white and on black", () => {
  expect(signals()).toHaveLength(2);
  for (const color of signals()) {
    expect(contrast(color, "#ffffff")).toBeGreaterThanOrEqual(3);
    expect(contrast(color, "#000000")).toBeGreaterThanOrEqual(3);
    expect(contrast(color, COLORS.background[1])).toBeGreaterThanOrEqual(3);
  }
});

test("without a theme the words have the page's colour, and with one their background too", () => {
  expect(STYLE.match(/:host\{[^}]*\}/)![0]).not.toMatch(/[^-]color:|background/);
  const painted = STYLE.match(/[^{}]*\{[^}]*light-dark/g)!;
  expect(painted.length).toBeGreaterThan(0);
  expect(painted.filter((rule) => !rule.includes(":host([theme]"))).toEqual([]);
});

test("directions are logical, so that the element mirrors itself in a right-to-left page", () => {
  expect(STYLE).not.toMatch(/(?:margin|padding|border)-(?:left|right)|[^-](?:left|right):/);
});

test("nothing moves by itself", () => {
  expect(STYLE).not.toMatch(/animation|transition|@keyframes/);
});

test("the README has the colours that are used", () => {
  const readme = readFileSync("README.md", "utf8");
  for (const [name, [light, dark]] of Object.entries(COLORS)) {
    expect(readme).toContain(`| \`--progress-sync-${name}\` | \`${light}\`, \`${dark}\` |`);
  }
});
