import { util } from '@aws-appsync/utils';

/**
 * All orders for a service, their own for a customer, newest first. `limit` counts what is read, before the filter.
 * @param {UserContext} ctx
 */
export function request(ctx) {
  const limit = ctx.args.limit ?? 20;
  if (limit < 1 || limit > 100) util.error('limit must be between 1 and 100', 'BadRequest');
  const isService = isServiceCaller(ctx.identity);
  return {
    operation: 'Query',
    index: isService ? 'newest' : 'newest-of-owner',
    query: {
      expression: '#key = :key',
      expressionNames: { '#key': isService ? 'kind' : 'owner' },
      expressionValues: util.dynamodb.toMapValues({ ':key': isService ? 'Order' : ctx.identity.sub }),
    },
    filter: filter(ctx.args.filter ?? {}),
    scanIndexForward: false,
    limit,
    nextToken: ctx.args.nextToken,
  };
}

/** @param {UserContext} ctx */
export function response(ctx) {
  const { error, result } = ctx;
  if (error && error.message.includes('Invalid pagination token given')) {
    util.error('Invalid pagination token given.', 'BadRequest');
  }
  if (error) util.error(error.message, error.type);
  return { items: result.items, nextToken: result.nextToken };
}

/** @param {{ status?: string, customerEmail?: string }} wanted */
function filter({ status, customerEmail }) {
  const expressions = [];
  const names = {};
  const values = {};
  if (status) {
    expressions.push('#status = :status');
    names['#status'] = 'status';
    values[':status'] = status;
  }
  if (customerEmail) {
    expressions.push('#customerEmail = :customerEmail');
    names['#customerEmail'] = 'customerEmail';
    values[':customerEmail'] = customerEmail;
  }
  if (expressions.length === 0) return null;
  return {
    expression: expressions.join(' AND '),
    expressionNames: names,
    expressionValues: util.dynamodb.toMapValues(values),
  };
}

/**
 * A role has an ARN, a machine a scope, and a service user a group.
 * @param {Caller} caller
 */
function isServiceCaller(caller) {
  const scopes = (caller.claims?.scope ?? '').split(' ');
  return !!caller.userArn || scopes.includes('orders/service') || (caller.groups ?? []).includes('order-services');
}
