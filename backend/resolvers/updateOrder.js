import { util } from '@aws-appsync/utils';

/**
 * Changes what the input names, if the version is still the expected one. A null removes `note` and `attributes`.
 * @param {UserContext} ctx
 */
export function request(ctx) {
  const { id, expectedVersion, status, note, attributes } = ctx.args.input;
  const isService = isServiceCaller(ctx.identity);
  if (status && !isService) util.unauthorized();

  const set = ['#version = :next', '#updatedAt = :now'];
  const remove = [];
  const names = { '#version': 'version', '#updatedAt': 'updatedAt' };
  const values = { ':next': expectedVersion + 1, ':now': util.time.nowISO8601() };
  if (status) {
    set.push('#status = :status');
    names['#status'] = 'status';
    values[':status'] = status;
  }
  if (note !== undefined) {
    names['#note'] = 'note';
    if (note === null) remove.push('#note');
    else {
      set.push('#note = :note');
      values[':note'] = note;
    }
  }
  if (attributes !== undefined) {
    names['#attributes'] = 'attributes';
    if (attributes === null) remove.push('#attributes');
    else {
      set.push('#attributes = :attributes');
      values[':attributes'] = attributes;
    }
  }

  const condition = {
    expression: 'attribute_exists(id) AND #version = :expected',
    expressionNames: { '#version': 'version' },
    expressionValues: util.dynamodb.toMapValues({ ':expected': expectedVersion }),
  };
  if (!isService) {
    condition.expression += ' AND #owner = :caller';
    condition.expressionNames['#owner'] = 'owner';
    condition.expressionValues[':caller'] = util.dynamodb.toDynamoDB(ctx.identity.sub);
  }
  return {
    operation: 'UpdateItem',
    key: util.dynamodb.toMapValues({ id }),
    update: {
      expression: `SET ${set.join(', ')}${remove.length > 0 ? ` REMOVE ${remove.join(', ')}` : ''}`,
      expressionNames: names,
      expressionValues: util.dynamodb.toMapValues(values),
    },
    condition,
  };
}

/** @param {UserContext} ctx */
export function response(ctx) {
  const { error, identity, result } = ctx;
  if (error) {
    // After a failed condition, `result` is the order as it is: its version tells what the caller missed.
    const isService = isServiceCaller(identity);
    const isTheirs = result && (isService || result.owner === identity.sub);
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
