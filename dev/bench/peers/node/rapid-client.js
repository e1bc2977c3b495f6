// Stands in for the native part of aws-lambda-ric, which is a C++ HTTP client and needs CMake and Autotools to build:
// the same four calls, over Node's own HTTP client and one kept connection.
"use strict";
const http = require("node:http");

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function call(method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port, agent, method, path: `/2018-06-01/runtime/${path}`, headers }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ bodyJson: Buffer.concat(chunks).toString(), headers: response.headers }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

const json = { "content-type": "application/json" };

module.exports = {
  initializeClient() {},
  next: () => call("GET", "invocation/next"),
  done: (id, body) => void call("POST", `invocation/${id}/response`, json, body),
  error: (id, body, xray) =>
    void call("POST", `invocation/${id}/error`, { ...json, "lambda-runtime-function-xray-error-cause": xray }, body),
};
