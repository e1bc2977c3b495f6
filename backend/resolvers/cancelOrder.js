import { util } from '@aws-appsync/utils';

/**
 * Cancels an order that has not been shipped, if the version is still the expected one.
 * @param {UserContext} ctx
 */
export function request(ctx) {
  const { id, expectedVersion } = ctx.args;
  const reason = ctx.args.reason ?? null;
  const isService = isServiceCaller(ctx.identity);
  const condition = {
    expression: 'attribute_exists(id) AND #version = :expected AND #status <> :shipped',
    expressionNames: { '#version': 'version', '#status': 'status' },
    expressionValues: util.dynamodb.toMapValues({ ':expected': expectedVersion, ':shipped': 'SHIPPED' }),
  };
  if (!isService) {
    condition.expression += ' AND #owner = :caller';
    condition.expressionNames['#owner'] = 'owner';
    condition.expressionValues[':caller'] = util.dynamodb.toDynamoDB(ctx.identity.sub);
  }
  const set = 'SET #version = :next, #updatedAt = :now, #status = :cancelled';
  const values = { ':next': expectedVersion + 1, ':now': util.time.nowISO8601(), ':cancelled': 'CANCELLED' };
  if (reason !== null) values[':reason'] = reason;
  return {
    operation: 'UpdateItem',
    key: util.dynamodb.toMapValues({ id }),
    update: {
      expression: reason !== null ? `${set}, #reason = :reason` : `${set} REMOVE #reason`,
      expressionNames: {
        '#version': 'version',
        '#updatedAt': 'updatedAt',
        '#status': 'status',
        '#reason': 'cancellationReason',
      },
      expressionValues: util.dynamodb.toMapValues(values),
    },
    condition,
  };
}

/** @param {UserContext} ctx */
export function response(ctx) {
  const { args, error, identity, result } = ctx;
  if (error) {
    // After a failed condition, `result` is the order as it is.
    const isService = isServiceCaller(identity);
    const isTheirs = result && (isService || result.owner === identity.sub);
    if (isTheirs && result.version === args.expectedVersion && result.status === 'SHIPPED') {
      util.error(`Order ${args.id} has been shipped`, 'OrderNotCancellable', null, { status: result.status });
    }
    util.error(error.message, error.type, isTheirs ? { id: result.id, version: result.version } : null);
  }
  return result;
}

/**
 * A role has an ARN, a machine a scope, and a service user a group.
 * @param {Caller} caller
 */
function isServiceCaller(caller) {
  const scopes = (caller.claims?.scope ?? '').split(' ');
  return !!caller.userArn || scopes.includes('orders/service') || (caller.groups ?? []).includes('order-services');
}
