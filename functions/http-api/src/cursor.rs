use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// What a client gets instead of AppSync's token: text that fits a URL as it is, and promises nothing. It is good for the
/// lists of `scope` alone.
pub(crate) fn of_token(scope: &str, token: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{VERSION}{scope}\n{token}"))
}

/// The token in a cursor; `None` if it is none of ours, or another scope's.
pub(crate) fn to_token(scope: &str, cursor: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let token = text.strip_prefix(VERSION)?.strip_prefix(scope)?.strip_prefix('\n')?;
    (!token.is_empty()).then(|| token.to_owned())
}

/// Lets a later version know the cursors of this one.
const VERSION: &str = "1:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_a_token_that_fits_a_url() {
        let token = "eyJ2ZXJzaW9uIjozfQ==/+ &?";
        let cursor = of_token("ada", token);
        assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{cursor}");
        assert_eq!(to_token("ada", &cursor).as_deref(), Some(token));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let others = ["2:ada\ntoken", "1:ada\n", "1:ada", "1:adam\ntoken", "1:/orders\ntoken"];
        let others = others.map(|text| URL_SAFE_NO_PAD.encode(text));
        for text in ["", "nonsense", "!"].into_iter().chain(others.iter().map(String::as_str)) {
            assert_eq!(to_token("ada", text), None, "{text}");
        }
    }
}
