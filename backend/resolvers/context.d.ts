import type { AppSyncIdentityCognito, AppSyncIdentityIAM, Context } from '@aws-appsync/utils';

declare global {
  /** A user or a client of the user pool, or a role that IAM lets in: the API takes nobody else. */
  type Caller = Partial<AppSyncIdentityCognito> & Partial<AppSyncIdentityIAM>;
  /** What a resolver gets. */
  type UserContext = Context & { identity: Caller };
}
