/// Whether events can be published to `channel`: one to five segments of up to 50 letters, digits and dashes, with slashes
/// between them and perhaps one in front.
///
/// <https://docs.aws.amazon.com/appsync/latest/eventapi/channel-namespaces.html>
///
/// # Errors
/// What is wrong, without the channel: it may name a customer.
pub(super) fn check(channel: &str) -> Result<(), String> {
    let path = channel.strip_prefix('/').unwrap_or(channel);
    if path.is_empty() {
        return Err("the channel is empty: it is a path such as /default/orders".to_owned());
    }
    let segments = path.split('/').count();
    if segments > MOST_SEGMENTS {
        return Err(format!("the channel has {segments} segments, and AppSync takes {MOST_SEGMENTS}"));
    }
    for (index, segment) in path.split('/').enumerate() {
        let problem = match segment {
            "" => "is empty".to_owned(),
            "*" => "is a wildcard, which is for subscribers only".to_owned(),
            _ if !segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') => {
                "has other characters than letters, digits and dashes".to_owned()
            }
            _ if segment.len() > LONGEST_SEGMENT => {
                format!("has {} characters, and AppSync takes {LONGEST_SEGMENT}", segment.len())
            }
            _ => continue,
        };
        return Err(format!("segment {} of the channel {problem}", index + 1));
    }
    Ok(())
}

const MOST_SEGMENTS: usize = 5;
const LONGEST_SEGMENT: usize = 50;

/// The first segment of a channel.
pub(super) fn namespace(channel: &str) -> &str {
    let path = channel.strip_prefix('/').unwrap_or(channel);
    path.split_once('/').map_or(path, |(namespace, _)| namespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_a_path_of_one_to_five_segments() {
        let longest = "a".repeat(50);
        for channel in
            ["default", "/default", "default/orders", "/a/b/c/d/e", "/Order-1/2-x", &longest, &format!("/{longest}")]
        {
            assert_eq!(check(channel), Ok(()), "{channel}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_channel_is_named_by_its_place_and_the_channel_is_not_shown() {
        let long = format!("/a/{}", "c".repeat(51));
        for (channel, problem) in [
            ("", "the channel is empty"),
            ("/", "the channel is empty"),
            ("//canary", "segment 1 of the channel is empty"),
            ("/canary/", "segment 2 of the channel is empty"),
            ("/a/b/c/d/e/canary", "6 segments"),
            ("/canary/*", "segment 2 of the channel is a wildcard"),
            ("/a/canary_1", "segment 2 of the channel has other characters"),
            ("/a/canary 1", "segment 2 of the channel has other characters"),
            ("/canäry", "segment 1 of the channel has other characters"),
            (&long, "segment 2 of the channel has 51 characters"),
        ] {
            let said = check(channel).unwrap_err();
            assert!(said.contains(problem), "{channel}: {said}");
            assert!(!said.contains("can"), "{said}");
        }
    }

    #[test]
    fn the_namespace_is_the_first_segment() {
        for channel in ["default", "/default", "/default/orders/1"] {
            assert_eq!(namespace(channel), "default");
        }
    }
}
