//! The options.

use std::path::PathBuf;
use std::time::Duration;
use std::{fs, io};

use lexopt::Arg;

use crate::{Builder, Service};

pub(super) const USAGE: &str = "\
local-cloud: a stand-in for Amazon Cognito, SSM Parameter Store, Secrets Manager and AWS AppSync on 127.0.0.1

  --port N                 default 8900; 0 takes a free port
  --env-file FILE          write the environment of the functions into this file, for `cargo lambda watch --env-file FILE`
  --schema FILE            the SDL to serve, instead of the program's own
  --latency NAME=TIME,...  answer later: cognito=150ms,ssm=20ms,appsync=15ms
  --token-lifetime TIME    access and ID tokens live this long: 3600s, 5m, 1h
  --user-pool URL          AppSync believes tokens of the user pool whose keys are at this address, and no others:
                           http://127.0.0.1:4566/eu-west-1_AbCdEf123/.well-known/jwks.json
  --help
";

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Arguments {
    port: u16,
    pub(super) env_file: Option<PathBuf>,
    schema: Option<PathBuf>,
    latencies: Vec<(Service, Duration)>,
    token_lifetime: Option<Duration>,
    user_pool: Option<String>,
}

impl Arguments {
    /// None when help is asked for.
    pub(super) fn parse(mut parser: lexopt::Parser) -> Result<Option<Self>, lexopt::Error> {
        use lexopt::ValueExt as _;
        let mut arguments = Self {
            port: 8900,
            env_file: None,
            schema: None,
            latencies: Vec::new(),
            token_lifetime: None,
            user_pool: None,
        };
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("port") => arguments.port = parser.value()?.parse()?,
                Arg::Long("env-file") => arguments.env_file = Some(parser.value()?.into()),
                Arg::Long("schema") => arguments.schema = Some(parser.value()?.into()),
                Arg::Long("latency") => arguments.latencies.extend(parser.value()?.parse_with(parse_latencies)?),
                Arg::Long("token-lifetime") => {
                    arguments.token_lifetime = Some(parser.value()?.parse_with(parse_duration)?);
                }
                Arg::Long("user-pool") => arguments.user_pool = Some(parser.value()?.parse()?),
                Arg::Short('h') | Arg::Long("help") => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(arguments))
    }

    pub(super) fn apply_to(self, mut builder: Builder) -> io::Result<Builder> {
        builder = builder.port(self.port);
        if let Some(file) = self.schema {
            let sdl = fs::read_to_string(&file).map_err(|error| {
                io::Error::new(error.kind(), format!("cannot read the schema {}: {error}", file.display()))
            })?;
            builder = builder.schema(sdl);
        }
        for (service, latency) in self.latencies {
            builder = builder.latency(service, latency);
        }
        if let Some(lifetime) = self.token_lifetime {
            builder = builder.token_lifetime(lifetime);
        }
        if let Some(jwks_url) = self.user_pool {
            builder = builder.user_pool(jwks_url);
        }
        Ok(builder)
    }
}

fn parse_latencies(text: &str) -> Result<Vec<(Service, Duration)>, String> {
    text.split(',')
        .map(|part| {
            let (name, latency) = part.split_once('=').ok_or_else(|| format!("{part:?} is not NAME=TIME"))?;
            let service = Service::ALL.into_iter().find(|service| service.name() == name);
            let service = service.ok_or_else(|| format!("there is no service {name:?}: cognito, ssm, appsync"))?;
            Ok((service, parse_duration(latency)?))
        })
        .collect()
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| format!("{text:?} is not a time such as 150ms or 30s"))?;
    match unit {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        "h" => Ok(Duration::from_secs(number.saturating_mul(3600))),
        _ => Err(format!("{text:?} needs a unit: ms, s, m or h")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Option<Arguments>, String> {
        Arguments::parse(lexopt::Parser::from_args(arguments)).map_err(|error| error.to_string())
    }

    #[test]
    fn every_option_is_understood() {
        let keys = "http://127.0.0.1:1/eu-west-1_A/.well-known/jwks.json";
        let given = [
            "--port",
            "0",
            "--env-file=.env",
            "--schema=my.graphql",
            "--latency",
            "cognito=150ms,ssm=2s",
            "--token-lifetime",
            "1h",
        ];
        let given = [&given[..], &["--user-pool", keys]].concat();
        let wanted = Arguments {
            port: 0,
            env_file: Some(".env".into()),
            schema: Some("my.graphql".into()),
            latencies: vec![(Service::Cognito, Duration::from_millis(150)), (Service::Ssm, Duration::from_secs(2))],
            token_lifetime: Some(Duration::from_secs(3600)),
            user_pool: Some(keys.to_owned()),
        };
        assert_eq!(parse(&given), Ok(Some(wanted)));
        assert_eq!(parse(&["--help"]), Ok(None));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (given, named) in [
            ("--latency=s3=1ms", "s3"),
            ("--latency=ssm", "NAME=TIME"),
            ("--token-lifetime=60", "unit"),
            ("--prt=1", "--prt"),
        ] {
            let problem = parse(&[given]).expect_err("not understood");
            assert!(problem.contains(named), "{problem}");
        }
    }
}
