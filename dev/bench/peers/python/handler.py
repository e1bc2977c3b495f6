"""The function as one writes it for Python, for comparison: see docs/performance.md."""

import base64
import hashlib
import hmac
import json
import os
import time
from pathlib import Path

import boto3
import httpx
from aws_lambda_powertools.utilities import parameters

GRAPHQL = Path(__file__).parents[4] / "graphql"
QUERY = (GRAPHQL / "GetOrder.graphql").read_text() + (GRAPHQL / "fragments/OrderFields.graphql").read_text()

cognito = boto3.client("cognito-idp")
http = httpx.Client()
_token = None
_expires = 0.0


def sign_in():
    prefix = os.environ["SERVICE_USER_PARAMETERS"]
    names = [f"{prefix}/{name}" for name in ("credentials", "user-pool-id", "client-id", "client-secret")]
    values = parameters.get_parameters_by_name({name: {} for name in names}, decrypt=True)
    credentials, user_pool_id, client_id, client_secret = (values[name] for name in names)
    user = json.loads(credentials)
    message = (user["username"] + client_id).encode()
    secret_hash = base64.b64encode(hmac.digest(client_secret.encode(), message, hashlib.sha256)).decode()
    return cognito.admin_initiate_auth(
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        UserPoolId=user_pool_id,
        ClientId=client_id,
        AuthParameters={"USERNAME": user["username"], "PASSWORD": user["password"], "SECRET_HASH": secret_hash},
    )["AuthenticationResult"]


def token():
    global _token, _expires
    if time.time() >= _expires:
        result = sign_in()
        _token = result["AccessToken"]
        _expires = time.time() + result["ExpiresIn"] * 0.9
    return _token


def handler(event, _context):
    body = {"query": QUERY, "operationName": "GetOrder", "variables": event["variables"]}
    answer = http.post(os.environ["APPSYNC_URL"], json=body, headers={"authorization": token()}).json()
    if answer.get("errors"):
        raise RuntimeError(answer["errors"][0]["message"])
    return {"data": answer["data"]}
