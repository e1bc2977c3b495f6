use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// What a client gets instead of AppSync's token: text that fits a URL as it is, and promises nothing.
pub(crate) fn of_token(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{VERSION}{token}"))
}

/// The token in a cursor; `None` if it is none of ours.
pub(crate) fn to_token(cursor: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    text.strip_prefix(VERSION).filter(|token| !token.is_empty()).map(str::to_owned)
}

/// Lets a later version know the cursors of this one.
const VERSION: &str = "1:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_a_token_that_fits_a_url() {
        let token = "eyJ2ZXJzaW9uIjozfQ==/+ &?";
        let cursor = of_token(token);
        assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{cursor}");
        assert_eq!(to_token(&cursor).as_deref(), Some(token));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in ["", "nonsense", "!", &URL_SAFE_NO_PAD.encode("2:token"), &URL_SAFE_NO_PAD.encode("1:")] {
            assert_eq!(to_token(text), None, "{text}");
        }
    }
}
