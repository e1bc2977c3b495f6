import { util } from '@aws-appsync/utils';

/** @param {UserContext} ctx */
export function request(ctx) {
  const before = util.time.epochMilliSecondsToISO8601(ctx.args.before * 1000);
  return {
    operation: 'Query',
    index: 'newest',
    query: {
      expression: '#kind = :kind AND #createdAt < :before',
      expressionNames: { '#kind': 'kind', '#createdAt': 'createdAt' },
      expressionValues: util.dynamodb.toMapValues({ ':kind': 'Order', ':before': before }),
    },
    scanIndexForward: true,
    limit: 100, // what one transaction can hold
  };
}

/** @param {UserContext} ctx */
export function response(ctx) {
  const { error, result } = ctx;
  if (error) util.error(error.message, error.type);
  return result.items.map((order) => order.id);
}
