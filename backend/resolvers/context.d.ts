import type { AppSyncIdentityCognito, Context } from '@aws-appsync/utils';

declare global {
  /** What a resolver gets: the API takes nobody but users of its pool. */
  type UserContext = Context & { identity: AppSyncIdentityCognito };
}
