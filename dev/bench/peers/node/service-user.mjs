// Signing in as the service user, as one finds it in many projects.
import { createHmac } from "node:crypto";
import { AdminInitiateAuthCommand, CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";
import { GetParametersCommand, SSMClient } from "@aws-sdk/client-ssm";
import fragment from "../../../../graphql/fragments/OrderFields.graphql";
import query from "../../../../graphql/GetOrder.graphql";

const ssm = new SSMClient({});
const cognito = new CognitoIdentityProviderClient({});
const prefix = process.env.SERVICE_USER_PARAMETERS;

export async function signIn() {
  const names = ["credentials", "user-pool-id", "client-id", "client-secret"].map((name) => `${prefix}/${name}`);
  const { Parameters } = await ssm.send(new GetParametersCommand({ Names: names, WithDecryption: true }));
  const [credentials, userPoolId, clientId, clientSecret] = names.map(
    (name) => Parameters.find((parameter) => parameter.Name === name)?.Value,
  );
  const { username, password } = JSON.parse(credentials);
  const answer = await cognito.send(
    new AdminInitiateAuthCommand({
      AuthFlow: "ADMIN_USER_PASSWORD_AUTH",
      UserPoolId: userPoolId,
      ClientId: clientId,
      AuthParameters: {
        USERNAME: username,
        PASSWORD: password,
        SECRET_HASH: createHmac("sha256", clientSecret).update(username + clientId).digest("base64"),
      },
    }),
  );
  return answer.AuthenticationResult;
}

export async function getOrder(token, variables) {
  const response = await fetch(process.env.APPSYNC_URL, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: token },
    body: JSON.stringify({ query: query + fragment, operationName: "GetOrder", variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(errors[0].message);
  return { data };
}
