// What the resolvers answer, each time compared with what `local-cloud` does.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { Both } from './both.js';
import { moto } from './servers.js';

let dynamodb;

let both;

before(async () => {
  dynamodb = await moto();
});
after(() => dynamodb.stop());
beforeEach(async () => {
  both = await Both.start(dynamodb.url);
});
afterEach(() => both.stop());

const line = (change = {}) => ({
  sku: 'pen',
  quantity: 2,
  unitPrice: { currency: 'EUR', minorUnits: 150 },
  ...change,
});
const input = (change = {}) => ({
  customerEmail: 'new@example.com',
  lines: [line(), line({ quantity: 1 })],
  card: { brand: 'Visa', lastFour: '4242' },
  attributes: '{"channel":"app","tags":["a",1,null,true]}',
  ...change,
});
const ids = (answer) => answer.data.listOrders.items.map((order) => order.id);
const CONDITION = 'DynamoDB:ConditionalCheckFailedException';

test('the example has orders of every kind of payment, and none with an unknown id', async () => {
  const kinds = [];
  for (const id of ['order-1', 'order-2', 'order-3', 'order-404']) {
    const { data } = await both.run('service', 'GetOrder', { id });
    kinds.push(data.getOrder && data.getOrder.payment?.__typename);
  }
  assert.deepEqual(kinds, [undefined, 'CardPayment', 'InvoicePayment', null]);
});

test('a created order is computed, stored, and listed first', async () => {
  const { data } = await both.run('service', 'CreateOrder', { input: input() });
  const order = data.createOrder;
  assert.deepEqual(order.total, { currency: 'EUR', minorUnits: 450 });
  assert.equal(order.version, 1);
  const id = (last) => last.data.createOrder.id;
  const read = await both.run('service', 'GetOrder', { id });
  assert.deepEqual(read.data.getOrder, order);
  assert.deepEqual(ids(await both.run('service', 'ListOrders', {})), [order.id, 'order-3', 'order-2', 'order-1']);
});

test('a machine with the scope of services sees and makes orders as a service does', async () => {
  assert.deepEqual(ids(await both.run('machine', 'ListOrders', {})), ['order-3', 'order-2', 'order-1']);
  const { data } = await both.run('machine', 'CreateOrder', { input: input() });
  assert.equal(data.createOrder.owner, null);
});

test('what is left out of an order is null, and what is empty stays', async () => {
  const little = await both.run('ada', 'CreateOrder', { input: { customerEmail: 'a@example.com', lines: [line()] } });
  assert.equal(little.data.createOrder.note, null);
  const empty = await both.run('ada', 'CreateOrder', { input: input({ note: '', card: null, attributes: '0' }) });
  assert.equal(empty.data.createOrder.note, '');
  assert.equal(empty.data.createOrder.attributes, '0');
});

test('orders that make no sense are refused and not stored', async () => {
  const price = (minorUnits, currency = 'EUR') => ({ unitPrice: { minorUnits, currency } });
  for (const lines of [
    [],
    [line({ quantity: 0 })],
    [line(price(-1))],
    [line(), line(price(1, 'USD'))],
    [line({ ...price(2147483647), quantity: 2 })],
  ]) {
    const answer = await both.run('service', 'CreateOrder', { input: input({ lines }) });
    assert.equal(answer.errors[0].errorType, 'InvalidOrder');
  }
  const largest = await both.run('service', 'CreateOrder', {
    input: input({ lines: [line({ ...price(2147483647), quantity: 1 })] }),
  });
  assert.equal(largest.data.createOrder.total.minorUnits, 2147483647);
  assert.equal(ids(await both.run('service', 'ListOrders', {})).length, 4);
});

test('a client token makes one order, of one owner', async () => {
  for (const [caller, clientToken] of [
    ['service', 's'],
    ['ada', 'a'],
  ]) {
    const first = await both.run(caller, 'CreateOrder', { input: input({ clientToken }) });
    assert.equal(first.data.createOrder.id, clientToken);
    const again = await both.run(caller, 'CreateOrder', { input: input({ clientToken, note: 'another' }) });
    assert.deepEqual(again, first);
  }
  for (const [caller, clientToken] of [
    ['service', 'a'],
    ['bob', 'a'],
    ['ada', 's'],
  ]) {
    const refused = await both.run(caller, 'CreateOrder', { input: input({ clientToken }) });
    assert.deepEqual([refused.data, refused.errors[0].errorType], [null, 'Unauthorized']);
  }
});

test('customers see their own orders, services all', async () => {
  const order = async (caller, clientToken) => both.run(caller, 'CreateOrder', { input: input({ clientToken }) });
  await order('ada', 'ada-1');
  await order('bob', 'bob-1');
  await order('service', 'service-1');
  await order('ada', 'ada-2');
  assert.deepEqual(ids(await both.run('ada', 'ListOrders', {})), ['ada-2', 'ada-1']);
  assert.deepEqual(ids(await both.run('bob', 'ListOrders', {})), ['bob-1']);
  const all = ['ada-2', 'service-1', 'bob-1', 'ada-1', 'order-3', 'order-2', 'order-1'];
  assert.deepEqual(ids(await both.run('service', 'ListOrders', {})), all);
  for (const [caller, id, seen] of [
    ['bob', 'ada-1', undefined],
    ['ada', 'service-1', undefined],
    ['ada', 'order-1', undefined],
    ['ada', 'ada-1', 'ada-1'],
    ['service', 'ada-1', 'ada-1'],
  ]) {
    assert.equal((await both.run(caller, 'GetOrder', { id })).data.getOrder?.id, seen, `${caller} ${id}`);
  }
});

test('an update changes what it names, and a null removes', async () => {
  const update = (change) => both.run('service', 'UpdateOrder', { input: { id: 'order-1', ...change } });
  const named = await update({ expectedVersion: 1, note: 'call first', status: 'PAID' });
  assert.deepEqual([named.data.updateOrder.version, named.data.updateOrder.status], [2, 'PAID']);
  const removed = await update({ expectedVersion: 2, note: null, attributes: null });
  assert.deepEqual([removed.data.updateOrder.note, removed.data.updateOrder.attributes], [null, null]);
  const replaced = await update({ expectedVersion: 3, attributes: '{"a":{"b":[1]}}', note: '' });
  assert.deepEqual(
    [replaced.data.updateOrder.attributes, replaced.data.updateOrder.status],
    ['{"a":{"b":[1]}}', 'PAID'],
  );
  assert.equal((await update({ expectedVersion: 4 })).data.updateOrder.version, 5);
  await both.run('service', 'GetOrder', { id: 'order-1' });
});

test('a stale version fails with the current one, and changes nothing', async () => {
  const change = { id: 'order-1', expectedVersion: 7, note: 'lost' };
  const update = await both.run('service', 'UpdateOrder', { input: change });
  assert.deepEqual(update.errors[0].data, { id: 'order-1', version: 1 });
  const cancel = await both.run('service', 'CancelOrder', { id: 'order-1', expectedVersion: 7 });
  assert.deepEqual([cancel.errors[0].errorType, cancel.errors[0].data], [CONDITION, { id: 'order-1', version: 1 }]);
  assert.equal((await both.run('service', 'GetOrder', { id: 'order-1' })).data.getOrder.note, null);
});

test("somebody else's order fails like one that does not exist", async () => {
  await both.run('ada', 'CreateOrder', { input: input({ clientToken: 'hers' }) });
  for (const id of ['hers', 'order-1', 'order-3', 'order-404']) {
    const update = await both.run('bob', 'UpdateOrder', { input: { id, expectedVersion: 1, note: 'mine now' } });
    assert.deepEqual([update.errors[0].errorType, update.errors[0].data], [CONDITION, null]);
    const cancel = await both.run('bob', 'CancelOrder', { id, expectedVersion: 1 });
    assert.deepEqual([cancel.errors[0].errorType, cancel.errors[0].data], [CONDITION, null]);
  }
  const missing = await both.run('service', 'UpdateOrder', { input: { id: 'order-404', expectedVersion: 1 } });
  assert.deepEqual([missing.errors[0].errorType, missing.errors[0].data], [CONDITION, null]);
  assert.equal((await both.run('ada', 'GetOrder', { id: 'hers' })).data.getOrder.version, 1);
});

test('customers change and cancel their orders, but not the status', async () => {
  await both.run('ada', 'CreateOrder', { input: input({ clientToken: 'hers' }) });
  const change = { id: 'hers', expectedVersion: 1 };
  const refused = await both.run('ada', 'UpdateOrder', { input: { ...change, status: 'PAID' } });
  assert.deepEqual([refused.data, refused.errors[0].errorType], [null, 'Unauthorized']);
  const changed = await both.run('ada', 'UpdateOrder', { input: { ...change, note: 'ring twice' } });
  assert.equal(changed.data.updateOrder.version, 2);
  const stale = await both.run('ada', 'CancelOrder', { id: 'hers', expectedVersion: 1 });
  assert.deepEqual(stale.errors[0].data, { id: 'hers', version: 2 });
  const cancelled = await both.run('ada', 'CancelOrder', { id: 'hers', expectedVersion: 2, reason: 'too late' });
  assert.deepEqual(
    [cancelled.data.cancelOrder.status, cancelled.data.cancelOrder.cancellationReason],
    ['CANCELLED', 'too late'],
  );
});

test('a shipped order is not cancelled', async () => {
  const refused = await both.run('service', 'CancelOrder', { id: 'order-3', expectedVersion: 1, reason: 'x' });
  assert.deepEqual(
    [refused.errors[0].errorType, refused.errors[0].errorInfo],
    ['OrderNotCancellable', { status: 'SHIPPED' }],
  );
  const stale = await both.run('service', 'CancelOrder', { id: 'order-3', expectedVersion: 2 });
  assert.equal(stale.errors[0].errorType, CONDITION);
});

test('an order can be cancelled again, which forgets the reason', async () => {
  await both.run('service', 'CancelOrder', { id: 'order-1', expectedVersion: 1, reason: 'changed my mind' });
  const again = await both.run('service', 'CancelOrder', { id: 'order-1', expectedVersion: 2 });
  assert.deepEqual([again.data.cancelOrder.version, again.data.cancelOrder.cancellationReason], [3, null]);
});

test('pages hold what was read, and the filter comes after', async () => {
  for (const clientToken of ['1', '2']) await both.run('service', 'CreateOrder', { input: input({ clientToken }) });
  for (const clientToken of ['3', '4', '5']) await both.run('ada', 'CreateOrder', { input: input({ clientToken }) });
  const pages = async (caller, variables) =>
    (await both.pages(caller, variables)).map((page) => page.map((order) => order.id).join(' '));
  assert.deepEqual(await pages('service', { limit: 3 }), ['5 4 3', '2 1 order-3', 'order-2 order-1']);
  assert.deepEqual(await pages('ada', { limit: 2 }), ['5 4', '3']);
  const filter = { status: 'PAID', customerEmail: 'grace@example.com' };
  assert.deepEqual(await pages('service', { limit: 3, filter }), ['', '', 'order-2']);
  assert.deepEqual(await pages('service', { filter: { customerEmail: 'ada@example.com' } }), ['order-3 order-1']);
  assert.deepEqual(await pages('service', { filter: null, limit: 100 }), ['5 4 3 2 1 order-3 order-2 order-1']);
});

test('limits and tokens that are none are refused', async () => {
  for (const variables of [{ limit: 0 }, { limit: 101 }, { nextToken: 'invented' }]) {
    const answer = await both.run('ada', 'ListOrders', variables);
    assert.deepEqual([answer.data, answer.errors[0].errorType], [null, 'BadRequest']);
  }
});

test('only administrators purge, and hear how many orders are gone', async () => {
  const before = Math.floor(Date.now() / 1000) - 36 * 3600;
  for (const caller of ['service', 'ada']) {
    const refused = await both.run(caller, 'PurgeOrders', { before });
    assert.deepEqual([refused.data, refused.errors[0].errorType], [null, 'Unauthorized']);
  }
  assert.equal((await both.run('admin', 'PurgeOrders', { before })).data.purgeOrders, 2);
  assert.deepEqual(ids(await both.run('service', 'ListOrders', {})), ['order-3']);
  assert.equal((await both.run('admin', 'PurgeOrders', { before })).data.purgeOrders, 0);
});
