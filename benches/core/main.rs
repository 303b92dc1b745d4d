//! Benchmarks of what the worker computes for itself, without a socket: `cargo bench --bench core`.
//! The sizes are those of a full batch, a busy hour and a large target, so that what grows too fast shows here first.

mod envelope;
mod merging;
mod post;
mod sample;
mod wave;

fn main() {
    divan::main();
}
