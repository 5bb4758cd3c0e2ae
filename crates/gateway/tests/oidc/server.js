// Two authorization servers for the tests of the mediator, on free ports of loopback. "rotating" gives a new refresh token at each
// use, and takes the secret in a header; "steady" keeps the first one, and takes the secret in the body. Who starts this says on the
// standard input, a line each: "down NAME" and "up NAME". The end of the input is the end of this.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import Provider from 'oidc-provider';

const secret = process.env.OIDC_CLIENT_SECRET;
const authority = process.env.OIDC_GATEWAY;
const servers = {};

async function serve(name, rotates, authentication) {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [{
      client_id: 'the:gateway',
      client_secret: `${secret}-${name}`,
      redirect_uris: [`https://${authority}/oauth/callback/${name}`],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: authentication,
    }],
    cookies: { keys: ['not a secret'] },
    features: { devInteractions: { enabled: true }, introspection: { enabled: true } },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    pkce: { methods: ['S256'], required: () => true },
    rotateRefreshToken: rotates,
    scopes: ['openid', 'offline_access'],
    ttl: {
      AccessToken: 600, AuthorizationCode: 60, Grant: 3600, IdToken: 600, Interaction: 600, RefreshToken: 3600, Session: 3600,
    },
  });
  server.on('request', provider.callback());
  servers[name] = { server, port };
  return `http://127.0.0.1:${port}`;
}

const addresses = {
  rotating: await serve('rotating', true, 'client_secret_basic'),
  steady: await serve('steady', false, 'client_secret_post'),
};
console.log(JSON.stringify(addresses));

for await (const line of createInterface({ input: process.stdin })) {
  const [command, name] = line.split(' ');
  const { server, port } = servers[name];
  if (command === 'down') {
    server.close();
    server.closeAllConnections();
  } else {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  }
  console.log('done');
}
process.exit(0);
