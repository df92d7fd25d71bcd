// Passkeys: hands the server's options to the browser and posts what the authenticator answers. Nothing else here is script.

const decode = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

const encode = (buffer) =>
  btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");

// Browsers of before 2025 lack parse…FromJSON and toJSON (WebAuthn Level 3 §5.1.8 to §5.1.10).
const withIds = (list) => (list ?? []).map((item) => ({ ...item, id: decode(item.id) }));

function asked(json, create) {
  const own = create ? "parseCreationOptionsFromJSON" : "parseRequestOptionsFromJSON";
  if (PublicKeyCredential[own]) return PublicKeyCredential[own](json);
  const options = { ...json, challenge: decode(json.challenge) };
  if (!create) return { ...options, allowCredentials: withIds(json.allowCredentials) };
  return { ...options, user: { ...json.user, id: decode(json.user.id) }, excludeCredentials: withIds(json.excludeCredentials) };
}

function answered(credential) {
  if (credential.toJSON) return credential.toJSON();
  const { response } = credential;
  const out = { clientDataJSON: encode(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) out[name] = encode(response[name]);
  }
  if (response.getTransports) out.transports = response.getTransports();
  return {
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: out,
  };
}

function prepare(form) {
  const create = form.dataset.passkey === "create";
  const status = form.querySelector("[role=status]");
  const button = form.querySelector("button");
  const json = JSON.parse(form.dataset.options);
  let waiting;

  // The last one asked wins: pressing the button ends the quiet offer in the name field.
  async function ask(quiet) {
    waiting?.abort();
    waiting = new AbortController();
    const { signal } = waiting;
    const request = { publicKey: asked(json, create), signal };
    if (quiet) request.mediation = "conditional";
    status.textContent = "";
    try {
      const credential = create ? await navigator.credentials.create(request) : await navigator.credentials.get(request);
      form.querySelector("[name=credential]").value = JSON.stringify(answered(credential));
      form.submit();
    } catch {
      if (!quiet && !signal.aborted) status.textContent = status.dataset.failed;
    }
  }

  button.addEventListener("click", () => ask(false));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(false);
  });
  for (const part of document.querySelectorAll(".only-script")) part.hidden = false;
  const offered = !create && document.querySelector('[autocomplete~="webauthn"]');
  if (offered) PublicKeyCredential.isConditionalMediationAvailable?.().then((can) => can && ask(true));
}

if (window.PublicKeyCredential) document.querySelectorAll("form[data-passkey]").forEach(prepare);
