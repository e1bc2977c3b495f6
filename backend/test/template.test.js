// What needs no server.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { buildSchema } from 'graphql';
import { subscriptionFilters, Unauthorized } from './runtime.js';
import { clients, resolvers } from './template.js';

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('every operation of the schema has a resolver', async () => {
  const schema = buildSchema(`${read('crates/appsync-codegen/src/prelude.graphql')}\n${read('schema.graphql')}`);
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const operations = roots.flatMap((type) => Object.keys(type.getFields()).map((field) => `${type.name}.${field}`));
  const served = [...(await resolvers()).keys()];
  assert.deepEqual(
    operations.filter((operation) => !served.includes(operation)),
    [],
  );
});

test('every file of resolvers/ is in the template', () => {
  const files = readdirSync(new URL('../resolvers/', import.meta.url)).filter((name) => name.endsWith('.js'));
  const template = read('backend/template.yaml');
  assert.deepEqual(
    files.filter((name) => !template.includes(`CodeS3Location: resolvers/${name}\n`)),
    [],
  );
});

test('no client that customers sign in with may ask for the scopes that show all orders', () => {
  const withScopes = clients().filter(({ AllowedOAuthFlows: flows }) => flows && !flows.includes('client_credentials'));
  assert.deepEqual(
    withScopes.map(({ ClientName, AllowedOAuthScopes }) => [ClientName, AllowedOAuthScopes]),
    [['customers', ['openid', 'email']]],
  );
});

test('a customer is told of changes of their own orders only, a service of all', async () => {
  const [{ code }] = (await resolvers()).get('Subscription.onOrderChanged').steps;
  const filterOf = (identity, args = {}) => {
    subscriptionFilters.length = 0;
    assert.equal(code.response({ args, identity, result: code.request().payload }), null);
    return subscriptionFilters.map(({ filterGroup }) => filterGroup[0].filters);
  };
  const own = { fieldName: 'owner', operator: 'eq', value: 'her-sub' };
  const one = { fieldName: 'id', operator: 'eq', value: 'order-1' };
  const ada = { sub: 'her-sub', groups: null };
  const service = { sub: 'its-sub', groups: ['order-services'] };
  assert.deepEqual(filterOf(ada), [[own]]);
  assert.deepEqual(filterOf({ ...ada, groups: ['order-staff'] }, { id: 'order-1' }), [[own, one]]);
  const machine = { sub: 'its-sub', groups: null, claims: { scope: 'orders/read orders/service' } };
  const role = { userArn: 'arn:aws:sts::111122223333:assumed-role/orders/query' };
  for (const caller of [service, machine, role]) assert.deepEqual(filterOf(caller), []);
  assert.deepEqual(filterOf({ ...ada, claims: { scope: 'orders/read orders/services' } }), [[own]]);
  assert.deepEqual(filterOf(service, { id: 'order-1' }), [[one]]);
});

test('the purge itself lets only administrators in, whatever directive the schema has', async () => {
  const { around } = (await resolvers()).get('Mutation.purgeOrders');
  for (const identity of [{ groups: ['order-services'] }, { groups: null }, null]) {
    assert.throws(() => around.request({ identity }), Unauthorized);
  }
  assert.deepEqual(around.request({ identity: { groups: ['order-admins'] } }), {});
});
