//! How the work flows where there is very much of it, over real sockets against the local Azure: `cargo bench --bench flow`, or some of
//! it with their names behind `--`. Each row says what was needed at least beside what it took. The local Azure computes on the same
//! processors, so times are an upper bound.

mod calls;
mod cost;
mod counted;
mod crowd;
mod customers;
mod fleet;
mod group;
mod history;
mod many;
mod pages;
#[path = "../peers/peer.rs"]
mod peer;
#[allow(dead_code, reason = "not all of it is needed here")]
mod processors;
mod putting;
#[path = "../../tests/it/stage/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the stage of the tests; not all of it is needed here"
)]
mod stage;
mod thousand;
mod waves;

/// A measurement by its name: its sizes when it is one, and when only its running is tried.
macro_rules! measure {
    ($wanted:expr, $name:literal, $run:expr) => {
        if $wanted($name) {
            println!("{:<10} {}", $name, $run.await);
        }
    };
}

#[tokio::main]
async fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    // `cargo bench` says so; `cargo test --benches` does not, and only wants to see it work.
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    let names: Vec<_> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| *wanted == name);
    let size = |full: usize, tried: usize| if is_bench { full } else { tried };
    measure!(wanted, "one", many::measure(1, size(40, 4), 250, 1));
    measure!(wanted, "many", many::measure(size(134, 3), 3, 150, 1));
    measure!(wanted, "many4", many::measure(size(134, 3), 3, 150, 4));
    measure!(wanted, "many1s", many::measure(size(134, 3), 3, 1_000, 1));
    measure!(wanted, "crowd", crowd::measure(size(600, 3)));
    measure!(wanted, "crowd1000", crowd::measure(size(1_000, 3)));
    measure!(wanted, "customers", customers::measure(size(200, 3)));
    measure!(wanted, "fleet", fleet::measure(size(1_000, 3), size(8, 2)));
    measure!(wanted, "group", group::measure(size(50, 2), size(30, 3), size(20_000, 30)));
    measure!(wanted, "thousand", thousand::measure(size(1_000, 10)));
    measure!(wanted, "history", history::measure(size(2_000, 3)));
    measure!(wanted, "history20", history::measure(size(20_000, 3)));
    measure!(wanted, "calls", calls::measure(size(1_500, 3), is_bench));
    measure!(wanted, "calls15", calls::measure(size(15_000, 3), is_bench));
    measure!(wanted, "cost", cost::measure(size(100, 2), size(100, 5)));
    measure!(wanted, "putting", putting::measure(size(10, 2), size(50, 5)));
    measure!(wanted, "waves", waves::measure(size(5_000, 150)));
    measure!(wanted, "pages", pages::measure(size(60_000, 20)));
}
