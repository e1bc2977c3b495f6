import { util } from '@aws-appsync/utils';

/**
 * One order. Somebody else's is none, to a customer.
 * @param {UserContext} ctx
 */
export function request(ctx) {
  return { operation: 'GetItem', key: util.dynamodb.toMapValues({ id: ctx.args.id }), consistentRead: true };
}

/** @param {UserContext} ctx */
export function response(ctx) {
  const { error, identity, result } = ctx;
  if (error) util.error(error.message, error.type);
  const isService = isServiceCaller(identity);
  return isService || result?.owner === identity.sub ? result : null;
}

/**
 * A role has an ARN, a machine a scope, and a service user a group.
 * @param {Caller} caller
 */
function isServiceCaller(caller) {
  const scopes = (caller.claims?.scope ?? '').split(' ');
  return !!caller.userArn || scopes.includes('orders/service') || (caller.groups ?? []).includes('order-services');
}
