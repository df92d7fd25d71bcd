// Walks people through a server that runs, in Chromium: node walk.mjs SCENE [PICTURES]. Prints one line for each walk.
import assert from "node:assert/strict";
import { createHash, createHmac, randomBytes, X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { audit, CHROMIUM } from "./audit.mjs";
import { serveClient } from "./client.mjs";

const scene = JSON.parse(readFileSync(process.argv[2], "utf8"));
const pictures = process.argv[3];
const { issuer, people, acr } = scene;
const client = await serveClient(scene);
// Trusted by its key: with certificate errors merely ignored, the browser has no passkeys.
const spki = new X509Certificate(readFileSync(scene.certificate_file)).publicKey.export({ type: "spki", format: "der" });
const trusted = createHash("sha256").update(spki).digest("base64");
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", `--ignore-certificate-errors-spki-list=${trusted}`] });

const wrong = [];
const seen = new Set();
const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/** A browser that knows nothing. */
async function fresh() {
  const context = await browser.newContext({ locale: "en" });
  const page = await context.newPage();
  page.on("console", (message) => {
    const text = message.text();
    // An error page is answered with its status, which the browser says as well; and a client has no icon.
    if (message.type() === "error" && !/status of (400|403|404|410|429)/.test(text)) wrong.push(`${page.url()}: console: ${text}`);
  });
  page.on("pageerror", (error) => wrong.push(`${page.url()}: script: ${error}`));
  return page;
}

/** The page must be this one; under each name that it is reached by it is looked at in every way, once. */
async function at(page, name, as = name) {
  await page.waitForSelector(`#page-${name}`, { timeout: 20_000 }).catch(async () => {
    throw new Error(`not at ${name}: ${page.url()}\n${await page.locator("body").innerText()}`);
  });
  if (seen.has(as)) return;
  seen.add(as);
  const before = page.viewportSize();
  const found = await audit(page, async (width, scheme) => {
    if (!pictures || (width === 390) !== (scheme === "light")) return;
    mkdirSync(pictures, { recursive: true });
    await page.screenshot({ path: join(pictures, `${as}-${width}-${scheme}.png`), fullPage: true });
  });
  await page.setViewportSize(before);
  wrong.push(...found.map((line) => `${as}: ${line}`));
}

function request(more = {}) {
  const url = new URL(scene.authorization_endpoint);
  const parameters = {
    response_type: "code", client_id: scene.client.client_id, redirect_uri: scene.client.redirect_uri, scope: "openid profile email",
    state: randomBytes(8).toString("hex"), nonce: randomBytes(8).toString("hex"), code_challenge_method: "S256",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"), ...more,
  };
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

/** What was sent to the client at last. */
async function atClient(page, url) {
  await page.waitForSelector("#at-client", { timeout: 20_000 }).catch(async () => {
    throw new Error(`not at the client: ${page.url()}\n${await page.locator("body").innerText()}`);
  });
  const { parameters, method } = client.came.at(-1);
  assert.equal(parameters.state, url.searchParams.get("state"));
  assert.equal(parameters.iss, issuer);
  return { ...parameters, method };
}

/** The claims of the ID token for a code. Its signature is another test's concern. */
async function redeem(page, code) {
  const basic = Buffer.from(`${scene.client.client_id}:${scene.client.client_secret}`).toString("base64");
  const answer = await page.request.post(scene.token_endpoint, {
    form: { grant_type: "authorization_code", code, redirect_uri: scene.client.redirect_uri, code_verifier: verifier },
    headers: { authorization: `Basic ${basic}` }, ignoreHTTPSErrors: true,
  });
  const json = await answer.json();
  assert.equal(answer.status(), 200, JSON.stringify(json));
  return JSON.parse(Buffer.from(json.id_token.split(".")[1], "base64url"));
}

async function typePassword(page, name, password = people[name].password) {
  await page.fill("#identifier", name);
  await page.fill("#password", password);
  await page.click("#submit");
}

/** The code of an authenticator app (RFC 6238). */
function totp(secret, step = Math.floor(Date.now() / 30_000)) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", Buffer.from(secret, "hex")).update(counter).digest();
  const from = mac[19] & 15;
  return String((mac.readUInt32BE(from) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** The bytes of a secret as people type it, in hexadecimal. */
function base32(text) {
  const bits = [...text.replaceAll(" ", "")].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2))).toString("hex");
}

/** An authenticator of the platform that verifies its person, with the passkeys it is given. */
async function authenticator(page, ...credentials) {
  const debuggee = await page.context().newCDPSession(page);
  await debuggee.send("WebAuthn.enable");
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
  const { authenticatorId } = await debuggee.send("WebAuthn.addVirtualAuthenticator", { options });
  for (const credential of credentials) await debuggee.send("WebAuthn.addCredential", { authenticatorId, credential });
  return async (verifies) => debuggee.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: verifies });
}

const walks = {
  async "password, consent, and not asked again"() {
    const page = await fresh();
    const first = request();
    await page.goto(first.href);
    await at(page, "sign_in");
    assert.match(await page.locator("#client").innerText(), /Harbour/);
    await typePassword(page, "alice");
    await at(page, "consent");
    assert.match(await page.locator("#who").innerText(), /alice/i);
    await page.click("#allow");
    const claims = await redeem(page, (await atClient(page, first)).code);
    assert.deepEqual([claims.acr, claims.amr, claims.nonce], [acr.password, ["pwd"], first.searchParams.get("nonce")]);
    // Signed in and agreed: nothing is asked.
    for (const prompt of [undefined, "none"]) {
      const again = request({ prompt });
      await page.goto(again.href);
      const { sub } = await redeem(page, (await atClient(page, again)).code);
      assert.equal(sub, claims.sub);
    }
    const posted = request({ response_mode: "form_post" });
    await page.goto(posted.href);
    assert.equal((await atClient(page, posted)).method, "POST");
    await page.context().close();
  },

  async "a wrong password, then cancelled"() {
    const page = await fresh();
    const url = request();
    await page.goto(url.href);
    await typePassword(page, "alice", "not the password");
    await page.waitForSelector("#complaints");
    await at(page, "sign_in", "sign_in-wrong");
    assert.equal(await page.inputValue("#identifier"), "alice");
    assert.equal(await page.inputValue("#password"), "");
    await page.click("#cancel");
    assert.equal((await atClient(page, url)).error, "access_denied");
    await page.context().close();
  },

  async "consent denied"() {
    const page = await fresh();
    const url = request();
    await page.goto(url.href);
    await typePassword(page, "bob");
    await at(page, "consent");
    await page.click("#deny");
    const { error, code } = await atClient(page, url);
    assert.deepEqual([error, code], ["access_denied", undefined]);
    await page.context().close();
  },

  async "the code of an app"() {
    const page = await fresh();
    const url = request();
    await page.goto(url.href);
    await typePassword(page, "tom");
    await at(page, "second_factor");
    await page.fill("#code", "000000" === totp(people.tom.totp) ? "000001" : "000000");
    await page.click("#submit");
    await page.waitForSelector("#complaints");
    await at(page, "second_factor", "second_factor-wrong");
    await page.fill("#code", totp(people.tom.totp));
    await page.click("#submit");
    await at(page, "consent");
    await page.click("#allow");
    const claims = await redeem(page, (await atClient(page, url)).code);
    assert.deepEqual([claims.acr, claims.amr], [acr.multi_factor, ["pwd", "otp", "mfa"]]);
    // Known from here on, a higher level that he has nothing for stays a wish, or is refused where it must be.
    const wish = request({ acr_values: acr.passkey });
    await page.goto(wish.href);
    assert.equal((await redeem(page, (await atClient(page, wish)).code)).acr, acr.multi_factor);
    const must = request({ claims: JSON.stringify({ id_token: { acr: { essential: true, values: [acr.passkey] } } }) });
    await page.goto(must.href);
    assert.equal((await atClient(page, must)).error, "unmet_authentication_requirements");
    await page.context().close();
  },

  async "a passkey"() {
    const page = await fresh();
    const verifies = await authenticator(page, people.pia.passkey);
    // Not verified by their device, they are not signed in, however quietly it was offered.
    await verifies(false);
    const url = request();
    await page.goto(url.href);
    await at(page, "sign_in");
    await page.click("#passkey");
    await page.waitForFunction(() => document.querySelector("#passkey-status").textContent !== "");
    await verifies(true);
    await page.click("#passkey");
    await at(page, "consent");
    await page.click("#allow");
    const claims = await redeem(page, (await atClient(page, url)).code);
    assert.deepEqual([claims.acr, claims.amr], [acr.passkey, ["hwk", "user", "mfa"]]);
    await page.context().close();
  },

  async "a step up from the code of an app to a passkey"() {
    const page = await fresh();
    const low = request({ scope: "openid" });
    await page.goto(low.href);
    await typePassword(page, "eve");
    await at(page, "second_factor");
    await page.fill("#code", totp(people.eve.totp));
    await page.click("#submit");
    await at(page, "consent");
    await page.click("#allow");
    const before = await redeem(page, (await atClient(page, low)).code);
    assert.equal(before.acr, acr.multi_factor);
    const high = request({ scope: "openid", acr_values: acr.passkey });
    await authenticator(page, people.eve.passkey);
    await page.goto(high.href);
    await at(page, "passkey");
    await page.click("#passkey");
    const after = await redeem(page, (await atClient(page, high)).code);
    assert.deepEqual([after.acr, after.sub], [acr.passkey, before.sub]);
    await page.context().close();
  },

  async "asked again by max_age and prompt, and another account"() {
    const page = await fresh();
    const first = request({ max_age: "3600" });
    await page.goto(first.href);
    await typePassword(page, "alice");
    const before = await redeem(page, (await atClient(page, first)).code);
    for (const more of [{ max_age: "0" }, { prompt: "login", max_age: "3600" }]) {
      const url = request(more);
      await page.goto(url.href);
      await at(page, "reauthenticate");
      await page.fill("#password", people.alice.password);
      await page.click("#submit");
      const claims = await redeem(page, (await atClient(page, url)).code);
      assert.ok(claims.auth_time >= before.auth_time && claims.sub === before.sub, JSON.stringify(claims));
    }
    const choose = request({ prompt: "select_account" });
    await page.goto(choose.href);
    await at(page, "choose_account");
    await page.click("#another");
    await at(page, "sign_in");
    await typePassword(page, "bob");
    await at(page, "consent");
    await page.click("#allow");
    const other = await redeem(page, (await atClient(page, choose)).code);
    assert.notEqual(other.sub, before.sub);
    await page.context().close();
  },

  async "an app, recovery codes and a passkey, set up on the account pages"() {
    const page = await fresh();
    const verifies = await authenticator(page);
    await page.goto(`${issuer}/account`);
    await at(page, "sign_in", "sign_in-account");
    assert.equal(await page.locator("#client").count(), 0);
    await typePassword(page, "ida");
    await at(page, "account", "account-bare");
    await page.click("#open-authenticator");
    await at(page, "authenticator", "authenticator-none");
    await page.click("#begin");
    await page.waitForSelector("#qr");
    await at(page, "authenticator", "authenticator-begun");
    const secret = base32(await page.innerText("#secret"));
    await page.fill("#code", totp(secret));
    await page.click("#submit");
    await page.waitForSelector("#notice");
    await at(page, "authenticator", "authenticator-done");
    await page.click("#nav-recovery_codes");
    await at(page, "recovery_codes");
    await page.click("#new");
    await page.waitForSelector("#codes");
    await at(page, "recovery_codes", "recovery_codes-fresh");
    const recovery = await page.locator("#codes code").first().innerText();
    await page.click("#done");
    await page.click("#open-passkeys");
    await at(page, "passkeys", "passkeys-none");
    await page.fill("#name", "This laptop");
    await page.click("#passkey");
    await page.waitForSelector("#notice");
    await at(page, "passkeys");
    assert.equal(await page.locator("#passkeys > li strong").innerText(), "This laptop");
    await page.locator("#passkeys [name=name]").fill("Old laptop");
    await page.locator("#passkeys button[value=rename]").click();
    await page.waitForSelector("#passkeys bdi:text-is('Old laptop')");
    await page.click("#nav-account");
    await at(page, "account", "account-full");
    await page.click("#submit");
    await at(page, "signed_out");
    // What was set up lets in: the passkey alone, and the password with a recovery code.
    await verifies(false);
    await page.goto(`${issuer}/account`);
    await page.waitForSelector("#page-sign_in");
    await verifies(true);
    await page.click("#passkey");
    await at(page, "account");
    const elsewhere = await fresh();
    await elsewhere.goto(`${issuer}/account/passkeys`);
    await typePassword(elsewhere, "ida");
    await elsewhere.click("#use-recovery-code");
    await at(elsewhere, "recovery_code");
    await elsewhere.fill("#code", recovery);
    await elsewhere.click("#submit");
    await elsewhere.waitForSelector("#page-passkeys");
    await elsewhere.locator("#passkeys button[value=remove]").click();
    await elsewhere.waitForSelector("#notice");
    assert.equal(await elsewhere.locator("#passkeys").count(), 0);
    await elsewhere.context().close();
    await page.context().close();
  },

  async "signed out everywhere, from the account pages"() {
    const [here, there] = [await fresh(), await fresh()];
    const url = request();
    await there.goto(url.href);
    await typePassword(there, "bob");
    if (await there.locator("#allow").count()) await there.click("#allow");
    await atClient(there, url);
    await here.goto(`${issuer}/account/apps`);
    await typePassword(here, "bob");
    await at(here, "apps");
    await here.click(`#revoke-${scene.client.client_id}`);
    await here.waitForSelector("#notice");
    await at(here, "apps", "apps-none");
    await here.click("#nav-password");
    await at(here, "password", "password-change");
    await here.fill("#password", "not the password");
    for (const id of ["#new-password", "#repeat-password"]) await here.fill(id, "another long enough one");
    await here.click("#submit");
    await here.waitForSelector("#complaints");
    await at(here, "password", "password-wrong");
    await here.click("#nav-sessions");
    await at(here, "sessions");
    assert.equal(await here.locator("#sessions > li").count() >= 2, true);
    await here.click("#end-all");
    await at(here, "signed_out", "signed_out-everywhere");
    for (const page of [here, there]) {
      await page.goto(`${issuer}/account`);
      await page.waitForSelector("#page-sign_in");
      await page.context().close();
    }
  },

  async "a device connected, another refused"() {
    const basic = Buffer.from(`${scene.device.client_id}:${scene.device.client_secret}`).toString("base64");
    const page = await fresh();
    const post = async (url, form) => {
      const answer = await page.request.post(url, { form, headers: { authorization: `Basic ${basic}` }, ignoreHTTPSErrors: true });
      return answer.json();
    };
    const poll = (begun) => post(scene.token_endpoint, { grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: begun.device_code });
    const first = await post(scene.device_authorization_endpoint, { scope: "openid profile" });
    assert.equal((await poll(first)).error, "authorization_pending");
    await page.goto(first.verification_uri);
    await at(page, "device");
    await page.fill("#user-code", "BBBB-BBBB");
    await page.click("#submit");
    await page.waitForSelector("#complaints");
    await at(page, "device", "device-wrong");
    await page.fill("#user-code", first.user_code.toLowerCase());
    await page.click("#submit");
    await at(page, "sign_in");
    await typePassword(page, "alice");
    await at(page, "consent", "consent-device");
    assert.match(await page.locator("#device-warning").innerText(), /in front of you/);
    await page.click("#allow");
    await at(page, "device_done");
    await page.waitForTimeout(1_300);
    const { id_token } = await poll(first);
    assert.equal(JSON.parse(Buffer.from(id_token.split(".")[1], "base64url")).nonce, undefined);
    // A link brings the code, and decides nothing.
    const second = await post(scene.device_authorization_endpoint, { scope: "openid profile" });
    await page.goto(second.verification_uri_complete);
    await at(page, "device", "device-compare");
    assert.equal(await page.inputValue("#user-code"), second.user_code);
    assert.equal((await poll(second)).error, "authorization_pending");
    await page.click("#submit");
    await at(page, "consent", "consent-device");
    await page.click("#deny");
    await at(page, "device_done", "device_done-denied");
    assert.equal((await poll(second)).error, "access_denied");
    await page.context().close();
  },

  async "a request from elsewhere agreed to, another refused"() {
    const basic = Buffer.from(`${scene.till.client_id}:${scene.till.client_secret}`).toString("base64");
    const page = await fresh();
    const post = async (url, form) => {
      const answer = await page.request.post(url, { form, headers: { authorization: `Basic ${basic}` }, ignoreHTTPSErrors: true });
      return answer.json();
    };
    const poll = ({ auth_req_id }) => post(scene.token_endpoint, { grant_type: "urn:openid:params:grant-type:ciba", auth_req_id });
    const ask = (message) =>
      post(scene.backchannel_endpoint, { scope: "openid profile", login_hint: "tom", binding_message: message });
    const requests = `${scene.issuer}/account/requests`;
    await page.goto(requests);
    await at(page, "sign_in");
    await typePassword(page, "tom");
    await at(page, "second_factor");
    await page.fill("#code", totp(people.tom.totp));
    await page.click("#submit");
    await page.goto(requests);
    await at(page, "requests", "requests-none");
    const [first, second] = [await ask("Till 3: 12.50"), await ask("Till 4: 99.00")];
    await page.goto(requests);
    await at(page, "requests");
    assert.match(await page.locator("#requests-warning").innerText(), /started this yourself/);
    await page.getByRole("listitem").filter({ hasText: "Till 3: 12.50" }).getByRole("button").first().click();
    await at(page, "consent", "consent-request");
    assert.match(await page.locator("body").innerText(), /Till 3: 12\.50/);
    assert.equal((await poll(first)).error, "authorization_pending");
    await page.click("#allow");
    await at(page, "device_done", "request_done");
    await page.waitForTimeout(1_300);
    const { id_token } = await poll(first);
    assert.equal(JSON.parse(Buffer.from(id_token.split(".")[1], "base64url")).nonce, undefined);
    await page.goto(requests);
    await page.getByRole("listitem").filter({ hasText: "Till 4: 99.00" }).getByRole("button").last().click();
    await at(page, "requests", "requests-refused");
    assert.equal((await poll(second)).error, "access_denied");
    await page.fill("#request-code", "12");
    await page.click("#set-code");
    await at(page, "requests", "requests-code-short");
    await page.fill("#request-code", "4711");
    await page.click("#set-code");
    await at(page, "requests", "requests-code-set");
    await page.click("#remove-code");
    await at(page, "requests", "requests-code-removed");
    await page.context().close();
  },

  async "what goes wrong"() {
    const page = await fresh();
    for (const more of [{ client_id: "nobody" }, { redirect_uri: "https://elsewhere.example/cb" }, { redirect_uri: undefined }]) {
      const answer = await page.goto(request(more).href);
      assert.equal(answer.status(), 400, JSON.stringify(more));
      await at(page, "error", `error-${Object.keys(more)}`);
    }
    for (const [more, expected] of [
      [{ prompt: "none" }, "login_required"],
      [{ scope: "openid unheard-of" }, "invalid_scope"],
      [{ code_challenge: undefined, code_challenge_method: undefined }, "invalid_request"],
      [{ response_type: "token" }, "unsupported_response_type|unauthorized_client"],
    ]) {
      const url = request(more);
      await page.goto(url.href);
      const { parameters } = client.came.at(-1);
      const fragment = new URLSearchParams(new URL(page.url()).hash.slice(1));
      assert.match(parameters.error ?? fragment.get("error") ?? "", new RegExp(`^(${expected})$`), JSON.stringify(more));
    }
    // A flow of another browser is nobody's here.
    const mine = await fresh();
    await mine.goto(request().href);
    await page.goto(mine.url());
    await at(page, "error", "error-expired");
    await mine.context().close();
    await page.context().close();
  },

  async "without a script, in German, on a small phone"() {
    const context = await browser.newContext({ locale: "de", javaScriptEnabled: false, viewport: { width: 320, height: 568 } });
    const page = await context.newPage();
    const url = request({ prompt: "consent" });
    await page.goto(url.href);
    assert.equal(await page.getAttribute("html", "lang"), "de");
    assert.equal(await page.isVisible("#passkey"), false);
    await typePassword(page, "alice");
    await page.click("#allow");
    await atClient(page, url);
    await context.close();
  },

  async "oidc-client-ts"() {
    for (const mode of ["", "#dpop"]) {
      const page = await fresh();
      await page.goto(`${scene.client_origin}/application${mode}`);
      await at(page, "sign_in");
      await typePassword(page, "alice");
      await page.waitForSelector("#allow, #out:not(:empty)");
      if (await page.isVisible("#allow")) await page.click("#allow");
      await page.waitForSelector("#out:not(:empty)");
      const text = await page.innerText("#out");
      assert.ok(text.startsWith("{"), `${mode} ${text}`);
      const { first, second } = JSON.parse(text);
      // With DPoP the library sends its UserInfo request without a proof.
      if (!mode) assert.deepEqual([first.profile.name, first.profile.email], ["Alice Doe", "alice@example.org"]);
      assert.equal(first.type, mode ? "DPoP" : "Bearer");
      assert.ok(first.refresh && second.token !== first.token && second.profile.sub === first.profile.sub);
      await page.context().close();
    }
  },
};

const only = process.env.WALK;
for (const [name, walk] of Object.entries(walks)) {
  if (only && !name.includes(only)) continue;
  try {
    await walk();
    console.log(`${name} ok`);
  } catch (error) {
    wrong.push(`${name}: ${error.stack}`);
  }
}
await browser.close();
client.close();
if (wrong.length > 0) console.error(wrong.join("\n"));
process.exitCode = wrong.length === 0 ? 0 : 1;
