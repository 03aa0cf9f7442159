// A provider of another make, certified by the OpenID Foundation, with one person, who agrees to everything: or, when
// their browser says `X-Cancels`, to nothing. Its settings come as JSON; it prints its issuer when it listens.
// `POST /rotate` gives it new keys.

import { createServer } from "node:http";
import { exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";

const { algorithm, userinfoOnly, ...client } = JSON.parse(process.argv[2]);
const PERSON = { sub: "ada", name: "Ada Lovelace", email: "ada@example.com", email_verified: true };
const SCOPE = "openid email profile";

let generation = 0;

async function newProvider(issuer) {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  generation += 1;
  const key = { ...(await exportJWK(privateKey)), kid: `key-${generation}`, alg: algorithm, use: "sig" };
  return new Provider(issuer, {
    clients: [{ ...client, id_token_signed_response_alg: algorithm }],
    clientAuthMethods: [client.token_endpoint_auth_method ?? "client_secret_basic"],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    conformIdTokenClaims: userinfoOnly,
    cookies: { keys: ["cookies of a test"] },
    enabledJWA: { idTokenSigningAlgValues: [algorithm] },
    features: { devInteractions: { enabled: false } },
    findAccount: () => ({ accountId: PERSON.sub, claims: () => PERSON }),
    interactions: { url: (_, { uid }) => `/asks/${uid}` },
    jwks: { keys: [key] },
  });
}

async function agree(request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: session?.accountId, clientId: params.client_id });
  grant.addOIDCScope(SCOPE);
  const answers = {
    login: async () => ({ login: { accountId: PERSON.sub } }),
    consent: async () => ({ consent: { grantId: await grant.save() } }),
  };
  const cancelled = { error: "access_denied", error_description: "They would rather not." };
  const answer = request.headers["x-cancels"] ? cancelled : await answers[prompt.name]();
  await provider.interactionFinished(request, response, answer);
}

const server = createServer(async (request, response) => {
  if (request.url.startsWith("/asks/")) {
    await agree(request, response);
  } else if (request.url === "/rotate") {
    provider = await newProvider(issuer);
    response.end();
  } else {
    provider.callback()(request, response);
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
let provider = await newProvider(issuer);
console.log(issuer);
