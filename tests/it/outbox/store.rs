//! What every store must do. Each of these takes a store of its own, in which nothing is.
#![allow(dead_code, reason = "a store that is not built is not tested")]

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use external_providers::contract::HandleEvent;
use external_providers::outbox::{
    Appended, Claimed, Event, Filter, Kept, Next, Settled, SinkStatus, State, Store,
};
use jiff::Timestamp;

/// All of them, each with a store from `new`.
pub(crate) async fn keeps_its_promises(new: impl AsyncFn() -> Arc<dyn Store>) {
    gives_the_first_of_each_lane(&*new().await).await;
    tries_again_later(&*new().await).await;
    goes_on_after_what_failed(&*new().await).await;
    doubts_what_was_begun_and_not_settled(&*new().await).await;
    stops_a_sink_until_it_is_tried_again(&*new().await).await;
    skips(&*new().await).await;
    keeps_sinks_apart(&*new().await).await;
    holds_loops(&*new().await).await;
    lists_what_is_meant(&*new().await).await;
    removes_what_waits_for_nobody(&*new().await).await;
    takes_anything(&*new().await).await;
    serves_many_at_once(new().await).await;
}

/// An event for a ticket, or for none.
pub(crate) fn event(ticket: &str, number: usize) -> Event {
    let mut other: external_providers::contract::Variables =
        [("number", number.to_string())].into_iter().collect();
    if !ticket.is_empty() {
        other.push("ticketNumber", ticket);
    }
    let event = HandleEvent { event_name: "TicketChanged".to_owned(), other };
    Event::new(&event, &["ticketNumber".to_owned()])
}

pub(crate) fn number(event: &Event) -> usize {
    event.variables.get("number").unwrap().parse().unwrap()
}

pub(crate) async fn keep(store: &dyn Store, event: &Event, sinks: &[&str]) {
    let sinks: Vec<String> = sinks.iter().map(|&sink| sink.to_owned()).collect();
    assert_eq!(store.append(event, &sinks, 0).await.unwrap(), Appended::Waiting);
}

/// Events 0, 1, … for these tickets, to `crm`.
async fn fill(store: &dyn Store, tickets: &[&str]) {
    for (number, ticket) in tickets.iter().enumerate() {
        keep(store, &event(ticket, number), &["crm"]).await;
    }
}

pub(crate) async fn next(store: &dyn Store) -> Option<Claimed> {
    match store.claim("crm").await.unwrap() {
        Next::Claimed(claimed) => Some(claimed),
        Next::Later(_) | Next::Nothing => None,
    }
}

/// Claims the next, which is this one.
pub(crate) async fn claim(store: &dyn Store, expected: usize) -> Claimed {
    let claimed = next(store).await.unwrap_or_else(|| panic!("{expected} is not due"));
    assert_eq!(number(&claimed.event), expected);
    claimed
}

pub(crate) async fn settle(mut claimed: Claimed, settled: Settled) {
    claimed.claim.settle(&settled).await.unwrap();
}

fn why(why: &str) -> String {
    why.to_owned()
}

fn hour(text: &str) -> Settled {
    Settled::Again { after: Duration::from_secs(3600), why: why(text) }
}

/// A filter for one state.
pub(crate) fn state(state: State) -> Filter {
    let mut filter = Filter::default();
    filter.state = Some(state);
    filter
}

async fn numbers(store: &dyn Store, filter: &Filter) -> Vec<usize> {
    store.list(filter, 1000).await.unwrap().iter().map(|kept| number(&kept.event)).collect()
}

pub(crate) async fn status(store: &dyn Store) -> SinkStatus {
    let status = store.status().await.unwrap();
    status.into_iter().find(|status| status.sink == "crm").unwrap()
}

async fn gives_the_first_of_each_lane(store: &dyn Store) {
    assert!(next(store).await.is_none());
    fill(store, &["a", "b", "a", "", "", "b"]).await;
    let (first, second) = (claim(store, 0).await, claim(store, 1).await);
    let (third, fourth) = (claim(store, 3).await, claim(store, 4).await);
    assert!(next(store).await.is_none(), "the others stand behind");
    drop(first);
    settle(second, Settled::Delivered).await;
    let first = claim(store, 0).await;
    assert_eq!((first.attempts, first.first_attempt), (0, None));
    let sixth = claim(store, 5).await;
    settle(first, Settled::Delivered).await;
    settle(claim(store, 2).await, Settled::Delivered).await;
    for claimed in [third, fourth, sixth] {
        settle(claimed, Settled::Delivered).await;
    }
    assert!(matches!(store.claim("crm").await.unwrap(), Next::Nothing));
    assert!(matches!(store.claim("nobody").await.unwrap(), Next::Nothing));
    assert_eq!(numbers(store, &state(State::Delivered)).await.len(), 6);
}

async fn tries_again_later(store: &dyn Store) {
    fill(store, &["a", "a", "b"]).await;
    let before = Timestamp::now();
    settle(claim(store, 0).await, hour("down")).await;
    assert_eq!(status(store).await.why.as_deref(), Some("down"));
    settle(claim(store, 2).await, Settled::Delivered).await;
    assert_eq!(status(store).await.why, None);
    let Next::Later(wait) = store.claim("crm").await.unwrap() else { panic!("1 waits behind 0") };
    assert!(wait > Duration::from_secs(3500) && wait <= Duration::from_secs(3600), "{wait:?}");
    let kept = store.list(&Filter::default(), 10).await.unwrap();
    let first = &kept[0].deliveries[0];
    assert_eq!((first.attempts, first.why.as_deref()), (1, Some("down")));
    assert!(first.due.unwrap() > before + Duration::from_secs(3500));

    assert_eq!(store.retry(&Filter::default()).await.unwrap(), 2);
    let again = claim(store, 0).await;
    assert_eq!(again.attempts, 1);
    assert!(again.first_attempt.unwrap() >= before - Duration::from_secs(1));
    settle(again, Settled::Again { after: Duration::ZERO, why: why("busy") }).await;
    settle(claim(store, 0).await, Settled::Delivered).await;
    settle(claim(store, 1).await, Settled::Delivered).await;
}

async fn goes_on_after_what_failed(store: &dyn Store) {
    fill(store, &["a", "a", "a"]).await;
    settle(claim(store, 0).await, Settled::Failed { why: why("five days") }).await;
    settle(claim(store, 1).await, Settled::InDoubt { why: why("cut off") }).await;
    let third = claim(store, 2).await;
    let SinkStatus { waiting, failed, in_doubt, held, .. } = status(store).await;
    assert_eq!((waiting, failed, in_doubt, held), (1, 1, 1, 0));
    assert_eq!(numbers(store, &state(State::Failed)).await, [0]);
    assert_eq!(numbers(store, &state(State::InDoubt)).await, [1]);
    let kept = store.list(&state(State::Failed), 10).await.unwrap();
    assert_eq!(kept[0].deliveries[0].why.as_deref(), Some("five days"));

    // They come before the third, but not while that is being told.
    assert_eq!(store.retry(&state(State::Failed)).await.unwrap(), 1);
    assert_eq!(store.retry(&state(State::InDoubt)).await.unwrap(), 1);
    assert!(next(store).await.is_none());
    settle(third, hour("down")).await;
    let first = claim(store, 0).await;
    assert_eq!((first.attempts, first.first_attempt), (0, None));
    settle(first, Settled::Delivered).await;
    settle(claim(store, 1).await, Settled::Delivered).await;
    assert!(matches!(store.claim("crm").await.unwrap(), Next::Later(_)));
    assert_eq!((status(store).await.failed, status(store).await.in_doubt), (0, 0));
}

async fn doubts_what_was_begun_and_not_settled(store: &dyn Store) {
    fill(store, &["a", "a"]).await;
    let mut first = claim(store, 0).await;
    first.claim.begin().await.unwrap();
    settle(first, hour("down")).await;
    store.retry(&Filter::default()).await.unwrap();
    let mut first = claim(store, 0).await;
    first.claim.begin().await.unwrap();
    assert!(next(store).await.is_none(), "the lane waits");
    drop(first);
    let second = claim(store, 1).await;
    let doubted = store.list(&state(State::InDoubt), 10).await.unwrap();
    assert_eq!((number(&doubted[0].event), doubted[0].deliveries[0].attempts), (0, 2));
    assert!(doubted[0].deliveries[0].why.as_deref().unwrap().contains("ended"));
    settle(second, Settled::Delivered).await;
    store.retry(&state(State::InDoubt)).await.unwrap();
    settle(claim(store, 0).await, Settled::Delivered).await;
}

async fn stops_a_sink_until_it_is_tried_again(store: &dyn Store) {
    fill(store, &["a", "b"]).await;
    settle(claim(store, 0).await, Settled::Stopped { why: why("410 Gone") }).await;
    assert!(matches!(store.claim("crm").await.unwrap(), Next::Nothing));
    let stopped = status(store).await;
    assert_eq!((stopped.waiting, stopped.stopped.as_deref()), (2, Some("410 Gone")));
    assert_eq!(store.retry(&state(State::Failed)).await.unwrap(), 0);
    assert!(next(store).await.is_none());
    let mut filter = Filter::default();
    filter.sink = Some("crm".to_owned());
    store.retry(&filter).await.unwrap();
    assert_eq!(status(store).await.stopped, None);
    let first = claim(store, 0).await;
    assert_eq!(first.attempts, 1);
    settle(first, Settled::Delivered).await;
    settle(claim(store, 1).await, Settled::Delivered).await;

    fill(store, &["c"]).await;
    settle(claim(store, 0).await, Settled::Stopped { why: why("410") }).await;
    let mut filter = Filter::default();
    filter.id = Some(store.list(&state(State::Waiting), 1).await.unwrap()[0].event.id.clone());
    assert_eq!(store.retry(&filter).await.unwrap(), 1);
    claim(store, 0).await;
}

async fn skips(store: &dyn Store) {
    fill(store, &["a", "a", "a", "a"]).await;
    let kept = store.list(&Filter::default(), 10).await.unwrap();
    let of = |number: usize| {
        let mut filter = Filter::default();
        filter.id = Some(kept[number].event.id.clone());
        filter
    };
    assert_eq!(store.skip(&of(0)).await.unwrap(), 1);
    assert_eq!(store.skip(&of(0)).await.unwrap(), 0);
    let second = claim(store, 1).await;
    store.skip(&of(1)).await.unwrap();
    settle(second, hour("down")).await;
    let third = claim(store, 2).await;
    store.skip(&of(2)).await.unwrap();
    settle(third, Settled::Delivered).await;
    assert_eq!(numbers(store, &state(State::Skipped)).await, [0, 1]);
    assert_eq!(numbers(store, &state(State::Delivered)).await, [2]);
    settle(claim(store, 3).await, Settled::Failed { why: why("no") }).await;
    assert_eq!(store.skip(&Filter::default()).await.unwrap(), 1);
    assert_eq!(status(store).await.failed, 0);
    assert_eq!(store.retry(&Filter::default()).await.unwrap(), 0, "what is skipped is over");
}

async fn keeps_sinks_apart(store: &dyn Store) {
    keep(store, &event("a", 0), &["crm", "log"]).await;
    keep(store, &event("a", 1), &["log", "crm", "log"]).await;
    settle(claim(store, 0).await, Settled::Stopped { why: why("gone") }).await;
    for expected in 0..2 {
        let Next::Claimed(told) = store.claim("log").await.unwrap() else { panic!("it is due") };
        assert_eq!(number(&told.event), expected);
        settle(told, Settled::Delivered).await;
    }
    assert!(matches!(store.claim("log").await.unwrap(), Next::Nothing));
    let names = |kept: &Kept| kept.deliveries.iter().map(|d| d.sink.clone()).collect::<Vec<_>>();
    let kept = store.list(&Filter::default(), 10).await.unwrap();
    assert_eq!(kept.iter().map(names).collect::<Vec<_>>(), [["crm", "log"], ["crm", "log"]]);
}

async fn holds_loops(store: &dyn Store) {
    let sinks = ["crm".to_owned()];
    let mut held = Vec::new();
    for number in 0..5 {
        let came = store.append(&event("a", number), &sinks, 3).await.unwrap();
        held.push(came == Appended::Held);
    }
    assert_eq!(held, [false, false, false, true, true]);
    for ticket in ["b", ""] {
        assert_eq!(store.append(&event(ticket, 5), &sinks, 3).await.unwrap(), Appended::Waiting);
    }
    // A minute later, and before the clock was set back.
    for seconds in [61, -61] {
        let mut other = event("a", 6);
        other.time += jiff::SignedDuration::from_secs(seconds);
        assert_eq!(store.append(&other, &sinks, 3).await.unwrap(), Appended::Waiting);
    }
    for _ in 0..3 {
        store.append(&event("", 7), &sinks, 3).await.unwrap();
    }
    assert_eq!(store.append(&event("", 7), &sinks, 3).await.unwrap(), Appended::Held);
    assert_eq!(store.append(&event("", 7), &sinks, 0).await.unwrap(), Appended::Waiting);
    assert_eq!(status(store).await.held, 3);
    assert_eq!(numbers(store, &state(State::Held)).await, [3, 4, 7]);
    for expected in 0..3 {
        settle(claim(store, expected).await, Settled::Delivered).await;
    }
    let mut told = HashSet::new();
    while let Some(claimed) = next(store).await {
        told.insert(number(&claimed.event));
        settle(claimed, Settled::Delivered).await;
    }
    assert_eq!(told, HashSet::from([5, 6, 7]), "those that are held are not told");
    assert_eq!(store.retry(&state(State::Held)).await.unwrap(), 3);
    settle(claim(store, 3).await, Settled::Delivered).await;
    assert_eq!(status(store).await.held, 0);
}

async fn lists_what_is_meant(store: &dyn Store) {
    let mut ids = Vec::new();
    for number in 0..6 {
        let mut event = event("a", number);
        event.name = ["TicketCreated", "TicketClosed"][number % 2].to_owned();
        keep(store, &event, &[["crm", "log"][number / 3]]).await;
        ids.push(event.id);
    }
    let mut filter = Filter::default();
    assert_eq!(numbers(store, &filter).await, [0, 1, 2, 3, 4, 5]);
    assert_eq!(store.list(&filter, 2).await.unwrap().len(), 2);
    filter.after = Some(ids[2].clone());
    assert_eq!(numbers(store, &filter).await, [3, 4, 5]);
    filter.name = Some("TicketClosed".to_owned());
    assert_eq!(numbers(store, &filter).await, [3, 5]);
    filter.after = None;
    filter.sink = Some("crm".to_owned());
    assert_eq!(numbers(store, &filter).await, [1]);
    filter.id = Some(ids[1].clone());
    filter.state = Some(State::Waiting);
    assert_eq!(numbers(store, &filter).await, [1]);
    for (sink, id) in [(Some("nobody"), None), (None, Some("evt_0"))] {
        let mut filter = Filter::default();
        (filter.sink, filter.id) = (sink.map(str::to_owned), id.map(str::to_owned));
        assert!(numbers(store, &filter).await.is_empty());
        assert_eq!(store.skip(&filter).await.unwrap(), 0);
    }
    let kept = &store.list(&filter, 1).await.unwrap()[0];
    assert_eq!((&kept.event.id, kept.event.lane.as_deref()), (&ids[1], Some("ticketNumber=a")));
    let crm = status(store).await;
    assert_eq!((crm.waiting, crm.oldest.map(|t| t <= Timestamp::now())), (3, Some(true)));
    assert_eq!(store.skip(&Filter::default()).await.unwrap(), 6);
    assert_eq!(status(store).await.oldest, None);
}

async fn removes_what_waits_for_nobody(store: &dyn Store) {
    for number in 0..5 {
        keep(store, &event("", number), &["crm", "log"]).await;
    }
    let mut filter = Filter::default();
    filter.sink = Some("log".to_owned());
    store.skip(&filter).await.unwrap();
    settle(claim(store, 0).await, Settled::Delivered).await;
    settle(claim(store, 1).await, Settled::Failed { why: why("no") }).await;
    settle(claim(store, 2).await, Settled::InDoubt { why: why("cut off") }).await;
    settle(claim(store, 3).await, Settled::Delivered).await;
    assert_eq!(store.purge(Timestamp::now() - Duration::from_secs(60)).await.unwrap(), 0);
    let soon = Timestamp::now() + Duration::from_secs(1);
    let mut removed = store.purge(soon).await.unwrap();
    removed += store.purge(soon).await.unwrap();
    assert_eq!((removed, numbers(store, &Filter::default()).await), (2, vec![1, 2, 4]));
    // Those that were removed can still be paged from.
    let all = store.list(&Filter::default(), 10).await.unwrap();
    filter.sink = None;
    filter.after = Some(all[0].event.id.clone());
    assert_eq!(numbers(store, &filter).await, [2, 4]);
    settle(claim(store, 4).await, Settled::Delivered).await;
}

async fn takes_anything(store: &dyn Store) {
    let mut odd = event(&"long\u{1f600}".repeat(20_000), 0);
    odd.name = "'; drop table events; --".to_owned();
    odd.variables.extend([("", ""), ("a", "\u{1}\r\n\t\"\\"), ("a", "=")]);
    keep(store, &odd, &["crm", "it's"]).await;
    let sinks = ["crm".to_owned()];
    store.append(&odd, &sinks, 0).await.expect_err("it is there");
    let claimed = claim(store, 0).await;
    assert_eq!(claimed.event, odd);
    settle(claimed, hour(&"é".repeat(100_000))).await;
    let kept = store.list(&Filter::default(), 1).await.unwrap();
    assert!(kept[0].deliveries[0].why.as_ref().unwrap().chars().count() <= 2000);
    keep(store, &event("", 1), &[]).await;
    assert_eq!(numbers(store, &Filter::default()).await, [0]);
}

/// Events of eight tickets, kept and claimed by many at once.
async fn serves_many_at_once(store: Arc<dyn Store>) {
    const EVENTS: usize = 400;
    let mut keepers = tokio::task::JoinSet::new();
    for ticket in 0..8 {
        let store = Arc::clone(&store);
        keepers.spawn(async move {
            for number in 0..EVENTS / 8 {
                keep(&*store, &event(&format!("t{ticket}"), number), &["crm"]).await;
            }
        });
    }
    let told: Arc<Mutex<BTreeMap<Option<String>, Vec<usize>>>> = Arc::default();
    let mut tellers = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (store, told) = (Arc::clone(&store), Arc::clone(&told));
        tellers.spawn(async move {
            while told.lock().unwrap().values().map(Vec::len).sum::<usize>() < EVENTS {
                let Some(claimed) = next(&*store).await else {
                    tokio::task::yield_now().await;
                    continue;
                };
                let Event { lane, .. } = &claimed.event;
                let number = number(&claimed.event);
                told.lock().unwrap().entry(lane.clone()).or_default().push(number);
                settle(claimed, Settled::Delivered).await;
            }
        });
    }
    keepers.join_all().await;
    tellers.join_all().await;
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 8);
    for (lane, numbers) in &*told {
        assert!(numbers.iter().copied().eq(0..EVENTS / 8), "{lane:?}: {numbers:?}");
    }
}
