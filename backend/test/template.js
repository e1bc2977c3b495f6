// The template of the backend: which resolver serves which field, with what code, and how its table is made.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const FILE = new URL('../template.yaml', import.meta.url);

// `!GetAtt Orders.Arn` and the like: only what names another resource matters here.
const TAGS = ['Ref', 'GetAtt', 'Sub', 'If', 'Equals', 'Select', 'Split'].flatMap((name) => [
  { tag: `!${name}`, resolve: (value) => value },
  { tag: `!${name}`, collection: 'seq', resolve: (value) => value.toJSON() },
]);

const { Resources: resources } = parse(readFileSync(FILE, 'utf8'), { customTags: TAGS });

/** The app clients of the user pool. */
export function clients() {
  const all = Object.values(resources).filter(({ Type }) => Type === 'AWS::Cognito::UserPoolClient');
  return all.map(({ Properties }) => Properties);
}

/** What DynamoDB's CreateTable takes. */
export function table(name) {
  const { AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, BillingMode } = resources.Orders.Properties;
  return { TableName: name, AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, BillingMode };
}

/**
 * The resolvers by `Type.field`: the code around the steps, if it is a pipeline, and the steps.
 */
export async function resolvers() {
  const found = new Map();
  for (const { Type, Properties } of Object.values(resources)) {
    if (Type !== 'AWS::AppSync::Resolver') continue;
    const field = `${Properties.TypeName}.${Properties.FieldName}`;
    if (Properties.Kind === 'PIPELINE') {
      const functions = Properties.PipelineConfig.Functions.map(resourceOf);
      found.set(field, { around: await code(Properties), steps: await Promise.all(functions.map(step)) });
    } else {
      found.set(field, { steps: [await step(Properties)] });
    }
  }
  return found;
}

async function step(properties) {
  return { source: resourceOf(properties.DataSourceName).Type, code: await code(properties) };
}

async function code(properties) {
  return import(fileURLToPath(new URL(properties.CodeS3Location, FILE)));
}

/** The properties of the resource that `!GetAtt Name.Attribute` names. */
function resourceOf(attribute) {
  return resources[attribute.split('.')[0]].Properties;
}
