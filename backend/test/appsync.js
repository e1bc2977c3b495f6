// Executes GraphQL operations as AppSync does: the schema's directives, then the resolvers that the template names. The
// APPSYNC_JS runtime itself runs nowhere but in AWS; Node runs the same code here, and eslint sees to it that the code
// uses nothing more than APPSYNC_JS knows.

import { execute, getDirectiveValues, GraphQLError, parse, validate, buildSchema } from 'graphql';
import { readFileSync } from 'node:fs';
import { EarlyReturn, Failure, Unauthorized } from './runtime.js';
import { resolvers } from './template.js';

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The API of the template, in front of a table. */
export class AppSync {
  static async over(table) {
    const appsync = new AppSync();
    appsync.table = table;
    appsync.resolvers = await resolvers();
    appsync.schema = buildSchema(`${read('crates/appsync-codegen/src/prelude.graphql')}\n${read('schema.graphql')}`);
    // AWSJSON is text outside and a value inside.
    const json = appsync.schema.getType('AWSJSON');
    Object.assign(json, { serialize: JSON.stringify, parseValue: JSON.parse });
    for (const type of Object.values(appsync.schema.getTypeMap())) {
      if (type.name.startsWith('__') || !('getFields' in type)) continue;
      for (const field of Object.values(type.getFields())) {
        const resolver = appsync.resolvers.get(`${type.name}.${field.name}`);
        field.resolve = (...call) => appsync.#resolve(resolver, field, call);
      }
    }
    return appsync;
  }

  /** Answers one operation of a caller with these claims. */
  async graphql(claims, query, variables) {
    const document = parse(query);
    const invalid = validate(this.schema, document);
    if (invalid.length > 0) return { data: null, errors: invalid };
    const identity = { sub: claims.sub, username: claims.username, groups: claims['cognito:groups'] ?? null, claims };
    const answer = await execute({ schema: this.schema, document, variableValues: variables, contextValue: identity });
    const errors = answer.errors?.map(render);
    return JSON.parse(JSON.stringify(errors ? { data: answer.data, errors } : { data: answer.data }));
  }

  async #resolve(resolver, field, [source, args, identity, info]) {
    const refused = () =>
      new Failure(`Not Authorized to access ${info.fieldName} on type ${info.parentType}`, 'Unauthorized');
    try {
      const groups = getDirectiveValues(
        this.schema.getDirective('aws_cognito_user_pools'),
        field.astNode,
      )?.cognito_groups;
      if (groups && !groups.some((group) => identity.groups?.includes(group))) throw refused();
      if (!resolver) return source?.[info.fieldName];
      const env = { ORDERS_TABLE: this.table.name };
      return await this.#run(resolver, { args, arguments: args, identity, source, env, stash: {}, prev: null });
    } catch (error) {
      const failure = error instanceof Unauthorized ? refused() : error;
      if (!(failure instanceof Failure)) throw failure;
      const { type: errorType, data, info: errorInfo } = failure;
      const extensions = { errorType, errorInfo, data: selected(data, info) };
      throw new GraphQLError(failure.message, { extensions });
    }
  }

  async #run({ around, steps }, ctx) {
    around?.request(ctx);
    for (const { source, code } of steps) {
      try {
        const request = code.request(ctx);
        const none = { result: request.payload, error: null };
        const { result, error } = source === 'NONE' ? none : await this.table.execute(request);
        ctx.prev = { result: code.response({ ...ctx, result, error }) };
      } catch (error) {
        if (!(error instanceof EarlyReturn)) throw error;
        ctx.prev = { result: error.value };
      }
    }
    return around ? around.response(ctx) : ctx.prev.result;
  }
}

/** AppSync leaves of an error's data what the operation selected of the field. */
function selected(data, info) {
  if (data === null || typeof data !== 'object') return data;
  const names = new Set();
  const collect = (selections) => {
    for (const selection of selections ?? []) {
      if (selection.kind === 'Field') names.add(selection.name.value);
      else collect((selection.selectionSet ?? info.fragments[selection.name.value].selectionSet).selections);
    }
  };
  collect(info.fieldNodes[0].selectionSet?.selections);
  return Object.fromEntries(Object.entries(data).filter(([name]) => names.has(name)));
}

function render(error) {
  if (error.originalError && !error.extensions.errorType && !(error.originalError instanceof GraphQLError)) throw error;
  const { data = null, errorType = null, errorInfo = null } = error.extensions;
  const locations = error.locations?.map((location) => ({ ...location, sourceName: null }));
  return { path: error.path, data, errorType, errorInfo, locations, message: error.message };
}
