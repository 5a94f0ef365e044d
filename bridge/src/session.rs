//! Connecting, preparing and running: the calls of the header, in safe Rust.

use crate::failure::{Failure, Kind};
use crate::options::Options;
use crate::values::{Page, Values};
use futures_util::stream::{self, StreamExt};
use scylla::client::session::Session as Driver;
use scylla::response::PagingState;
use scylla::response::query_result::QueryResult;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::unprepared::Statement as Unprepared;
use std::collections::HashMap;
use std::future::Future;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// How long closing waits for a thread that is busy elsewhere, looking up a host's name for example.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// A prepared statement, and whether its rows come in pages.
pub struct Statement {
    prepared: PreparedStatement,
    paged: bool,
}

/// One statement with the place of its values in the run's.
pub struct Request {
    pub statement: Arc<Statement>,
    pub values: Range<usize>,
    pub paging_state: Vec<u8>,
}

/// What goes to a node at once: a single statement, or an unlogged batch of several.
pub type Execution = Vec<Request>;

/// Many executions, and the values of all of them in one piece.
pub struct Run {
    pub executions: Vec<Execution>,
    pub values: Vec<u8>,
    pub in_flight_max: usize,
}

/// What the driver has counted since the session was made.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub struct Counts {
    pub requests: u64,
    pub errors: u64,
    pub retries: u64,
    pub request_timeouts: u64,
    pub connection_timeouts: u64,
    pub connections: u64,
    pub latency_p50_ms: u64,
    pub latency_p99_ms: u64,
}

/// The connections to a cluster and the threads that serve them.
pub struct Session {
    runtime: Option<Runtime>,
    connected: Connected,
}

/// What calls under way share with the session.
#[derive(Clone)]
pub struct Connected {
    driver: Arc<OnceLock<Driver>>,
    request_timeout: Duration,
}

impl Session {
    /// Fails when the threads cannot be made.
    pub fn new(options: &Options) -> Result<Self, Failure> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(options.threads())
            .thread_name("konomi-cql")
            .enable_all()
            .build()
            .map_err(|error| {
                Failure::new(Kind::Internal, format!("cannot start threads: {error}"))
            })?;
        Ok(Session {
            runtime: Some(runtime),
            ..Session::without_threads(options)
        })
    }

    /// A session that refuses every call.
    pub fn without_threads(options: &Options) -> Self {
        Session {
            runtime: None,
            connected: Connected {
                driver: Arc::default(),
                request_timeout: options.request_timeout(),
            },
        }
    }

    pub fn connected(&self) -> Connected {
        self.connected.clone()
    }

    /// Lets the session's threads do `work`. Without threads it is dropped.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn(work);
        }
    }

    /// Drops the work that is not done yet, and ends the threads.
    pub fn close(mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(CLOSE_TIMEOUT);
        }
    }
}

impl Connected {
    fn driver(&self) -> Result<&Driver, Failure> {
        self.driver.get().ok_or_else(|| {
            Failure::new(
                Kind::Unavailable,
                "the session is not connected; wait for its success first",
            )
        })
    }

    /// All zero before the session is connected.
    pub fn counts(&self) -> Counts {
        let Some(driver) = self.driver.get() else {
            return Counts::default();
        };
        let metrics = driver.get_metrics();
        Counts {
            requests: metrics.get_requests_unpaged_num()
                + metrics.get_requests_manually_paged_num()
                + metrics.get_requests_automatically_paged_num(),
            errors: metrics.get_errors_unpaged_num()
                + metrics.get_errors_manually_paged_num()
                + metrics.get_errors_automatically_paged_num(),
            retries: metrics.get_retries_num(),
            request_timeouts: metrics.get_request_timeouts(),
            connection_timeouts: metrics.get_connection_timeouts(),
            connections: metrics.get_total_connections(),
            latency_p50_ms: metrics.get_latency_percentile_ms(50.0).unwrap_or(0),
            latency_p99_ms: metrics.get_latency_percentile_ms(99.0).unwrap_or(0),
        }
    }

    pub async fn connect(&self, options: &Options) -> Result<(), Failure> {
        let builder = options.session_builder()?;
        let limit = options.connect_timeout();
        let what = || format!("cannot connect to {}", options.contact_points);
        let driver = match tokio::time::timeout(limit, builder.build()).await {
            Ok(built) => built.map_err(|error| Failure::from(error).while_doing(what()))?,
            Err(_) => {
                let message = format!("no answer within {} ms", limit.as_millis());
                return Err(Failure::new(Kind::TimedOut, message).while_doing(what()));
            }
        };
        // Connecting twice is not offered, so there was none.
        let _ = self.driver.set(driver);
        Ok(())
    }

    pub async fn prepare(
        &self,
        cql: &str,
        page_size: u32,
        idempotent: bool,
    ) -> Result<Statement, Failure> {
        let driver = self.driver()?;
        let paged = page_size > 0;
        let mut unprepared = Unprepared::new(cql);
        if paged {
            let rows = i32::try_from(page_size).map_err(|_| {
                Failure::invalid(format!("a page of {page_size} rows is too large"))
            })?;
            unprepared.set_page_size(rows);
        }
        // The driver itself waits for a node that does not answer as long as the node takes.
        let preparing = tokio::time::timeout(self.request_timeout, driver.prepare(unprepared));
        let mut prepared = match preparing.await {
            Ok(prepared) => {
                prepared.map_err(|error| Failure::from(error).while_doing(format!("\"{cql}\"")))?
            }
            Err(_) => {
                return Err(Failure::new(
                    Kind::TimedOut,
                    format!(
                        "\"{cql}\" was not prepared within {} ms",
                        self.request_timeout.as_millis()
                    ),
                ));
            }
        };
        prepared.set_is_idempotent(idempotent);
        // The columns are named, so their types stay, and need not be sent with every answer.
        prepared.set_use_cached_result_metadata(true);
        Ok(Statement { prepared, paged })
    }

    /// The pages of all executions, or the first failure, with nothing under way any more.
    pub async fn run(&self, run: Run) -> Result<Vec<Page>, Failure> {
        let driver = self.driver()?;
        let count = run.executions.len();
        let batches = batches_of(&run.executions);
        let failed = AtomicBool::new(false);
        let (values, failed) = (&run.values, &failed);

        // Asked for one after the other, as places become free: so a failure ends it.
        let executing = run
            .executions
            .into_iter()
            .zip(batches)
            .enumerate()
            .take_while(|_| !failed.load(Ordering::Relaxed))
            .map(|(index, (execution, batch))| async move {
                let answer = match batch {
                    Some(batch) => execute_batch(driver, &batch, &execution, values).await,
                    None => execute_single(driver, &execution[0], values).await,
                };
                if answer.is_err() {
                    failed.store(true, Ordering::Relaxed);
                }
                (index, answer)
            });
        let mut answers = stream::iter(executing).buffer_unordered(run.in_flight_max.max(1));

        let mut pages: Vec<Page> = Vec::new();
        pages.resize_with(count, Page::default);
        let mut first_failure: Option<Failure> = None;
        let mut any_done = false;
        while let Some((index, answer)) = answers.next().await {
            match answer {
                Ok(page) => {
                    any_done = true;
                    pages[index] = page;
                }
                Err(failure) => match &mut first_failure {
                    Some(first) => first.may_have_happened |= failure.may_have_happened,
                    none => *none = Some(failure),
                },
            }
        }
        match first_failure {
            None => Ok(pages),
            Some(mut failure) => {
                failure.may_have_happened |= any_done;
                Err(failure)
            }
        }
    }
}

async fn execute_single(
    driver: &Driver,
    request: &Request,
    values: &[u8],
) -> Result<Page, Failure> {
    let statement = &request.statement;
    let values = Values(&values[request.values.clone()]);
    if !statement.paged {
        let answer = driver.execute_unpaged(&statement.prepared, values).await?;
        return page_of(answer, Vec::new());
    }
    let state = if request.paging_state.is_empty() {
        PagingState::start()
    } else {
        PagingState::new_from_raw_bytes(request.paging_state.as_slice())
    };
    let (answer, next) = driver
        .execute_single_page(&statement.prepared, values, state)
        .await?;
    let next = match next.into_paging_control_flow() {
        std::ops::ControlFlow::Continue(state) => state
            .as_bytes_slice()
            .map_or(Vec::new(), |bytes| bytes.to_vec()),
        std::ops::ControlFlow::Break(()) => Vec::new(),
    };
    page_of(answer, next)
}

fn page_of(answer: QueryResult, paging_state: Vec<u8>) -> Result<Page, Failure> {
    if !answer.is_rows() {
        return Ok(Page::default());
    }
    let rows = answer
        .into_rows_result()
        .map_err(|error| Failure::new(Kind::Internal, error.to_string()))?;
    Page::of(&rows, paging_state)
}

async fn execute_batch(
    driver: &Driver,
    batch: &Batch,
    execution: &Execution,
    values: &[u8],
) -> Result<Page, Failure> {
    let rows: Vec<Values> = execution
        .iter()
        .map(|request| Values(&values[request.values.clone()]))
        .collect();
    driver.batch(batch, rows).await?;
    Ok(Page::default())
}

/// The batch of each execution that is one. Most are alike, the same statement so many times, and
/// are made once.
fn batches_of(executions: &[Execution]) -> Vec<Option<Arc<Batch>>> {
    let mut known: HashMap<Vec<*const Statement>, Arc<Batch>> = HashMap::new();
    executions
        .iter()
        .map(|execution| {
            if execution.len() < 2 {
                return None;
            }
            let statements = execution
                .iter()
                .map(|request| Arc::as_ptr(&request.statement));
            let batch = known
                .entry(statements.collect())
                .or_insert_with(|| Arc::new(batch_of(execution)));
            Some(Arc::clone(batch))
        })
        .collect()
}

fn batch_of(execution: &Execution) -> Batch {
    let statements = execution
        .iter()
        .map(|request| request.statement.prepared.clone().into());
    let mut batch = Batch::new_with_statements(BatchType::Unlogged, statements.collect());
    batch.set_is_idempotent(
        execution
            .iter()
            .all(|request| request.statement.prepared.get_is_idempotent()),
    );
    batch
}
