import { extensions, util } from '@aws-appsync/utils';

/** Changes of all orders for a service, of their own for a customer. */
export function request() {
  return { payload: null };
}

/**
 * AppSync compares with what the mutation selected: a change is told to a customer only if the mutation asks for
 * `owner`, and to a subscriber of one order only if it asks for `id`.
 * @param {UserContext} ctx
 */
export function response(ctx) {
  const { args, identity } = ctx;
  const filter = {};
  if (!isServiceCaller(identity)) filter.owner = { eq: identity.sub };
  if (args.id) filter.id = { eq: args.id };
  if (filter.owner || filter.id) {
    extensions.setSubscriptionFilter(util.transform.toSubscriptionFilter(filter));
  }
  return null;
}

/**
 * A role has an ARN, a machine a scope, and a service user a group.
 * @param {Caller} caller
 */
function isServiceCaller(caller) {
  const scopes = (caller.claims?.scope ?? '').split(' ');
  return !!caller.userArn || scopes.includes('orders/service') || (caller.groups ?? []).includes('order-services');
}
