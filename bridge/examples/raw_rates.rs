//! What the driver alone reaches with konomi's rows, to be set beside what konomi reaches:
//!
//!     cargo run --release --example raw_rates -- <contact point> <keyspace> [<rows>]
//!
//! The keyspace is one that `konomi schema apply` has made and that may be filled.

use futures_util::stream::{self, StreamExt};
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::response::PagingState;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::unprepared::Statement;
use scylla::value::{CqlDate, CqlTimestamp};
use std::error::Error;
use std::future::Future;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;
type Row = (
    CqlDate,
    i32,
    String,
    String,
    &'static str,
    CqlTimestamp,
    i8,
    i64,
    i64,
);

const ROWS_DEFAULT: i64 = 200_000;
const BUCKETS: i64 = 64;
const USERS: i64 = 100_000;
const BATCH_ROWS: i64 = 100;
const PAGE_ROWS: i32 = 4000;
const STATEMENTS_IN_FLIGHT: usize = 512;
const BATCHES_IN_FLIGHT: usize = 16;

fn day(of_test: u32) -> CqlDate {
    CqlDate((1 << 31) + of_test)
}

fn row(day: CqlDate, bucket: i64, number: i64) -> Row {
    (
        day,
        bucket as i32,
        format!("user{:07}", number % USERS),
        format!("{number:016x}"),
        "washoku",
        CqlTimestamp(1_700_000_000_000 + number),
        0,
        number,
        number,
    )
}

async fn rate(what: &str, work: impl Future<Output = Outcome<i64>>) -> Outcome<()> {
    let begin = Instant::now();
    let rows = work.await?;
    println!(
        "{what}: {:.0} rows/s",
        rows as f64 / begin.elapsed().as_secs_f64()
    );
    Ok(())
}

async fn single(session: &Session, insert: &PreparedStatement, rows: i64) -> Outcome<i64> {
    let mut done = stream::iter((0..rows).map(|i| async move {
        session
            .execute_unpaged(insert, row(day(1), i % BUCKETS, i))
            .await
    }))
    .buffer_unordered(STATEMENTS_IN_FLIGHT);
    while let Some(answer) = done.next().await {
        answer?;
    }
    Ok(rows)
}

async fn batched(session: &Session, insert: &PreparedStatement, rows: i64) -> Outcome<i64> {
    let statements = vec![insert.clone().into(); BATCH_ROWS as usize];
    let batch = &Batch::new_with_statements(BatchType::Unlogged, statements);
    let batches = rows / BATCH_ROWS;
    let mut done = stream::iter((0..batches).map(|b| async move {
        let numbers = b * BATCH_ROWS..(b + 1) * BATCH_ROWS;
        let rows: Vec<Row> = numbers.map(|i| row(day(2), b % BUCKETS, i)).collect();
        session.batch(batch, rows).await
    }))
    .buffer_unordered(BATCHES_IN_FLIGHT);
    while let Some(answer) = done.next().await {
        answer?;
    }
    Ok(batches * BATCH_ROWS)
}

async fn scan(session: &Session, select: &PreparedStatement) -> Outcome<i64> {
    let mut rows = 0;
    for bucket in 0..BUCKETS as i32 {
        let mut state = PagingState::start();
        loop {
            let (page, next) = session
                .execute_single_page(select, (day(2), bucket), state)
                .await?;
            let page = page.into_rows_result()?;
            for order in page.rows::<(&str, &str, &str, CqlTimestamp, i8, i64)>()? {
                order?;
                rows += 1;
            }
            match next.into_paging_control_flow() {
                ControlFlow::Continue(next) => state = next,
                ControlFlow::Break(()) => break,
            }
        }
    }
    Ok(rows)
}

async fn run(contact_point: String, keyspace: String, rows: i64) -> Outcome<()> {
    let profile = ExecutionProfile::builder().request_timeout(Some(Duration::from_secs(10)));
    let session = SessionBuilder::new()
        .known_node(contact_point)
        .default_execution_profile_handle(profile.build().into_handle())
        .build()
        .await?;
    let mut insert = session
        .prepare(format!(
            "INSERT INTO {keyspace}.raw_orders (order_date, bucket, user_id, order_id, menu_type, \
             ordered_at, status, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"
        ))
        .await?;
    insert.set_is_idempotent(true);
    let mut select = Statement::new(format!(
        "SELECT user_id, order_id, menu_type, ordered_at, status, version FROM \
         {keyspace}.raw_orders WHERE order_date = ? AND bucket = ?"
    ));
    select.set_page_size(PAGE_ROWS);
    let mut select = session.prepare(select).await?;
    select.set_use_cached_result_metadata(true);

    rate("single inserts", single(&session, &insert, rows)).await?;
    rate("unlogged batches", batched(&session, &insert, rows)).await?;
    rate("paged scans", scan(&session, &select)).await
}

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(contact_point), Some(keyspace)) = (arguments.next(), arguments.next()) else {
        return Err("usage: raw_rates <contact point> <keyspace> [<rows>]".into());
    };
    let rows = match arguments.next() {
        Some(rows) => rows.parse()?,
        None => ROWS_DEFAULT,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    // On a worker: the main thread would hand everything over to one.
    runtime.block_on(async move { tokio::spawn(run(contact_point, keyspace, rows)).await? })
}
