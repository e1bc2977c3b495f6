import { util } from '@aws-appsync/utils';

const DAYS_KEPT = 90;
// GraphQL's Int has 32 bits.
const LARGEST_TOTAL = 2147483647;

/**
 * A new order, once per client token.
 * @param {UserContext} ctx
 */
export function request(ctx) {
  const { clientToken, customerEmail, lines, card, note, attributes } = ctx.args.input;
  // An order whose total cannot be computed must not come into being.
  check(lines);
  const now = util.time.nowISO8601();
  const order = {
    kind: 'Order',
    version: 1,
    status: 'PLACED',
    customerEmail,
    lines,
    createdAt: now,
    updatedAt: now,
    expiresAt: util.time.nowEpochSeconds() + DAYS_KEPT * 24 * 3600,
  };
  const isService = isServiceCaller(ctx.identity);
  if (!isService) order.owner = ctx.identity.sub;
  if (card) order.payment = { __typename: 'CardPayment', brand: card.brand, lastFour: card.lastFour };
  if ((note ?? null) !== null) order.note = note;
  if ((attributes ?? null) !== null) order.attributes = attributes;
  return {
    operation: 'PutItem',
    key: util.dynamodb.toMapValues({ id: clientToken ?? util.autoId() }),
    attributeValues: util.dynamodb.toMapValues(order),
    condition: { expression: 'attribute_not_exists(id)' },
  };
}

/** @param {UserContext} ctx */
export function response(ctx) {
  const { error, identity, result } = ctx;
  if (error && error.type !== 'DynamoDB:ConditionalCheckFailedException') util.error(error.message, error.type);
  if (error) {
    // The client token was used before: `result` is the order of that time.
    const isService = isServiceCaller(identity);
    const isTheirs = isService ? !result?.owner : result?.owner === identity.sub;
    if (!isTheirs) util.unauthorized();
  }
  return result;
}

/** @param {{ quantity: number, unitPrice: { currency: string, minorUnits: number } }[]} lines */
function check(lines) {
  if (lines.length === 0) util.error('An order needs at least one line', 'InvalidOrder');
  let total = 0;
  for (const { quantity, unitPrice } of lines) {
    if (quantity < 1) util.error('quantity must be at least 1', 'InvalidOrder');
    if (unitPrice.minorUnits < 0) util.error('unitPrice must not be negative', 'InvalidOrder');
    if (unitPrice.currency !== lines[0].unitPrice.currency) {
      util.error('All lines of an order must be in the same currency', 'InvalidOrder');
    }
    total += quantity * unitPrice.minorUnits;
  }
  if (total > LARGEST_TOTAL) util.error('The total is too large', 'InvalidOrder');
}

/**
 * A role has an ARN, a machine a scope, and a service user a group.
 * @param {Caller} caller
 */
function isServiceCaller(caller) {
  const scopes = (caller.claims?.scope ?? '').split(' ');
  return !!caller.userArn || scopes.includes('orders/service') || (caller.groups ?? []).includes('order-services');
}
