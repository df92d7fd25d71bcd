// What holds for every page, whatever it shows: axe-core finds nothing, and nothing scrolls sideways.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// Debian's and Ubuntu's names; CHROMIUM names another.
export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

export const WIDTHS = [390, 1280];
export const SCHEMES = ["light", "dark"];

/** Everything wrong with the page as it stands: one line each, none when all is well. */
export async function findings(page) {
  // Evaluated by the debugger, which the page's content security policy does not concern.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"], iframes: false }));
  const found = violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")}: ${node.failureSummary ?? rule.help}`));
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (over > 0) found.push(`scrolls sideways by ${over} px`);
  return found;
}

/** Looks at the page at every width, in light and in dark; calls `seen` for each. Leaves the page as it was last. */
export async function audit(page, seen = async () => {}) {
  const found = [];
  for (const scheme of SCHEMES) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 844 });
      found.push(...(await findings(page)).map((line) => `${width} ${scheme}: ${line}`));
      await seen(width, scheme);
    }
  }
  await page.setViewportSize({ width: 320, height: 640 });
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (over > 0) found.push(`320: scrolls sideways by ${over} px`);
  return found;
}
