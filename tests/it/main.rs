//! What crosses services, in one binary: `cargo xtask test -- -p redress-tests <module>::`.

#[cfg(test)]
mod databases;
#[cfg(test)]
mod figures;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod olist;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod scripts;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod tracing;
