//! Connections on several runtimes: each stays on one, and all of them end in order.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use external_providers::Host;
use external_providers::contract::{Answer, Authenticate, Authentication};
use external_providers::host::Service;
use tokio::runtime::Builder;
use tokio::sync::{oneshot, watch};

use crate::codec::raw::{Peer, call};

/// A provider whose message is the name of its thread; the user `slow` is answered once that is released.
fn service(begun: Sender<()>, released: watch::Receiver<bool>) -> Service {
    Service::new("/Provider.asmx", "s3cret").operation(move |request: Authenticate| {
        let (begun, mut released) = (begun.clone(), released.clone());
        async move {
            if request.login_username == "slow" {
                begun.send(()).unwrap();
                released.wait_for(|released| *released).await.unwrap();
            }
            let name = thread::current().name().unwrap_or_default().to_owned();
            Ok(Answer::new(Authentication::Refused, name))
        }
    })
}

fn request(user: &str) -> String {
    let user = format!("loginUsername={user}");
    call("Authenticate", &["authPW=s3cret", &user, "loginPassword=x"])
}

#[test]
fn a_connection_stays_on_its_runtime_and_is_finished_there() {
    let (handles, ends): (Vec<_>, Vec<_>) = ["thread-one", "thread-two"]
        .map(|name| {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            let (handle, (stop, stopped)) = (runtime.handle().clone(), oneshot::channel::<()>());
            let run = move || drop(runtime.block_on(stopped));
            (handle, (stop, thread::Builder::new().name(name.to_owned()).spawn(run).unwrap()))
        })
        .into_iter()
        .unzip();
    let (stop, stopped) = oneshot::channel::<()>();
    let ((tell, told), (begun, begins)) = (channel(), channel());
    let (release, released) = watch::channel(false);
    let serving = thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let host = Host::builder().service(service(begun, released)).build().unwrap();
            let server = host.bind("127.0.0.1:0").await.unwrap().with_runtimes(handles);
            tell.send(server.local_addr()).unwrap();
            server.serve(async { drop(stopped.await) }).await;
        });
    });
    let address = told.recv().unwrap();
    let mut peers = [(); 4].map(|()| Peer::new(TcpStream::connect(address).unwrap()));
    let mut seen = BTreeMap::new();
    for peer in &mut peers {
        let mut name = None;
        for _ in 0..3 {
            peer.send(request("jane"));
            let text = peer.text();
            let at = text.find("thread-").unwrap_or_else(|| panic!("{text}"));
            let is = text[at..at + "thread-one".len()].to_owned();
            assert_eq!(*name.get_or_insert_with(|| is.clone()), is, "it moved");
        }
        *seen.entry(name.unwrap()).or_insert(0) += 1;
    }
    assert_eq!(seen, [("thread-one".to_owned(), 2), ("thread-two".to_owned(), 2)].into());

    // What was begun is answered on both, and then the server is at its end.
    peers.iter_mut().for_each(|peer| peer.send(request("slow")));
    peers.iter().for_each(|_| begins.recv().unwrap());
    drop(stop);
    while TcpStream::connect(address).is_ok() {}
    release.send_replace(true);
    for peer in &mut peers {
        let text = peer.text();
        assert!(text.contains("thread-") && text.contains("Connection: close"), "{text}");
        assert_eq!(peer.rest(), b"");
    }
    serving.join().unwrap();
    for (stop, thread) in ends {
        drop(stop);
        thread.join().unwrap();
    }
}

#[test]
fn an_answer_that_is_ready_before_its_connection_hears_of_the_end_is_the_last() {
    let (stop, stopped) = oneshot::channel::<()>();
    let ((tell, told), (begun, begins), (release, released)) = (channel(), channel(), channel());
    let released = Mutex::new(released);
    let serving = thread::spawn(move || {
        let elsewhere = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        // Its thread stands still meanwhile, so that the connection is not polled again before it answers.
        let service = Service::new("/Provider.asmx", "s3cret").operation(move |_: Authenticate| {
            begun.send(()).unwrap();
            released.lock().unwrap().recv().unwrap();
            async { Ok(Answer::new(Authentication::Refused, "")) }
        });
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let host = Host::builder().service(service).build().unwrap();
            let server = host.bind("127.0.0.1:0").await.unwrap();
            tell.send(server.local_addr()).unwrap();
            let server = server.with_runtimes(vec![elsewhere.handle().clone()]);
            server.serve(async { drop(stopped.await) }).await;
        });
    });
    let address = told.recv().unwrap();
    let mut peer = Peer::new(TcpStream::connect(address).unwrap());
    peer.send(request("jane"));
    begins.recv().unwrap();
    drop(stop);
    while TcpStream::connect(address).is_ok() {}
    release.send(()).unwrap();
    let text = peer.text();
    assert!(text.contains("Connection: close"), "{text}");
    assert_eq!(peer.rest(), b"");
    serving.join().unwrap();
}
