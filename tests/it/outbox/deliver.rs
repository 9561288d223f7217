//! From the store to the sinks, in a time that passes as fast as it may.

use std::sync::Arc;
use std::time::Duration;

use external_providers::Host;
use external_providers::outbox::{
    Delivering, Delivery, Limits, Outbox, Pace, Sink, State, Store, StoreError,
};
use external_providers::sample;
use jiff::Timestamp;
use tokio::time::{Instant, advance, sleep};

use super::Logs;
use super::memory::{FakeSink, MemoryStore, panics, refused};
use super::store::event;

const HOUR: Duration = Duration::from_secs(3600);
const AT_ONCE: Duration = Duration::ZERO;

fn pace(parallel: usize) -> Pace {
    let mut pace = Pace::default();
    pace.parallel = parallel;
    pace
}

fn sink(name: &str, sink: &Arc<FakeSink>) -> (String, Arc<dyn Sink>, Pace) {
    (name.to_owned(), Arc::clone(sink) as Arc<dyn Sink>, pace(4))
}

/// An outbox that delivers to one sink.
async fn begin(fake: FakeSink) -> (MemoryStore, Outbox, Arc<FakeSink>, Delivering) {
    let (store, fake) = (MemoryStore::default(), Arc::new(fake));
    let outbox = Outbox::new(Arc::new(store.clone()));
    let delivering = outbox.deliver(vec![sink("crm", &fake)]).await.unwrap();
    (store, outbox, fake, delivering)
}

async fn take(outbox: &Outbox, ticket: &str, number: usize) {
    outbox.take(&event(ticket, number), &["crm".to_owned()]).await.unwrap();
}

fn later(after: Duration) -> Delivery {
    Delivery::Refused { why: "503".to_owned(), after: Some(after) }
}

/// Waits until nothing is under way any more.
async fn settled(store: &MemoryStore, sink: &str) {
    while store.states(sink).contains(&State::Waiting) {
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_sink_is_told_at_once_of_several_lanes_at_a_time_each_in_order() {
    let took = Duration::from_secs(1);
    let (store, outbox, fake, _delivering) = begin(FakeSink::new(took, [])).await;
    sleep(Duration::from_millis(300)).await;
    let start = Instant::now();
    for number in 0..12 {
        take(&outbox, ["a", "b", "c", "d", "e", ""][number % 6], number).await;
    }
    let told = fake.was_told(12).await;
    assert_eq!(told[0].at, start, "it was woken");
    assert_eq!(fake.most_under_way(), 4);
    assert_eq!(told[11].at, start + took * 2, "nobody waited without a reason");
    for ticket in 0..5 {
        let of = told.iter().map(|told| told.number).filter(|number| number % 6 == ticket);
        assert_eq!(of.collect::<Vec<_>>(), [ticket, ticket + 6]);
    }
    settled(&store, "crm").await;
    // What others put there is found, too.
    store.append(&event("a", 12), &["crm".to_owned()], 0).await.unwrap();
    let start = Instant::now();
    assert!(fake.was_told(13).await[12].at <= start + Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_tried_again_for_days_and_then_the_lane_goes_on() {
    let (store, outbox, fake, _delivering) = begin(FakeSink::new(AT_ONCE, [refused()])).await;
    take(&outbox, "a", 0).await;
    take(&outbox, "a", 1).await;
    let told = fake.was_told(19).await;
    let gaps: Vec<f64> = told.windows(2).map(|two| (two[1].at - two[0].at).as_secs_f64()).collect();
    let hours = [5.0, 30.0, 120.0, 600.0, 1800.0, 7200.0, 18_000.0, 36_000.0];
    for (gap, expected) in gaps.iter().zip(hours.into_iter().chain([36_000.0; 9])) {
        assert!((0.8..=1.21).contains(&(gap / expected)), "{gap} {expected}");
    }
    let first_of_next = told.iter().position(|told| told.number == 1);
    let tries = match first_of_next {
        Some(at) => at,
        None => fake.was_told(25).await.iter().position(|told| told.number == 1).unwrap(),
    };
    let told = fake.told();
    let tried = told[tries - 1].at - told[0].at;
    assert!(tried >= 120 * HOUR && tried < 133 * HOUR, "{tried:?}");
    assert_eq!(store.states("crm"), [State::Failed, State::Waiting]);
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_asks_for_time_gets_it_up_to_a_day() {
    let answers = [later(HOUR), later(48 * HOUR), Delivery::Delivered];
    let (store, outbox, fake, _delivering) = begin(FakeSink::new(AT_ONCE, answers)).await;
    take(&outbox, "a", 0).await;
    let told = fake.was_told(3).await;
    let gaps = [told[1].at - told[0].at, told[2].at - told[1].at];
    assert!(gaps[0] >= HOUR && gaps[0] < HOUR + Duration::from_secs(2), "{gaps:?}");
    assert!(gaps[1] >= 24 * HOUR && gaps[1] < 24 * HOUR + Duration::from_secs(2), "{gaps:?}");
    settled(&store, "crm").await;
}

#[tokio::test(start_paused = true)]
async fn sinks_may_doubt_go_or_panic() {
    let why = || "it said so".to_owned();
    let answers = [panics(), Delivery::InDoubt { why: why() }, Delivery::Gone { why: why() }];
    let (store, outbox, fake, _delivering) = begin(FakeSink::new(AT_ONCE, answers)).await;
    take(&outbox, "a", 0).await;
    let told = fake.was_told(2).await;
    assert!(told[1].at - told[0].at >= Duration::from_secs(4), "a panic is a refusal");
    settled(&store, "crm").await;
    take(&outbox, "a", 1).await;
    settled(&store, "crm").await;
    assert_eq!(store.states("crm"), [State::InDoubt, State::Held]);
    assert_eq!(fake.numbers(), [0, 0, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_asked_again_and_not_without_pause() {
    let (store, outbox, fake, _delivering) = begin(FakeSink::new(AT_ONCE, [])).await;
    store.fail(10, 0);
    let (before, start) = (store.claims(), Instant::now());
    take(&outbox, "a", 0).await;
    let told = fake.was_told(1).await;
    let claims = store.claims() - before;
    assert!((10..=14).contains(&claims), "{claims}");
    assert!(told[0].at - start > Duration::from_secs(60), "{:?}", told[0].at - start);
}

/// Nothing else of the lane is told before the store knows, and nobody is told twice.
#[tokio::test(start_paused = true)]
async fn what_was_delivered_is_said_until_the_store_takes_it() {
    let (store, outbox, fake, delivering) = begin(FakeSink::new(AT_ONCE, [])).await;
    store.fail(0, 8);
    for (number, ticket) in ["a", "a", "b"].into_iter().enumerate() {
        take(&outbox, ticket, number).await;
    }
    let told = fake.was_told(3).await;
    settled(&store, "crm").await;
    assert_eq!(fake.told().len(), 3);
    let first = told.iter().find(|told| told.number == 0).unwrap();
    let second = told.iter().find(|told| told.number == 1).unwrap();
    assert!(second.at - first.at > Duration::from_secs(1));

    // When all stops, it does not hold that up for ever.
    store.fail(0, usize::MAX);
    take(&outbox, "c", 3).await;
    fake.was_told(4).await;
    let start = Instant::now();
    delivering.stop().await;
    assert!(start.elapsed() <= Duration::from_secs(41), "{:?}", start.elapsed());
    assert_eq!(store.states("crm")[3], State::Waiting);
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_is_down_is_not_told_of_everything_in_turn() {
    let (store, outbox, fake, _delivering) = begin(FakeSink::new(AT_ONCE, [refused()])).await;
    for number in 0..300 {
        take(&outbox, &format!("ticket {number}"), number).await;
    }
    sleep(10 * Duration::from_secs(60)).await;
    let (told, tried) = (fake.told().len(), store.tried());
    assert!((10..=30).contains(&told) && tried <= told, "{told} {tried}");
    // One tries it; then all the others follow.
    fake.answer([]);
    let up = Instant::now();
    let all = fake.was_told(told + 300 - tried).await;
    assert!(all.last().unwrap().at - up < Duration::from_secs(31));
}

#[tokio::test(start_paused = true)]
async fn stopping_waits_for_what_is_under_way_and_dropping_does_not() {
    let took = Duration::from_secs(20);
    let (store, outbox, fake, delivering) = begin(FakeSink::new(took, [])).await;
    let error = outbox.deliver(Vec::new()).await.unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    take(&outbox, "a", 0).await;
    take(&outbox, "a", 1).await;
    fake.was_told(1).await;
    delivering.stop().await;
    assert_eq!(store.states("crm"), [State::Delivered, State::Waiting]);

    let delivering = outbox.deliver(vec![sink("crm", &fake)]).await.unwrap();
    fake.was_told(2).await;
    drop(delivering);
    while outbox.deliver(Vec::new()).await.is_err() {
        tokio::task::yield_now().await;
    }
    sleep(HOUR).await;
    assert_eq!((store.states("crm")[1], fake.told().len()), (State::Waiting, 2));
    let _delivering = outbox.deliver(vec![sink("crm", &fake)]).await.unwrap();
    assert_eq!(fake.was_told(3).await[2].number, 1);
}

#[tokio::test(start_paused = true)]
async fn sinks_are_replaced_without_two_that_tell_the_same() {
    let took = Duration::from_secs(20);
    let (store, outbox, before, delivering) = begin(FakeSink::new(took, [])).await;
    let stays = Arc::new(FakeSink::new(took, []));
    delivering.replace(vec![sink("crm", &before), sink("log", &stays)]).await;
    let both = ["crm".to_owned(), "log".to_owned()];
    for number in 0..2 {
        outbox.take(&event("a", number), &both).await.unwrap();
    }
    before.was_told(1).await;
    let after = Arc::new(FakeSink::new(took, []));
    let start = Instant::now();
    advance(Duration::from_secs(5)).await;
    delivering.replace(vec![sink("crm", &after), sink("log", &stays)]).await;
    assert_eq!(start.elapsed(), Duration::from_secs(5), "nobody waits for what is under way");
    let next = after.was_told(1).await[0];
    assert!(next.number == 1 && next.at - start >= took, "what was under way ended first");
    assert_eq!(before.numbers(), [0]);
    // The other was not disturbed.
    assert_eq!(stays.was_told(2).await[1].at - start, took);
    delivering.replace(vec![sink("crm", &after)]).await;
    outbox.take(&event("b", 2), &both).await.unwrap();
    after.was_told(2).await;
    sleep(HOUR).await;
    assert_eq!(store.states("log"), [State::Delivered, State::Delivered, State::Waiting]);
    assert_eq!(stays.numbers(), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn what_must_not_be_told_twice_is_begun_before_it_is_told() {
    let mut once = FakeSink::new(Duration::from_secs(20), [refused(), panics()]);
    once.may_repeat = false;
    let (store, outbox, fake, _delivering) = begin(once).await;
    take(&outbox, "a", 0).await;
    fake.was_told(1).await;
    assert_eq!(store.begun(), 1);
    fake.was_told(2).await;
    settled(&store, "crm").await;
    assert_eq!((store.states("crm"), store.begun()), (vec![State::InDoubt], 0));
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_is_logged_with_sink_and_event() {
    let logs = Logs::default();
    let writer = logs.clone();
    let lines = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false);
    let _logging = tracing::subscriber::set_default(lines.finish());
    tracing::callsite::rebuild_interest_cache();
    let answers = [refused(), refused(), refused(), refused(), refused(), Delivery::Delivered];
    let (store, outbox, _fake, _delivering) = begin(FakeSink::new(AT_ONCE, answers)).await;
    let mut limits = Limits::default();
    limits.loop_limit = 1;
    outbox.set_limits(limits);
    let first = event("7", 0);
    outbox.take(&first, &["crm".to_owned()]).await.unwrap();
    for number in 1..4 {
        take(&outbox, "7", number).await;
    }
    while store.states("crm")[0] == State::Waiting {
        sleep(Duration::from_secs(1)).await;
    }
    let logs = String::from_utf8(logs.0.lock().unwrap().clone()).unwrap();
    let count = |words: &str| logs.lines().filter(|line| line.contains(words)).count();
    assert_eq!(count("more than 1 of these within a minute"), 1, "{logs}");
    let held = logs.lines().find(|line| line.contains("ERROR")).unwrap();
    assert!(held.contains("TicketChanged") && held.contains("ticketNumber=7"), "{held}");
    let refused = logs.lines().find(|line| line.contains("not delivered")).unwrap();
    for words in ["WARN", "crm", &first.id, "attempts=1", "again=", "500"] {
        assert!(refused.contains(words), "{words}: {refused}");
    }
    assert_eq!((count("not delivered"), count("seems to be down"), count("up again")), (5, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn loops_are_held_and_all_is_counted() {
    let (store, outbox, fake, _delivering) = begin(FakeSink::new(AT_ONCE, [])).await;
    let sinks = ["crm".to_owned(), "counted-sink".to_owned()];
    let counted = Arc::new(FakeSink::new(AT_ONCE, [refused(), Delivery::Delivered]));
    _delivering.replace(vec![sink("crm", &fake), sink("counted-sink", &counted)]).await;
    let mut limits = Limits::default();
    (limits.loop_limit, limits.keep) = (4, HOUR);
    outbox.set_limits(limits);
    for number in 0..3 {
        outbox.take(&event("a", number), &sinks).await.unwrap();
    }
    settled(&store, "crm").await;
    settled(&store, "counted-sink").await;
    assert_eq!(store.states("crm"), [State::Delivered, State::Delivered, State::Held]);
    let services = sample::services("s3cret", "http://tempuri.org/");
    let metrics = Host::builder().services(services).build().unwrap().metrics();
    for line in [
        "external_providers_deliveries_total{sink=\"counted-sink\",outcome=\"delivered\"} 2",
        "external_providers_deliveries_total{sink=\"counted-sink\",outcome=\"refused\"} 1",
        "external_providers_events_total{outcome=\"held\"} 1",
        "external_providers_events_total{outcome=\"kept\"}",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    sleep(Duration::from_secs(61)).await;
    let before = store.purged_before().unwrap();
    assert!(before <= Timestamp::now() - HOUR && before > Timestamp::now() - 2 * HOUR);
}
