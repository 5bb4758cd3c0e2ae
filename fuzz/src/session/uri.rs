//! Target URIs, compared as RFC 9449 §4.3 and RFC 3986 §6.2.2.1 and §6.2.3 say.

/// Scheme, host, port and path of an absolute URI of `http` or `https`, in the form in which equal ones are the same.
pub(crate) fn target(uri: &str) -> Option<(String, String, String, String)> {
    let (scheme, rest) = uri.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let own = match scheme.as_str() {
        "https" => "443",
        "http" => "80",
        _ => return None,
    };
    let rest = rest.split(['?', '#']).next()?;
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit()) => (host, port),
        _ => (authority, own),
    };
    Some((scheme, host.to_ascii_lowercase(), port.to_owned(), path.to_owned()))
}
