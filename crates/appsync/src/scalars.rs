//! AppSync's own scalars, to which generated code refers by name.
//!
//! <https://docs.aws.amazon.com/appsync/latest/devguide/scalars.html>

/// A unique identifier; a number is sent as a string.
pub type ID = String;
/// A date such as `2026-11-23`, with an optional offset.
pub type AWSDate = String;
/// A time such as `12:30:45.500`, with an optional offset.
pub type AWSTime = String;
/// A date and time such as `2026-11-23T12:30:45.500Z`; the offset is required.
pub type AWSDateTime = String;
/// Seconds since 1970-01-01T00:00Z, possibly negative.
pub type AWSTimestamp = i64;
/// An e-mail address.
pub type AWSEmail = String;
/// JSON as a string.
pub type AWSJSON = String;
/// A URL.
pub type AWSURL = String;
/// A phone number.
pub type AWSPhone = String;
/// An IPv4 or IPv6 address, or a network in CIDR notation.
pub type AWSIPAddress = String;
