//! A session's configuration out of plain values.

use crate::failure::Failure;
use openssl::ssl::{SslConnector, SslFiletype, SslMethod, SslVerifyMode};
use scylla::client::PoolSize;
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::TlsContext;
use scylla::client::session_builder::SessionBuilder;
use scylla::frame::Compression;
use scylla::policies::load_balancing::DefaultPolicy;
use scylla::policies::speculative_execution::SimpleSpeculativeExecutionPolicy;
use scylla::statement::Consistency;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

const THREADS_DEFAULT: usize = 2;
const CONNECT_TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);
const REQUEST_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);
const SPECULATIVE_REQUESTS_DEFAULT: usize = 1;
/// Nodes agree about a new table within milliseconds; the driver would look every 200.
const SCHEMA_AGREEMENT_INTERVAL: Duration = Duration::from_millis(20);
/// A node that stops answering without closing its connections is found out after both together.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// `konomi_bridge_options`, owned. Empty texts and zeros stand for defaults.
#[derive(Default)]
pub struct Options {
    pub contact_points: String,
    pub keyspace: String,
    pub local_datacenter: String,
    pub consistency: String,
    pub compression: String,
    pub user: String,
    pub password: String,
    pub use_tls: bool,
    pub tls_trust_anybody: bool,
    pub tls_ca_file: String,
    pub tls_certificate_file: String,
    pub tls_key_file: String,
    pub connect_timeout: Duration,
    pub request_timeout: Duration,
    pub speculative_delay: Duration,
    pub speculative_requests_max: usize,
    pub connections_per_node: usize,
    pub threads: usize,
}

impl Options {
    pub fn threads(&self) -> usize {
        or_default(self.threads, THREADS_DEFAULT)
    }

    pub fn connect_timeout(&self) -> Duration {
        or_default(self.connect_timeout, CONNECT_TIMEOUT_DEFAULT)
    }

    pub fn request_timeout(&self) -> Duration {
        or_default(self.request_timeout, REQUEST_TIMEOUT_DEFAULT)
    }

    pub fn session_builder(&self) -> Result<SessionBuilder, Failure> {
        let contact_points: Vec<&str> = self
            .contact_points
            .split(',')
            .map(str::trim)
            .filter(|point| !point.is_empty())
            .collect();
        if contact_points.is_empty() {
            return Err(Failure::invalid(
                "no contact point was given; name at least one node as \"host[:port]\"",
            ));
        }
        let mut builder = SessionBuilder::new()
            .known_nodes(contact_points)
            .default_execution_profile_handle(self.profile()?.into_handle())
            .connection_timeout(self.connect_timeout())
            .keepalive_interval(KEEPALIVE_INTERVAL)
            .keepalive_timeout(KEEPALIVE_TIMEOUT)
            .fetch_full_schema_metadata(false)
            .schema_agreement_interval(SCHEMA_AGREEMENT_INTERVAL)
            .compression(self.compression()?)
            .tls_context(self.tls()?);
        if !self.keyspace.is_empty() {
            builder = builder.keyspaces_to_fetch([self.keyspace.as_str()]);
        }
        if !self.user.is_empty() {
            builder = builder.user(&self.user, &self.password);
        }
        if let Some(connections) = NonZeroUsize::new(self.connections_per_node) {
            builder = builder.pool_size(PoolSize::PerHost(connections));
        }
        Ok(builder)
    }

    fn profile(&self) -> Result<ExecutionProfile, Failure> {
        let mut policy = DefaultPolicy::builder().token_aware(true);
        if !self.local_datacenter.is_empty() {
            // Another datacenter's nodes would take themselves for the local ones, and so break
            // what LOCAL_QUORUM promises.
            policy = policy
                .prefer_datacenter(self.local_datacenter.clone())
                .permit_dc_failover(false);
        }
        let mut profile = ExecutionProfile::builder()
            .consistency(self.consistency()?)
            .request_timeout(Some(self.request_timeout()))
            .load_balancing_policy(policy.build());
        if !self.speculative_delay.is_zero() {
            profile = profile.speculative_execution_policy(Some(Arc::new(
                SimpleSpeculativeExecutionPolicy {
                    max_retry_count: or_default(
                        self.speculative_requests_max,
                        SPECULATIVE_REQUESTS_DEFAULT,
                    ),
                    retry_interval: self.speculative_delay,
                },
            )));
        }
        Ok(profile.build())
    }

    fn consistency(&self) -> Result<Consistency, Failure> {
        Ok(match self.consistency.as_str() {
            "" | "LOCAL_QUORUM" => Consistency::LocalQuorum,
            "ONE" => Consistency::One,
            "TWO" => Consistency::Two,
            "THREE" => Consistency::Three,
            "QUORUM" => Consistency::Quorum,
            "ALL" => Consistency::All,
            "LOCAL_ONE" => Consistency::LocalOne,
            other => {
                return Err(Failure::invalid(format!(
                    "the consistency is \"{other}\"; use LOCAL_QUORUM, QUORUM, ALL, ONE, TWO, THREE \
                     or LOCAL_ONE"
                )));
            }
        })
    }

    fn compression(&self) -> Result<Option<Compression>, Failure> {
        Ok(match self.compression.as_str() {
            "" => None,
            "lz4" => Some(Compression::Lz4),
            "snappy" => Some(Compression::Snappy),
            other => {
                return Err(Failure::invalid(format!(
                    "the compression is \"{other}\"; use lz4, snappy or nothing"
                )));
            }
        })
    }

    fn tls(&self) -> Result<Option<TlsContext>, Failure> {
        if !self.use_tls {
            return Ok(None);
        }
        let failed = |what: &str, error: openssl::error::ErrorStack| {
            Failure::invalid(format!("TLS: cannot use {what}: {error}"))
        };
        let mut builder = SslConnector::builder(SslMethod::tls_client())
            .map_err(|error| failed("OpenSSL", error))?;
        if !self.tls_ca_file.is_empty() {
            builder
                .set_ca_file(&self.tls_ca_file)
                .map_err(|error| failed(&format!("the CA file {}", self.tls_ca_file), error))?;
        }
        if !self.tls_certificate_file.is_empty() {
            let file = &self.tls_certificate_file;
            builder
                .set_certificate_chain_file(file)
                .map_err(|error| failed(&format!("the certificate file {file}"), error))?;
        }
        if !self.tls_key_file.is_empty() {
            let file = &self.tls_key_file;
            builder
                .set_private_key_file(file, SslFiletype::PEM)
                .map_err(|error| failed(&format!("the key file {file}"), error))?;
        }
        if self.tls_trust_anybody {
            builder.set_verify(SslVerifyMode::NONE);
        }
        Ok(Some(builder.into()))
    }
}

fn or_default<T: Default + PartialEq + Copy>(value: T, default: T) -> T {
    if value == T::default() {
        default
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    fn refused(options: Options) -> String {
        let failure = options.session_builder().err().expect("must be refused");
        assert_eq!(failure.kind, Kind::InvalidArgument);
        failure.message
    }

    fn options() -> Options {
        Options {
            contact_points: "one:9042, two".to_owned(),
            ..Options::default()
        }
    }

    #[test]
    fn contact_points_are_split_at_commas() {
        let builder = options().session_builder().expect("is valid");
        assert_eq!(builder.config.known_nodes.len(), 2);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(refused(Options::default()).contains("contact point"));
        assert!(
            refused(Options {
                consistency: "MOST".to_owned(),
                ..options()
            })
            .contains("\"MOST\"")
        );
        assert!(
            refused(Options {
                compression: "zip".to_owned(),
                ..options()
            })
            .contains("\"zip\"")
        );
        assert!(
            refused(Options {
                use_tls: true,
                tls_ca_file: "/nowhere/ca.pem".to_owned(),
                ..options()
            })
            .contains("/nowhere/ca.pem")
        );
    }
}
