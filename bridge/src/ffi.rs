//! The functions of `include/konomi_bridge.h`. The one file that converts pointers: everything that
//! comes in is copied or borrowed for the length of the call, everything that goes out is a handle
//! made by `Box::into_raw` (or `Arc::into_raw`) and taken back by its own free function.
#![allow(unsafe_code)]

use crate::failure::{Failure, Kind};
use crate::options::Options;
use crate::session::{Counts, Execution, Request, Run, Session, Statement};
use crate::values::Page;
use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

// --- Plain structs, as the header has them -------------------------------------------------------

/// `konomi_bridge_bytes`
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    data: *const u8,
    size: usize,
}

impl Bytes {
    const EMPTY: Bytes = Bytes {
        data: ptr::null(),
        size: 0,
    };

    fn of(slice: &[u8]) -> Self {
        Bytes {
            data: slice.as_ptr(),
            size: slice.len(),
        }
    }

    /// # Safety
    /// `data` points to `size` bytes that stay as they are for `'a`, or `size` is 0.
    unsafe fn slice<'a>(self) -> &'a [u8] {
        if self.size == 0 || self.data.is_null() {
            return &[];
        }
        unsafe { std::slice::from_raw_parts(self.data, self.size) }
    }

    /// # Safety
    /// As `slice`.
    unsafe fn text(self, name: &str) -> Result<String, Failure> {
        let bytes = unsafe { self.slice() }.to_vec();
        String::from_utf8(bytes).map_err(|_| Failure::invalid(format!("{name} is no UTF-8")))
    }
}

/// `konomi_bridge_outcome`
#[repr(C)]
pub struct Outcome {
    code: i32,
    may_have_happened: u8,
    message: Bytes,
}

impl Outcome {
    const SUCCESS: Outcome = Outcome {
        code: 0,
        may_have_happened: 0,
        message: Bytes::EMPTY,
    };

    /// Points into `failure`.
    fn of(failure: &Failure) -> Self {
        let code = match failure.kind {
            Kind::InvalidArgument => 1,
            Kind::Unavailable => 2,
            Kind::TimedOut => 3,
            Kind::Overloaded => 4,
            Kind::Internal => 5,
        };
        Outcome {
            code,
            may_have_happened: failure.may_have_happened.into(),
            message: Bytes::of(failure.message.as_bytes()),
        }
    }
}

/// `konomi_bridge_options`
#[repr(C)]
pub struct RawOptions {
    contact_points: Bytes,
    keyspace: Bytes,
    local_datacenter: Bytes,
    consistency: Bytes,
    compression: Bytes,
    user: Bytes,
    password: Bytes,
    use_tls: u8,
    tls_trust_anybody: u8,
    tls_ca_file: Bytes,
    tls_certificate_file: Bytes,
    tls_key_file: Bytes,
    connect_timeout_ms: u32,
    request_timeout_ms: u32,
    speculative_delay_ms: u32,
    speculative_requests_max: u32,
    connections_per_node: u32,
    threads: u32,
}

impl RawOptions {
    /// # Safety
    /// All texts are as `Bytes::slice` wants them.
    unsafe fn owned(&self) -> Result<Options, Failure> {
        let milliseconds = |number: u32| Duration::from_millis(number.into());
        unsafe {
            Ok(Options {
                contact_points: self.contact_points.text("contact_points")?,
                keyspace: self.keyspace.text("keyspace")?,
                local_datacenter: self.local_datacenter.text("local_datacenter")?,
                consistency: self.consistency.text("consistency")?,
                compression: self.compression.text("compression")?,
                user: self.user.text("user")?,
                password: self.password.text("password")?,
                use_tls: self.use_tls != 0,
                tls_trust_anybody: self.tls_trust_anybody != 0,
                tls_ca_file: self.tls_ca_file.text("tls_ca_file")?,
                tls_certificate_file: self.tls_certificate_file.text("tls_certificate_file")?,
                tls_key_file: self.tls_key_file.text("tls_key_file")?,
                connect_timeout: milliseconds(self.connect_timeout_ms),
                request_timeout: milliseconds(self.request_timeout_ms),
                speculative_delay: milliseconds(self.speculative_delay_ms),
                speculative_requests_max: self.speculative_requests_max as usize,
                connections_per_node: self.connections_per_node as usize,
                threads: self.threads as usize,
            })
        }
    }
}

/// `konomi_bridge_statement_options`
#[repr(C)]
pub struct RawStatementOptions {
    page_size: u32,
    idempotent: u8,
}

/// `konomi_bridge_request`
#[repr(C)]
pub struct RawRequest {
    statement: *const Statement,
    values_size: usize,
    joins_previous: u8,
    paging_state: Bytes,
}

/// `konomi_bridge_page`
#[repr(C)]
pub struct RawPage {
    row_count: usize,
    column_count: usize,
    cells: Bytes,
    paging_state: Bytes,
}

/// `konomi_bridge_results`
pub struct Results(Vec<Page>);

// --- Their layout --------------------------------------------------------------------------------

/// Asserts a struct's size and where its fields lie: `src/adapters/cassandra/bridge_layout.cc`
/// asserts the same numbers of the header's.
macro_rules! layout {
    ($type:ty, $size:literal, $($field:ident $offset:literal),+) => {
        const _: () = assert!(std::mem::size_of::<$type>() == $size);
        $(const _: () = assert!(std::mem::offset_of!($type, $field) == $offset);)+
    };
}

layout!(Bytes, 16, data 0, size 8);
layout!(Outcome, 24, code 0, may_have_happened 4, message 8);
layout!(
    RawOptions, 192,
    contact_points 0,
    keyspace 16,
    local_datacenter 32,
    consistency 48,
    compression 64,
    user 80,
    password 96,
    use_tls 112,
    tls_trust_anybody 113,
    tls_ca_file 120,
    tls_certificate_file 136,
    tls_key_file 152,
    connect_timeout_ms 168,
    request_timeout_ms 172,
    speculative_delay_ms 176,
    speculative_requests_max 180,
    connections_per_node 184,
    threads 188
);
layout!(
    Counts, 64,
    requests 0,
    errors 8,
    retries 16,
    request_timeouts 24,
    connection_timeouts 32,
    connections 40,
    latency_p50_ms 48,
    latency_p99_ms 56
);
layout!(RawStatementOptions, 8, page_size 0, idempotent 4);
layout!(RawRequest, 40, statement 0, values_size 8, joins_previous 16, paging_state 24);
layout!(RawPage, 48, row_count 0, column_count 8, cells 16, paging_state 32);

// --- Callbacks -----------------------------------------------------------------------------------

type Done = extern "C" fn(*mut c_void, *const Outcome);
type Prepared = extern "C" fn(*mut c_void, *const Outcome, *mut Statement);
type Ran = extern "C" fn(*mut c_void, *const Outcome, *mut Results);

/// What a callback hands over besides the outcome, as a pointer.
enum Told {
    Connected(Done),
    Prepared(Prepared),
    Ran(Ran),
}

/// A callback that is called exactly once: by one of the functions below, or, when the session ends
/// before its time, on being dropped.
struct Callback {
    told: Told,
    context: *mut c_void,
    called: bool,
}

// SAFETY: the header says that a callback is called on another thread, so its context may go there.
unsafe impl Send for Callback {}

impl Callback {
    fn new(told: Told, context: *mut c_void) -> Self {
        Callback {
            told,
            context,
            called: false,
        }
    }

    fn fail(mut self, failure: &Failure) {
        self.tell(&Outcome::of(failure), ptr::null_mut(), ptr::null_mut());
    }

    fn connected(mut self) {
        self.tell(&Outcome::SUCCESS, ptr::null_mut(), ptr::null_mut());
    }

    fn prepared(mut self, statement: Statement) {
        let handle = Arc::into_raw(Arc::new(statement)).cast_mut();
        self.tell(&Outcome::SUCCESS, handle, ptr::null_mut());
    }

    fn ran(mut self, pages: Vec<Page>) {
        let handle = Box::into_raw(Box::new(Results(pages)));
        self.tell(&Outcome::SUCCESS, ptr::null_mut(), handle);
    }

    fn tell(&mut self, outcome: &Outcome, statement: *mut Statement, results: *mut Results) {
        self.called = true;
        match self.told {
            Told::Connected(done) => done(self.context, outcome),
            Told::Prepared(done) => done(self.context, outcome, statement),
            Told::Ran(done) => done(self.context, outcome, results),
        }
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        if !self.called {
            let closed = Failure {
                may_have_happened: true,
                ..Failure::new(Kind::Unavailable, "the session was closed")
            };
            self.tell(&Outcome::of(&closed), ptr::null_mut(), ptr::null_mut());
        }
    }
}

// --- The functions -------------------------------------------------------------------------------

/// See the header.
#[unsafe(no_mangle)]
pub extern "C" fn konomi_bridge_version() -> Bytes {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (scylla 1)");
    Bytes::of(VERSION.as_bytes())
}

/// # Safety
/// `options` is a valid struct, and so are its texts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn konomi_bridge_connect(
    options: *const RawOptions,
    done: Done,
    context: *mut c_void,
) -> *mut Session {
    let callback = Callback::new(Told::Connected(done), context);
    let made = unsafe { (*options).owned() }
        .and_then(|options| Session::new(&options).map(|session| (session, options)));
    let session = match made {
        Ok((session, options)) => {
            let connected = session.connected();
            session.spawn(async move {
                match connected.connect(&options).await {
                    Ok(()) => callback.connected(),
                    Err(failure) => callback.fail(&failure),
                }
            });
            session
        }
        Err(failure) => {
            callback.fail(&failure);
            Session::without_threads(&Options::default())
        }
    };
    Box::into_raw(Box::new(session))
}

/// # Safety
/// `session` came from `konomi_bridge_connect` and is used by nobody any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn konomi_bridge_close(session: *mut Session) {
    if !session.is_null() {
        unsafe { Box::from_raw(session) }.close();
    }
}

/// # Safety
/// `session` came from `konomi_bridge_connect` and is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn konomi_bridge_counts_of(session: *const Session) -> Counts {
    unsafe { &*session }.connected().counts()
}

/// # Safety
/// `session` is open; `cql` and `options` are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn konomi_bridge_prepare(
    session: *mut Session,
    cql: Bytes,
    options: *const RawStatementOptions,
    done: Prepared,
    context: *mut c_void,
) {
    let callback = Callback::new(Told::Prepared(done), context);
    let (session, options) = unsafe { (&*session, &*options) };
    let (page_size, idempotent) = (options.page_size, options.idempotent != 0);
    let cql = match unsafe { cql.text("the CQL") } {
        Ok(cql) => cql,
        Err(failure) => return callback.fail(&failure),
    };
    let connected = session.connected();
    session.spawn(async move {
        match connected.prepare(&cql, page_size, idempotent).await {
            Ok(statement) => callback.prepared(statement),
            Err(failure) => callback.fail(&failure),
        }
    });
}

/// # Safety
/// `statement` came from `konomi_bridge_prepare`, and is not used after this.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn konomi_bridge_statement_free(statement: *mut Statement) {
    if !statement.is_null() {
        drop(unsafe { Arc::from_raw(statement.cast_const()) });
    }
}

/// # Safety
/// `session` is open; `requests` points to `request_count` valid structs; `values` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn konomi_bridge_run(
    session: *mut Session,
    requests: *const RawRequest,
    request_count: usize,
    values: Bytes,
    in_flight_max: u32,
    done: Ran,
    context: *mut c_void,
) {
    let callback = Callback::new(Told::Ran(done), context);
    let session = unsafe { &*session };
    let requests = if request_count == 0 {
        &[]
    } else {
        unsafe { std::slice::from_raw_parts(requests, request_count) }
    };
    let values = unsafe { values.slice() }.to_vec();
    let executions = match unsafe { executions_of(requests, values.len()) } {
        Ok(executions) => executions,
        Err(failure) => return callback.fail(&failure),
    };
    let run = Run {
        executions,
        values,
        in_flight_max: in_flight_max as usize,
    };
    let connected = session.connected();
    session.spawn(async move {
        match connected.run(run).await {
            Ok(pages) => callback.ran(pages),
            Err(failure) => callback.fail(&failure),
        }
    });
}

/// # Safety
/// Every request's statement came from `konomi_bridge_prepare`; their paging states are valid.
unsafe fn executions_of(
    requests: &[RawRequest],
    values_size: usize,
) -> Result<Vec<Execution>, Failure> {
    let mut executions: Vec<Execution> = Vec::with_capacity(requests.len());
    let mut begin = 0_usize;
    for raw in requests {
        if raw.statement.is_null() {
            return Err(Failure::invalid("a request has no statement"));
        }
        let end = begin
            .checked_add(raw.values_size)
            .filter(|end| *end <= values_size)
            .ok_or_else(|| Failure::invalid("the requests have more values than were given"))?;
        // The handle keeps its own count: the Arc made here is another one.
        let statement = unsafe {
            Arc::increment_strong_count(raw.statement);
            Arc::from_raw(raw.statement)
        };
        let request = Request {
            statement,
            values: begin..end,
            paging_state: unsafe { raw.paging_state.slice() }.to_vec(),
        };
        match executions.last_mut() {
            Some(batch) if raw.joins_previous != 0 => batch.push(request),
            _ => executions.push(vec![request]),
        }
        begin = end;
    }
    Ok(executions)
}

/// # Safety
/// `results` came from a run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn konomi_bridge_results_count(results: *const Results) -> usize {
    unsafe { &*results }.0.len()
}

/// # Safety
/// `results` came from a run, and `index` is below its count.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn konomi_bridge_results_page(
    results: *const Results,
    index: usize,
) -> RawPage {
    let page = &unsafe { &*results }.0[index];
    RawPage {
        row_count: page.row_count,
        column_count: page.column_count,
        cells: Bytes::of(&page.cells),
        paging_state: Bytes::of(&page.paging_state),
    }
}

/// # Safety
/// `results` came from a run, and is not used after this.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn konomi_bridge_results_free(results: *mut Results) {
    if !results.is_null() {
        drop(unsafe { Box::from_raw(results) });
    }
}
