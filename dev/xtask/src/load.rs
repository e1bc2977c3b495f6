//! `cargo xtask load`: one process of `http-api` that answers several invocations at once, as on Lambda Managed Instances.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs::File;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use hyper::Method;
use local_cloud::{LocalCloud, Service};
use runtime_api::{Stopwatch, millis, percentile};
use serde_json::{Value, json};

use crate::arguments;
use crate::cargo_lambda;
use crate::client::{Call, Client};
use crate::cloud;
use crate::environment;
use crate::functions;
use crate::process::ProcessTree;
use crate::project;
use crate::watch::Watch;

/// Runs it and prints what it was. An error when one request failed, or when a caller got what belongs to another.
pub(crate) async fn run(began: Stopwatch, options: arguments::Load) -> Result<()> {
    let (cargo_lambda, ()) = tokio::try_join!(cargo_lambda::find_or_install(began), functions::build(began))?;
    let cloud = cloud::start(began).await?;
    cloud.set_token_lifetime(TOKEN_LIFETIME);
    let (requests, in_flight) = (options.requests.get(), options.in_flight.get());
    let mut watch = Watch::without_functions(&cargo_lambda, &cloud)?;
    watch.ready().await?;
    began.say(format!("sending {requests} requests to one process of http-api"));
    let mut function = start_function(&cloud, watch.port())?;

    let load =
        Load { cloud: &cloud, port: watch.port(), requests, next: Cell::default(), customers: RefCell::default() };
    let all = Stopwatch::start();
    let workers = (0..in_flight).map(|_| load.work());
    let outcomes = tokio::select! {
        outcomes = futures_util::future::join_all(workers) => outcomes,
        status = function.wait() => bail!("the function ended ({}); .tools/load.log says why", status?),
        error = watch.failure() => return Err(error),
    };
    let took = all.elapsed();

    let mut durations = Vec::new();
    let mut failures = Vec::new();
    for outcome in outcomes {
        let Worked { durations: of_worker, failures: failed } = outcome?;
        durations.extend(of_worker);
        failures.extend(failed);
    }
    println!(
        "{} requests, {} in flight, {} invocations at once in one process, tokens that live {} s:",
        requests,
        in_flight,
        CONCURRENCY,
        TOKEN_LIFETIME.as_secs()
    );
    let count = |service| cloud.count(service);
    println!(
        "{} failures, {:.1} s, p50 {:.1} ms, p99 {:.1} ms, {} AppSync calls",
        failures.len(),
        took.as_secs_f64(),
        percentile(&durations, 50),
        percentile(&durations, 99),
        count(Service::AppSync),
    );
    // The credentials are read for each sign-in with the password, and for nothing else.
    let (sign_ins, renewals) = (count(Service::Ssm), count(Service::Cognito) - count(Service::Ssm));
    println!("{sign_ins} sign-in with the password, {renewals} renewals");
    ensure!(failures.is_empty(), "the first failures: {}", failures[..failures.len().min(3)].join("; "));
    ensure!(sign_ins == 1, "{sign_ins} sign-ins with the password instead of one");
    ensure!(renewals > 0 || took < TOKEN_LIFETIME, "the token ended, and none was renewed");
    let customers = load.customers.borrow().len();
    ensure!(customers == CUSTOMERS.len().min(requests / 2), "{customers} customers instead of {}", CUSTOMERS.len());
    Ok(())
}

/// What all workers share.
struct Load<'a> {
    cloud: &'a LocalCloud,
    port: u16,
    requests: usize,
    next: Cell<usize>,
    /// Whose orders each customer got, by the order's owner.
    customers: RefCell<BTreeMap<String, &'static str>>,
}

/// What one worker has done.
#[derive(Default)]
struct Worked {
    /// In milliseconds.
    durations: Vec<f64>,
    failures: Vec<String>,
}

impl Load<'_> {
    /// One request after the other, until there are none left.
    async fn work(&self) -> Result<Worked> {
        let mut client = Client::connect(self.port).await?;
        let mut worked = Worked::default();
        while self.next.get() < self.requests {
            let number = self.next.replace(self.next.get() + 1);
            let call = Stopwatch::start();
            let outcome = self.request(number, &mut client).await;
            worked.durations.push(millis(call.elapsed()));
            worked.failures.extend(outcome.err().map(|error| format!("request {number}: {error:#}")));
        }
        Ok(worked)
    }

    /// Every second request is the service's, the others a customer's own.
    async fn request(&self, number: usize, client: &mut Client) -> Result<()> {
        if number.is_multiple_of(2) {
            let token = self.cloud.member_token("grace", "order-staff");
            let order = answer(client, &invocation("GET", "/orders/order-1", None, &token), 200).await?;
            ensure!(order["id"] == "order-1", "another order: {order}");
            return Ok(());
        }
        let customer = CUSTOMERS[number / 2 % CUSTOMERS.len()];
        let token = self.cloud.customer_token(customer);
        let line = json!({"sku": "LOAD-1", "quantity": 1, "unitPrice": {"currency": "EUR", "minorUnits": 100}});
        let body = json!({"customerEmail": format!("{customer}@example.com"), "lines": [line]});
        let order = answer(client, &invocation("POST", "/me/orders", Some(body), &token), 201).await?;
        let owner = order["owner"].as_str().unwrap_or_default().to_owned();
        let known = *self.customers.borrow_mut().entry(owner).or_insert(customer);
        ensure!(known == customer, "an order of {known} for {customer}");
        Ok(())
    }
}

/// The order in an answer with this status.
async fn answer(client: &mut Client, call: &Call, status: u16) -> Result<Value> {
    let answer = client.send(call, LIMIT).await?;
    ensure!(answer["statusCode"] == status, "not {status}: {answer}");
    Ok(serde_json::from_str(answer["body"].as_str().unwrap_or_default())?)
}

/// An invocation of the function, with the event that the gateway would make of a request.
fn invocation(method: &str, path: &str, body: Option<Value>, token: &str) -> Call {
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"authorization": token, "content-type": "application/json", "host": "localhost"},
        "requestContext": {
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "load"},
            "requestId": "load",
            "stage": "$default",
            "timeEpoch": 0,
        },
        "body": body.map(|body| body.to_string()),
        "isBase64Encoded": false,
    });
    let path = "/2015-03-31/functions/http-api/invocations".to_owned();
    Call { method: Method::POST, path, headers: Vec::new(), body: Some(event) }
}

/// The function, which asks the emulated service for several events at a time.
fn start_function(cloud: &LocalCloud, port: u16) -> Result<ProcessTree> {
    let log = project::tools().join("load.log");
    let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = Command::new(functions::program("http-api")?);
    environment::for_functions(&mut command, cloud, true);
    command.env("AWS_LAMBDA_FUNCTION_NAME", "http-api").env("AWS_LAMBDA_FUNCTION_VERSION", "1");
    command.env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256").env("AWS_LAMBDA_MAX_CONCURRENCY", CONCURRENCY.to_string());
    command.env("AWS_LAMBDA_RUNTIME_API", format!("http://127.0.0.1:{port}/.rt/http-api"));
    ProcessTree::spawn(command.stdout(file.try_clone()?).stderr(file))
}

const CUSTOMERS: [&str; 4] = ["ada", "bob", "eve", "dan"];
const CONCURRENCY: usize = 8;
const TOKEN_LIFETIME: Duration = Duration::from_secs(3);
const LIMIT: Duration = Duration::from_secs(30);
