import { runtime, util } from '@aws-appsync/utils';

/** @param {UserContext} ctx */
export function request(ctx) {
  const ids = ctx.prev.result;
  if (ids.length === 0) runtime.earlyReturn(0);
  return {
    operation: 'TransactWriteItems',
    transactItems: ids.map((id) => ({
      table: ctx.env.ORDERS_TABLE,
      operation: 'DeleteItem',
      key: util.dynamodb.toMapValues({ id }),
    })),
  };
}

/** @param {UserContext} ctx */
export function response(ctx) {
  const { error, prev } = ctx;
  if (error) util.error(error.message, error.type);
  return prev.result.length;
}
