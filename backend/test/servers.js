// The two servers of the tests, each on a free port of 127.0.0.1 until it is stopped.

import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const inWorkspace = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** moto's DynamoDB: `MOTO_SERVER`, the one that CI installs, or the one on the PATH. */
export function moto() {
  const installed = inWorkspace('.tools/ci/python/bin/moto_server');
  const program = process.env.MOTO_SERVER ?? (existsSync(installed) ? installed : 'moto_server');
  return start(program, ['-H', '127.0.0.1', '-p', '0'], /Running on (http:\S+)/);
}

/** `cargo build --workspace` puts it there. */
export function localCloud() {
  const target = process.env.CARGO_TARGET_DIR ?? inWorkspace('target');
  return start(`${target}/debug/local-cloud`, ['--port', '0'], /serves .* on (http:\S+)/);
}

function start(program, options, announcement) {
  const child = spawn(program, options, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines = [];
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`cannot start ${program}: ${error.message}`)));
    child.on('exit', (code) => reject(new Error(`${program} ended with ${code}:\n${lines.join('\n')}`)));
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        const url = announcement.exec(line)?.[1];
        if (url) resolve({ url, stop: () => child.kill() });
      });
    }
  });
}

/** Signs users in at `local-cloud`, and sends their operations there. */
export class LocalCloud {
  constructor(url, seed) {
    this.url = url;
    this.seed = seed;
  }

  static async at(url) {
    const answer = await fetch(`${url}/_local-cloud/seed`);
    return new LocalCloud(url, await answer.json());
  }

  /** The service user's access token. */
  async service() {
    return this.#signIn(this.seed.username, this.seed.password);
  }

  /** The access token of the machine, which has a scope and no group. */
  async machine() {
    const { machine_client_id, machine_client_secret, machine_scope } = this.seed;
    const basic = Buffer.from(`${machine_client_id}:${machine_client_secret}`).toString('base64');
    const answer = await fetch(`${this.url}/oauth2/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: machine_scope }),
    });
    return (await answer.json()).access_token;
  }

  /** The access token of a new user in these groups. */
  async user(Username, ...groups) {
    const user = { UserPoolId: this.seed.user_pool_id, Username };
    const Password = 'A-password-of-16+';
    await this.#cognito('AdminCreateUser', { ...user, MessageAction: 'SUPPRESS' });
    await this.#cognito('AdminSetUserPassword', { ...user, Password, Permanent: true });
    for (const GroupName of groups) {
      await this.#cognito('CreateGroup', { UserPoolId: user.UserPoolId, GroupName });
      await this.#cognito('AdminAddUserToGroup', { ...user, GroupName });
    }
    return this.#signIn(Username, Password);
  }

  async graphql(token, query, variables) {
    const headers = { authorization: token, 'content-type': 'application/json' };
    const body = JSON.stringify({ query, variables });
    const answer = await fetch(`${this.url}/graphql`, { method: 'POST', headers, body });
    return answer.json();
  }

  async #signIn(USERNAME, PASSWORD) {
    const { user_pool_id, client_id, client_secret } = this.seed;
    const SECRET_HASH = createHmac('sha256', client_secret).update(`${USERNAME}${client_id}`).digest('base64');
    const { AuthenticationResult } = await this.#cognito('AdminInitiateAuth', {
      UserPoolId: user_pool_id,
      ClientId: client_id,
      AuthFlow: 'ADMIN_USER_PASSWORD_AUTH',
      AuthParameters: { USERNAME, PASSWORD, SECRET_HASH },
    });
    return AuthenticationResult.AccessToken;
  }

  async #cognito(operation, input) {
    const target = `AWSCognitoIdentityProviderService.${operation}`;
    const headers = { 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.1' };
    const answer = await fetch(this.url, { method: 'POST', headers, body: JSON.stringify(input) });
    const body = await answer.json();
    if (!answer.ok) throw new Error(`${operation}: ${JSON.stringify(body)}`);
    return body;
  }
}

/** What a token says of its user. */
export function claims(token) {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
}
