//! Crashes of real processes. A binary of its own: cargo runs test binaries one after the other, and processes on a
//! hurried clock need the machine for themselves.

#[cfg(test)]
mod kill;
#[cfg(test)]
mod processes;
