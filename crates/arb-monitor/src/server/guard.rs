//! Who may ask for what.

use std::net::{IpAddr, SocketAddr};

use hyper::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, ORIGIN};
use hyper::{Request, StatusCode};

use super::ServerConfig;
use super::answer::{Answer, text};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The rules of one server.
#[derive(Debug)]
pub(super) struct Guard {
    loopback: bool,
    token: Option<String>,
    hosts: Vec<String>,
}

impl Guard {
    pub(super) fn new(config: &ServerConfig, address: SocketAddr) -> Self {
        Self {
            loopback: address.ip().is_loopback(),
            token: config.token.clone().filter(|token| !token.is_empty()),
            hosts: config.hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
        }
    }

    /// Whether an action is asked for a token.
    #[cfg(feature = "status")]
    pub(super) fn token_needed(&self) -> bool {
        self.token.is_some()
    }

    /// Refuses a request that names a host that is not ours: a page of another site that points
    /// its own name at our address.
    pub(super) fn admit<B>(&self, request: &Request<B>) -> Result<(), Box<Answer>> {
        let host = header(request.headers(), &HOST).map(host_name).unwrap_or_default();
        let known = self.hosts.contains(&host);
        let ours = if self.loopback { is_loopback_name(&host) } else { self.hosts.is_empty() };
        if known || ours {
            return Ok(());
        }
        let said = "this server does not answer to that host name\n";
        Err(Box::new(text(StatusCode::MISDIRECTED_REQUEST, said)))
    }

    /// Refuses an action that comes from another site or lacks the token.
    pub(super) fn admit_action<B>(&self, request: &Request<B>) -> Result<(), Box<Answer>> {
        let headers = request.headers();
        let site = header(headers, &SEC_FETCH_SITE);
        let foreign_site = site.is_some_and(|site| !matches!(site, "same-origin" | "none"));
        let host = header(headers, &HOST).unwrap_or_default();
        let foreign_origin = header(headers, &ORIGIN).is_some_and(|origin| {
            let authority =
                origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            authority.is_none_or(|authority| !authority.eq_ignore_ascii_case(host))
        });
        if foreign_site || foreign_origin {
            let said = "actions are refused from another site\n";
            return Err(Box::new(text(StatusCode::FORBIDDEN, said)));
        }
        match &self.token {
            Some(token) if bearer(headers).is_some_and(|given| same(given, token)) => Ok(()),
            Some(_) => {
                let said = "this action needs the token\n";
                Err(Box::new(text(StatusCode::UNAUTHORIZED, said)))
            }
            None if self.loopback => Ok(()),
            None => {
                let said = "no actions: the server is not on loopback and has no token\n";
                Err(Box::new(text(StatusCode::FORBIDDEN, said)))
            }
        }
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    // A value that is not text is not one we know.
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    header(headers, &AUTHORIZATION)?.strip_prefix("Bearer ")
}

/// The host without its port, in lower case.
fn host_name(host: &str) -> String {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase()
}

fn is_loopback_name(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Compares without telling by its time where the first difference is.
fn same(given: &str, token: &str) -> bool {
    let differ = given.bytes().zip(token.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
    given.len() == token.len() && differ == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(address: &str, token: Option<&str>) -> Guard {
        let mut config = ServerConfig::at(address.parse().unwrap()).with_host("status.example");
        config.token = token.map(str::to_owned);
        Guard::new(&config, config.address)
    }

    fn request(headers: &[(&str, &str)]) -> Request<()> {
        let mut builder = Request::builder().method("POST").uri("/");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(()).unwrap()
    }

    #[test]
    fn only_loopback_names_and_configured_ones_are_answered() {
        let guard = guard("127.0.0.1:8080", None);
        for host in
            ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080", "status.example"]
        {
            assert!(guard.admit(&request(&[("host", host)])).is_ok(), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example:8080", "", "localhost.evil"] {
            assert!(guard.admit(&request(&[("host", host)])).is_err(), "{host}");
        }
        assert!(guard.admit(&request(&[])).is_err());
    }

    #[test]
    fn actions_from_another_site_are_refused() {
        let guard = guard("127.0.0.1:8080", None);
        let host = ("host", "127.0.0.1:8080");
        let allowed = [
            vec![host],
            vec![host, ("origin", "http://127.0.0.1:8080")],
            vec![host, ("sec-fetch-site", "same-origin")],
        ];
        for headers in allowed {
            assert!(guard.admit_action(&request(&headers)).is_ok(), "{headers:?}");
        }
        let refused = [
            vec![host, ("origin", "http://evil.example")],
            vec![host, ("origin", "null")],
            vec![host, ("origin", "http://127.0.0.1:9999")],
            vec![host, ("sec-fetch-site", "cross-site")],
            vec![host, ("sec-fetch-site", "same-site"), ("origin", "http://127.0.0.1:8080")],
        ];
        for headers in refused {
            let refusal = guard.admit_action(&request(&headers)).unwrap_err();
            assert_eq!(refusal.status(), StatusCode::FORBIDDEN, "{headers:?}");
        }
    }

    #[test]
    fn elsewhere_an_action_needs_the_token() {
        let open = guard("0.0.0.0:8080", None);
        let host = ("host", "status.example");
        let status = |guard: &Guard, headers: &[(&str, &str)]| {
            guard.admit_action(&request(headers)).map_or_else(|no| no.status(), |()| StatusCode::OK)
        };
        assert_eq!(status(&open, &[host]), StatusCode::FORBIDDEN);
        let locked = guard("0.0.0.0:8080", Some("s3cret"));
        assert_eq!(status(&locked, &[host]), StatusCode::UNAUTHORIZED);
        for wrong in ["Bearer s3cre", "Bearer s3cret ", "Bearer ", "s3cret"] {
            let headers = [host, ("authorization", wrong)];
            assert_eq!(status(&locked, &headers), StatusCode::UNAUTHORIZED, "{wrong}");
        }
        assert_eq!(status(&locked, &[host, ("authorization", "Bearer s3cret")]), StatusCode::OK);
        // The token does not lift the check of the origin.
        let foreign = [host, ("authorization", "Bearer s3cret"), ("origin", "http://evil.example")];
        assert_eq!(status(&locked, &foreign), StatusCode::FORBIDDEN);
    }
}
