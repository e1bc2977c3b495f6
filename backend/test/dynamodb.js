// AppSync's DynamoDB data source: turns a resolver's request into one of DynamoDB and its answer into `result` or `error`.
// https://docs.aws.amazon.com/appsync/latest/devguide/js-resolver-reference-dynamodb.html

import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { table } from './template.js';

/** The table of the template, on a DynamoDB of its own. */
export class OrdersTable {
  constructor(endpoint, name) {
    this.name = name;
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    this.client = new DynamoDBClient({ endpoint, region: 'eu-west-1', credentials });
  }

  async create() {
    await this.client.send(new CreateTableCommand(table(this.name)));
  }

  /** Puts an order there, as a resolver would. */
  async put(order) {
    await this.client.send(new PutItemCommand({ TableName: this.name, Item: marshall({ kind: 'Order', ...order }) }));
  }

  async execute(request) {
    try {
      return { result: await this.#operation(request), error: null };
    } catch (error) {
      if (!error.$metadata) throw error;
      const { httpStatusCode, requestId } = error.$metadata;
      const service = `Service: DynamoDb, Status Code: ${httpStatusCode}, Request ID: ${requestId}`;
      const type = `DynamoDB:${error.name}`;
      const failed = error.name === 'ConditionalCheckFailedException';
      // After a failed condition AppSync reads the item, consistently, and hands it over beside the error.
      const result = failed ? await this.#get(request.key, true) : null;
      return { result, error: { message: `${error.message} (${service})`, type } };
    }
  }

  async #operation(request) {
    switch (request.operation) {
      case 'GetItem':
        return this.#get(request.key, request.consistentRead);
      case 'PutItem': {
        const Item = { ...request.attributeValues, ...request.key };
        await this.client.send(new PutItemCommand({ ...this.#conditional(request), Item }));
        return unmarshall(Item);
      }
      case 'UpdateItem': {
        const { key: Key, update } = request;
        const input = { ...this.#conditional(request), Key, UpdateExpression: update.expression };
        input.ExpressionAttributeNames = { ...input.ExpressionAttributeNames, ...update.expressionNames };
        input.ExpressionAttributeValues = { ...input.ExpressionAttributeValues, ...update.expressionValues };
        const answer = await this.client.send(new UpdateItemCommand({ ...input, ReturnValues: 'ALL_NEW' }));
        return unmarshall(answer.Attributes);
      }
      case 'Query':
        return this.#query(request);
      case 'TransactWriteItems': {
        const TransactItems = request.transactItems.map((item) => {
          if (item.operation !== 'DeleteItem') throw new Error(`no ${item.operation} in transactions here`);
          return { Delete: { TableName: item.table, Key: item.key } };
        });
        await this.client.send(new TransactWriteItemsCommand({ TransactItems }));
        return { keys: request.transactItems.map((item) => unmarshall(item.key)) };
      }
      default:
        throw new Error(`the DynamoDB data source knows no ${request.operation} here`);
    }
  }

  async #get(Key, ConsistentRead) {
    const answer = await this.client.send(new GetItemCommand({ TableName: this.name, Key, ConsistentRead }));
    return answer.Item ? unmarshall(answer.Item) : null;
  }

  async #query({ index, query, filter, scanIndexForward, limit, nextToken }) {
    const names = { ...query.expressionNames, ...filter?.expressionNames };
    const values = { ...query.expressionValues, ...filter?.expressionValues };
    let start;
    try {
      start = nextToken ? JSON.parse(Buffer.from(nextToken, 'base64url').toString()) : undefined;
    } catch {
      // As AppSync words it, for a token that it did not make.
      const exception = 'com.amazonaws.deepdish.common.pagination.InvalidPaginationTokenException';
      const error = new Error(`${exception}: Invalid pagination token given.`);
      throw Object.assign(error, { name: 'UserIllegalArgumentException', $metadata: { httpStatusCode: 400 } });
    }
    const answer = await this.client.send(
      new QueryCommand({
        TableName: this.name,
        IndexName: index,
        KeyConditionExpression: query.expression,
        FilterExpression: filter?.expression,
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: values,
        ScanIndexForward: scanIndexForward,
        Limit: limit,
        ExclusiveStartKey: start,
      }),
    );
    const last = answer.LastEvaluatedKey;
    return {
      items: (answer.Items ?? []).map((item) => unmarshall(item)),
      nextToken: last ? Buffer.from(JSON.stringify(last)).toString('base64url') : null,
      scannedCount: answer.ScannedCount,
    };
  }

  /** @returns {any} */
  #conditional({ condition }) {
    return {
      TableName: this.name,
      ConditionExpression: condition?.expression,
      ExpressionAttributeNames: condition?.expressionNames,
      ExpressionAttributeValues: condition?.expressionValues,
    };
  }
}
