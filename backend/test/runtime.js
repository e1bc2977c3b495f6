// What APPSYNC_JS offers to resolvers, as far as those of this folder use it. The package `@aws-appsync/utils` has the
// types and empty objects, which are filled in here. What is missing fails as loudly as it would when deployed.

import { extensions, runtime, util } from '@aws-appsync/utils';
import { marshall } from '@aws-sdk/util-dynamodb';
import { randomUUID } from 'node:crypto';

/** Ends the resolver, and the field, with an error. */
export class Failure extends Error {
  constructor(message, type = null, data = null, info = null) {
    super(message);
    Object.assign(this, { type, data, info });
  }
}

/** Ends the resolver as `Not Authorized to access ...`. */
export class Unauthorized extends Error {}

/** Ends a pipeline's function before its data source is asked. */
export class EarlyReturn extends Error {
  constructor(value) {
    super('returned early');
    this.value = value;
  }
}

/** The subscription filters that were set, oldest first. */
export const subscriptionFilters = [];

const toDynamoDB = (value) => marshall({ value }, { removeUndefinedValues: true }).value;

Object.assign(util, {
  autoId: randomUUID,
  error(message, ...rest) {
    throw new Failure(message, ...rest);
  },
  unauthorized() {
    throw new Unauthorized();
  },
  time: {
    nowISO8601: () => new Date().toISOString(),
    nowEpochSeconds: () => Math.floor(Date.now() / 1000),
    epochMilliSecondsToISO8601: (millis) => new Date(millis).toISOString(),
  },
  dynamodb: {
    toDynamoDB,
    toMapValues: (values) =>
      Object.fromEntries(Object.entries(values).map(([name, value]) => [name, toDynamoDB(value)])),
  },
  transform: {
    toSubscriptionFilter: (filter) => {
      const filters = Object.entries(filter).flatMap(([fieldName, conditions]) =>
        Object.entries(conditions).map(([operator, value]) => ({ fieldName, operator, value })),
      );
      return JSON.stringify({ filterGroup: [{ filters }] });
    },
  },
});

Object.assign(extensions, {
  setSubscriptionFilter: (filter) => subscriptionFilters.push(JSON.parse(filter)),
});

Object.assign(runtime, {
  earlyReturn(value) {
    throw new EarlyReturn(value);
  },
});
