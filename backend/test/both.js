// The resolvers over moto's DynamoDB and `local-cloud`, side by side: the same operations, the same answers.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AppSync } from './appsync.js';
import { OrdersTable } from './dynamodb.js';
import { claims, LocalCloud, localCloud } from './servers.js';

const read = (name) => readFileSync(new URL(`../../graphql/${name}.graphql`, import.meta.url), 'utf8');
const FRAGMENT = read('fragments/OrderFields');
const OPERATIONS = Object.fromEntries(
  ['GetOrder', 'ListOrders', 'CreateOrder', 'UpdateOrder', 'CancelOrder'].map((name) => [name, read(name) + FRAGMENT]),
);
OPERATIONS.PurgeOrders = 'mutation PurgeOrders($before: AWSTimestamp!) { purgeOrders(before: $before) }';

/** Both worlds, with the example's three orders in each. */
export class Both {
  static async start(moto) {
    const both = new Both();
    both.server = await localCloud();
    both.cloud = await LocalCloud.at(both.server.url);
    both.tokens = {
      service: await both.cloud.service(),
      machine: await both.cloud.machine(),
      ada: await both.cloud.user('ada'),
      bob: await both.cloud.user('bob'),
      admin: await both.cloud.user('root', 'order-admins'),
    };
    const table = new OrdersTable(moto, `orders-${randomUUID()}`);
    await table.create();
    const { data } = await both.cloud.graphql(both.tokens.service, OPERATIONS.ListOrders, {});
    for (const { attributes, total, ...order } of data.listOrders.items) {
      assert.ok(total);
      if (order.owner === null) delete order.owner;
      await table.put({ ...order, attributes: JSON.parse(attributes) });
    }
    both.appsync = await AppSync.over(table);
    return both;
  }

  stop() {
    this.server.stop();
  }

  /**
   * The answer, which must be the same from both but for ids, times and pagination tokens. Functions among the variables
   * are called with each world's last answer.
   */
  async run(caller, operation, variables) {
    const last = this.last ?? {};
    const token = this.tokens[caller];
    const query = OPERATIONS[operation];
    const ours = await this.appsync.graphql(claims(token), query, resolved(variables, last.ours));
    const theirs = await this.cloud.graphql(token, query, resolved(variables, last.theirs));
    this.last = { ours, theirs };
    assert.deepEqual(comparable(ours), comparable(theirs), `${operation} ${JSON.stringify(variables)} by ${caller}`);
    return ours;
  }

  /** All pages, one after the other; each is compared. */
  async pages(caller, variables) {
    const pages = [];
    let answer = await this.run(caller, 'ListOrders', variables);
    for (;;) {
      pages.push(answer.data.listOrders.items);
      if (answer.data.listOrders.nextToken === null) return pages;
      assert.ok(pages.length < 20, 'the pages end');
      const nextToken = (last) => last.data.listOrders.nextToken;
      answer = await this.run(caller, 'ListOrders', { ...variables, nextToken });
    }
  }
}

function resolved(variables, last) {
  if (typeof variables === 'function') return variables(last);
  if (variables === null || typeof variables !== 'object' || Array.isArray(variables)) return variables;
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, resolved(value, last)]));
}

/** An answer without what differs between any two runs. */
function comparable(answer) {
  const ids = [];
  return JSON.parse(JSON.stringify(answer), (name, value) => {
    if (typeof value !== 'string') return value;
    if (name === 'nextToken') return 'a token';
    if (name === 'attributes') return JSON.parse(value);
    if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return 'a time';
    if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)) {
      if (!ids.includes(value)) ids.push(value);
      return `id ${ids.indexOf(value)}`;
    }
    return value.replace(/Request ID: [^)]+\)/, 'Request ID: ...)');
  });
}
