use std::net::IpAddr;

use url::Url;

use super::{ScalarError, string_scalar};

string_scalar!(
    /// An e-mail address: `name@domain`.
    ///
    /// Whether it exists, only a message to it can show: what is checked is that it is none by mistake.
    AWSEmail,
    "an e-mail address",
    |value| match value.rsplit_once('@') {
        Some((name, domain)) => {
            let is_plain = |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control());
            is_plain(name) && is_plain(domain)
        }
        None => false,
    }
);

string_scalar!(
    /// A URL with a scheme and no `//` in its path: `https://example.com/`, `mailto:ada@example.com`.
    AWSURL,
    "a URL with a scheme, without // in its path",
    |value| {
        // WHATWG's rules, by which it is parsed, leave out spaces and control characters.
        let is_plain = !value.chars().any(|c| c.is_whitespace() || c.is_control());
        is_plain && Url::parse(value).is_ok_and(|url| !url.path().contains("//"))
    }
);

impl AWSURL {
    /// The URL, taken apart.
    ///
    /// # Errors
    /// When AppSync sent something else.
    pub fn url(&self) -> Result<Url, ScalarError> {
        Url::parse(self.as_str()).map_err(|_| Self::ERROR)
    }
}

string_scalar!(
    /// A phone number: digits with spaces, dots, hyphens or brackets between them, and perhaps a `+` before them.
    ///
    /// AppSync also knows which numbers a country has, and takes those without `+` for numbers of the USA.
    AWSPhone,
    "a phone number of 3 to 15 digits",
    |value| {
        let number = value.strip_prefix('+').unwrap_or(value);
        // ITU-T E.164 has 15 digits at the most.
        (3..=15).contains(&number.chars().filter(char::is_ascii_digit).count())
            && number.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '(' | ')'))
    }
);

string_scalar!(
    /// An IPv4 or IPv6 address, or a network of them in CIDR notation: `192.0.2.0/24`.
    AWSIPAddress,
    "an IPv4 or IPv6 address, perhaps with a prefix length",
    |value| parse(value).is_some()
);

impl AWSIPAddress {
    /// The address.
    ///
    /// # Errors
    /// When AppSync sent something else.
    pub fn address(&self) -> Result<IpAddr, ScalarError> {
        parse(self.as_str()).map(|(address, _)| address).ok_or(Self::ERROR)
    }

    /// The number of bits that the addresses of the network share, if it is a network.
    pub fn prefix(&self) -> Option<u8> {
        parse(self.as_str())?.1
    }
}

fn parse(value: &str) -> Option<(IpAddr, Option<u8>)> {
    let (address, prefix) = match value.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (value, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    match prefix {
        // `u8` takes a sign and leading zeros too.
        Some(prefix) => {
            let bits = prefix.parse::<u8>().ok().filter(|bits| *bits <= longest && bits.to_string() == prefix)?;
            Some((address, Some(bits)))
        }
        None => Some((address, None)),
    }
}
