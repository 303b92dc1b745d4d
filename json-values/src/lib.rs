//! JSON values of a file, one by one, in whatever form people have them: of any Unicode form, packed with gzip or not, in a list, in what wraps
//! a list, or one after the other. A file is read in a stream: what is held at a time does not grow with it.

mod bytes;
mod raw;
mod unicode;
mod values;

pub use values::{Values, Wrapping};

#[cfg(test)]
mod tests;
