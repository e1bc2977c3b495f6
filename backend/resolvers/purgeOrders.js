import { util } from '@aws-appsync/utils';

/**
 * Removes up to a hundred orders, the oldest first, and says how many there were: zero when none is left.
 * `findOrdersCreatedBefore` and `removeOrders` do it. The schema's directive lets only administrators in, and so does this.
 * @param {UserContext} ctx
 */
export function request(ctx) {
  if (!(ctx.identity?.groups ?? []).includes('order-admins')) util.unauthorized();
  return {};
}

/** @param {UserContext} ctx */
export function response(ctx) {
  return ctx.prev.result;
}
