//! The driver's many errors, sorted by what a caller can do about them.

use scylla::errors::{
    ConnectionError, ConnectionPoolError, ConnectionSetupRequestErrorKind, DbError, ExecutionError,
    MetadataError, NewSessionError, PrepareError, RequestAttemptError, SchemaAgreementError,
};
use std::fmt::Display;

/// The kinds of `konomi_bridge_outcome.code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    InvalidArgument,
    Unavailable,
    TimedOut,
    Overloaded,
    Internal,
}

/// One error, ready to be told.
#[derive(Clone, Debug)]
pub struct Failure {
    pub kind: Kind,
    /// A write may have taken effect in spite of it.
    pub may_have_happened: bool,
    pub message: String,
}

impl Failure {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Failure {
            kind,
            may_have_happened: false,
            message: message.into(),
        }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Failure::new(Kind::InvalidArgument, message)
    }

    fn uncertain(kind: Kind, message: impl Into<String>) -> Self {
        Failure {
            may_have_happened: true,
            ..Failure::new(kind, message)
        }
    }

    /// The same error with what was being done in front of it.
    pub fn while_doing(mut self, what: impl Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        // Cassandra's code for a write that change data capture has no room for.
        const CDC_WRITE_FAILURE: i32 = 0x1600;

        let message = error.to_string();
        match error {
            DbError::Unavailable { .. }
            | DbError::IsBootstrapping
            | DbError::TruncateError
            | DbError::ReadFailure { .. }
            | DbError::Other(CDC_WRITE_FAILURE) => Failure::new(Kind::Unavailable, message),
            // Some replicas may have written it. A server error is what a node says whose disk is
            // full or whose memory is short, so an operator may mend it while we try again.
            DbError::WriteFailure { .. } | DbError::ServerError => {
                Failure::uncertain(Kind::Unavailable, message)
            }
            DbError::ReadTimeout { .. } => Failure::new(Kind::TimedOut, message),
            DbError::WriteTimeout { .. } => Failure::uncertain(Kind::TimedOut, message),
            DbError::Overloaded | DbError::RateLimitReached { .. } => {
                Failure::new(Kind::Overloaded, message)
            }
            DbError::Invalid
            | DbError::AlreadyExists { .. }
            | DbError::AuthenticationError
            | DbError::Unauthorized
            | DbError::ConfigError => Failure::invalid(message),
            _ => Failure::new(Kind::Internal, message),
        }
    }
}

fn told_by_database(error: DbError, reason: &str) -> Failure {
    let mut failure = Failure::from(error);
    if !reason.is_empty() {
        failure.message = format!("{} ({})", reason, failure.message);
    }
    failure
}

impl From<RequestAttemptError> for Failure {
    fn from(error: RequestAttemptError) -> Self {
        let message = error.to_string();
        match error {
            RequestAttemptError::DbError(error, reason) => told_by_database(error, &reason),
            RequestAttemptError::BrokenConnectionError(_) => {
                Failure::uncertain(Kind::Unavailable, message)
            }
            RequestAttemptError::UnableToAllocStreamId => Failure::new(Kind::Overloaded, message),
            RequestAttemptError::SerializationError(_)
            | RequestAttemptError::CqlRequestSerialization(_) => Failure::invalid(message),
            // The answer could not be read, so nobody knows what it said.
            _ => Failure::uncertain(Kind::Internal, message),
        }
    }
}

impl From<ConnectionError> for Failure {
    fn from(error: ConnectionError) -> Self {
        let message = error.to_string();
        match error {
            ConnectionError::ConnectTimeout => Failure::new(Kind::TimedOut, message),
            ConnectionError::ConnectionSetupRequestError(setup) => match setup.error {
                ConnectionSetupRequestErrorKind::DbError(error, reason) => {
                    told_by_database(error, &reason)
                }
                ConnectionSetupRequestErrorKind::MissingAuthentication => {
                    Failure::invalid("the cluster wants a user and a password, and none was given")
                }
                _ => Failure::new(Kind::Unavailable, message),
            },
            _ => Failure::new(Kind::Unavailable, message),
        }
    }
}

impl From<ConnectionPoolError> for Failure {
    fn from(error: ConnectionPoolError) -> Self {
        match error {
            // The last connection's fate decides whether trying again helps.
            ConnectionPoolError::Broken {
                last_connection_error,
            } => Failure::from(last_connection_error).while_doing("no connection to the node"),
            error => Failure::new(Kind::Unavailable, error.to_string()),
        }
    }
}

impl From<PrepareError> for Failure {
    fn from(error: PrepareError) -> Self {
        let message = error.to_string();
        match error {
            PrepareError::ConnectionPoolError(error) => error.into(),
            PrepareError::AllAttemptsFailed { first_attempt } => {
                let mut failure = Failure::from(first_attempt);
                failure.may_have_happened = false;
                failure
            }
            _ => Failure::new(Kind::Internal, message),
        }
    }
}

impl From<MetadataError> for Failure {
    fn from(error: MetadataError) -> Self {
        match error {
            MetadataError::ConnectionPoolError(error) => error.into(),
            error => Failure::new(Kind::Unavailable, error.to_string()),
        }
    }
}

impl From<NewSessionError> for Failure {
    fn from(error: NewSessionError) -> Self {
        let message = error.to_string();
        match error {
            NewSessionError::MetadataError(error) => error.into(),
            NewSessionError::FailedToResolveAnyHostname(_) => {
                Failure::new(Kind::Unavailable, message)
            }
            _ => Failure::invalid(message),
        }
    }
}

impl From<ExecutionError> for Failure {
    fn from(error: ExecutionError) -> Self {
        let message = error.to_string();
        match error {
            ExecutionError::LastAttemptError(error) => error.into(),
            ExecutionError::ConnectionPoolError(error) => error.into(),
            ExecutionError::PrepareError(error) => error.into(),
            ExecutionError::RequestTimeout(_) => Failure::uncertain(Kind::TimedOut, message),
            ExecutionError::BadQuery(_) => Failure::invalid(message),
            // No node is known, or none in the local datacenter.
            ExecutionError::EmptyPlan => Failure::new(
                Kind::Unavailable,
                "no node can be asked: either none of the cluster's is up, or none is in the local \
                 datacenter that was set",
            ),
            // The statement itself was executed before the waiting for agreement began.
            ExecutionError::SchemaAgreementError(SchemaAgreementError::Timeout(_)) => {
                Failure::uncertain(Kind::TimedOut, message)
            }
            ExecutionError::SchemaAgreementError(_) | ExecutionError::MetadataError(_) => {
                Failure::uncertain(Kind::Unavailable, message)
            }
            _ => Failure::uncertain(Kind::Internal, message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_timeout_of_the_client_may_have_happened() {
        let failure = Failure::from(ExecutionError::RequestTimeout(Duration::from_secs(1)));
        assert_eq!(failure.kind, Kind::TimedOut);
        assert!(failure.may_have_happened);
    }

    #[test]
    fn wrong_cql_does_not_heal() {
        let error = RequestAttemptError::DbError(DbError::Invalid, "no such table".to_owned());
        let failure = Failure::from(ExecutionError::LastAttemptError(error));
        assert_eq!(failure.kind, Kind::InvalidArgument);
        assert!(failure.message.starts_with("no such table"));
        assert!(!failure.may_have_happened);
    }

    #[test]
    fn a_pool_without_a_connection_heals() {
        let refused = scylla::errors::ConnectionError::from(std::io::Error::from(
            std::io::ErrorKind::ConnectionRefused,
        ));
        let failure = Failure::from(ConnectionPoolError::Broken {
            last_connection_error: refused,
        });
        assert_eq!(failure.kind, Kind::Unavailable);
    }
}
