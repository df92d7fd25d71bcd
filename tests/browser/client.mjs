// A client's web server, as plain as can be: what comes back is kept for the walk, and a page with oidc-client-ts.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";

// As it is delivered to browsers; the package exports its modules only.
const library = readFileSync(new URL("node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js", import.meta.url));

// The whole application of one page: it says what it knows in the elements that the walk reads.
const application = (issuer, origin, clientId) => `<!doctype html>
<html lang="en"><title>Application</title><main><h1>Application</h1><pre id="out"></pre></main>
<script src="/oidc-client-ts.js"></script>
<script>
if (location.hash === "#dpop") sessionStorage.dpop = "yes";
const { dpop } = sessionStorage;
const manager = new oidc.UserManager({
  authority: ${JSON.stringify(issuer)}, client_id: ${JSON.stringify(clientId)}, redirect_uri: "${origin}/application",
  scope: "openid profile email offline_access", loadUserInfo: !dpop, automaticSilentRenew: false,
  dpop: dpop ? { bind_authorization_code: false, store: new oidc.IndexedDbDPoPStore() } : undefined,
});
const shown = (user) => ({ profile: user.profile, token: user.access_token, refresh: user.refresh_token, scope: user.scope, type: user.token_type });
async function run() {
  if (!location.search) return manager.signinRedirect();
  const first = await manager.signinCallback();
  const second = await manager.signinSilent();
  await manager.revokeTokens(["refresh_token"]);
  delete sessionStorage.dpop;
  return { first: shown(first), second: shown(second) };
}
run().then((done) => { if (done) out.textContent = JSON.stringify(done); }, (error) => { out.textContent = "error: " + error.message; });
</script></html>`;

/** Listens at the origin of the scene with the certificate of the server under test; `came` has what was sent to `/cb`. */
export async function serveClient({ issuer, client_origin: origin, application: clientId, key_file, certificate_file }) {
  const came = [];
  const tls = { key: readFileSync(key_file), cert: readFileSync(certificate_file) };
  const server = createServer(tls, (request, response) => {
    const url = new URL(request.url, origin);
    const html = (text) => response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(text);
    if (url.pathname === "/application") return html(application(issuer, origin, clientId));
    if (url.pathname === "/oidc-client-ts.js") return response.writeHead(200, { "content-type": "text/javascript" }).end(library);
    if (url.pathname !== "/cb") return response.writeHead(404).end();
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      came.push({ method: request.method, parameters: Object.fromEntries(new URLSearchParams(request.method === "POST" ? body : url.search)) });
      html('<!doctype html><html lang="en"><title>Client</title><main><h1 id="at-client">Client</h1></main></html>');
    });
  });
  await new Promise((ready) => server.listen(Number(new URL(origin).port), "127.0.0.1", ready));
  return { came, close: () => server.close() };
}
