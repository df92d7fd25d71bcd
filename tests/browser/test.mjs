// Audits every page of a folder that `cargo run --example pages` wrote: node test.mjs FOLDER [PICTURES].
import { chromium } from "playwright-core";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join, normalize } from "node:path";
import { audit, CHROMIUM } from "./audit.mjs";

const [folder, pictures] = process.argv.slice(2);
// The pages that docs/pages.md shows: on a phone in light, on a desktop in dark.
const SHOWN = ["sign_in", "second_factor", "consent-full", "account", "sessions", "passkeys", "authenticator", "error-bad-request"];

const server = createServer((request, response) => {
  const name = normalize(new URL(request.url, "http://x").pathname).slice(1);
  const headers = join(folder, `${name.replace(/\.html$/, "")}.headers.json`);
  if (name.includes("..") || !existsSync(headers)) return response.writeHead(404).end();
  // The signed-out page would go on while it is looked at.
  const { refresh, ...sent } = JSON.parse(readFileSync(headers));
  response.writeHead(200, sent).end(readFileSync(join(folder, name)));
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const origin = `http://localhost:${server.address().port}`;

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
const wrong = [];
let pages = 0;
for (const language of readdirSync(folder).filter((name) => name.length === 2)) {
  const context = await browser.newContext({ locale: language });
  // Nothing leaves this machine; what a page would load from elsewhere is not there.
  await context.route((url) => url.origin !== origin, (route) => route.abort());
  const page = await context.newPage();
  let name;
  page.on("console", (message) => {
    const text = message.text();
    // The pages that go elsewhere by themselves are kept from it, above.
    if (message.type() === "error" && !text.includes("ERR_FAILED")) wrong.push(`${language}/${name}: console: ${text}`);
  });
  page.on("pageerror", (error) => wrong.push(`${language}/${name}: script: ${error}`));
  for (const file of readdirSync(join(folder, language)).filter((file) => file.endsWith(".html"))) {
    name = file.slice(0, -".html".length);
    pages += 1;
    if (name === "form_post") {
      // The script posts the form at once: that it does is what this page is for.
      const [posted] = await Promise.all([
        page.waitForRequest((request) => request.method() === "POST"),
        page.goto(`${origin}/${language}/${file}`).catch(() => {}),
      ]);
      if (!posted.postData().includes("code=c2FtcGxl")) wrong.push(`${language}/form_post: posted ${posted.postData()}`);
      continue;
    }
    await page.goto(`${origin}/${language}/${file}`);
    const found = await audit(page, async (width, scheme) => {
      const shown = (width === 390) === (scheme === "light") && SHOWN.includes(name) && language === "en";
      if (!pictures || !shown) return;
      mkdirSync(pictures, { recursive: true });
      await page.screenshot({ path: join(pictures, `${name}-${width}-${scheme}.png`), fullPage: true });
    });
    wrong.push(...found.map((line) => `${language}/${name}: ${line}`));
  }
  await context.close();
}
await browser.close();
server.close();
if (wrong.length > 0) console.error(wrong.join("\n"));
console.log(`${pages} pages, ${wrong.length} findings`);
process.exitCode = wrong.length === 0 ? 0 : 1;
