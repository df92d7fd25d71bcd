//! What is in bounds.

use std::net::IpAddr;

use url::{Host, Url};

use super::special::is_special;
use super::{FetchRefusal, FetchSettings};
use crate::listen::Network;

/// The longest URL, in bytes.
pub(super) const URL_MAX: usize = 2_048;

/// The rules for where errands may go.
#[derive(Debug)]
pub struct Guard {
    networks: Vec<Network>,
    hosts: Vec<String>,
}

impl Guard {
    /// The rules of the settings.
    pub fn new(settings: &FetchSettings) -> Self {
        let hosts = settings.allowed_hosts.iter().map(|host| plain(host).to_ascii_lowercase()).collect();
        Self { networks: settings.allowed_networks.clone(), hosts }
    }

    /// Looks at a URL before any name is resolved. What passes may still turn out to be a name for a forbidden address.
    ///
    /// Ports are 443 and those above 1023, which need no privilege to offer; others belong to mail, files and the like,
    /// and are only for hosts that the operator listed.
    pub fn vet(&self, url: &str) -> Result<Url, FetchRefusal> {
        if url.len() > URL_MAX {
            return Err(FetchRefusal::MalformedUrl);
        }
        let mut url = Url::parse(url).map_err(|_| FetchRefusal::MalformedUrl)?;
        if url.scheme() != "https" {
            return Err(FetchRefusal::NotHttps);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchRefusal::UserInfo);
        }
        // Security: the parser has read every spelling of an IPv4 address (hexadecimal, octal, one number) by now. The
        // connector asks no resolver about literal addresses, so they are looked at here.
        let listed = match url.host().ok_or(FetchRefusal::MalformedUrl)? {
            Host::Domain(name) => self.trusts(name),
            Host::Ipv4(address) => self.weigh(address.into())?,
            Host::Ipv6(address) => self.weigh(address.into())?,
        };
        match url.port_or_known_default() {
            Some(port) if port == 443 || port > 1_023 || (listed && port > 0) => {}
            port => return Err(FetchRefusal::Port(port.unwrap_or(0))),
        }
        url.set_fragment(None);
        Ok(url)
    }

    /// Whether the operator listed this host by name.
    pub(super) fn trusts(&self, host: &str) -> bool {
        self.hosts.iter().any(|listed| listed.eq_ignore_ascii_case(plain(host)))
    }

    /// Whether this address may be connected to.
    pub fn admits(&self, address: IpAddr) -> bool {
        self.weigh(address).is_ok()
    }

    /// Whether the address is in bounds because it is listed (`true`) or because it is public (`false`).
    fn weigh(&self, address: IpAddr) -> Result<bool, FetchRefusal> {
        if self.networks.iter().any(|network| network.contains(address)) {
            return Ok(true);
        }
        if is_special(address) { Err(FetchRefusal::OutOfBounds) } else { Ok(false) }
    }
}

/// A host name without the dot that may end it.
fn plain(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(networks: &[&str], hosts: &[&str]) -> Guard {
        Guard::new(&FetchSettings {
            allowed_networks: networks.iter().map(|network| network.parse().unwrap()).collect(),
            allowed_hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
            ..FetchSettings::default()
        })
    }

    #[test]
    fn sec_005_urls_out_of_bounds() {
        use FetchRefusal::{MalformedUrl, NotHttps, OutOfBounds, Port, UserInfo};
        let table = [
            ("http://rp.example/jwks", NotHttps),
            ("file:///etc/passwd", NotHttps),
            ("gopher://rp.example/", NotHttps),
            ("data:application/json,{}", NotHttps),
            ("/jwks", MalformedUrl),
            ("https://", MalformedUrl),
            ("https://[::1", MalformedUrl),
            ("https://user@rp.example/", UserInfo),
            ("https://user:pass@rp.example/", UserInfo),
            ("https://:pass@rp.example/", UserInfo),
            ("https://rp.example:22/", Port(22)),
            ("https://rp.example:25/", Port(25)),
            ("https://rp.example:80/", Port(80)),
            ("https://rp.example:0/", Port(0)),
            ("https://8.8.8.8:80/", Port(80)),
            ("https://127.0.0.1/", OutOfBounds),
            ("https://127.1/", OutOfBounds),
            ("https://2130706433/", OutOfBounds),
            ("https://0x7f000001/", OutOfBounds),
            ("https://0177.0.0.1/", OutOfBounds),
            ("https://１２７.0.0.1/", OutOfBounds),
            ("https://127.0.0.1./", OutOfBounds),
            ("https://0/", OutOfBounds),
            ("https://10.1.2.3/", OutOfBounds),
            ("https://169.254.169.254/latest/meta-data", OutOfBounds),
            ("https://[::1]/", OutOfBounds),
            ("https://[::ffff:127.0.0.1]/", OutOfBounds),
            ("https://[::ffff:7f00:1]/", OutOfBounds),
            ("https://[::ffff:8.8.8.8]/", OutOfBounds),
            ("https://[64:ff9b::a00:1]/", OutOfBounds),
            ("https://[2002:7f00:1::]/", OutOfBounds),
            ("https://[fd00:ec2::254]/", OutOfBounds),
            ("https://[fe80::1]/", OutOfBounds),
        ];
        for (url, refusal) in table {
            assert_eq!(guard(&[], &[]).vet(url), Err(refusal), "{url}");
        }
        let long = format!("https://rp.example/{}", "x".repeat(URL_MAX));
        assert_eq!(guard(&[], &[]).vet(&long), Err(MalformedUrl));
    }

    #[test]
    fn ordinary_urls_are_in_bounds() {
        for url in ["https://rp.example/jwks", "https://rp.example:8443/jwks?x=1", "https://8.8.8.8/", "https://[2a00:1450::1]:1024/"] {
            assert_eq!(guard(&[], &[]).vet(url).unwrap().as_str(), url);
        }
        assert_eq!(guard(&[], &[]).vet("https://rp.example/jwks#part").unwrap().as_str(), "https://rp.example/jwks");
    }

    #[test]
    fn the_operator_may_widen_the_bounds() {
        let widened = guard(&["127.0.0.0/8", "fd00::/8"], &["RP.internal."]);
        for url in [
            "https://127.0.0.1/",
            "https://[::ffff:127.0.0.1]/",
            "https://[fd00::1]:80/",
            "https://rp.internal:80/",
            "https://rp.internal./",
        ] {
            assert!(widened.vet(url).is_ok(), "{url}");
        }
        for url in ["https://10.0.0.1/", "https://[fe80::1]/", "https://[::1]/", "https://other.internal:80/", "https://x.rp.internal:80/"]
        {
            assert!(widened.vet(url).is_err(), "{url}");
        }
        assert!(widened.admits("127.0.0.9".parse().unwrap()) && !widened.admits("10.0.0.1".parse().unwrap()));
    }
}
