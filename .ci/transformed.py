"""What SAM makes of template.yaml when it deploys gradually, which `sam validate` does not look at, goes to standard output.

Whatever calls a function must call its alias. With `--managed`, the functions have what docs/managed-instances.md adds to
them. Run it with the Python of SAM's environment.
"""

import json
import pathlib
import re
import sys

import boto3
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

PARAMETERS = {
    "AppSyncUrl": "https://example.com/graphql",
    "UserPoolId": "eu-west-1_a",
    "HttpApiClientIds": "a",
    "ServiceClientId": "a",
    "AlarmTopicArn": "none",
    "GradualDeployment": "true",
}

with open("template.yaml") as file:
    template = yaml_parse(file.read())
template["Globals"]["Function"]["CodeUri"] = "s3://bucket/key"
if "--managed" in sys.argv:
    [added] = re.findall("```yaml\n(.*?)```", pathlib.Path("docs/managed-instances.md").read_text(), re.DOTALL)
    for function in ["Query", "Mutate", "HttpApiFunction"]:
        template["Resources"][function]["Properties"].update(yaml_parse(added))
translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="eu-west-1"))
template = translator.translate(template, PARAMETERS)
resources = template["Resources"]


def properties(kind):
    return [one["Properties"] for one in resources.values() if one["Type"] == kind]


paths = properties("AWS::ApiGatewayV2::Api")[0]["Body"]["paths"].values()
operations = [operation for path in paths for operation in path.values()]
called = [
    *[one["x-amazon-apigateway-integration"]["uri"] for one in operations if "x-amazon-apigateway-integration" in one],
    *[one["FunctionName"] for kind in ["Permission", "EventSourceMapping"] for one in properties("AWS::Lambda::" + kind)],
    *[target["Arn"] for rule in properties("AWS::Events::Rule") for target in rule["Targets"]],
    *[one["ServiceToken"] for one in properties("Custom::ServiceUser")],
]
bypass = [name for name in map(json.dumps, called) if "Aliaslive" not in name]
if bypass or not called:
    sys.exit(f"not called through their alias: {bypass}")
groups = sorted(name for name, one in resources.items() if one["Type"] == "AWS::CodeDeploy::DeploymentGroup")
expected = ["HttpApiFunctionDeploymentGroup", "MutateDeploymentGroup", "QueryDeploymentGroup"]
if groups != expected:
    sys.exit(f"deployed gradually: {groups}, but expected {expected}")
json.dump(template, sys.stdout, indent=1)
